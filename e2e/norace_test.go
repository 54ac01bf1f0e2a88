//go:build !race

package e2e

// raceEnabled makes the daemon be built as the tests are.
const raceEnabled = false

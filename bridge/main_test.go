package bridge_test

import (
	"flag"
	"os"
	"testing"
)

// shortChecks is how many cases each property is tried on. Each case is a life of
// a store, so that rapid's own hundred would take minutes with the race detector;
// BRIDGED_LONG=1 asks for them, and -rapid.checks for any other number. On PostgreSQL
// each life begins with a database of its own, which takes longer than the life.
const (
	shortChecks         = "25"
	shortChecksPostgres = "10"
)

func TestMain(m *testing.M) {
	checks := shortChecks
	if os.Getenv("TEST_STORE") == "postgres" {
		checks = shortChecksPostgres
	}
	if os.Getenv("BRIDGED_LONG") == "" {
		if err := flag.Set("rapid.checks", checks); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

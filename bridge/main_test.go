package bridge_test

import (
	"flag"
	"os"
	"testing"
)

// shortChecks is how many cases each property is tried on. Each case is a life of
// a store, so that rapid's own hundred would take minutes with the race detector;
// BRIDGED_LONG=1 asks for them, and -rapid.checks for any other number.
const shortChecks = "25"

func TestMain(m *testing.M) {
	if os.Getenv("BRIDGED_LONG") == "" {
		if err := flag.Set("rapid.checks", shortChecks); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

//go:build torture

package main

import (
	"os"
	"strings"
	"sync"
	"time"
)

// shiftFile is the environment variable that names a file with a duration: how far the
// clock is from the true time.
const shiftFile = "TORTURE_CLOCK"

// clock is that of the builds that the fault suite tests: it jumps when somebody
// writes another duration into the file. Nothing else in them differs. A static
// binary asks the kernel for the time without a library, so nothing outside of it can
// have its clock jump alone.
func clock() func() time.Time {
	c := &shifted{file: os.Getenv(shiftFile)}
	if c.file == "" {
		return time.Now
	}
	return c.now
}

type shifted struct {
	file string

	mu      sync.Mutex
	checked time.Time
	shift   time.Duration
}

// lookEvery is how long it takes at most until a jump is noticed.
const lookEvery = 20 * time.Millisecond

// now has no monotonic reading, which would hide the jumps.
func (c *shifted) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := time.Now()
	if t.Sub(c.checked) >= lookEvery {
		c.checked = t
		if text, err := os.ReadFile(c.file); err == nil {
			if d, err := time.ParseDuration(strings.TrimSpace(string(text))); err == nil {
				c.shift = d
			}
		}
	}
	return t.Add(c.shift).Round(0)
}

//go:build !torture

package main

import "time"

// clock is what the daemon lives by.
func clock() func() time.Time { return time.Now }

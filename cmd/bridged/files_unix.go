//go:build unix

package main

import "golang.org/x/sys/unix"

// openFiles is how many files and connections the process may have open; false where
// the system does not say. Go's runtime has raised it to what is allowed.
func openFiles() (int, bool) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || limit.Cur > 1<<30 {
		return 0, false
	}
	return int(limit.Cur), true
}

//go:build unix

package main

import "golang.org/x/sys/unix"

// diskSpace returns how many bytes the file system that holds dir has, and how
// many of them are free.
func diskSpace(dir string) (free, size uint64, ok bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, 0, false
	}
	block := uint64(s.Bsize)
	return uint64(s.Bavail) * block, s.Blocks * block, true //nolint:unconvert // Bavail is signed on FreeBSD
}

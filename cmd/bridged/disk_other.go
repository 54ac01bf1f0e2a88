//go:build !unix

package main

// diskSpace is not known on this system: the store itself says when it is full.
func diskSpace(string) (free, size uint64, ok bool) { return 0, 0, false }

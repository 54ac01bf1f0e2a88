//go:build unix

package backup

import (
	"os"
	"syscall"
)

// ownerOf is the user and the group that a path belongs to, where the system knows such.
func ownerOf(path string) (uid, gid int, known bool, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, 0, false, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false, nil
	}
	return int(stat.Uid), int(stat.Gid), true, nil
}

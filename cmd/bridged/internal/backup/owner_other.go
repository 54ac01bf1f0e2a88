//go:build !unix

package backup

// ownerOf is the user and the group that a path belongs to, where the system knows such.
func ownerOf(string) (uid, gid int, known bool, err error) { return 0, 0, false, nil }

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// disk is where the daemon keeps everything: a small file system of its own where the
// run may mount one, else a folder.
type disk struct {
	path    string
	mounted bool
	filler  string
}

// newDisk makes one with room for so many crashes.
func newDisk(path string, crashes int) (*disk, error) {
	d := &disk{path: path, filler: filepath.Join(path, "filler")}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	d.mounted = d.mount("-t", "tmpfs", "-o", fmt.Sprintf("size=%dm,mode=0700", 256+2*crashes), "tmpfs") == nil
	return d, nil
}

func (d *disk) mount(args ...string) error {
	return exec.Command("mount", append(args, d.path)...).Run()
}

// means says how the disk fills up.
func (d *disk) means() string {
	if d.mounted {
		return "a tmpfs of its own, filled to the last block"
	}
	return "a limit on the size of files (RLIMIT_FSIZE), as nothing may be mounted"
}

// fill takes all the room that there is, from a process: it cannot write any more.
func (d *disk) fill(p *process) error {
	if !d.mounted {
		return unix.Prlimit(p.PID(), unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 1, Max: unix.RLIM_INFINITY}, nil)
	}
	file, err := os.Create(d.filler)
	if err != nil {
		return err
	}
	defer file.Close()
	for room := int64(1) << 40; room >= 4096; { // as much as is there still, and then the rest
		var free unix.Statfs_t
		if err := unix.Fstatfs(int(file.Fd()), &free); err != nil {
			return err
		}
		room = int64(free.Bavail) * free.Bsize
		at, err := file.Seek(0, 2)
		if err != nil {
			return err
		}
		if err := unix.Fallocate(int(file.Fd()), 0, at, max(room, 4096)); errors.Is(err, unix.ENOSPC) {
			break
		} else if err != nil {
			return err
		}
	}
	return nil
}

// empty gives the room back.
func (d *disk) empty(p *process) error {
	if !d.mounted {
		return unix.Prlimit(p.PID(), unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}, nil)
	}
	return os.Remove(d.filler)
}

// readOnly makes the whole file system read-only, which no process may be writing to.
func (d *disk) readOnly(yes bool) error {
	how := "remount,rw"
	if yes {
		how = "remount,ro"
	}
	return d.mount("-o", how)
}

// close takes the file system away. A copy of its files is left in its place where
// somebody will want to look at them.
func (d *disk) close(keep bool) (err error) {
	if !d.mounted {
		return nil
	}
	if keep {
		copied := d.path + "-kept"
		err = os.CopyFS(copied, os.DirFS(d.path))
		d.path = copied
	}
	d.mounted = false
	return errors.Join(err, exec.Command("umount", filepath.Dir(d.filler)).Run())
}

package media

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/gabriel-vasile/mimetype"

	"bridged/conversations"
)

const (
	// shardDigits is how many digits of an ID name the folder that its file is in.
	// An ID begins with its time, so a folder holds the files of four and a half
	// hours: few enough for any file system.
	shardDigits = 6
	// shardTime is how long one folder gets new files.
	shardTime = time.Duration(1<<((12-shardDigits)*4)) * time.Millisecond
	// partial ends the name of a file that is still being written.
	partial = ".part"
	// ownerFile names the installation that the directory belongs to.
	ownerFile = "installation"
	// headBytes is how much of a file is looked at to tell its type.
	headBytes = 3072
)

// Config is what a Directory needs.
type Config struct {
	// Path is the directory, which is made where it does not exist.
	Path string
	// Owner identifies the installation. A directory that belongs to another one
	// is used, but nothing in it is taken for a stray.
	Owner string
	// MaxBytes bounds one file; optional, conversations.MaxMediaBytes.
	MaxBytes int64
	// Tight says whether the disk is nearly full; optional.
	Tight func() bool
	// Now is the time; optional, time.Now.
	Now func() time.Time
}

// Directory keeps files. It is safe for concurrent use, also by several
// processes.
type Directory struct {
	cfg     Config
	root    *os.Root
	foreign bool
	made    sync.Map // folders that are known to be on disk
}

// OpenDirectory opens the directory. The caller closes it.
func OpenDirectory(cfg Config) (*Directory, error) {
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = conversations.MaxMediaBytes
	}
	if cfg.Tight == nil {
		cfg.Tight = func() bool { return false }
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if err := os.MkdirAll(cfg.Path, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(cfg.Path)
	if err != nil {
		return nil, err
	}
	d := &Directory{cfg: cfg, root: root}
	if err := d.claim(); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return d, nil
}

// claim notes whose directory this is, or learns that it is somebody else's.
func (d *Directory) claim() error {
	file, err := d.root.OpenFile(ownerFile, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = file.WriteString(d.cfg.Owner + "\n")
		return errors.Join(err, file.Sync(), file.Close(), d.sync("."))
	}
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	owner, err := d.root.ReadFile(ownerFile)
	d.foreign = strings.TrimSpace(string(owner)) != d.cfg.Owner
	return err
}

// Foreign says whether the directory belongs to another installation.
func (d *Directory) Foreign() bool { return d.foreign }

// Close lets the directory go.
func (d *Directory) Close() error { return d.root.Close() }

// Kept is a file that was written.
type Kept struct {
	ID          conversations.MediaID
	ContentType string
	Size        int64
	SHA256      string // in hexadecimal digits
}

// Keep writes a file, under an ID that it makes, and returns when it is on disk.
// Stated is the type that the sender states; see ContentType. No more of the file
// is in memory at any time than a small buffer.
//
// A file that is too large is refused with conversations.FileTooLarge, an empty
// one with InvalidParameter. An error of r is returned as it is; one of the disk
// wraps conversations.ErrUnavailable. In all of these nothing is left.
func (d *Directory) Keep(r io.Reader, stated string) (Kept, error) {
	return d.keep(r, stated, "", d.cfg.MaxBytes)
}

// KeepAs is Keep for a file that has an ID, and may have so many bytes. A stated
// type that cannot be read counts as none. One that is there under the ID, as a
// crash may have left it, is replaced.
func (d *Directory) KeepAs(id conversations.MediaID, r io.Reader, stated string, most int64) (Kept, error) {
	if _, _, ok := readType(stated); !ok {
		stated = ""
	}
	return d.keep(r, stated, id, min(most, d.cfg.MaxBytes))
}

// keep writes a file under an ID of its own, and then brings it to the place of the
// one that it is to have, if that is another: so that whoever writes for the same
// place meanwhile is not in the way.
func (d *Directory) keep(r io.Reader, stated string, as conversations.MediaID, most int64) (Kept, error) {
	if d.cfg.Tight() {
		return Kept{}, fmt.Errorf("%w: the disk is nearly full", conversations.ErrUnavailable)
	}
	from := &source{r: r}
	head, err := readHead(from)
	if err != nil {
		return Kept{}, err
	}
	kept := Kept{ID: conversations.NewID[conversations.MediaID](d.cfg.Now())}
	if kept.ContentType, err = ContentType(stated, mimetype.Detect(head)); err != nil {
		return Kept{}, err
	}
	file, err := d.create(kept.ID)
	if err != nil {
		return Kept{}, unavailable(err)
	}
	place := kept.ID
	if as != "" {
		place = as
	}
	hash := sha256.New()
	kept.Size, err = copyUpTo(most, io.MultiWriter(file, hash), head, from)
	if err == nil {
		err = unavailable(d.settle(file, kept.ID, place))
	} else {
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		return Kept{}, errors.Join(err, d.Remove(kept.ID))
	}
	kept.ID, kept.SHA256 = place, hex.EncodeToString(hash.Sum(nil))
	return kept, nil
}

// readHead reads the beginning of a file.
func readHead(from *source) ([]byte, error) {
	head := make([]byte, headBytes)
	n, err := io.ReadFull(from, head)
	switch {
	case from.err != nil:
		return nil, from.err // it broke off, however much had come
	case errors.Is(err, io.EOF):
		return nil, conversations.Refuse(conversations.InvalidParameter, "the file is empty: send its bytes as the body")
	}
	return head[:n], nil
}

// copyUpTo copies head and what follows it, as long as that is allowed.
func copyUpTo(most int64, to io.Writer, head []byte, from *source) (int64, error) {
	if _, err := to.Write(head); err != nil {
		return 0, unavailable(err)
	}
	n, err := io.Copy(to, io.LimitReader(from, most+1-int64(len(head))))
	size := int64(len(head)) + n
	switch {
	case size > most:
		return 0, conversations.Refuse(conversations.FileTooLarge, "a file may have at most %d bytes", most)
	case from.err != nil:
		return 0, from.err
	}
	return size, unavailable(err)
}

// source remembers the error of a reader, to tell it from its end and from
// errors of the disk.
type source struct {
	r   io.Reader
	err error
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// unavailable marks an error of the disk, which is not the sender's fault.
func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", conversations.ErrUnavailable, err)
}

// create opens a new file for writing.
func (d *Directory) create(id conversations.MediaID) (*os.File, error) {
	if err := d.makeFolder(shard(id)); err != nil {
		return nil, err
	}
	return d.root.OpenFile(place(id)+partial, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
}

// makeFolder makes a folder, which is on disk when it returns.
func (d *Directory) makeFolder(name string) error {
	if _, ok := d.made.Load(name); ok {
		return nil
	}
	if err := d.root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := d.sync("."); err != nil {
		return err
	}
	d.made.Store(name, true)
	return nil
}

// settle brings the file that was written under an ID to its place, which may be
// that of another, and all of it to the disk.
func (d *Directory) settle(file *os.File, id, to conversations.MediaID) error {
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return err
	}
	err := d.root.Rename(place(id)+partial, place(to))
	if errors.Is(err, fs.ErrNotExist) {
		// There is no such folder yet, or an old one was removed with its last file.
		d.made.Delete(shard(to))
		if err := d.makeFolder(shard(to)); err != nil {
			return err
		}
		err = d.root.Rename(place(id)+partial, place(to))
	}
	if err != nil {
		return err
	}
	return d.sync(shard(to))
}

// sync brings the entries of a folder to the disk.
func (d *Directory) sync(name string) error {
	folder, err := d.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// Open opens a file for reading; conversations.NotFound where there is none. The
// caller closes it. What was opened can be read to its end, even when the file
// is removed meanwhile.
func (d *Directory) Open(id conversations.MediaID) (io.ReadSeekCloser, error) {
	file, err := d.root.Open(place(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, conversations.Refuse(conversations.NotFound, "the file is gone")
	}
	if err != nil {
		return nil, err
	}
	return file, nil
}

// Remove removes a file, also one that was not written to its end. One that is
// not there is removed already.
func (d *Directory) Remove(id conversations.MediaID) error {
	for _, name := range []string{place(id), place(id) + partial} {
		if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if folder := shard(id); folder < shard(timeID(d.cfg.Now().Add(-shardTime))) {
		_ = d.root.Remove(folder) // which fails unless it was the last file of an old folder
		d.made.Delete(folder)
	}
	return nil
}

// shard is the folder that the file of an ID is in.
func shard(id conversations.MediaID) string { return string(id)[:min(len(id), shardDigits)] }

// place is the path of a file below the directory.
func place(id conversations.MediaID) string { return shard(id) + "/" + string(id) }

// timeID is how the IDs of a time begin.
func timeID(t time.Time) conversations.MediaID {
	return conversations.MediaID(fmt.Sprintf("%012x", max(0, t.UnixMilli())))
}

package archive

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
)

const (
	block = 512
	// trailer is what a tar file ends with: two blocks of zeros.
	trailer = 2 * block
)

// Reader reads an archive, and believes nothing of it. What it has given is known to
// be right when Next has returned io.EOF.
type Reader struct {
	from     *counter
	tar      *tar.Reader
	size     int64 // of the archive
	member   int64 // the size of the one that is being read
	manifest Manifest
	sum      string // of the database
	files    int64
	bytes    int64
	last     string // the ID of the last file
	end      end
}

// counter counts and sums up what is read.
type counter struct {
	r   io.Reader
	n   int64
	all hash.Hash
}

// Read implements io.Reader.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.all.Write(p[:n])
	return n, err
}

// Open reads the manifest of an archive, which has so many bytes.
func Open(from io.Reader, size int64) (*Reader, error) {
	r := &Reader{from: &counter{r: from, all: sha256.New()}, size: size}
	r.tar = tar.NewReader(r.from)
	h, err := r.header()
	if err != nil {
		return nil, err
	}
	if h.Name != manifestName {
		return nil, damaged("it does not begin with %s", manifestName)
	}
	text, err := r.text(h.Size)
	if err != nil {
		return nil, err
	}
	if err := decode(text, manifestName, &r.manifest); err != nil {
		return nil, err
	}
	switch m := r.manifest; {
	case m.Format != Format:
		return nil, damaged("it is of format %d, and this program reads %d", m.Format, Format)
	case m.DatabaseBytes <= 0 || m.Schema <= 0:
		return nil, damaged("it tells of no database")
	}
	return r, nil
}

// header reads the header of the next member.
func (r *Reader) header() (*tar.Header, error) {
	padding := -r.from.n & (block - 1)
	before := r.from.n + padding
	h, err := r.tar.Next()
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, damaged("it is cut off after %d bytes", r.from.n)
	case errors.Is(err, tar.ErrHeader):
		return nil, damaged("there is no tar header where one should be, after %d bytes", before)
	case err != nil:
		return nil, r.failed(err)
	case h.Typeflag != tar.TypeReg || h.Format != tar.FormatGNU || h.Linkname != "" || r.from.n != before+block:
		return nil, damaged("it has a member that bridged does not write, after %d bytes", before)
	case h.Size < 0 || h.Size > r.size-r.from.n:
		return nil, damaged("it is cut off: %d bytes are to follow, and there are %d", h.Size, max(0, r.size-r.from.n))
	}
	r.member = h.Size
	return h, nil
}

// failed tells errors of reading from those of what was read.
func (r *Reader) failed(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("it is cut off after %d bytes", r.from.n)
	}
	return err
}

// text reads a member whole.
func (r *Reader) text(size int64) ([]byte, error) {
	if size > maxText {
		return nil, damaged("its manifest has %d bytes", size)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r.tar, text); err != nil {
		return nil, r.failed(err)
	}
	return text, nil
}

// Manifest says what the backup is of.
func (r *Reader) Manifest() Manifest { return r.manifest }

// Database writes the database to a file, before the first Next.
func (r *Reader) Database(to io.Writer) error {
	h, err := r.header()
	if err != nil {
		return err
	}
	if h.Name != databaseName || h.Size != r.manifest.DatabaseBytes {
		return damaged("the database is not in its place, or has another size than the manifest says")
	}
	hash := sha256.New()
	if err := r.copy(io.MultiWriter(to, hash)); err != nil {
		return err
	}
	r.sum = hex.EncodeToString(hash.Sum(nil))
	return nil
}

// copy copies the rest of the member.
func (r *Reader) copy(to io.Writer) error {
	n, err := io.Copy(to, r.tar)
	if err == nil && n != r.member {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return r.failed(err)
	}
	return nil
}

// Next goes to the next file, which is to be read whole by File; io.EOF when there are
// no more, and the archive is whole.
func (r *Reader) Next() (File, error) {
	h, err := r.header()
	if err != nil {
		return File{}, err
	}
	if h.Name == endName {
		return File{}, r.finish(h.Size)
	}
	id, ok := idOf(h.Name)
	if !ok || id <= r.last {
		return File{}, damaged("it has a member that does not belong there: %q", h.Name)
	}
	r.last = id
	r.files++
	r.bytes += h.Size
	return File{ID: id, Size: h.Size}, nil
}

// File writes the file that Next has found, and returns SHA-256 of it.
func (r *Reader) File(to io.Writer) (sum string, err error) {
	hash := sha256.New()
	if err := r.copy(io.MultiWriter(to, hash)); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// finish reads the end, and compares.
func (r *Reader) finish(size int64) error {
	before := r.from.all.Sum(nil)
	text, err := r.text(size)
	if err != nil {
		return err
	}
	if err := decode(text, endName, &r.end); err != nil {
		return err
	}
	seal, err := r.end.seal(before)
	if err != nil {
		return err
	}
	switch {
	case r.end.SHA256 != seal:
		return damaged("its bytes are not those that were written: SHA-256 differs")
	case r.end.DatabaseSHA256 != r.sum:
		return damaged("its database is not the one that was written: SHA-256 differs")
	case r.end.Files != r.files || r.end.FileBytes != r.bytes:
		return damaged("it has %d files, and %d were written", r.files, r.end.Files)
	}
	padding := -r.from.n & (block - 1)
	n, zeros, err := isZero(r.from)
	switch {
	case err != nil:
		return err
	case !zeros || n != padding+trailer:
		return damaged("it does not end where it should")
	}
	return io.EOF
}

// Files are how many there were, and their sizes together.
func (r *Reader) Files() (n, size int64) { return r.files, r.bytes }

// Absent are the IDs of files that the database tells of and that are not in the
// archive, and Altered of those that are not as the database tells, ascending. Both
// are known when Next has returned io.EOF.
func (r *Reader) Absent() []string { return r.end.Absent }

// Altered is described with Absent.
func (r *Reader) Altered() []string { return r.end.Altered }

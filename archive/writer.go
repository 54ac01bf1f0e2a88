package archive

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
)

// Writer writes an archive. What is written is not whole before Close has returned
// without an error.
type Writer struct {
	tar      *tar.Writer
	manifest Manifest
	all      hash.Hash // of every byte that is written
	end      end
	last     string // the ID of the last file
}

// Create begins an archive.
func Create(to io.Writer, m Manifest) (*Writer, error) {
	m.Format, m.Made = Format, m.Made.UTC()
	w := &Writer{manifest: m, all: sha256.New(), end: end{Absent: []string{}, Altered: []string{}}}
	w.tar = tar.NewWriter(io.MultiWriter(to, w.all))
	text, err := encode(m)
	if err != nil {
		return nil, err
	}
	if err := w.header(manifestName, int64(len(text))); err != nil {
		return nil, err
	}
	_, err = w.tar.Write(text)
	return w, err
}

// header begins a member.
func (w *Writer) header(name string, size int64) error {
	return w.tar.WriteHeader(&tar.Header{
		Format: tar.FormatGNU, Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: w.manifest.Made,
	})
}

// copy writes exactly the bytes of a member.
func (w *Writer) copy(name string, size int64, from io.Reader) (sum string, err error) {
	if err := w.header(name, size); err != nil {
		return "", err
	}
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(w.tar, hash), io.LimitReader(from, size))
	if err == nil && n < size {
		err = fmt.Errorf("%s became shorter while it was read: %d bytes of %d", name, n, size)
	}
	return hex.EncodeToString(hash.Sum(nil)), err
}

// Database writes the database, which has as many bytes as the manifest says. It
// comes before the files.
func (w *Writer) Database(from io.Reader) (err error) {
	w.end.DatabaseSHA256, err = w.copy(databaseName, w.manifest.DatabaseBytes, from)
	return err
}

// File writes a media file, of which the database tells SHA-256. Files come
// ascending by their IDs.
func (w *Writer) File(f File, sum string, from io.Reader) error {
	if !ValidID(f.ID) || f.ID <= w.last {
		return fmt.Errorf("%q is no ID of a file, or not in its place", f.ID)
	}
	w.last = f.ID
	got, err := w.copy(place(f.ID), f.Size, from)
	if err != nil {
		return err
	}
	if got != sum {
		w.end.Altered = append(w.end.Altered, f.ID)
	}
	w.end.Files++
	w.end.FileBytes += f.Size
	return w.bound()
}

// Absent notes that a file is not to be found that the database tells of.
func (w *Writer) Absent(id string) error {
	w.end.Absent = append(w.end.Absent, id)
	return w.bound()
}

func (w *Writer) bound() error {
	if len(w.end.Absent)+len(w.end.Altered) > MaxAbsent {
		return fmt.Errorf("more than %d files of messages are missing or altered: look at media.dir", MaxAbsent)
	}
	return nil
}

// Missing are the IDs of the files that the archive lacks, or has in another form than
// the database tells of.
func (w *Writer) Missing() []string { return slices.Concat(w.end.Absent, w.end.Altered) }

// Close ends the archive.
func (w *Writer) Close() error {
	w.end.SHA256 = hex.EncodeToString(make([]byte, sha256.Size)) // for its length
	text, err := encode(w.end)
	if err != nil {
		return err
	}
	if err := w.header(endName, int64(len(text))); err != nil {
		return err
	}
	if w.end.SHA256, err = w.end.seal(w.all.Sum(nil)); err != nil {
		return err
	}
	if text, err = encode(w.end); err != nil {
		return err
	}
	_, err = w.tar.Write(text)
	return errors.Join(err, w.tar.Close())
}

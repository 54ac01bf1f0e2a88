// Package archive is the format of a backup: one tar file that tells by itself
// whether it is whole.
//
// Its members are, in this order and without any others:
//
//	manifest.json      what the backup is of, and how much there is in it
//	bridged.db         the SQLite database, as one file
//	media/019a2b/ID    the files that the database tells of, ascending by their IDs
//	end.json           what was missing, and SHA-256 of everything
//
// Each has exactly one GNU header of 512 bytes, and is a regular file. What differs
// from that in anything is refused: names are never paths to write to, and no number
// in a header is believed beyond what the file that holds it has.
package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Format is the version of the format that this program writes, and the only one
// that it reads.
const Format = 1

// The names of the members, and what the names of media files begin with.
const (
	manifestName = "manifest.json"
	databaseName = "bridged.db"
	filePrefix   = "media/"
	endName      = "end.json"
)

const (
	// maxText bounds the manifest and the end, in bytes.
	maxText = 8 << 20
	// MaxAbsent bounds the files that a backup may lack: where more are not there,
	// it is the folder that is missing.
	MaxAbsent = 100_000
	// idDigits is the length of an ID, and shardDigits how many of them name the
	// folder of its file.
	idDigits, shardDigits = 32, 6
)

// ErrDamaged is what all errors wrap that the bytes of an archive are the cause of.
var ErrDamaged = errors.New("the archive is not a whole backup")

// damaged says what is wrong with an archive.
func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrDamaged, fmt.Errorf(format, args...))
}

// Manifest says what a backup is of.
type Manifest struct {
	Format  int       `json:"format"`
	Program string    `json:"program"` // the version of bridged that made it
	Schema  int64     `json:"schema"`  // of the database
	Made    time.Time `json:"made_at"`
	// DatabaseBytes is the size of the database, and Rows how many each of its
	// tables has.
	DatabaseBytes int64            `json:"database_bytes"`
	Rows          map[string]int64 `json:"rows"`
}

// end is what is known only when all the rest is written.
type end struct {
	DatabaseSHA256 string `json:"database_sha256"`
	// Files are how many there are in the archive, and FileBytes their sizes together.
	Files     int64 `json:"files"`
	FileBytes int64 `json:"file_bytes"`
	// Absent are the IDs of files that the database tells of and that were not to be
	// found; Altered those of files whose bytes are not those that the database tells of.
	Absent  []string `json:"absent"`
	Altered []string `json:"altered"`
	// SHA256 is of two things: of SHA-256 of all bytes before this text, its header
	// included, and of this text with no SHA256 in it.
	SHA256 string `json:"sha256"`
}

// seal is what SHA256 of the end of an archive has to be.
func (e end) seal(before []byte) (string, error) {
	e.SHA256 = ""
	text, err := encode(e)
	sum := sha256.Sum256(append(before, text...))
	return hex.EncodeToString(sum[:]), err
}

// File is a media file in an archive.
type File struct {
	ID   string
	Size int64
}

// encode writes the text of a member, in the one way that it may be written.
func encode(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	return append(text, '\n'), err
}

// decode reads the text of a member and refuses one that says the same in another
// way: then it was altered.
func decode(text []byte, name string, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return damaged("%s cannot be read: %w", name, err)
	}
	again, err := encode(into)
	if err != nil || !bytes.Equal(again, text) {
		return damaged("%s is not as bridged writes it", name)
	}
	return nil
}

// place is the name of the member that holds a file.
func place(id string) string { return filePrefix + id[:shardDigits] + "/" + id }

// idOf is the ID that the name of a member has, if it is that of a file.
func idOf(name string) (id string, ok bool) {
	id = name[strings.LastIndexByte(name, '/')+1:]
	return id, ValidID(id) && name == place(id)
}

// ValidID says whether a text is the ID of a file: 32 hexadecimal digits.
func ValidID(id string) bool {
	return len(id) == idDigits && strings.Trim(id, "0123456789abcdef") == ""
}

// isZero reads to the end and says whether there was nothing but zeros, and how many.
func isZero(r io.Reader) (n int64, ok bool, err error) {
	var buffer [4096]byte
	for {
		got, err := r.Read(buffer[:])
		n += int64(got)
		if len(bytes.Trim(buffer[:got], "\x00")) > 0 {
			return n, false, nil
		}
		switch {
		case errors.Is(err, io.EOF):
			return n, true, nil
		case err != nil:
			return n, false, err
		}
	}
}

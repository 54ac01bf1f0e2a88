package media

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

const (
	// maxParts bounds of how many pieces a picture's file is put together again. One
	// of a camera has a dozen; the bound keeps a file that is made of nothing but
	// tiny pieces from taking memory.
	maxParts = 4096
	// maxColours bounds the colour profile that is handed on, in bytes.
	maxColours = 64 << 10
)

// errBroken ends the inspection of a file whose structure cannot be followed.
var errBroken = errors.New("the picture's file is broken")

// inspection is what was found in a picture's file without decoding it, and what
// remains of the file without its metadata: the place where and the time when it
// was taken, the camera and its owner, earlier versions, thumbnails, and whatever
// is behind its end. Colour profiles and the orientation remain.
type inspection struct {
	format      string // as package image names it; empty for one that is not known here
	parts       []part // what remains
	size        int64  // bytes of the parts
	changed     bool   // whether anything is missing
	orientation int    // of EXIF, 1 to 8
	animated    bool
	scans       int      // of a JPEG: how often its decoder goes over the picture
	depth       int      // of a JPEG: bytes that decoding takes for each 8 by 8 pixels
	pixels      int64    // of a WebP: how many the picture in it has, whatever its header says
	colours     [][]byte // of a JPEG: the segments of its colour profile
}

// part is a piece of the file, or other bytes in place of one.
type part struct {
	from, to int64
	instead  []byte // of no length: as many zeros as the piece is long
}

// areZeros says whether zeros are in the place of the piece.
func (p part) areZeros() bool { return p.instead != nil && len(p.instead) == 0 }

// inspect reads a file from its beginning to its end. A format that is not known
// here remains as it is, and so does nothing behind the place where a file is
// broken. The error is the reader's, or errBroken for too many parts.
func inspect(file io.Reader) (*inspection, error) {
	from := &source{r: file}
	s := &scanner{r: bufio.NewReaderSize(from, 32<<10), found: &inspection{orientation: 1}}
	err := s.follow()
	if from.err != nil {
		return nil, from.err
	}
	if errors.Is(err, errBroken) || errors.Is(err, io.EOF) {
		err = nil
	}
	s.rest()
	if len(s.found.parts) > maxParts {
		return s.found, errBroken
	}
	for _, p := range s.found.parts {
		s.found.size += p.length()
	}
	s.found.changed = s.found.changed || s.found.size != s.at
	return s.found, errors.Join(err, from.err)
}

func (p part) length() int64 {
	if len(p.instead) > 0 {
		return int64(len(p.instead))
	}
	return p.to - p.from
}

// open reads what remains of the file.
func (i *inspection) open(file io.ReaderAt) io.Reader {
	readers := make([]io.Reader, len(i.parts))
	for n, p := range i.parts {
		switch {
		case p.areZeros():
			readers[n] = io.LimitReader(zeros{}, p.to-p.from)
		case p.instead != nil:
			readers[n] = bytes.NewReader(p.instead)
		default:
			readers[n] = io.NewSectionReader(file, p.from, p.to-p.from)
		}
	}
	return io.MultiReader(readers...)
}

// zeros reads zeros, without end.
type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// scanner follows the structure of a file.
type scanner struct {
	r     *bufio.Reader
	at    int64 // what comes next
	found *inspection
	// Of a file of boxes: what comes in place of pieces of it, each as long as the
	// piece, and the track in which the scanner is.
	edits  []part
	track  box
	frames []box    // what holds frames and the like, and nothing of the structure
	origin []extent // pieces that tell of where a picture comes from
}

// follow chooses by the first bytes.
func (s *scanner) follow() error {
	head, _ := s.r.Peek(12)
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		s.found.format = "jpeg"
		return s.jpeg()
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		s.found.format = "png"
		return s.png()
	case bytes.HasPrefix(head, []byte("GIF87a")), bytes.HasPrefix(head, []byte("GIF89a")):
		s.found.format = "gif"
		return s.gif()
	case len(head) == 12 && bytes.HasPrefix(head, []byte("RIFF")) && bytes.HasSuffix(head, []byte("WEBP")):
		s.found.format = "webp"
		return s.webp()
	case isBoxes(head):
		return s.boxes()
	}
	s.keep(0, s.rest())
	return nil
}

// take reads n bytes, which are the caller's; io.EOF where there are fewer.
func (s *scanner) take(n int) ([]byte, error) {
	b := make([]byte, n)
	got, err := io.ReadFull(s.r, b)
	s.at += int64(got)
	if err != nil {
		return nil, io.EOF
	}
	return b, nil
}

// skip goes over n bytes; io.EOF where there are fewer.
func (s *scanner) skip(n int64) error {
	got, err := s.r.Discard(int(n))
	s.at += int64(got)
	if err != nil {
		return io.EOF
	}
	return nil
}

// rest goes to the file's end, and says how many bytes were left.
func (s *scanner) rest() int64 {
	n, _ := io.Copy(io.Discard, s.r)
	s.at += n
	return n
}

// keep notes that a piece of the file remains.
func (s *scanner) keep(from, to int64) {
	parts := s.found.parts
	if n := len(parts); n > 0 && parts[n-1].instead == nil && parts[n-1].to == from {
		parts[n-1].to = to
		return
	}
	if from < to && len(parts) <= maxParts {
		s.found.parts = append(s.found.parts, part{from: from, to: to})
	}
}

// drop notes that a piece of the file does not remain.
func (s *scanner) drop() { s.found.changed = true }

// replace notes what comes in place of the piece that begins at from.
func (s *scanner) replace(from int64, old, instead []byte) {
	switch {
	case bytes.Equal(old, instead):
		s.keep(from, from+int64(len(old)))
		return
	case len(instead) > 0 && len(s.found.parts) <= maxParts:
		s.found.parts = append(s.found.parts, part{instead: instead})
	}
	s.found.changed = true
}

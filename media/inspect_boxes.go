package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
)

// Films, many sounds and HEIC pictures are boxes in boxes (ISO/IEC 14496-12; MOV is
// where they come from). What tells of who made them and where is in a few of them.
// Other boxes tell at which byte of the file a frame begins, so nothing may move: what
// has to go becomes zeros of the same length, in a box that everybody skips.

const (
	// maxBoxDepth is how deep boxes that matter here may be in others.
	maxBoxDepth = 6
	// maxPictureBox bounds the box that tells of the parts of a HEIC picture, in bytes.
	maxPictureBox = 1 << 20
)

// isBoxes says whether a file that begins so is made of boxes. Old MOV files begin
// with any of these.
func isBoxes(head []byte) bool {
	if len(head) < 8 {
		return false
	}
	switch string(head[4:8]) {
	case "ftyp", "moov", "mdat", "wide", "free", "skip":
		return true
	}
	return false
}

// box is the head of one.
type box struct {
	kind     string
	from, to int64 // of the whole; to is math.MaxInt64 for one that goes to the file's end
	body     int64 // where its content begins
	isHidden bool  // of a track: nobody will look into it
}

// boxes follows a file of boxes. What cannot be followed stays as it is: a film that
// plays is worth more than the tags of a broken one.
func (s *scanner) boxes() error {
	err := s.boxesIn(box{to: math.MaxInt64}, 0)
	s.rest()
	for _, e := range s.origin {
		// Anywhere else it is no picture of a camera, but made to have us break something.
		if slices.ContainsFunc(s.frames, func(b box) bool { return b.body <= e.from && e.to <= b.to }) {
			s.blank(e.from, e.to)
		}
	}
	s.edit(s.at)
	if errors.Is(err, io.EOF) || errors.Is(err, errBroken) {
		return nil
	}
	return err
}

// boxesIn follows what is in a box, or in the file.
func (s *scanner) boxesIn(outer box, depth int) error {
	for s.at+8 <= outer.to {
		inner, err := s.box(outer)
		if err != nil {
			return err
		}
		if err := s.oneBox(outer.kind, inner, depth); err != nil {
			return err
		}
		if inner.to == math.MaxInt64 {
			return io.EOF
		}
		if err := s.skip(inner.to - s.at); err != nil {
			return err
		}
	}
	return s.skip(max(outer.to-s.at, 0))
}

// box reads the head of the next one.
func (s *scanner) box(outer box) (box, error) {
	b := box{from: s.at}
	head, err := s.take(8)
	if err != nil {
		return b, err
	}
	b.kind = string(head[4:])
	switch size := int64(binary.BigEndian.Uint32(head)); size {
	case 0:
		b.to = outer.to
	case 1:
		long, err := s.take(8)
		if err != nil {
			return b, err
		}
		b.to = b.from + int64(min(binary.BigEndian.Uint64(long), math.MaxInt64/2))
	default:
		b.to = b.from + size
	}
	b.body = s.at
	if b.to < b.body || b.to > outer.to {
		return b, errBroken
	}
	return b, nil
}

// oneBox looks at one box and into it, where that matters.
func (s *scanner) oneBox(outer string, b box, depth int) error {
	switch b.kind {
	case "moov", "mdia":
		return s.inside(b, depth)
	case "trak":
		around := s.track
		s.track = b
		err := s.inside(b, depth)
		if s.track.isHidden && errors.Is(err, errBroken) && s.at <= b.to {
			err = nil // who follows the file does not look into this track
		}
		s.track = around
		return err
	case "mvhd", "tkhd", "mdhd":
		return s.times(b)
	case "mdat":
		if len(s.frames) <= maxParts {
			s.frames = append(s.frames, b)
		}
	case "hdlr":
		return s.handler(outer, b)
	case "meta":
		if outer == "" {
			return s.pictureBox(b)
		}
		s.blankBox(b)
	case "udta", "uuid":
		s.blankBox(b)
	}
	return nil
}

// inside follows what is in a box that is in others.
func (s *scanner) inside(b box, depth int) error {
	if depth == maxBoxDepth {
		return errBroken
	}
	return s.boxesIn(b, depth+1)
}

// times blanks when a film, or a track of it, was made and changed.
func (s *scanner) times(b box) error {
	version, err := s.take(4)
	if err != nil {
		return err
	}
	length := int64(8)
	if version[0] == 1 {
		length = 16
	}
	length = min(length, b.to-s.at)
	was, err := s.take(int(max(length, 0)))
	if err != nil {
		return err
	}
	if len(bytes.Trim(was, "\x00")) > 0 {
		s.blank(s.at-length, s.at)
	}
	return nil
}

// handler hides a track of measurements, such as where a camera was all the time: it
// is made a box that everybody skips. What the track refers to remains in the file.
func (s *scanner) handler(outer string, b box) error {
	head, err := s.take(int(min(12, b.to-s.at)))
	if err != nil {
		return err
	}
	if s.track.to > 0 && outer == "mdia" && len(head) == 12 && string(head[8:]) == "meta" {
		s.skipped(s.track)
		s.track.isHidden = true
	}
	return nil
}

// pictureBox reads what a HEIC picture is made of, and blanks what tells of its
// origin. In a film the box has nothing but tags.
func (s *scanner) pictureBox(b box) error {
	if b.to-b.body > maxPictureBox {
		return errBroken
	}
	content, err := s.take(int(b.to - b.body))
	if err != nil {
		return err
	}
	o := originOf(content, b.body)
	if !o.isPicture {
		s.blankBox(b)
		return nil
	}
	s.origin = o.extents
	for _, at := range o.types {
		s.put(part{from: at, to: at + 4, instead: []byte("free")})
	}
	return nil
}

// blankBox makes an empty box of one.
func (s *scanner) blankBox(b box) {
	s.skipped(b)
	s.blank(b.body, b.to)
}

// skipped makes a box one that everybody skips.
func (s *scanner) skipped(b box) {
	s.put(part{from: b.from + 4, to: b.from + 8, instead: []byte("free")})
}

// blank makes zeros of a piece of the file.
func (s *scanner) blank(from, to int64) { s.put(part{from: from, to: to, instead: []byte{}}) }

func (s *scanner) put(p part) {
	if p.from < p.to && len(s.edits) <= maxParts {
		s.edits = append(s.edits, p)
	}
}

// edit notes the parts of a file of this size, with what is to be in place of some.
func (s *scanner) edit(size int64) {
	slices.SortStableFunc(s.edits, func(a, b part) int { return int(min(max(a.from-b.from, -1), 1)) })
	at := int64(0)
	for _, e := range s.edits {
		e.from, e.to = max(e.from, at), min(e.to, size)
		if e.from >= e.to {
			continue // behind the end of a file that breaks off
		}
		s.keep(at, e.from)
		s.found.parts = append(s.found.parts, e)
		s.found.changed, at = true, e.to
	}
	s.keep(at, size)
}

package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// The markers of JPEG that are told apart here.
const (
	markerTEM  = 0x01
	markerSOF0 = 0xc0 // the first of the frame headers
	markerSOF2 = 0xc2 // that of a progressive picture
	markerRST0 = 0xd0 // the first of eight restarts
	markerEOI  = 0xd9
	markerSOS  = 0xda
	markerAPP0 = 0xe0 // the first of those that pictures are not made of
)

// jpeg follows a JPEG. Of the application's segments those remain that say how
// its colours are meant: JFIF without its thumbnail, the colour profile, and
// Adobe's. What follows the end of the picture goes: that is where telephones put
// short films, larger versions and maps of depth, each with its own metadata.
func (s *scanner) jpeg() error {
	if err := s.skip(2); err != nil {
		return err
	}
	s.keep(0, 2)
	for {
		marker, from, err := s.marker()
		if err != nil {
			return err
		}
		switch {
		case marker == markerEOI:
			s.keep(from, s.at)
			return nil
		case marker == markerTEM || marker >= markerRST0 && marker < markerRST0+8:
			s.keep(from, s.at)
			continue
		case marker < markerSOF0:
			return errBroken
		}
		if err := s.segment(marker, from); err != nil {
			return err
		}
		if marker == markerSOS {
			s.found.scans++
			if err := s.entropy(); err != nil {
				return err
			}
		}
	}
}

// marker reads the next marker, and says where it begins. What precedes it goes,
// since nothing belongs between two segments.
func (s *scanner) marker() (marker byte, from int64, err error) {
	begin, last := s.at, byte(0)
	for {
		b, err := s.r.ReadByte()
		if err != nil {
			return 0, 0, io.EOF
		}
		s.at++
		if last == 0xff && b != 0xff && b != 0 {
			from = s.at - 2
			s.found.changed = s.found.changed || from != begin
			return b, from, nil
		}
		last = b
	}
}

// segment goes over one segment, whose marker is at from.
func (s *scanner) segment(marker byte, from int64) error {
	length, err := s.take(2)
	if err != nil {
		return err
	}
	n := int(binary.BigEndian.Uint16(length)) - 2
	if n < 0 {
		return errBroken
	}
	body, err := s.take(n)
	if err != nil {
		return err
	}
	old := append([]byte{0xff, marker, length[0], length[1]}, body...)
	switch {
	case marker >= markerAPP0:
		s.replace(from, old, s.application(marker, old, body))
		return nil
	case marker >= markerSOF0 && marker < markerSOF0+16 && marker&3 != 0 || marker == markerSOF0:
		s.frame(marker, body)
	}
	s.keep(from, s.at)
	return nil
}

// application returns what remains of a segment that is not needed to decode.
func (s *scanner) application(marker byte, old, body []byte) []byte {
	const jfif = 14 // bytes of JFIF's segment before its thumbnail
	switch {
	case marker == markerAPP0 && bytes.HasPrefix(body, []byte("JFIF\x00")) && len(body) >= jfif:
		clean := append([]byte{0xff, markerAPP0, 0, jfif + 2}, body[:jfif]...)
		clean[4+12], clean[4+13] = 0, 0 // its thumbnail's width and height
		return clean
	case marker == markerAPP0+1 && bytes.HasPrefix(body, []byte("Exif\x00")) && len(body) > 6:
		if s.found.orientation != 1 {
			return nil // a second one
		}
		s.found.orientation = orientation(body[6:])
		exif := exifOf(s.found.orientation)
		if exif == nil {
			return nil
		}
		return append([]byte{0xff, marker, 0, byte(2 + 6 + len(exif)), 'E', 'x', 'i', 'f', 0, 0}, exif...)
	case marker == markerAPP0+2 && bytes.HasPrefix(body, []byte("ICC_PROFILE\x00")):
		s.found.colours = append(s.found.colours, old)
		return old
	case marker == markerAPP0+14 && bytes.HasPrefix(body, []byte("Adobe")):
		return old
	}
	return nil
}

// frame reads from a frame's header how much memory decoding takes: a byte for
// each sample, and four more where they are collected over several scans.
func (s *scanner) frame(marker byte, body []byte) {
	if len(body) < 6 {
		return
	}
	samples, widest := 0, 1
	for b := body[6:]; len(b) >= 3; b = b[3:] {
		area := int(b[1]>>4) * int(b[1]&15)
		samples += area
		widest = max(widest, area)
	}
	each := 1
	if marker == markerSOF2 {
		each += 4
	}
	s.found.depth = max(s.found.depth, 64*each*samples/widest)
}

// entropy goes over the compressed picture, up to the next marker.
func (s *scanner) entropy() error {
	from := s.at
	defer func() { s.keep(from, s.at) }()
	for {
		ahead, err := s.r.Peek(max(2, s.r.Buffered()))
		if err != nil {
			return errors.Join(io.EOF, s.skip(int64(len(ahead))))
		}
		n := bytes.IndexByte(ahead[:len(ahead)-1], 0xff)
		switch {
		case n < 0:
			n = len(ahead) - 1
		case ahead[n+1] == 0xff: // the first of two may fill up
			n++
		case ahead[n+1] == 0 || ahead[n+1] >= markerRST0 && ahead[n+1] < markerRST0+8:
			n += 2
		default:
			return s.skip(int64(n))
		}
		if err := s.skip(int64(n)); err != nil {
			return err
		}
	}
}

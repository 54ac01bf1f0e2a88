package media

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// png follows a PNG. The chunks remain that are needed to show it.
func (s *scanner) png() error {
	if err := s.skip(8); err != nil {
		return err
	}
	s.keep(0, 8)
	for {
		from := s.at
		head, err := s.take(8)
		if err != nil {
			return err
		}
		n, kind := binary.BigEndian.Uint32(head), string(head[4:])
		if n > 1<<31-1 {
			return errBroken
		}
		switch kind {
		case "eXIf":
			err = s.pngEXIF(from, head, n)
		case "acTL":
			s.found.animated = true
			fallthrough
		case "IHDR", "PLTE", "IDAT", "IEND", "tRNS", "cHRM", "gAMA", "iCCP", "sBIT", "sRGB", "bKGD",
			"hIST", "pHYs", "sPLT", "cICP", "mDCV", "cLLI", "fcTL", "fdAT":
			err = s.skip(int64(n) + 4)
			s.keep(from, s.at)
		default:
			s.drop()
			err = s.skip(int64(n) + 4)
		}
		if err != nil || kind == "IEND" {
			return err
		}
	}
}

// pngEXIF puts EXIF with nothing but the orientation in the place of a chunk.
func (s *scanner) pngEXIF(from int64, head []byte, n uint32) error {
	if n > 1<<16 {
		s.drop()
		return s.skip(int64(n) + 4)
	}
	body, err := s.take(int(n) + 4)
	if err != nil {
		return err
	}
	var chunk []byte
	if s.found.orientation == 1 {
		s.found.orientation = orientation(body[:n])
		if exif := exifOf(s.found.orientation); exif != nil {
			chunk = append(binary.BigEndian.AppendUint32(nil, uint32(len(exif))), "eXIf"...)
			chunk = append(chunk, exif...)
			chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
		}
	}
	s.replace(from, append(head, body...), chunk)
	return nil
}

// The bits of WebP's extended header.
const (
	webpAnimated = 0x02
	webpXMP      = 0x04
	webpEXIF     = 0x08
)

// webp follows a WebP. The chunks remain that are needed to show it; its headers
// say how many bytes follow and whether there is EXIF, and are written when that
// is known.
func (s *scanner) webp() error {
	head, err := s.take(12)
	if err != nil {
		return err
	}
	end := int64(binary.LittleEndian.Uint32(head[4:])) + 8
	s.found.parts = append(s.found.parts, part{instead: head})
	var extended []byte
	for s.at+8 <= end && err == nil {
		extended, err = s.webpChunk(extended)
	}
	if extended != nil {
		flags := extended[8] &^ (webpXMP | webpEXIF)
		if s.found.orientation != 1 {
			flags |= webpEXIF
		}
		s.found.changed = s.found.changed || flags != extended[8]
		extended[8] = flags
	}
	size := -int64(8)
	for _, p := range s.found.parts {
		size += p.length()
	}
	s.found.changed = s.found.changed || size+8 != end
	binary.LittleEndian.PutUint32(head[4:], uint32(size))
	return err
}

// webpChunk goes over one chunk. It returns the extended header once it was seen.
func (s *scanner) webpChunk(extended []byte) ([]byte, error) {
	from := s.at
	head, err := s.take(8)
	if err != nil {
		return extended, err
	}
	n := int64(binary.LittleEndian.Uint32(head[4:]))
	n += n & 1 // chunks begin at even places
	switch kind := string(head[:4]); {
	case kind == "VP8X" && extended == nil && n == 10:
		body, err := s.take(int(n))
		if err != nil {
			return extended, err
		}
		s.found.animated = body[0]&webpAnimated != 0
		extended = slices.Concat(head, body)
		s.found.parts = append(s.found.parts, part{instead: extended})
		return extended, nil
	case kind == "VP8 " || kind == "VP8L":
		s.webpFrame(kind)
		err = s.skip(n)
		s.keep(from, s.at)
	case kind == "ANIM" || kind == "ANMF" || kind == "ALPH" || kind == "ICCP":
		err = s.skip(n)
		s.keep(from, s.at)
	case kind == "EXIF" && n <= 1<<16 && s.found.orientation == 1:
		body, err := s.take(int(n))
		if err != nil {
			return extended, err
		}
		s.found.orientation = orientation(withoutPrefix(body))
		var chunk []byte
		if exif := exifOf(s.found.orientation); exif != nil {
			chunk = binary.LittleEndian.AppendUint32([]byte("EXIF"), uint32(len(exif)))
			chunk = append(chunk, exif...)
		}
		s.replace(from, append(head, body...), chunk)
	default:
		s.drop()
		err = s.skip(n)
	}
	return extended, err
}

// webpFrame reads the size of a picture from its first bytes. The extended header
// may state another, but the decoder takes memory for this one.
func (s *scanner) webpFrame(kind string) {
	head, _ := s.r.Peek(10)
	var width, height int64
	switch {
	case len(head) < 10:
		return
	case kind == "VP8L": // two numbers of 14 bits behind a signature
		bits := binary.LittleEndian.Uint32(head[1:])
		width, height = int64(bits&0x3fff)+1, int64(bits>>14&0x3fff)+1
	default: // behind the frame's tag and a start code
		width = int64(binary.LittleEndian.Uint16(head[6:]) & 0x3fff)
		height = int64(binary.LittleEndian.Uint16(head[8:]) & 0x3fff)
	}
	s.found.pixels = max(s.found.pixels, width*height)
}

// withoutPrefix takes off what belongs before EXIF in a JPEG only, but is often
// written before it in a WebP.
func withoutPrefix(exif []byte) []byte {
	if len(exif) > 6 && string(exif[:6]) == "Exif\x00\x00" {
		return exif[6:]
	}
	return exif
}

// The blocks of GIF.
const (
	gifImage       = ','
	gifExtension   = '!'
	gifTrailer     = ';'
	gifComment     = 0xfe
	gifApplication = 0xff
)

// gif follows a GIF. Comments go, and what applications put into it, but for how
// often it repeats and its colour profile.
func (s *scanner) gif() error {
	head, err := s.take(13)
	if err != nil {
		return err
	}
	if err := s.skip(gifColours(head[10])); err != nil {
		return err
	}
	s.keep(0, s.at)
	for images := 0; ; {
		from := s.at
		kind, err := s.take(1)
		if err != nil {
			return err
		}
		remains := true
		switch kind[0] {
		case gifTrailer:
			s.keep(from, s.at)
			return nil
		case gifImage:
			images++
			s.found.animated = images > 1
			err = s.gifImage()
		case gifExtension:
			remains, err = s.gifExtension()
		default:
			return errBroken
		}
		if remains {
			s.keep(from, s.at)
		} else {
			s.drop()
		}
		if err != nil {
			return err
		}
	}
}

// gifColours is how long the table of colours is that flags tell of.
func gifColours(flags byte) int64 {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

func (s *scanner) gifImage() error {
	head, err := s.take(9)
	if err != nil {
		return err
	}
	if err := s.skip(gifColours(head[8]) + 1); err != nil {
		return err
	}
	_, err = s.gifBlocks()
	return err
}

// gifExtension goes over an extension, and says whether it remains.
func (s *scanner) gifExtension() (bool, error) {
	label, err := s.take(1)
	if err != nil {
		return false, err
	}
	first, err := s.gifBlocks()
	switch label[0] {
	case gifComment:
		return false, err
	case gifApplication:
		name := string(first)
		return name == "NETSCAPE2.0" || name == "ANIMEXTS1.0" || name == "ICCRGBG1012", err
	}
	return true, err
}

// gifBlocks goes over blocks up to an empty one, and returns the first.
func (s *scanner) gifBlocks() (first []byte, err error) {
	for n := 0; ; n++ {
		length, err := s.take(1)
		if err != nil || length[0] == 0 {
			return first, err
		}
		block, err := s.take(int(length[0]))
		if err != nil {
			return first, err
		}
		if n == 0 {
			first = block
		}
	}
}

package media

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif"  // the first picture of one
	_ "image/jpeg" // registers itself, like the others
	_ "image/png"
	"io"

	_ "golang.org/x/image/bmp" // likewise
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"
)

// What a picture may be to be decoded. All is known from the beginning of the
// file, so that a small file that claims to be a huge picture costs nothing.
const (
	// MaxPixels is above what telephones that take 48 or 50 million make.
	MaxPixels = 52_000_000
	// maxDecoded bounds the memory that decoding one picture takes, in bytes. A
	// photograph of 50 million pixels takes 75 MB, one of 12 million 18 MB; where it
	// comes in several scans five times as much.
	maxDecoded = 256 << 20
	// maxScans bounds how often a decoder goes over a JPEG; ten is usual. A small
	// file can have thousands, and each takes as long as if it were full.
	maxScans = 64
)

// errUnreadable says that a picture cannot be decoded, or is not to be.
var errUnreadable = errors.New("the picture cannot be read")

// header is what the beginning of a picture's file says.
type header struct {
	format string
	size   image.Point
	deep   bool // whether it has 16 bits for each sample
}

// readHeader reads the beginning. The error is the reader's, or errUnreadable.
func readHeader(file io.Reader) (h header, err error) {
	from := &source{r: file}
	defer unreadable(&err)
	config, format, err := image.DecodeConfig(from)
	switch {
	case from.err != nil:
		return header{}, from.err
	case err != nil:
		return header{}, fmt.Errorf("%w: %w", errUnreadable, err)
	case config.Width < 1 || config.Height < 1:
		return header{}, fmt.Errorf("%w: it is empty", errUnreadable)
	}
	h = header{format: format, size: image.Pt(config.Width, config.Height)}
	switch config.ColorModel {
	case color.RGBA64Model, color.NRGBA64Model, color.Gray16Model:
		h.deep = true
	}
	return h, nil
}

// pixels is how many a picture has, by any of what its file says.
func (h header) pixels(found *inspection) int64 {
	return max(int64(h.size.X)*int64(h.size.Y), found.pixels)
}

// decode decodes a picture whose header and inspection allow it. The error is the
// reader's, or errUnreadable.
func decode(file io.Reader, h header, found *inspection) (picture image.Image, err error) {
	if err := decodable(h, found); err != nil {
		return nil, err
	}
	from := &source{r: file}
	defer unreadable(&err)
	picture, _, err = image.Decode(from)
	switch {
	case from.err != nil:
		return nil, from.err
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errUnreadable, err)
	case picture.Bounds().Empty():
		return nil, fmt.Errorf("%w: it is empty", errUnreadable)
	}
	return picture, nil
}

// decodable says what speaks against decoding a picture.
func decodable(h header, found *inspection) error {
	pixels := h.pixels(found)
	memory := pixels * 4
	switch {
	case h.format == "jpeg":
		memory = pixels * int64(found.depth) / 64
	case h.format == "tiff":
		memory = pixels*8 + found.size // the file is read as a whole
	case h.format == "webp", h.deep:
		memory = pixels * 8
	}
	switch {
	case pixels > MaxPixels:
		return fmt.Errorf("%w: it has more than %d million pixels", errUnreadable, MaxPixels/1_000_000)
	case memory > maxDecoded:
		return fmt.Errorf("%w: decoding it takes too much memory", errUnreadable)
	case found.scans > maxScans:
		return fmt.Errorf("%w: it has more than %d scans", errUnreadable, maxScans)
	}
	return nil
}

// unreadable turns a panic into an error. The decoders read what strangers send,
// and a mistake in one of them must not end the relay for everybody.
func unreadable(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: the decoder gave up: %v", errUnreadable, r)
	}
}

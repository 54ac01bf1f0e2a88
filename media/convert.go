package media

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"
	"math"
)

const (
	// minSide is the longer side, in pixels, below which a picture that was larger is
	// worth less than a link to it.
	minSide = 320
	// maxTries bounds how many sizes are tried. Each guess uses what the last one
	// came to, so that three are usual.
	maxTries = 8
	// slack is the part of the limit that a larger second picture must promise to
	// use: below it the first one is good enough.
	slack = 0.5
)

// The qualities of JPEG that are tried before a picture is made smaller, and
// about how large each comes out, compared with the first.
func qualities() []quality { return []quality{{85, 1}, {75, 0.73}, {62, 0.57}} }

type quality struct {
	level int
	part  float64
}

// limits say what a converted picture may be: how many bytes in each format, 0
// where it is not taken.
type limits struct{ jpeg, png int64 }

// converted is a picture's new file.
type converted struct {
	contentType string
	data        []byte
}

// convert makes a file of a decoded picture that is upright, has no metadata but
// its colour profile, and fits; false where none does. A picture with
// transparency stays a PNG if that fits in its full size, and is put on white
// otherwise: most carriers show what is transparent in black.
func convert(picture image.Image, found *inspection, fileSize int64, lim limits) (converted, bool) {
	c := &conversion{picture: picture, orientation: found.orientation, fileSize: fileSize, jpeg: found.format == "jpeg"}
	seeThrough := transparent(picture)
	if lim.png > 0 && (seeThrough || lim.jpeg == 0) {
		c.limit, c.flat = lim.png, false
		if data, ok := c.png(lim.jpeg == 0); ok {
			return converted{"image/png", data}, true
		}
	}
	if lim.jpeg > 0 {
		colours := colourProfile(picture, found)
		if int64(len(colours)) > lim.jpeg/4 {
			colours = nil // the picture matters more
		}
		c.limit, c.flat = lim.jpeg-int64(len(colours)), seeThrough
		if data, ok := c.search(c.asJPEG); ok {
			return converted{"image/jpeg", withColours(data, colours)}, true
		}
	}
	return converted{}, false
}

// transparent says whether something behind a picture would be seen.
func transparent(picture image.Image) bool {
	o, ok := picture.(interface{ Opaque() bool })
	return ok && !o.Opaque()
}

// conversion is the search for a file that fits.
type conversion struct {
	picture     image.Image
	orientation int
	fileSize    int64
	jpeg        bool // whether the file was one
	limit       int64
	flat        bool // whether to put it on white
}

// at is the picture in a part of its width and height.
func (c *conversion) at(scale float64) image.Image {
	size := c.picture.Bounds().Size()
	side := func(n int) int { return max(1, int(math.Round(float64(n)*scale))) }
	small := scaled(c.picture, side(size.X), side(size.Y), c.orientation)
	if rgba, ok := small.(*image.RGBA); ok && c.flat {
		white := image.NewRGBA(rgba.Rect)
		draw.Draw(white, white.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
		draw.Draw(white, white.Rect, rgba, image.Point{}, draw.Over)
		return white
	}
	return small
}

// png tries the full size, and smaller ones where nothing else is taken.
func (c *conversion) png(smaller bool) ([]byte, bool) {
	if smaller {
		return c.search(c.asPNG)
	}
	// What is far too large comes out far too large again, after seconds.
	size := c.picture.Bounds().Size()
	if c.fileSize > 2*c.limit || int64(size.X)*int64(size.Y) > 2*c.limit {
		return nil, false
	}
	data, _ := c.asPNG(c.at(1))
	return data, data != nil
}

// search tries sizes until the file fits: first the full one where that is
// promising, then by what came of it. What encode returns is the file if it fits,
// and how many bytes it has in the best quality.
func (c *conversion) search(encode func(image.Image) ([]byte, float64)) (best []byte, ok bool) {
	size := c.picture.Bounds().Size()
	longest := float64(max(size.X, size.Y))
	least := min(1, minSide/longest)
	scale, used := max(c.firstScale(), least), 0.0
	for range maxTries {
		data, bytes := encode(c.at(scale))
		change := math.Sqrt(float64(c.limit) / bytes)
		if data != nil {
			if scale > used {
				best, used = data, scale
			}
			if scale == 1 || bytes > slack*float64(c.limit) {
				return best, true
			}
			scale = min(1, scale*0.92*change)
			continue
		}
		if best != nil {
			return best, true // a larger one was too large
		}
		if scale <= least {
			return nil, false
		}
		// In a lower quality it takes two thirds, and is the better picture for it.
		scale = max(least, scale*min(0.9, max(0.25, change/math.Sqrt(0.7))))
	}
	return best, best != nil
}

// firstScale guesses by the file: a camera's JPEG takes about half as much in a
// lower quality, and of another format a JPEG takes two bits a pixel.
func (c *conversion) firstScale() float64 {
	size := c.picture.Bounds().Size()
	expected := float64(size.X) * float64(size.Y) / 4
	if c.jpeg {
		expected = min(expected*2, float64(c.fileSize)*0.55)
	}
	if expected <= float64(c.limit) {
		return 1
	}
	return math.Sqrt(float64(c.limit) / expected)
}

// asJPEG tries one quality after the other, and leaves out what cannot fit.
func (c *conversion) asJPEG(picture image.Image) ([]byte, float64) {
	first := 0.0
	for _, q := range qualities() {
		if first*q.part*0.93 > float64(c.limit) {
			continue
		}
		out := &bounded{limit: c.limit}
		if err := jpeg.Encode(out, picture, &jpeg.Options{Quality: q.level}); err != nil {
			return nil, math.Inf(1) // its sides are too long for the format
		}
		if first == 0 {
			first = float64(out.size)
		}
		if out.fits() {
			return out.buffer.Bytes(), first
		}
	}
	return nil, first
}

// asPNG encodes in one quality, since there is no other.
func (c *conversion) asPNG(picture image.Image) ([]byte, float64) {
	out := &bounded{limit: c.limit}
	if err := png.Encode(out, picture); err != nil {
		return nil, math.Inf(1)
	}
	if out.fits() {
		return out.buffer.Bytes(), float64(out.size)
	}
	return nil, float64(out.size)
}

// bounded keeps what is written as long as it fits, and counts all of it.
type bounded struct {
	limit, size int64
	buffer      bytes.Buffer
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	b.size += int64(len(p))
	if b.fits() {
		return b.buffer.Write(p)
	}
	b.buffer = bytes.Buffer{}
	return len(p), nil
}

func (b *bounded) fits() bool { return b.size <= b.limit }

var _ io.Writer = (*bounded)(nil)

// colourProfile is what a JPEG says about its colours, which its decoder does not
// change. Without it the pictures of many telephones come out pale.
func colourProfile(picture image.Image, found *inspection) []byte {
	if _, ok := picture.(*image.YCbCr); !ok || found.format != "jpeg" {
		return nil
	}
	all := bytes.Join(found.colours, nil)
	if len(all) > maxColours {
		return nil
	}
	return all
}

// withColours puts the profile behind the marker that begins a JPEG.
func withColours(file, colours []byte) []byte {
	if len(colours) == 0 {
		return file
	}
	return append(append(file[:2:2], colours...), file[2:]...)
}

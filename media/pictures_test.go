package media_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	jpegfile "image/jpeg"
	pngfile "image/png"
	"io"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"bridged/conversations"
	"bridged/media"
)

// secret is in the metadata of the pictures of these tests, and must not be in
// what goes out.
const secret = "52.3702N 4.8952E"

// scene is a picture like a photograph: large areas that change slowly, edges,
// and as much noise as a small sensor has.
func scene(width, height int) *image.YCbCr {
	p := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
	state := uint32(1)
	for y := range height {
		row := p.Y[y*p.YStride:]
		down := math.Sin(float64(y) / 71)
		for x := range width {
			state = state*1664525 + 1013904223
			v := 120 + 60*down + 40*float64((x*7/width+y*5/height)&1) + float64(x%97)/6 + float64(state>>28) - 8
			row[x] = byte(min(255, max(0, v)))
		}
	}
	for y := range (height + 1) / 2 {
		for x := range (width + 1) / 2 {
			p.Cb[y*p.CStride+x] = byte(100 + 40*x/width)
			p.Cr[y*p.CStride+x] = byte(120 + 40*y/height)
		}
	}
	return p
}

// corners is a picture whose four quarters are red, green, blue and white.
func corners(width, height int) *image.NRGBA {
	p := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.NRGBA{A: 255}
			switch right, low := 2*x >= width, 2*y >= height; {
			case right && low:
				c.R, c.G, c.B = 255, 255, 255
			case right:
				c.G = 255
			case low:
				c.B = 255
			default:
				c.R = 255
			}
			p.SetNRGBA(x, y, c)
		}
	}
	return p
}

// noise cannot be compressed.
func noise(width, height int, transparent bool) *image.NRGBA {
	p := image.NewNRGBA(image.Rect(0, 0, width, height))
	state := uint32(7)
	for i := range p.Pix {
		state = state*1664525 + 1013904223
		p.Pix[i] = byte(state >> 24)
		if i%4 == 3 && !transparent {
			p.Pix[i] = 255
		}
	}
	return p
}

func asJPEG(t testing.TB, p image.Image, quality int) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, jpegfile.Encode(&b, p, &jpegfile.Options{Quality: quality}))
	return b.Bytes()
}

func asPNG(t testing.TB, p image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, pngfile.Encode(&b, p))
	return b.Bytes()
}

func asTIFF(t testing.TB, p image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, tiff.Encode(&b, p, nil))
	return b.Bytes()
}

func asBMP(t testing.TB, p image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, bmp.Encode(&b, p))
	return b.Bytes()
}

// asGIF makes a GIF of so many pictures of noise.
func asGIF(t testing.TB, width, height, pictures int) []byte {
	t.Helper()
	palette := make(color.Palette, 256)
	for i := range palette {
		palette[i] = color.RGBA{byte(i), byte(i * 3), byte(i * 7), 255}
	}
	var all gif.GIF
	for range pictures {
		p := image.NewPaletted(image.Rect(0, 0, width, height), palette)
		state := uint32(3)
		for i := range p.Pix {
			state = state*1664525 + 1013904223
			p.Pix[i] = byte(state >> 24)
		}
		all.Image, all.Delay = append(all.Image, p), append(all.Delay, 10)
	}
	var b bytes.Buffer
	require.NoError(t, gif.EncodeAll(&b, &all))
	return b.Bytes()
}

// exif is EXIF with an orientation and a place.
func exif(orientation int) []byte {
	b := []byte("II*\x00\x08\x00\x00\x00\x02\x00")
	b = append(b, 0x12, 1, 3, 0, 1, 0, 0, 0, byte(orientation), 0, 0, 0)
	b = append(b, 0x25, 0x88, 2, 0, byte(len(secret)), 0, 0, 0, 38, 0, 0, 0)
	return append(append(b, 0, 0, 0, 0), secret...)
}

func segment(marker byte, body string) []byte {
	return append([]byte{0xff, marker, byte((len(body) + 2) >> 8), byte(len(body) + 2)}, body...)
}

// profile is a segment like that of a colour profile.
func profile() []byte { return segment(0xe2, "ICC_PROFILE\x00\x01\x01made by nobody") }

// withEXIF puts all kinds of metadata into a JPEG, and a second one behind it.
func withEXIF(file []byte, orientation int) []byte {
	b := append([]byte{}, file[:2]...)
	b = append(b, segment(0xe0, "JFIF\x00\x01\x02\x00\x00\x48\x00\x48\x02\x01"+secret[:6])...)
	b = append(b, segment(0xe1, "Exif\x00\x00"+string(exif(orientation)))...)
	b = append(b, segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00"+secret)...)
	b = append(b, profile()...)
	b = append(b, segment(0xe2, "MPF\x00"+secret)...)
	b = append(b, segment(0xed, "Photoshop 3.0\x00"+secret)...)
	b = append(b, segment(0xfe, secret)...)
	b = append(b, file[2:]...)
	return append(b, file[:2:2]...)
}

func chunk(kind, body string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, kind...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// withChunks puts metadata into a PNG.
func withChunks(file []byte, orientation int) []byte {
	const header = 8 + 25
	b := append([]byte{}, file[:header]...)
	b = append(b, chunk("tEXt", "Comment\x00"+secret)...)
	b = append(b, chunk("eXIf", string(exif(orientation)))...)
	b = append(b, chunk("iTXt", "XML:com.adobe.xmp\x00"+secret)...)
	b = append(b, file[header:]...)
	return append(b, secret...)
}

// lossless is a WebP of one colour, which is half transparent: the tables of codes
// have one entry each, so that no bits follow for the pixels.
func lossless(width, height int) []byte {
	body, at := []byte{0x2f}, 0
	put := func(v, count int) {
		for i := range count {
			if at%8 == 0 {
				body = append(body, 0)
			}
			body[len(body)-1] |= byte(v>>i&1) << (at % 8)
			at++
		}
	}
	put(width-1, 14)
	put(height-1, 14)
	put(1, 1)                                         // it has transparency
	put(0, 3+1+1+1)                                   // the version; no transform, no cache, no groups of tables
	for _, v := range []int{0x40, 0x80, 0xc0, 0x80} { // green, red, blue, alpha
		put(1, 1) // a simple table
		put(0, 1) // of one symbol
		put(1, 1) // of eight bits
		put(v, 8)
	}
	put(1, 4) // and one for distances, of the symbol 0
	return webp(webpChunk("VP8L", body))
}

func webp(chunks ...[]byte) []byte {
	body := append([]byte("WEBP"), bytes.Join(chunks, nil)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func webpChunk(kind string, body []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(body)))
	b = append(b, body...)
	if len(body)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

func kind(data []byte) string {
	_, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return ""
	}
	return "image/" + format
}

// given puts a file into the directory.
func given(t testing.TB, d *media.Directory, stated string, data []byte) conversations.Media {
	t.Helper()
	kept, err := d.Keep(bytes.NewReader(data), stated)
	require.NoError(t, err)
	return conversations.Media{ID: kept.ID, ContentType: kept.ContentType, Size: kept.Size}
}

func bytesOf(t testing.TB, d *media.Directory, m conversations.Media) []byte {
	t.Helper()
	file, err := d.Open(m.ID)
	require.NoError(t, err)
	data, err := io.ReadAll(file)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	require.Len(t, data, int(m.Size))
	return data
}

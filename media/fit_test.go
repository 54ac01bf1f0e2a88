package media_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/media"
)

func mms() conversations.MediaRules {
	return conversations.MediaRules{
		Count: 10, Total: 5 << 20, MaxText: 1600, TooLarge: 30019, BadType: 12300,
		Limits: []conversations.MediaLimit{{
			Types: []string{"image/jpeg", "image/png", "image/gif", "audio/mpeg", "audio/amr", "video/mp4", "application/pdf"}, Bytes: 5 << 20,
		}},
	}
}

func cloud() conversations.MediaRules {
	return conversations.MediaRules{
		Count: 1, MaxText: 1024, TooLarge: 63021, BadType: 63021,
		Limits: []conversations.MediaLimit{
			{Types: []string{"image/jpeg", "image/png"}, Bytes: 5 << 20},
			{Types: []string{"audio/ogg", "audio/mpeg"}, Bytes: 16 << 20, NoText: true},
			{Types: []string{"video/mp4"}, Bytes: 16 << 20},
			{Types: []string{"application/pdf", "text/plain"}, Bytes: 100 << 20},
		},
	}
}

// padded is a file that begins like one of its type.
func padded(begin string, size int) []byte {
	return append([]byte(begin), bytes.Repeat([]byte{1}, size-len(begin))...)
}

// What each of four channels gets from each file, with links and without.
func TestWhatChannelsGet(t *testing.T) {
	t.Parallel()
	photo := asJPEG(t, scene(4000, 3000), 92)
	require.Greater(t, len(photo), 3<<20)
	require.Less(t, len(photo), 5<<20)
	large := asJPEG(t, scene(6000, 4000), 96)
	require.Greater(t, len(large), 5<<20)
	const kept, linked = "kept", "linked"
	const toJPEG, toPNG = "image/jpeg", "image/png"
	for _, c := range []struct {
		name, stated string
		data         []byte
		want         [4]string // MMS, on AT&T, toll-free, WhatsApp Cloud
		code         [4]int    // where it is linked, without links
	}{
		{"small JPEG", "image/jpeg", asJPEG(t, scene(800, 600), 85), [4]string{kept, kept, kept, kept}, [4]int{}},
		{"12-megapixel JPEG", "image/jpeg", photo, [4]string{kept, toJPEG, toJPEG, kept}, [4]int{}},
		{"24-megapixel JPEG", "image/jpeg", large, [4]string{toJPEG, toJPEG, toJPEG, toJPEG}, [4]int{}},
		{"PNG with transparency", "image/png", asPNG(t, noise(300, 300, true)), [4]string{kept, kept, kept, kept}, [4]int{}},
		{"large PNG with transparency", "image/png", asPNG(t, noise(490, 490, true)), [4]string{kept, kept, toJPEG, kept}, [4]int{}},
		{"PNG", "image/png", asPNG(t, noise(1000, 700, false)), [4]string{kept, toJPEG, toJPEG, kept}, [4]int{}},
		{"GIF", "image/gif", asGIF(t, 100, 100, 3), [4]string{kept, kept, kept, linked}, [4]int{0, 0, 0, 63021}},
		{"GIF that stands still", "image/gif", asGIF(t, 1000, 1000, 1), [4]string{kept, toJPEG, toJPEG, toJPEG}, [4]int{}},
		{"WebP with transparency", "image/webp", lossless(60, 40), [4]string{toPNG, toPNG, toPNG, toPNG}, [4]int{}},
		{"TIFF", "image/tiff", asTIFF(t, corners(40, 30)), [4]string{toJPEG, toJPEG, toJPEG, toJPEG}, [4]int{}},
		{"BMP", "image/bmp", asBMP(t, corners(40, 30)), [4]string{toJPEG, toJPEG, toJPEG, toJPEG}, [4]int{}},
		{"HEIC", "image/heic", padded("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", 4000), [4]string{linked, linked, linked, linked}, [4]int{12300, 12300, 12300, 63021}},
		{"SVG", "image/svg+xml", []byte(svg), [4]string{linked, linked, linked, linked}, [4]int{12300, 12300, 12300, 63021}},
		{"PDF", "application/pdf", padded(pdf, 800<<10), [4]string{kept, kept, linked, kept}, [4]int{0, 0, 30019, 0}},
		{"MP4", "video/mp4", padded(mp4, 3<<20), [4]string{kept, linked, linked, kept}, [4]int{0, 30019, 30019, 0}},
		{"large MP4", "video/mp4", padded(mp4, 17<<20), [4]string{linked, linked, linked, linked}, [4]int{30019, 30019, 30019, 63021}},
		{"voice", "audio/ogg; codecs=opus", padded(ogg, 9000), [4]string{linked, linked, linked, kept}, [4]int{12300, 12300, 12300, 0}},
		{"contact", "text/vcard", []byte("BEGIN:VCARD\r\nEND:VCARD\r\n"), [4]string{linked, linked, linked, linked}, [4]int{12300, 12300, 12300, 63021}},
		{"text", "text/plain; charset=utf-8", []byte("hello"), [4]string{linked, linked, linked, kept}, [4]int{12300, 12300, 12300, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := open(t, media.Config{})
			m := given(t, d, c.stated, c.data)
			for i, rules := range []conversations.MediaRules{mms(), mms().Lowered(1_000_000), mms().Lowered(600_000), cloud()} {
				fit := fitOne(t, d, true, m, rules)
				got := string(fit.Outcome)
				if fit.Outcome == media.OutcomeConverted {
					got = kind(bytesOf(t, d, fit.Media))
					assert.Equal(t, fit.Media.ContentType, got)
				}
				assert.Equal(t, c.want[i], got, "channel %d: %s", i, fit.Reason)
				if c.code[i] == 0 {
					continue
				}
				if moving := strings.HasPrefix(c.name, "GIF"); !moving {
					strict := fitOne(t, d, false, m, rules)
					assert.Equal(t, media.OutcomeFailed, strict.Outcome)
					assert.Equal(t, c.code[i], strict.Code)
					assert.NotEmpty(t, strict.Reason)
				}
			}
		})
	}
}

// fitOne fits one file, and checks what holds of any.
func fitOne(t testing.TB, d *media.Directory, link bool, m conversations.Media, rules conversations.MediaRules) media.Fit {
	t.Helper()
	all, err := media.NewFitter(d, link).Fit(context.Background(), []conversations.Media{m}, rules)
	require.NoError(t, err)
	require.Len(t, all.Files, 1)
	return all.Files[0]
}

func TestALargePhotographStaysLarge(t *testing.T) {
	t.Parallel()
	d := open(t, media.Config{})
	m := given(t, d, "image/jpeg", withEXIF(asJPEG(t, scene(4000, 3000), 92), 6))
	m.Filename = "IMG_1.heic.jpeg"
	for limit, longest := range map[int64]int{1_000_000: 1600, 600_000: 1200, 100_000: 400} {
		fit := fitOne(t, d, true, m, mms().Lowered(limit))
		require.Equal(t, media.OutcomeConverted, fit.Outcome, fit.Reason)
		data := bytesOf(t, d, fit.Media)
		assert.LessOrEqual(t, int64(len(data)), limit)
		assert.Greater(t, int64(len(data)), limit/3, "what is allowed is made use of")
		config, _, err := image.DecodeConfig(bytes.NewReader(data))
		require.NoError(t, err)
		assert.GreaterOrEqual(t, config.Height, longest, "it is upright, and not needlessly small")
		assert.InDelta(t, 4.0/3, float64(config.Height)/float64(config.Width), 0.01)
		assert.NotContains(t, string(data), secret)
		assert.Contains(t, string(data), string(profile()), "its colours stay what they are")
		assert.Equal(t, "IMG_1.heic.jpeg", fit.Media.Filename)
		t.Logf("%d bytes: %dx%d in %d", limit, config.Width, config.Height, len(data))
	}
}

func TestAllOrientationsComeOutUpright(t *testing.T) {
	t.Parallel()
	d := open(t, media.Config{})
	want := corners(480, 320)
	for _, format := range []string{"jpeg", "png", "gray"} {
		for o := 1; o <= 8; o++ {
			t.Run(fmt.Sprintf("%s %d", format, o), func(t *testing.T) {
				t.Parallel()
				data, bare := stored(t, format, want, o)
				rules := mms()
				rules.Limits[0].Types = []string{"image/jpeg"}
				if format != "png" {
					rules = rules.Lowered(int64(bare) * 9 / 10)
				}
				fit := fitOne(t, d, false, given(t, d, "", data), rules)
				require.Equal(t, media.OutcomeConverted, fit.Outcome, fit.Reason)
				got, _, err := image.Decode(bytes.NewReader(bytesOf(t, d, fit.Media)))
				require.NoError(t, err)
				size := got.Bounds().Size()
				assert.Greater(t, size.X, size.Y)
				for _, quarter := range []image.Point{{1, 1}, {3, 1}, {1, 3}, {3, 3}} {
					a := color.GrayModel.Convert(want.At(quarter.X*120, quarter.Y*80)).(color.Gray)
					b := color.GrayModel.Convert(got.At(quarter.X*size.X/4, quarter.Y*size.Y/4)).(color.Gray)
					assert.InDelta(t, a.Y, b.Y, 12, quarter)
				}
			})
		}
	}
}

// stored is the upright picture as a camera that was held otherwise stores it, and
// how many bytes it has without metadata.
func stored(t testing.TB, format string, p *image.NRGBA, orientation int) (file []byte, bare int) {
	t.Helper()
	size := p.Rect.Size()
	if orientation >= 5 {
		size.X, size.Y = size.Y, size.X
	}
	held := image.NewNRGBA(image.Rectangle{Max: size})
	gray := image.NewGray(held.Rect)
	for y := range p.Rect.Dy() {
		for x := range p.Rect.Dx() {
			right, low := size.X-1, size.Y-1
			at := [...]image.Point{
				{x, y},
				{right - x, y},
				{right - x, low - y},
				{x, low - y},
				{y, x},
				{y, low - x},
				{right - y, low - x},
				{right - y, x},
			}[orientation-1]
			held.Set(at.X, at.Y, p.At(x, y))
			gray.Set(at.X, at.Y, p.At(x, y))
		}
	}
	switch format {
	case "png":
		return withChunks(asPNG(t, held), orientation), 0
	case "gray":
		file = asJPEG(t, gray, 100)
	default:
		file = asJPEG(t, held, 100)
	}
	return withEXIF(file, orientation), len(file)
}

package media_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/conversations"
	"bridged/media"
)

// frame is a JPEG that claims a size, with so many empty scans.
func frame(marker byte, width, height, scans int) []byte {
	size := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, uint16(height)), uint16(width))
	b := append([]byte{0xff, 0xd8}, segment(marker, "\x08"+string(size)+"\x03\x01\x22\x00\x02\x11\x00\x03\x11\x00")...)
	for range scans {
		b = append(b, segment(0xda, "\x01\x01\x00\x00\x3f\x00")...)
	}
	return append(b, 0xff, 0xd9)
}

// Not parallel, because it counts what the whole process allocates.
func TestBombsAreNotDecoded(t *testing.T) {
	bombs := map[string][]byte{
		"PNG":             pngOf(30000, 30000),
		"JPEG":            frame(0xc0, 30000, 30000, 1),
		"progressive":     frame(0xc2, 7000, 7000, 1),
		"many scans":      frame(0xc2, 2000, 2000, 5000),
		"GIF":             append([]byte("GIF89a\x30\x75\x30\x75\x00\x00\x00"), ';'),
		"WebP":            lossless(16000, 16000),
		"WebP in another": webp(webpChunk("VP8X", []byte{0x10, 0, 0, 0, 59, 0, 0, 39, 0, 0}), lossless(16000, 16000)[12:]),
		"BMP":             bmpOf(30000, 30000),
		"TIFF":            tiffOf(30000, 30000),
		"largest JPEG":    frame(0xc0, 65535, 65535, 1),
		"largest PNG":     pngOf(1<<31-1, 1<<31-1),
		"beyond PNG":      pngOf(1<<32-1, 1<<32-1),
		"long PNG":        pngOf(1<<31-1, 1),
		"many frames":     gifOf(1000, 1000, 50_000),
		"a large frame":   append(gifOf(10, 10, 0)[:13], gifFrame(65535, 65535)...),
	}
	for name, data := range bombs {
		s := &shelf{}
		m := s.put(t, "", data)
		rules := mms().Lowered(int64(len(data) - 1))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		linked := fitOn(t, s, m, rules)
		failed, err := media.NewFitter(s, false).Fit(context.Background(), []conversations.Media{m}, rules)
		require.NoError(t, err)
		runtime.ReadMemStats(&after)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(12<<20), name) // with the race detector it takes more
		assert.Equal(t, media.OutcomeLinked, linked.Outcome, name)
		assert.Regexp(t, "the picture cannot be read: |a moving picture would stand still", linked.Reason, name)
		assert.Equal(t, media.OutcomeFailed, failed.Files[0].Outcome, name)
		assert.Empty(t, failed.Messages)
		t.Log(name, linked.Reason)
	}
	for _, name := range []string{"PNG", "JPEG", "WebP in another"} {
		s := &shelf{}
		fit := fitOn(t, s, s.put(t, "", bombs[name]), anything())
		assert.Equal(t, media.OutcomeLinked, fit.Outcome, "%s: nobody's telephone gets it, though it has few bytes", name)
	}
}

// pngOf is the beginning of a PNG that claims a size.
func pngOf(width, height uint32) []byte {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)
	return join([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", string(head)+"\x08\x02\x00\x00\x00"), chunk("IDAT", "\x78\x9c"), chunk("IEND", ""))
}

// gifOf is a GIF of so many frames, with nothing in them.
func gifOf(width, height uint16, frames int) []byte {
	b := binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16([]byte("GIF89a"), width), height)
	b = append(b, 0, 0, 0)
	for range frames {
		b = append(b, gifFrame(width, height)...)
	}
	return append(b, ';')
}

// gifFrame is a frame with two colours and no picture.
func gifFrame(width, height uint16) []byte {
	b := binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16([]byte{',', 0, 0, 0, 0}, width), height)
	return append(b, 0x80, 0, 0, 0, 255, 255, 255, 2, 1, 0x2c, 0)
}

func bmpOf(width, height uint32) []byte {
	b := binary.LittleEndian.AppendUint32([]byte("BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00"), 40)
	b = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(b, width), height)
	return append(append(b, 1, 0, 24, 0), make([]byte, 24)...)
}

func tiffOf(width, height uint32) []byte {
	b := []byte("II*\x00\x08\x00\x00\x00\x04\x00")
	for _, tag := range [][2]uint32{{256, width}, {257, height}, {258, 8}, {262, 1}} {
		b = binary.LittleEndian.AppendUint16(b, uint16(tag[0]))
		b = append(b, 4, 0, 1, 0, 0, 0)
		b = binary.LittleEndian.AppendUint32(b, tag[1])
	}
	return append(b, 0, 0, 0, 0)
}

func TestPhotographsOfManyPixelsAreNoBombs(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	m := s.put(t, "", asJPEG(t, scene(8064, 6048), 75))
	fit := fitOn(t, s, m, mms().Lowered(1_000_000))
	require.Equal(t, media.OutcomeConverted, fit.Outcome, fit.Reason)
	config, _, err := image.DecodeConfig(bytes.NewReader(s.files[fit.Media.ID]))
	require.NoError(t, err)
	assert.Greater(t, config.Width, 2000)
}

// samples are small pictures of every kind, whole and broken.
func samples(t testing.TB) [][]byte {
	t.Helper()
	whole := [][]byte{
		withEXIF(asJPEG(t, scene(70, 50), 90), 6), withChunks(asPNG(t, noise(30, 20, true)), 8), asPNG(t, noise(40, 40, false)),
		asGIF(t, 40, 30, 1), asGIF(t, 20, 20, 3), lossless(50, 40), asTIFF(t, corners(30, 20)), asBMP(t, corners(20, 30)),
		webp(webpChunk("VP8X", []byte{0x18, 0, 0, 0, 59, 0, 0, 39, 0, 0}), lossless(60, 40)[12:], webpChunk("EXIF", exif(6))),
		frame(0xc2, 30, 30, 3), pngOf(20, 20), bmpOf(10, 10), tiffOf(10, 10), []byte(pdf), []byte(mp4), []byte(svg), []byte("hello"),
	}
	return append(whole, whole[9][:len(whole[9])-5]) // breaks off in a segment
}

// Whatever the files and the rules are: each file has an outcome, and what goes
// out fits, in order.
func TestWhatGoesOutFits(t *testing.T) {
	t.Parallel()
	pictures := samples(t)
	rapid.Check(t, func(t *rapid.T) {
		s := &shelf{}
		var files []conversations.Media
		for range rapid.IntRange(0, 6).Draw(t, "files") {
			data := bytes.Clone(rapid.SampledFrom(pictures).Draw(t, "file"))
			if rapid.Bool().Draw(t, "broken") {
				data = data[:rapid.IntRange(1, len(data)).Draw(t, "length")]
				data[rapid.IntRange(0, len(data)-1).Draw(t, "at")] ^= rapid.Byte().Draw(t, "by")
			}
			files = append(files, s.put(t, rapid.SampledFrom([]string{"", "image/jpeg", "image/webp", "video/mp4"}).Draw(t, "stated"), data))
		}
		rules := conversations.MediaRules{
			Count: rapid.IntRange(0, 4).Draw(t, "count"), Total: rapid.Int64Range(0, 9000).Draw(t, "total"),
			MaxText: 100, TooLarge: 1, BadType: 2,
			Limits: []conversations.MediaLimit{
				{Types: rapid.SampledFrom([][]string{{"image/jpeg"}, {"image/png"}, {"image/jpeg", "image/png"}, {"image/*"}, {}}).Draw(t, "pictures"), Bytes: rapid.Int64Range(0, 9000).Draw(t, "bytes")},
				{Types: []string{"video/mp4", "text/plain"}, Bytes: rapid.Int64Range(0, 30).Draw(t, "others"), NoText: true},
			},
		}
		link := rapid.Bool().Draw(t, "link")
		all, err := media.NewFitter(s, link).Fit(context.Background(), files, rules)
		require.NoError(t, err)
		fits(t, s, files, rules, link, all)
	})
}

func fits(t require.TestingT, s *shelf, files []conversations.Media, rules conversations.MediaRules, link bool, all media.Fitted) {
	require.Len(t, all.Files, len(files))
	var out []conversations.MediaID
	for i, fit := range all.Files {
		require.Equal(t, !fit.Made, fit.Media.ID == files[i].ID)
		switch fit.Outcome {
		case media.OutcomeKept, media.OutcomeConverted:
			limit, taken := rules.LimitFor(fit.Media.ContentType)
			require.True(t, taken && fit.Media.Size <= limit, "%+v", fit)
			require.Len(t, s.files[fit.Media.ID], int(fit.Media.Size))
			require.Zero(t, fit.Code)
			out = append(out, fit.Media.ID)
		case media.OutcomeLinked:
			require.True(t, link)
			require.NotEmpty(t, fit.Reason)
		case media.OutcomeFailed:
			require.False(t, link)
			require.NotEmpty(t, fit.Reason)
			require.Contains(t, []int{1, 2}, fit.Code)
		}
	}
	var sent []conversations.MediaID
	for _, m := range all.Messages {
		require.NotEmpty(t, m.Media)
		require.True(t, rules.Count == 0 || len(m.Media) <= rules.Count)
		total, text := int64(0), rules.MaxText
		for _, file := range m.Media {
			total += file.Size
			text = min(text, rules.TextBeside(file.ContentType))
			sent = append(sent, file.ID)
		}
		require.True(t, rules.Total == 0 || total <= rules.Total)
		require.Equal(t, text, m.MaxText)
	}
	require.Equal(t, out, sent)
}

func TestFilesAreGroupedIntoMessages(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	var files []conversations.Media
	for _, size := range []int{2 << 20, 2 << 20, 2 << 20, 6 << 20, 1 << 20, 2 << 20} {
		files = append(files, s.put(t, "", padded(mp4, size)))
	}
	for _, c := range []struct {
		count int
		total int64
		want  string
	}{
		{10, 5 << 20, "[2 3]"},
		{0, 0, "[5]"},
		{1, 5 << 20, "[1 1 1 1 1]"},
		{3, 50 << 20, "[3 2]"},
	} {
		rules := mms()
		rules.Count, rules.Total = c.count, c.total
		all, err := media.NewFitter(s, true).Fit(context.Background(), files, rules)
		require.NoError(t, err)
		fits(t, s, files, rules, true, all)
		var counts []int
		for _, m := range all.Messages {
			counts = append(counts, len(m.Media))
		}
		assert.Equal(t, c.want, fmt.Sprint(counts))
	}
}

func FuzzFit(f *testing.F) {
	for _, data := range samples(f) {
		f.Add(data, int64(len(data)-1))
		f.Add(data, int64(1<<20))
	}
	f.Fuzz(func(t *testing.T, data []byte, limit int64) {
		if len(data) == 0 || len(data) > 1<<20 {
			return
		}
		s := &shelf{}
		files := []conversations.Media{s.put(t, "", data)}
		rules := mms().Lowered(max(1, limit))
		all, err := media.NewFitter(s, true).Fit(context.Background(), files, rules)
		require.NoError(t, err)
		fits(t, s, files, rules, true, all)
		if fit := all.Files[0]; fit.Outcome == media.OutcomeKept && fit.Made {
			again := fitOn(t, s, fit.Media, rules)
			require.False(t, again.Made, "nothing is left to remove")
		}
	})
}

// BenchmarkFit makes a photograph of 12 megapixels fit an MMS on AT&T.
func BenchmarkFit(b *testing.B) {
	photo := asJPEG(b, scene(4000, 3000), 92)
	for _, limit := range []int64{1_000_000, 600_000} {
		b.Run(fmt.Sprint(limit), func(b *testing.B) {
			b.ReportAllocs()
			before := cpu(b)
			for b.Loop() {
				s := &shelf{}
				m := s.put(b, "", photo)
				fit := fitOn(b, s, m, mms().Lowered(limit))
				require.Equal(b, media.OutcomeConverted, fit.Outcome)
			}
			b.ReportMetric(float64((cpu(b)-before).Milliseconds())/float64(b.N), "cpu-ms/op")
		})
	}
}

// cpu is the time on processors that the process has had, which does not depend on
// what else the machine does.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

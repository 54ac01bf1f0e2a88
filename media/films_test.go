package media_test

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/conversations"
	"bridged/media"
)

// taggedHEIC is a picture of ffmpeg's test source, made by heif-enc, with EXIF and XMP
// that exiftool wrote: an artist, and a place.
//
//go:embed testdata/tagged.heic
var taggedHEIC []byte

// atom is a box of a film.
func atom(kind string, content ...[]byte) []byte {
	body := bytes.Join(content, nil)
	return join(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), []byte(kind), body)
}

// longAtom is a box with a length of 64 bits.
func longAtom(kind string, content ...[]byte) []byte {
	body := bytes.Join(content, nil)
	return join(binary.BigEndian.AppendUint32(nil, 1), []byte(kind), binary.BigEndian.AppendUint64(nil, uint64(16+len(body))), body)
}

// toTheEnd is a box that goes to the file's end.
func toTheEnd(kind string, content ...[]byte) []byte {
	return join(make([]byte, 4), []byte(kind), bytes.Join(content, nil))
}

// header is a box that begins with two times.
func header(kind string, version byte, created, changed uint64) []byte {
	times := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(created)), uint32(changed))
	if version == 1 {
		times = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, created), changed)
	}
	return atom(kind, []byte{version, 0, 0, 0}, times, []byte("the rest of "+kind))
}

func handler(of string) []byte {
	return atom("hdlr", make([]byte, 8), []byte(of), make([]byte, 13))
}

func movie(kinds ...[]byte) []byte {
	return join(atom("ftyp", []byte("isom\x00\x00\x02\x00isommp41")), atom("moov", kinds...), atom("mdat", []byte("frames and sound")))
}

func track(of string, version byte, more ...[]byte) []byte {
	return atom("trak", header("tkhd", version, 0, 0), atom("mdia", header("mdhd", version, 0, 0), handler(of), atom("minf", []byte("samples"))), join(more...))
}

func blanked(length int) []byte { return atom("free", make([]byte, length)) }

func TestKeptFilmsLoseTheirMetadata(t *testing.T) {
	t.Parallel()
	tags := []byte(strings.Repeat(secret, 3))
	gone := blanked(len(tags))
	for _, c := range []struct {
		name       string
		data, want []byte
	}{
		{"tags of the film", movie(header("mvhd", 0, 0, 0), atom("udta", tags)), movie(header("mvhd", 0, 0, 0), gone)},
		{"tags of QuickTime", movie(header("mvhd", 0, 0, 0), atom("meta", tags), track("vide", 0)), movie(header("mvhd", 0, 0, 0), gone, track("vide", 0))},
		{"tags of a track", movie(track("vide", 0, atom("udta", tags), atom("meta", tags))), movie(track("vide", 0, gone, gone))},
		{"when it was made", movie(header("mvhd", 0, 3850000000, 3850000001)), movie(header("mvhd", 0, 0, 0))},
		{"when it was made, in 64 bits", movie(header("mvhd", 1, 3850000000, 3850000001)), movie(header("mvhd", 1, 0, 0))},
		{"a box of its maker", join(movie(), atom("uuid", tags)), join(movie(), gone)},
		{"tags behind the film", join(movie(), atom("meta", make([]byte, 4), handler("mdir"), tags)), join(movie(), blanked(4+len(handler("mdir"))+len(tags)))},
		{"a long box", join(movie(), longAtom("udta", tags)), join(movie(), longAtom("free", make([]byte, len(tags))))},
		{"a box to the end", join(movie(), toTheEnd("udta", tags)), join(movie(), toTheEnd("free", make([]byte, len(tags))))},
		{
			"a track of places", movie(track("vide", 0), track("meta", 0), track("soun", 0)),
			movie(track("vide", 0), join(track("meta", 0)[:4], []byte("free"), track("meta", 0)[8:]), track("soun", 0)),
		},
		{"tags of a film that breaks off", movie(atom("udta", tags))[:60], join(movie(atom("udta", tags))[:36], []byte("free"), make([]byte, 20))},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := &shelf{}
			m := s.put(t, "video/mp4", c.data)
			fit := fitOn(t, s, m, mms())
			assert.Equal(t, media.OutcomeKept, fit.Outcome)
			require.True(t, fit.Made)
			assert.Equal(t, "its metadata was removed", fit.Reason)
			assert.Equal(t, m.ContentType, fit.Media.ContentType)
			assert.Equal(t, c.want, s.files[fit.Media.ID])
			again := fitOn(t, s, fit.Media, mms())
			assert.False(t, again.Made, "nothing is left to remove")
		})
	}
}

// What has nothing to remove, or cannot be followed, goes as it is.
func TestFilmsThatStayAsTheyAre(t *testing.T) {
	t.Parallel()
	for name, data := range map[string][]byte{
		"nothing to remove":               movie(header("mvhd", 0, 0, 0), track("vide", 1), track("soun", 0)),
		"a box longer than what it is in": movie(atom("trak", []byte("\x00\x00\xff\xffudta"))),
		"a box shorter than its head":     join(movie(), []byte("\x00\x00\x00\x03udta")),
		"boxes in boxes without end":      join(atom("ftyp"), bytes.Repeat([]byte("\x00\x00\x00\x00moov"), 50)),
		"a sound of another kind":         padded("ID3", 100),
		"hardly anything":                 []byte("RIFF"),
	} {
		s := &shelf{}
		fit := fitOn(t, s, s.put(t, "video/mp4", data), mms())
		assert.Equal(t, media.OutcomeKept, fit.Outcome, name)
		assert.False(t, fit.Made, name)
	}
}

// A film that goes as a link has lost its tags as well.
func TestLinksLeadToCleanFilms(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	m := s.put(t, "video/quicktime", movie(atom("udta", []byte(secret))))
	fit := fitOn(t, s, m, mms())
	assert.Equal(t, media.OutcomeLinked, fit.Outcome)
	assert.NotContains(t, string(s.files[fit.Media.ID]), secret)
	assert.Contains(t, fit.Reason, "does not take files of type video/quicktime")
}

func TestHEICLosesItsMetadata(t *testing.T) {
	t.Parallel()
	require.True(t, bytes.Contains(taggedHEIC, []byte("Alice Example")))
	s := &shelf{}
	fit := fitOn(t, s, s.put(t, "image/heic", taggedHEIC), anything())
	require.True(t, fit.Made)
	got := s.files[fit.Media.ID]
	require.Len(t, got, len(taggedHEIC))
	for _, word := range []string{"Alice", "Exif", "xmpmeta"} {
		assert.False(t, bytes.Contains(got, []byte(word)), word)
	}
	assert.True(t, bytes.Contains(got, []byte("hvc1")), "the picture is there")
	changed := 0
	for n := range got {
		if got[n] != taggedHEIC[n] {
			changed++
		}
	}
	assert.Less(t, changed, 4000, "all else is as it was")
	assert.False(t, fitOn(t, s, fit.Media, anything()).Made, "nothing is left to remove")
}

// A picture that claims that its EXIF is where its structure is gets nothing broken.
func TestHEICThatPointsAtItself(t *testing.T) {
	t.Parallel()
	item := atom("infe", []byte{2, 0, 0, 0, 0, 1, 0, 0}, []byte("Exif\x00"))
	place := []byte{0, 0, 0, 0, 0x44, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0} // bytes 0 to 255
	meta := atom("meta", make([]byte, 4), handler("pict"), atom("iinf", []byte{0, 0, 0, 0, 0, 1}, item), atom("iloc", place))
	data := join(atom("ftyp", []byte("heic\x00\x00\x00\x00mif1heic")), meta, atom("mdat", bytes.Repeat([]byte("x"), 300)))
	s := &shelf{}
	fit := fitOn(t, s, s.put(t, "image/heic", data), anything())
	want := bytes.Replace(data, []byte("Exif"), []byte("free"), 1)
	assert.Equal(t, want, s.files[fit.Media.ID])
}

// Whatever a film is made of, what remains is as long, its frames are where they were,
// and none of the tags is left.
func TestFilmsKeepTheirFrames(t *testing.T) {
	t.Parallel()
	frames := []byte("frames and sound, which must not move")
	rapid.Check(t, func(rt *rapid.T) {
		var boxes func(depth int) []byte
		boxes = func(depth int) (all []byte) {
			for range rapid.IntRange(0, 4).Draw(rt, "boxes") {
				kind := rapid.SampledFrom([]string{"moov", "trak", "mdia", "udta", "meta", "uuid", "free", "stbl", "mvhd"}).Draw(rt, "kind")
				inside := []byte(secret)
				switch kind {
				case "moov", "trak", "mdia":
					if inside = nil; depth > 0 {
						inside = boxes(depth - 1)
					}
				case "free", "stbl":
					inside = []byte("samples")
				case "mvhd":
					inside = join(make([]byte, 4), []byte(secret)[:8])
				}
				if rapid.Bool().Draw(rt, "long") {
					all = append(all, longAtom(kind, inside)...)
				} else {
					all = append(all, atom(kind, inside)...)
				}
			}
			return all
		}
		data := join(atom("ftyp", []byte("isom")), boxes(3), atom("mdat", frames), boxes(3))
		s := &shelf{}
		fit := fitOn(rt, s, s.put(rt, "video/mp4", data), mms())
		got := s.files[fit.Media.ID]
		require.Len(rt, got, len(data))
		require.Equal(rt, bytes.Index(data, frames), bytes.Index(got, frames))
		require.NotContains(rt, string(got), secret[:6])
	})
}

func FuzzFilm(f *testing.F) {
	f.Add(movie(header("mvhd", 1, 1, 1), track("meta", 0, atom("udta", []byte(secret))), atom("uuid")))
	f.Add(taggedHEIC)
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 || len(data) > 1<<16 {
			return
		}
		for _, stated := range []string{"video/mp4", "image/heic"} {
			s := &shelf{}
			m := s.put(t, stated, data)
			rules := conversations.MediaRules{Limits: []conversations.MediaLimit{{Types: []string{"*/*", "video/*", "image/*", "audio/*"}, Bytes: 1 << 20}}}
			all, err := media.NewFitter(s, true).Fit(context.Background(), []conversations.Media{m}, rules)
			require.NoError(t, err)
			if fit := all.Files[0]; strings.HasPrefix(m.ContentType, "video/") && fit.Made {
				require.Len(t, s.files[fit.Media.ID], len(data))
				require.False(t, fitOn(t, s, fit.Media, rules).Made, "nothing is left to remove")
			}
		}
	})
}

package media_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/gif"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/gabriel-vasile/mimetype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/media"
)

// shelf is media.Files in memory.
type shelf struct {
	mu    sync.Mutex
	files map[conversations.MediaID][]byte
	err   error // of what is read
	made  int
}

func (s *shelf) Open(id conversations.MediaID) (io.ReadSeekCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, ok := s.files[id]
	if !ok {
		return nil, conversations.Refuse(conversations.NotFound, "the file is gone")
	}
	file := opened{ReadSeeker: bytes.NewReader(data)}
	if s.err != nil {
		file.reader = iotest.ErrReader(s.err)
	}
	return file, nil
}

func (s *shelf) Keep(r io.Reader, stated string) (media.Kept, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return media.Kept{}, err
	}
	kind, err := media.ContentType(stated, mimetype.Detect(data))
	if err != nil {
		return media.Kept{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
	id := conversations.NewID[conversations.MediaID](epoch)
	if s.files == nil {
		s.files = make(map[conversations.MediaID][]byte)
	}
	s.files[id] = data
	return media.Kept{ID: id, ContentType: kind, Size: int64(len(data))}, nil
}

func (s *shelf) put(t require.TestingT, stated string, data []byte) conversations.Media {
	kept, err := s.Keep(bytes.NewReader(data), stated)
	require.NoError(t, err)
	return conversations.Media{ID: kept.ID, ContentType: kept.ContentType, Size: kept.Size}
}

// opened is a file of a shelf.
type opened struct {
	io.ReadSeeker
	reader io.Reader // instead, if there is one
}

func (o opened) Read(p []byte) (int, error) {
	if o.reader != nil {
		return o.reader.Read(p)
	}
	return o.ReadSeeker.Read(p)
}

func (o opened) Close() error { return nil }

// anything are rules of a channel that takes all pictures.
func anything() conversations.MediaRules {
	return conversations.MediaRules{Limits: []conversations.MediaLimit{{Types: []string{"image/*"}, Bytes: 1 << 30}}}
}

func TestKeptPicturesLoseTheirMetadata(t *testing.T) {
	t.Parallel()
	photo := asJPEG(t, scene(640, 480), 90)
	drawing := asPNG(t, noise(64, 64, true))
	film := asGIF(t, 20, 20, 2)
	sticker := lossless(60, 40)
	extended := func(flags byte) []byte {
		return webpChunk("VP8X", []byte{flags, 0, 0, 0, 59, 0, 0, 39, 0, 0})
	}
	bits := sticker[12:]
	upright := string(exifOnly(6))
	for _, c := range []struct {
		name       string
		data, want []byte
	}{
		{"JPEG", withEXIF(photo, 1), join(photo[:2], jfif(), profile(), photo[2:])},
		{"JPEG on its side", withEXIF(photo, 6), join(photo[:2], jfif(), segment(0xe1, "Exif\x00\x00"+upright), profile(), photo[2:])},
		{"JPEG that breaks off", withEXIF(photo, 1)[:5000], join(photo[:2], jfif(), profile(), photo[2:])[:5000-dropped(photo)]},
		{"JPEG with rubbish between segments", join(photo[:2], jfif(), []byte(secret), photo[2:]), join(photo[:2], jfif(), photo[2:])},
		{"PNG", withChunks(drawing, 1), drawing},
		{"PNG on its side", withChunks(drawing, 6), join(drawing[:33], chunk("eXIf", upright), drawing[33:])},
		{"GIF", join(film[:len(film)-1], []byte("!\xfe\x10"+secret+"\x00"), []byte("!\xff\x0bXMP DataXMP\x10"+secret+"\x00"), []byte(";"), []byte(secret)), film},
		{"WebP", webp(extended(0x1c), bits, webpChunk("EXIF", exif(1)), webpChunk("XMP ", []byte(secret))), webp(extended(0x10), bits)},
		{"WebP on its side", webp(extended(0x18), bits, webpChunk("EXIF", append([]byte("Exif\x00\x00"), exif(6)...))), webp(extended(0x18), bits, webpChunk("EXIF", []byte(upright)))},
		{"WebP with more behind it", append(append([]byte{}, sticker...), secret...), sticker},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := &shelf{}
			m := s.put(t, "", c.data)
			fit := fitOn(t, s, m, anything())
			assert.Equal(t, media.OutcomeKept, fit.Outcome)
			assert.True(t, fit.Made)
			assert.NotEqual(t, m.ID, fit.Media.ID)
			got := s.files[fit.Media.ID]
			assert.EqualValues(t, len(got), fit.Media.Size)
			assert.True(t, bytes.Equal(c.want, got), "%d bytes instead of %d", len(got), len(c.want))
			assert.False(t, bytes.Contains(got, []byte(secret[:6])))
			if kind(c.want) != "" && !strings.Contains(c.name, "breaks") {
				_, _, err := image.Decode(bytes.NewReader(got))
				require.NoError(t, err)
			}
			again := fitOn(t, s, fit.Media, anything())
			assert.False(t, again.Made, "there is nothing left to remove")
			assert.Equal(t, fit.Media.ID, again.Media.ID)
		})
	}
}

// A file that has no metadata goes out as it is.
func TestPicturesWithoutMetadataStay(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	film := asGIF(t, 20, 20, 3)
	all, err := gif.DecodeAll(bytes.NewReader(film))
	require.NoError(t, err)
	require.Len(t, all.Image, 3)
	for _, data := range [][]byte{asJPEG(t, scene(3000, 200), 99), asPNG(t, corners(9, 9)), film, lossless(7, 7), asBMP(t, corners(5, 5)), []byte(svg)} {
		m := s.put(t, "", data)
		fit := fitOn(t, s, m, anything())
		assert.Equal(t, media.Fit{Outcome: media.OutcomeKept, Media: m}, fit)
	}
}

func TestLinksLeadToPicturesWithoutMetadata(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	rules := mms()
	rules.Limits[0].Types = []string{"application/pdf"}
	m := s.put(t, "", withEXIF(asJPEG(t, scene(64, 64), 90), 6))
	fit := fitOn(t, s, m, rules)
	assert.Equal(t, media.OutcomeLinked, fit.Outcome)
	assert.NotContains(t, string(s.files[fit.Media.ID]), secret)
	assert.Contains(t, fit.Reason, "does not take files of type image/jpeg")
}

func fitOn(t require.TestingT, s *shelf, m conversations.Media, rules conversations.MediaRules) media.Fit {
	all, err := media.NewFitter(s, true).Fit(context.Background(), []conversations.Media{m}, rules)
	require.NoError(t, err)
	require.Len(t, all.Files, 1)
	return all.Files[0]
}

func join(pieces ...[]byte) []byte { return bytes.Join(pieces, nil) }

func jfif() []byte { return segment(0xe0, "JFIF\x00\x01\x02\x00\x00\x48\x00\x48\x00\x00") }

// dropped is how many bytes the metadata takes that withEXIF puts before a picture.
func dropped(file []byte) int {
	return len(withEXIF(file, 1)) - 2 - len(join(file, jfif(), profile()))
}

// exifOnly is EXIF that says nothing but an orientation.
func exifOnly(orientation byte) []byte {
	return []byte{
		'M', 'M', 0, '*', 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0,
	}
}

func TestPicturesAreFittedOnceForManyPeople(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	m := s.put(t, "", withEXIF(asJPEG(t, scene(1200, 900), 95), 6))
	f := media.NewFitter(s, true)
	var wait sync.WaitGroup
	ids := make([]conversations.MediaID, 20)
	for i := range ids {
		wait.Go(func() {
			m := m
			m.Filename = string(rune('a'+i)) + ".jpg"
			all, err := f.Fit(context.Background(), []conversations.Media{m}, mms().Lowered(100_000))
			if assert.NoError(t, err) {
				ids[i] = all.Files[0].Media.ID
				assert.Equal(t, m.Filename, all.Files[0].Media.Filename)
			}
		})
	}
	wait.Wait()
	for _, id := range ids {
		assert.Equal(t, ids[0], id)
	}
	assert.Equal(t, 2, s.made, "the picture, and what was made of it")
	delete(s.files, ids[0])
	all, err := f.Fit(context.Background(), []conversations.Media{m}, mms().Lowered(100_000))
	require.NoError(t, err)
	assert.NotEqual(t, ids[0], all.Files[0].Media.ID, "it is made again once it is gone")
	other, err := f.Fit(context.Background(), []conversations.Media{m}, mms().Lowered(90_000))
	require.NoError(t, err)
	assert.LessOrEqual(t, other.Files[0].Media.Size, int64(90_000))
}

func TestFitSaysWhatWentWrong(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is broken")
	s := &shelf{}
	photo := s.put(t, "", asJPEG(t, scene(640, 480), 90))
	f := media.NewFitter(s, true)
	_, err := f.Fit(context.Background(), []conversations.Media{{ID: "gone", ContentType: "image/png"}}, mms())
	assert.True(t, conversations.NotFound.Is(err), err)
	_, err = f.Fit(context.Background(), []conversations.Media{{ID: "gone", ContentType: "video/mp4"}}, mms())
	assert.True(t, conversations.NotFound.Is(err), err)
	s.err = broken
	_, err = f.Fit(context.Background(), []conversations.Media{photo}, mms())
	require.ErrorIs(t, err, broken)
	s.err = nil
	ctx, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
	defer cancel()
	<-ctx.Done()
	_, err = f.Fit(ctx, []conversations.Media{photo}, mms())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	all, err := f.Fit(context.Background(), []conversations.Media{photo}, mms())
	require.NoError(t, err)
	assert.Equal(t, media.OutcomeKept, all.Files[0].Outcome, "no failure is remembered")
}

package pipeline_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/conversations"
	"bridged/pipeline"
	"bridged/store/storetest"
)

// opener is a channels.MediaFetcher of one function.
type opener func(context.Context, conversations.Media) (io.ReadCloser, error)

func (f opener) FetchMedia(ctx context.Context, m conversations.Media) (io.ReadCloser, error) {
	return f(ctx, m)
}

// keeper is a loft with a way of its own to fetch files.
type keeper struct {
	*loft
	opener
}

// always opens the same text.
func always(text string) opener {
	return func(context.Context, conversations.Media) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(text)), nil
	}
}

// shows has the person on the channel send files.
func (w *world) shows(a channels.Adapter, id, body string, files ...conversations.Media) {
	w.t.Helper()
	require.NoError(w.t, w.bridge.Accept(w.t.Context(), []conversations.Inbound{{
		Channel: a.Name(), ProviderID: id, From: person(a), To: proxy(a), Body: body, Media: files,
	}}))
}

// settled waits until the files of the conversation's first message are settled,
// and returns them.
func (w *world) settled(c conversations.Conversation) (files []conversations.MediaFile) {
	w.t.Helper()
	eventually(w.t, func() bool {
		list, err := w.db.Messages(context.Background(), c.ID, conversations.Page{Size: 1})
		return err == nil && len(list.Items) == 1 && !list.Items[0].Fetching()
	}, "all files are settled")
	list, err := w.db.Messages(w.t.Context(), c.ID, conversations.Page{Size: 1})
	require.NoError(w.t, err)
	for _, m := range list.Items[0].Media {
		f, err := w.db.AnyMedia(w.t.Context(), m.ID)
		require.NoError(w.t, err)
		files = append(files, f)
	}
	return files
}

func (w *world) bytesOf(f conversations.MediaFile) string {
	w.t.Helper()
	content, err := w.files.Open(f.ID)
	require.NoError(w.t, err)
	defer content.Close()
	text, err := io.ReadAll(content)
	require.NoError(w.t, err)
	return string(text)
}

// A channel's own way comes first; else there is one for all.
func TestFilesAreFetchedAndSentOn(t *testing.T) {
	t.Parallel()
	pigeons := keeper{&loft{name: "loft", kind: "pigeon"}, always("by pigeon")}
	owls := &loft{name: "owls", kind: "owl"}
	w := newWorld(t, options{fetch: always("by anybody")}, pigeons, owls)
	c := w.converse(pigeons, owls)
	w.shows(pigeons, "1", "look", conversations.Media{ProviderID: "1", ContentType: "text/csv"})
	f := w.settled(c)[0]
	assert.Equal(t, "by pigeon", w.bytesOf(f))
	assert.Equal(t, "text/csv", f.ContentType)
	eventually(t, func() bool { return len(owls.sent()) == 1 }, "the owl has it")
	assert.Equal(t, []conversations.Media{
		{ID: f.ID, URL: "https://bridged.example.com/" + string(f.ID), ContentType: "text/csv", Size: 9, Category: conversations.CategoryMedia},
	}, owls.sent()[0].Media)

	w = newWorld(t, options{fetch: always("by anybody")}, owls)
	c = w.converse(owls)
	w.shows(owls, "1", "", conversations.Media{URL: "http://example.com/1"})
	assert.Equal(t, "by anybody", w.bytesOf(w.settled(c)[0]))
}

func TestHowFetchingFails(t *testing.T) {
	t.Parallel()
	sendError := func(v channels.Verdict) opener {
		return func(context.Context, conversations.Media) (io.ReadCloser, error) {
			return nil, &channels.SendError{Verdict: v, Detail: "in the carrier's words"}
		}
	}
	reading := func(r io.Reader) opener {
		return func(context.Context, conversations.Media) (io.ReadCloser, error) { return io.NopCloser(r), nil }
	}
	for name, c := range map[string]struct {
		open   opener
		tries  int32
		reason string
	}{
		"for good":      {sendError(channels.Permanent), 1, "in the carrier's words"},
		"for now":       {sendError(channels.Retry), 3, "in the carrier's words"},
		"throttled":     {sendError(channels.Throttled), 3, "in the carrier's words"},
		"unknown":       {sendError(channels.Unknown), 3, "in the carrier's words"},
		"not explained": {reading(iotest.ErrReader(errors.New("whatever"))), 3, "the file broke off"},
		"in the middle": {reading(io.MultiReader(strings.NewReader("begin"), iotest.ErrReader(io.ErrUnexpectedEOF))), 3, "the file broke off"},
		"at the end": {
			reading(iotest.ErrReader(&channels.SendError{Verdict: channels.Retry, Detail: "not the one"})), 3,
			"not the one",
		},
		"empty":     {always(""), 1, "empty"},
		"too large": {reading(zeros{}), 1, "too large"},
		"a panic":   {func(context.Context, conversations.Media) (io.ReadCloser, error) { panic("feathers") }, 1, "panicked"},
		"nobody":    {nil, 0, "no channel"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var tries atomic.Int32
			pigeons, owls := &loft{name: "loft", kind: "pigeon"}, &loft{name: "owls", kind: "owl"}
			o := options{most: 1 << 20}
			if c.open != nil {
				o.fetch = opener(func(ctx context.Context, m conversations.Media) (io.ReadCloser, error) {
					tries.Add(1)
					return c.open(ctx, m)
				})
			}
			w := newWorld(t, o, pigeons, owls)
			conversation := w.converse(pigeons, owls)
			w.shows(pigeons, "1", "look", conversations.Media{URL: "http://example.com/1"})
			f := w.settled(conversation)[0]
			assert.Equal(t, conversations.MediaFailed, f.State)
			assert.Contains(t, f.Reason, c.reason)
			assert.Equal(t, c.tries, tries.Load())
			eventually(t, func() bool { return len(owls.sent()) == 1 }, "the text goes out")
			_, err := w.files.Open(f.ID)
			assert.True(t, conversations.NotFound.Is(err), "nothing of it is left")
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// trickle gives a byte at a time, or none, until the context is done.
type trickle struct {
	ctx   context.Context
	pause time.Duration
}

func (t trickle) Read(p []byte) (int, error) {
	timer := time.NewTimer(t.pause)
	defer timer.Stop()
	select {
	case <-t.ctx.Done():
		return 0, t.ctx.Err()
	case <-timer.C:
		return copy(p, "x"), nil
	}
}

func TestACarrierThatIsTooSlowIsCutOff(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		pace   pipeline.Pace
		pause  time.Duration
		reason string
	}{
		"silent":    {pipeline.Pace{Longest: time.Hour, Window: 20 * time.Millisecond, Least: 1}, time.Hour, "too slowly"},
		"trickling": {pipeline.Pace{Longest: time.Hour, Window: 50 * time.Millisecond, Least: 1000}, time.Millisecond, "too slowly"},
		"endless":   {pipeline.Pace{Longest: 50 * time.Millisecond, Window: time.Hour, Least: 1}, time.Millisecond, "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pigeons := &loft{name: "loft", kind: "pigeon"}
			w := newWorld(t, options{pace: c.pace, fetch: opener(func(ctx context.Context, _ conversations.Media) (io.ReadCloser, error) {
				return io.NopCloser(trickle{ctx, c.pause}), nil
			})}, pigeons)
			conversation := w.converse(pigeons)
			w.shows(pigeons, "1", "look", conversations.Media{URL: "http://example.com/1"})
			assert.Contains(t, w.settled(conversation)[0].Reason, c.reason)
		})
	}
}

// A stop cuts files off at once and counts no attempt; the next start fetches them.
func TestAStopCutsFilesOff(t *testing.T) {
	t.Parallel()
	pigeons := &loft{name: "loft", kind: "pigeon"}
	o := options{place: storetest.New(t), files: t.TempDir(), close: time.Minute}
	asked := make(chan struct{}, 10)
	o.fetch = opener(func(ctx context.Context, _ conversations.Media) (io.ReadCloser, error) {
		asked <- struct{}{}
		return io.NopCloser(trickle{ctx, time.Hour}), nil
	})
	var c conversations.Conversation
	for restart := range 5 {
		w := newWorld(t, o, pigeons)
		if restart == 0 {
			c = w.converse(pigeons)
			w.shows(pigeons, "1", "look", conversations.Media{URL: "http://example.com/1"})
		}
		<-asked
		require.NoError(t, w.pipeline.Close())
		require.NoError(t, w.db.Close())
	}
	o.fetch = always("at last")
	w := newWorld(t, o, pigeons)
	assert.Equal(t, "at last", w.bytesOf(w.settled(c)[0]))
}

// Many slow files are no reason to let anybody else wait.
func TestFilesWaitForNobody(t *testing.T) {
	t.Parallel()
	pigeons, owls := &loft{name: "loft", kind: "pigeon"}, &loft{name: "owls", kind: "owl"}
	w := newWorld(t, options{fetch: opener(func(ctx context.Context, m conversations.Media) (io.ReadCloser, error) {
		if m.URL == "http://example.com/slow" {
			return io.NopCloser(trickle{ctx, time.Hour}), nil
		}
		return io.NopCloser(strings.NewReader("fast")), nil
	})}, pigeons, owls)
	c := w.converse(owls)
	other := w.converse(pigeons)
	slow := make([]conversations.Media, 10)
	for i := range slow {
		slow[i].URL = "http://example.com/slow"
	}
	w.shows(pigeons, "1", "look", slow...)
	w.shows(owls, "2", "look", conversations.Media{URL: "http://example.com/fast"})
	assert.Equal(t, "fast", w.bytesOf(w.settled(c)[0]))
	list, err := w.db.Messages(t.Context(), other.ID, conversations.Page{Size: 1})
	require.NoError(t, err)
	assert.True(t, list.Items[0].Fetching())
}

// Not parallel, because it counts the memory of the whole process.
func TestTenVideosAtOnceAreNotInMemory(t *testing.T) {
	const files, size, bound = 10, 16 << 20, 24 << 20
	var coming, come sync.WaitGroup
	coming.Add(files)
	come.Add(files)
	pigeons := &loft{name: "loft", kind: "pigeon"}
	w := newWorld(t, options{fetch: opener(func(context.Context, conversations.Media) (io.ReadCloser, error) {
		coming.Done()
		coming.Wait() // until all are on their way
		return video{io.LimitReader(zeros{}, size), &come}, nil
	})}, pigeons)
	c := w.converse(pigeons)
	videos := make([]conversations.Media, files)
	for i := range videos {
		videos[i] = conversations.Media{URL: "http://example.com/", ContentType: "video/mp4"}
	}
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	w.shows(pigeons, "1", "", videos...)
	come.Wait()
	var after runtime.MemStats
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(bound), "of all that was ever allocated")
	kept := 0 // together they have 160 MB, so the last one is one too many for one message
	for _, f := range w.settled(c) {
		if f.State == conversations.MediaKept {
			kept++
			assert.EqualValues(t, size, f.Size)
		}
	}
	assert.Equal(t, conversations.MaxMediaBytes/size, kept)
}

// video is a file that says when nobody reads it any more.
type video struct {
	io.Reader
	come *sync.WaitGroup
}

func (v video) Close() error { v.come.Done(); return nil }

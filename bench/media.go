package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"bridged/e2e/fakecarrier"
)

// mmsLimit is what an MMS of the benchmark's number may have in bytes: what toll-free
// numbers take.
const mmsLimit = 600_000

// pictureName is the id that Meta's fake has the picture by.
const pictureName = "picture"

// picture makes a photograph of some hundred KB that is too large for the limit.
func picture() (string, error) {
	const width, height = 2000, 1500
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	random := rand.New(rand.NewPCG(1, 2))
	for y := range height {
		for x := range width {
			grain := random.IntN(24)
			img.SetRGBA(x, y, color.RGBA{uint8(x/10 + grain), uint8(y/8 + grain), uint8((x+y)/16 + grain), 255})
		}
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 92})
	return b.String(), err
}

// mediaPart measures messages with a picture, which comes from WhatsApp, is fetched
// from Meta, made to fit an MMS, and fetched by the carrier of that.
func mediaPart(ctx context.Context, o options, s *section) error {
	content, err := picture()
	if err != nil {
		return err
	}
	o.messages = min(o.messages/200, 100)
	var rows [][]string
	var all []figures
	for n := range o.runs {
		f, size, err := pictures(ctx, o, content)
		if err != nil {
			return err
		}
		all = append(all, f)
		rows = append(rows, []string{
			strconv.Itoa(n + 1), three(f.relayed), three(f.each()), strconv.FormatInt(size>>10, 10), f.accept.both(), f.relay.both(),
			strconv.Itoa(f.idle >> 20), strconv.Itoa(f.rss >> 20),
		})
	}
	s.note("%d messages from WhatsApp with a JPEG of 2000 × 1500 and %d KB, over %d connections, to a number whose MMS have %d KB:",
		o.messages, len(content)>>10, pictureConnections, mmsLimit>>10)
	s.table([]string{
		"run", "pictures/s", "daemon ms/picture", "KB that came out", "accept p50 / p99 ms", "inbound to fetched by the carrier p50 / p99 ms",
		"RSS before MB", "peak RSS MB",
	}, rows...)
	s.note("Median: %.1f pictures a second, %.0f ms of the daemon's processor time each.", medians(all, relayed), medians(all, figures.each))
	return nil
}

// pictureConnections is how many messages with a picture come at once.
const pictureConnections = 8

// pictures gives the daemon messages with a picture, fetches as a carrier what it makes
// of them, and returns the size of the last.
func pictures(ctx context.Context, o options, content string) (f figures, size int64, err error) {
	w := newWatch(o.messages)
	var (
		next, last atomic.Int64
		fetching   sync.WaitGroup
		failed     = make(chan error, 1)
	)
	s, err := newStage(ctx, o, func(m fakecarrier.Sent, _ bool) {
		fetching.Go(func() { // a carrier fetches when it has answered
			n, err := fetchPicture(ctx, m)
			if err != nil {
				select {
				case failed <- err:
				default: // one is enough
				}
				return
			}
			last.Store(n)
			w.received(m)
		})
	})
	if err != nil {
		return f, 0, err
	}
	defer s.close() // the figures are taken
	s.twilio.KeepRaw = true
	s.cloud.Keep(pictureName, fakecarrier.File{Content: content, ContentType: "image/jpeg"})
	start, err := w.measureOn(ctx, s, o, "media", &f, func(ctx context.Context, s *stage) error {
		group, ctx := errgroup.WithContext(ctx)
		for range pictureConnections {
			group.Go(func() error {
				for n := next.Add(1); n <= int64(o.messages); n = next.Add(1) {
					if err := w.givePicture(ctx, s, n); err != nil {
						return err
					}
				}
				return nil
			})
		}
		return group.Wait()
	})
	f.relayed = float64(o.messages) / w.lastOut.Sub(start).Seconds()
	fetching.Wait()
	select {
	case failure := <-failed:
		err = errors.Join(err, failure)
	default:
	}
	return f, last.Load(), err
}

// givePicture delivers the n-th message, with a picture, from somebody on WhatsApp.
func (w *watch) givePicture(ctx context.Context, s *stage, n int64) error {
	start := time.Now()
	w.mu.Lock()
	w.given[n] = start
	w.mu.Unlock()
	p := s.pairs[(2*int(n)+1)%len(s.pairs)]
	status, err := s.cloud.PostValue(ctx, s.URL+"/hooks/whatsapp", map[string]any{"messages": []any{map[string]any{
		"id": "wamid." + strconv.FormatInt(n, 10), "from": strings.TrimPrefix(p.person.Local(), "+"),
		"timestamp": strconv.FormatInt(start.Unix(), 10), "type": "image",
		"image": map[string]any{"id": pictureName, "mime_type": "image/jpeg", "caption": body(n)},
	}}})
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("the hook answered %d", status)
	}
	w.taken(start)
	return nil
}

// fetchPicture fetches the picture of a message that Twilio's fake got, and returns its
// size in bytes.
func fetchPicture(ctx context.Context, m fakecarrier.Sent) (int64, error) {
	form, err := url.ParseQuery(m.Raw[strings.LastIndex(m.Raw, "\r\n")+2:])
	if err != nil {
		return 0, err
	}
	status, n, err := get(ctx, http.DefaultClient, form.Get("MediaUrl"))
	switch {
	case err != nil:
		return n, err
	case status != http.StatusOK:
		return n, fmt.Errorf("GET of the picture: %d %s", status, http.StatusText(status))
	case n == 0 || n > mmsLimit:
		return n, fmt.Errorf("the picture has %d bytes", n)
	}
	return n, nil
}

package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"bridged/bridge"
	"bridged/channels"
	"bridged/conversations"
	"bridged/media"
)

// Files keep the files of inbound messages.
type Files interface {
	// KeepAs writes a file of at most so many bytes under an ID. Errors of r are
	// returned as they are.
	KeepAs(id conversations.MediaID, r io.Reader, stated string, most int64) (media.Kept, error)
}

// Pace says how slowly a carrier may give a file away.
type Pace struct {
	// Longest bounds the whole of one attempt.
	Longest time.Duration
	// Window is the time in which Least bytes have to come, over and over.
	Window time.Duration
	Least  int64
}

// DefaultPace lets a file of 150 MB through at 1.3 Mbit/s, and gives up on a
// carrier that falls silent after half a minute.
func DefaultPace() Pace {
	return Pace{Longest: 15 * time.Minute, Window: 30 * time.Second, Least: 32 << 10}
}

var (
	errTooLong = errors.New("the file took too long")
	errTooSlow = errors.New("the file came too slowly")
	errNobody  = errors.New("no channel is configured that could fetch it")
)

// fetch brings a file of an inbound message onto our disk. It is outside of any
// commit, and is cut off at the stop: the next start begins anew.
func (p *Pipeline) fetch(m *message.Message) error {
	own, err := strconv.ParseInt(m.UUID, 10, 64)
	if err != nil {
		return err
	}
	f, err := p.cfg.Verbs.BeginFetch(p.life, own, conversations.MediaID(m.Payload))
	if err != nil || f == nil {
		return err
	}
	start := p.cfg.Now()
	r := p.download(*f)
	if r.Reason != "" && p.isStopping() {
		return nil // it is nobody's failure; Recover finds the file without a task
	}
	p.cfg.Log.Debug("an attempt to fetch a file has ended", "channel", f.Channel, "file", string(f.File),
		"bytes", r.Size, "reason", r.Reason, "took", p.cfg.Now().Sub(start))
	return p.cfg.Verbs.SettleFetch(p.life, own, *f, r)
}

// isStopping says whether Close has begun.
func (p *Pipeline) isStopping() bool {
	select {
	case <-p.fetching.Done():
		return true
	default:
		return false
	}
}

// download makes one attempt.
func (p *Pipeline) download(f conversations.Fetch) bridge.Fetched {
	ctx, stop := context.WithTimeoutCause(p.fetching, p.cfg.Pace.Longest, errTooLong)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := newWatch(p.cfg.Pace, cancel)
	defer watch.stop()
	body, err := p.open(ctx, f)
	if err != nil {
		return notFetched(ctx, err)
	}
	defer body.Close() //nolint:errcheck // it was only read
	stated := f.Source.ContentType
	if typed, ok := body.(interface{ ContentType() string }); ok && stated == "" {
		stated = typed.ContentType()
	}
	kept, err := p.cfg.Files.KeepAs(f.File, watch.over(body), stated, f.Room)
	if err != nil {
		return notFetched(ctx, err)
	}
	return bridge.Fetched{ContentType: kept.ContentType, Size: kept.Size, SHA256: kept.SHA256}
}

// open opens the file at its carrier. It makes an error of a driver's panic.
func (p *Pipeline) open(ctx context.Context, f conversations.Fetch) (body io.ReadCloser, err error) {
	fetcher := p.fetcher(f.Channel)
	if fetcher == nil {
		return nil, &channels.SendError{Verdict: channels.Permanent, Detail: errNobody.Error()}
	}
	defer func() {
		if v := recover(); v != nil {
			err = &channels.SendError{Verdict: channels.Permanent, Detail: fmt.Sprintf("the driver panicked: %v", v)}
		}
	}()
	return fetcher.FetchMedia(ctx, f.Source)
}

// fetcher is what fetches the files of a channel; nil for nobody.
func (p *Pipeline) fetcher(channel string) channels.MediaFetcher {
	for _, a := range p.cfg.Adapters {
		if fetcher, ok := a.(channels.MediaFetcher); ok && a.Name() == channel {
			return fetcher
		}
	}
	return p.cfg.Fetcher
}

// notFetched says in the bridge's words why there is no file.
func notFetched(ctx context.Context, err error) bridge.Fetched {
	var refused *conversations.Error
	var e *channels.SendError
	switch {
	case errors.Is(err, conversations.ErrUnavailable):
		return bridge.Fetched{Reason: "the file could not be written to the disk", Retry: true, Ours: true}
	case conversations.FileTooLarge.Is(err):
		return bridge.Fetched{Reason: "the file is too large: the files of a message may have " +
			fmt.Sprintf("%d bytes together", conversations.MaxMediaBytes)}
	case errors.As(err, &refused):
		return bridge.Fetched{Reason: "the file is empty"}
	case ctx.Err() != nil:
		return bridge.Fetched{Reason: context.Cause(ctx).Error(), Retry: true}
	case !errors.As(err, &e):
		return bridge.Fetched{Reason: "the file broke off", Retry: true}
	}
	r := bridge.Fetched{Reason: e.Detail, Retry: true, After: e.After}
	switch e.Verdict {
	case channels.Permanent, channels.OptedOut, channels.OutsideWindow:
		r.Retry = false
	case channels.Unknown, channels.Retry, channels.Throttled:
	}
	if r.Reason == "" {
		r.Reason = e.Error()
	}
	return r
}

// watch cuts off what comes too slowly.
type watch struct {
	pace  Pace
	bytes atomic.Int64
	timer *time.Timer
}

func newWatch(pace Pace, cancel context.CancelCauseFunc) *watch {
	w := &watch{pace: pace}
	ready := make(chan struct{})
	defer close(ready)
	w.timer = time.AfterFunc(pace.Window, func() {
		<-ready
		if w.bytes.Swap(0) < pace.Least {
			cancel(errTooSlow)
			return
		}
		w.timer.Reset(pace.Window)
	})
	return w
}

func (w *watch) stop() { w.timer.Stop() }

// over counts what is read.
func (w *watch) over(r io.Reader) io.Reader { return watched{r, w} }

type watched struct {
	io.Reader
	watch *watch
}

// Read implements io.Reader.
func (r watched) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	r.watch.bytes.Add(int64(n))
	return n, err
}

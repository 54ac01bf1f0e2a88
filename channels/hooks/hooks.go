// Package hooks is the side of the carriers that call over HTTP: it serves
// /hooks/{channel} and /hooks/{channel}/status.
//
// It reads a request, hands it to the channel's driver, which checks who sent it
// and says what it carries, and has that stored. Only then is the carrier
// answered 2xx: until a message is safe, the carrier must think that it still
// has to deliver it. Both paths go to the same driver, which tells messages from
// statuses by what they contain; the two exist because some carriers ask for two
// URLs.
package hooks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"bridged/channels"
	"bridged/conversations"
)

// Acceptor stores what carriers bring. When it returns nil that is durable;
// accepting the same thing again is no error and has no effect.
type Acceptor interface {
	Accept(ctx context.Context, messages []conversations.Inbound) error
	AcceptStatuses(ctx context.Context, statuses []conversations.StatusReport) error
}

// Observer is told of every request that was answered: the channel's name (empty
// where the request names none that exists), one of the results below and how
// long it took.
type Observer func(channel, result string, took time.Duration)

// The results of a request.
const (
	ResultAccepted    = "accepted"    // 200, everything is stored
	ResultChallenge   = "challenge"   // 200, the URL is verified
	ResultSignature   = "signature"   // 403
	ResultMalformed   = "malformed"   // 400
	ResultTooLarge    = "too_large"   // 413
	ResultTooSlow     = "too_slow"    // 408
	ResultMethod      = "method"      // 405
	ResultNotFound    = "not_found"   // 404
	ResultUnavailable = "unavailable" // 503
	ResultFailed      = "failed"      // 500
)

const (
	// Prefix is what the paths start with.
	Prefix = "/hooks/"
	// MaxBody is the longest request that is read, in bytes. Carriers send a few
	// kilobytes, with links to files; Meta puts many messages into one, of 3 MB at most,
	// and refusing that would lose them all.
	MaxBody = 4 << 20
)

// Config says what to serve.
type Config struct {
	PublicURL string             // as the carriers see it; signatures cover it
	Channels  []channels.Adapter // those that are no channels.HookReceiver are left out
	Acceptor  Acceptor
	Observer  Observer     // may be nil
	Logger    *slog.Logger // may be nil
}

// Handler serves the hooks of all channels.
type Handler struct {
	publicURL string
	receivers map[string]channels.HookReceiver
	acceptor  Acceptor
	observe   Observer
	log       *slog.Logger

	reading    reading
	complaints complaints
}

// New makes a Handler. Two channels of one name are an error.
func New(cfg Config) (*Handler, error) {
	if cfg.Acceptor == nil {
		return nil, errors.New("hooks: no acceptor")
	}
	h := &Handler{
		publicURL: strings.TrimRight(cfg.PublicURL, "/"),
		receivers: make(map[string]channels.HookReceiver),
		acceptor:  cfg.Acceptor,
		observe:   cfg.Observer,
		log:       cfg.Logger,
	}
	if h.observe == nil {
		h.observe = func(string, string, time.Duration) {}
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	for _, a := range cfg.Channels {
		r, ok := a.(channels.HookReceiver)
		if !ok {
			continue
		}
		if h.receivers[a.Name()] != nil {
			return nil, fmt.Errorf("hooks: two channels named %q", a.Name())
		}
		h.receivers[a.Name()] = r
	}
	return h, nil
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	name, receiver := h.find(r.URL.Path)
	result := ResultNotFound
	if receiver == nil {
		refuse(w, http.StatusNotFound)
	} else {
		result = h.serve(w, r, name, receiver)
	}
	h.observe(name, result, time.Since(started))
}

// find returns the channel that a path names.
func (h *Handler) find(path string) (string, channels.HookReceiver) {
	rest, ok := strings.CutPrefix(path, Prefix)
	if !ok {
		return "", nil
	}
	name, kind, more := strings.Cut(rest, "/")
	receiver := h.receivers[name]
	if receiver == nil || (more && kind != "status") {
		return "", nil
	}
	return name, receiver
}

// serve answers a request to a channel and says how.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, name string, receiver channels.HookReceiver) string {
	challenger, ok := receiver.(channels.Challenger)
	switch {
	case r.Method == http.MethodPost:
		return h.receive(w, r, name, receiver)
	case ok && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		return h.challenge(w, r, name, challenger)
	case ok:
		w.Header().Set("Allow", "GET, HEAD, POST")
	default:
		w.Header().Set("Allow", "POST")
	}
	refuse(w, http.StatusMethodNotAllowed)
	return ResultMethod
}

func (h *Handler) challenge(w http.ResponseWriter, r *http.Request, name string, c channels.Challenger) string {
	reply, err := c.AnswerChallenge(h.request(r, nil))
	if err != nil {
		return h.reject(w, r, name, err)
	}
	answer(w, "text/plain; charset=utf-8", reply)
	return ResultChallenge
}

func (h *Handler) receive(w http.ResponseWriter, r *http.Request, name string, receiver channels.HookReceiver) string {
	body, done, err := h.reading.body(w, r)
	defer done()
	if err != nil {
		return h.unread(w, r, name, err)
	}
	received, err := receiver.ReceiveHook(h.request(r, body))
	if err != nil {
		return h.reject(w, r, name, err)
	}
	if received, err = h.sensible(r.Context(), name, received); err != nil {
		return h.reject(w, r, name, err)
	}
	if err := h.accept(r.Context(), name, received); err != nil {
		return h.reject(w, r, name, err)
	}
	answer(w, received.ContentType, received.Reply)
	return ResultAccepted
}

// unread answers a request whose body did not come.
func (h *Handler) unread(w http.ResponseWriter, r *http.Request, name string, err error) string {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		refuse(w, http.StatusRequestEntityTooLarge)
		return ResultTooLarge
	case errors.Is(err, conversations.ErrUnavailable):
		return h.reject(w, r, name, err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		refuse(w, http.StatusRequestTimeout)
		return ResultTooSlow
	}
	refuse(w, http.StatusBadRequest) // the carrier hung up, or wrote no proper HTTP
	return ResultMalformed
}

// request is what the driver sees. The URL is the one that the carrier was told:
// behind a proxy the Host header and the scheme are another's, and signatures
// cover what the carrier knows.
func (h *Handler) request(r *http.Request, body []byte) channels.HookRequest {
	u := h.publicURL + r.URL.EscapedPath()
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		u += "?" + r.URL.RawQuery
	}
	return channels.HookRequest{Method: r.Method, URL: u, Query: r.URL.Query(), Header: r.Header, Body: body}
}

// accept has everything stored.
func (h *Handler) accept(ctx context.Context, name string, received channels.Received) error {
	ctx, cancel := context.WithTimeout(ctx, acceptTime)
	defer cancel()
	if len(received.Messages) > 0 {
		if err := h.acceptor.Accept(ctx, received.Messages); err != nil {
			return fmt.Errorf("accept messages: %w", err)
		}
	}
	if len(received.Statuses) > 0 {
		if err := h.acceptor.AcceptStatuses(ctx, received.Statuses); err != nil {
			return fmt.Errorf("accept statuses: %w", err)
		}
	}
	for _, m := range received.Messages {
		h.log.DebugContext(ctx, "message accepted", slog.String("channel", name),
			slog.Any("from", m.From), slog.Any("to", m.To), slog.Int("media", len(m.Media)))
		for _, note := range m.Notes {
			h.log.WarnContext(ctx, "message is not kept as it came", slog.String("channel", name),
				slog.String("provider_id", m.ProviderID), slog.Any("from", m.From), slog.String("note", note))
		}
	}
	for _, s := range received.Statuses {
		h.log.DebugContext(ctx, "status accepted", slog.String("channel", name),
			slog.String("status", string(s.Status)), slog.Any("address", s.Address))
	}
	return nil
}

// reject answers a request that came to nothing. What is wrong inside is for the
// log only.
func (h *Handler) reject(w http.ResponseWriter, r *http.Request, name string, err error) string {
	status, result, level := http.StatusInternalServerError, ResultFailed, slog.LevelError
	switch {
	case errors.Is(err, channels.ErrSignature):
		status, result, level = http.StatusForbidden, ResultSignature, slog.LevelWarn
	case errors.Is(err, channels.ErrMalformed):
		status, result, level = http.StatusBadRequest, ResultMalformed, slog.LevelWarn
	case errors.Is(err, conversations.ErrBacklogFull), errors.Is(err, conversations.ErrUnavailable),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		// The writer did not take it up in time, or the carrier did not wait for it.
		status, result, level = http.StatusServiceUnavailable, ResultUnavailable, slog.LevelWarn
		w.Header().Set("Retry-After", askToWait())
	}
	if omitted, may := h.complaints.may(complaint{name, result}, time.Now()); may {
		h.log.LogAttrs(r.Context(), level, "hook rejected", slog.String("channel", name),
			slog.String("result", result), slog.Any("error", err), slog.Int("omitted", omitted))
	}
	refuse(w, status)
	return result
}

// answer tells the carrier that everything went well. What is echoed of a
// challenge must never be taken for a page.
func answer(w http.ResponseWriter, contentType string, reply []byte) {
	if contentType != "" {
		w.Header().Set("Content-Type", contentType)
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusOK)
	// Where the carrier is gone it will send again, and nothing is stored twice.
	_, _ = w.Write(reply) //nolint:gosec // a challenge is echoed as text that browsers do not sniff, and only with the token
}

func refuse(w http.ResponseWriter, status int) { http.Error(w, http.StatusText(status), status) }

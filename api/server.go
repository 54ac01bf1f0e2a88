package api

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"bridged/conversations"
	"bridged/media"
	"bridged/twilio"
)

// Config is what the API needs. Every field is required unless its comment says
// otherwise.
type Config struct {
	Account Credentials
	// Session says whether a request comes from an operator who is logged in to the
	// console, and from a page of the console. It is asked where a request has no
	// credentials of its own. Optional.
	Session func(*http.Request) bool
	// PublicURL decides every absolute URL, whatever Host a request names.
	PublicURL string
	// MessagingServices are those that are configured; the first is the default one,
	// unless another is chosen (page 10).
	MessagingServices []conversations.MessagingServiceID
	// Numbers are those of ours, in the order in which they are shown. Optional.
	Numbers []Number
	Bridge  Verbs
	Store   Queries
	Files   Files
	Links   *media.Signer // of the URLs that need no credentials
	// Targets are those who listen to events. Optional: nobody is shown.
	Targets WebhookTargets
	// Metrics are what the process counts of itself. Optional: they are not shown.
	Metrics func() (Metrics, error)
	// Backups copy the installation. Optional: the store is no SQLite file.
	Backups Backups
	Log     *slog.Logger // optional; discards
	// Extra are further handlers behind the same authentication, by the mux
	// pattern of their prefix: "/bridged/v1/simulator/". Optional.
	Extra map[string]http.Handler
	// ActionsPerSecond bounds the writes to each conversation and service; 0 is
	// no bound (page 31).
	ActionsPerSecond int
	Now              func() time.Time // optional; time.Now
	// KeepAlive ticks when the clients of an event stream are to get a sign of life.
	// Optional: every 15 s.
	KeepAlive func() (ticks <-chan time.Time, stop func())
	// Stopping is closed when event streams are to end. Optional: they end with their
	// clients.
	Stopping <-chan struct{}
	// Origins are those whose pages may call from a browser, as browsers write
	// them, or "*" alone for all. Optional.
	Origins []string
	// Observe is told of every answer: the pattern of its route, which is empty
	// for a path that has none, its status and how long it took. Optional.
	Observe func(route string, status int, took time.Duration)
}

// server is the handlers and what they share.
type server struct {
	cfg Config
	log *slog.Logger
	mux *http.ServeMux

	actions *actionLimits
	chunks  eventChunks
	cors    cors
	gzips   *sync.Pool        // of *gzip.Writer
	allowed map[string]string // the methods of each route, as Allow has them
}

// New makes the handler of everything under /v1, /v3 and /bridged/v1. Other paths
// are answered with the API's 404, so that it can stand at the root of a mux.
func New(cfg Config) http.Handler {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &server{
		cfg: cfg, log: cfg.Log, mux: http.NewServeMux(), allowed: map[string]string{},
		actions: newActionLimits(cfg.ActionsPerSecond, cfg.Now), cors: cors{cfg.Origins}, gzips: gzipPool(),
	}
	s.chunks.read = s.readEvents
	if s.cfg.KeepAlive == nil {
		s.cfg.KeepAlive = newKeepAlive
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.log = slog.New(LogHandler(s.log.Handler()))
	s.routes()
	for pattern, h := range cfg.Extra {
		s.mux.Handle(pattern, s.guarded(func(w http.ResponseWriter, r *http.Request, _ string) { h.ServeHTTP(w, r) }))
		s.noRedirect(pattern)
	}
	for _, prefix := range []string{"/v1/", "/v3/", "/bridged/v1/"} {
		s.mux.Handle(prefix, s.guarded(notFound))
		s.noRedirect(prefix)
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { notFound(w, r, "") })
	return s
}

// noRedirect keeps the mux from answering "/prefix" with a redirect to
// "/prefix/": the API answers JSON and never redirects.
func (s *server) noRedirect(prefix string) {
	bare, ok := strings.CutSuffix(prefix, "/")
	if _, taken := s.cfg.Extra[bare]; ok && !taken {
		s.mux.Handle(bare, s.guarded(notFound))
	}
}

// ServeHTTP implements http.Handler.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	r = identified(w, r)
	compressed := &gzipWriter{ResponseWriter: w, pool: s.gzips, decided: !wantsGzip(r)}
	answer := &answerWriter{ResponseWriter: compressed}
	defer func() {
		s.recovered(answer, r, recover())
		_ = compressed.Close() // who has hung up cannot be told so
		if s.cfg.Observe != nil {
			s.cfg.Observe(r.Pattern, answer.status, time.Since(start))
		}
	}()
	w.Header().Add("Vary", "Accept-Encoding")
	if s.cors.mark(answer.Header(), r) && preflight(r) {
		s.answerPreflight(answer, r)
		return
	}
	if !plainPath(r) {
		s.guarded(notFound).ServeHTTP(answer, r)
		return
	}
	s.mux.ServeHTTP(answer, r)
}

// recovered answers a request whose handler panicked. What happened is for the
// log alone.
func (s *server) recovered(w *answerWriter, r *http.Request, cause any) {
	if cause == nil {
		return
	}
	if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(cause) // net/http's own way to drop a connection
	}
	s.log.ErrorContext(r.Context(), "handler panicked",
		"method", r.Method, "route", r.Pattern, "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
	if w.status == 0 {
		writeError(w, twilio.Internal())
	}
}

// plainPath says whether the path can name anything: the mux would answer one
// with empty or dot segments with a redirect, and no name in the store is
// anything but UTF-8 text.
func plainPath(r *http.Request) bool {
	escaped := r.URL.EscapedPath()
	clean := path.Clean("/" + escaped)
	return (escaped == clean || escaped == clean+"/" && clean != "/") &&
		utf8.ValidString(r.URL.Path) && !strings.ContainsRune(r.URL.Path, 0)
}

// methods are the handlers of one path.
type methods map[string]handler

// handle serves a path.
func (s *server) handle(pattern string, m methods) {
	route(s, pattern, m, func(w http.ResponseWriter, r *http.Request, who string, h handler) error {
		answer, err := s.serve(w, r, who, h, m[http.MethodGet])
		if err == nil {
			answer.validate(w, r).write(w)
		}
		return err
	})
}

// route serves a path by whatever kind of handlers it has. Methods that it does
// not have are answered 405; HEAD is served wherever GET is, and OPTIONS says
// which there are.
func route[H any](s *server, pattern string, m map[string]H, serve func(w http.ResponseWriter, r *http.Request, who string, h H) error) {
	if get, ok := m[http.MethodGet]; ok {
		m[http.MethodHead] = get // net/http drops the body
	}
	allow := allowOf(m)
	s.allowed[pattern] = allow
	s.mux.Handle(pattern, s.guarded(func(w http.ResponseWriter, r *http.Request, who string) {
		h, ok := m[r.Method]
		switch {
		case ok:
			if err := serve(w, r, who, h); err != nil {
				s.refuse(w, r, err)
			}
			return
		case r.Method == http.MethodOptions:
			w.Header().Set("Allow", allow)
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Allow", allow)
		writeError(w, twilio.NewError(http.StatusMethodNotAllowed, twilio.CodeMethodNotAllowed, "Method not allowed"))
	}))
}

// refuse answers a request that failed.
func (s *server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	e := twilio.FromError(err, r.URL.EscapedPath())
	if e.Status >= http.StatusInternalServerError && r.Context().Err() == nil {
		// The path may hold an address, so only its pattern is logged.
		s.log.ErrorContext(r.Context(), "request failed",
			"method", r.Method, "route", r.Pattern, "status", e.Status, "error", err)
	}
	writeError(w, e)
}

func notFound(w http.ResponseWriter, r *http.Request, _ string) {
	writeError(w, twilio.NotFound(r.URL.EscapedPath()))
}

func writeError(w http.ResponseWriter, e *twilio.Error) {
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(e.RetryAfter))
	}
	reply{e.Status, encode(e)}.write(w)
}

// answerWriter remembers the status of an answer.
type answerWriter struct {
	http.ResponseWriter
	status int // 0 while nothing is answered
}

// WriteHeader implements http.ResponseWriter.
func (w *answerWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *answerWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach what is behind, for handlers that
// stream or take the connection over.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

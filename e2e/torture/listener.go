package main

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"

	"bridged/e2e/torture/history"
)

// listener is the operator's own server: it is asked before changes in some
// conversations, and told of all messages.
type listener struct {
	*httptest.Server

	mode    atomic.Int32
	refused map[string]bool // tokens of messages that it refuses

	mu    sync.Mutex
	dice  func(string) bool // whether a call goes wrong in usual times
	told  []history.Told
	tally map[string]int
}

func newListener(p *plan) *listener {
	l := &listener{refused: make(map[string]bool), tally: make(map[string]int)}
	for _, s := range append(append([]step(nil), p.steps...), p.last...) {
		for _, line := range s.lines {
			if line.refused {
				l.refused[line.token] = true
			}
		}
	}
	faults := newCarrierFaults(p.seed)
	l.dice = func(token string) bool { return faults.dice("webhook "+token).IntN(100) < 3 }
	l.Server = httptest.NewServer(l)
	return l
}

// ServeHTTP implements http.Handler.
func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	token := history.Token(r.Form.Get("Body"))
	if r.URL.Path == "/pre" && l.refused[token] {
		l.count("refused a message")
		w.WriteHeader(http.StatusForbidden)
		return
	}
	outcome := l.outcome(token + r.Form.Get("RetryCount"))
	if r.URL.Path == "/pre" && outcome == "answered 500" {
		outcome = "cut the line" // the other one would refuse the message
	}
	if r.URL.Path == "/post" {
		l.note(history.Told{
			Event: r.Form.Get("EventType"), Conversation: bare(r.Form.Get("ConversationSid")), Message: bare(r.Form.Get("MessageSid")),
			Taken: outcome == "",
		})
	}
	if outcome != "" {
		l.count(outcome)
	}
	switch outcome {
	case "hung":
		<-r.Context().Done()
	case "answered 500":
		w.WriteHeader(http.StatusInternalServerError)
	case "cut the line":
		panic(http.ErrAbortHandler)
	default:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{}"))
	}
}

// outcome says how a call goes wrong; empty: it does not.
func (l *listener) outcome(key string) string {
	switch l.mode.Load() {
	case calm:
		return ""
	case silent:
		return "hung"
	case refuse:
		return "answered 500"
	}
	if !l.dice(key) {
		return ""
	}
	return [...]string{"answered 500", "cut the line"}[len(key)%2]
}

func (l *listener) note(t history.Told) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told = append(l.told, t)
}

func (l *listener) count(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tally[name]++
}

// heard is all that it was told so far, and how often it went wrong.
func (l *listener) heard() (told []history.Told, wrong map[string]int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	wrong = make(map[string]int, len(l.tally))
	for k, v := range l.tally {
		wrong[k] = v
	}
	return append([]history.Told(nil), l.told...), wrong
}

func (l *listener) close() {
	l.CloseClientConnections()
	l.Close()
}

// bare is a SID without its prefix: the ID that the store has.
func bare(sid string) string {
	if len(sid) < 2 {
		return ""
	}
	return sid[2:]
}

package api

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/twilio"
)

// streamer answers one method of a path whose requests or answers are too large
// to be in memory: it reads the request's body itself, and writes the answer
// itself unless it returns an error.
type streamer func(http.ResponseWriter, *call) error

// stream serves a path by streamers, as handle does by handlers.
func (s *server) stream(pattern string, m map[string]streamer) {
	if get, ok := m[http.MethodGet]; ok {
		m[http.MethodHead] = get
	}
	allow := strings.Join(slices.Sorted(maps.Keys(m)), ", ")
	s.mux.Handle(pattern, s.guarded(func(w http.ResponseWriter, r *http.Request, who string) {
		h, ok := m[r.Method]
		if !ok {
			w.Header().Set("Allow", allow)
			writeError(w, twilio.NewError(http.StatusMethodNotAllowed, twilio.CodeMethodNotAllowed, "Method not allowed"))
			return
		}
		scope, err := s.scope(r)
		if err == nil {
			err = h(w, &call{Request: r, scope: scope, caller: bridge.Caller{Source: conversations.SourceAPI, By: who}})
		}
		if err != nil {
			s.refuse(w, r, err)
		}
	}))
}

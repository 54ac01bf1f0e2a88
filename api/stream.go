package api

import (
	"net/http"

	"bridged/bridge"
	"bridged/conversations"
)

// streamer answers one method of a path whose requests or answers are too large
// to be in memory: it reads the request's body itself, and writes the answer
// itself unless it returns an error.
type streamer func(http.ResponseWriter, *call) error

// stream serves a path by streamers, as handle does by handlers.
func (s *server) stream(pattern string, m map[string]streamer) {
	route(s, pattern, m, func(w http.ResponseWriter, r *http.Request, who string, h streamer) error {
		scope, err := s.scope(r)
		if err != nil {
			return err
		}
		return h(w, &call{Request: r, scope: scope, caller: bridge.Caller{Source: conversations.SourceAPI, By: who}})
	})
}

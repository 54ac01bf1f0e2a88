package api

import (
	"net/http"
	"slices"
	"strings"
)

// anyOrigin in Config.Origins lets the pages of every origin call.
const anyOrigin = "*"

// What browsers are told (the Fetch standard's CORS protocol). That a page may
// send Authorization is all the authentication there is: cookies are never
// allowed (no Access-Control-Allow-Credentials), so that a page can do nothing in
// the name of an operator who is logged in to the console.
const (
	corsRequestHeaders = "Authorization, Content-Type, I-Twilio-Idempotency-Token, Idempotency-Key, " +
		"If-Match, If-None-Match, Last-Event-ID, X-Twilio-Mutation-Id, X-Twilio-Webhook-Enabled"
	corsAnswerHeaders = "Allow, ETag, Retry-After, Twilio-Request-Id"
	corsMaxAge        = "7200" // seconds that a browser may keep a preflight's answer
)

// everyMethod is what is allowed where only a handler of its own knows better.
const everyMethod = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"

// cors lets pages of other origins call the API from a browser.
type cors struct{ origins []string }

// mark tells the browser whether the page that r comes from may read the answer.
func (c cors) mark(h http.Header, r *http.Request) (allowed bool) {
	if len(c.origins) == 0 {
		return false
	}
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	switch {
	case origin == "":
		return false
	case slices.Contains(c.origins, anyOrigin):
		origin = anyOrigin
	case !slices.Contains(c.origins, origin):
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", corsAnswerHeaders)
	return true
}

// preflight says whether a browser asks what it may send. It asks without
// credentials.
func preflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

// answerPreflight allows what the route can do. A path that is unknown is allowed
// too, so that the page gets to see its 404.
func (s *server) answerPreflight(w http.ResponseWriter, r *http.Request) {
	_, r.Pattern = s.mux.Handler(r)
	allow, ok := s.allowed[r.Pattern]
	if !ok {
		allow = everyMethod
	}
	h := w.Header()
	h.Add("Vary", "Access-Control-Request-Method")
	h.Add("Vary", "Access-Control-Request-Headers")
	h.Set("Access-Control-Allow-Methods", allow)
	h.Set("Access-Control-Allow-Headers", corsRequestHeaders)
	h.Set("Access-Control-Max-Age", corsMaxAge)
	h.Set("Allow", allow)
	w.WriteHeader(http.StatusNoContent)
}

// allowOf lists the methods of a path, OPTIONS with them.
func allowOf[H any](m map[string]H) string {
	list := []string{http.MethodOptions}
	for method := range m {
		list = append(list, method)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

package api

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"bridged/conversations"
	"bridged/twilio"
)

// actionLimits bounds the writes of the reference's API per second ("actions per
// second", page 31). It is this process's own: several processes on one database
// each allow as much. It never waits: what is too much is refused.
type actionLimits struct {
	perSecond int // 0: no limit
	now       func() time.Time

	mu    sync.Mutex
	byKey map[limitKey]*rate.Limiter
	swept time.Time
}

// limitKey is what has a limit of its own: a conversation, or where that is
// empty, its service.
type limitKey struct {
	service      conversations.ServiceID
	conversation conversations.ConversationID
}

func newActionLimits(perSecond int, now func() time.Time) *actionLimits {
	return &actionLimits{perSecond: perSecond, now: now, byKey: map[limitKey]*rate.Limiter{}}
}

// take counts one action. It returns 0, or after how long the next one will be
// allowed, and then has counted nothing.
func (a *actionLimits) take(key limitKey) (wait time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	a.sweep(now)
	limiter, ok := a.byKey[key]
	if !ok {
		limiter = rate.NewLimiter(rate.Limit(a.perSecond), a.perSecond)
		a.byKey[key] = limiter
	}
	reservation := limiter.ReserveN(now, 1)
	if wait = reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}

// sweep drops the limiters that nothing was counted by for a second, once a
// second: such a limiter is as good as a new one. So there are never more than
// were used in two seconds.
func (a *actionLimits) sweep(now time.Time) {
	if since := now.Sub(a.swept); since >= 0 && since < time.Second {
		return
	}
	a.swept = now
	for key, limiter := range a.byKey {
		if limiter.TokensAt(now) >= float64(a.perSecond) {
			delete(a.byKey, key)
		}
	}
}

// bound is what an action counts against.
type bound int

const (
	unbound             bound = iota // it is not counted
	boundByService                   // against the service
	boundByConversation              // against the conversation
)

// boundOf says what a request to a route counts against, and for a conversation
// which parameter of the path names it. It is page 31's table, read off the
// pattern: what is below a conversation counts against that, and so does the
// update of the conversation itself; creating and deleting conversations, users
// and roles count against the service, and so does what the table does not name.
// Reading is free, and so are the APIs that page 31 is not about: media, content,
// and what is bridged's own.
func boundOf(method, pattern string) (b bound, parameter string) {
	inner, ours := strings.CutPrefix(pattern, "/v1/")
	resource, rest, _ := strings.Cut(inner, "/")
	if _, below, ok := strings.Cut(rest, "/"); ok && resource == "Services" {
		inner = below
		resource, _, _ = strings.Cut(inner, "/")
	}
	switch {
	case method == http.MethodGet || method == http.MethodHead || !ours || resource == "Media" || resource == "Content":
		return unbound, ""
	case strings.Contains(inner, "/{ConversationSid}"):
		return boundByConversation, "ConversationSid"
	case inner == "Conversations/{Sid}" && method != http.MethodDelete:
		return boundByConversation, "Sid"
	}
	return boundByService, ""
}

// limit refuses a call that is one too many in this second: 429 with 20429 and
// Retry-After.
func (s *server) limit(c *call) error {
	if s.actions.perSecond == 0 {
		return nil
	}
	key := limitKey{service: c.scope.Service}
	switch b, parameter := boundOf(c.Method, c.Pattern); b {
	case unbound:
		return nil
	case boundByConversation:
		named := twilio.ParseConversationKey(c.PathValue(parameter))
		if named.ID == "" { // by its unique name it is the same conversation
			found, err := s.cfg.Store.Conversation(c.Context(), c.scope.Service, named)
			if refused, ok := errors.AsType[*conversations.Error](err); ok && refused.Fault == conversations.NotFound {
				return nil // so nothing will be changed
			} else if err != nil {
				return err
			}
			named.ID = found.ID
		}
		key.conversation = named.ID
	case boundByService:
	}
	if wait := s.actions.take(key); wait > 0 {
		return twilio.TooManyRequests(wait)
	}
	return nil
}

package console

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"sync"
	"time"
)

const (
	// idleLife is how long a session lives without its browser coming back, and
	// wholeLife how long it lives at all.
	idleLife  = 24 * time.Hour
	wholeLife = 7 * 24 * time.Hour
	// renewAfter is how old a cookie gets before it is written anew.
	renewAfter = 5 * time.Minute
	// mostRevoked bounds what is remembered of sessions that were logged out.
	mostRevoked = 10000

	idSize, timesSize = 32, 16
	sessionSize       = idSize + timesSize + sha256.Size
)

// session is what a cookie says: a random id, when its holder logged in, and when
// the cookie was last written.
type session struct {
	id                      [idSize]byte
	began, renewed, expires time.Time
}

// sessions makes and checks cookies. They are signed with a key that is derived
// from the account's auth token: nothing has to be stored, a restart logs nobody
// out, and a new token logs everybody out.
type sessions struct {
	token  func() string
	secure bool // the browser may send the cookie over HTTPS only
	now    func() time.Time

	mu      sync.Mutex
	revoked map[[idSize]byte]time.Time // until when the cookie would have been valid
}

func newSessions(token func() string, secure bool, now func() time.Time) *sessions {
	return &sessions{token: token, secure: secure, now: now, revoked: map[[idSize]byte]time.Time{}}
}

// cookieName is that of the session's cookie. Over HTTPS the prefix keeps other
// hosts of the domain from setting it.
func (s *sessions) cookieName() string {
	if s.secure {
		return "__Host-bridged_session"
	}
	return "bridged_session"
}

// begin logs a browser in.
func (s *sessions) begin(w http.ResponseWriter) {
	var fresh session
	_, _ = rand.Read(fresh.id[:]) // it never fails, as its documentation says
	fresh.began = s.now()
	s.write(w, fresh)
}

// renew writes the cookie of a session anew when it is some minutes old, so that a
// browser that is in use stays logged in.
func (s *sessions) renew(w http.ResponseWriter, current session) {
	if s.now().Sub(current.renewed) >= renewAfter {
		s.write(w, current)
	}
}

func (s *sessions) write(w http.ResponseWriter, to session) {
	now := s.now()
	life := min(idleLife, to.began.Add(wholeLife).Sub(now))
	s.set(w, s.sign(to.id, to.began, now), int(life/time.Second))
}

// end logs a browser out: the cookie goes, and a copy of it is worth nothing.
func (s *sessions) end(w http.ResponseWriter, r *http.Request) {
	if current, ok := s.read(r); ok {
		s.revoke(current)
	}
	s.set(w, "", -1)
}

func (s *sessions) set(w http.ResponseWriter, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure is set where browsers come over HTTPS
		Name: s.cookieName(), Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteStrictMode,
	})
}

func (s *sessions) revoke(old session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for id, until := range s.revoked {
		if now.After(until) || len(s.revoked) >= mostRevoked {
			delete(s.revoked, id)
		}
	}
	s.revoked[old.id] = old.expires
}

// read returns the session of a request, if it has one that is valid now.
func (s *sessions) read(r *http.Request) (found session, ok bool) {
	cookie, err := r.Cookie(s.cookieName())
	if err != nil {
		return session{}, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || len(raw) != sessionSize {
		return session{}, false
	}
	signed, mac := raw[:idSize+timesSize], raw[idSize+timesSize:]
	want, ok := s.mac(signed)
	if !ok || !hmac.Equal(mac, want) {
		return session{}, false
	}
	copy(found.id[:], signed)
	found.began = readTime(signed[idSize:])
	found.renewed = readTime(signed[idSize+timesSize/2:])
	found.expires = earlier(found.renewed.Add(idleLife), found.began.Add(wholeLife))
	s.mu.Lock()
	_, gone := s.revoked[found.id]
	s.mu.Unlock()
	return found, !gone && s.now().Before(found.expires)
}

func (s *sessions) sign(id [idSize]byte, began, renewed time.Time) string {
	signed := append([]byte{}, id[:]...)
	signed = binary.BigEndian.AppendUint64(signed, uint64(began.Unix()))
	signed = binary.BigEndian.AppendUint64(signed, uint64(renewed.Unix()))
	mac, _ := s.mac(signed) // a session begins with the token, so there is one
	return base64.RawURLEncoding.EncodeToString(append(signed, mac...))
}

// mac signs; without an auth token it cannot.
func (s *sessions) mac(signed []byte) (mac []byte, ok bool) {
	token := s.token()
	if token == "" {
		return nil, false
	}
	key, err := hkdf.Key(sha256.New, []byte(token), nil, "bridged console session 1", sha256.Size)
	if err != nil {
		return nil, false
	}
	h := hmac.New(sha256.New, key)
	h.Write(signed)
	return h.Sum(nil), true
}

func readTime(b []byte) time.Time {
	return time.Unix(int64(binary.BigEndian.Uint64(b)), 0)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

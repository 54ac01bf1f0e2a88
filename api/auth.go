package api

import (
	"net/http"
	"time"

	"bridged/sign"
	"bridged/twilio"
)

// Credentials are what callers authenticate with: the account's SID and auth
// token, or the SID and secret of an API key. The secrets are asked for at each
// request, because they can be reloaded while the program runs.
type Credentials struct {
	SID       string
	AuthToken func() string
	APIKeys   func() map[string]string // secrets by SID; optional
}

// authenticate returns the SID that the request authenticates with. The time
// that it takes tells nothing about how much of a secret was right, nor whether
// a SID exists: every pair is compared in full.
func (c Credentials) authenticate(r *http.Request) (sid string, ok bool) {
	user, password, given := r.BasicAuth()
	try := func(name, secret string) {
		if sign.Same(user, name)&sign.Same(password, secret) == 1 && given {
			sid, ok = name, true
		}
	}
	try(c.SID, c.AuthToken())
	if c.APIKeys != nil {
		for name, secret := range c.APIKeys() {
			try(name, secret)
		}
	}
	return sid, ok
}

// bodyTime bounds how long the body of a request may take whose sender is known. Who
// serves the API may give strangers less. Uploads have as long as they go on.
const bodyTime = time.Minute

// guarded lets only authenticated callers through, and says who they are.
func (s *server) guarded(next func(w http.ResponseWriter, r *http.Request, who string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, ok := s.authenticate(r)
		if !ok {
			if !fromConsole(r) {
				w.Header().Set("WWW-Authenticate", `Basic realm="Twilio API"`)
			}
			writeError(w, twilio.NewError(http.StatusUnauthorized, twilio.CodeUnauthorized, "Authenticate"))
			return
		}
		if r.Body != nil && r.Body != http.NoBody {
			// What is no connection, such as a test's, has no deadlines.
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime))
		}
		next(w, r, who)
	})
}

// authenticate finds who calls: by credentials or, where a request has none, by the
// console's session, which acts as the account.
func (s *server) authenticate(r *http.Request) (who string, ok bool) {
	if s.cfg.Session != nil && r.Header.Get("Authorization") == "" && s.cfg.Session(r) {
		return s.cfg.Account.SID, true
	}
	return s.cfg.Account.authenticate(r)
}

// fromConsole says whether a page of the console calls, whose session may be over.
// It tells its operator so itself: a challenge would make the browser ask for a user
// name and a password.
func fromConsole(r *http.Request) bool {
	return r.Header.Get("Sec-Fetch-Site") == "same-origin" || r.Header.Get("Cookie") != ""
}

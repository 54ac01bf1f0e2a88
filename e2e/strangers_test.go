package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/twilio"
)

// Each operation of the reference, and what is beside it on the public address, is
// refused to strangers by the daemon itself; api/matrix_test.go has more of them.
func TestStrangersGetNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	sid := strings.Repeat("0", 32)
	bearer, err := twilio.AccessToken{
		Key: keySID, Account: account, Identity: "ada", Service: "00000000000000000000000000000000", Expires: time.Now().Add(time.Hour),
	}.Sign(keySecret, time.Now())
	require.NoError(t, err)
	strangers := map[string]func(*http.Request){
		"nobody":          func(*http.Request) {},
		"another token":   func(r *http.Request) { r.SetBasicAuth(account, carrierKey) },
		"another account": func(r *http.Request) { r.SetBasicAuth(carrierSID, authToken) },
		"a key's sibling": func(r *http.Request) { r.SetBasicAuth(keySID, authToken) },
		"a client's user": func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+bearer) },
		"a cookie":        func(r *http.Request) { r.Header.Set("Cookie", "bridged_session="+authToken) },
	}
	status := func(method, path string, come func(*http.Request)) int {
		r, err := http.NewRequestWithContext(t.Context(), method, w.URL+path, nil)
		require.NoError(t, err)
		come(r)
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		return answer.StatusCode
	}
	for _, o := range readReference(t) {
		path := o.path
		for strings.Contains(path, "{") {
			begin, end := strings.Index(path, "{"), strings.Index(path, "}")
			path = path[:begin] + "XX" + sid + path[end+1:]
		}
		for name, come := range strangers {
			assert.Equal(t, http.StatusUnauthorized, status(o.method, path, come), "%s: %s %s", name, o.method, path)
		}
	}
	for path, want := range map[string]int{
		"/metrics": 404, "/healthz": 404, "/debug/pprof/": 404, "/hooks/": 404, "/hooks/nobody": 404, "/bridged/v1/media/ME" + sid: 403,
		"/console/session": 401, "/bridged/v1/events": 401, "/bridged/v1/simulator/messages": 401, "/v3/Services/IS" + sid: 401,
	} {
		for name, come := range strangers {
			assert.Equal(t, want, status(http.MethodGet, path, come), "%s: %s", name, path)
		}
	}
}

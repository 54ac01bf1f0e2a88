package carrierhttp

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"bridged/guard"
)

// API is a carrier's HTTP API: where it is, and the clients that speak to it.
type API struct {
	Base   string       // its URL, without a slash at its end
	Client *http.Client // hands messages over
	Files  *http.Client // fetches the files of inbound messages
}

// Complete checks the settings of an API, and puts defaults where there are none:
// the carrier's usual base URL, and clients of its own. The error is of the setting
// api_base_url.
func (a API) Complete(usualBase string) (API, error) {
	a.Base = cmp.Or(a.Base, usualBase)
	u, err := url.Parse(a.Base)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return API{}, fmt.Errorf("api_base_url %q is no http or https URL", a.Base)
	}
	a.Base = strings.TrimRight(a.Base, "/")
	if a.Client == nil {
		a.Client = newClient()
	}
	if a.Files == nil {
		a.Files = newFetcher(a.Base)
	}
	return a, nil
}

// newClient makes the client for drivers that are given none. It keeps as many
// idle connections to one carrier as a busy relay uses at once; the transport's
// default of two would open a new one for most messages. It has no timeout of
// its own: each request's context has one (retry.send_timeout).
func newClient() *http.Client {
	const perHost = 256
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment}
	if t, ok := http.DefaultTransport.(*http.Transport); ok {
		transport = t.Clone()
	}
	transport.MaxIdleConns = 0 // perHost is bound enough: there are few carriers
	transport.MaxIdleConnsPerHost = perHost
	return &http.Client{Transport: transport}
}

// newFetcher makes the client for files, for drivers that are given none: it
// reaches public addresses and, whatever its address, the carrier's own host.
func newFetcher(apiBaseURL string) *http.Client {
	return guard.NewClient(guard.Config{Trusted: []string{guard.HostOf(apiBaseURL)}})
}

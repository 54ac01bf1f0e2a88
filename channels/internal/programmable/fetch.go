package programmable

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"bridged/channels/internal/carrierhttp"
	"bridged/conversations"
	"bridged/guard"
)

// FetchMedia opens a file of an inbound message. Twilio keeps it at its API, where
// an account can be set to ask for its credentials, and redirects to where the
// bytes are. A file anywhere else is fetched too, but without credentials.
func (c *Client) FetchMedia(ctx context.Context, m conversations.Media) (io.ReadCloser, error) {
	header := http.Header{}
	if c.keeps(m.URL) {
		auth := http.Request{Header: header}
		auth.SetBasicAuth(c.account, c.token())
	}
	file, err := carrierhttp.Get(ctx, c.api.Files, m.URL, header, carrierhttp.NoFile)
	if err != nil {
		return nil, err
	}
	return file, nil
}

// keeps says whether a URL is one of the API's.
func (c *Client) keeps(rawURL string) bool {
	u, err := url.Parse(rawURL)
	base, baseErr := url.Parse(c.endpoint)
	return err == nil && baseErr == nil && u.Scheme == base.Scheme && guard.HostOf(rawURL) == guard.HostOf(c.endpoint)
}

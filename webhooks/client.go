package webhooks

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// tellTime bounds one call of a webhook of events, as the reference does (page 33).
const tellTime = 5 * time.Second

// Teller makes one call of a webhook; see Client.Tell, which is one.
type Teller interface {
	Tell(ctx context.Context, method, target string, form url.Values, token string) (Answer, error)
}

// ClientConfig is what a Client needs.
type ClientConfig struct {
	AuthToken func() string // which signs; asked each time, so that it can be changed at run time
	// HTTPClient says which addresses are reached and which certificates believed;
	// optional, one of its own.
	HTTPClient *http.Client
	// Timeout bounds one call; optional, 5 seconds.
	Timeout time.Duration
}

// Client calls the webhooks of events: those that are told of a change and those
// that are asked about one (page 33). It is safe for concurrent use.
type Client struct{ caller caller }

// NewClient makes a Client.
func NewClient(cfg ClientConfig) *Client {
	if cfg.Timeout == 0 {
		cfg.Timeout = tellTime
	}
	return &Client{caller: newCaller(cfg.HTTPClient, cfg.AuthToken, cfg.Timeout)}
}

// Tell sends a form to a URL, by POST or GET, and returns the answer whatever its
// status is. The token, which is the same at every repetition, lets the webhook
// know that it was told before. An error says that there was no answer, or that its
// body was cut off; it names the host only.
func (c *Client) Tell(ctx context.Context, method, target string, form url.Values, token string) (Answer, error) {
	answer, err := c.caller.ask(ctx, request{method: method, url: target, form: form, token: token})
	if err != nil {
		return answer, fmt.Errorf("the webhook at %s: %w", hostOf(target), err)
	}
	return answer, nil
}

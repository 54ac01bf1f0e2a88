// Package programmable speaks Twilio's Programmable Messaging. The same API
// carries SMS and, with whatsapp: addresses, WhatsApp; the two twilio drivers
// differ in addresses and in what a carrier's refusals are called, and share
// everything else here (carriers.md §3 b).
package programmable

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"bridged/channels"
	"bridged/channels/internal/carrierhttp"
)

// DefaultAPIBaseURL is where Twilio's REST API is.
const DefaultAPIBaseURL = "https://api.twilio.com"

// maxText is the longest Body of Messages.json, in UTF-16 code units (error
// 21617). Parts of longer messages are put together on the handset anyway.
const maxText = 1600

// Config is one Twilio account as a channel. All but APIBaseURL and the clients
// is required.
type Config struct {
	Name       string        // the channel's
	PublicURL  string        // where Twilio finds this installation
	AccountSID string        // AC…
	AuthToken  func() string // asked each time, so that it can be changed at run time
	APIBaseURL string        // empty: DefaultAPIBaseURL
	HTTPClient *http.Client  // nil: one of its own
	// FileClient fetches the files of inbound messages; nil for one that reaches
	// public addresses and the API's host.
	FileClient *http.Client
}

// Client sends and receives for one channel.
type Client struct {
	name      string
	account   string
	token     func() string
	endpoint  string // of Messages.json
	statusURL string
	api       carrierhttp.API
}

// New makes a Client, or says which setting is missing or wrong.
func New(cfg Config) (*Client, error) {
	switch {
	case cfg.Name == "":
		return nil, errors.New("the channel's name is missing")
	case cfg.PublicURL == "":
		return nil, errors.New("public_url is missing")
	case cfg.AccountSID == "":
		return nil, errors.New("account_sid is missing")
	case cfg.AuthToken == nil:
		return nil, errors.New("auth_token is missing")
	}
	api, err := carrierhttp.API{Base: cfg.APIBaseURL, Client: cfg.HTTPClient, Files: cfg.FileClient}.Complete(DefaultAPIBaseURL)
	if err != nil {
		return nil, err
	}
	return &Client{
		name:      cfg.Name,
		account:   cfg.AccountSID,
		token:     cfg.AuthToken,
		endpoint:  api.Base + "/2010-04-01/Accounts/" + url.PathEscape(cfg.AccountSID) + "/Messages.json",
		statusURL: strings.TrimRight(cfg.PublicURL, "/") + "/hooks/" + url.PathEscape(cfg.Name) + "/status",
		api:       api,
	}, nil
}

// Name is the channel's name.
func (c *Client) Name() string { return c.name }

// MaxText is the longest text of one message, in UTF-16 code units.
func (c *Client) MaxText() int { return maxText }

// Send hands a message over, with the URLs of its files.
func (c *Client) Send(ctx context.Context, out channels.Outbound) (channels.Sent, error) {
	form := url.Values{
		"From":           {string(out.From)},
		"To":             {string(out.To)},
		"StatusCallback": {c.statusURL},
	}
	switch {
	case out.Content != nil && out.Content.Template != nil:
		fillTemplate(form, *out.Content.Template)
	case out.Body != "" || len(out.Media) == 0:
		form.Set("Body", out.Body)
	}
	for _, m := range out.Media {
		form.Add("MediaUrl", m.URL)
	}
	header := http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"},
		"Accept":       {"application/json"},
	}
	auth := http.Request{Header: header}
	auth.SetBasicAuth(c.account, c.token())
	answer, err := carrierhttp.Post(ctx, c.api.Client, carrierhttp.Request{
		URL: c.endpoint, Header: header, Body: []byte(form.Encode()),
	})
	if err != nil {
		return channels.Sent{}, err
	}
	if answer.Status < 200 || answer.Status > 299 {
		return channels.Sent{}, refusal(answer)
	}
	var accepted struct {
		SID string `json:"sid"`
	}
	if json.Unmarshal(answer.Body, &accepted) != nil || accepted.SID == "" {
		return channels.Sent{}, carrierhttp.Nonsense()
	}
	return channels.Sent{ProviderID: accepted.SID}, nil
}

// refusal reads Twilio's error. Its code says more than the HTTP status, and is
// the reference's own.
func refusal(a carrierhttp.Answer) *channels.SendError {
	var said struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(a.Body, &said) // a proxy's page instead leaves both empty
	verdict := carrierhttp.Verdict(a.Status)
	switch said.Code {
	case 21610: // the person wrote STOP
		verdict = channels.OptedOut
	case 63016:
		verdict = channels.OutsideWindow
	case 20429, 14107, 21611, 30022, 63017, 63018, 63038: // too many requests, a full queue, rates, daily caps
		verdict = channels.Throttled
	case 20003: // authentication
		verdict = channels.Retry
	}
	code, carrierCode := said.Code, ""
	if code != 0 {
		carrierCode = strconv.Itoa(code)
	} else if verdict == channels.Permanent {
		code = codeUnknown
	}
	e := a.Refusal(verdict, code, carrierCode, said.Message)
	e.Scope = scopeOf(said.Code)
	return e
}

// scopeOf says whose sends were too many, by Twilio's code.
func scopeOf(code int) channels.Scope {
	switch code {
	case 14107: // a loop between two numbers
		return channels.ScopePair
	case 21611, 30022, 63018: // the number's queue, its campaign's rate, the sender's
		return channels.ScopeNumber
	case 20429, 63038: // requests at once, messages a day
		return channels.ScopeChannel
	}
	return channels.ScopeUnsaid
}

// codeUnknown is the reference's "Unknown error" of a delivery.
const codeUnknown = 30008

// Package bandwidth is the driver for SMS, MMS and group MMS over Bandwidth's
// Messaging API v2 (carriers.md §3 d).
//
// bandwidth.go sends and fetches files, receive.go takes callbacks apart, codes.go
// translates Bandwidth's error codes.
package bandwidth

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"bridged/channels"
	"bridged/channels/internal/carrierhttp"
	"bridged/channels/internal/files"
	"bridged/channels/internal/sms"
	"bridged/conversations"
)

// DefaultAPIBaseURL is where Bandwidth's Messaging API is, its version included.
const DefaultAPIBaseURL = "https://messaging.bandwidth.com/api/v2"

const (
	// maxText is the longest text of one message, in UTF-16 code units.
	maxText = 2048
	// maxFile is how large a file may be and, since networks take no more, all
	// files of a message together ("What types of limits apply to MMS Messages?").
	maxFile = 3_500_000
	// maxTollFree is the same for toll-free numbers ("Toll-free MMS FAQ").
	maxTollFree = 525_000
)

// Config is one application as a channel. All but APIBaseURL and HTTPClient is
// required. The secrets are functions, asked each time, so that they can be
// changed at run time.
type Config struct {
	Name             string        // the channel's
	AccountID        string        // Bandwidth's number for the account
	ApplicationID    string        // of the messaging application that the numbers belong to
	Username         string        // for Bandwidth's API
	Password         func() string // likewise
	CallbackUsername string        // which Bandwidth's callbacks come with
	CallbackPassword func() string // likewise
	APIBaseURL       string        // empty: DefaultAPIBaseURL
	HTTPClient       *http.Client  // nil: one of its own
	// FileClient fetches the files of inbound messages; nil for one that reaches
	// public addresses and the API's host.
	FileClient *http.Client
}

// Adapter is a channels.Adapter, HookReceiver, TextLimiter, GroupCarrier,
// MediaCarrier and MediaFetcher.
type Adapter struct {
	cfg      Config
	api      carrierhttp.API
	base     *url.URL // of the API
	endpoint string
}

// New makes an Adapter, or says which setting is missing or wrong.
func New(cfg Config) (*Adapter, error) {
	switch {
	case cfg.Name == "":
		return nil, errors.New("the channel's name is missing")
	case cfg.AccountID == "":
		return nil, errors.New("account_id is missing")
	case cfg.ApplicationID == "":
		return nil, errors.New("application_id is missing")
	case cfg.Username == "":
		return nil, errors.New("username is missing")
	case cfg.Password == nil:
		return nil, errors.New("password is missing")
	case cfg.CallbackUsername == "":
		return nil, errors.New("callback_username is missing")
	case cfg.CallbackPassword == nil:
		return nil, errors.New("callback_password is missing")
	}
	api, err := carrierhttp.API{Base: cfg.APIBaseURL, Client: cfg.HTTPClient, Files: cfg.FileClient}.Complete(DefaultAPIBaseURL)
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(api.Base)
	if err != nil {
		return nil, err
	}
	return &Adapter{
		cfg:      cfg,
		api:      api,
		base:     base,
		endpoint: api.Base + "/users/" + url.PathEscape(cfg.AccountID) + "/messages",
	}, nil
}

// Name is the channel's name.
func (a *Adapter) Name() string { return a.cfg.Name }

// Type is conversations.TypeSMS.
func (a *Adapter) Type() conversations.ChannelType { return conversations.TypeSMS }

// ParseAddress accepts a number in E.164 and a short code.
func (a *Adapter) ParseAddress(s string) (conversations.Address, error) { return sms.ParseAddress(s) }

// MaxText is the longest text of one message, in UTF-16 code units.
func (a *Adapter) MaxText() int { return maxText }

// Segments counts those of a text.
func (a *Adapter) Segments(text string) int { return conversations.Segments(text) }

// CarriesGroups says that group MMS is carried.
func (a *Adapter) CarriesGroups() bool { return true }

// MediaRules are narrower for toll-free numbers.
func (a *Adapter) MediaRules(from conversations.Address) conversations.MediaRules {
	rules := files.MMS(sms.MaxMediaText)
	if tollFree(string(from)) {
		return rules.Lowered(maxTollFree)
	}
	return rules.Lowered(maxFile)
}

// tollFree says whether a number of the North American numbering plan is one that
// the called pay for.
func tollFree(number string) bool {
	if len(number) < len("+1800") {
		return false
	}
	switch number[:len("+1800")] {
	case "+1800", "+1833", "+1844", "+1855", "+1866", "+1877", "+1888":
		return true
	}
	return false
}

// outgoing is the request that sends a message. Bandwidth makes it a group
// message where To has several numbers, and reports to the URLs that the
// application was given.
type outgoing struct {
	ApplicationID string   `json:"applicationId"`
	From          string   `json:"from"`
	To            []string `json:"to"`
	Text          string   `json:"text,omitempty"`
	Media         []string `json:"media,omitempty"`
}

// Send hands a message over, to a group where it has other receivers.
func (a *Adapter) Send(ctx context.Context, out channels.Outbound) (channels.Sent, error) {
	urls, err := sms.MediaURLs(out)
	if err != nil {
		return channels.Sent{}, err
	}
	return carrierhttp.SendJSON(ctx, a.api.Client, carrierhttp.JSONSend{
		URL: a.endpoint, Header: a.authorized(), Refusal: refusal, Unsendable: sms.CodeUnknown,
		Body: outgoing{
			ApplicationID: a.cfg.ApplicationID, From: string(out.From), To: sms.Receivers(out), Text: out.Body, Media: urls,
		},
	}, acceptance.id)
}

// acceptance is Bandwidth's answer to a message that it has taken.
type acceptance struct {
	ID string `json:"id"`
}

func (a acceptance) id() string { return a.ID }

// FetchMedia opens a file of an inbound message, which Bandwidth keeps for two
// days. A file anywhere else but at Bandwidth is refused: it would get the
// credentials.
func (a *Adapter) FetchMedia(ctx context.Context, m conversations.Media) (io.ReadCloser, error) {
	if !a.keeps(m.URL) {
		return nil, &channels.SendError{Verdict: channels.Permanent, Detail: "the file is not at Bandwidth"}
	}
	file, err := carrierhttp.Get(ctx, a.api.Files, m.URL, a.authorized(), carrierhttp.NoFile)
	if err != nil {
		return nil, err
	}
	return file, nil
}

// keeps says whether a URL is one of the API's. Bandwidth names its own host, also
// where the configuration names another on the way there.
func (a *Adapter) keeps(rawURL string) bool {
	u, err := url.Parse(rawURL)
	if err != nil || u.User != nil {
		return false
	}
	origin := strings.ToLower(u.Scheme + "://" + u.Host)
	return origin == strings.ToLower(a.base.Scheme+"://"+a.base.Host) || strings.HasPrefix(DefaultAPIBaseURL, origin+"/")
}

// authorized is a header with the credentials for the API.
func (a *Adapter) authorized() http.Header {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(a.cfg.Username, a.cfg.Password())
	return r.Header
}

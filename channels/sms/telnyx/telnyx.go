// Package telnyx is the driver for SMS, MMS and group MMS over Telnyx's API v2
// (carriers.md §3 d). The messaging profile of the numbers must use version 2 of
// the webhooks: version 1 does not name the members of a group.
//
// telnyx.go sends, receive.go takes webhooks apart, codes.go translates Telnyx's
// error codes.
package telnyx

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"bridged/channels"
	"bridged/channels/internal/carrierhttp"
	"bridged/channels/internal/files"
	"bridged/channels/internal/sms"
	"bridged/conversations"
)

// DefaultAPIBaseURL is where Telnyx's API is, its version included.
const DefaultAPIBaseURL = "https://api.telnyx.com/v2"

const (
	// maxText is the longest text of one message, in UTF-16 code units. A message
	// has ten parts at most (error 40302), and a part of one that is not in GSM-7
	// holds 67 of them.
	maxText = 670
	// maxReceivers is how many a group message may have.
	maxReceivers = 8
	// maxMedia is how large the files of a message may be together: "less than 1
	// MB", which nobody says the exact size of.
	maxMedia = 999_999
)

// Config is one messaging profile as a channel. All but Numbers, APIBaseURL,
// HTTPClient and Now is required.
type Config struct {
	Name      string        // the channel's
	PublicURL string        // where Telnyx finds this installation
	APIKey    func() string // asked each time, so that it can be changed at run time
	PublicKey string        // verifies what Telnyx sends: base64 of 32 bytes
	// Numbers are ours. Of a group message they tell which receiver is the proxy
	// address; without them it is the first.
	Numbers    []conversations.Address
	APIBaseURL string           // empty: DefaultAPIBaseURL
	HTTPClient *http.Client     // nil: one of its own
	Now        func() time.Time // nil: the machine's clock
}

// Adapter is a channels.Adapter, HookReceiver, TextLimiter, GroupCarrier and
// MediaCarrier. Files of inbound messages need no credentials.
type Adapter struct {
	cfg       Config
	publicKey ed25519.PublicKey
	api       carrierhttp.API
	statusURL string
}

// New makes an Adapter, or says which setting is missing or wrong.
func New(cfg Config) (*Adapter, error) {
	switch {
	case cfg.Name == "":
		return nil, errors.New("the channel's name is missing")
	case cfg.PublicURL == "":
		return nil, errors.New("public_url is missing")
	case cfg.APIKey == nil:
		return nil, errors.New("api_key is missing")
	}
	key, err := base64.StdEncoding.DecodeString(cfg.PublicKey)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil, errors.New("public_key is no base64 of the 32 bytes of an Ed25519 key")
	}
	api, err := carrierhttp.API{Base: cfg.APIBaseURL, Client: cfg.HTTPClient}.Complete(DefaultAPIBaseURL)
	if err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Adapter{
		cfg:       cfg,
		publicKey: key,
		api:       api,
		statusURL: strings.TrimRight(cfg.PublicURL, "/") + "/hooks/" + url.PathEscape(cfg.Name) + "/status",
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

// MediaRules are the same for all numbers.
func (a *Adapter) MediaRules(conversations.Address) conversations.MediaRules {
	return files.MMS(sms.MaxMediaText).Lowered(maxMedia)
}

// outgoing is the request that sends a message. To is a number, or a list of
// them for a group.
type outgoing struct {
	From       string   `json:"from"`
	To         any      `json:"to"`
	Text       string   `json:"text,omitempty"`
	MediaURLs  []string `json:"media_urls,omitempty"`
	WebhookURL string   `json:"webhook_url"`
}

// Send hands a message over, to a group where it has other receivers.
func (a *Adapter) Send(ctx context.Context, out channels.Outbound) (channels.Sent, error) {
	urls, err := sms.MediaURLs(out)
	if err != nil {
		return channels.Sent{}, err
	}
	m := outgoing{From: string(out.From), To: string(out.To), Text: out.Body, MediaURLs: urls, WebhookURL: a.statusURL}
	endpoint := a.api.Base + "/messages"
	if len(out.Others) > 0 {
		receivers := sms.Receivers(out)
		if len(receivers) > maxReceivers {
			return channels.Sent{}, &channels.SendError{
				Verdict: channels.Permanent, Code: sms.CodeGroupSize, Detail: "Telnyx takes 8 receivers of a group message at most",
			}
		}
		m.To, endpoint = receivers, endpoint+"/group_mms"
	}
	return carrierhttp.SendJSON(ctx, a.api.Client, carrierhttp.JSONSend{
		URL: endpoint, Header: carrierhttp.Bearer(a.cfg.APIKey()), Body: m, Refusal: refusal, Unsendable: sms.CodeUnknown,
	}, acceptance.id)
}

// acceptance is Telnyx's answer to a message that it has taken.
type acceptance struct {
	Data reference `json:"data"`
}

func (a acceptance) id() string { return a.Data.id() }

// reference names a message. Of a group message each receiver's copy has an id of
// its own, with which its statuses come; they share the group's ("Group
// Messaging - Bulk Sending MMS").
type reference struct {
	ID      string `json:"id"`
	GroupID string `json:"group_message_id"`
}

// id is the name that a message's statuses have in common.
func (r reference) id() string {
	if r.GroupID != "" {
		return r.GroupID
	}
	return r.ID
}

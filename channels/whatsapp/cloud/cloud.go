// Package cloud is the driver for Meta's WhatsApp Business Cloud API
// (carriers.md §3 a). One channel is one telephone number of a business, which
// Meta names by its phone_number_id.
//
// cloud.go sends, request.go and outbound.go write requests, receive.go takes
// requests apart, content.go turns what people can send into text and media,
// structure.go says what else there is to it, fetch.go fetches the media, codes.go
// translates Meta's error codes.
package cloud

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"bridged/channels"
	"bridged/channels/internal/carrierhttp"
	"bridged/channels/internal/files"
	"bridged/channels/internal/waid"
	"bridged/conversations"
	"bridged/sign"
)

// DefaultAPIBaseURL is where Meta's Graph API is, its version included.
const DefaultAPIBaseURL = "https://graph.facebook.com/v23.0"

// FieldRecipient is the other field, beside "to", in which Meta is said to take
// business-scoped ids. Which of them an account needs is contested (carriers.md
// §1), so the operator can choose.
const FieldRecipient = "recipient"

// maxText is the longest body of a text message, in UTF-16 code units.
const maxText = 4096

// maxCaption is the longest text beside a file, likewise.
const maxCaption = 1024

// Config is one number as a channel. All but APIBaseURL and the clients is
// required. The secrets are functions, asked each time, so that they can be
// changed at run time.
type Config struct {
	Name          string                // the channel's
	Number        conversations.Address // the number as a proxy address: whatsapp:+1…
	PhoneNumberID string                // Meta's name for it
	AccessToken   func() string         // for sending
	AppSecret     func() string         // signs what Meta sends
	VerifyToken   func() string         // Meta proves with it that the hook's URL was given to it
	UserIDField   string                // where a business-scoped id is sent: "to" (or empty) or FieldRecipient
	APIBaseURL    string                // empty: DefaultAPIBaseURL
	HTTPClient    *http.Client          // nil: one of its own
	// FileClient fetches the files of inbound messages; nil for one that reaches
	// public addresses and the API's host.
	FileClient *http.Client
}

var (
	_ channels.Windower       = (*Adapter)(nil)
	_ channels.ContentCarrier = (*Adapter)(nil)
)

// Adapter is a channels.Adapter, HookReceiver, Challenger, MediaCarrier,
// MediaFetcher, TextLimiter, Windower and ContentCarrier.
type Adapter struct {
	cfg      Config
	api      carrierhttp.API
	endpoint string
}

// New makes an Adapter, or says which setting is missing or wrong.
func New(cfg Config) (*Adapter, error) {
	switch {
	case cfg.Name == "":
		return nil, errors.New("the channel's name is missing")
	case cfg.PhoneNumberID == "":
		return nil, errors.New("phone_number_id is missing")
	case cfg.AccessToken == nil:
		return nil, errors.New("access_token is missing")
	case cfg.AppSecret == nil:
		return nil, errors.New("app_secret is missing")
	case cfg.VerifyToken == nil:
		return nil, errors.New("verify_token is missing")
	case cfg.UserIDField != "" && cfg.UserIDField != "to" && cfg.UserIDField != FieldRecipient:
		return nil, errors.New(`user_id_field is neither "to" nor "recipient"`)
	}
	number, err := waid.Parse(string(cfg.Number))
	if err != nil {
		return nil, err
	}
	cfg.Number = number
	api, err := carrierhttp.API{Base: cfg.APIBaseURL, Client: cfg.HTTPClient, Files: cfg.FileClient}.Complete(DefaultAPIBaseURL)
	if err != nil {
		return nil, err
	}
	return &Adapter{cfg: cfg, api: api, endpoint: api.Base + "/" + url.PathEscape(cfg.PhoneNumberID) + "/messages"}, nil
}

// Name is the channel's name.
func (a *Adapter) Name() string { return a.cfg.Name }

// Type is "whatsapp".
func (a *Adapter) Type() conversations.ChannelType { return waid.Type }

// ParseAddress accepts "whatsapp:" and a number in E.164 or a business-scoped
// user id.
func (a *Adapter) ParseAddress(s string) (conversations.Address, error) { return waid.Parse(s) }

// MaxText is the longest text of one message, in UTF-16 code units.
func (a *Adapter) MaxText() int { return maxText }

// MediaRules are those of the Cloud API.
func (a *Adapter) MediaRules(conversations.Address) conversations.MediaRules {
	return files.Cloud(maxCaption)
}

// Send hands a text, a file or a content over. out.From is not sent: the number is
// in the URL.
func (a *Adapter) Send(ctx context.Context, out channels.Outbound) (channels.Sent, error) {
	return carrierhttp.SendJSON(ctx, a.api.Client, carrierhttp.JSONSend{
		URL: a.endpoint, Header: a.authorized(), Body: a.newRequest(out),
		Refusal: refusal, Unsendable: codeContent, // a coordinate that is no number, which contents cannot have
	}, acceptance.id)
}

// acceptance is Meta's answer to a message that it has taken.
type acceptance struct {
	Messages []struct {
		ID string `json:"id"`
	} `json:"messages"`
}

func (a acceptance) id() string {
	if len(a.Messages) == 0 {
		return ""
	}
	return a.Messages[0].ID
}

// AnswerChallenge proves to Meta that the hook's URL is ours: the request that
// brings the verify token gets its challenge back.
func (a *Adapter) AnswerChallenge(r channels.HookRequest) ([]byte, error) {
	query := url.Values(r.Query)
	if sign.Same(query.Get("hub.verify_token"), a.cfg.VerifyToken()) != 1 || query.Get("hub.mode") != "subscribe" {
		return nil, channels.ErrSignature
	}
	return []byte(query.Get("hub.challenge")), nil
}

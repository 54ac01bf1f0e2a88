package webhooks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"bridged/conversations"
)

const (
	// callTime bounds one request, as the reference does.
	callTime = 15 * time.Second
	// maxRedirects bounds the Redirect verbs that are followed in a row, and the
	// redirects of HTTP within one request.
	maxRedirects = 5
)

// The reference's codes of what can go wrong with a webhook, which its fallback is
// told, and the operator.
const (
	codeRetrieval   = 11200 // HTTP retrieval failure: an answer, and no good one
	codeConnection  = 11205 // HTTP connection failure: no answer
	codeRedirects   = 11215 // too many redirects
	codeTooLarge    = 11750 // response body too large
	codeParse       = 12100 // document parse failure
	codeContentType = 12300 // invalid Content-Type
)

// InboundConfig is what an Inbound needs.
type InboundConfig struct {
	AccountSID string
	AuthToken  func() string // which signs; asked each time, so that it can be changed at run time
	HTTPClient *http.Client  // optional; one of its own
	// Timeout bounds one request; optional, 15 seconds.
	Timeout time.Duration
	Log     *slog.Logger // optional; discards
}

// Inbound calls the classic inbound webhooks. It is safe for concurrent use.
type Inbound struct {
	cfg    InboundConfig
	client http.Client
}

// NewInbound makes an Inbound.
func NewInbound(cfg InboundConfig) *Inbound {
	if cfg.Timeout == 0 {
		cfg.Timeout = callTime
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	in := &Inbound{cfg: cfg}
	if cfg.HTTPClient != nil {
		in.client = *cfg.HTTPClient
	}
	return in
}

// Call tells a webhook of a message, and its fallback where it fails. It returns
// what was answered; the verbs of the answer are not carried out yet. An error
// says that nobody has taken the message, and that the call is to be repeated.
func (in *Inbound) Call(ctx context.Context, l conversations.Listener, c conversations.InboundCall) (conversations.CallAnswer, error) {
	r := request{method: l.Method, url: l.URL, form: in.form(c), token: idempotencyToken(c)}
	answer, err := in.run(ctx, r)
	if err == nil || l.Fallback == "" || ctx.Err() != nil {
		return answer, err
	}
	var failed *failure
	if errors.As(err, &failed) {
		r.form.Set("ErrorCode", strconv.Itoa(failed.code))
		r.form.Set("ErrorUrl", withoutUser(failed.url))
	}
	r.url = l.Fallback
	answer, second := in.run(ctx, r)
	if second != nil {
		return answer, fmt.Errorf("%w; its fallback: %w", err, second)
	}
	in.cfg.Log.WarnContext(ctx, "an inbound webhook failed, and its fallback answered", "number", c.Message.To, "error", err)
	return answer, nil
}

// failure is why a webhook has not taken a message.
type failure struct {
	url   string
	code  int
	cause error
}

func (f *failure) Error() string {
	return fmt.Sprintf("the inbound webhook at %s: %v", hostOf(f.url), f.cause)
}

func (f *failure) Unwrap() error { return f.cause }

// run makes a request and those that the answers redirect to. Each answer adds
// its messages to those of the ones before.
func (in *Inbound) run(ctx context.Context, r request) (conversations.CallAnswer, error) {
	var answer conversations.CallAnswer
	for redirects := 0; ; redirects++ {
		page, err := in.fetch(ctx, r)
		if err != nil {
			return conversations.CallAnswer{}, err
		}
		doc, err := page.read()
		answer.Replies = append(answer.Replies, doc.replies...)
		if len(doc.unsupported) > 0 {
			in.cfg.Log.WarnContext(ctx, "an inbound webhook's answer asks for what is not supported",
				"host", hostOf(r.url), "ignored", strings.Join(doc.unsupported, ", "))
		}
		var failed *failure
		switch {
		case errors.As(err, &failed):
			answer.Refused, answer.ErrorCode = failed.Error(), failed.code
			return answer, nil
		case doc.redirect == nil:
			return answer, nil
		case redirects == maxRedirects:
			answer.Refused = fmt.Sprintf("the inbound webhook at %s redirects more than %d times in a row", hostOf(r.url), maxRedirects)
			answer.ErrorCode = codeRedirects
			return answer, nil
		}
		r.method, r.url = doc.redirect.method, doc.redirect.url
	}
}

// hostOf is as much of a URL as may be told.
func hostOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "a URL that cannot be read"
	}
	return u.Host
}

// withoutUser is a URL without the credentials that may be in it.
func withoutUser(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.User == nil {
		return text
	}
	u.User = nil
	return u.String()
}

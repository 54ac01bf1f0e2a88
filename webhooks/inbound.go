package webhooks

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"bridged/conversations"
)

// callTime bounds one request, as the reference does.
const callTime = 15 * time.Second

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
	caller caller
}

// NewInbound makes an Inbound.
func NewInbound(cfg InboundConfig) *Inbound {
	if cfg.Timeout == 0 {
		cfg.Timeout = callTime
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Inbound{cfg: cfg, caller: newCaller(cfg.HTTPClient, cfg.AuthToken, cfg.Timeout)}
}

// Call tells a webhook of a message, and its fallback where it fails or answers
// what cannot be obeyed. It returns what was answered; the messages of the answer
// are not sent yet. An error says that nobody has taken the message, and that the
// call is to be repeated.
func (in *Inbound) Call(ctx context.Context, l conversations.Listener, c conversations.InboundCall) (conversations.CallAnswer, error) {
	r := request{method: l.Method, url: l.URL, form: in.form(c), token: idempotencyToken(c)}
	replies, failed := in.run(ctx, r)
	if failed == nil || l.Fallback == "" || ctx.Err() != nil {
		return outcome(replies, failed)
	}
	r.url = l.Fallback
	r.form.Set("ErrorCode", strconv.Itoa(failed.code))
	r.form.Set("ErrorUrl", withoutUser(failed.url))
	more, second := in.run(ctx, r)
	if second == nil || second.answered && !failed.answered {
		in.cfg.Log.WarnContext(ctx, "an inbound webhook failed, and its fallback answered", "number", c.Message.To, "error", failed)
		return outcome(append(replies, more...), second)
	}
	failed.cause = fmt.Errorf("%w; its fallback: %w", failed.cause, second)
	return outcome(replies, failed)
}

// outcome is what a call has come to. What was answered and cannot be obeyed is
// not asked for again: it would be answered again.
func outcome(replies []conversations.Reply, failed *failure) (conversations.CallAnswer, error) {
	switch {
	case failed == nil:
		return conversations.CallAnswer{Replies: replies}, nil
	case failed.answered:
		return conversations.CallAnswer{Replies: replies, Refused: failed.Error(), ErrorCode: failed.code}, nil
	}
	return conversations.CallAnswer{}, failed
}

// failure is why a webhook has not taken a message, or why what it answered cannot
// be obeyed.
type failure struct {
	url      string
	code     int
	cause    error
	answered bool // with 2xx, and with what cannot be obeyed
}

func (f *failure) Error() string {
	return fmt.Sprintf("the inbound webhook at %s: %v", hostOf(f.url), f.cause)
}

func (f *failure) Unwrap() error { return f.cause }

// failed is that a request was not answered with 2xx.
func (r request) failed(code int, cause error) *failure {
	return &failure{url: r.url, code: code, cause: cause}
}

// answered is that a request was answered with what cannot be obeyed.
func (r request) answered(code int, cause error) *failure {
	return &failure{url: r.url, code: code, cause: cause, answered: true}
}

// page is an answer that has a status of 2xx, with the request that it answers.
type page struct {
	request
	Answer
}

// fetch makes a request that is to be answered with a page.
func (in *Inbound) fetch(ctx context.Context, r request) (page, *failure) {
	answer, err := in.caller.ask(ctx, r)
	switch {
	case answer.Status != 0 && !answer.Good():
		return page{}, r.failed(codeRetrieval, fmt.Errorf("it answered %d", answer.Status))
	case err != nil:
		return page{}, r.failed(codeConnection, err)
	}
	return page{request: r, Answer: answer}, nil
}

// run makes a request and those that the answers redirect to. Each answer adds its
// messages to those of the ones before, also where the next one fails.
func (in *Inbound) run(ctx context.Context, r request) (replies []conversations.Reply, failed *failure) {
	for redirects := 0; ; redirects++ {
		page, failed := in.fetch(ctx, r)
		if failed != nil {
			return replies, failed
		}
		doc, failed := page.read()
		replies = append(replies, doc.replies...)
		if len(doc.unsupported) > 0 {
			in.cfg.Log.WarnContext(ctx, "an inbound webhook's answer asks for what is not supported",
				"host", hostOf(r.url), "ignored", strings.Join(doc.unsupported, ", "))
		}
		switch {
		case failed != nil || doc.redirect == nil:
			return replies, failed
		case redirects == maxRedirects:
			return replies, r.answered(codeRedirects, fmt.Errorf("it redirects more than %d times in a row", maxRedirects))
		}
		r.method, r.url = doc.redirect.method, doc.redirect.url
	}
}

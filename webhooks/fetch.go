package webhooks

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"bridged/sign"
)

const (
	signatureHeader = "X-Twilio-Signature"
	tokenHeader     = "I-Twilio-Idempotency-Token" //nolint:gosec // the name of a header, and no credential
	formType        = "application/x-www-form-urlencoded"
	// maxAnswer bounds what is read of an answer, in bytes.
	maxAnswer = 64 << 10
	// maxRedirects bounds the redirects of HTTP within one request, and the verbs
	// Redirect of TwiML that are followed in a row.
	maxRedirects = 5
)

// Answer is what a webhook answered.
type Answer struct {
	Status      int // of HTTP; 0 where there was no answer
	ContentType string
	Body        []byte // at most its first 64 KiB
	TooLong     bool   // the body has more than Body holds
}

// Good says whether the webhook has taken what it was told.
func (a Answer) Good() bool { return a.Status >= 200 && a.Status <= 299 }

// request is a form for a URL. The fragment of the URL is not sent: it says how the
// call is made (see overrides).
type request struct {
	method string
	url    string
	form   url.Values
	token  string // the same for all calls that tell the same
}

// caller makes signed requests.
type caller struct {
	client    http.Client
	authToken func() string // which signs
	timeout   time.Duration // of one call, with all that is repeated within it
}

// newCaller makes a caller; client may be nil.
func newCaller(client *http.Client, authToken func() string, timeout time.Duration) caller {
	c := caller{authToken: authToken, timeout: timeout}
	if client != nil {
		c.client = *client
	}
	return c
}

// ask makes a request, and repeats it as its URL says. An error says that there was
// no answer, or that its body was cut off; it does not hold the URL, whose query may
// be the message.
func (c *caller) ask(ctx context.Context, r request) (Answer, error) {
	o := overridesOf(r.url)
	limit := c.timeout
	if o.total > 0 {
		limit = min(limit, o.total)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for calls := 1; ; calls++ {
		answer, failure, err := c.try(ctx, r, o)
		if !o.repeats(failure, calls) || ctx.Err() != nil {
			return answer, err
		}
	}
}

// try makes a request once. It also says, in the words of the parameter rp, how it
// failed; empty where it did not.
func (c *caller) try(ctx context.Context, r request, o overrides) (answer Answer, failure string, err error) {
	ctx, watch := watch(ctx, o)
	defer watch.stop()
	req, err := c.build(ctx, r)
	if err != nil {
		return Answer{}, "", withoutURL(err) // it would not be another one the next time
	}
	client := c.client
	client.CheckRedirect = c.follow(r.form)
	resp, err := client.Do(req)
	if err != nil {
		return Answer{}, watch.failure(), reason(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer = Answer{Status: resp.StatusCode, ContentType: resp.Header.Get("Content-Type")}
	answer.Body, err = io.ReadAll(io.LimitReader(watch.body(resp.Body), maxAnswer+1))
	if len(answer.Body) > maxAnswer {
		answer.Body, answer.TooLong = answer.Body[:maxAnswer], true
	}
	if err != nil {
		return answer, failedRead, reason(ctx, err)
	}
	return answer, failureOf(answer.Status), nil
}

// failureOf says likewise how an answer is none that is wanted.
func failureOf(status int) string {
	switch {
	case status >= 400 && status <= 499:
		return failedClient
	case status >= 500:
		return failedServer
	}
	return ""
}

// build makes the request with its signature, which covers the URL as it is
// configured, but for its fragment and the credentials that may be in it: the
// server sees neither in the address that it was asked for at.
func (c *caller) build(ctx context.Context, r request) (*http.Request, error) {
	target, _, _ := strings.Cut(r.url, "#")
	var (
		signed url.Values
		body   io.Reader
	)
	if r.method == http.MethodGet {
		separator := "?"
		if strings.Contains(target, "?") {
			separator = "&"
		}
		target += separator + r.form.Encode()
	} else {
		signed, body = r.form, strings.NewReader(r.form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", formType)
	}
	req.Header.Set("User-Agent", "bridged")
	req.Header.Set(tokenHeader, r.token)
	// An empty value, which is not sent, has package net/http repeat what was lost
	// because the server closed an idle connection: the token makes that safe.
	req.Header["X-Idempotency-Key"] = []string{}
	req.Header.Set(signatureHeader, sign.Form(c.authToken(), withoutUser(target), signed))
	return req, nil
}

// follow follows the redirects of HTTP to the same host, and signs for where they
// lead. Another host is not told of the message: its redirect is the answer.
func (c *caller) follow(form url.Values) func(*http.Request, []*http.Request) error {
	return func(next *http.Request, before []*http.Request) error {
		last := before[len(before)-1].URL
		downgrade := last.Scheme == "https" && next.URL.Scheme != "https"
		if len(before) > maxRedirects || next.URL.Host != last.Host || downgrade {
			return http.ErrUseLastResponse
		}
		var signed url.Values
		if next.Method == http.MethodPost {
			signed = form
		}
		next.Header.Del("Referer") // the query of a GET is the message
		next.Header.Set(signatureHeader, sign.Form(c.authToken(), withoutUser(next.URL.String()), signed))
		return nil
	}
}

// reason is why a request came to nothing: what ended its context, if it is that.
func reason(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errConnect) || errors.Is(cause, errRead) {
		return cause
	}
	return withoutURL(err)
}

// withoutURL takes the URL out of an error of package net/http: its query may
// hold the message.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
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

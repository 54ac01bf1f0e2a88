package webhooks

import (
	"context"
	"errors"
	"fmt"
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
)

// request is a form for a URL.
type request struct {
	method string
	url    string
	form   url.Values
	token  string
}

// failed is that a request was not answered with 2xx.
func (r request) failed(code int, cause error) *failure {
	return &failure{url: r.url, code: code, cause: cause}
}

// answered is that a request was answered with what cannot be obeyed.
func (r request) answered(code int, cause error) *failure {
	return &failure{url: r.url, code: code, cause: cause, answered: true}
}

// page is an answer that has a status of 2xx.
type page struct {
	request     // that it answers
	contentType string
	body        []byte
}

// caller makes signed requests.
type caller struct {
	client    http.Client
	authToken func() string // which signs
	timeout   time.Duration // of one request
}

// fetch makes a request.
func (c *caller) fetch(ctx context.Context, r request) (page, *failure) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := c.build(ctx, r)
	if err != nil {
		return page{}, r.failed(codeConnection, withoutURL(err))
	}
	client := c.client
	client.CheckRedirect = c.follow(r.form)
	resp, err := client.Do(req)
	if err != nil {
		return page{}, r.failed(codeConnection, withoutURL(err))
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return page{}, r.failed(codeRetrieval, fmt.Errorf("it answered %d", resp.StatusCode))
	case err != nil:
		return page{}, r.failed(codeConnection, withoutURL(err))
	}
	return page{request: r, contentType: resp.Header.Get("Content-Type"), body: body}, nil
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
		next.Header.Set(signatureHeader, sign.Form(c.authToken(), withoutUser(next.URL.String()), signed))
		return nil
	}
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

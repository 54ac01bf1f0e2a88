// Package carrierhttp makes one HTTP request to a carrier and says, where it
// failed, whether the carrier may have got it (contract, 11). That question is
// answered here and nowhere else, for every driver that speaks HTTP.
//
// The line is drawn at the request itself. What fails before any of it was
// written (the name does not resolve, the connection is refused, the TLS
// handshake fails, the context is done while dialling) has not reached the
// carrier: try again. What fails later (a timeout, a reset, an answer that is
// cut off or makes no sense) may have: the outcome is unknown. An answer with a
// status of 400 or more is a refusal, whatever happens to its body.
package carrierhttp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"

	"bridged/channels"
)

// maxAnswer bounds what is read of an answer, in bytes. Carriers answer with a
// few hundred.
const maxAnswer = 1 << 20

// Request is a POST to a carrier, the only method that hands a message over.
type Request struct {
	URL    string
	Header http.Header
	Body   []byte
}

// Answer is a carrier's answer, read in full.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Post makes the request. It follows no redirect: the message and the
// credentials are for the configured host. The error is a *channels.SendError
// with the verdict Retry or Unknown; every answer that arrived is no error.
func Post(ctx context.Context, client *http.Client, r Request) (Answer, error) {
	var sent progress
	req, err := sent.request(ctx, r)
	if err != nil {
		// Not even a request: the configuration is at fault and can be mended.
		return Answer{}, &channels.SendError{Verdict: channels.Retry, Cause: err}
	}
	direct := *client
	direct.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := direct.Do(req)
	if err != nil {
		return Answer{}, sent.failed(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil && resp.StatusCode < http.StatusBadRequest {
		return Answer{}, &channels.SendError{Verdict: channels.Unknown, Cause: withoutURL(err)}
	}
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: body}, nil
}

// progress knows whether any of the request may have left this machine.
type progress struct{ begun atomic.Bool }

// request makes the HTTP request and hangs progress into it in two places, as
// HTTP/1 and HTTP/2 differ in what they report when: the headers were written,
// or the body was begun. Both come before the carrier can have the message. The
// transport repeats a POST by itself only where nothing of it was taken; a new
// connection is looked for then, which starts the count anew.
func (p *progress) request(ctx context.Context, r Request) (*http.Request, error) {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { p.begun.Store(false) },
		WroteHeaders: func() { p.begun.Store(true) },
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL, nil)
	if err != nil {
		return nil, withoutURL(err)
	}
	req.Header = r.Header.Clone()
	req.ContentLength = int64(len(r.Body))
	req.GetBody = func() (io.ReadCloser, error) {
		return io.NopCloser(&watched{Reader: bytes.NewReader(r.Body), begun: &p.begun}), nil
	}
	req.Body, err = req.GetBody()
	return req, err
}

// failed turns the error of a request without an answer into what it means.
func (p *progress) failed(err error) *channels.SendError {
	verdict := channels.Retry
	if p.begun.Load() {
		verdict = channels.Unknown
	}
	return &channels.SendError{Verdict: verdict, Cause: withoutURL(err)}
}

// watched is a request's body that notes when it is begun.
type watched struct {
	io.Reader
	begun *atomic.Bool
}

// Read implements io.Reader.
func (w *watched) Read(b []byte) (int, error) {
	w.begun.Store(true)
	return w.Reader.Read(b)
}

// withoutURL takes the URL out of an error of package net/http: causes are
// logged, and a carrier's URL may hold an account.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

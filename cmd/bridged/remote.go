package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"bridged/cmd/bridged/internal/config"
	"bridged/conversations"
	"bridged/twilio"
)

const (
	// remoteTime bounds one request to a running installation.
	remoteTime = 2 * time.Minute
	// remoteAnswer bounds what is read of an answer, in bytes.
	remoteAnswer = 16 << 20
)

// remoteFlags say which running installation a command acts on.
type remoteFlags struct {
	Config string `placeholder:"FILE" help:"Configuration file of the installation. Without it: bridged.toml here, or else the embedded default."`
	URL    string `name:"url" placeholder:"URL" help:"Where the installation is reached. Without it: server.public_url."`
}

// check refuses a URL that is none. It is for the commands' Validate.
func (f remoteFlags) check() error {
	if f.URL == "" {
		return nil
	}
	u, err := url.Parse(f.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return errors.New(`--url is no URL of an installation: write "http://HOST:PORT" or "https://HOST"`)
	}
	return nil
}

// parseService reads the flag --service of a command.
func parseService(sid string) (conversations.ServiceID, error) {
	id, ok := twilio.ParseSID[conversations.ServiceID](sid)
	if !ok {
		return "", errors.New("--service is no chat service: write IS and 32 hexadecimal digits")
	}
	return id, nil
}

// remote is a running installation, seen through its HTTP API.
type remote struct {
	url       string // without a slash at its end
	sid       string
	authToken string
	client    *http.Client
}

// connect finds the installation and its credentials: those of its configuration,
// which the environment overrides, or those of the environment alone where there
// is no configuration here.
func (f remoteFlags) connect(environ []string) (*remote, error) {
	r := &remote{url: f.URL, client: &http.Client{Timeout: remoteTime}}
	cfg, err := config.Existing(f.Config, environ)
	switch {
	case err == nil:
		r.sid, r.authToken = cfg.Account.SID, cfg.Account.AuthToken.Value()
		if r.url == "" {
			r.url = cfg.Server.PublicURL
		}
	case errors.Is(err, config.ErrNoInstallation):
		r.sid, r.authToken = variable(environ, "BRIDGED_ACCOUNT_SID"), variable(environ, "BRIDGED_ACCOUNT_AUTH_TOKEN")
		if r.sid == "" || r.authToken == "" || r.url == "" {
			return nil, fmt.Errorf("%w: name its file with --config, or give --url with BRIDGED_ACCOUNT_SID and BRIDGED_ACCOUNT_AUTH_TOKEN in the environment", err)
		}
	default:
		return nil, err
	}
	r.url = strings.TrimRight(r.url, "/")
	return r, nil
}

// variable is the value of an environment variable, empty where there is none.
// Of several the last counts.
func variable(environ []string, name string) (value string) {
	for _, entry := range environ {
		if v, ok := strings.CutPrefix(entry, name+"="); ok {
			value = v
		}
	}
	return value
}

// get reads a resource.
func (r *remote) get(ctx context.Context, path string, into any) error {
	return r.do(ctx, http.MethodGet, path, nil, into)
}

// do makes a request, with a JSON body unless in is nil, and decodes the answer.
// A refusal is a *twilio.Error; RetryAfter is set where the installation asked to
// come again later.
func (r *remote) do(ctx context.Context, method, path string, in, into any) error {
	if in == nil {
		return r.send(ctx, method, path, "", http.NoBody, into)
	}
	text, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("write the request: %w", err)
	}
	return r.send(ctx, method, path, "application/json", bytes.NewReader(text), into)
}

// post makes a request with the parameters of a form.
func (r *remote) post(ctx context.Context, path string, form url.Values, into any) error {
	return r.send(ctx, http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()), into)
}

// send makes a request, whose body has a type unless there is none.
func (r *remote) send(ctx context.Context, method, path, bodyType string, body io.Reader, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, r.url+path, body)
	if err != nil {
		return fmt.Errorf("make the request: %w", err)
	}
	request.SetBasicAuth(r.sid, r.authToken)
	if bodyType != "" {
		request.Header.Set("Content-Type", bodyType)
	}
	answer, err := r.client.Do(request)
	if err != nil {
		return &unreachableError{url: r.url, cause: err}
	}
	defer answer.Body.Close() //nolint:errcheck // all that counts has been read
	text, err := io.ReadAll(io.LimitReader(answer.Body, remoteAnswer))
	if err != nil {
		return &unreachableError{url: r.url, cause: err}
	}
	if answer.StatusCode/100 != 2 {
		return refusal(r.url, answer, text)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("what answers at %s is not bridged: %w", r.url, err)
	}
	return nil
}

// fetch writes what a request is answered with, however long that takes as long as
// something comes. Until the first byte there is no limit: the answer is being made.
func (r *remote) fetch(ctx context.Context, path string, to io.Writer) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+path, http.NoBody)
	if err != nil {
		return fmt.Errorf("make the request: %w", err)
	}
	request.SetBasicAuth(r.sid, r.authToken)
	answer, err := (&http.Client{Transport: r.client.Transport}).Do(request)
	if err != nil {
		return &unreachableError{url: r.url, cause: err}
	}
	defer answer.Body.Close() //nolint:errcheck // all that counts has been read
	if answer.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(answer.Body, remoteAnswer))
		if err != nil {
			return &unreachableError{url: r.url, cause: err}
		}
		return refusal(r.url, answer, text)
	}
	stands := time.AfterFunc(remoteTime, func() { cancel(errStandsStill) })
	defer stands.Stop()
	from := &watched{r: answer.Body, comes: func() { stands.Reset(remoteTime) }}
	if _, err := io.Copy(to, from); err != nil {
		if from.err != nil {
			return fmt.Errorf("the answer of %s broke off, its log says why: %w", r.url, cmp.Or(context.Cause(ctx), from.err))
		}
		return err
	}
	return nil
}

// errStandsStill says that an answer has begun and does not go on.
var errStandsStill = fmt.Errorf("nothing came for %s", remoteTime)

// watched tells when something is read, and remembers why it ended.
type watched struct {
	r     io.Reader
	comes func()
	err   error
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if n > 0 {
		w.comes()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// unreachableError says that a request got no answer.
type unreachableError struct {
	url   string
	cause error
}

// Error implements error. The cause names the URL of the request.
func (e *unreachableError) Error() string {
	return fmt.Sprintf("the installation at %s cannot be reached: %v (is it running? --url says where)", e.url, e.cause)
}

// Unwrap returns the cause.
func (e *unreachableError) Unwrap() error { return e.cause }

// refusal reads the error that an installation answered.
func refusal(at string, answer *http.Response, text []byte) error {
	var e twilio.Error
	if err := json.Unmarshal(text, &e); err != nil || e.Code == 0 {
		return fmt.Errorf("what answers at %s is not bridged, or a proxy before it: it answered %s", at, answer.Status)
	}
	if e.Code == twilio.CodeUnauthorized {
		return fmt.Errorf("the installation at %s does not know these credentials: it was started with others, or --url is another's", at)
	}
	if wait, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil {
		e.RetryAfter = wait
	}
	e.Status = answer.StatusCode
	return &e
}

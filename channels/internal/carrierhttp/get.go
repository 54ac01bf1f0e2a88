package carrierhttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"bridged/channels"
	"bridged/conversations"
	"bridged/guard"
)

// CodeFetch is the reference's "Media failed to download".
const CodeFetch = 63019

// File is what a carrier answers with, as it comes. Errors of Read are
// *channels.SendErrors.
type File struct {
	body io.ReadCloser
	kind string
}

// ContentType is the type that the answer states; empty where it states none.
func (f *File) ContentType() string { return f.kind }

// Read implements io.Reader.
func (f *File) Read(p []byte) (int, error) {
	n, err := f.body.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &channels.SendError{Verdict: channels.Retry, Code: CodeFetch, Detail: "the file broke off", Cause: withoutURL(err)}
	}
	return n, err
}

// Close implements io.Closer.
func (f *File) Close() error { return f.body.Close() }

// Get opens what is at a URL. The client says where it may be, and follows
// redirects. The error is a *channels.SendError; what an answer other than 200
// means, refuse says.
func Get(ctx context.Context, client *http.Client, url string, header http.Header, refuse func(Answer) *channels.SendError) (*File, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil || guard.HostOf(url) == "" {
		return nil, permanently("the URL of the file is no web address", nil)
	}
	req.Header = header.Clone()
	resp, err := client.Do(req)
	switch {
	case errors.Is(err, guard.ErrPrivate):
		return nil, permanently("the file is at an address that is not public", withoutURL(err))
	case errors.Is(err, guard.ErrRedirect):
		return nil, permanently("the file's URL redirects too often, or to no web address", withoutURL(err))
	case err != nil:
		return nil, &channels.SendError{Verdict: channels.Retry, Code: CodeFetch, Detail: "the file's host does not answer", Cause: withoutURL(err)}
	}
	if resp.StatusCode != http.StatusOK {
		defer func() { _ = resp.Body.Close() }()
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // the status says enough without it
		return nil, refuse(Answer{Status: resp.StatusCode, Header: resp.Header, Body: body})
	}
	if resp.ContentLength > conversations.MaxMediaBytes {
		_ = resp.Body.Close()
		return nil, permanently(fmt.Sprintf("the file has %d bytes; at most %d are allowed", resp.ContentLength, conversations.MaxMediaBytes), nil)
	}
	return &File{body: resp.Body, kind: resp.Header.Get("Content-Type")}, nil
}

// NoFile is what an answer without a file means where the carrier's own words say
// no more.
func NoFile(a Answer) *channels.SendError {
	verdict := Verdict(a.Status)
	if verdict == channels.Unknown { // a success without a file
		verdict = channels.Retry
	}
	return a.Refusal(verdict, CodeFetch, "", fmt.Sprintf("the file's host answered %d", a.Status))
}

func permanently(detail string, cause error) *channels.SendError {
	return &channels.SendError{Verdict: channels.Permanent, Code: CodeFetch, Detail: detail, Cause: cause}
}

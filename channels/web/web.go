// Package web fetches the files of inbound messages whose channel has no way of
// its own: by the URL that came with them, and without credentials.
package web

import (
	"context"
	"io"
	"net/http"

	"bridged/channels"
	"bridged/channels/internal/carrierhttp"
	"bridged/conversations"
)

// Fetcher is a channels.MediaFetcher for files of any channel.
type Fetcher struct{ client *http.Client }

var _ channels.MediaFetcher = (*Fetcher)(nil)

// NewFetcher makes a Fetcher. The client decides which hosts it may reach; see
// package guard.
func NewFetcher(client *http.Client) *Fetcher { return &Fetcher{client: client} }

// FetchMedia implements channels.MediaFetcher.
func (f *Fetcher) FetchMedia(ctx context.Context, m conversations.Media) (io.ReadCloser, error) {
	if m.URL == "" {
		return nil, &channels.SendError{
			Verdict: channels.Permanent, Code: carrierhttp.CodeFetch, Detail: "nobody said where the file is",
		}
	}
	file, err := carrierhttp.Get(ctx, f.client, m.URL, http.Header{}, carrierhttp.NoFile)
	if err != nil {
		return nil, err
	}
	return file, nil
}

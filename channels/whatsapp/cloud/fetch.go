package cloud

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strings"

	"bridged/channels"
	"bridged/channels/internal/carrierhttp"
	"bridged/conversations"
	"bridged/guard"
)

// maxRecord bounds what is read of Meta's word on a file, in bytes.
const maxRecord = 64 << 10

// record is Meta's word on a file.
type record struct {
	URL    string  `json:"url"`
	SHA256 string  `json:"sha256"`
	Size   integer `json:"file_size"`
}

// FetchMedia opens a file of an inbound message. Meta names it by an id, which
// leads to a URL that is good for five minutes, so it is asked for each time. A
// file that is not the one that Meta describes is an error at its end.
func (a *Adapter) FetchMedia(ctx context.Context, m conversations.Media) (io.ReadCloser, error) {
	r := record{URL: m.URL}
	if m.ProviderID != "" {
		var err error
		if r, err = a.lookUp(ctx, m.ProviderID); err != nil {
			return nil, err
		}
	}
	if !a.mayKnow(r.URL, m.ProviderID != "") {
		return nil, &channels.SendError{Verdict: channels.Permanent, Code: carrierhttp.CodeFetch, Detail: "the file's URL is none that may get the access token"}
	}
	body, err := carrierhttp.Get(ctx, a.api.Files, r.URL, a.authorized(), noFile)
	if err != nil {
		return nil, err
	}
	return &checked{File: body, want: r, hash: sha256.New()}, nil
}

// lookUp asks what there is to know of a file.
func (a *Adapter) lookUp(ctx context.Context, id string) (r record, err error) {
	answer, err := carrierhttp.Get(ctx, a.api.Files, a.api.Base+"/"+url.PathEscape(id), a.authorized(), noFile)
	if err != nil {
		return r, err
	}
	text, err := io.ReadAll(io.LimitReader(answer, maxRecord))
	if err = errors.Join(err, answer.Close()); err != nil {
		return r, &channels.SendError{Verdict: channels.Retry, Code: carrierhttp.CodeFetch, Detail: "Meta's answer broke off", Cause: err}
	}
	if json.Unmarshal(text, &r) != nil || r.URL == "" {
		return r, &channels.SendError{Verdict: channels.Retry, Code: carrierhttp.CodeFetch, Detail: "Meta's answer names no URL of the file"}
	}
	return r, nil
}

// mayKnow says whether the access token may go to a URL: to the API's own host, and
// where the API itself says that the file is. Meta keeps files on another host,
// which has to be told the token too.
func (a *Adapter) mayKnow(rawURL string, byAPI bool) bool {
	host := guard.HostOf(rawURL)
	return host != "" && (host == guard.HostOf(a.api.Base) || byAPI && strings.HasPrefix(rawURL, "https://"))
}

func (a *Adapter) authorized() http.Header {
	return carrierhttp.Bearer(a.cfg.AccessToken())
}

// noFile reads Meta's error, which has a code where it is the API's.
func noFile(a carrierhttp.Answer) *channels.SendError {
	e := refusal(a)
	if e.CarrierCode == "" {
		e = carrierhttp.NoFile(a)
	}
	if e.Verdict != channels.Throttled && e.Verdict != channels.Permanent {
		e.Verdict = channels.Retry
	}
	e.Code = carrierhttp.CodeFetch
	return e
}

// checked is a file that is compared with Meta's word on it.
type checked struct {
	*carrierhttp.File

	want record
	hash hash.Hash
	size int64
}

// Read implements io.Reader.
func (c *checked) Read(p []byte) (int, error) {
	n, err := c.File.Read(p)
	c.size += int64(n)
	c.hash.Write(p[:n])
	if errors.Is(err, io.EOF) {
		if wrong := c.differs(); wrong != "" {
			err = &channels.SendError{Verdict: channels.Retry, Code: carrierhttp.CodeFetch, Detail: wrong}
		}
	}
	return n, err
}

// differs says in what the file is not the one that was announced. Meta gives the
// hash in hexadecimal digits with a file, and in base64 in webhooks; one in
// another form says nothing.
func (c *checked) differs() string {
	if want := int64(c.want.Size); want > 0 && c.size != want {
		return fmt.Sprintf("the file has %d bytes and not %d, as Meta says", c.size, want)
	}
	sum := c.hash.Sum(nil)
	want, err := hex.DecodeString(c.want.SHA256)
	if err != nil {
		want, err = base64.StdEncoding.DecodeString(c.want.SHA256)
	}
	if err == nil && len(want) == sha256.Size && string(want) != string(sum) {
		return "the file is not the one whose SHA-256 Meta tells"
	}
	return ""
}

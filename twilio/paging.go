package twilio

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"net/url"
	"strconv"
	"strings"

	"bridged/conversations"
)

// The sizes of pages: the largest that each list gives. A larger one that is
// asked for is cut down to it (contract, 23).
const (
	defaultPageSize     = 50
	MaxConversations    = 100
	MaxParticipants     = 1000
	MaxMessages         = 100
	MaxDeliveryReceipts = 50
	MaxUsers            = 50
	MaxMemberships      = 50
	MaxRoles            = 50
	MaxAddresses        = 50
	MaxWebhooks         = 5
	MaxServices         = 100
	MaxCredentials      = 100
	MaxPushBindings     = 100
	MaxOperations       = 1000
	MaxContents         = 1000
	MaxSearch           = 100
	MaxEvents           = 100
)

// PageRequest is the page that a request asks for, and how to write the URLs of
// its neighbours.
type PageRequest struct {
	// Page is what to ask the store for.
	Page conversations.Page

	number int
	token  string
	kept   []string // the request's own filters, encoded
}

// ReadPage reads PageSize, Page and PageToken.
func (f *Form) ReadPage(maxSize int) PageRequest {
	p := PageRequest{Page: conversations.Page{Size: min(defaultPageSize, maxSize)}}
	if s := f.String("PageSize"); s != nil {
		size, err := strconv.Atoi(*s)
		if err != nil || size < 1 {
			f.refuse(Invalid("PageSize must be a number from 1 to %d", maxSize))
			return p
		}
		p.Page.Size = min(size, maxSize)
	}
	if s := f.String("Page"); s != nil {
		// The number says nothing about where the page is: the token does. It is
		// counted for the client's sake only.
		number, err := strconv.Atoi(*s)
		if err != nil || number < 0 || number >= math.MaxInt32 {
			f.refuse(Invalid("Page must be a number from 0"))
			return p
		}
		p.number = number
	}
	if s := f.String("PageToken"); s != nil && *s != "" {
		if !seek(&p.Page, *s) {
			f.refuse(Invalid("PageToken is none that this list gave out"))
			return p
		}
		p.token = *s
	}
	return p
}

// Keep carries a parameter of the request over to the URLs of the other pages.
func (p *PageRequest) Keep(name, value string) {
	p.kept = append(p.kept, url.QueryEscape(name)+"="+url.QueryEscape(value))
}

// KeepFrom carries over those of the named parameters that the request has.
func (p *PageRequest) KeepFrom(f *Form, names ...string) {
	for _, name := range names {
		if v := f.String(name); v != nil {
			p.Keep(name, *v)
		}
	}
}

// Meta is the `meta` object of a list. The URLs are absolute; null is where the
// list ends.
type Meta struct {
	Page            int     `json:"page"`
	PageSize        int     `json:"page_size"`
	FirstPageURL    string  `json:"first_page_url"`
	PreviousPageURL *string `json:"previous_page_url"`
	URL             string  `json:"url"`
	NextPageURL     *string `json:"next_page_url"`
	Key             string  `json:"key"`
}

// meta describes a page of the list at listURL, whose neighbours begin at the
// cursors.
func (p PageRequest) meta(key, listURL string, next, previous *conversations.Cursor) Meta {
	m := Meta{
		Page:         p.number,
		PageSize:     p.Page.Size,
		FirstPageURL: p.url(listURL, 0, ""),
		URL:          p.url(listURL, p.number, p.token),
		Key:          key,
	}
	if next != nil {
		u := p.url(listURL, p.number+1, pageToken(tokenAfter, *next))
		m.NextPageURL = &u
	}
	if previous != nil {
		u := p.url(listURL, max(p.number-1, 0), pageToken(tokenBefore, *previous))
		m.PreviousPageURL = &u
	}
	return m
}

func (p PageRequest) url(listURL string, number int, token string) string {
	query := append(append([]string{}, p.kept...),
		"PageSize="+strconv.Itoa(p.Page.Size), "Page="+strconv.Itoa(number))
	if token != "" {
		query = append(query, "PageToken="+token)
	}
	return listURL + "?" + strings.Join(query, "&")
}

// List shows a page of a list: its meta, and under key its entries.
func List[T, R any](p PageRequest, key, listURL string, page conversations.Listing[T], show func(T) R) map[string]any {
	entries := make([]R, len(page.Items)) // never nil: an empty list is no null
	for i, item := range page.Items {
		entries[i] = show(item)
	}
	return map[string]any{"meta": p.meta(key, listURL, page.Next, page.Previous), key: entries}
}

// A page token is the place to continue from and the direction. It is opaque to
// clients, who must not take it for a promise about the store's keys.
const (
	tokenAfter  = 'a'
	tokenBefore = 'b'
	tokenLen    = 1 + 8 + 8 // and the text of the cursor, which is an ID
)

func pageToken(direction byte, c conversations.Cursor) string {
	b := make([]byte, 0, tokenLen)
	b = append(b, direction)
	b = binary.BigEndian.AppendUint64(b, uint64(c.Major))
	b = binary.BigEndian.AppendUint64(b, uint64(c.Minor))
	b = append(b, c.Text...)
	return base64.RawURLEncoding.EncodeToString(b)
}

// decodeToken reads what EncodeToString of the same encoding has written, and nothing
// else: by itself it would pass over line breaks.
func decodeToken(s string) ([]byte, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return b, err == nil && !strings.ContainsAny(s, "\r\n")
}

// seek makes the page begin where the token says, or reports that it is none.
func seek(page *conversations.Page, token string) bool {
	b, ok := decodeToken(token)
	if !ok || len(b) < tokenLen || len(b) > tokenLen && !conversations.ValidID(string(b[tokenLen:])) {
		return false
	}
	c := &conversations.Cursor{
		Text:  string(b[tokenLen:]),
		Major: int64(binary.BigEndian.Uint64(b[1:])),
		Minor: int64(binary.BigEndian.Uint64(b[9:])),
	}
	switch b[0] {
	case tokenAfter:
		page.After = c
	case tokenBefore:
		page.Before = c
	default:
		return false
	}
	return true
}

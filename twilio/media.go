package twilio

import (
	"net/url"
	"strconv"
	"strings"

	"bridged/conversations"
)

// DirectMediaPath begins the paths of the URLs that carry their own permission.
const DirectMediaPath = "/bridged/v1/media/"

// The parameters of a URL that carries its own permission.
const (
	DirectExpires   = "expires"
	DirectSignature = "signature"
)

// MediaFile is the media resource (page 05; contract, 8). The client SDKs read
// filename, page 05 names it file_name. State and Reason are not the reference's: a
// file has them whose bytes are not here, because it is being fetched from its
// carrier or that failed.
type MediaFile struct {
	SID         string     `json:"sid"`
	AccountSID  string     `json:"account_sid"`
	ServiceSID  string     `json:"service_sid"`
	DateCreated string     `json:"date_created"`
	DateUpdated string     `json:"date_updated"`
	ChannelSID  *string    `json:"channel_sid"`
	MessageSID  *string    `json:"message_sid"`
	Size        int64      `json:"size"`
	ContentType string     `json:"content_type"`
	Filename    *string    `json:"filename"`
	FileName    *string    `json:"file_name"`
	Author      string     `json:"author"`
	Category    string     `json:"category"`
	State       string     `json:"state,omitempty"`
	Reason      string     `json:"reason,omitempty"`
	URL         string     `json:"url"`
	Links       MediaLinks `json:"links"`
}

// MediaLinks are the URLs of a file's bytes: with credentials, and without them
// for a short time.
type MediaLinks struct {
	Content                string `json:"content"`
	ContentDirectTemporary string `json:"content_direct_temporary"`
}

// MediaFile shows a file, whose bytes are at the temporary URL.
func (s Scope) MediaFile(f conversations.MediaFile, temporary string) MediaFile {
	at := strings.TrimRight(s.PublicURL, "/") + "/v1/Services/" + SID(f.Service) + "/Media/" + SID(f.ID)
	shown := MediaFile{
		SID:         SID(f.ID),
		AccountSID:  s.Account,
		ServiceSID:  SID(f.Service),
		DateCreated: Date(f.Created),
		DateUpdated: Date(f.Updated),
		ChannelSID:  NullableSID(&f.Conversation),
		MessageSID:  NullableSID(&f.Message),
		Size:        f.Size,
		ContentType: f.ContentType,
		Author:      f.Author,
		Category:    string(f.Category),
		State:       string(f.State),
		Reason:      f.Reason,
		URL:         at,
		Links:       MediaLinks{Content: at + "/Content", ContentDirectTemporary: temporary},
	}
	if f.Filename != "" {
		shown.Filename, shown.FileName = &f.Filename, &f.Filename
	}
	return shown
}

// DirectMediaURL is the URL by which whoever has it may fetch a file, until the
// time (seconds since 1970 UTC) that the signature covers.
func DirectMediaURL(publicURL string, id conversations.MediaID, expires int64, signature string) string {
	query := url.Values{DirectExpires: {strconv.FormatInt(expires, 10)}, DirectSignature: {signature}}
	return strings.TrimRight(publicURL, "/") + DirectMediaPath + SID(id) + "?" + query.Encode()
}

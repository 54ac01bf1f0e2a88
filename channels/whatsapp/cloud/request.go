package cloud

import (
	"strings"

	"bridged/channels"
	"bridged/conversations"
)

// request sends a message. Meta takes numbers without their plus sign in To, and
// business-scoped ids there or in Recipient. Of the contents the one that Type
// names is there.
type request struct {
	Product   string `json:"messaging_product"`
	Kind      string `json:"recipient_type"`
	To        string `json:"to,omitempty"`
	Recipient string `json:"recipient,omitempty"`
	Type      string `json:"type"`

	Text     *textBody `json:"text,omitempty"`
	Image    *fileBody `json:"image,omitempty"`
	Video    *fileBody `json:"video,omitempty"`
	Audio    *fileBody `json:"audio,omitempty"`
	Document *fileBody `json:"document,omitempty"`
}

type textBody struct {
	Body       string `json:"body"`
	PreviewURL bool   `json:"preview_url"`
}

// fileBody is a file, which Meta fetches from Link.
type fileBody struct {
	Link     string `json:"link"`
	Caption  string `json:"caption,omitempty"`
	Filename string `json:"filename,omitempty"` // of documents only
}

// textOf sends a text.
func textOf(out channels.Outbound) request {
	return request{Type: "text", Text: &textBody{Body: out.Body}}
}

// fileOf sends the one file that a message of Meta's can have, with the text as
// its caption.
func fileOf(out channels.Outbound) request {
	m := out.Media[0]
	body := &fileBody{Link: m.URL, Caption: out.Body}
	family, _, _ := strings.Cut(conversations.MediaType(m.ContentType), "/")
	switch family {
	case "image":
		return request{Type: "image", Image: body}
	case "video":
		return request{Type: "video", Video: body}
	case "audio":
		return request{Type: "audio", Audio: body}
	}
	body.Filename = m.Filename
	return request{Type: "document", Document: body}
}

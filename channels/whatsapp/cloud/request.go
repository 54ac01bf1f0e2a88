package cloud

import (
	"strings"

	"bridged/channels"
	"bridged/channels/internal/waid"
	"bridged/conversations"
	"bridged/phone"
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

	Text        *textBody    `json:"text,omitempty"`
	Image       *fileBody    `json:"image,omitempty"`
	Video       *fileBody    `json:"video,omitempty"`
	Audio       *fileBody    `json:"audio,omitempty"`
	Document    *fileBody    `json:"document,omitempty"`
	Template    *template    `json:"template,omitempty"`
	Interactive *interactive `json:"interactive,omitempty"`
	Location    *location    `json:"location,omitempty"`
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

// newRequest makes the request that sends a message.
func (a *Adapter) newRequest(out channels.Outbound) request {
	var r request
	switch {
	case out.Content != nil && out.Content.Template != nil:
		r = request{Type: "template", Template: newTemplate(*out.Content.Template)}
	case out.Content != nil:
		r = formOf(out.Content.Form)
	case len(out.Media) > 0:
		r = fileOf(out)
	default:
		r = textOf(out)
	}
	r.Product, r.Kind, r.To = "whatsapp", "individual", waid.ToID(out.To)
	if a.cfg.UserIDField == FieldRecipient && !phone.Valid(out.To.Local()) {
		r.To, r.Recipient = "", r.To
	}
	return r
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

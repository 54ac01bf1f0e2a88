package bandwidth

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"bridged/channels"
	"bridged/channels/internal/normal"
	"bridged/channels/internal/sms"
	"bridged/conversations"
	"bridged/sign"
)

// event is what a callback tells, several at a time.
type event struct {
	Type        string          `json:"type"`
	Time        string          `json:"time"`
	To          string          `json:"to"` // the receiver that it is about
	Description string          `json:"description"`
	ErrorCode   json.RawMessage `json:"errorCode"`
	Message     message         `json:"message"`
}

// message is a message in either direction.
type message struct {
	ID    string   `json:"id"`
	Owner string   `json:"owner"` // of an inbound message: the number of ours whose copy it is
	Time  string   `json:"time"`
	From  string   `json:"from"`
	To    []string `json:"to"`
	Text  string   `json:"text"`
	Media []string `json:"media"`
}

// ReceiveHook reads inbound messages and statuses. A group message to several of
// our numbers comes once for each, under an id of its own: each is a message to
// the number that it is for.
func (a *Adapter) ReceiveHook(r channels.HookRequest) (channels.Received, error) {
	if !a.knows(r.Header) {
		return channels.Received{}, channels.ErrSignature
	}
	var events []json.RawMessage
	if json.Unmarshal(r.Body, &events) != nil || events == nil {
		// Not the error itself: it may quote the body.
		return channels.Received{}, fmt.Errorf("%w: the body is no JSON array", channels.ErrMalformed)
	}
	in := intake{Adapter: a}
	for _, raw := range events {
		in.event(raw)
	}
	if in.senseless > 0 && len(in.Messages)+len(in.Statuses) == 0 {
		return channels.Received{}, fmt.Errorf("%w: a message or status without id or address", channels.ErrMalformed)
	}
	return in.Received, nil
}

// knows checks the credentials that a callback comes with, in constant time. None
// that is not set opens anything.
func (a *Adapter) knows(header http.Header) bool {
	r := http.Request{Header: header}
	user, password, ok := r.BasicAuth()
	return sign.Same(user, a.cfg.CallbackUsername)&sign.Same(password, a.cfg.CallbackPassword()) == 1 && ok
}

// intake collects what one request carries.
type intake struct {
	*Adapter
	channels.Received
	senseless int
}

func (in *intake) event(raw json.RawMessage) {
	var kind struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(raw, &kind) != nil || kind.Type == "" {
		in.senseless++
		return
	}
	switch kind.Type {
	case "message-received", "message-sending", "message-delivered", "message-failed":
	default: // message-read, answers to cards, and what Bandwidth invents next
		return
	}
	var e event
	if json.Unmarshal(raw, &e) != nil || !e.complete() {
		in.senseless++
		return
	}
	if e.Type == "message-received" {
		in.message(e, raw)
		return
	}
	in.Statuses = append(in.Statuses, in.status(e))
}

// complete says whether the message can be told from others and has people.
func (e event) complete() bool {
	return normal.Text(e.Message.ID) != "" && normal.Text(e.Message.From) != "" && (e.Type != "message-received" || e.owner() != "")
}

// owner is the number of ours that got an inbound message.
func (e event) owner() conversations.Address {
	if owner := normal.Text(e.Message.Owner); owner != "" {
		return conversations.Address(owner)
	}
	return e.receiver()
}

// receiver is whom an event is about.
func (e event) receiver() conversations.Address {
	if to := normal.Text(e.To); to != "" {
		return conversations.Address(to)
	}
	if len(e.Message.To) == 1 {
		return conversations.Address(normal.Text(e.Message.To[0]))
	}
	return ""
}

func (in *intake) message(e event, raw json.RawMessage) {
	m := e.Message
	receivers := make([]conversations.Address, len(m.To))
	for i, to := range m.To {
		receivers[i] = conversations.Address(normal.Text(to))
	}
	from, to := conversations.Address(normal.Text(m.From)), e.owner()
	in.Messages = append(in.Messages, conversations.Inbound{
		Channel:    in.cfg.Name,
		ProviderID: normal.Text(m.ID),
		From:       from,
		To:         to,
		Others:     sms.Others(to, from, receivers),
		Body:       normal.Text(m.Text),
		Media:      attachments(m.Media),
		SentAt:     normal.Time(m.Time),
		Notes:      normal.JSONNotes(raw, m.From, string(to), m.Text),
	})
}

// status is the report of an event about a message of ours. Of MMS, where the
// account has no receipts for it, "delivered" is only said to be to the carrier.
func (in *intake) status(e event) conversations.StatusReport {
	report := conversations.StatusReport{
		Channel:    in.cfg.Name,
		ProviderID: normal.Text(e.Message.ID),
		Status:     conversations.StatusSent,
		Address:    e.receiver(),
		Proxy:      conversations.Address(normal.Text(e.Message.From)),
		At:         normal.Time(e.Time),
	}
	switch e.Type {
	case "message-delivered":
		if !strings.HasPrefix(strings.ToLower(e.Description), "message delivered to carrier") {
			report.Status = conversations.StatusDelivered
		}
	case "message-failed":
		code, err := strconv.Atoi(strings.Trim(string(e.ErrorCode), `"`))
		if err != nil || code < 0 {
			code = 0
		}
		if report.Status = failure(code); report.Status != conversations.StatusSent {
			report.ErrorCode = translate(code)
		}
		if code != 0 {
			report.CarrierCode = strconv.Itoa(code)
		}
		report.Detail = normal.Detail(e.Description)
	}
	return report
}

// attachments are the files of a message but for SMIL, which says how to lay the others out.
// Bandwidth tells their names and not their types.
func attachments(urls []string) []conversations.Media {
	var media []conversations.Media
	for _, raw := range urls {
		raw = normal.Text(raw)
		if raw == "" {
			continue
		}
		var name string
		if u, err := url.Parse(raw); err == nil && strings.Trim(u.Path, "/.") != "" {
			name = normal.Text(path.Base(u.Path))
		}
		extension := strings.ToLower(path.Ext(name))
		if extension == ".smil" || strings.EqualFold(name, "smil.xml") {
			continue
		}
		media = append(media, conversations.Media{URL: raw, ContentType: contentType(extension), Filename: name})
	}
	return media
}

// contentType is what the end of a name says about a file; empty where it says
// nothing. The file itself says it better once it is fetched.
func contentType(extension string) string {
	switch extension {
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".png":
		return "image/png"
	case ".gif":
		return "image/gif"
	case ".mp3":
		return "audio/mpeg"
	case ".amr":
		return "audio/amr"
	case ".mp4":
		return "video/mp4"
	case ".3gp", ".3gpp":
		return "video/3gpp"
	case ".pdf":
		return "application/pdf"
	case ".vcf":
		return "text/vcard"
	case ".txt":
		return "text/plain"
	}
	return ""
}

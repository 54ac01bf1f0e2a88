package telnyx

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"bridged/channels"
	"bridged/channels/internal/normal"
	"bridged/channels/internal/sms"
	"bridged/conversations"
	"bridged/sign"
)

// The headers of a webhook.
const (
	// SignatureHeader holds Telnyx's signature of the time and the body.
	SignatureHeader = "Telnyx-Signature-Ed25519"
	// TimestampHeader holds the time of the webhook, in seconds since 1970.
	TimestampHeader = "Telnyx-Timestamp"
)

// tolerance is how far the time of a webhook may be from ours, either way. An
// older one may be a recording that somebody plays back.
const tolerance = 5 * time.Minute

// webhook is what Telnyx sends. A click on a shortened link comes without data.
type webhook struct {
	RecordType string `json:"record_type"`
	Data       *struct {
		EventType  string          `json:"event_type"`
		OccurredAt string          `json:"occurred_at"`
		Payload    json.RawMessage `json:"payload"`
	} `json:"data"`
}

// message is a message in either direction.
type message struct {
	reference
	From       party          `json:"from"`
	To         []party        `json:"to"`
	CC         []party        `json:"cc"` // of a group
	Text       string         `json:"text"`
	Subject    string         `json:"subject"`
	Media      []file         `json:"media"`
	ReceivedAt string         `json:"received_at"`
	Errors     []carrierError `json:"errors"`
}

// party is somebody who sent or gets a message.
type party struct {
	Number string `json:"phone_number"`
	Status string `json:"status"`
}

// UnmarshalJSON implements json.Unmarshaler. Some of Telnyx's examples have the
// bare number.
func (p *party) UnmarshalJSON(b []byte) error {
	if strings.HasPrefix(string(b), `"`) {
		return json.Unmarshal(b, &p.Number)
	}
	type plain party
	return json.Unmarshal(b, (*plain)(p))
}

// address is the party's.
func (p party) address() conversations.Address {
	return conversations.Address(normal.Text(p.Number))
}

// file is a file of a message, which anybody may fetch.
type file struct {
	URL         string `json:"url"`
	ContentType string `json:"content_type"`
	Size        int64  `json:"size"`
}

// ReceiveHook reads an inbound message or the statuses of one that was sent.
// Webhooks of other events carry nothing.
func (a *Adapter) ReceiveHook(r channels.HookRequest) (channels.Received, error) {
	if !a.signed(r) {
		return channels.Received{}, channels.ErrSignature
	}
	var w webhook
	if json.Unmarshal(r.Body, &w) != nil {
		// Not the error itself: it may quote the body.
		return channels.Received{}, fmt.Errorf("%w: the body is not the JSON that it should be", channels.ErrMalformed)
	}
	if w.Data == nil {
		if w.RecordType != "" {
			return channels.Received{}, nil
		}
		return channels.Received{}, fmt.Errorf("%w: no event", channels.ErrMalformed)
	}
	switch w.Data.EventType {
	case "message.received", "message.sent", "message.finalized":
	default:
		return channels.Received{}, nil
	}
	var m message
	if json.Unmarshal(w.Data.Payload, &m) != nil || !m.complete() {
		return channels.Received{}, fmt.Errorf("%w: a message without id, sender or receiver", channels.ErrMalformed)
	}
	if w.Data.EventType != "message.received" {
		return channels.Received{Statuses: a.statuses(m, w.Data.EventType, normal.Time(w.Data.OccurredAt))}, nil
	}
	in := a.inbound(m)
	in.Notes = normal.JSONNotes(w.Data.Payload, m.From.Number, m.Text, m.Subject)
	return channels.Received{Messages: []conversations.Inbound{in}}, nil
}

// complete says whether the message can be told from others and has people.
func (m message) complete() bool {
	nameless := func(p party) bool { return p.address() == "" }
	return normal.Text(m.id()) != "" && normal.Text(m.ID) != "" && !nameless(m.From) &&
		len(m.To) > 0 && !slices.ContainsFunc(m.To, nameless)
}

// signed checks the signature and that it is a recent one.
func (a *Adapter) signed(r channels.HookRequest) bool {
	timestamp := r.Header.Get(TimestampHeader)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return false
	}
	age := a.cfg.Now().Sub(time.Unix(seconds, 0))
	return age <= tolerance && age >= -tolerance &&
		sign.VerifyEd25519(a.publicKey, timestamp, r.Body, r.Header.Get(SignatureHeader))
}

// inbound is the message in normal form. A subject stands for a text that is
// missing: some handsets write short texts there.
func (a *Adapter) inbound(m message) conversations.Inbound {
	var receivers []conversations.Address
	for _, p := range slices.Concat(m.To, m.CC) {
		receivers = append(receivers, p.address())
	}
	from, to := m.From.address(), a.proxy(m, receivers)
	in := conversations.Inbound{
		Channel:    a.cfg.Name,
		ProviderID: normal.Text(m.ID),
		From:       from,
		To:         to,
		Others:     sms.Others(to, from, receivers),
		Body:       normal.Text(m.Text),
		Media:      attachments(m.Media),
		SentAt:     normal.Time(m.ReceivedAt),
	}
	if in.Body == "" {
		in.Body = normal.Text(m.Subject)
	}
	return in
}

// proxy is the number of ours that got the message: the receiver for which the
// webhook was made, else the first that is ours.
func (a *Adapter) proxy(m message, receivers []conversations.Address) conversations.Address {
	for _, p := range m.To {
		if p.Status == "webhook_delivered" && (len(a.cfg.Numbers) == 0 || slices.Contains(a.cfg.Numbers, p.address())) {
			return p.address()
		}
	}
	for _, r := range receivers {
		if slices.Contains(a.cfg.Numbers, r) {
			return r
		}
	}
	return receivers[0]
}

// attachments are the files of a message but for SMIL, which says how to lay the others out.
func attachments(list []file) []conversations.Media {
	var media []conversations.Media
	for _, f := range list {
		if f.URL == "" || strings.HasPrefix(f.ContentType, "application/smil") {
			continue
		}
		media = append(media, conversations.Media{
			URL: normal.Text(f.URL), ContentType: normal.Text(f.ContentType), Size: max(f.Size, 0),
		})
	}
	return media
}

// statuses are the reports of an event, one for each receiver about whom it says
// something that a delivery does not know already.
func (a *Adapter) statuses(m message, event string, at time.Time) []conversations.StatusReport {
	var reports []conversations.StatusReport
	for _, p := range m.To {
		status := statusOf(event, p.Status)
		if status == "" {
			continue
		}
		report := conversations.StatusReport{
			Channel:    a.cfg.Name,
			ProviderID: normal.Text(m.id()),
			Status:     status,
			Address:    p.address(),
			Proxy:      m.From.address(),
			At:         at,
		}
		if status == conversations.StatusFailed || status == conversations.StatusUndelivered {
			m.explain(&report)
		}
		reports = append(reports, report)
	}
	return reports
}

// explain adds to a failure what Telnyx says about it.
func (m message) explain(report *conversations.StatusReport) {
	report.ErrorCode = sms.CodeUnknown
	if len(m.Errors) == 0 {
		return
	}
	first := m.Errors[0]
	if number, _, known := translate(first.Code); known {
		report.ErrorCode = number
	}
	report.CarrierCode = first.Code.String()
	report.Detail = normal.Detail(first.words())
}

// statusOf is what Telnyx's status of a receiver means; empty for its own steps
// before it has handed the message over. Networks that report nothing are
// unconfirmed at the end, and members of a group at other carriers always
// unknown: they have been sent the message, and that is all that is ever known.
func statusOf(event, status string) conversations.Status {
	switch status {
	case "delivered":
		return conversations.StatusDelivered
	case "sending_failed":
		return conversations.StatusFailed
	case "delivery_failed", "expired":
		return conversations.StatusUndelivered
	case "sent", "delivery_unconfirmed", "unknown":
		return conversations.StatusSent
	}
	if event == "message.sent" {
		return conversations.StatusSent
	}
	return ""
}

package cloud

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"bridged/channels"
	"bridged/channels/internal/normal"
	"bridged/channels/internal/waid"
	"bridged/conversations"
	"bridged/sign"
)

// SignatureHeader holds Meta's signature.
const SignatureHeader = "X-Hub-Signature-256"

// payload is the outermost level of what Meta sends. One request can carry
// events of several accounts, numbers and kinds; each level is looped over.
type payload struct {
	Object string `json:"object"`
	Entry  []struct {
		Changes []struct {
			Field string          `json:"field"`
			Value json.RawMessage `json:"value"`
		} `json:"changes"`
	} `json:"entry"`
}

// value is a change of the field "messages". Its errors are about the account
// as a whole and concern no message.
type value struct {
	Metadata struct {
		PhoneNumberID string `json:"phone_number_id"`
	} `json:"metadata"`
	Contacts []contact         `json:"contacts"`
	Messages []json.RawMessage `json:"messages"`
	Statuses []json.RawMessage `json:"statuses"`
}

// contact says who a message is from. The number is missing, or empty, for a
// person who keeps it from businesses.
type contact struct {
	WaID    string          `json:"wa_id"`
	UserID  string          `json:"user_id"`
	Profile json.RawMessage `json:"profile"`
}

// name is what the person chose to be called; empty where it makes no sense, which
// is no reason to lose the message.
func (c contact) name() string {
	var profile struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(c.Profile, &profile) != nil {
		return ""
	}
	return normal.Text(profile.Name)
}

// status is a report on a message that was sent.
type status struct {
	ID              string      `json:"id"`
	Status          string      `json:"status"`
	Timestamp       integer     `json:"timestamp"`
	RecipientID     string      `json:"recipient_id"`
	RecipientUserID string      `json:"recipient_user_id"`
	Errors          []metaError `json:"errors"`
}

// integer is a whole number that Meta writes as a number in one place and as a
// text in another. What is neither is 0: a message is worth more than its time.
type integer int64

// UnmarshalJSON implements json.Unmarshaler.
func (i *integer) UnmarshalJSON(b []byte) error {
	n, err := strconv.ParseInt(strings.Trim(string(b), `"`), 10, 64)
	if err != nil {
		n = 0
	}
	*i = integer(n)
	return nil
}

// ReceiveHook reads messages and statuses. One that makes no sense does not
// take its neighbours with it: Meta would send them all again for a week. Only a
// request in which nothing else is left is malformed.
func (a *Adapter) ReceiveHook(r channels.HookRequest) (channels.Received, error) {
	if !sign.VerifyHub(a.cfg.AppSecret(), r.Body, r.Header.Get(SignatureHeader)) {
		return channels.Received{}, channels.ErrSignature
	}
	var p payload
	if json.Unmarshal(r.Body, &p) != nil {
		// Not the error itself: it may quote the body.
		return channels.Received{}, fmt.Errorf("%w: the body is not the JSON that it should be", channels.ErrMalformed)
	}
	in := intake{Adapter: a}
	if p.Object == "whatsapp_business_account" {
		for _, entry := range p.Entry {
			for _, change := range entry.Changes {
				if change.Field == "messages" {
					in.change(change.Value)
				}
			}
		}
	}
	if in.senseless > 0 && len(in.Messages)+len(in.Statuses) == 0 {
		return channels.Received{}, fmt.Errorf("%w: a message or status without id or address", channels.ErrMalformed)
	}
	return in.Received, nil
}

// intake collects what one request carries.
type intake struct {
	*Adapter
	channels.Received
	senseless int
}

// change takes a change apart. Those of the business's other numbers belong to
// other channels.
func (in *intake) change(raw json.RawMessage) {
	var v value
	if json.Unmarshal(raw, &v) != nil {
		in.senseless++
		return
	}
	if v.Metadata.PhoneNumberID != in.cfg.PhoneNumberID {
		return
	}
	for _, m := range v.Messages {
		in.message(m, v.Contacts)
	}
	for _, s := range v.Statuses {
		in.status(s)
	}
}

func (in *intake) message(raw json.RawMessage, contacts []contact) {
	var m message
	if json.Unmarshal(raw, &m) != nil {
		in.senseless++
		return
	}
	from, names, profile := m.sender(contacts)
	if m.ID == "" || from == "" {
		in.senseless++
		return
	}
	body, media := m.content()
	in.Messages = append(in.Messages, conversations.Inbound{
		Channel:    in.cfg.Name,
		ProviderID: normal.Text(m.ID),
		From:       from,
		// Of a group (group_id) too: who else is in it is not said, so the message
		// is the person's own to this number.
		To:     in.cfg.Number,
		Body:   normal.Text(body),
		Media:  media,
		Names:  names,
		SentAt: normal.Unix(int64(m.Timestamp)),
		Notes:  normal.JSONNotes(raw, body),

		ProfileName: profile,
		Attributes:  m.attributes(),
		ReplyTo:     m.answers(),
	})
}

// sender is the address that a message came from, the sender's other names, and
// what the sender is called. Meta has left the number out, and sent it empty; who
// the message does not name is in the only contact.
func (m message) sender(contacts []contact) (from conversations.Address, others []conversations.Address, profile string) {
	ids := []string{m.From, m.FromUserID, m.UserID}
	isNamed := strings.Join(ids, "") != ""
	for _, c := range contacts {
		if c.isOf(m) || !isNamed && len(contacts) == 1 { // of several nobody can say which
			ids = append(ids, c.WaID, c.UserID)
			profile = c.name()
		}
	}
	from, others = names(ids...)
	return from, others, profile
}

// isOf says whether the contact is who sent the message.
func (c contact) isOf(m message) bool {
	return c.WaID != "" && c.WaID == m.From || c.UserID != "" && (c.UserID == m.FromUserID || c.UserID == m.UserID)
}

// names are the addresses that Meta's ids of one person mean.
func names(ids ...string) (conversations.Address, []conversations.Address) {
	for i, id := range ids {
		ids[i] = normal.Text(id)
	}
	return waid.Names(ids...)
}

func (in *intake) status(raw json.RawMessage) {
	var s status
	if json.Unmarshal(raw, &s) != nil || s.ID == "" {
		in.senseless++
		return
	}
	to, others := names(s.RecipientID, s.RecipientUserID)
	report := conversations.StatusReport{
		Channel:    in.cfg.Name,
		ProviderID: normal.Text(s.ID),
		Address:    to,
		Proxy:      in.cfg.Number,
		Names:      others,
		At:         normal.Unix(int64(s.Timestamp)),
	}
	switch s.Status {
	case "sent":
		report.Status = conversations.StatusSent
	case "delivered":
		report.Status = conversations.StatusDelivered
	case "read", "played": // played: a voice message that was listened to
		report.Status = conversations.StatusRead
	case "failed":
		report.Status = conversations.StatusFailed
		report.ErrorCode = codeGeneric
		if len(s.Errors) > 0 {
			report.ErrorCode = codeOfFailure(int(s.Errors[0].Code))
			report.CarrierCode = s.Errors[0].carrierCode()
			report.Detail = normal.Detail(s.Errors[0].detail())
		}
	default: // deleted, warning, and what Meta invents next: nothing that a receipt knows
		return
	}
	in.Statuses = append(in.Statuses, report)
}

package webhooks

import (
	"net/url"
	"strconv"
	"strings"

	"bridged/conversations"
	"bridged/twilio"
)

// form is a message as Programmable Messaging tells of it (carriers.md §3 b). A
// file is listed where its URL is known and needs no secret of ours.
func (in *Inbound) form(c conversations.InboundCall) url.Values {
	m := c.Message
	form := url.Values{
		"AccountSid":  {in.cfg.AccountSID},
		"ApiVersion":  {"2010-04-01"},
		"From":        {string(m.From)},
		"To":          {string(m.To)},
		"Body":        {m.Body},
		"SmsStatus":   {"received"},
		"NumSegments": {strconv.Itoa(segments(m))},
	}
	if sid := twilio.ChannelMessageSID(m.From.Type(), m.Channel, m.ProviderID); sid != nil {
		for _, name := range []string{"MessageSid", "SmsSid", "SmsMessageSid"} {
			form.Set(name, *sid)
		}
	}
	if c.MessagingService != "" {
		form.Set("MessagingServiceSid", twilio.SID(c.MessagingService))
	}
	if id, isWhatsApp := strings.CutPrefix(string(m.From), "whatsapp:"); isWhatsApp {
		if m.ProfileName != "" {
			form.Set("ProfileName", m.ProfileName)
		}
		if number, isNumber := strings.CutPrefix(id, "+"); isNumber {
			form.Set("WaId", number)
		}
	}
	if m.Keyword != conversations.KeywordNone {
		form.Set("OptOutType", strings.ToUpper(string(m.Keyword)))
	}
	n := 0
	for _, file := range m.Media {
		if u, err := url.Parse(file.URL); err != nil || u.Host == "" || u.User != nil {
			continue
		}
		form.Set("MediaUrl"+strconv.Itoa(n), file.URL)
		form.Set("MediaContentType"+strconv.Itoa(n), file.ContentType)
		n++
	}
	form.Set("NumMedia", strconv.Itoa(n))
	return form
}

// idempotencyToken is the same at every call of one webhook for one message.
func idempotencyToken(c conversations.InboundCall) string {
	return conversations.IdempotencyToken(string(c.MessagingService), c.Message.Channel+"\x00"+c.Message.ProviderID)
}

// segments says how many messages of the air interface a message took. Channels
// other than SMS have no such parts.
func segments(m conversations.Inbound) int {
	if m.To.Type() != conversations.TypeSMS {
		return 1
	}
	return max(1, conversations.Segments(m.Body))
}

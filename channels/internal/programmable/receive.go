package programmable

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"bridged/channels"
	"bridged/channels/internal/normal"
	"bridged/channels/internal/waid"
	"bridged/conversations"
	"bridged/sign"
)

// SignatureHeader holds Twilio's signature.
const SignatureHeader = "X-Twilio-Signature"

const (
	replyType = "text/xml"
	// reply is TwiML that asks for nothing.
	reply = `<?xml version="1.0" encoding="UTF-8"?><Response/>`
	// maxMedia and maxOthers bound the numbered parameters that are read. Twilio
	// sends ten files and ten members of a group at most.
	maxMedia  = 100
	maxOthers = 100
)

// ReceiveHook reads an inbound message or a status callback. Parameters that it
// does not know are covered by the signature and otherwise ignored: Twilio adds
// new ones without notice. So is AccountSid, which names the subaccount where a
// number belongs to one.
func (c *Client) ReceiveHook(r channels.HookRequest) (channels.Received, error) {
	form, parseErr := url.ParseQuery(string(r.Body))
	if !sign.VerifyForm(c.token(), r.URL, form, r.Header.Get(SignatureHeader)) {
		return channels.Received{}, channels.ErrSignature
	}
	if parseErr != nil {
		// Not the error itself: it quotes the body.
		return channels.Received{}, fmt.Errorf("%w: the body is no form", channels.ErrMalformed)
	}
	f := fields(form)
	id := f.either("MessageSid", "SmsSid")
	if id == "" {
		return channels.Received{}, fmt.Errorf("%w: no MessageSid", channels.ErrMalformed)
	}
	received := channels.Received{ContentType: replyType, Reply: []byte(reply)}
	if f.isStatus() {
		received.Statuses = c.statuses(f, id)
		return received, nil
	}
	m := conversations.Inbound{
		Channel:    c.name,
		ProviderID: id,
		From:       conversations.Address(f.text("From")),
		To:         conversations.Address(f.text("To")),
		Others:     f.others(),
		Body:       f.body(),
		Media:      f.media(),
		Notes:      f.notes(),

		ProfileName: f.text("ProfileName"),
		Keyword:     f.keyword(),
		Attributes:  f.attributes(),
		ReplyTo:     f.text("OriginalRepliedMessageSid"),
	}
	m.Names = f.names(m.From)
	if m.From == "" || m.To == "" {
		return channels.Received{}, fmt.Errorf("%w: no From or no To", channels.ErrMalformed)
	}
	received.Messages = []conversations.Inbound{m}
	return received, nil
}

// statuses is the report of a status callback, if it says anything that a
// delivery does not know already: Twilio counts its own steps before "sent".
// The callback has no time of its own.
func (c *Client) statuses(f fields, id string) []conversations.StatusReport {
	var status conversations.Status
	switch strings.ToLower(f.either("MessageStatus", "SmsStatus")) {
	case "sent":
		status = conversations.StatusSent
	case "delivered":
		status = conversations.StatusDelivered
	case "read":
		status = conversations.StatusRead
	case "failed":
		status = conversations.StatusFailed
	case "undelivered":
		status = conversations.StatusUndelivered
	default:
		return nil
	}
	code := f.text("ErrorCode")
	number, err := strconv.Atoi(code)
	if err != nil || number < 0 {
		number = 0
	}
	if code == "0" {
		code = ""
	}
	return []conversations.StatusReport{{
		Channel:     c.name,
		ProviderID:  id,
		Status:      status,
		ErrorCode:   number,
		CarrierCode: normal.Detail(code),
		Detail:      normal.Detail(f.either("ErrorMessage", "ChannelStatusMessage")),
		Address:     conversations.Address(f.text("To")),
		Proxy:       conversations.Address(f.text("From")),
	}}
}

// fields are a form's parameters.
type fields url.Values

// text is a parameter's first value in the form in which text is kept.
func (f fields) text(name string) string { return normal.Text(url.Values(f).Get(name)) }

// either is the first of two parameters or, where it is empty, the second.
func (f fields) either(name, old string) string {
	if v := f.text(name); v != "" {
		return v
	}
	return f.text(old)
}

// isStatus tells a status callback from a message. Messages have a SmsStatus
// too, "received", but no MessageStatus.
func (f fields) isStatus() bool {
	if f.text("MessageStatus") != "" {
		return true
	}
	_, body := f["Body"]
	_, media := f["NumMedia"]
	return !body && !media && f.text("SmsStatus") != ""
}

// body is what the person wrote. A tap on a button and a shared location come
// with parameters of their own and, some of them, without a Body.
func (f fields) body() string {
	if body := f.either("Body", "ButtonText"); body != "" {
		return body
	}
	if title := f.text("ListTitle"); title != "" {
		return title
	}
	if f.text("Latitude") == "" || f.text("Longitude") == "" {
		return ""
	}
	words := []string{"[location]", f.text("Latitude") + "," + f.text("Longitude"), f.text("Label"), f.text("Address")}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}

// names are the sender's other names, which come with messages on WhatsApp: the
// number without its plus sign, and the business-scoped id (carriers.md §1).
func (f fields) names(from conversations.Address) []conversations.Address {
	if from.Type() != waid.Type {
		return nil
	}
	var names []conversations.Address
	for _, id := range []string{f.text("WaId"), f.text("ExternalUserId")} {
		if name := waid.FromID(id); name != "" && name != from {
			names = append(names, name)
		}
	}
	return slices.Compact(names)
}

// notes say what of the sender, the receiver and the text is not as it came.
func (f fields) notes() []string {
	var raw []string
	for _, name := range []string{"From", "To", "Body", "ButtonText", "ListTitle", "Label", "Address"} {
		raw = append(raw, url.Values(f).Get(name))
	}
	return normal.Notes(raw...)
}

// keyword is what Twilio has taken the message for, where its Advanced Opt-Out is
// on (carriers.md §3 b).
func (f fields) keyword() conversations.Keyword {
	switch strings.ToUpper(f.text("OptOutType")) {
	case "STOP":
		return conversations.KeywordStop
	case "START":
		return conversations.KeywordStart
	case "HELP":
		return conversations.KeywordHelp
	}
	return conversations.KeywordNone
}

// others are the other members of a group. The parameter was only seen in
// other people's code (carriers.md §3 d), so nothing depends on its being there.
func (f fields) others() []conversations.Address {
	var others []conversations.Address
	for i := range maxOthers {
		address := f.text("OtherRecipients" + strconv.Itoa(i))
		if address == "" {
			break
		}
		others = append(others, conversations.Address(address))
	}
	return others
}

// media are the files of a message, which Twilio keeps.
func (f fields) media() []conversations.Media {
	n, err := strconv.Atoi(f.text("NumMedia"))
	if err != nil {
		return nil
	}
	var media []conversations.Media
	for i := range min(n, maxMedia) {
		suffix := strconv.Itoa(i)
		if u := f.text("MediaUrl" + suffix); u != "" {
			media = append(media, conversations.Media{URL: u, ContentType: f.text("MediaContentType" + suffix)})
		}
	}
	return media
}

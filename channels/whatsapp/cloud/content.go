package cloud

import (
	"encoding/json"
	"strconv"
	"strings"

	"bridged/channels/internal/normal"
	"bridged/conversations"
)

// message is an inbound message. What it contains stands under the name of its
// type and is read only then, so that a part in an unknown form costs that part
// and not the message.
type message struct {
	ID         string  `json:"id"`
	From       string  `json:"from"`
	FromUserID string  `json:"from_user_id"`
	UserID     string  `json:"user_id"`
	Timestamp  integer `json:"timestamp"`
	Type       string  `json:"type"`

	Text        json.RawMessage `json:"text"`
	Button      json.RawMessage `json:"button"`
	Interactive json.RawMessage `json:"interactive"`
	Image       json.RawMessage `json:"image"`
	Audio       json.RawMessage `json:"audio"`
	Voice       json.RawMessage `json:"voice"`
	Video       json.RawMessage `json:"video"`
	Document    json.RawMessage `json:"document"`
	Sticker     json.RawMessage `json:"sticker"`
	Location    json.RawMessage `json:"location"`
	Contacts    json.RawMessage `json:"contacts"`
	Reaction    json.RawMessage `json:"reaction"`
	Order       json.RawMessage `json:"order"`
	System      json.RawMessage `json:"system"`
	Edit        json.RawMessage `json:"edit"`
	Revoke      json.RawMessage `json:"revoke"`
	Unsupported json.RawMessage `json:"unsupported"`
	Referral    json.RawMessage `json:"referral"`
	Context     json.RawMessage `json:"context"`
	Errors      listOfErrors    `json:"errors"`
}

// content is what a message says, as text and media. Nothing that somebody sent
// is lost without a word: what can be no text is named in brackets.
func (m message) content() (body string, media []conversations.Media) {
	switch m.Type {
	case "text":
		body = plain(m.Text, "body")
	case "button":
		body = plain(m.Button, "text")
	case "interactive":
		body = m.choice()
	case "image":
		body, media = file(m.Image)
	case "audio":
		body, media = file(m.Audio)
	case "voice":
		body, media = file(m.Voice)
	case "video":
		body, media = file(m.Video)
	case "document":
		body, media = file(m.Document)
	case "sticker":
		body, media = file(m.Sticker)
	case "location":
		body = m.place()
	case "contacts":
		body = m.cards()
	case "reaction":
		body = m.emoji()
	case "order":
		body = m.ordered()
	case "system":
		body = m.news()
	case "request_welcome":
		body = "[chat opened]"
	case "edit":
		body = m.edited()
	case "revoke":
		body = "[message deleted]"
	case "ephemeral":
		body = "[disappearing message]"
	}
	if body == "" && len(media) == 0 {
		body = "[unsupported message]"
	}
	return body, media
}

// plain is a text field of a part.
func plain(part json.RawMessage, field string) string {
	var fields map[string]json.RawMessage
	var s string
	if json.Unmarshal(part, &fields) != nil || json.Unmarshal(fields[field], &s) != nil {
		return ""
	}
	return s
}

// reply is the answer to an interactive message: one of these kinds.
type reply struct {
	Button json.RawMessage `json:"button_reply"`
	List   json.RawMessage `json:"list_reply"`
	Flow   json.RawMessage `json:"nfm_reply"`
}

// reply is the answer that was chosen; none where it is in an unknown form.
func (m message) reply() reply {
	var r reply
	if json.Unmarshal(m.Interactive, &r) != nil {
		return reply{}
	}
	return r
}

// choice is the text of what was chosen: the words that the person saw.
func (m message) choice() string {
	r := m.reply()
	for _, text := range []string{plain(r.Button, "title"), plain(r.List, "title"), plain(r.Flow, "body")} {
		if text != "" {
			return text
		}
	}
	return ""
}

// file is a media file, which Meta keeps for seven days under its id, and the
// caption below it.
func file(part json.RawMessage) (caption string, media []conversations.Media) {
	m := conversations.Media{
		ProviderID:  normal.Text(plain(part, "id")),
		URL:         normal.Text(plain(part, "url")),
		ContentType: normal.Text(plain(part, "mime_type")),
		Filename:    normal.Text(plain(part, "filename")),
	}
	if m.ProviderID == "" && m.URL == "" {
		return plain(part, "caption"), nil
	}
	return plain(part, "caption"), []conversations.Media{m}
}

// place is a location: "[location] 52.5,13.4 name, address".
func (m message) place() string {
	var l struct {
		Latitude  *float64 `json:"latitude"`
		Longitude *float64 `json:"longitude"`
		Name      string   `json:"name"`
		Address   string   `json:"address"`
	}
	if json.Unmarshal(m.Location, &l) != nil || l.Latitude == nil || l.Longitude == nil {
		return "[location]"
	}
	text := "[location] " + degrees(*l.Latitude) + "," + degrees(*l.Longitude)
	switch {
	case l.Name != "" && l.Address != "":
		text += " " + l.Name + ", " + l.Address
	case l.Name != "" || l.Address != "":
		text += " " + l.Name + l.Address
	}
	return text
}

func degrees(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// cards are shared contacts, a line each: "[contact] name, numbers". They are
// what the person chose to share, not who the person is.
func (m message) cards() string {
	var cards []struct {
		Name struct {
			Formatted string `json:"formatted_name"`
			First     string `json:"first_name"`
		} `json:"name"`
		Phones []struct {
			Phone string `json:"phone"`
		} `json:"phones"`
	}
	if json.Unmarshal(m.Contacts, &cards) != nil || len(cards) == 0 {
		return "[contact]"
	}
	lines := make([]string, 0, len(cards))
	for _, card := range cards {
		name := card.Name.Formatted
		if name == "" {
			name = card.Name.First
		}
		words := []string{name}
		for _, p := range card.Phones {
			words = append(words, p.Phone)
		}
		lines = append(lines, strings.TrimSpace("[contact] "+strings.Trim(strings.Join(words, ", "), ", ")))
	}
	return strings.Join(lines, "\n")
}

// emoji is a reaction to some message. One without an emoji takes the last back.
func (m message) emoji() string {
	if emoji := plain(m.Reaction, "emoji"); emoji != "" {
		return "[reaction] " + emoji
	}
	return "[reaction removed]"
}

// ordered is an order: what the person wrote with it, or what was ordered.
func (m message) ordered() string {
	if text := plain(m.Order, "text"); text != "" {
		return "[order] " + text
	}
	var order struct {
		Items []struct {
			Product  string  `json:"product_retailer_id"`
			Quantity integer `json:"quantity"`
		} `json:"product_items"`
	}
	if json.Unmarshal(m.Order, &order) != nil {
		return "[order]"
	}
	words := make([]string, 0, len(order.Items))
	for _, item := range order.Items {
		words = append(words, strconv.FormatInt(int64(item.Quantity), 10)+" × "+item.Product)
	}
	return strings.TrimSpace("[order] " + strings.Join(words, ", "))
}

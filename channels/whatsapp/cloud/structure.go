package cloud

import (
	"encoding/json"

	"bridged/channels/internal/normal"
)

// attributes are what of the message is more than text and files; empty for none.
// Only what is named here is kept: Meta's ids of messages hold telephone numbers,
// and who wrote is nobody else's business.
func (m message) attributes() string {
	switch m.Type {
	case "text", "image", "audio", "voice", "video", "document":
		return m.referral()
	case "button":
		return normal.Attributes("button", named(m.Button, "payload", "id", "text", "title"))
	case "interactive":
		return m.chosen()
	case "sticker":
		return normal.Attributes("sticker", fields(m.Sticker, "animated"))
	case "location":
		return normal.Attributes("location", m.placed())
	case "contacts":
		return normal.Attributes("contacts", map[string]any{"contacts": m.shared()})
	case "reaction":
		return normal.Attributes("reaction", fields(m.Reaction, "emoji"))
	case "order":
		return normal.Attributes("order", fields(m.Order, "catalog_id", "text", "product_items"))
	case "system":
		return normal.Attributes("system", fields(m.System, "type"))
	case "edit", "revoke", "ephemeral", "request_welcome":
		return normal.Attributes(m.Type, nil)
	}
	return m.unsupported()
}

// placed is where a location is. Coordinates that are no numbers are left out.
func (m message) placed() map[string]any {
	kept := fields(m.Location, "latitude", "longitude", "name", "address", "url")
	for _, name := range []string{"latitude", "longitude"} {
		if _, isNumber := kept[name].(float64); !isNumber {
			delete(kept, name)
		}
	}
	return kept
}

// chosen says which answer of an interactive message was chosen. The answers of a
// flow are its own JSON.
func (m message) chosen() string {
	switch r := m.reply(); {
	case r.Button != nil:
		return normal.Attributes("button", fields(r.Button, "id", "title"))
	case r.List != nil:
		return normal.Attributes("list", fields(r.List, "id", "title", "description"))
	case r.Flow != nil:
		return normal.Attributes("flow", fields(r.Flow, "name", "body", "response_json"))
	}
	return m.unsupported()
}

// referral says which advertisement the person came from.
func (m message) referral() string {
	if r := fields(m.Referral, "source_type", "source_id", "source_url", "headline", "body", "media_type", "ctwa_clid"); len(r) > 0 {
		return normal.Attributes("referral", r)
	}
	return ""
}

// unsupported says what somebody sent that WhatsApp does not hand over, or that
// bridged has never heard of.
func (m message) unsupported() string {
	about := map[string]any{"type": m.Type}
	if inner := plain(m.Unsupported, "type"); inner != "" {
		about["type"] = inner
	}
	for _, e := range m.Errors {
		if e.Code != 0 {
			about["code"] = int64(e.Code)
			about["title"] = e.Title
		}
	}
	return normal.Attributes("unsupported", about)
}

// shared are the contacts that somebody shared: names, numbers and addresses, but
// not what WhatsApp itself calls them.
func (m message) shared() []any {
	var cards []map[string]any
	if json.Unmarshal(m.Contacts, &cards) != nil {
		return nil
	}
	var list []any
	for _, card := range cards {
		kept := make(map[string]any)
		for _, name := range []string{"name", "phones", "emails", "addresses", "org", "urls", "birthday"} {
			kept[name] = without(card[name], "wa_id", "user_id")
		}
		list = append(list, kept)
	}
	return list
}

// without is a value of JSON without some fields, however deep they are.
func without(v any, names ...string) any {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range names {
			delete(v, name)
		}
		for name, inner := range v {
			v[name] = without(inner, names...)
		}
	case []any:
		for i, inner := range v {
			v[i] = without(inner, names...)
		}
	}
	return v
}

// fields are some fields of a part, as they are.
func fields(part json.RawMessage, names ...string) map[string]any {
	pairs := make([]string, 0, 2*len(names))
	for _, name := range names {
		pairs = append(pairs, name, name)
	}
	return named(part, pairs...)
}

// named are some fields of a part under other names: pairs of Meta's name and ours.
func named(part json.RawMessage, pairs ...string) map[string]any {
	var all map[string]any
	if json.Unmarshal(part, &all) != nil {
		return nil
	}
	kept := make(map[string]any, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		if v, ok := all[pairs[i]]; ok {
			kept[pairs[i+1]] = v
		}
	}
	return kept
}

// answers is Meta's id of the message that this one is about: that it answers, that
// it reacts to, that it changes or takes back.
func (m message) answers() string {
	for _, about := range []string{
		plain(m.Reaction, "message_id"), plain(m.Edit, "original_message_id"), plain(m.Revoke, "original_message_id"), plain(m.Context, "id"),
	} {
		if about != "" {
			return normal.Text(about)
		}
	}
	return ""
}

// edited is the text of a message as it was changed.
func (m message) edited() string {
	var edit struct {
		Message message `json:"message"`
	}
	if json.Unmarshal(m.Edit, &edit) != nil || edit.Message.Type == "" || edit.Message.Type == "edit" {
		return "[edited]"
	}
	body, _ := edit.Message.content()
	return "[edited] " + body
}

// news is what WhatsApp itself says of the person: without its words, which have the
// numbers in them.
func (m message) news() string {
	switch plain(m.System, "type") {
	case "user_changed_number", "customer_changed_number":
		return "[this person has a new number]"
	case "customer_identity_changed", "user_identity_changed":
		return "[this person has a new device]"
	}
	return "[a change that WhatsApp tells of]"
}

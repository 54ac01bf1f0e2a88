package twilio

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"bridged/conversations"
)

// The forms of a content, as JSON has each of them.
type (
	textForm struct {
		Body string `json:"body"`
	}
	mediaForm struct {
		Body  string   `json:"body"`
		Media []string `json:"media,omitempty"`
	}
	locationForm struct {
		Latitude  *degrees `json:"latitude"`
		Longitude *degrees `json:"longitude"`
		Label     string   `json:"label,omitempty"`
		Address   string   `json:"address,omitempty"`
		ID        string   `json:"id,omitempty"`
	}
	buttonsForm struct {
		Body    string          `json:"body"`
		Actions []contentAction `json:"actions"`
	}
	listForm struct {
		Body   string        `json:"body"`
		Button string        `json:"button"`
		Items  []contentItem `json:"items"`
	}
	cardForm struct {
		Title    string          `json:"title"`
		Subtitle string          `json:"subtitle,omitempty"`
		Media    []string        `json:"media,omitempty"`
		Actions  []contentAction `json:"actions,omitempty"`
	}
	contentAction struct {
		Type        string `json:"type,omitempty"`
		Title       string `json:"title"`
		ID          string `json:"id,omitempty"`
		URL         string `json:"url,omitempty"`
		Phone       string `json:"phone,omitempty"`
		Code        string `json:"code,omitempty"`
		WebviewSize string `json:"webview_size,omitempty"`
	}
	contentItem struct {
		ID          string `json:"id"`
		Item        string `json:"item"`
		Description string `json:"description,omitempty"`
	}
)

// degrees is a coordinate. Some clients send it as a text.
type degrees float64

var errDegrees = errors.New("latitude and longitude are numbers of degrees, such as 37.78")

// UnmarshalJSON implements json.Unmarshaler.
func (d *degrees) UnmarshalJSON(b []byte) error {
	n, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	if err != nil {
		return errDegrees
	}
	*d = degrees(n)
	return nil
}

// readContentForm reads one entry of a content's types.
func readContentForm(t conversations.ContentType, raw json.RawMessage) (conversations.ContentForm, error) {
	at, f := "types."+string(t), conversations.ContentForm{Type: t}
	switch t {
	case conversations.ContentText:
		v, err := decode[textForm](at, raw)
		f.Body = v.Body
		return f, err
	case conversations.ContentMedia:
		v, err := decode[mediaForm](at, raw)
		f.Body, f.Media = v.Body, v.Media
		return f, err
	case conversations.ContentLocation:
		v, err := decode[locationForm](at, raw)
		f.Latitude, f.Longitude = (*float64)(v.Latitude), (*float64)(v.Longitude)
		f.Label, f.Address, f.PlaceID = v.Label, v.Address, v.ID
		return f, err
	case conversations.ContentQuickReply, conversations.ContentCallToAction:
		v, err := decode[buttonsForm](at, raw)
		f.Body, f.Actions = v.Body, convert(v.Actions, func(a contentAction) conversations.ContentAction { return conversations.ContentAction(a) })
		return f, err
	case conversations.ContentListPicker:
		v, err := decode[listForm](at, raw)
		f.Body, f.Button = v.Body, v.Button
		f.Items = convert(v.Items, func(i contentItem) conversations.ContentItem { return conversations.ContentItem(i) })
		return f, err
	case conversations.ContentCard:
		v, err := decode[cardForm](at, raw)
		f.Title, f.Subtitle, f.Media = v.Title, v.Subtitle, v.Media
		f.Actions = convert(v.Actions, func(a contentAction) conversations.ContentAction { return conversations.ContentAction(a) })
		return f, err
	default:
		return f, Invalid("types has the type %q; use some of %v", t, conversations.ContentTypes())
	}
}

// showContentForm shows the fields that the form's type has.
func showContentForm(f conversations.ContentForm) any {
	actions := convert(f.Actions, func(a conversations.ContentAction) contentAction { return contentAction(a) })
	switch f.Type {
	case conversations.ContentMedia:
		return mediaForm{f.Body, f.Media}
	case conversations.ContentLocation:
		return locationForm{(*degrees)(f.Latitude), (*degrees)(f.Longitude), f.Label, f.Address, f.PlaceID}
	case conversations.ContentQuickReply, conversations.ContentCallToAction:
		return buttonsForm{f.Body, actions}
	case conversations.ContentListPicker:
		items := convert(f.Items, func(i conversations.ContentItem) contentItem { return contentItem(i) })
		return listForm{f.Body, f.Button, items}
	case conversations.ContentCard:
		return cardForm{f.Title, f.Subtitle, f.Media, actions}
	default:
		return textForm{f.Body}
	}
}

func convert[A, B any](list []A, one func(A) B) []B {
	if len(list) == 0 {
		return nil
	}
	converted := make([]B, len(list))
	for i, item := range list {
		converted[i] = one(item)
	}
	return converted
}

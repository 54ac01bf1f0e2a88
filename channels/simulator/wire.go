package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"bridged/channels"
	"bridged/conversations"
)

// maxRequest bounds the body of a request.
const maxRequest = 1 << 20

// What follows is the JSON of the API and nothing else.

type draftJSON struct {
	From      string   `json:"from"`
	To        []string `json:"to"`
	Body      string   `json:"body"`
	MediaURLs []string `json:"media_urls"`
	ID        string   `json:"id"`
	ReplyTo   string   `json:"reply_to"`
	Choice    string   `json:"choice"`
}

func (j draftJSON) draft() Draft {
	d := Draft{From: conversations.Address(j.From), Body: j.Body, MediaURLs: j.MediaURLs, ID: j.ID, ReplyTo: j.ReplyTo, Choice: j.Choice}
	for _, to := range j.To {
		d.To = append(d.To, conversations.Address(to))
	}
	return d
}

type idJSON struct {
	ID string `json:"id"`
}

type messagesJSON struct {
	Messages []messageJSON `json:"messages"`
}

type messageJSON struct {
	ID        string                  `json:"id"`
	Direction Direction               `json:"direction"`
	From      conversations.Address   `json:"from"`
	To        []conversations.Address `json:"to"`
	Body      string                  `json:"body"`
	Media     []string                `json:"media"`
	At        time.Time               `json:"at"`
	Choices   []choiceJSON            `json:"choices,omitempty"`
	List      string                  `json:"list,omitempty"`
	ReplyTo   string                  `json:"reply_to,omitempty"`
}

type choiceJSON struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
}

func renderMessages(thread []Message) messagesJSON {
	list := messagesJSON{Messages: make([]messageJSON, 0, len(thread))}
	for _, m := range thread {
		media := m.Media
		if media == nil {
			media = []string{}
		}
		j := messageJSON{
			ID: m.ID, Direction: m.Direction, From: m.From, To: m.To, Body: m.Body, Media: media, At: m.At.UTC(),
			List: m.List, ReplyTo: m.ReplyTo,
		}
		for _, c := range m.Choices {
			j.Choices = append(j.Choices, choiceJSON(c))
		}
		list.Messages = append(list.Messages, j)
	}
	return list
}

type handsetsJSON struct {
	Handsets []handsetJSON `json:"handsets"`
}

type handsetJSON struct {
	Address   conversations.Address     `json:"address"`
	Type      conversations.ChannelType `json:"type"`
	Behaviour behaviourJSON             `json:"behaviour"`
	Messages  int                       `json:"messages"`
	Changed   uint64                    `json:"changed"`
}

func renderHandset(h Handset) handsetJSON {
	return handsetJSON{
		Address: h.Address, Type: h.Address.Type(), Behaviour: renderBehaviour(h.Behaviour), Messages: h.Messages, Changed: h.Changed,
	}
}

type numbersJSON struct {
	Numbers []numberJSON `json:"numbers"`
}

type numberJSON struct {
	Address conversations.Address     `json:"address"`
	Type    conversations.ChannelType `json:"type"`
	Channel string                    `json:"channel"`
}

type behaviourJSON struct {
	Delay             durationJSON         `json:"delay"`
	Status            conversations.Status `json:"status"`
	ErrorCode         int                  `json:"error_code"`
	DuplicateStatuses bool                 `json:"duplicate_statuses"`
	ReorderStatuses   bool                 `json:"reorder_statuses"`
	Refuse            *refusalJSON         `json:"refuse"`
}

type refusalJSON struct {
	Kind    string       `json:"kind"`
	Code    int          `json:"code"`
	Times   int          `json:"times"`
	After   durationJSON `json:"after"`
	Arrives bool         `json:"arrives"`
}

func renderBehaviour(b Behaviour) behaviourJSON {
	j := behaviourJSON{
		Delay: durationJSON(b.Delay), Status: b.Status, ErrorCode: b.ErrorCode,
		DuplicateStatuses: b.Duplicate, ReorderStatuses: b.Reorder,
	}
	if r := b.Refuse; r != nil {
		j.Refuse = &refusalJSON{
			Kind: r.Kind.String(), Code: r.Code, Times: r.Times, After: durationJSON(r.After), Arrives: r.Arrives,
		}
	}
	return j
}

func (j behaviourJSON) behaviour() (Behaviour, error) {
	b := Behaviour{
		Delay: time.Duration(j.Delay), Status: j.Status, ErrorCode: j.ErrorCode,
		Duplicate: j.DuplicateStatuses, Reorder: j.ReorderStatuses,
	}
	if j.Refuse == nil {
		return b, nil
	}
	kind, ok := parseVerdict(j.Refuse.Kind)
	if !ok {
		return b, invalid("refuse.kind must be retry, throttled, permanent, opted_out, outside_window or unknown")
	}
	b.Refuse = &Refusal{
		Kind: kind, Code: j.Refuse.Code, Times: j.Refuse.Times,
		After: time.Duration(j.Refuse.After), Arrives: j.Refuse.Arrives,
	}
	return b, nil
}

// parseVerdict is the inverse of channels.Verdict.String. Permanent is meant
// where a refusal names no kind.
func parseVerdict(s string) (channels.Verdict, bool) {
	if s == "" {
		return channels.Permanent, true
	}
	for v := channels.Unknown; v <= channels.OutsideWindow; v++ {
		if v.String() == s {
			return v, true
		}
	}
	return 0, false
}

// durationJSON is a duration as Go writes it: "1.5s".
type durationJSON time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d durationJSON) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *durationJSON) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return invalid(`a duration is a number with a unit, such as "250ms" or "5s"`)
	}
	*d = durationJSON(v)
	return nil
}

// decode reads a request's body into v. Its errors are sentences, or
// *http.MaxBytesError.
func decode(w http.ResponseWriter, r *http.Request, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return explain(err)
	}
	switch _, err := d.Token(); {
	case errors.Is(err, io.EOF):
		return nil
	case isTooLarge(err):
		return explain(err)
	}
	return invalid("the body has something after the JSON object")
}

// explain turns an error of encoding/json into a sentence about the request.
func explain(err error) error {
	var mistyped *json.UnmarshalTypeError
	var input *inputError
	switch {
	case isTooLarge(err):
		return fmt.Errorf("read the body: %w", err)
	case errors.Is(err, io.EOF):
		return invalid("the body is empty: it must be a JSON object")
	case errors.As(err, &input):
		return input
	case errors.As(err, &mistyped) && mistyped.Field == "":
		return invalid("the body must be a JSON object, and is a JSON %s", mistyped.Value)
	case errors.As(err, &mistyped):
		return invalid("%s has the wrong type: a JSON %s is not accepted there", mistyped.Field, mistyped.Value)
	}
	// The decoder has no type for this one.
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return invalid("the field %s is not known", field)
	}
	return invalid("the body is not valid JSON")
}

func isTooLarge(err error) bool {
	var tooLarge *http.MaxBytesError
	return errors.As(err, &tooLarge)
}

package fakecarrier

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"bridged/sign"
)

// Telnyx is a fake of Telnyx's messaging API, with groups.
type Telnyx struct {
	Carrier

	apiKey string
	key    ed25519.PrivateKey
}

// NewTelnyx starts a fake for one account. The caller closes it.
func NewTelnyx(apiKey string) *Telnyx {
	t := &Telnyx{apiKey: apiKey, key: ed25519.NewKeyFromSeed([]byte(strings.Repeat("t", ed25519.SeedSize)))}
	t.start(t.serve)
	return t
}

// PublicKey is the account's public key as Telnyx's portal shows it.
func (t *Telnyx) PublicKey() string {
	public, _ := t.key.Public().(ed25519.PublicKey)
	return base64.StdEncoding.EncodeToString(public)
}

func (t *Telnyx) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	isGroup := r.URL.Path == "/messages/group_mms"
	if r.Header.Get("Authorization") != "Bearer "+t.apiKey {
		http.Error(w, `{"errors":[{"code":"10009","title":"Authentication failed"}]}`, http.StatusUnauthorized)
		return
	}
	if !isGroup && r.URL.Path != "/messages" {
		http.Error(w, `{"errors":[{"code":"10005","title":"Resource not found"}]}`, http.StatusNotFound)
		return
	}
	var m struct {
		From string          `json:"from"`
		To   json.RawMessage `json:"to"`
		Text string          `json:"text"`
	}
	to, err := []string{""}, json.Unmarshal(body, &m)
	if err == nil && isGroup {
		err = json.Unmarshal(m.To, &to)
	} else if err == nil {
		err = json.Unmarshal(m.To, &to[0])
	}
	if err != nil {
		http.Error(w, `{"errors":[{"code":"10015","title":"Bad Request"}]}`, http.StatusBadRequest)
		return
	}
	s := Sent{From: m.From, To: strings.Join(to, ","), Body: m.Text, Raw: t.raw(r, body), At: time.Now()}
	t.take(w, r, s, newUUID, func(s Sent) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"data":{"record_type":"message","direction":"outbound","id":%q,"from":{"phone_number":%q},"errors":[]}}`, s.ID, s.From)
	})
}

// Post delivers a message to the hook, signed.
func (t *Telnyx) Post(ctx context.Context, hook string, m Message) (status int, err error) {
	to := []any{}
	for _, number := range append([]string{m.To}, m.Others...) {
		to = append(to, map[string]any{"phone_number": number, "status": "webhook_delivered"})
	}
	return t.PostEvent(ctx, hook, "message.received", map[string]any{
		"record_type": "message", "direction": "inbound", "id": m.ID, "type": "SMS",
		"from": map[string]any{"phone_number": m.From, "carrier": "A carrier", "line_type": "Wireless"},
		"to":   to,
		"cc":   []any{}, "text": m.Body, "media": []any{}, "received_at": time.Now().UTC().Format(time.RFC3339Nano), "errors": []any{},
	})
}

// Report delivers a status to the hook, signed: the event "message.sent" for
// "sent" and "message.finalized" for any other. Code is the error code of a
// failure, 0 for none.
func (t *Telnyx) Report(ctx context.Context, hook string, s Sent, messageStatus string, code int) (status int, err error) {
	event, failures := "message.finalized", []any{}
	if messageStatus == "sent" {
		event = "message.sent"
	}
	if code != 0 {
		failures = append(failures, map[string]any{"code": strconv.Itoa(code), "title": "a failure"})
	}
	return t.PostEvent(ctx, hook, event, map[string]any{
		"record_type": "message", "direction": "outbound", "id": s.ID, "type": "SMS",
		"from": map[string]any{"phone_number": s.From},
		"to":   []any{map[string]any{"phone_number": s.To, "status": messageStatus}}, "errors": failures,
	})
}

// PostEvent posts an event with any payload to the hook, signed.
func (t *Telnyx) PostEvent(ctx context.Context, hook, event string, payload map[string]any) (status int, err error) {
	now := time.Now()
	body, err := json.Marshal(map[string]any{
		"data": map[string]any{
			"record_type": "event", "event_type": event, "id": newUUID(), "occurred_at": now.UTC().Format(time.RFC3339Nano), "payload": payload,
		},
		"meta": map[string]any{"attempt": 1, "delivered_to": hook},
	})
	if err != nil {
		return 0, err
	}
	return t.PostRaw(ctx, hook, body, now)
}

// PostRaw posts any body to the hook, signed at a time.
func (t *Telnyx) PostRaw(ctx context.Context, hook string, body []byte, at time.Time) (status int, err error) {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	return t.post(ctx, hook, http.Header{
		"Content-Type":             {"application/json"},
		"Telnyx-Timestamp":         {timestamp},
		"Telnyx-Signature-Ed25519": {t.Sign(timestamp, body)},
	}, body)
}

// Sign signs a body at a time, which may be any text.
func (t *Telnyx) Sign(timestamp string, body []byte) string {
	return sign.Ed25519(t.key, timestamp, body)
}

// newUUID makes an id as Telnyx gives to messages and events.
func newUUID() string {
	h := randomHex()
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

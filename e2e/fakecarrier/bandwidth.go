package fakecarrier

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Login is a name and a password.
type Login struct{ User, Password string }

// Bandwidth is a fake of Bandwidth's messaging API, with groups.
type Bandwidth struct {
	Carrier

	account, application string
	api                  Login
	// Callbacks are the credentials that hooks are called with. Set them between
	// two calls.
	Callbacks Login
}

// NewBandwidth starts a fake for one application of an account. The caller closes
// it.
func NewBandwidth(account, application string, api, callbacks Login) *Bandwidth {
	b := &Bandwidth{account: account, application: application, api: api, Callbacks: callbacks}
	b.start(b.serve)
	return b
}

func (b *Bandwidth) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	user, password, _ := r.BasicAuth()
	if (Login{user, password}) != b.api {
		http.Error(w, `{"type":"unauthorized","description":"Authentication Failed"}`, http.StatusUnauthorized)
		return
	}
	if r.URL.Path != "/users/"+b.account+"/messages" {
		http.Error(w, `{"status":404,"error":"Not Found"}`, http.StatusNotFound)
		return
	}
	var m struct {
		Application string   `json:"applicationId"`
		From        string   `json:"from"`
		To          []string `json:"to"`
		Text        string   `json:"text"`
	}
	if err := json.Unmarshal(body, &m); err != nil || m.Application != b.application || len(m.To) == 0 {
		http.Error(w, `{"type":"request-validation","description":"Your request could not be accepted"}`, http.StatusBadRequest)
		return
	}
	s := Sent{From: m.From, To: strings.Join(m.To, ","), Body: m.Text, Raw: b.raw(r, body), At: time.Now()}
	b.take(w, r, s, newBandwidthID, func(s Sent) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, `{"id":%q,"owner":%q,"applicationId":%q,"from":%q,"direction":"out","segmentCount":1}`, s.ID, s.From, b.application, s.From)
	})
}

// newBandwidthID makes an id as Bandwidth gives to messages: digits and letters.
func newBandwidthID() string { return "1748772000000" + randomHex()[:16] }

// Post delivers a message to the hook, with the credentials.
func (b *Bandwidth) Post(ctx context.Context, hook string, m Message) (status int, err error) {
	return b.PostEvents(ctx, hook, b.event("message-received", "Incoming message received", m.To, map[string]any{
		"id": m.ID, "owner": m.To, "from": m.From, "to": append([]string{m.To}, m.Others...), "text": m.Body, "direction": "in",
	}))
}

// Report delivers a status to the hook, with the credentials: an event
// "message-failed" where there is an error code, else "message-" and the status.
func (b *Bandwidth) Report(ctx context.Context, hook string, s Sent, messageStatus string, code int) (status int, err error) {
	event := b.event("message-"+messageStatus, "ok", s.To, map[string]any{
		"id": s.ID, "owner": s.From, "from": s.From, "to": strings.Split(s.To, ","), "text": "", "direction": "out",
	})
	if code != 0 {
		event["type"], event["errorCode"], event["description"] = "message-failed", code, "a failure"
	}
	return b.PostEvents(ctx, hook, event)
}

// event is one of a callback's.
func (b *Bandwidth) event(kind, description, to string, message map[string]any) map[string]any {
	now := time.Now().UTC().Format(time.RFC3339Nano)
	message["time"], message["applicationId"], message["segmentCount"] = now, b.application, 1
	return map[string]any{"type": kind, "time": now, "description": description, "to": to, "message": message}
}

// PostEvents posts a callback of several events to the hook, with the credentials.
func (b *Bandwidth) PostEvents(ctx context.Context, hook string, events ...map[string]any) (status int, err error) {
	body, err := json.Marshal(events)
	if err != nil {
		return 0, err
	}
	return b.PostRaw(ctx, hook, body)
}

// PostRaw posts any body to the hook, with the credentials.
func (b *Bandwidth) PostRaw(ctx context.Context, hook string, body []byte) (status int, err error) {
	r := http.Request{Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}}
	r.SetBasicAuth(b.Callbacks.User, b.Callbacks.Password)
	return b.post(ctx, hook, r.Header, body)
}

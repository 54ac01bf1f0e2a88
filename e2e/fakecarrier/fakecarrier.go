// Package fakecarrier is four carriers over HTTP on loopback, for whole-daemon
// tests and the benchmark: Twilio's Programmable Messaging, Meta's WhatsApp
// Business Cloud API, Telnyx and Bandwidth, as far as bridged speaks them.
//
// A fake answers sends as its carrier would and records them, and it calls the
// daemon's hooks with properly signed messages and statuses. How a send is
// answered can be changed per request by a Fault.
package fakecarrier

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"bridged/sign"
)

// Sent is one send that reached the fake, whether it was accepted or not.
type Sent struct {
	ID   string // given to it; empty when it was not accepted
	From string // as addresses are written to the fake: no "whatsapp:" at Meta
	To   string
	Body string
	Raw  string // the whole request: line, headers and body
	At   time.Time
}

// Fault changes how a send is answered. The zero Fault accepts it.
type Fault struct {
	Status int    // not 0: this status with Body
	Body   string // of Status
	Header http.Header
	Cut    bool          // the connection is closed without an answer
	Hang   bool          // no answer until the client gives up
	Keep   bool          // with any of these: the carrier has taken the message all the same
	Delay  time.Duration // before any of this
}

// Carrier is what all fakes share.
type Carrier struct {
	*httptest.Server

	client *http.Client
	// Fault decides how a send is answered; nil accepts all. Set it before the
	// first send.
	Fault func(Sent) Fault
	// Received is called with each send that is accepted. Set it before the first
	// send. Optional.
	Received func(Sent)
	// KeepRaw says whether sends are recorded with their whole request.
	KeepRaw bool

	mu    sync.Mutex
	sent  []Sent
	files map[string]File
}

func (c *Carrier) start(h http.HandlerFunc) {
	c.client = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 256}}
	c.Server = httptest.NewServer(h)
}

// Close stops the fake. Sends that hang are cut off.
func (c *Carrier) Close() {
	c.HangUp()
	c.Server.Close()
}

// HangUp closes all connections, to the fake and of it. Sends that hang are cut off.
func (c *Carrier) HangUp() {
	c.CloseClientConnections()
	c.client.CloseIdleConnections()
}

// Sent returns what was sent so far, in order.
func (c *Carrier) Sent() []Sent {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Sent(nil), c.sent...)
}

// take records a send and answers it: with what its fault says, or by accept.
func (c *Carrier) take(w http.ResponseWriter, r *http.Request, s Sent, newID func() string, accept func(Sent)) {
	var f Fault
	if c.Fault != nil {
		f = c.Fault(s)
	}
	if f.Delay > 0 {
		select {
		case <-time.After(f.Delay):
		case <-r.Context().Done():
		}
	}
	lost := f.Cut || f.Hang
	accepted := f.Status == 0 && !lost || f.Keep
	if accepted {
		s.ID = newID()
	}
	c.mu.Lock()
	c.sent = append(c.sent, s)
	c.mu.Unlock()
	if accepted && c.Received != nil {
		c.Received(s)
	}
	switch {
	case f.Cut:
		panic(http.ErrAbortHandler)
	case f.Hang:
		<-r.Context().Done()
	case f.Status != 0:
		for name, values := range f.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(f.Status)
		_, _ = io.WriteString(w, f.Body)
	default:
		accept(s)
	}
}

// raw is the whole request as text.
func (c *Carrier) raw(r *http.Request, body []byte) string {
	if !c.KeepRaw {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", r.Method, r.URL)
	_ = r.Header.Write(&b)
	b.Write(body)
	return b.String()
}

// post calls a hook and returns the status of its answer.
func (c *Carrier) post(ctx context.Context, hook string, header http.Header, body []byte) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, hook, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header = header
	answer, err := c.client.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, err
}

// Twilio is a fake of Twilio's Programmable Messaging.
type Twilio struct {
	Carrier

	account, token string
}

// NewTwilio starts a fake for one account. The caller closes it.
func NewTwilio(account, token string) *Twilio {
	t := &Twilio{account: account, token: token}
	t.start(t.serve)
	return t
}

func (t *Twilio) serve(w http.ResponseWriter, r *http.Request) {
	if t.serveFile(w, r) {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	user, password, _ := r.BasicAuth()
	if r.URL.Path != "/2010-04-01/Accounts/"+t.account+"/Messages.json" || user != t.account || password != t.token {
		http.Error(w, `{"code":20003,"message":"Authenticate","status":401}`, http.StatusUnauthorized)
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		http.Error(w, `{"code":20001,"message":"form","status":400}`, http.StatusBadRequest)
		return
	}
	s := Sent{From: form.Get("From"), To: form.Get("To"), Body: form.Get("Body"), Raw: t.raw(r, body), At: time.Now()}
	t.take(w, r, s, NewSID, func(s Sent) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"sid":%q,"account_sid":%q,"status":"queued","error_code":null}`, s.ID, t.account)
	})
}

// Message is an inbound message of the fake's handsets.
type Message struct {
	ID, From, To, Body string
	Extra              url.Values // further fields of the form; Twilio only
	UserID             string     // business-scoped id; Meta only. From may be empty then
	Others             []string   // further receivers, of a group message; Telnyx and Bandwidth only
}

// Post delivers a message to the hook, signed.
func (t *Twilio) Post(ctx context.Context, hook string, m Message) (status int, err error) {
	form := url.Values{
		"MessageSid": {m.ID}, "SmsSid": {m.ID}, "AccountSid": {t.account}, "From": {m.From}, "To": {m.To},
		"Body": {m.Body}, "NumMedia": {"0"}, "NumSegments": {"1"}, "ApiVersion": {"2010-04-01"},
	}
	for name, values := range m.Extra {
		form[name] = values
	}
	return t.PostForm(ctx, hook, form)
}

// Report delivers a status callback to the hook, signed. Code is the error code
// of a failure, 0 for none.
func (t *Twilio) Report(ctx context.Context, hook string, s Sent, messageStatus string, code int) (status int, err error) {
	form := url.Values{
		"MessageSid": {s.ID}, "MessageStatus": {messageStatus}, "AccountSid": {t.account},
		"From": {s.From}, "To": {s.To}, "ApiVersion": {"2010-04-01"},
	}
	if code != 0 {
		form.Set("ErrorCode", strconv.Itoa(code))
	}
	return t.PostForm(ctx, hook, form)
}

// PostForm posts any form to the hook, signed.
func (t *Twilio) PostForm(ctx context.Context, hook string, form url.Values) (status int, err error) {
	return t.post(ctx, hook, http.Header{
		"Content-Type":       {"application/x-www-form-urlencoded"},
		"X-Twilio-Signature": {sign.Form(t.token, hook, form)},
	}, []byte(form.Encode()))
}

// NewSID makes an id as Twilio gives to messages.
func NewSID() string { return "SM" + randomHex() }

func randomHex() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// Cloud is a fake of Meta's WhatsApp Business Cloud API.
type Cloud struct {
	Carrier

	phone, token, secret string
}

// NewCloud starts a fake for one phone number. The caller closes it.
func NewCloud(phoneNumberID, accessToken, appSecret string) *Cloud {
	c := &Cloud{phone: phoneNumberID, token: accessToken, secret: appSecret}
	c.start(c.serve)
	return c
}

func (c *Cloud) serve(w http.ResponseWriter, r *http.Request) {
	if c.serveFile(w, r) {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if r.URL.Path != "/"+c.phone+"/messages" || r.Header.Get("Authorization") != "Bearer "+c.token {
		http.Error(w, `{"error":{"message":"Invalid OAuth access token","type":"OAuthException","code":190}}`, http.StatusUnauthorized)
		return
	}
	var m struct {
		To   string `json:"to"`
		Text struct {
			Body string `json:"body"`
		} `json:"text"`
	}
	if err := json.Unmarshal(body, &m); err != nil {
		http.Error(w, `{"error":{"message":"JSON","type":"GraphMethodException","code":100}}`, http.StatusBadRequest)
		return
	}
	s := Sent{From: c.phone, To: m.To, Body: m.Text.Body, Raw: c.raw(r, body), At: time.Now()}
	c.take(w, r, s, func() string { return "wamid." + randomHex() }, func(s Sent) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"messaging_product":"whatsapp","contacts":[{"input":%q,"wa_id":%q}],"messages":[{"id":%q}]}`, s.To, s.To, s.ID)
	})
}

// Post delivers a text message to the hook, signed. From is digits; To is not
// looked at, since Meta names our number by its id.
func (c *Cloud) Post(ctx context.Context, hook string, m Message) (status int, err error) {
	contact := map[string]any{"wa_id": m.From, "profile": map[string]any{"name": "A person"}}
	message := map[string]any{
		"id": m.ID, "from": m.From, "timestamp": strconv.FormatInt(time.Now().Unix(), 10), "type": "text",
		"text": map[string]any{"body": m.Body},
	}
	if m.UserID != "" {
		contact["user_id"], message["from_user_id"] = m.UserID, m.UserID
	}
	return c.PostValue(ctx, hook, map[string]any{"contacts": []any{contact}, "messages": []any{message}})
}

// Report delivers a status to the hook, signed. Code is Meta's code of a failure,
// 0 for none.
func (c *Cloud) Report(ctx context.Context, hook string, s Sent, messageStatus string, code int) (status int, err error) {
	report := map[string]any{
		"id": s.ID, "status": messageStatus, "timestamp": strconv.FormatInt(time.Now().Unix(), 10), "recipient_id": s.To,
	}
	if code != 0 {
		report["errors"] = []any{map[string]any{"code": code, "title": "a failure"}}
	}
	return c.PostValue(ctx, hook, map[string]any{"statuses": []any{report}})
}

// PostValue posts the value of a change to the hook, signed.
func (c *Cloud) PostValue(ctx context.Context, hook string, value map[string]any) (status int, err error) {
	value["messaging_product"] = "whatsapp"
	value["metadata"] = map[string]any{"phone_number_id": c.phone}
	body, err := json.Marshal(map[string]any{
		"object": "whatsapp_business_account",
		"entry":  []any{map[string]any{"id": "1", "changes": []any{map[string]any{"field": "messages", "value": value}}}},
	})
	if err != nil {
		return 0, err
	}
	return c.PostRaw(ctx, hook, body)
}

// PostRaw posts any body to the hook, signed.
func (c *Cloud) PostRaw(ctx context.Context, hook string, body []byte) (status int, err error) {
	return c.post(ctx, hook, http.Header{
		"Content-Type":        {"application/json"},
		"X-Hub-Signature-256": {sign.Hub(c.secret, body)},
	}, body)
}

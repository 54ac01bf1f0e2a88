package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"bridged/e2e/daemon"
)

// The numbers of the embedded default that the story uses.
const (
	smsProxy      = "+15550100001"
	otherProxy    = "+15550100002"
	whatsappProxy = "whatsapp:+15550100009"
)

// story is a running daemon in which a few people have talked.
type story struct {
	url, sid, token     string
	service             string
	main, failed, empty string // conversations
}

// tell makes the people talk.
func tell(ctx context.Context, d *daemon.Daemon) (*story, error) {
	s := &story{url: d.URL}
	// What the program prints and what it logs come by two ways.
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(d.Stdout(), "Console: ") && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	printed := d.Stdout()
	for name, into := range map[string]*string{"Account SID": &s.sid, "Auth token": &s.token} {
		found := regexp.MustCompile(`(?m)^` + name + `: (\S+)$`).FindStringSubmatch(printed)
		if found == nil {
			return nil, fmt.Errorf("the daemon printed no %s", name)
		}
		*into = found[1]
	}
	for _, chapter := range []func(context.Context) error{s.operations, s.hooks, s.small, s.gate, s.reach, s.delivery} {
		if err := chapter(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// small are conversations of which the list shows a line.
func (s *story) small(ctx context.Context) (err error) {
	for _, one := range []struct{ name, address, proxy, text string }{
		{"Keys for the flat", "+4915123456789", otherProxy, "I put them into the letter box."},
		{"Piano lesson", "+447700900123", smsProxy, "Could we move to Thursday at five?"},
		{"", "whatsapp:+5511912345678", whatsappProxy, "Obrigado! 🙏 Até amanhã."},
		{"Table for six", "whatsapp:+33612345678", whatsappProxy, "Nous arrivons vers 20 h, merci !"},
		{"موعد الصيانة", "whatsapp:+971501234567", whatsappProxy, "شكراً، سأكون في البيت بعد الظهر."},
	} {
		c, err := s.converse(ctx, one.name, map[string]string{one.address: one.proxy})
		if err != nil {
			return err
		}
		if err := s.hears(ctx, one.address, one.proxy, one.text, c, 1); err != nil {
			return err
		}
	}
	s.empty, err = s.converse(ctx, "Order 1052", nil)
	return err
}

// gate is one that is closed, and one that waits.
func (s *story) gate(ctx context.Context) error {
	c, err := s.converse(ctx, "Lost umbrella", map[string]string{"+15550200077": smsProxy})
	if err != nil {
		return err
	}
	if err := s.say(ctx, c, "Mara", "We have it at the desk. Come by any day."); err != nil {
		return err
	}
	return s.post(ctx, "/v1/Conversations/"+c, url.Values{"State": {"closed"}}, nil)
}

// reach is one whose customer cannot be reached.
func (s *story) reach(ctx context.Context) (err error) {
	gone := "+15550200044"
	if s.failed, err = s.converse(ctx, "Order 1047", map[string]string{gone: smsProxy, "whatsapp:+15550300045": whatsappProxy}); err != nil {
		return err
	}
	if err := s.call(ctx, http.MethodPut, "/bridged/v1/simulator/handsets/"+url.PathEscape(gone), "application/json",
		strings.NewReader(`{"status":"undelivered","error_code":30003}`), nil); err != nil {
		return err
	}
	if err := s.hears(ctx, "whatsapp:+15550300045", whatsappProxy, "I am at the door, nobody answers", s.failed, 1); err != nil {
		return err
	}
	return s.say(ctx, s.failed, "Mara", "Your courier is at the door.")
}

// delivery is the story of the picture: a courier on WhatsApp, a customer on SMS.
func (s *story) delivery(ctx context.Context) (err error) {
	courier, customer := "whatsapp:+15550300002", "+15550200001"
	if s.main, err = s.converse(ctx, "Order 1048 · Flowers", map[string]string{courier: whatsappProxy, customer: smsProxy}); err != nil {
		return err
	}
	form := url.Values{"Identity": {"Mara"}}
	if err := s.post(ctx, "/v1/Conversations/"+s.main+"/Participants", form, nil); err != nil {
		return err
	}
	n := 0
	hears := func(from, proxy, text string) {
		if n++; err == nil {
			err = s.hears(ctx, from, proxy, text, s.main, n)
		}
	}
	hears(customer, smsProxy, "Hi, when will my flowers come?")
	hears(courier, whatsappProxy, "Good morning! Ten minutes, I am at the corner of Main Street.")
	hears(customer, smsProxy, "The bell does not work. Please knock, or call out :)")
	hears(courier, whatsappProxy, "👍")
	if err != nil {
		return err
	}
	if err := s.sayWithPicture(ctx, s.main, "Mara", "This is the bunch, by the way"); err != nil {
		return err
	}
	n++
	hears(courier, whatsappProxy, "At the green door now")
	if err != nil {
		return err
	}
	return s.say(ctx, s.main, "Mara", "Thank you both. Have a lovely day!")
}

// converse makes a conversation of people with their proxy addresses.
func (s *story) converse(ctx context.Context, name string, people map[string]string) (sid string, err error) {
	form := url.Values{"Timers.Inactive": {"PT4H"}, "Attributes": {`{"city":"Springfield","priority":2}`}}
	if name != "" {
		form.Set("FriendlyName", name)
	}
	var made struct {
		SID     string `json:"sid"`
		Service string `json:"chat_service_sid"`
	}
	if err := s.post(ctx, "/v1/Conversations", form, &made); err != nil {
		return "", err
	}
	s.service = made.Service
	for address, proxy := range people {
		form := url.Values{"MessagingBinding.Address": {address}, "MessagingBinding.ProxyAddress": {proxy}}
		if err := s.post(ctx, "/v1/Conversations/"+made.SID+"/Participants", form, nil); err != nil {
			return "", err
		}
	}
	return made.SID, nil
}

func (s *story) say(ctx context.Context, conversation, author, text string) error {
	return s.post(ctx, "/v1/Conversations/"+conversation+"/Messages", url.Values{"Author": {author}, "Body": {text}}, nil)
}

// sayWithPicture sends a drawing of ours.
func (s *story) sayWithPicture(ctx context.Context, conversation, author, text string) error {
	var file bytes.Buffer
	if err := png.Encode(&file, bunch()); err != nil {
		return err
	}
	var made struct {
		SID string `json:"sid"`
	}
	if err := s.call(ctx, http.MethodPost, "/v1/Services/"+s.service+"/Media?Filename=bunch.png", "image/png", &file, &made); err != nil {
		return err
	}
	return s.post(ctx, "/v1/Conversations/"+conversation+"/Messages", url.Values{"Author": {author}, "Body": {text}, "MediaSid": {made.SID}}, nil)
}

// hears lets a handset write, and waits until the conversation has n messages.
func (s *story) hears(ctx context.Context, from, to, text, conversation string, n int) error {
	return s.hearsIn(ctx, "/v1", from, to, text, conversation, n)
}

// hearsIn is hears of a service's conversation, by the beginning of its path.
func (s *story) hearsIn(ctx context.Context, base, from, to, text, conversation string, n int) error {
	body, err := json.Marshal(map[string]any{"from": from, "to": []string{to}, "body": text})
	if err != nil {
		return err
	}
	if err := s.call(ctx, http.MethodPost, "/bridged/v1/simulator/messages", "application/json", bytes.NewReader(body), nil); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		var list struct{ Messages []struct{} }
		if err := s.call(ctx, http.MethodGet, base+"/Conversations/"+conversation+"/Messages", "", nil, &list); err != nil {
			return err
		}
		if len(list.Messages) >= n {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%q did not arrive: %w", text, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *story) post(ctx context.Context, path string, form url.Values, into any) error {
	return s.call(ctx, http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()), into)
}

func (s *story) call(ctx context.Context, method, path, contentType string, body io.Reader, into any) error {
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, body)
	if err != nil {
		return err
	}
	r.SetBasicAuth(s.sid, s.token)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %s", method, path, text)
	}
	if into == nil || len(text) == 0 {
		return nil
	}
	return json.Unmarshal(text, into)
}

// logIn opens the console as the operator does.
func (s *story) logIn() chromedp.Action {
	return chromedp.Tasks{
		chromedp.Navigate(s.url + "/console/"), chromedp.WaitVisible("#token"),
		chromedp.SendKeys("#token", s.token+"\n"), chromedp.WaitVisible(".shell"),
		chromedp.Evaluate(`localStorage.setItem('bridged.identity', '"Mara"')`, nil),
	}
}

// bunch draws flowers.
func bunch() image.Image {
	const width, height = 480, 360
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.Set(x, y, color.RGBA{uint8(226 - y/6), uint8(238 - y/9), uint8(240 - y/12), 255})
		}
	}
	disc := func(cx, cy, r float64, c color.RGBA) {
		for y := int(cy - r); y <= int(cy+r); y++ {
			for x := int(cx - r); x <= int(cx+r); x++ {
				if math.Hypot(float64(x)-cx, float64(y)-cy) <= r {
					m.Set(x, y, c)
				}
			}
		}
	}
	for i, c := range []color.RGBA{{214, 64, 92, 255}, {240, 166, 60, 255}, {150, 88, 190, 255}, {236, 112, 140, 255}, {250, 206, 84, 255}} {
		cx, cy := 110+float64(i)*65, 130+30*math.Sin(float64(i)*2)
		for t := 0.0; t < 1; t += .004 {
			disc(cx+(240-cx)*t, cy+(340-cy)*t, 3, color.RGBA{66, 120, 74, 255})
		}
		for petal := range 7 {
			angle := float64(petal) * 2 * math.Pi / 7
			disc(cx+26*math.Cos(angle), cy+26*math.Sin(angle), 17, c)
		}
		disc(cx, cy, 14, color.RGBA{252, 236, 190, 255})
	}
	return m
}

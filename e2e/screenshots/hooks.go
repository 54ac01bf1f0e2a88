package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/chromedp/chromedp"
)

// hooks are one server that hears of everything, and one that is down.
func (s *story) hooks(ctx context.Context) error {
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"archived": true, "queue": "conversations", "place": 1048}`)
	})}
	go server.Serve(listener)
	context.AfterFunc(ctx, func() { _ = server.Close() })
	form := url.Values{
		"PostWebhookUrl": {"http://" + listener.Addr().String() + "/archive"}, "PreWebhookUrl": {"http://" + listener.Addr().String() + "/judge"},
		"Filters": {"onMessageAdded", "onMessageUpdated", "onDeliveryUpdated", "onConversationStateUpdated", "onMessageAdd"},
	}
	if err := s.post(ctx, "/v1/Configuration/Webhooks", form, nil); err != nil {
		return err
	}
	down, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	gone := "http://" + down.Addr().String() + "/shop/hooks"
	if err := down.Close(); err != nil {
		return err
	}
	var shop struct {
		SID string `json:"sid"`
	}
	if err := s.post(ctx, "/v1/Services", url.Values{"FriendlyName": {"Shop in Berlin"}}, &shop); err != nil {
		return err
	}
	base := "/v1/Services/" + shop.SID
	if err := s.post(ctx, base+"/Configuration/Webhooks", url.Values{"PostWebhookUrl": {gone}, "Filters": {"onMessageAdded"}}, nil); err != nil {
		return err
	}
	for i := range 7 {
		var made struct {
			SID string `json:"sid"`
		}
		if err := s.post(ctx, base+"/Conversations", url.Values{"FriendlyName": {fmt.Sprintf("Return %d", 1+i)}}, &made); err != nil {
			return err
		}
		address := fmt.Sprintf("+1555020020%d", i)
		form := url.Values{"MessagingBinding.Address": {address}, "MessagingBinding.ProxyAddress": {otherProxy}}
		if err := s.post(ctx, base+"/Conversations/"+made.SID+"/Participants", form, nil); err != nil {
			return err
		}
		if err := s.hearsIn(ctx, base, address, otherProxy, "Where do I bring it back?", made.SID, 1); err != nil {
			return err
		}
	}
	return nil
}

// sendTest asks the first of the webhooks what it answers.
func sendTest() chromedp.Action {
	return chromedp.Tasks{chromedp.Click(`.hook[data-target^="AC"] .hook-actions .button`), chromedp.WaitVisible(".trial .code")}
}

// openWebhookForm shows the form, with a mistake in it.
func openWebhookForm() chromedp.Action {
	return chromedp.Tasks{
		chromedp.Click(".page-head .button.primary"), chromedp.WaitVisible(".webhook-dialog .events-groups"),
		chromedp.SetValue(`.webhook-dialog form .field:nth-of-type(2) .input`, "judge.example.com"), chromedp.Evaluate(`document.querySelector('.webhook-dialog form').requestSubmit()`, nil), chromedp.WaitVisible(".webhook-dialog .field-error:not([hidden])"),
	}
}

// traffic lets handsets write for as long as it takes to draw some of a chart.
func traffic() chromedp.Action {
	return chromedp.Tasks{
		chromedp.Evaluate(`(async () => {
			const [people, till] = [[['+15550200001', '`+smsProxy+`'], ['whatsapp:+15550300002', '`+whatsappProxy+`']], Date.now() + 13000];
			for (let n = 0; Date.now() < till; n++) {
				for (const [from, to] of people.slice(0, 1 + Math.round(Math.random()))) await fetch('/bridged/v1/simulator/messages', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({from, to: [to], body: 'Message ' + n})});
				await new Promise((done) => setTimeout(done, 80 + 300 * (1 + Math.sin(n / 8))));
			}
			document.body.dataset.written = 'yes';
		})(); 0`, nil),
		chromedp.WaitReady(`body[data-written]`),
	}
}

// wayOpen shows the receivers of the last message.
func wayOpen() chromedp.Action {
	return chromedp.Tasks{
		chromedp.Evaluate(`document.querySelector('.way-receivers').open = true; document.querySelector('.ways').scrollIntoView(); 0`, nil),
		chromedp.WaitVisible(".way-receivers td"),
	}
}

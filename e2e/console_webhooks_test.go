package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"

	"bridged/e2e/browser"
)

// webhookField finds what carries a label in a dialog.
func webhookField(label string) string {
	return fmt.Sprintf(`document.getElementById([...document.querySelectorAll("dialog label")].find((l) => l.textContent === %q).htmlFor)`, label)
}

// An operator who has no webhook yet sets one by the form, and sees what it answers to
// a test.
func TestConsole_aWebhookIsSetAndTestedInTheConsole(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	heard := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if assert.NoError(t, r.ParseForm()) {
			heard <- r.PostForm.Get("EventType") + " " + r.PostForm.Get("Test")
		}
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, "<b>Thank you</b>, archived as 17")
	}))
	t.Cleanup(receiver.Close)
	p := s.browse(browser.Options{})
	p.logIn()
	p.do(chromedp.Navigate(s.URL + "/console/webhooks"))
	p.says(".hooks .empty", "Nobody is told yet")
	p.do(click(".hooks .empty .button"), chromedp.WaitVisible("dialog .events-groups"))
	const after, before = "URL after a change", "URL before a change"
	p.do(chromedp.SendKeys(webhookField(after), "nowhere"+kb.Enter, chromedp.ByJSPath))
	p.says("dialog .field-error:not([hidden])", "This is no URL")
	assert.Equal(t, "true", eval[string](p, webhookField(after)+`.getAttribute("aria-invalid")`))

	// What the server refuses is told beside the field too, and nothing is lost.
	write := func(label, text string) {
		eval[bool](p, fmt.Sprintf(`((e) => { e.value = %q; return e.dispatchEvent(new Event("input", {bubbles: true})); })(%s)`, text, webhookField(label)))
	}
	write(after, receiver.URL+"/hook")
	p.do(chromedp.SendKeys(webhookField(before), "http://[::1"+kb.Enter, chromedp.ByJSPath))
	p.until(webhookField(before) + `.getAttribute("aria-invalid") === "true"`)
	assert.Equal(t, receiver.URL+"/hook", eval[string](p, webhookField(after)+`.value`))
	write(before, "")

	// All that happens is chosen at first. One click takes it back, another chooses one.
	assert.Equal(t, 13, eval[int](p, `document.querySelectorAll("dialog input:checked").length`))
	p.do(click(`//dialog//button[text()="None"]`, chromedp.BySearch))
	p.says("dialog .notice.warn:not([hidden])", "would never be called")
	p.do(click(`dialog input[value="onMessageAdded"]`))
	p.until(`document.querySelector("dialog .notice.warn").hidden`)
	p.do(click("dialog .button.primary"), chromedp.WaitNotPresent("dialog"))
	p.says(".hook", receiver.URL+"/hook")
	p.says(".hook-health", "Not called yet")
	set, err := s.api.FetchConfigurationWebhook()
	require.NoError(t, err)
	assert.Equal(t, []any{receiver.URL + "/hook", []string{"onMessageAdded"}, "POST"}, []any{*set.PostWebhookUrl, *set.Filters, *set.Method})

	p.do(click(`//article//button[contains(., "Send a test")]`, chromedp.BySearch))
	p.says(".trial", "Status 200")
	p.says(".trial .code", "<b>Thank you</b>, archived as 17")
	assert.Equal(t, "onMessageAdded true", <-heard)

	// What happens from now on is told, and shown.
	s.masked("Told")
	s.writes(bob, whatsappProxy, "Do you hear me?")
	assert.Equal(t, "onMessageAdded ", <-heard)
	p.says(".hook-number", "Status 200")
	p.says(".hook-health", "Works")

	// It opens with what is set.
	p.do(click(`//article//button[text()="Change"]`, chromedp.BySearch), chromedp.WaitVisible("dialog .events-groups"))
	assert.Equal(t, receiver.URL+"/hook", eval[string](p, webhookField(after)+`.value`))
	write(after, "")
	p.do(click("dialog .button.primary"), chromedp.WaitNotPresent("dialog"))
	p.says(".hooks .empty", "Nobody is told yet")
}

// A server that is down is shown as left alone, with what waits for it; when it is back,
// a button has it called at once.
func TestConsole_aDeadWebhookIsShownAndResumed(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	var alive atomic.Bool
	var taken atomic.Int64
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !alive.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		taken.Add(1)
	}))
	t.Cleanup(receiver.Close)
	url, filters := receiver.URL, []string{"onConversationAdded"}
	_, err := s.api.UpdateConfigurationWebhook(&conversations.UpdateConfigurationWebhookParams{PostWebhookUrl: &url, Filters: &filters})
	require.NoError(t, err)
	const events = 6
	for range events {
		_, err := s.api.CreateConversation(&conversations.CreateConversationParams{XTwilioWebhookEnabled: ptr("true")})
		require.NoError(t, err)
	}
	p := s.browse(browser.Options{Width: 390, Height: 844, Touch: true})
	p.logIn()
	p.do(chromedp.Navigate(s.URL + "/console/webhooks"))
	p.says(".hook-health", "Left alone")
	p.says(".hook-number.warn strong", fmt.Sprint(events))
	p.says(".hook-number.bad strong", "Status 502")
	p.says(".hook-trouble:not([hidden])", fmt.Sprintf("%d events wait", events))
	assert.True(t, eval[bool](p, "document.documentElement.scrollWidth <= innerWidth && document.querySelector('main').scrollWidth <= innerWidth"))

	alive.Store(true)
	p.do(click(`//article//button[contains(., "Resume now")]`, chromedp.BySearch))
	p.says(".hook-health", "Works")
	p.says(".hook-number:first-child strong", "0")
	eventually(t, func() bool { return taken.Load() == events }, "all of them are told")
	p.says(".hook-number", fmt.Sprintf("%d taken", events))
	assert.True(t, eval[bool](p, "document.querySelector('.hook-trouble').hidden"))
}

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"

	"bridged/e2e/browser"
)

// The phones that "Try it" makes, and the numbers that they write to.
const (
	tryAda, tryBen           = "whatsapp:+15550200101", "+15550200102"
	tryCleo, tryDan, tryEve  = "+15550200103", "+15550200104", "+15550200105"
	tryFinn                  = "+15550200106"
	tryGroup, tryAutocreates = "+15550100002", "+15550100003"
)

// part is a selector of something on one phone.
func part(address, selector string) string {
	return fmt.Sprintf(`.phone[data-address=%q] %s`, address, selector)
}

// writeOn writes on a phone and sends it.
func (p *page) writeOn(address, text string) {
	p.t.Helper()
	p.do(chromedp.SendKeys(part(address, ".writer-text"), text+kb.Enter))
	p.says(part(address, ".own .said-body"), text)
}

// tryIt opens the phones from the inbox of an empty installation.
func (p *page) tryIt() {
	p.t.Helper()
	p.logIn()
	p.says(".rows .empty", "No conversations yet")
	p.do(click(`.rows .empty a[href$="?try"]`), chromedp.WaitVisible(part(tryFinn, ".writer-text")))
	p.until("document.querySelectorAll('.phone').length === 6")
}

// seesOnly asserts which telephone numbers stand on the screen of a phone.
func (p *page) seesOnly(address string, numbers ...string) {
	p.t.Helper()
	screen := eval[string](p, fmt.Sprintf("document.querySelector('%s').textContent", part(address, ".phone-frame")))
	seen := map[string]bool{}
	for _, found := range regexp.MustCompile(`\+[0-9][0-9 ]{6,}[0-9]`).FindAllString(screen, -1) {
		seen[regexp.MustCompile(` `).ReplaceAllString(found, "")] = true
	}
	want := map[string]bool{}
	for _, n := range numbers {
		want[n] = true
	}
	assert.Equal(p.t, want, seen, "on the screen of %s: %s", address, screen)
}

// The story of the first two minutes: from `make run`'s empty state to a message in
// the inbox with its ticks.
func TestConsole_theStoryOfTwoMinutes(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	p := s.browse(browser.Options{Width: 1440, Height: 1000})
	p.tryIt()
	p.writeOn(tryAda, "I am at the door")
	p.says(part(tryBen, ".other .said-body"), "I am at the door")
	p.do(chromedp.WaitVisible(part(tryAda, ".said-ticks")))
	p.writeOn(tryBen, "Coming down")
	p.says(part(tryAda, ".other .said-body"), "Coming down")
	p.says(part(tryBen, ".said-state"), "Sent")
	p.says(part(tryAda, ".phone-about"), "Nobody else’s is visible")
	p.seesOnly(tryAda, "+15550100009")
	p.seesOnly(tryBen, "+15550100001")

	// Somebody new makes a conversation.
	p.writeOn(tryFinn, "Is this the florist?")
	p.seesOnly(tryFinn, tryAutocreates)

	p.do(click(`[data-nav="inbox"]`), chromedp.WaitVisible(".inbox-list"))
	p.says(".row-text", "Is this the florist?")
	p.do(click(`//*[contains(@class, "row-name") and contains(., "masked")]`, chromedp.BySearch), chromedp.WaitVisible(".composer-text"))
	p.says(".theirs .bubble-body", "I am at the door")
	p.says(".theirs .bubble-author", "Ada")
	p.until(`document.querySelectorAll('.theirs .ticks[data-state="delivered"]').length === 2`)
}

// A second time finds what is there, in a browser that knows nothing of the first.
func TestConsole_tryingItTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	count := func() int {
		list, err := s.api.ListConversation(&conversations.ListConversationParams{})
		require.NoError(t, err)
		n := 0
		for _, c := range list {
			people, err := s.api.ListConversationParticipant(*c.Sid, &conversations.ListConversationParticipantParams{})
			require.NoError(t, err)
			n += 100 + len(people)
		}
		return n
	}
	first := s.browse(browser.Options{})
	first.tryIt()
	assert.Equal(t, 2*100+2+4, count())
	second := s.browse(browser.Options{})
	second.logIn()
	second.do(chromedp.Navigate(s.URL+"/console/phones"), chromedp.WaitVisible(".try .button"), click(".try .button"),
		chromedp.WaitVisible(part(tryFinn, ".writer-text")))
	assert.Equal(t, 2*100+2+4, count())
	configured, err := s.api.ListConfigurationAddress(&conversations.ListConfigurationAddressParams{})
	require.NoError(t, err)
	assert.Len(t, configured, 1)
}

func TestConsole_aGroupTextOnThreePhones(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	p := s.browse(browser.Options{Width: 1440, Height: 1800})
	p.tryIt()
	p.writeOn(tryCleo, "Shall we look at the house?")
	for _, other := range []string{tryDan, tryEve} {
		p.says(part(other, ".other .said-body"), "Shall we look at the house?")
		p.says(part(other, ".said-author"), "+1 555 020 0103")
		p.says(part(other, ".phone-about"), "everybody in it sees")
	}
	p.seesOnly(tryDan, tryCleo, tryEve, tryGroup)

	// Ours answers, as page 37 has it: everybody gets it once.
	c, err := s.api.FetchConversation("try-group")
	require.NoError(t, err)
	body, author := "Saturday at ten", "operator"
	_, err = s.api.CreateConversationMessage(*c.Sid, &conversations.CreateConversationMessageParams{Author: &author, Body: &body})
	require.NoError(t, err)
	for _, member := range []string{tryCleo, tryDan, tryEve} {
		p.says(part(member, ".other .said-body"), "Saturday at ten")
		assert.Equal(t, 2, eval[int](p, fmt.Sprintf("document.querySelectorAll('%s').length", part(member, ".said"))))
	}
}

func TestConsole_aPhoneWithoutCoverage(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	p := s.browse(browser.Options{Width: 1440, Height: 1000})
	p.tryIt()
	toggle := func(address, name string) {
		p.do(click(part(address, `[data-switch="`+name+`"]`)))
	}
	is := func(address, name, state string) {
		p.until(fmt.Sprintf("document.querySelector('%s').getAttribute('aria-checked') === %q", part(address, `[data-switch="`+name+`"]`), state))
	}
	toggle(tryBen, "off")
	is(tryBen, "off", "true")
	p.says(part(tryBen, ".phone-status"), "No service")
	p.says(part(tryBen, ".writer-barred"), "No coverage")
	p.writeOn(tryAda, "Are you there?")

	toggle(tryAda, "reads")
	is(tryAda, "reads", "true")
	p.do(click(`[data-nav="inbox"]`), chromedp.WaitVisible(".inbox-list"))
	p.do(click(`//*[contains(@class, "row-name") and contains(., "masked")]`, chromedp.BySearch), chromedp.WaitVisible(`.ticks[data-state="failed"]`),
		chromedp.Focus(`.ticks[data-state="failed"]`), chromedp.KeyEvent(kb.Enter))
	p.says(".popover .receiver-reason", "Unreachable destination handset")
	assert.Empty(t, s.thread(tryBen), "it never came to the phone")

	// With coverage, what comes next comes; the other one reads at once.
	p.do(chromedp.Navigate(s.URL+"/console/phones"), chromedp.WaitVisible(part(tryBen, `[aria-checked="true"]`)))
	toggle(tryBen, "off")
	is(tryBen, "off", "false")
	p.writeOn(tryBen, "Now I am")
	p.says(part(tryAda, ".other .said-body"), "Now I am")
	c, err := s.api.FetchConversation("try-masked")
	require.NoError(t, err)
	eventually(t, func() bool {
		list, err := s.api.ListConversationMessage(*c.Sid, &conversations.ListConversationMessageParams{})
		require.NoError(t, err)
		delivery, ok := (*list[len(list)-1].Delivery).(map[string]any)
		return ok && delivery["read"] == "all"
	}, "it was read")

	// Who has blocked us gets nothing, which has a reason of its own.
	toggle(tryAda, "blocked")
	is(tryAda, "blocked", "true")
	is(tryAda, "reads", "true")
	p.writeOn(tryBen, "Hello?")
	eventually(t, func() bool {
		list, err := s.api.ListConversationMessage(*c.Sid, &conversations.ListConversationMessageParams{})
		require.NoError(t, err)
		receipts, err := s.api.ListConversationMessageReceipt(*c.Sid, *list[len(list)-1].Sid, &conversations.ListConversationMessageReceiptParams{})
		require.NoError(t, err)
		return len(receipts) == 1 && receipts[0].ErrorCode == 63033
	}, "it failed as blocked")
}

func TestConsole_aPersonStops(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	p := s.browse(browser.Options{Width: 1440, Height: 1000})
	p.tryIt()
	p.writeOn(tryAda, "Special offer!")
	p.says(part(tryBen, ".other .said-body"), "Special offer!")
	p.do(click(part(tryBen, ".writer-word")))
	p.says(part(tryBen, ".own .said-body"), "STOP")
	p.says(part(tryBen, ".writer-word"), "START")
	eventually(t, func() bool {
		var list struct {
			OptOuts []struct{ Address string } `json:"opt_outs"`
		}
		s.ask(http.MethodGet, "/bridged/v1/opt-outs", "", &list)
		return len(list.OptOuts) == 1 && list.OptOuts[0].Address == tryBen
	}, "it is known")
	p.writeOn(tryAda, "Another offer!")
	p.do(click(`[data-nav="inbox"]`), chromedp.WaitVisible(".inbox-list"))
	p.do(click(`//*[contains(@class, "row-name") and contains(., "masked")]`, chromedp.BySearch), chromedp.WaitVisible(`.ticks[data-state="failed"]`))
	for _, m := range s.thread(tryBen) {
		assert.NotEqual(t, "Another offer!", m.Body)
	}
}

// Buttons are tapped, and photos taken, on phones that somebody adds.
func TestConsole_buttonsAndPhotosOnAPhone(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	conversation := s.masked("Gate")
	p := s.browse(browser.Options{Width: 1440, Height: 1000})
	p.logIn()
	p.do(chromedp.Navigate(s.URL+"/console/phones"), chromedp.WaitVisible(".page-head .primary:enabled"))
	add := func(number string) {
		p.do(click(".page-head .primary"), chromedp.WaitVisible("dialog form"), chromedp.SetValue("dialog input[type=tel]", number),
			chromedp.SetValue("dialog select", "whatsapp"), chromedp.Evaluate(`document.querySelector("dialog form").requestSubmit()`, nil)) // the list of suggestions may lie above the button
	}
	add("1234")
	p.says("dialog .field-error:not([hidden])", "with its country code")
	p.do(chromedp.KeyEvent(kb.Escape), chromedp.WaitNotPresent("dialog"))
	add("+1 555 010 0009")
	p.says("dialog .field-error:not([hidden])", "This is a number of yours")
	p.do(chromedp.KeyEvent(kb.Escape), chromedp.WaitNotPresent("dialog"))
	add("+1 555 030 0002")
	p.do(chromedp.WaitNotPresent("dialog"), click(part(bob, ".phone-none .button")), chromedp.WaitVisible("dialog form"), click("dialog .form-foot .primary"))
	p.writeOn(bob, "Here I am")

	var content struct{ SID string }
	s.ask(http.MethodPost, "/v1/Content", `{"friendly_name":"gate","language":"en","types":{"twilio/quick-reply":{"body":"Which gate?","actions":[
		{"type":"QUICK_REPLY","title":"Left","id":"l"},{"type":"QUICK_REPLY","title":"Right","id":"r"}]}}}`, &content)
	author := alice
	_, err := s.api.CreateConversationMessage(conversation, &conversations.CreateConversationMessageParams{Author: &author, ContentSid: &content.SID})
	require.NoError(t, err)
	p.says(part(bob, ".said-choices"), "Right")
	p.do(click(part(bob, ".said-choices button:last-child")))
	p.says(part(bob, ".own .said-body"), "Right")
	p.until(fmt.Sprintf("document.querySelector('%s').disabled", part(bob, ".said-choices button")))
	s.received(alice, "Right")

	file := filepath.Join(t.TempDir(), "gate.png")
	var picture bytes.Buffer
	require.NoError(t, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 40, 30))))
	require.NoError(t, os.WriteFile(file, picture.Bytes(), 0o600))
	p.do(chromedp.SetUploadFiles(part(bob, "input[type=file]"), []string{file}, chromedp.ByQuery))
	p.do(chromedp.WaitVisible(part(bob, ".writer-photos img")), chromedp.WaitVisible(part(bob, `[aria-label="Send"]:enabled`)), click(part(bob, `[aria-label="Send"]`)))
	loaded := func(address string) {
		p.until(fmt.Sprintf("[...document.querySelectorAll('%s')].some((image) => image.naturalWidth === 40)", part(address, ".said-photo")))
	}
	loaded(bob)
	p.do(chromedp.Reload(), chromedp.WaitVisible(part(alice, ".phone-frame")))
	loaded(alice) // who had it as an MMS
	p.seesOnly(alice, smsProxy)
}

// ask makes a request of the API and decodes the answer.
func (s *simulated) ask(method, path, body string, into any) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, strings.NewReader(body))
	require.NoError(s.t, err)
	r.SetBasicAuth(s.sid, s.token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(s.t, err)
	require.Less(s.t, answer.StatusCode, 300, "%s", text)
	require.NoError(s.t, json.Unmarshal(text, into))
}

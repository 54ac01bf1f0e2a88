package e2e

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"

	domain "bridged/conversations"
	"bridged/e2e/browser"
	"bridged/e2e/daemon"
)

// another opens one more tab of the same browser.
func (p *page) another() (*page, context.CancelFunc) {
	p.t.Helper()
	tab, closeTab := chromedp.NewContext(p.tab)
	require.NoError(p.t, chromedp.Run(tab)) // it lives as long as the context of this first one
	return &page{simulated: p.simulated, tab: tab}, closeTab
}

// restarted starts the daemon of a folder again, where it was.
func (s *simulated) restarted(dir string) {
	s.t.Helper()
	again, err := daemon.Start(s.t.Context(), daemon.Options{
		Binary: binary, Dir: dir,
		Env: []string{"BRIDGED_SERVER_LISTEN=" + strings.TrimPrefix(s.URL, "http://"), "BRIDGED_ADMIN_LISTEN=127.0.0.1:0"},
	})
	require.NoError(s.t, err)
	s.t.Cleanup(func() { endsWell(s.t, again) })
}

// A browser has six connections to a server. Eight tabs share one of them for what
// happens; when the one that has it is closed, another goes on.
func TestConsole_manyTabsShareOneStream(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := startDefault(t, dir)
	conversation := s.masked("Tabs")
	first := s.browse(browser.Options{})
	first.logIn()
	var tabs []*page
	var closeLast context.CancelFunc
	for range 7 {
		tab, closeTab := first.another()
		tab.open(conversation)
		tabs, closeLast = append(tabs, tab), closeTab
	}
	locks := `navigator.locks.query().then((all) => [all.held.length, all.pending.length].join())`
	var shared string
	await := func(into *string) chromedp.Action {
		return chromedp.Evaluate(locks, into, awaitPromise)
	}
	first.do(await(&shared))
	assert.Equal(t, "1,7", shared)
	s.writes(bob, whatsappProxy, "to all tabs")
	for _, tab := range tabs {
		tab.says(".theirs .bubble-body", "to all tabs")
	}
	closeLast()
	tabs = tabs[:len(tabs)-1]
	first.do(chromedp.Navigate("about:blank")) // it led
	s.writes(bob, whatsappProxy, "and to those who stay")
	for _, tab := range tabs {
		tab.says(".theirs .bubble-body", "and to those who stay")
	}

	// Nor do streams hold up the end, and what goes on does so where it was.
	began := time.Now()
	require.NoError(t, s.Stop())
	assert.Less(t, time.Since(began), 5*time.Second)
	for _, tab := range tabs {
		tab.says("#connection:not([hidden])", "Connection lost")
	}
	s.restarted(dir)
	s.writes(bob, whatsappProxy, "after the restart") // before the stream is there again, mostly
	for _, tab := range tabs {
		tab.says(".theirs .bubble-body", "after the restart")
		tab.until("document.querySelector('#connection').hidden")
	}
}

// Streams of our own making, which the page takes for those of the server.
const madeStreams = `window.streams = [];
window.EventSource = class extends EventTarget {
	static CONNECTING = 0; static OPEN = 1; static CLOSED = 2;
	constructor(url) { super(); this.url = url; this.readyState = 0; streams.push(this); }
	close() { this.readyState = 2; }
	open() { this.readyState = 1; this.onopen(); }
	hear(type, data) { const e = new Event(type); e.data = JSON.stringify(data); this.dispatchEvent(e); }
	fail() { this.readyState = 2; this.onerror(); }
};`

func TestConsole_aPageThatMissedSomethingReadsAnew(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	p := s.browse(browser.Options{})
	p.do(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := cdppage.AddScriptToEvaluateOnNewDocument(madeStreams).Do(ctx)
		return err
	}))
	p.logIn()
	p.until("streams.length === 1")
	p.until("document.querySelector('.rows .empty')")
	s.masked("Made before it began")
	p.do(chromedp.Evaluate("streams[0].open()", nil))
	p.says(".row-name", "Made before it began")

	// A stream that was refused is taken up behind the last event.
	var last string
	p.do(chromedp.Evaluate(`fetch("/bridged/v1/events").then((a) => a.json()).then((page) => page.meta.after)`, &last, awaitPromise))
	p.do(chromedp.Evaluate(fmt.Sprintf(`streams[0].hear("onUserUpdated", {id: %q, type: "onUserUpdated", conversation_sid: null}); streams[0].fail()`, last), nil))
	p.until("streams.length === 2")
	assert.Equal(t, "/bridged/v1/events?After="+last, eval[string](p, "streams[1].url"))
	p.do(chromedp.Evaluate("streams[1].open()", nil))
	p.until("document.querySelector('#connection').hidden")

	// One whose next events are gone begins anew, and so does what is shown.
	_, err := s.api.CreateConversation(&conversations.CreateConversationParams{FriendlyName: ptr("Made while it was away")})
	require.NoError(t, err)
	p.do(chromedp.Evaluate(`streams[1].hear("gone", {code: 20410})`, nil))
	p.until("streams.length === 3 && streams[1].readyState === 2")
	assert.Equal(t, "/bridged/v1/events", eval[string](p, "streams[2].url"))
	p.do(chromedp.Evaluate("streams[2].open()", nil))
	p.says(".row-name", "Made while it was away")

	// It hears all that the stream tells.
	var heard []domain.EventType
	p.do(chromedp.Evaluate(`import(document.querySelector("link[rel=modulepreload]").href.replace("app.js", "live.js")).then((m) => m.types)`, &heard, awaitPromise))
	assert.ElementsMatch(t, domain.StreamedEvents(), heard)
}

// A photo goes up, is an image in the inbox, and one on the other side.
func TestConsole_aPhotoGoesOverTheBridge(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	conversation := s.masked("Photo")
	file := filepath.Join(t.TempDir(), "owl.png")
	require.NoError(t, os.WriteFile(file, []byte(pictureOf(t, 60)), 0o600))
	p := s.browse(browser.Options{})
	p.logIn()
	p.open(conversation)
	p.do(chromedp.SetUploadFiles(`.composer input[type="file"]`, []string{file}, chromedp.ByQuery))
	p.says(".composer-file", "owl.png")
	p.until("!document.querySelector('.composer-send').disabled")
	p.do(chromedp.SendKeys(".composer-text", "An owl"+kb.Enter))
	p.until(`[...document.querySelectorAll('.ours .bubble-image')].some((image) => image.complete && image.naturalWidth > 0)`)
	p.until("!document.querySelector('.composer-file')")

	var list struct{ Messages []shownMessage }
	eventually(t, func() bool {
		s.call(http.MethodGet, "/handsets/"+url.PathEscape(bob)+"/messages", "", &list)
		return len(list.Messages) == 1 && len(list.Messages[0].Media) == 1
	}, "the phone has it")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, list.Messages[0].Media[0], nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	_, err = png.Decode(answer.Body)
	require.NoError(t, err, "an image")
}

func TestConsole_anOperatorSendsATemplate(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	conversation := s.masked("Template")
	create := func(path, body string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, bytes.NewReader([]byte(body)))
		require.NoError(t, err)
		r.SetBasicAuth(s.sid, s.token)
		r.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, answer.StatusCode)
		answer.Body.Close()
	}
	p := s.browse(browser.Options{})
	p.logIn()
	p.open(conversation)
	p.do(click(`[aria-label="Send a template"]`))
	p.says("dialog .empty", "No templates yet")
	p.do(chromedp.KeyEvent(kb.Escape), chromedp.WaitNotPresent("dialog"))

	create("/v1/Content", `{"friendly_name":"at_the_door","language":"en","variables":{"1":"your order"},
		"types":{"twilio/quick-reply":{"body":"Your courier is at the door with {{1}}, {{2}}.","actions":[{"title":"Coming","id":"c"}]}}}`)
	p.says(".window-notice", "has not written yet")
	p.do(chromedp.SendKeys(".composer-text", "half written"), click(".window-notice .button"), chromedp.WaitVisible("dialog select"))
	p.says(".template-preview", "Your courier is at the door with your order, {{2}}.")
	p.says(".template-approval", "not approved for WhatsApp")
	p.do(click(`dialog button[type="submit"]`))
	p.says("dialog .field-error:not([hidden])", "{{2}} needs a value.")
	assert.Equal(t, "Value of {{2}}", eval[string](p, "document.activeElement.labels[0].textContent"))
	p.do(chromedp.KeyEvent("Alice"))
	p.says(".template-preview", "with your order, Alice.")
	p.do(chromedp.KeyEvent(kb.Enter), chromedp.WaitNotPresent("dialog"))
	p.says(".ours .bubble-body", "Your courier is at the door with your order, Alice.")
	assert.Equal(t, "half written", eval[string](p, "document.querySelector('.composer-text').value"))
	eventually(t, func() bool {
		thread := s.thread(url.PathEscape(alice))
		return len(thread) == 1 && strings.Contains(thread[0].Body, "with your order, Alice.")
	}, "it is on the phone")

	s.writes(bob, whatsappProxy, "Now I wrote")
	p.until("!document.querySelector('.window-notice')")
	p.says("#panel .badge.good", "open, closes in")

	p.do(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := cdppage.AddScriptToEvaluateOnNewDocument("const now = Date.now; Date.now = () => now() + 25 * 3600 * 1000").Do(ctx)
		return err
	}))
	p.open(conversation)
	p.says(".window-notice.warn", "is closed: only an approved template")
	p.says("#panel .badge.warn", "closed: templates only")
}

// Where there are several services a new conversation can be in any of them.
func TestConsole_aConversationIsMadeInAChosenService(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	create := func(name string) string {
		service, err := s.api.CreateService((&conversations.CreateServiceParams{}).SetFriendlyName(name))
		require.NoError(t, err)
		return *service.Sid
	}
	p := s.browse(browser.Options{})
	p.logIn()
	p.do(click(`[aria-label="New conversation"]`), chromedp.WaitVisible("dialog form"))
	assert.Equal(t, 0, eval[int](p, "[...document.querySelectorAll('dialog select')].filter((e) => e.checkVisibility()).length"), "there is one service")
	p.do(chromedp.KeyEvent(kb.Escape), chromedp.WaitNotPresent("dialog"))

	create("Deliveries")
	support := create("Support")
	p.do(click(`[aria-label="New conversation"]`), chromedp.WaitVisible("dialog select"),
		chromedp.SetValue("dialog select", support, chromedp.ByQuery),
		chromedp.SendKeys("dialog .field:nth-of-type(1) .input", "A question"+kb.Enter), chromedp.WaitNotPresent("dialog"))
	p.says(".thread-name", "A question")
	list, err := s.api.ListServiceConversation(support, &conversations.ListServiceConversationParams{})
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, "A question", *list[0].FriendlyName)
}

func TestConsole_anOperatorEditsAConversation(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	conversation := s.masked("Before")
	p := s.browse(browser.Options{Width: 1400, Height: 900})
	p.logIn()
	p.open(conversation)
	edit := func(selector string) { p.do(click(selector), chromedp.WaitVisible("dialog form")) }
	write := func(text string) {
		p.until("document.activeElement.select")
		p.do(chromedp.Evaluate("document.activeElement.select()", nil), chromedp.KeyEvent(text))
	}
	fetch := func() *conversations.ConversationsV1Conversation {
		c, err := s.api.FetchConversation(conversation)
		require.NoError(t, err)
		return c
	}
	edit(`#panel [aria-label="Edit the names"]`)
	write("After" + kb.Enter)
	p.do(chromedp.WaitNotPresent("dialog"))
	p.says(".thread-name", "After")
	p.says(".row-name", "After")

	edit(`#panel [aria-label="Edit the attributes"]`)
	write(`{"city": "Springfield",}`)
	p.do(click(`dialog button[type="submit"]`))
	p.says("dialog .field-error:not([hidden])", "This is no JSON")
	write(`{"city": "Springfield"}`)
	p.do(click(`dialog button[type="submit"]`), chromedp.WaitNotPresent("dialog"))
	p.says("#panel .code", `"city": "Springfield"`)
	assert.JSONEq(t, `{"city":"Springfield"}`, *fetch().Attributes)

	edit(`#panel [aria-label="Edit the timers"]`)
	p.do(chromedp.SetValue(`dialog .field:nth-of-type(1) select`, "other", chromedp.ByQuery),
		chromedp.Evaluate(`document.querySelector("dialog select").dispatchEvent(new Event("change", {bubbles: true}))`, nil),
		chromedp.SendKeys(`dialog .field:nth-of-type(2) input`, "soon"+kb.Enter))
	p.says("dialog .field-error:not([hidden])", "TimeToInactive format is invalid")
	write("pt90m" + kb.Enter)
	p.do(chromedp.WaitNotPresent("dialog"))
	p.says("#panel .facts", "Inactive")

	p.do(click(`//aside//button[text()="Make inactive"]`, chromedp.BySearch), chromedp.WaitVisible("dialog .primary"), chromedp.KeyEvent(kb.Escape), chromedp.WaitNotPresent("dialog"))
	assert.Equal(t, "active", *fetch().State, "it asked first")
	p.do(click(`//aside//button[text()="Make inactive"]`, chromedp.BySearch), click("dialog .primary"))
	p.says(".thread-about .badge", "inactive")
	p.do(click(`//aside//button[text()="Make active"]`, chromedp.BySearch))
	p.until(`![...document.querySelectorAll(".thread-about .badge")].some((badge) => badge.textContent === "inactive")`)
	assert.Equal(t, "active", *fetch().State)
}

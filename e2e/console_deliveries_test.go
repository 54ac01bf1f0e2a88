package e2e

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"

	"bridged/e2e/browser"
	"bridged/e2e/daemon"
)

// startImpatient starts a daemon on the simulated carrier that gives up soon.
func startImpatient(t *testing.T) *simulated {
	t.Helper()
	dir := t.TempDir()
	d, err := daemon.Start(t.Context(), daemon.Options{Binary: binary, Dir: dir, Env: []string{
		"BRIDGED_SERVER_LISTEN=127.0.0.1:0", "BRIDGED_ADMIN_LISTEN=127.0.0.1:0", "BRIDGED_RETRY_FIRST=10ms", "BRIDGED_RETRY_ATTEMPTS=2",
	}})
	require.NoError(t, err)
	t.Cleanup(func() { endsWell(t, d) })
	text, err := os.ReadFile(filepath.Join(dir, "bridged-data", "credentials.toml"))
	require.NoError(t, err)
	key := func(name string) string {
		found := regexp.MustCompile(`(?m)^` + name + ` = ['"](.+)['"]$`).FindSubmatch(text)
		require.NotNil(t, found, name)
		return string(found[1])
	}
	s := &simulated{Daemon: d, t: t, sid: key("account_sid"), token: key("auth_token")}
	s.api = helperLibrary(s.URL, s.sid, s.token)
	return s
}

// behaves sets how a handset takes messages.
func (s *simulated) behaves(address, behaviour string) {
	s.t.Helper()
	var set struct{ Address string }
	s.call(http.MethodPut, "/handsets/"+url.PathEscape(address), behaviour, &set)
}

// tells writes a text into a conversation.
func (s *simulated) tells(conversation, text string) {
	s.t.Helper()
	author := "Mara"
	_, err := s.api.CreateConversationMessage(conversation, &conversations.CreateConversationMessageParams{Author: &author, Body: &text})
	require.NoError(s.t, err)
}

// What a carrier refused until it was given up is found, looked at, and mended.
func TestConsole_aFailedDeliveryIsRedriven(t *testing.T) {
	t.Parallel()
	s := startImpatient(t)
	conversation := s.masked("Parcels")
	s.behaves(alice, `{"refuse":{"kind":"retry","code":30006}}`)
	s.tells(conversation, "It is at the shop")
	p := s.browse(browser.Options{Width: 1400, Height: 900})
	p.logIn()
	p.do(chromedp.Navigate(p.URL + "/console/deliveries"))
	p.says(".badge.bad", "given up")
	p.says(".error-name", "Landline or unreachable carrier")
	assert.Equal(t, 1, eval[int](p, "document.querySelectorAll('tr[data-sid]').length"), "what was delivered is not among them")
	p.do(click(".open-row"), chromedp.WaitVisible(".attempts"))
	assert.Equal(t, 2, eval[int](p, "document.querySelectorAll('.detail section:first-child .attempt').length"))
	p.says(".attempt .badge", "refused")
	assert.NotEmpty(t, eval[string](p, "document.querySelector('.words').textContent"), "the carrier's own words")

	s.behaves(alice, `{}`)
	p.do(click(".detail-actions .primary"))
	s.received(alice, "It is at the shop")
	p.says(".deliveries-place .empty", "Nothing has failed")
	p.do(click(`.tabs a[data-view="all"]`))
	p.says(".badge.good", "delivered")
	assert.Equal(t, 2, eval[int](p, "document.querySelectorAll('tr[data-sid]').length"))

	// Search leads to it, by address and by SID, and says what it cannot search for.
	p.do(chromedp.SendKeys(".finder input", alice+kb.Enter))
	p.until("document.querySelectorAll('tr[data-sid]').length === 1")
	sid := eval[string](p, "document.querySelector('tr[data-sid]').dataset.sid")
	p.do(chromedp.Focus(".finder input"), chromedp.KeyEvent(kb.Escape), chromedp.KeyEvent("the shop"+kb.Enter))
	p.says(".finder .field-error:not([hidden])", "Give an address")
	p.do(chromedp.Navigate(p.URL + "/console/deliveries?search=" + sid))
	p.do(click(".open-row"), chromedp.WaitVisible(".attempts"))
	p.until("document.querySelectorAll('.detail section:first-child .attempt').length === 3")
	p.says(".attempt .badge", "taken by the carrier")
}

func TestConsole_discardAsksForAReason(t *testing.T) {
	t.Parallel()
	s := startImpatient(t)
	conversation := s.masked("Parcels")
	s.behaves(alice, `{"refuse":{"kind":"retry","code":30006}}`)
	s.tells(conversation, "First")
	p := s.browse(browser.Options{})
	p.logIn()
	p.do(chromedp.Navigate(p.URL + "/console/deliveries?view=letters"))
	p.says(".letter-reason", "the carrier refused it at every attempt")
	s.tells(conversation, "Second")
	p.until("document.querySelectorAll('tr[data-letter]').length === 2")

	// By keyboard alone: discard the first, but not without a reason.
	p.tabTo("tr[data-letter='1'] .discard")
	p.do(chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible("dialog form"))
	p.until("document.activeElement.matches('dialog textarea')")
	p.do(click("dialog .form-foot .button"))
	p.says("dialog .field-error:not([hidden])", "Reason is missing.")
	p.do(chromedp.SendKeys("dialog textarea", "she was told by phone"), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter), chromedp.WaitNotPresent("dialog"))
	p.until("document.querySelectorAll('tr[data-letter]').length === 1")

	// The other one by its check box; it is redriven.
	s.behaves(alice, `{}`)
	p.tabTo("tr[data-letter='2'] .check input")
	p.do(chromedp.KeyEvent(" "))
	p.says(".selection", "1 dead letter selected")
	p.do(click(".selection .primary"))
	p.says(".deliveries-place .empty", "No dead letters")
	s.received(alice, "Second")
	p.do(click(".letters-top .chip-button"))
	p.says("tr[data-letter='1']", "she was told by phone")
	for _, m := range s.thread(url.PathEscape(alice)) {
		assert.NotEqual(t, "First", m.Body)
	}
}

func TestConsole_everythingThatAFilterShowsIsRedriven(t *testing.T) {
	t.Parallel()
	s := startImpatient(t)
	conversation := s.masked("Parcels")
	s.behaves(alice, `{"refuse":{"kind":"retry","code":30006}}`)
	s.tells(conversation, "First")
	s.tells(conversation, "Second")
	p := s.browse(browser.Options{Width: 360, Height: 700, Touch: true})
	p.logIn()
	p.do(chromedp.Navigate(p.URL + "/console/deliveries?view=letters&code=30006"))
	p.until("document.querySelectorAll('tr[data-letter]').length === 2")
	assert.True(t, eval[bool](p, "document.querySelector('main').scrollWidth <= innerWidth"))
	s.behaves(alice, `{}`)
	p.do(click(".letters-top .button"), chromedp.WaitVisible("dialog .primary"), click("dialog .primary"))
	p.says(".toast", "2 dead letters are taken up again.")
	s.received(alice, "First")
	s.received(alice, "Second")
}

func TestConsole_windowsCountDown(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	conversation := s.masked("Window")
	p := s.browse(browser.Options{})
	p.logIn()
	p.do(chromedp.Navigate(p.URL + "/console/deliveries?view=windows"))
	p.says(".deliveries-place .empty", "No windows")
	s.writes(bob, whatsappProxy, "Hello")
	p.until(`/^2[34]:\d\d:\d\d$/.test(document.querySelector(".remaining time")?.textContent)`)
	before := eval[string](p, `document.querySelector(".remaining time").textContent`)
	p.until(`document.querySelector(".remaining time").textContent < "` + before + `"`)
	assert.Equal(t, "/console/inbox/"+conversation, eval[string](p, `document.querySelector(".cell-actions a").getAttribute("href")`))
}

package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"

	"bridged/e2e/browser"
	"bridged/e2e/daemon"
)

func TestConsole_theConsolesSessionCallsTheAPI(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	do := func(method, path, body string, header map[string]string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for name, value := range header {
			r.Header.Set(name, value)
		}
		client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		answer, err := client.Do(r)
		require.NoError(t, err)
		t.Cleanup(func() { answer.Body.Close() })
		return answer
	}
	assert.Equal(t, http.StatusOK, do(http.MethodGet, "/console/", "", nil).StatusCode, "contract, 25")
	answer := do(http.MethodPost, "/console/login", url.Values{"token": {s.token}}.Encode(), nil)
	require.Equal(t, http.StatusSeeOther, answer.StatusCode)
	cookie := strings.SplitN(answer.Header.Get("Set-Cookie"), ";", 2)[0]
	assert.Regexp(t, `HttpOnly; SameSite=Strict$`, answer.Header.Get("Set-Cookie"))

	create := func(header map[string]string) int {
		header["Cookie"] = cookie
		return do(http.MethodPost, "/v1/Conversations", "", header).StatusCode
	}
	assert.Equal(t, http.StatusCreated, create(map[string]string{"Sec-Fetch-Site": "same-origin"}))
	assert.Equal(t, http.StatusUnauthorized, create(map[string]string{"Sec-Fetch-Site": "cross-site"}))
	assert.Equal(t, http.StatusUnauthorized, create(map[string]string{"Origin": "https://evil.example"}))
	for _, path := range []string{"/v1/Conversations", "/bridged/v1/inbox", "/bridged/v1/simulator/handsets"} {
		assert.Equal(t, http.StatusOK, do(http.MethodGet, path, "", map[string]string{"Cookie": cookie}).StatusCode, path)
		assert.Equal(t, http.StatusUnauthorized, do(http.MethodGet, path, "", map[string]string{"Cookie": cookie + "x"}).StatusCode, path)
	}
	assert.Equal(t, http.StatusSeeOther, do(http.MethodPost, "/console/logout", "", map[string]string{"Cookie": cookie}).StatusCode)
	assert.Equal(t, http.StatusUnauthorized, do(http.MethodGet, "/v1/Conversations", "", map[string]string{"Cookie": cookie}).StatusCode)
}

// The story of the inbox, from the link that the first start prints.
func TestConsole_anOperatorAnswersInTheInbox(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	conversation := s.masked("Flowers")
	eventually(t, func() bool { return strings.Contains(s.Stdout(), "Console: ") }, "it prints the link")
	link := regexp.MustCompile(`Console: (\S+)`).FindStringSubmatch(s.Stdout())[1]
	p := s.browse(browser.Options{})
	p.do(chromedp.Navigate(link), chromedp.WaitVisible(".inbox-list"))
	p.says(".row-name", "Flowers")

	p.do(click(`.row a[href$="`+conversation+`"]`), chromedp.WaitVisible(".composer-text"))
	s.writes(bob, whatsappProxy, "I am at the door")
	p.says(".theirs .bubble-body", "I am at the door")
	p.says(".row-text", "I am at the door")
	p.until(`document.querySelector('.theirs .ticks[data-state="delivered"]')`)

	p.do(chromedp.SendKeys(".composer-text", "Coming down"+kb.Enter))
	p.says(".ours .bubble-body", "Coming down")
	p.until(`document.querySelector('.composer-text').value === ''`)
	s.received(alice, "Coming down")
	s.received(bob, "Coming down")
	p.until(`document.querySelector('.ours .ticks[data-state="delivered"]')`)
	p.do(click(".ours .ticks"), chromedp.WaitVisible(".popover .receivers"))
	assert.Equal(t, 2, eval[int](p, "document.querySelectorAll('.popover .receivers li').length"))
	p.says(".popover", "+1 555 030 0002")

	// What fails says to whom and why.
	var set struct{ Address string }
	s.call(http.MethodPut, "/handsets/"+url.PathEscape(alice), `{"status":"undelivered","error_code":30003}`, &set)
	p.do(chromedp.KeyEvent(kb.Escape), chromedp.SendKeys(".composer-text", "Hello?"+kb.Enter))
	p.until(`document.querySelector('.ours .ticks[data-state="failed"]')`)
	p.do(chromedp.Focus(`.ticks[data-state="failed"]`), chromedp.KeyEvent(kb.Enter))
	p.says(".popover .receiver-reason", "Unreachable destination handset")

	// Search.
	p.do(chromedp.KeyEvent(kb.Escape), chromedp.SendKeys("#search", "at the door"))
	p.says(".row-text mark", "door")
	p.do(chromedp.KeyEvent(kb.Escape), chromedp.SendKeys("#search", "nothing like it"))
	p.says(".rows .empty", "Nothing found")
}

func TestConsole_theConsoleIsUsedByKeyboardAlone(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	s.masked("By keyboard")
	p := s.browse(browser.Options{})
	p.do(chromedp.Navigate(s.URL+"/console/inbox"), chromedp.WaitVisible("#token"))
	p.tabTo("#token")
	p.do(chromedp.KeyEvent("wrong"+kb.Enter), chromedp.WaitVisible("#token-error"))
	assert.Equal(t, "token-error", eval[string](p, "document.querySelector('#token').getAttribute('aria-describedby')"))
	p.tabTo("#token")
	p.do(chromedp.KeyEvent(s.token+kb.Enter), chromedp.WaitVisible(".inbox-list"))
	p.says(".row-name", "By keyboard")
	p.do(chromedp.KeyEvent(kb.Tab))
	assert.Equal(t, "skip", eval[string](p, "document.activeElement.className"), "first of all the way past the navigation")
	p.tabTo("#search")
	p.do(chromedp.KeyEvent(kb.ArrowDown))
	p.until("document.activeElement.matches('.row a')")
	p.do(chromedp.KeyEvent(kb.Enter))
	p.until("document.activeElement.matches('.composer-text')")
	p.do(chromedp.KeyEvent("no mouse here" + kb.Enter))
	p.says(".ours .bubble-body", "no mouse here")
	s.received(alice, "no mouse here")
	p.do(chromedp.KeyEvent(kb.Escape))
	p.do(chromedp.KeyEvent("/"))
	assert.Equal(t, "search", eval[string](p, "document.activeElement.id"))
}

func TestConsole_theConsoleFitsAPhone(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	conversation := s.masked("A conversation with a name that is much too long for the line of a narrow screen")
	s.writes(bob, whatsappProxy, strings.Repeat("https://example.com/", 40))
	p := s.browse(browser.Options{Width: 360, Height: 700, Touch: true})
	p.logIn()
	fits := "document.documentElement.scrollWidth <= innerWidth"
	p.until("document.querySelector('.row a')")
	assert.True(t, eval[bool](p, fits))
	p.do(click(".row a"), chromedp.WaitVisible(".composer-text"), chromedp.WaitVisible(".bubble"))
	assert.True(t, eval[bool](p, fits))
	assert.True(t, eval[bool](p, "document.querySelector('.thread-scroll').scrollWidth <= innerWidth"))
	assert.False(t, eval[bool](p, "document.querySelector('.inbox-list').checkVisibility()"), "one column")
	p.do(click(`[aria-controls="panel"]`), chromedp.WaitVisible("#panel .person"))
	assert.True(t, eval[bool](p, fits))
	p.do(click("#panel .icon-button"), click(`[aria-label="Back to the list"]`), chromedp.WaitVisible(".inbox-list"))
	assert.Equal(t, "/console/inbox", eval[string](p, "location.pathname"))
	p.do(chromedp.NavigateBack(), chromedp.WaitVisible(".composer-text"))
	assert.Equal(t, "/console/inbox/"+conversation, eval[string](p, "location.pathname"))
}

func TestConsole_hostileBodiesAreText(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	conversation := s.masked("<img src=x onerror=alert(1)>\u202e hostile")
	html := `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`
	s.writes(bob, whatsappProxy, html)
	for _, body := range []string{"photo_\u202egnp.exe", strings.Repeat("😀", 8192), "z" + strings.Repeat("\u0301", 500), "{{7*7}} ${7*7} &lt;b&gt;"} {
		_, err := s.api.CreateConversationMessage(conversation, &conversations.CreateConversationMessageParams{Author: ptr(bob), Body: &body})
		require.NoError(t, err)
	}
	p := s.browse(browser.Options{})
	p.logIn()
	p.open(conversation)
	p.says(".bubble-body", "{{7*7}} ${7*7} &lt;b&gt;")
	p.says(".bubble-body", html)
	p.says(".control", "U+202E")
	assert.Zero(t, eval[int](p, "document.querySelectorAll('.bubble-body img, .bubble-body script, .row img').length"))
	assert.NotContains(t, eval[string](p, "document.title"), "owned")
	p.says(".bubble .button", "Show all of it (32.8 KB)")
	p.do(click(".bubble .button"))
	p.until(`[...document.querySelectorAll('.bubble-body')].some((e) => [...e.textContent].length === 8192)`)
	assert.True(t, eval[bool](p, "document.querySelector('.thread-scroll').scrollWidth <= document.querySelector('.thread-scroll').clientWidth"))
	assert.True(t, eval[bool](p, "[...document.querySelectorAll('.row')].every((row) => row.getBoundingClientRect().height < 120)"), "the list stays a list")
}

// The server goes away while somebody writes: the page says so, keeps the text, and
// sends it when the server is back.
func TestConsole_nothingThatIsWrittenIsLost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := startDefault(t, dir)
	conversation := s.masked("Kept")
	p := s.browse(browser.Options{})
	p.logIn()
	p.open(conversation)
	p.do(chromedp.SendKeys(".composer-text", "half a"))
	require.NoError(t, s.Stop())
	p.says("#connection:not([hidden])", "Connection lost, reconnecting")
	p.do(chromedp.SendKeys(".composer-text", " sentence"+kb.Enter))
	p.says(".composer-error", "The server cannot be reached")
	written := "document.querySelector('.composer-text').value"
	assert.Equal(t, "half a sentence", eval[string](p, written))

	address := strings.TrimPrefix(s.URL, "http://")
	again, err := daemon.Start(t.Context(), daemon.Options{
		Binary: binary, Dir: dir, Env: []string{"BRIDGED_SERVER_LISTEN=" + address, "BRIDGED_ADMIN_LISTEN=127.0.0.1:0"},
	})
	require.NoError(t, err)
	t.Cleanup(func() { endsWell(t, again) })
	p.until("document.querySelector('#connection').hidden")
	assert.Equal(t, "half a sentence", eval[string](p, written))
	p.do(chromedp.Reload(), chromedp.WaitVisible(".composer-text"))
	assert.Equal(t, "half a sentence", eval[string](p, written), "even when the page is loaded anew")
	p.do(chromedp.Focus(".composer-text"), chromedp.KeyEvent(kb.Enter))
	p.says(".ours .bubble-body", "half a sentence")
	s.received(alice, "half a sentence")
	list, err := s.api.ListConversationMessage(conversation, &conversations.ListConversationMessageParams{})
	require.NoError(t, err)
	assert.Len(t, list, 1, "once")
}

// Conversations and participants are made by forms, which say beside the field what is
// wrong with it.
func TestConsole_anOperatorMakesAConversation(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	p := s.browse(browser.Options{Width: 1400, Height: 900})
	p.logIn()
	p.says(".rows .empty", "No conversations yet")
	p.do(click(`[aria-label="New conversation"]`), chromedp.WaitVisible("dialog form"), chromedp.KeyEvent(kb.Enter))
	p.says("dialog .field-error:not([hidden])", "Name is missing.")
	p.do(chromedp.KeyEvent("Lost keys"+kb.Enter), chromedp.WaitNotPresent("dialog"), chromedp.WaitVisible(".composer-text"))
	p.says(".row-name", "Lost keys")

	add := func(address, proxy string) {
		field := func(label string) string {
			return fmt.Sprintf(`document.getElementById([...document.querySelectorAll("dialog label")].find((l) => l.textContent === %q).htmlFor)`, label)
		}
		p.do(click(`#panel [aria-label="Add a participant"]`), chromedp.WaitVisible("dialog form"),
			chromedp.SendKeys(field("Address"), address, chromedp.ByJSPath), chromedp.SendKeys(field("Proxy address"), proxy+kb.Enter, chromedp.ByJSPath))
	}
	add("+1555x", smsProxy)
	p.says("dialog .field-error:not([hidden])", "Invalid messaging binding address")
	p.do(chromedp.KeyEvent(kb.Escape), chromedp.WaitNotPresent("dialog"))
	add(alice, "+15559999999")
	p.until(`document.activeElement.getAttribute("aria-invalid") === "true"`)
	assert.Equal(t, "known-numbers", eval[string](p, `document.activeElement.getAttribute("list")`), "it is the proxy address")
	p.do(chromedp.KeyEvent(kb.Escape), chromedp.WaitNotPresent("dialog"))
	add(alice, smsProxy)
	p.says(".person .number", "+1 555 020 0001")

	s.writes(alice, smsProxy, "Did you find them?")
	p.says(".theirs .bubble-body", "Did you find them?")
	p.do(click(".person-remove"), chromedp.WaitVisible("dialog .danger"), click("dialog .danger"))
	p.says("#panel", "Nobody is in this conversation yet")
	p.do(click(`//aside//button[text()="Close"]`, chromedp.BySearch), chromedp.WaitVisible("dialog .danger"), click("dialog .danger"))
	p.says(".thread-closed", "This conversation is closed for good")
	assert.False(t, eval[bool](p, "document.querySelector('.composer') !== null"))
}

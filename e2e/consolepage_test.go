package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"

	"bridged/e2e/browser"
)

// pagePatience bounds one step in a browser, which is slow beside many others.
const pagePatience = 60 * time.Second

// page is a browser with the console of a daemon on the simulated carrier.
type page struct {
	*simulated
	tab context.Context

	mu         sync.Mutex
	complaints []string
}

// browsers bounds how many browsers run at once: each is as busy as the daemons of many
// other tests.
var browsers = make(chan struct{}, 3)

// browse starts a browser. It ends with the test, which fails when a page's scripts
// threw or its policy was broken.
func (s *simulated) browse(o browser.Options) *page {
	s.t.Helper()
	p := &page{simulated: s}
	if o.Width == 0 {
		o.Width, o.Height = 1280, 800
	}
	o.Profile = s.t.TempDir()
	o.Log = func(format string, args ...any) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.complaints = append(p.complaints, fmt.Sprintf(format, args...))
	}
	browsers <- struct{}{}
	tab, stop, err := browser.Start(context.Background(), o)
	if err != nil {
		<-browsers
		require.NoError(s.t, err)
	}
	p.tab = tab
	s.t.Cleanup(func() {
		stop()
		<-browsers
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, c := range p.complaints {
			assert.NotRegexp(s.t, `^exception|Content Security Policy|^security`, c)
		}
	})
	return p
}

// do carries out actions, each of which waits for what it needs.
func (p *page) do(actions ...chromedp.Action) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.tab, pagePatience)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		var text string
		ctx, cancel := context.WithTimeout(p.tab, pagePatience) // a page that hangs does not say
		defer cancel()
		_ = chromedp.Run(ctx, chromedp.Text("body", &text, chromedp.ByQuery))
		require.NoError(p.t, err, "the page says: %s\nit complains: %q", text, p.complaints)
	}
}

// click clicks as chromedp's Click does, and once more where the page was drawn anew
// between finding the element and clicking at it.
func click(selector string, how ...chromedp.QueryOption) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		for {
			err := chromedp.Click(selector, how...).Do(ctx)
			if gone, ok := errors.AsType[*cdproto.Error](err); !ok || gone.Message != "Could not find node with given id" {
				return err
			}
		}
	})
}

// eval returns what a script comes to.
func eval[T any](p *page, script string) (value T) {
	p.t.Helper()
	p.do(chromedp.Evaluate(script, &value))
	return value
}

// until waits until a script comes to true.
func (p *page) until(script string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.tab, pagePatience)
	defer cancel()
	if err := chromedp.Run(ctx, chromedp.Poll(script, nil, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(0))); err != nil {
		text := eval[string](p, "document.body.innerText")
		require.NoError(p.t, err, "until %s\nthe page says: %s\nit complains: %q", script, text, p.complaints)
	}
}

// says waits until an element has a text.
func (p *page) says(selector, text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("[...document.querySelectorAll(%q)].some((e) => e.textContent.includes(%q))", selector, text))
}

// awaitPromise has a script's promise be waited for.
func awaitPromise(p *runtime.EvaluateParams) *runtime.EvaluateParams {
	return p.WithAwaitPromise(true)
}

// logIn logs in by the form.
func (p *page) logIn() {
	p.t.Helper()
	p.do(chromedp.Navigate(p.URL+"/console/"), chromedp.WaitVisible("#token"),
		chromedp.SendKeys("#token", p.token+kb.Enter), chromedp.WaitVisible(".inbox-list"))
}

// open opens a conversation and waits until one can write in it.
func (p *page) open(conversation string) {
	p.t.Helper()
	p.do(chromedp.Navigate(p.URL+"/console/inbox/"+conversation), chromedp.WaitVisible(".composer-text"))
}

// tabTo presses the Tab key until an element has the focus.
func (p *page) tabTo(selector string) {
	p.t.Helper()
	for range 60 {
		if eval[bool](p, fmt.Sprintf("document.activeElement.matches(%q)", selector)) {
			return
		}
		p.do(chromedp.KeyEvent(kb.Tab))
	}
	require.FailNow(p.t, "the Tab key does not lead to "+selector)
}

// masked makes a conversation of one person on WhatsApp and one on SMS.
func (s *simulated) masked(name string) string {
	s.t.Helper()
	c, err := s.api.CreateConversation(&conversations.CreateConversationParams{FriendlyName: &name})
	require.NoError(s.t, err)
	for address, proxy := range map[string]string{bob: whatsappProxy, alice: smsProxy} {
		_, err := s.api.CreateConversationParticipant(*c.Sid, &conversations.CreateConversationParticipantParams{
			MessagingBindingAddress: &address, MessagingBindingProxyAddress: &proxy,
		})
		require.NoError(s.t, err)
	}
	return *c.Sid
}

// writes lets a handset write.
func (s *simulated) writes(from, to, text string) {
	s.t.Helper()
	var sent struct{ ID string }
	s.call("POST", "/messages", fmt.Sprintf(`{"from":%q,"to":[%q],"body":%q}`, from, to, text), &sent)
}

// received waits until a handset has a text.
func (s *simulated) received(address, text string) {
	s.t.Helper()
	eventually(s.t, func() bool {
		for _, m := range s.thread(url.PathEscape(address)) {
			if m.Direction == "received" && m.Body == text {
				return true
			}
		}
		return false
	}, "%s has %q", address, strings.TrimSpace(text))
}

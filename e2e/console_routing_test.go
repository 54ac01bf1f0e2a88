package e2e

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"

	"bridged/e2e/browser"
)

// labelled is the control of a field, by its label.
func labelled(label string) string {
	return fmt.Sprintf(`document.getElementById([...document.querySelectorAll("label")].find((l) => l.textContent === %q && l.closest(".field").checkVisibility()).htmlFor)`, label)
}

// chooses makes a choice, as a person does.
func (p *page) chooses(label, value string) {
	p.t.Helper()
	p.do(chromedp.Evaluate(fmt.Sprintf(`{ const c = %s; c.value = %q; c.dispatchEvent(new Event("change", { bubbles: true })); }`, labelled(label), value), nil))
}

func TestConsole_anOperatorSeesWhereAMessageWouldGo(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	conversation := s.masked("The way")
	p := s.browse(browser.Options{Width: 1400, Height: 900})
	p.logIn()
	p.do(chromedp.Navigate(p.URL + "/console/routing"))
	p.says(".number-cell", "+1 555 010 0001")
	assert.Equal(t, 5, eval[int](p, "document.querySelectorAll('.number-cell').length"))
	p.says("td", "simulator")
	p.says(".unrouted-place .empty", "Nothing is unrouted")

	p.do(click(".explain-form button"))
	p.says(".field-error:not([hidden])", "Say who writes.")
	p.do(chromedp.SendKeys(labelled("From"), "nobody", chromedp.ByJSPath), chromedp.SendKeys(labelled("To"), "  "+kb.Enter, chromedp.ByJSPath))
	p.says(".field-error:not([hidden])", "Say to which number.")

	p.do(chromedp.SetValue(labelled("From"), alice, chromedp.ByJSPath), chromedp.SendKeys(labelled("To"), smsProxy+kb.Enter, chromedp.ByJSPath))
	p.says(`.way-step.end[data-destination="conversation"]`, "Into a conversation")
	assert.Equal(t, []string{"receiver", "sender", "number group", "conversation"},
		eval[[]string](p, "[...document.querySelectorAll('.way-step[data-rule]')].map((e) => e.dataset.rule)"), "in the order in which they are asked")
	assert.Equal(t, "conversation", eval[string](p, "document.querySelector('.way-step.decides').dataset.rule"))
	assert.Equal(t, "/console/inbox/"+conversation, eval[string](p, "document.querySelector('.way-where a').getAttribute('href')"))
	assert.Contains(t, eval[string](p, "location.search"), "from="+url.QueryEscape(alice), "it can be sent to somebody else")

	// Nobody has this one: then the number is set up.
	p.do(chromedp.Navigate(p.URL + "/console/routing?" + url.Values{"from": {"+15550209999"}, "to": {smsProxy}}.Encode()))
	p.says(".way-step.end", "Nowhere: it is kept as unrouted")
	setUp := fmt.Sprintf(`tr[data-address=%q] .cell-actions .button`, smsProxy)
	p.do(click(setUp), chromedp.WaitVisible("dialog form"))
	p.says("dialog", "Autocreation")
	p.chooses("The new conversation has", "webhook")
	p.do(chromedp.SendKeys(labelled("URL of the webhook"), "example.com/hook"+kb.Enter, chromedp.ByJSPath))
	p.says("dialog .field-error:not([hidden])", "AutoCreation.WebhookUrl")
	p.do(chromedp.SetValue(labelled("URL of the webhook"), "https://hooks.example.com/bridged?key=1", chromedp.ByJSPath), click("dialog .form-foot .button"), chromedp.WaitNotPresent("dialog"))
	p.says(fmt.Sprintf(`tr[data-address=%q] td`, smsProxy), "hooks.example.com")
	p.says(".way-step.end", "Into a new conversation")
	assert.Equal(t, "address configuration", eval[string](p, "document.querySelector('.way-step.decides').dataset.rule"))

	// It is changed, and deleted.
	p.do(click(setUp), chromedp.WaitVisible("dialog form"))
	assert.Equal(t, "https://hooks.example.com/bridged?key=1", eval[string](p, labelled("URL of the webhook")+".value"))
	p.chooses("Somebody unknown writes", "false")
	p.do(click("dialog .form-foot .button"), chromedp.WaitNotPresent("dialog"))
	p.says(fmt.Sprintf(`tr[data-address=%q] td`, smsProxy), "Switched off")
	p.says(".way-step.end", "Nowhere: it is kept as unrouted")
	p.do(click(fmt.Sprintf(`tr[data-address=%q] .cell-actions .icon-button`, smsProxy)), chromedp.WaitVisible("dialog .danger"), click("dialog .danger"))
	p.says(fmt.Sprintf(`tr[data-address=%q] td`, smsProxy), "Makes no conversation")
}

func TestConsole_anUnroutedMessageIsReinjected(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	s.writes(alice, smsProxy, "Is anybody <b>there</b>?\u202e")
	p := s.browse(browser.Options{})
	p.logIn()
	p.do(chromedp.Navigate(p.URL + "/console/routing"))
	p.says(".unrouted-body", "Is anybody <b>there</b>?")
	p.says(".unrouted-reason", "no live conversation")

	// Taken up too early it comes back; after a conversation was made for it, it goes there.
	p.do(click(".unrouted-foot .button"))
	p.says(".toast", "is taken up again")
	p.says(".unrouted-reason", "no live conversation")
	conversation := s.masked("Found")
	p.do(click(".unrouted-foot .button.quiet"))
	p.says(".way-step.end", "Into a conversation")
	p.do(chromedp.Focus(".unrouted-foot .button"), chromedp.KeyEvent(kb.Enter))
	p.says(".unrouted-place .empty", "Nothing is unrouted")
	p.do(click(".way-where a"), chromedp.WaitVisible(".composer-text"))
	assert.Equal(t, "/console/inbox/"+conversation, eval[string](p, "location.pathname"))
	p.says(".theirs .bubble-body", "Is anybody <b>there</b>?")
}

func TestConsole_theRoutingPageFitsAPhoneAndTheKeyboard(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	s.writes(alice, smsProxy, "https://example.com/a-link-that-is-much-too-long-for-the-line-of-a-narrow-screen-and-has-no-place-to-break-it")
	p := s.browse(browser.Options{Width: 360, Height: 700, Touch: true})
	p.logIn()
	p.do(chromedp.Navigate(p.URL + "/console/routing"))
	p.says(".number-cell", "+1 555 010 0001")
	p.says(".unrouted-body", "https://example.com")
	p.tabTo(".explain-form .field:first-of-type input")
	p.do(chromedp.KeyEvent(alice+kb.Tab), chromedp.KeyEvent(whatsappProxy+kb.Enter))
	p.says(".way-step.end", "Nowhere")
	assert.True(t, eval[bool](p, "document.documentElement.scrollWidth <= innerWidth && document.querySelector('main').scrollWidth <= innerWidth"))
}

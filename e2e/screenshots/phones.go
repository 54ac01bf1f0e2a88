package main

import (
	"fmt"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The phones that "Try it" makes.
const (
	ada, ben  = "whatsapp:+15550200101", "+15550200102"
	cleo, dan = "+15550200103", "+15550200104"
)

func phone(address string) string { return fmt.Sprintf(`.phone[data-address=%q]`, address) }

// onPhone writes on one phone, unless it was written before, and waits until another
// one has it.
func onPhone(from, text, to string) chromedp.Action {
	said := func(address string) string {
		return fmt.Sprintf(`[...document.querySelectorAll('%s .said-body')].some((e) => e.textContent === %q)`, phone(address), text)
	}
	return chromedp.Tasks{
		chromedp.Evaluate(fmt.Sprintf(`(() => {
			const phone = document.querySelector('%s');
			if (%s) return;
			const box = phone.querySelector('.writer-text');
			box.value = %q;
			box.dispatchEvent(new Event('input'));
			phone.querySelector('[aria-label="Send"]').click();
		})()`, phone(from), said(from), text), nil),
		chromedp.Poll(said(to), nil),
	}
}

// tryIt makes the phones, and lets their owners talk.
func tryIt() chromedp.Action {
	return chromedp.Tasks{
		chromedp.WaitReady(phone(ada)), chromedp.WaitReady(phone(ben)), chromedp.WaitReady(phone(dan)),
		// What was written for an earlier picture is there before it is looked for.
		chromedp.Poll(`fetch('/bridged/v1/simulator/handsets').then((answer) => answer.json()).then(({ handsets }) => handsets.every(({ address, messages }) => {
			const phone = document.querySelector('.phone[data-address="' + address + '"]');
			return !phone || !messages || phone.querySelector('.said, .phone-row');
		}))`, nil),
		onPhone(ada, "Hi! I have your parcel. Which door is it?", ben),
		onPhone(ben, "The green one, second floor. Is it heavy?", ada),
		onPhone(ada, "Not at all 🙂 Two minutes.", ben),
		onPhone(cleo, "Shall we look at the house on Saturday?", dan),
		onPhone(dan, "Saturday is fine. Who has the keys?", cleo),
		chromedp.Evaluate(`document.querySelector('.page').scrollTo(0, 0); document.activeElement.blur()`, nil),
		chromedp.ScrollIntoView(phone(ada)),
	}
}

// writeNew opens the form for a message, with a mistake in it.
func writeNew() chromedp.Action {
	return chromedp.Tasks{
		chromedp.Evaluate(fmt.Sprintf(`(() => { const p = document.querySelector('%s'); p.querySelector('[aria-label^="All messages"]').click(); p.querySelector('[aria-label="New message"]').click(); })()`, phone(cleo)), nil),
		chromedp.WaitVisible("dialog form"), chromedp.SendKeys("dialog .field:nth-of-type(2) .input", "555 12"+kb.Enter),
		chromedp.WaitVisible("dialog .field-error:not([hidden])"),
	}
}

// noPhones puts all phones away.
func noPhones() chromedp.Action {
	return chromedp.Tasks{
		chromedp.Poll(`fetch('/bridged/v1/simulator/handsets').then((answer) => answer.json()).then(({ handsets }) => {
			localStorage.setItem('bridged.phones', JSON.stringify(handsets.map(({ address }) => ({ address, away: true }))));
			return true;
		})`, nil),
		chromedp.Reload(), chromedp.WaitVisible(".try"),
	}
}

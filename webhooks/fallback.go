package webhooks

import (
	"context"
	"maps"
	"net/url"
	"strconv"

	"bridged/conversations"
)

// kindFallback is the fallback, among the kinds of listeners.
const kindFallback = "fallback"

// tellFallback tells the fallback what a listener has not taken, in the same request
// with the reason added, as the classic inbound webhooks do. Where the fallback takes
// it nothing remains to be done. Otherwise the listener is called again, as told says.
func (d *Dispatcher) tellFallback(ctx context.Context, t target, n conversations.Notice, form url.Values, attempts int, told conversations.Telling, failure conversations.WebhookCall) conversations.Telling {
	spare := target{kind: kindFallback, method: t.method, url: d.cfg.Fallback}
	if spare.endpoint() == t.endpoint() {
		return told // it has just failed
	}
	e := d.endpoints.of(spare.endpoint())
	a, release := d.endpoints.admit(ctx, e, spare.host(), n.Listener, d.cfg.Now())
	switch {
	case a.granted:
	case a.blocked || told.Failed:
		return told
	case told.GivenUp != "":
		return conversations.Telling{Wait: a.wait} // the fallback is to be asked at least once
	default:
		return conversations.Telling{Wait: min(told.Wait, a.wait)}
	}
	defer release()
	form = maps.Clone(form)
	if !form.Has("ErrorCode") { // a delivery has its own
		form.Set("ErrorCode", strconv.Itoa(codeOf(failure)))
	}
	form.Set("ErrorUrl", withoutUser(t.url))
	call, _ := d.call(ctx, spare, n, form, attempts)
	if call.Error != "" && ctx.Err() != nil {
		e.withdrawn()
		return conversations.Telling{Wait: firstRetry}
	}
	if d.ended(spare, n, e, call); call.Error == "" {
		return conversations.Telling{Over: true}
	}
	return told
}

// codeOf is the reference's code of what went wrong with a call.
func codeOf(failure conversations.WebhookCall) int {
	if failure.Status != 0 && !(Answer{Status: failure.Status}).Good() {
		return codeRetrieval
	}
	return codeConnection
}

package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"bridged/e2e/fakecarrier"
)

// More comes than carriers take: beyond the backlog it is refused for now, what was
// accepted comes out once, statuses are taken all the same, admin.listen answers
// throughout, and afterwards all is as before.
func TestAnOverloadIsRefusedAndPasses(t *testing.T) {
	t.Parallel()
	const backlog, clients, each = 20, 16, 15
	leave := make(chan struct{})
	release := sync.OnceFunc(func() { close(leave) })
	listener := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-leave }))
	t.Cleanup(listener.Close)
	t.Cleanup(release)
	w := newWorld(t, setup{config: fmt.Sprintf("[limits]\nbacklog = %d\n", backlog)})
	conversation := w.converse()
	w.askFirst(listener.URL+"#rt=14000&tt=15000", "onMessageAdd") // what is asked about stays in the backlog

	var accepted, refused atomic.Int64
	var texts sync.Map
	post := func(text string) (isRefused bool, err error) {
		status, err := w.twilio.Post(t.Context(), w.URL+"/hooks/sms-main", fakecarrier.Message{
			ID: fakecarrier.NewSID(), From: alice, To: smsProxy, Body: text,
		})
		switch {
		case err != nil:
			return false, err
		case status == http.StatusOK:
			accepted.Add(1)
			texts.Store(text, true)
			return false, nil
		case status == http.StatusServiceUnavailable:
			refused.Add(1)
			return true, nil
		default:
			return false, fmt.Errorf("the hook answered %d", status)
		}
	}
	var flood errgroup.Group
	for c := range clients {
		flood.Go(func() error {
			for i := range each {
				if _, err := post(fmt.Sprintf("%d-%d", c, i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, flood.Wait())
	assert.EqualValues(t, clients*each, accepted.Load()+refused.Load())
	assert.Positive(t, refused.Load())
	for n, isRefused := 0, false; !isRefused; n++ { // on PostgreSQL there may be room until it is known how many there are
		var err error
		isRefused, err = post(fmt.Sprintf("late-%d", n))
		require.NoError(t, err)
	}
	assert.EqualValues(t, backlog, accepted.Load())

	w.refusedForNow(fakecarrier.Message{ID: idOf(1), From: alice, To: smsProxy, Body: "and this?"})
	status, err := w.twilio.Report(t.Context(), w.URL+"/hooks/sms-main/status", fakecarrier.Sent{ID: idOf(9), From: smsProxy, To: alice}, "delivered", 0)
	w.accepted(status, err) // who reports a status may not come again
	assert.Equal(t, http.StatusOK, w.anew(t, w.Admin+"/healthz"))
	assert.Equal(t, http.StatusServiceUnavailable, w.readiness(), "it says that it is overloaded")
	assert.Equal(t, fmt.Sprint(backlog), w.metric("bridged_backlog"))

	release()
	all := int(accepted.Load())
	eventually(t, func() bool { return len(w.cloud.Sent()) == all }, "all that was accepted is relayed")
	eventually(t, func() bool { return w.readiness() == http.StatusOK }, "it says that it is ready again")
	w.aliceWrites(idOf(2), "is it over?")
	eventually(t, func() bool { return len(w.messages(conversation)) == all+1 }, "it is over")
	eventually(t, func() bool { return len(w.cloud.Sent()) == all+1 }, "without a restart")
	for _, text := range bodies(w.cloud.Sent())[:all] {
		_, ok := texts.LoadAndDelete(text)
		assert.True(t, ok, "%s was accepted, and comes once", text)
	}
}

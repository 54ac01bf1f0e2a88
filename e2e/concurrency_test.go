package e2e

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"bridged/e2e/fakecarrier"
)

func TestFiftyConcurrentCopiesBecomeOneMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	group, ctx := errgroup.WithContext(t.Context())
	for range 50 {
		group.Go(func() error {
			return accept(w.twilio.Post(ctx, w.URL+"/hooks/sms-main",
				fakecarrier.Message{ID: "SM00000000000000000000000000000001", From: alice, To: smsProxy, Body: "once"}))
		})
	}
	require.NoError(t, group.Wait())
	w.aliceWrites("SM00000000000000000000000000000002", "the end")
	eventually(t, func() bool { return len(w.cloud.Sent()) == 2 }, "Bob gets both")
	assert.Equal(t, []string{"once", "the end"}, bodies(w.cloud.Sent()))
	assert.Len(t, w.messages(conversation), 2)
	assert.Equal(t, "49", w.metric(`bridged_inbound_repeated_total{channel="sms-main"}`))
}

// accept makes an error of a hook's answer that is not 200.
func accept(status int, err error) error {
	if err == nil && status != 200 {
		err = fmt.Errorf("the hook answered %d", status)
	}
	return err
}

func TestFiftyConcurrentFirstMessagesKeepTheirOrderOfAcceptance(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	type span struct{ asked, answered time.Time }
	var (
		mu    sync.Mutex
		spans = make(map[string]span)
	)
	group, ctx := errgroup.WithContext(t.Context())
	for n := range 50 {
		group.Go(func() error {
			text, asked := fmt.Sprintf("message %02d", n), time.Now()
			err := accept(w.twilio.Post(ctx, w.URL+"/hooks/sms-main",
				fakecarrier.Message{ID: fakecarrier.NewSID(), From: alice, To: smsProxy, Body: text}))
			mu.Lock()
			defer mu.Unlock()
			spans[text] = span{asked, time.Now()}
			return err
		})
	}
	require.NoError(t, group.Wait())
	eventually(t, func() bool { return len(w.cloud.Sent()) == 50 }, "Bob gets all")
	list := w.messages(conversation)
	require.Len(t, list, 50)
	got := bodies(w.cloud.Sent())
	for i, m := range list {
		require.Equal(t, i, m.Index)
		require.Equal(t, *m.Body, got[i], "Bob gets them in the conversation's order")
		for _, later := range list[i+1:] {
			// Who was answered before another one asked was accepted before it.
			require.False(t, spans[*later.Body].answered.Before(spans[*m.Body].asked),
				"%q was accepted before %q", *later.Body, *m.Body)
		}
	}
}

func TestTheSameIdempotencyKeyMakesOneMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	answers := make([]string, 20)
	var group errgroup.Group
	for i := range answers {
		group.Go(func() error {
			answer := w.request("POST", "/v1/Conversations/"+conversation+"/Messages",
				map[string][]string{"Body": {"once"}}, map[string][]string{"Idempotency-Key": {"the key"}})
			defer answer.Body.Close()
			text, err := readAll(answer.Body)
			answers[i] = fmt.Sprint(answer.StatusCode, text)
			return err
		})
	}
	require.NoError(t, group.Wait())
	for _, a := range answers {
		require.Equal(t, answers[0], a, "the repeat gets the first answer")
	}
	assert.Len(t, w.messages(conversation), 1)

	answer := w.request("POST", "/v1/Conversations/"+conversation+"/Messages",
		map[string][]string{"Body": {"another"}}, map[string][]string{"Idempotency-Key": {"the key"}})
	defer answer.Body.Close()
	assert.Equal(t, 409, answer.StatusCode)

	// A restart does not forget it.
	require.NoError(t, w.Kill())
	w.start()
	again := w.request("POST", "/v1/Conversations/"+conversation+"/Messages",
		map[string][]string{"Body": {"once"}}, map[string][]string{"Idempotency-Key": {"the key"}})
	defer again.Body.Close()
	assert.Equal(t, 201, again.StatusCode)
	assert.Len(t, w.messages(conversation), 1)
}

func TestAStopFinishesWhatIsInFlight(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}, 1), make(chan struct{})
	w := newWorld(t, setup{cloudFault: func(fakecarrier.Sent) fakecarrier.Fault {
		select {
		case entered <- struct{}{}:
		default:
		}
		<-leave
		return fakecarrier.Fault{}
	}})
	conversation := w.converse()
	w.aliceWrites("SM00000000000000000000000000000001", "wait for me")
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- w.Stop() }()
	eventually(t, func() bool { // intake stops first
		_, err := w.twilio.Post(context.Background(), w.URL+"/hooks/sms-main",
			fakecarrier.Message{ID: "SM00000000000000000000000000000002", From: alice, To: smsProxy, Body: "too late"})
		return err != nil
	}, "nothing more is accepted")
	close(leave)
	require.NoError(t, <-stopped, "exit status 0")
	w.start()
	m := w.messages(conversation)[0]
	assert.Equal(t, "all", w.delivery(conversation, *m.Sid)["sent"], "the answer was recorded before the end")
}

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"

	"bridged/e2e/daemon"
	"bridged/e2e/fakecarrier"
)

const (
	crashPairs     = 20
	shortCrashes   = 6
	longCrashes    = 100
	longestUptime  = 500 * time.Millisecond // of a daemon before it is killed
	longestStart   = 80 * time.Millisecond  // of a start that is killed before it is done
	carrierPause   = 20 * time.Millisecond  // before a carrier repeats what was not acknowledged
	crashRetryConf = "[retry]\nfirst = \"50ms\"\nmax = \"500ms\"\nattempts = 50\nunknown_wait = \"200ms\"\nsend_timeout = \"2s\"\n"
)

// writer is somebody who writes without pause to somebody on the other carrier.
type writer struct {
	number       string
	conversation string
	acknowledged []string // texts, in order
	post         func(base string, m fakecarrier.Message) (status int, err error)
}

// load is everybody who writes, and the carriers' reports of what they got.
type load struct {
	w       *world
	writers []*writer
	reports sync.WaitGroup

	mu    sync.Mutex
	base  string        // URL of the daemon that runs now
	moved chan struct{} // closed when another one runs
}

// TestKillingTheProcessLosesNothingAndRepeatsNothing kills the daemon at random
// points under load, some of them during the start: every acknowledged message is
// in its conversation exactly once and in order, and was sent at least once.
// BRIDGED_LONG=1 asks for the long form, BRIDGED_SEED repeats a run's choices.
func TestKillingTheProcessLosesNothingAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	crashes, seed := shortCrashes, uint64(1)
	if os.Getenv("BRIDGED_LONG") != "" {
		crashes, seed = longCrashes, uint64(time.Now().UnixNano())
	}
	if text := os.Getenv("BRIDGED_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err, "BRIDGED_SEED")
	}
	t.Logf("BRIDGED_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

	w := newWorld(t, setup{withoutRetry: true, config: crashRetryConf})
	l := &load{w: w, base: w.URL, moved: make(chan struct{})}
	w.twilio.Received = func(s fakecarrier.Sent) {
		l.report(func(base string) (int, error) {
			return w.twilio.Report(context.Background(), base+"/hooks/sms-main/status", s, "delivered", 0)
		})
	}
	w.cloud.Received = func(s fakecarrier.Sent) {
		l.report(func(base string) (int, error) {
			return w.cloud.Report(context.Background(), base+"/hooks/wa-main", s, "delivered", 0)
		})
	}
	for n := range crashPairs {
		l.writers = append(l.writers, l.introduce(n))
	}
	ctx, stop := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	for _, who := range l.writers {
		writing.Go(func() { l.write(ctx, who) })
	}
	for n := 0; n < crashes; n++ {
		uptime := time.NewTimer(time.Duration(random.Int64N(int64(longestUptime))))
		<-uptime.C
		require.NoError(t, w.Kill())
		if random.IntN(4) == 0 {
			w.killDuringStart(time.Duration(random.Int64N(int64(longestStart))))
			n++
		}
		w.start()
		l.move(w.URL)
	}
	stop()
	writing.Wait()
	l.settle()
	l.check()
}

// killDuringStart starts a daemon and kills it that much later, ready or not.
func (w *world) killDuringStart(after time.Duration) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), after)
	defer cancel()
	d, err := daemon.Start(ctx, daemon.Options{Binary: binary, Dir: w.dir, Args: []string{"serve", "--config", w.file}})
	if err == nil {
		require.NoError(w.t, d.Kill())
		return
	}
	require.ErrorContains(w.t, err, "it was not ready in time", "it must not end by itself")
}

// introduce makes the conversation of a writer with a reader on the other
// carrier. Every other writer is on WhatsApp.
func (l *load) introduce(n int) *writer {
	who := &writer{number: fmt.Sprintf("+1555021%04d", n)}
	reader := fmt.Sprintf("+1555031%04d", n)
	c, err := l.w.api.CreateConversation(&conversations.CreateConversationParams{})
	require.NoError(l.w.t, err)
	who.conversation = *c.Sid
	if n%2 == 0 {
		l.w.join(*c.Sid, who.number, smsProxy)
		l.w.join(*c.Sid, "whatsapp:"+reader, whatsappProxy)
		who.post = func(base string, m fakecarrier.Message) (int, error) {
			m.From, m.To = who.number, smsProxy
			return l.w.twilio.Post(context.Background(), base+"/hooks/sms-main", m)
		}
		return who
	}
	l.w.join(*c.Sid, "whatsapp:"+who.number, whatsappProxy)
	l.w.join(*c.Sid, reader, smsProxy)
	who.post = func(base string, m fakecarrier.Message) (int, error) {
		m.From = strings.TrimPrefix(who.number, "+")
		return l.w.cloud.Post(context.Background(), base+"/hooks/wa-main", m)
	}
	return who
}

// move tells everybody where the daemon is now.
func (l *load) move(base string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.base = base
	close(l.moved)
	l.moved = make(chan struct{})
}

// untilAcknowledged posts again and again, as carriers do, until the daemon
// acknowledges it or the context ends.
func (l *load) untilAcknowledged(ctx context.Context, post func(base string) (int, error)) bool {
	for {
		l.mu.Lock()
		base, moved := l.base, l.moved
		l.mu.Unlock()
		if status, err := post(base); err == nil && status == 200 {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-moved:
		case <-time.After(carrierPause):
		}
	}
}

// report delivers a status while other things go on.
func (l *load) report(post func(base string) (int, error)) {
	l.reports.Go(func() { l.untilAcknowledged(l.w.t.Context(), post) })
}

// write writes one message after the other. One that is not acknowledged is
// repeated under the same id until it is.
func (l *load) write(ctx context.Context, who *writer) {
	for n := 0; ctx.Err() == nil; n++ {
		m := fakecarrier.Message{ID: fakecarrier.NewSID(), Body: fmt.Sprintf("%s %06d", who.number, n)}
		if !l.untilAcknowledged(ctx, func(base string) (int, error) { return who.post(base, m) }) {
			return
		}
		who.acknowledged = append(who.acknowledged, m.Body)
	}
}

// settle waits until the last daemon has nothing left to do: nothing is in the
// backlog, and every message has reached its reader.
func (l *load) settle() {
	eventually(l.w.t, func() bool { return l.w.metric("bridged_backlog") == "0" }, "all is appended")
	for _, who := range l.writers {
		l.dumpOnce(who)
		eventually(l.w.t, func() bool {
			for _, m := range l.w.messages(who.conversation) {
				if m.Delivery == nil {
					return false
				}
				if d, _ := (*m.Delivery).(map[string]any); d["sent"] != "all" || d["delivered"] != "all" {
					return false
				}
			}
			return true
		}, "%s's messages are delivered", who.number)
	}
	l.reports.Wait()
	require.Empty(l.w.t, l.w.deadLetters())
}

// check compares what was acknowledged with what is there and what was sent.
func (l *load) check() {
	t := l.w.t
	firstSends := make(map[string][]string) // by writer
	sends := make(map[string]int)           // by text
	for _, s := range append(l.w.cloud.Sent(), l.w.twilio.Sent()...) {
		who, _, _ := strings.Cut(s.Body, " ")
		if sends[s.Body]++; sends[s.Body] == 1 {
			firstSends[who] = append(firstSends[who], s.Body)
		}
	}
	total, repeats := 0, 0
	for _, who := range l.writers {
		list := l.w.messages(who.conversation)
		texts := make([]string, len(list))
		for i, m := range list {
			require.Equal(t, i, m.Index, "no gap")
			texts[i] = *m.Body
		}
		// The last one may be there without having been acknowledged.
		require.LessOrEqual(t, len(texts), len(who.acknowledged)+1)
		require.GreaterOrEqual(t, len(texts), len(who.acknowledged), "nothing is lost")
		require.Equal(t, who.acknowledged, texts[:len(who.acknowledged)], "each once, in order")
		require.Equal(t, texts, firstSends[who.number], "each sent at least once, in order")
		total += len(who.acknowledged)
	}
	for _, n := range sends {
		repeats += n - 1
	}
	require.NotZero(t, total)
	t.Logf("%d messages acknowledged, %d sends repeated", total, repeats)
}

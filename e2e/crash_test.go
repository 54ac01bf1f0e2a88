package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"

	"bridged/e2e/fakecarrier"
)

const (
	crashPairs     = 20
	shortCrashes   = 6
	longCrashes    = 100
	crashRetryConf = "[retry]\nfirst = \"50ms\"\nmax = \"500ms\"\nattempts = 50\nunknown_wait = \"200ms\"\nsend_timeout = \"2s\"\n"
)

// longestUptime is of a daemon before it is killed; every third one has the time
// to take over what the one before it had held.
var longestUptime = []time.Duration{250 * time.Millisecond, 250 * time.Millisecond, 3 * time.Second}

// writer is somebody on SMS who writes without pause, and says again what was
// not acknowledged.
type writer struct {
	number       string
	conversation string
	acknowledged []string // texts, in order
}

// load is everybody who writes.
type load struct {
	w       *world
	taken   atomic.Int64 // acknowledged messages
	mu      sync.Mutex
	urls    []string // of the daemons that run now
	writers []*writer
}

// newLoad makes a world's writers.
func newLoad(w *world) *load {
	l := &load{w: w, urls: []string{w.URL}}
	for n := range crashPairs {
		l.writers = append(l.writers, l.introduce(n))
	}
	return l
}

// start has everybody write until they are told to stop.
func (l *load) start() (stop func()) {
	ctx, cancel := context.WithCancel(l.w.t.Context())
	var writing sync.WaitGroup
	for _, who := range l.writers {
		writing.Go(func() { l.write(ctx, who) })
	}
	return func() {
		cancel()
		writing.Wait()
	}
}

// reach says where the daemons are now.
func (l *load) reach(urls ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.urls = urls
}

// hook is where to write to: to one daemon after the other.
func (l *load) hook(n int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.urls[n%len(l.urls)] + "/hooks/sms-main"
}

// TestKillingTheProcessLosesNothingAndRepeatsNothing kills the daemon at random
// points under load: every acknowledged message is in its conversation exactly
// once and in order, and was sent at least once. BRIDGED_LONG=1 asks for the long
// form.
func TestKillingTheProcessLosesNothingAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	crashes := shortCrashes
	if os.Getenv("BRIDGED_LONG") != "" {
		crashes = longCrashes
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

	w := newWorld(t, setup{withoutRetry: true, config: crashRetryConf})
	l := newLoad(w)
	stop := l.start()
	for n := range crashes {
		uptime := time.NewTimer(time.Duration(random.Int64N(int64(longestUptime[n%len(longestUptime)]))))
		<-uptime.C
		require.NoError(t, w.Kill())
		w.start()
		l.reach(w.URL)
	}
	stop()
	l.settle()
	l.check()
}

// introduce makes the conversation of a writer with a reader on WhatsApp.
func (l *load) introduce(n int) *writer {
	who := &writer{number: fmt.Sprintf("+1555021%04d", n)}
	c, err := l.w.api.CreateConversation(&conversations.CreateConversationParams{})
	require.NoError(l.w.t, err)
	who.conversation = *c.Sid
	l.w.join(*c.Sid, who.number, smsProxy)
	l.w.join(*c.Sid, l.reader(n), whatsappProxy)
	return who
}

func (l *load) reader(n int) string { return fmt.Sprintf("whatsapp:+1555031%04d", n) }

// write writes one message after the other. One that is not acknowledged is
// repeated, as carriers do, until it is.
func (l *load) write(ctx context.Context, who *writer) {
	for n := 0; ctx.Err() == nil; n++ {
		m := fakecarrier.Message{ID: fakecarrier.NewSID(), From: who.number, To: smsProxy, Body: fmt.Sprintf("%s %06d", who.number, n)}
		for {
			status, err := l.w.twilio.Post(context.Background(), l.hook(n), m)
			if err == nil && status == 200 {
				l.taken.Add(1)
				who.acknowledged = append(who.acknowledged, m.Body)
				break
			}
			if ctx.Err() != nil {
				return // nobody ever acknowledged it
			}
		}
	}
}

// settle waits until the last daemon has nothing left to do: as long as it takes,
// if only something goes out all the time.
func (l *load) settle() {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for sent, since := 0, time.Now(); int64(sent) < l.taken.Load(); <-tick.C {
		if now := len(l.w.cloud.Sent()); now > sent {
			sent, since = now, time.Now()
		}
		require.Less(l.w.t, time.Since(since), patience, "%d of %d are sent, and no more come", sent, l.taken.Load())
	}
	for _, who := range l.writers {
		if len(who.acknowledged) == 0 {
			continue
		}
		last := who.acknowledged[len(who.acknowledged)-1]
		eventually(l.w.t, func() bool {
			list, err := l.w.api.ListConversationMessage(who.conversation, &conversations.ListConversationMessageParams{
				Order: ptr("desc"), PageSize: ptr(5), Limit: ptr(5),
			})
			return err == nil && slices.ContainsFunc(list, func(m conversations.ConversationsV1ConversationMessage) bool {
				if *m.Body != last || m.Delivery == nil {
					return false
				}
				d, _ := (*m.Delivery).(map[string]any)
				return d["sent"] == "all"
			})
		}, "%s is sent", last)
	}
}

// check compares what was acknowledged with what is there and what was sent.
func (l *load) check() {
	t := l.w.t
	firstSends := make(map[string][]string) // by writer
	sends := make(map[string]int)           // by text
	for _, s := range l.w.cloud.Sent() {
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
		require.GreaterOrEqual(t, len(firstSends[who.number]), len(who.acknowledged))
		require.Equal(t, who.acknowledged, firstSends[who.number][:len(who.acknowledged)], "sent at least once, in order")
		total += len(who.acknowledged)
	}
	for _, n := range sends {
		repeats += n - 1
	}
	require.NotZero(t, total)
	t.Logf("%d messages acknowledged, %d sent more than once", total, repeats)
}

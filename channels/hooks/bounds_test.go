package hooks_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/channels/hooks"
	"bridged/conversations"
)

// Long requests that come slowly must not fill the memory, nor keep out the short ones,
// which is what carriers write.
func TestFewLongRequestsAreReadAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	h, err := hooks.New(hooks.Config{Channels: []channels.Adapter{f.plain}, Acceptor: f.acceptor})
	require.NoError(t, err)
	const many = 16
	var slow sync.WaitGroup
	begun, goOn := make(chan struct{}, many), make(chan struct{})
	for range many {
		slow.Go(func() {
			body := io.MultiReader(strings.NewReader(strings.Repeat("x", 40_000)), readerFunc(func([]byte) (int, error) {
				begun <- struct{}{}
				<-goOn
				return 0, errors.New("hung up")
			}))
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/hooks/sms-main", body))
		})
	}
	for range many {
		<-begun
	}
	ask := func(size int) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/hooks/sms-main", strings.NewReader(strings.Repeat("x", size))))
		return w
	}
	w := ask(40_000)
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.NotEmpty(t, w.Header().Get("Retry-After"))
	assert.Equal(t, http.StatusOK, ask(10_000).Code)
	close(goOn)
	slow.Wait()
	assert.Equal(t, http.StatusOK, ask(40_000).Code, "there is room again")
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestABodyThatComesTooSlowly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/hooks/sms-main", iotest.ErrReader(os.ErrDeadlineExceeded)))
	assert.Equal(t, http.StatusRequestTimeout, w.Code)
	assert.Equal(t, []string{"sms-main too_slow"}, f.observed)
}

// Those who are sent away should not all come back in the same second.
func TestCarriersAreNotAskedToComeBackTogether(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.plain.received = message()
	waits := map[int]bool{}
	for _, err := range []error{conversations.ErrBacklogFull, conversations.ErrUnavailable, context.DeadlineExceeded, context.Canceled} {
		f.acceptor.failure = err
		for range 25 {
			w := f.do(http.MethodPost, "/hooks/sms-main", "x")
			require.Equal(t, http.StatusServiceUnavailable, w.Code)
			wait, err := strconv.Atoi(w.Header().Get("Retry-After"))
			require.NoError(t, err)
			assert.True(t, wait >= 20 && wait <= 40, wait)
			waits[wait] = true
		}
	}
	assert.Greater(t, len(waits), 5)
	assert.LessOrEqual(t, strings.Count(f.log.String(), "hook rejected"), 20, "the log is not flooded too")
}

// waiter stores nothing until its time is up.
type waiter struct{ acceptor }

func (*waiter) Accept(ctx context.Context, _ []conversations.Inbound) error {
	if _, bounded := ctx.Deadline(); !bounded {
		return errors.New("it would wait for ever")
	}
	return context.DeadlineExceeded
}

func TestTheWaitForTheWriterIsBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.plain.received = message()
	h, err := hooks.New(hooks.Config{Channels: []channels.Adapter{f.plain}, Acceptor: &waiter{}})
	require.NoError(t, err)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/hooks/sms-main", strings.NewReader("x")))
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
}

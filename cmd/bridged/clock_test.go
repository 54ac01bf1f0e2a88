package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"bridged/cmd/bridged/internal/config"
	"bridged/store/storetest"
)

const (
	second = time.Second
	day    = 24 * time.Hour
)

// clocked is the whole daemon of the embedded default in a bubble: it is wired as
// `serve` wires it, and asked through the handler that `serve` serves. Its timers,
// polls and leases run, as fast as they have nothing to wait for, and its clock can
// jump beside.
type clocked struct {
	*daemon

	t       *testing.T
	dir     string
	environ []string     // that overrides the configuration
	ahead   atomic.Int64 // how far the clock has jumped, in nanoseconds

	heard, reasons []string // of the changes of state that it was asked for
}

// inBubble runs a test with such a daemon, whose configuration an environment may
// override.
func inBubble(t *testing.T, test func(*clocked), environ ...string) {
	t.Helper()
	dir := t.TempDir()
	storetest.WriteMigrated(t, filepath.Join(dir, "bridged.db"))
	synctest.Test(t, func(t *testing.T) {
		c := &clocked{t: t, dir: dir, environ: environ}
		c.start()
		defer func() {
			if c.daemon != nil {
				c.stop()
			}
		}()
		test(c)
	})
}

// now is a clock without a monotonic reading, which would hide its jumps.
func (c *clocked) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())).Round(0) }

// jump sets the clock, as somebody does who corrects it.
func (c *clocked) jump(by time.Duration) { c.ahead.Add(int64(by)) }

func (c *clocked) start() {
	c.t.Helper()
	cfg, err := config.Default(c.dir, c.environ)
	require.NoError(c.t, err)
	c.daemon, err = newDaemon(context.Background(), cfg, c.now, slog.New(slog.DiscardHandler))
	require.NoError(c.t, err)
}

func (c *clocked) stop() {
	c.t.Helper()
	require.NoError(c.t, c.close())
	c.daemon = nil
}

// call sends a form as a client would, names and values in turn, and decodes the answer
// into a value, if there is one.
func (c *clocked) call(method, path string, into any, form ...string) int {
	c.t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	return c.request(method, path, "application/x-www-form-urlencoded", values.Encode(), into)
}

func (c *clocked) request(method, path, contentType, body string, into any) int {
	c.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	r.SetBasicAuth(c.cfg.Account.SID, c.cfg.Account.AuthToken.Value())
	answer := httptest.NewRecorder()
	c.publicHandler().ServeHTTP(answer, r)
	if into != nil {
		require.NoError(c.t, json.Unmarshal(answer.Body.Bytes(), into), answer.Body)
	}
	return answer.Code
}

// shown is what REST shows of a conversation's state.
type shown struct {
	SID, State string
	Timers     struct {
		DateInactive *time.Time `json:"date_inactive"`
		DateClosed   *time.Time `json:"date_closed"`
	}
}

// pass lets time pass: all that is due until then has been done.
func (c *clocked) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// converse makes a conversation with these parameters.
func (c *clocked) converse(form ...string) (made shown) {
	c.t.Helper()
	require.Equal(c.t, http.StatusCreated, c.call(http.MethodPost, "/v1/Conversations", &made, form...))
	return made
}

func (c *clocked) look(conversation string) (now shown) {
	c.t.Helper()
	require.Equal(c.t, http.StatusOK, c.call(http.MethodGet, "/v1/Conversations/"+conversation, &now))
	return now
}

// transitions returns each change of a conversation's state so far, by its reason. It
// is to be asked before a jump: events are not kept for good.
func (c *clocked) transitions(conversation string) []string {
	c.t.Helper()
	var page struct {
		Events []struct{ ID, Reason string }
	}
	require.Equal(c.t, http.StatusOK, c.call(http.MethodGet,
		"/bridged/v1/events?Type=onConversationStateUpdated&ConversationSid="+conversation, &page))
	for _, e := range page.Events {
		if !slices.Contains(c.heard, e.ID) {
			c.heard, c.reasons = append(c.heard, e.ID), append(c.reasons, e.Reason)
		}
	}
	return c.reasons
}

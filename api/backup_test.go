package api_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/api"
	"bridged/conversations"
	"bridged/twilio"
)

// copies is backups, and each of them.
type copies struct {
	text    string
	refused error // what Begin fails with
	broken  error // what Write fails with, when the text is written
	begun   atomic.Int32
	closed  atomic.Int32
	during  func(context.Context) error // what happens in Write
}

func (c *copies) Begin(context.Context) (api.Backup, error) {
	if c.refused != nil {
		return nil, c.refused
	}
	c.begun.Add(1)
	return c, nil
}

func (c *copies) Write(ctx context.Context, to io.Writer) error {
	if _, err := io.WriteString(to, c.text); err != nil {
		return err
	}
	if c.during != nil {
		return c.during(ctx)
	}
	return c.broken
}

func (c *copies) Close() error {
	c.closed.Add(1)
	return nil
}

// backupServer serves the API over a connection, which a handler can cut.
func backupServer(t *testing.T, cfg api.Config) (fetch func(method string) (*http.Response, string, error)) {
	t.Helper()
	w := newWorld()
	cfg.Account = api.Credentials{SID: account, AuthToken: func() string { return token }}
	cfg.PublicURL, cfg.Bridge, cfg.Store = public, w, w
	server := httptest.NewServer(api.New(cfg))
	t.Cleanup(server.Close)
	return func(method string) (*http.Response, string, error) {
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/bridged/v1/backup", http.NoBody)
		require.NoError(t, err)
		r.SetBasicAuth(account, token)
		answer, err := server.Client().Do(r)
		require.NoError(t, err)
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		return answer, string(text), err
	}
}

func TestABackupIsStreamed(t *testing.T) {
	t.Parallel()
	c := &copies{text: strings.Repeat("a backup", 10000)}
	fetch := backupServer(t, api.Config{Backups: c})
	answer, text, err := fetch(http.MethodGet)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	assert.Equal(t, c.text, text)
	assert.Equal(t, "application/x-tar", answer.Header.Get("Content-Type"))
	assert.Empty(t, answer.Header.Get("Content-Encoding"))
	assert.EqualValues(t, 1, c.closed.Load())
	answer, _, err = fetch(http.MethodHead)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	assert.EqualValues(t, 1, c.begun.Load(), "HEAD copies nothing")
}

func TestABackupThatIsRefusedSaysWhy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cause  error
		status int
		want   string
	}{
		{conversations.Refuse(conversations.Conflict, "another backup is being made"), http.StatusConflict, "another backup is being made"},
		{twilio.NewError(http.StatusInsufficientStorage, twilio.CodeNoRoom, "12 MB are needed"), http.StatusInsufficientStorage, "12 MB are needed"},
		{context.Canceled, http.StatusServiceUnavailable, "Service unavailable"},
		{errors.New("a secret"), http.StatusInternalServerError, "Internal Server Error"},
	} {
		answer, text, err := backupServer(t, api.Config{Backups: &copies{refused: c.cause}})(http.MethodGet)
		require.NoError(t, err)
		assert.Equal(t, c.status, answer.StatusCode)
		assert.Contains(t, text, c.want)
		assert.Empty(t, answer.Header.Get("Content-Disposition"))
	}
	answer, text, err := backupServer(t, api.Config{})(http.MethodGet)
	require.NoError(t, err)
	assert.Equal(t, http.StatusNotImplemented, answer.StatusCode)
	assert.Contains(t, text, "pg_dump")
}

// Who gets a part only, whatever the reason, cannot take it for the whole.
func TestABackupThatBreaksOffIsCut(t *testing.T) {
	t.Parallel()
	c := &copies{text: strings.Repeat("the first part", 1000), broken: errors.New("the disk is damaged")}
	_, _, err := backupServer(t, api.Config{Backups: c})(http.MethodGet)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.EqualValues(t, 1, c.closed.Load())

	stopping := make(chan struct{})
	c = &copies{text: strings.Repeat("the first part", 1000), during: func(ctx context.Context) error {
		close(stopping)
		<-ctx.Done()
		return ctx.Err()
	}}
	_, _, err = backupServer(t, api.Config{Backups: c, Stopping: stopping})(http.MethodGet)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF, "it does not keep the daemon from stopping")
	assert.EqualValues(t, 1, c.closed.Load())
}

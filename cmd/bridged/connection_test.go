package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// more is an answer that no socket has room for.
const more = 64 << 20

func TestWhoDoesNotReadIsCutOff(t *testing.T) {
	t.Parallel()
	sparse := filepath.Join(t.TempDir(), "film")
	require.NoError(t, os.WriteFile(sparse, nil, 0o600))
	require.NoError(t, os.Truncate(sparse, more))
	for name, answer := range map[string]func(http.ResponseWriter) error{
		"at once": func(w http.ResponseWriter) error {
			_, err := w.Write(make([]byte, more))
			return err
		},
		"bit by bit": func(w http.ResponseWriter) (err error) {
			for n := 0; n < more && err == nil; n += 1 << 10 {
				_, err = w.Write(make([]byte, 1<<10))
			}
			return err
		},
		"a file": func(w http.ResponseWriter) error {
			f, err := os.Open(sparse)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = io.Copy(w, f)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended := make(chan error, 1)
			address := served(t, 1, func(w http.ResponseWriter, _ *http.Request) { ended <- answer(w) },
				func(l *connections) { l.stall = 20 * time.Millisecond })
			write(t, dial(t, address), fmt.Sprintf(request, ""))
			require.ErrorIs(t, <-ended, os.ErrDeadlineExceeded)
		})
	}
}

func TestAllOfAFileComes(t *testing.T) {
	t.Parallel()
	const size = 3*stallBytes + 17
	file := filepath.Join(t.TempDir(), "film")
	require.NoError(t, os.WriteFile(file, make([]byte, size), 0o600))
	address := served(t, 4, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) }, func(*connections) {})
	for _, span := range []struct {
		header string
		length int64
	}{{"", size}, {"Range: bytes=5-\r\n", size - 5}, {"Range: bytes=0-99\r\n", 100}} {
		c := dial(t, address)
		write(t, c, "GET / HTTP/1.1\r\nHost: x\r\n"+span.header+"\r\n")
		answer, err := http.ReadResponse(c.Reader, nil)
		require.NoError(t, err)
		n, err := io.Copy(io.Discard, answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		assert.Equal(t, span.length, n)
	}
}

func TestAStreamThatNobodyReadsIsCutOff(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	s := httptest.NewUnstartedServer(&crowd{
		most: 1, isCrowded: func() bool { return false }, streamTime: 20 * time.Millisecond,
		next: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, err := w.Write(make([]byte, more))
			ended <- err
		}),
	})
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, http.NoBody)
	require.NoError(t, err)
	answer, err := s.Client().Do(r)
	require.Error(t, <-ended)
	if err == nil { // the head came in time
		assert.Equal(t, 2, answer.ProtoMajor)
		_, err = io.Copy(io.Discard, answer.Body)
		require.NoError(t, answer.Body.Close())
	}
	require.Error(t, err, "the client knows that it has not all")
}

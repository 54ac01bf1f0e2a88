package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fakeInstallation takes imports and keeps what it has taken, by SID.
type fakeInstallation struct {
	t      *testing.T
	before func(request int) (status int) // what to answer in place of taking it; 0: nothing

	mu       sync.Mutex
	requests []fakeRequest
	has      map[string]bool
}

type fakeRequest struct {
	DryRun     bool   `json:"dry_run"`
	ServiceSID string `json:"service_sid"`
	Resources  []struct{ SID string }
}

func (f *fakeInstallation) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/v1/Conversations" {
		_, _ = w.Write([]byte("{}"))
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var request fakeRequest
	assert.NoError(f.t, json.NewDecoder(r.Body).Decode(&request))
	f.requests = append(f.requests, request)
	if f.before != nil {
		if status := f.before(len(f.requests)); status != 0 {
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"code":%d,"message":"refused"}`, 20000+status)
			return
		}
	}
	var answer struct {
		Results []importOutcome `json:"results"`
	}
	for _, resource := range request.Resources {
		outcome := outcomeCreated
		if f.has[resource.SID] {
			outcome = outcomeExists
		}
		f.has[resource.SID] = !request.DryRun
		answer.Results = append(answer.Results, importOutcome{Outcome: outcome, Notes: []string{}})
	}
	assert.NoError(f.t, json.NewEncoder(w).Encode(answer))
}

// importing makes a command that imports a file with so many messages.
func importing(t *testing.T, messages int, before func(int) int) (*ImportCmd, *fakeInstallation) {
	t.Helper()
	f := &fakeInstallation{t: t, before: before, has: map[string]bool{}}
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	dir := t.TempDir()
	var text strings.Builder
	fmt.Fprintf(&text, `{"participants":[{"sid":"MB%032x","conversation_sid":"CH%032x"}],"conversations":[{"sid":"CH%032x","state":"closed"}],"messages":[`, 1, 1, 1)
	for i := range messages {
		fmt.Fprintf(&text, `%s{"sid":"IM%032x","conversation_sid":"CH%032x","index":%d}`, map[bool]string{true: ","}[i > 0], i, 1, i)
	}
	text.WriteString("]}")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "export.json"), []byte(text.String()), 0o600))
	c := &ImportCmd{From: dir, patience: 20 * time.Second}
	c.Config, c.URL = configured(t, "http://127.0.0.1:1"), s.URL
	require.NoError(t, c.Validate())
	return c, f
}

// runImport runs the command as kong does.
func runImport(ctx context.Context, c *ImportCmd) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	err = c.Run(ctx, &environment{stdout: &out, stderr: &errs})
	return out.String(), errs.String(), err
}

func TestImport_sendsBatches(t *testing.T) {
	t.Parallel()
	c, f := importing(t, 250, nil)
	c.Service = "IS" + testDigits
	stdout, stderr, err := runImport(t.Context(), c)
	require.NoError(t, err)
	assert.Equal(t, "               created  existed  refused\nconversations  1        0        0\nmessages       250      0        0\nparticipants   1        0        0\n", stdout)
	assert.Equal(t, "importing conversations: 1\nimporting messages: 250\nimporting participants: 1\n", stderr)
	var kinds []string
	for _, r := range f.requests {
		assert.Equal(t, "IS"+testDigits, r.ServiceSID)
		assert.False(t, r.DryRun)
		kinds = append(kinds, fmt.Sprint(r.Resources[0].SID[:2], len(r.Resources)))
	}
	assert.Equal(t, []string{"CH1", "IM100", "IM100", "IM50", "MB1"}, kinds, "participants come last")

	stdout, _, err = runImport(t.Context(), c)
	require.NoError(t, err)
	assert.Contains(t, stdout, "messages       0        250      0\n")
}

func TestImport_dryRunSendsTheConversationsAlong(t *testing.T) {
	t.Parallel()
	c, f := importing(t, 120, nil)
	c.DryRun = true
	stdout, _, err := runImport(t.Context(), c)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(stdout, "dry run: nothing is stored\n"), stdout)
	assert.Contains(t, stdout, "messages       120      0        0\n")
	var kinds []string
	for _, r := range f.requests {
		assert.True(t, r.DryRun)
		kinds = append(kinds, fmt.Sprint(r.Resources[0].SID[:2], len(r.Resources)))
	}
	assert.Equal(t, []string{"CH1", "CH51", "CH51", "CH21", "CH2"}, kinds)
}

func TestImport_waitsForAnInstallationThatIsAway(t *testing.T) {
	t.Parallel()
	c, f := importing(t, 150, func(request int) int {
		if request == 2 {
			return http.StatusServiceUnavailable
		}
		return 0
	})
	stdout, _, err := runImport(t.Context(), c)
	require.NoError(t, err)
	assert.Contains(t, stdout, "messages       150      0        0\n")
	assert.Len(t, f.requests, 5, "one of them again")
}

func TestImport_givesUp(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status   int
		patience time.Duration
		want     string
		requests int
	}{
		"no longer away than that": {http.StatusServiceUnavailable, time.Nanosecond, "20503: refused", 2},
		"for good":                 {http.StatusBadRequest, time.Minute, "20400: refused", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, f := importing(t, 150, func(request int) int {
				if request == 1 {
					return 0
				}
				return test.status
			})
			c.patience = test.patience
			stdout, _, err := runImport(t.Context(), c)
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, "what was imported so far stays; run the same command again to go on")
			assert.Contains(t, stdout, "conversations  1        0        0\n")
			assert.Len(t, f.requests, test.requests)
		})
	}
}

func TestImport_goesOnAfterAnInterruption(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	c, f := importing(t, 350, func(request int) int {
		if request == 3 {
			interrupt()
		}
		return 0
	})
	_, _, err := runImport(ctx, c)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "run the same command again to go on")
	f.mu.Lock()
	first := len(f.has)
	f.mu.Unlock()
	assert.Less(t, first, 352)
	stdout, _, err := runImport(t.Context(), c)
	require.NoError(t, err)
	assert.Len(t, f.has, 352)
	assert.Contains(t, stdout, fmt.Sprintf("messages       %d      %d      0\n", 351-first, first-1))
}

func TestImport_reportsWhatIsNoResource(t *testing.T) {
	t.Parallel()
	c, _ := importing(t, 1, nil)
	for name, text := range map[string]string{
		"cut.json":    `[{"sid":"IM` + strings.Repeat("a", 32) + `","index":1},{"sid":"IM`,
		"users.jsonl": `{"sid":"US1"}` + "\n" + `{"sid":"US2"}`,
		"notes.txt":   "not read",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(c.From, name), []byte(text), 0o600))
	}
	c.Report = filepath.Join(c.From, "report.jsonl")
	for range 2 { // the second time the report of the first is there
		stdout, _, err := runImport(t.Context(), c)
		require.EqualError(t, err, "refused: 3; "+c.Report+" says which, and why")
		assert.Regexp(t, `(?m)^no such resource +3$`, stdout)
		assert.Contains(t, stdout, "refused 2 times, first US1: its sid is not that of a conversation")
		assert.Contains(t, stdout, "refused 1 times, first "+filepath.Join(c.From, "cut.json")+": the JSON ends in the middle: the file was cut off\n")
		report, err := os.ReadFile(c.Report)
		require.NoError(t, err)
		lines := strings.Split(strings.TrimSpace(string(report)), "\n")
		require.Len(t, lines, 3)
		assert.JSONEq(t, `{"file":"`+filepath.Join(c.From, "users.jsonl")+`","place":"line 2","sid":"US2","outcome":"refused","code":null,
			"message":"its sid is not that of a conversation (CH), a participant (MB) or a message (IM)","notes":[]}`, lines[2])
	}
	info, err := os.Stat(c.Report)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestImport_whereWhatAnswersIsNotBridged(t *testing.T) {
	t.Parallel()
	url, _ := answering(t, http.StatusOK, `{"results":[]}`)
	c, _ := importing(t, 1, nil)
	c.URL = url
	_, _, err := runImport(t.Context(), c)
	require.ErrorContains(t, err, "is not bridged: it tells of 0 resources, where 1 were sent")
	c.Report = filepath.Join(c.From, "none", "report")
	_, _, err = runImport(t.Context(), c)
	require.ErrorContains(t, err, "--report: open ")
}

// The summary does not grow with what it counts.
func TestImportSummary_isBounded(t *testing.T) {
	t.Parallel()
	s := newImportSummary()
	for i := range 1000 {
		message := fmt.Sprintf("reason %d", i)
		s.add(importEntry{file: "f"}, importOutcome{Outcome: outcomeRefused, Message: &message, Notes: []string{message}})
	}
	assert.Equal(t, 1000, s.refused())
	assert.Len(t, s.reasons, maxReasons+1)
	var out bytes.Buffer
	require.NoError(t, s.print(&out, false))
	assert.Contains(t, out.String(), "refused 950 times, first f: other reasons\n")
	assert.Contains(t, out.String(), "noted 950 times, first of f: other reasons\n")
}

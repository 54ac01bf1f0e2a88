package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"

	"bridged/e2e/daemon"
	"bridged/e2e/fakecarrier"
)

// patientRetry lasts for as long as a test may take.
const patientRetry = "[retry]\nfirst = \"20ms\"\nmax = \"200ms\"\nattempts = 1000\nunknown_wait = \"300ms\"\nsend_timeout = \"1s\"\n"

// run runs the program in a folder, and returns how it ended.
func run(t *testing.T, dir, program string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), program, args...)
	var out, errs bytes.Buffer
	c.Dir, c.Stdout, c.Stderr = dir, &out, &errs
	if err := c.Run(); err != nil {
		exit := &exec.ExitError{}
		require.ErrorAs(t, err, &exit)
		status = exit.ExitCode()
	}
	return status, out.String(), errs.String()
}

// restore restores a backup into a folder, with the configuration of this world.
func (w *world) restore(dir, file string, more ...string) (status int, stdout, stderr string) {
	w.t.Helper()
	return run(w.t, dir, binary, append([]string{"restore", file, "--config", w.file}, more...)...)
}

// goOnIn ends the daemon as a crash would and starts another in a folder.
func (w *world) goOnIn(dir string) {
	w.t.Helper()
	require.NoError(w.t, w.Kill())
	w.dir = dir
	w.start()
}

// A backup is made while messages flow, and restored on a new machine: what was
// acknowledged before is there, with its files, and what was unfinished goes out.
func TestABackupUnderLoadIsRestored(t *testing.T) {
	t.Parallel()
	var restored atomic.Bool
	w := newWorld(t, setup{sqlite: true, withoutRetry: true, config: patientRetry, cloudFault: func(s fakecarrier.Sent) fakecarrier.Fault {
		return fakecarrier.Fault{Hang: s.Body == "on its way" && !restored.Load()}
	}})
	conversation := w.converse()
	const before = 30
	for n := range before {
		w.aliceWrites(fmt.Sprintf("SM%032d", n), fmt.Sprintf("before %d", n))
	}
	file := w.uploaded(w.service(), "car.png")
	_, err := w.api.CreateConversationMessage(conversation, &conversations.CreateConversationMessageParams{MediaSid: &file.SID})
	require.NoError(t, err)
	eventually(t, func() bool { return len(w.messages(conversation)) == before+1 }, "they are there")
	w.aliceWrites("SM00000000000000000000000000009999", "on its way")
	eventually(t, func() bool { return count(bodies(w.cloud.Sent()), "on its way") > 0 }, "it is under way")

	l := newLoad(w)
	stop := l.start()
	eventually(t, func() bool { return l.taken.Load() > 100 }, "there is load")
	path := filepath.Join(t.TempDir(), "backup.tar")
	status, stdout, stderr := w.command("backup", path)
	require.Zero(t, status, stderr)
	taken := l.taken.Load()
	eventually(t, func() bool { return l.taken.Load() > taken+100 }, "the relay went on")
	stop()
	assert.Regexp(t, `^`+path+`: 2\d conversations, \d+ messages, 1 files; \d+\.\d MB; schema \d+, made 20\S+Z by bridged `, stdout)
	assert.Contains(t, stdout, "It does not hold the configuration and its secrets ("+w.file+")")
	assert.Empty(t, stderr)

	fresh := t.TempDir()
	status, stdout, stderr = w.restore(fresh, path)
	require.Zero(t, status, stderr)
	assert.Contains(t, stdout, "restored: 2")
	restored.Store(true)
	sent := count(bodies(w.cloud.Sent()), "on its way")
	w.goOnIn(fresh)
	list := w.messages(conversation)
	require.Len(t, list, before+2)
	for n := range before {
		assert.Equal(t, fmt.Sprintf("before %d", n), *list[n].Body)
	}
	_, path, _ = strings.Cut(file.URL, "/v1/")
	fetched, content, _ := fetch(t, w.URL+"/v1/"+path+"/Content", true)
	assert.Equal(t, http.StatusOK, fetched)
	assert.Equal(t, picture, content)
	eventually(t, func() bool { return count(bodies(w.cloud.Sent()), "on its way") > sent }, "what was unfinished goes out")
	eventually(t, func() bool {
		return w.delivery(conversation, *w.messages(conversation)[before+1].Sid)["sent"] == "all"
	}, "and is settled")
	l.checkPrefix()
	w.aliceWrites("SM00000000000000000000000000000000", "before 0") // the carrier repeats itself
	w.aliceWrites("SM00000000000000000000000000008888", "and on")
	eventually(t, func() bool { return count(bodies(w.cloud.Sent()), "and on") == 1 }, "it goes on")
	assert.Len(t, w.messages(conversation), before+3, "a repeat is known as one")
}

// checkPrefix requires that what is there is what was acknowledged, up to some point.
func (l *load) checkPrefix() {
	for _, who := range l.writers {
		list := l.w.messages(who.conversation)
		require.LessOrEqual(l.w.t, len(list), len(who.acknowledged)+1)
		for i, m := range list[:min(len(list), len(who.acknowledged))] {
			require.Equal(l.w.t, who.acknowledged[i], *m.Body)
		}
	}
}

// What is no whole backup is refused, and the installation that is there stays.
func TestADamagedBackupIsNotRestored(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{sqlite: true})
	conversation := w.converse()
	w.aliceWrites("SM00000000000000000000000000000001", "before")
	eventually(t, func() bool { return len(w.messages(conversation)) == 1 }, "it is stored")
	dir := t.TempDir()
	path := filepath.Join(dir, "backup.tar")
	status, _, stderr := w.command("backup", path)
	require.Zero(t, status, stderr)
	status, _, stderr = w.command("backup", path)
	assert.Equal(t, 1, status)
	assert.Contains(t, stderr, "exists")
	status, _, stderr = w.command("backup", path, "--force")
	require.Zero(t, status, stderr)
	status, _, stderr = w.restore(w.dir, path, "--replace")
	assert.Equal(t, 1, status)
	assert.Contains(t, stderr, "another bridged is running on this data directory")

	require.NoError(t, w.Stop())
	status, _, stderr = w.restore(w.dir, path)
	assert.Equal(t, 1, status)
	assert.Contains(t, stderr, "--replace moves it aside")
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	for what, text := range map[string][]byte{"a cut": whole[:len(whole)-1000], "a flipped bit": flipped, "nothing": nil} {
		require.NoError(t, os.WriteFile(path, text, 0o600))
		status, stdout, stderr := w.restore(w.dir, path, "--replace")
		assert.Equal(t, 1, status, what)
		assert.Contains(t, stderr, "nothing was restored", what)
		assert.Empty(t, stdout, what)
	}
	w.start()
	assert.Len(t, w.messages(conversation), 1, "nothing was changed")

	require.NoError(t, os.WriteFile(path, whole, 0o600))
	w.aliceWrites("SM00000000000000000000000000000002", "after")
	eventually(t, func() bool { return len(w.messages(conversation)) == 2 }, "it is stored")
	require.NoError(t, w.Stop())
	status, stdout, stderr := w.restore(w.dir, path, "--replace")
	require.Zero(t, status, stderr)
	assert.Contains(t, stdout, "moved aside: ")
	w.start()
	assert.Len(t, w.messages(conversation), 1, "it is as it was at the backup")
}

// A limit on the size of files is how a test without privileges makes the disk full.
func TestADiskThatBecomesFullLeavesNoBackup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{sqlite: true})
	dir := t.TempDir()
	status, stdout, stderr := run(t, dir, "/bin/sh", "-c", `ulimit -f 100; exec "$0" "$@"`,
		binary, "backup", "backup.tar", "--config", w.file, "--url", w.URL)
	assert.Equal(t, 1, status)
	assert.Contains(t, stderr, "file too large")
	assert.Contains(t, stderr, "there is no backup in backup.tar")
	assert.Empty(t, stdout)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, entries)
	answer := w.requestWith(http.MethodHead, "/bridged/v1/backup", "", http.NoBody, nil)
	answer.Body.Close()
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	eventually(t, func() bool {
		left, err := filepath.Glob(filepath.Join(w.dir, "bridged-data", "*.backup-*"))
		return err == nil && len(left) == 0
	}, "the copy is removed")
}

// In a folder with nothing in it a backup becomes an installation with credentials of
// its own.
func TestABackupIsRestoredWithoutAConfiguration(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{sqlite: true})
	path := filepath.Join(t.TempDir(), "backup.tar")
	status, _, stderr := w.command("backup", path)
	require.Zero(t, status, stderr)
	fresh := t.TempDir()
	status, _, stderr = run(t, fresh, binary, "restore", path)
	require.Zero(t, status, stderr)
	assert.NoFileExists(t, filepath.Join(fresh, "bridged-data", "credentials.toml"))
	d, err := daemon.Start(t.Context(), daemon.Options{Binary: binary, Dir: fresh, Args: []string{"serve"}, Env: []string{
		"BRIDGED_SERVER_LISTEN=127.0.0.1:0", "BRIDGED_ADMIN_LISTEN=127.0.0.1:0",
	}})
	require.NoError(t, err)
	defer endsWell(t, d)
	eventually(t, func() bool { return strings.Contains(d.Stdout(), "Auth token:") }, "it shows the credentials that it made")
}

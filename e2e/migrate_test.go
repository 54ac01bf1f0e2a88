package e2e

import (
	"os/exec"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/fakecarrier"
	"bridged/store/storetest"
)

// An installation moves to PostgreSQL in the midst of its work, and goes on there.
func TestAnInstallationMovesToPostgreSQL(t *testing.T) {
	t.Parallel()
	var moved atomic.Bool
	// The attempts must last for as long as it takes to make a database server.
	retry := "[retry]\nfirst = \"20ms\"\nmax = \"200ms\"\nattempts = 1000\nunknown_wait = \"300ms\"\nsend_timeout = \"1s\"\n"
	w := newWorld(t, setup{sqlite: true, withoutRetry: true, config: retry, cloudFault: func(s fakecarrier.Sent) fakecarrier.Fault {
		return fakecarrier.Fault{Hang: s.Body == "on its way" && !moved.Load()}
	}})
	conversation := w.converse()
	w.aliceWrites("SM00000000000000000000000000000001", "before")
	eventually(t, func() bool { return len(w.cloud.Sent()) == 1 }, "it is relayed")
	w.bobWrites("wamid.1", "an answer")
	eventually(t, func() bool { return len(w.twilio.Sent()) == 1 }, "so is the answer")
	w.aliceWrites("SM00000000000000000000000000000002", "on its way")
	eventually(t, func() bool { d := w.detailOf(conversation, 2); return d != nil && d.Progress == "sending" }, "it is under way")

	place := storetest.NewPostgreSQL(t)
	migrate := func() (string, error) {
		command := exec.Command(binary, "migrate", "--from", "sqlite:bridged-data/bridged.db", "--to", place.URL)
		command.Dir = w.dir
		out, err := command.CombinedOutput()
		return string(out), err
	}
	out, err := migrate()
	require.Error(t, err)
	assert.Contains(t, out, "another bridged is running")
	before := w.messages(conversation)
	require.NoError(t, w.Kill())
	out, err = migrate()
	require.NoError(t, err, out)
	assert.Contains(t, out, "set store.url")

	moved.Store(true)
	w.place = place
	w.start()
	after := w.messages(conversation)
	require.Len(t, after, len(before))
	for i := range before {
		assert.Equal(t, *before[i].Sid, *after[i].Sid)
		assert.Equal(t, *before[i].Body, *after[i].Body)
	}
	w.bobWrites("wamid.1", "an answer") // again: the carrier's repeat is known here too
	w.bobWrites("wamid.2", "and on")
	eventually(t, func() bool { return count(bodies(w.twilio.Sent()), "and on") == 1 }, "it goes on")
	eventually(t, func() bool { d := w.detailOf(conversation, 2); return d != nil && d.Status == "sent" }, "what was on its way arrives")
	assert.Len(t, w.messages(conversation), 4)
}

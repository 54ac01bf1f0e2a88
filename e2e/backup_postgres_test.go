package e2e

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"

	"bridged/e2e/fakecarrier"
	"bridged/store/storetest"
	"bridged/store/storetest/pgserver"
)

// The commands of docs/operations.md, onto a server that is new: its transactions have
// lower numbers than those that made the rows.
func TestAnInstallationOnPostgreSQLIsBackedUpAndRestored(t *testing.T) {
	t.Parallel()
	var restored atomic.Bool
	w := newWorld(t, setup{place: storetest.NewPostgreSQL(t), withoutRetry: true, config: patientRetry, cloudFault: func(s fakecarrier.Sent) fakecarrier.Fault {
		return fakecarrier.Fault{Hang: s.Body == "on its way" && !restored.Load()}
	}})
	status, _, stderr := w.command("backup", "backup.tar")
	assert.Equal(t, 1, status)
	assert.Contains(t, stderr, "back up PostgreSQL with pg_dump")

	conversation := w.converse()
	w.aliceWrites("SM00000000000000000000000000000001", "before")
	file := w.uploaded(w.service(), "car.png")
	_, err := w.api.CreateConversationMessage(conversation, &conversations.CreateConversationMessageParams{MediaSid: &file.SID})
	require.NoError(t, err)
	eventually(t, func() bool { return len(w.messages(conversation)) == 2 }, "it is stored")
	w.aliceWrites("SM00000000000000000000000000000002", "on its way")
	eventually(t, func() bool { return count(bodies(w.cloud.Sent()), "on its way") > 0 }, "it is under way")

	backups := t.TempDir()
	dump := filepath.Join(backups, "bridged.dump")
	status, _, stderr = run(t, w.dir, "pg_dump", "--format=custom", "--file="+dump, w.place.URL)
	require.Zero(t, status, stderr)
	require.NoError(t, os.CopyFS(filepath.Join(backups, "media"), os.DirFS(filepath.Join(w.dir, "bridged-data", "media"))))

	server, err := pgserver.Start(t.Context(), pgserver.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	url, err := server.CreateDatabase(t.Context(), "")
	require.NoError(t, err)
	status, _, stderr = run(t, w.dir, "pg_restore", "--single-transaction", "--no-owner", "--dbname="+url, dump)
	require.Zero(t, status, stderr)
	fresh := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(fresh, "bridged-data", "media"), os.DirFS(filepath.Join(backups, "media"))))
	restored.Store(true)
	w.place = &storetest.Place{URL: url}
	w.goOnIn(fresh)
	require.Len(t, w.messages(conversation), 3)
	eventually(t, func() bool {
		return w.delivery(conversation, *w.messages(conversation)[2].Sid)["sent"] == "all"
	}, "what was unfinished goes out")
	w.aliceWrites("SM00000000000000000000000000000001", "before") // the carrier repeats itself
	w.aliceWrites("SM00000000000000000000000000000003", "and on")
	eventually(t, func() bool { return count(bodies(w.cloud.Sent()), "and on") == 1 }, "it goes on")
	assert.Len(t, w.messages(conversation), 4)
	eventually(t, func() bool {
		var found struct {
			Results []map[string]any `json:"results"`
		}
		w.call("GET", "/bridged/v1/search?Query=and+on", nil, &found)
		return len(found.Results) == 1
	}, "who reads the events goes on too")
	require.NoError(t, w.Stop())
}

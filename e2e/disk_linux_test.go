package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"bridged/e2e/fakecarrier"
)

// A limit on the size of files is how a test without privileges makes every
// write to the store fail, as a full disk does.
func TestADiskThatTakesNothingLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{sqlite: true})
	conversation := w.converse()
	w.aliceWrites("SM00000000000000000000000000000001", "before")
	eventually(t, func() bool { return len(w.messages(conversation)) == 1 }, "it is stored")

	var before unix.Rlimit
	require.NoError(t, unix.Prlimit(w.PID(), unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 1, Max: unix.RLIM_INFINITY}, &before))
	message := fakecarrier.Message{ID: "SM00000000000000000000000000000002", From: alice, To: smsProxy, Body: "is there room?"}
	for range 3 {
		w.refusedForNow(message)
	}
	assert.Equal(t, http.StatusServiceUnavailable, w.readiness())
	assert.Len(t, w.messages(conversation), 1, "what is stored can be read")

	require.NoError(t, unix.Prlimit(w.PID(), unix.RLIMIT_FSIZE, &before, nil))
	w.accepted(w.twilio.Post(t.Context(), w.URL+"/hooks/sms-main", message))
	eventually(t, func() bool { return len(w.cloud.Sent()) == 2 }, "it recovers by itself")
	assert.Equal(t, []string{"before", "is there room?"}, bodies(w.cloud.Sent()))
	assert.Equal(t, http.StatusOK, w.readiness())
}

package e2e

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/fakecarrier"
)

// bobSecret is in what Bob wrote.
const bobSecret = "theblueheronatmidnight"

// filesWith are the files of the data directory whose bytes have a text in them.
func (w *world) filesWith(text string) (list []string) {
	w.t.Helper()
	require.NoError(w.t, filepath.WalkDir(filepath.Join(w.dir, "bridged-data"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(text)) {
			list = append(list, filepath.Base(path))
		}
		return err
	}))
	return list
}

// found is how much the search finds.
func (w *world) found(query string) int {
	w.t.Helper()
	var page struct{ Results []any }
	require.Equal(w.t, http.StatusOK, w.call(http.MethodGet, "/bridged/v1/search?Query="+url.QueryEscape(query), nil, &page))
	return len(page.Results)
}

// bobTells has Bob write under both of his names, with a file and in two
// conversations, while a webhook takes nothing.
func (w *world) bobTells() (conversation string) {
	w.t.Helper()
	conversation = w.converse()
	w.bobWrites("wamid.0", "good evening")
	eventually(w.t, func() bool { return len(w.messages(conversation)) == 1 }, "Bob is heard")
	deaf := httptest.NewServer(http.HandlerFunc(func(h http.ResponseWriter, _ *http.Request) { h.WriteHeader(http.StatusInternalServerError) }))
	w.t.Cleanup(deaf.Close)
	require.Equal(w.t, http.StatusCreated, w.call(http.MethodPost, "/v1/Conversations/"+conversation+"/Webhooks", url.Values{
		"Target": {"webhook"}, "Configuration.Url": {deaf.URL}, "Configuration.Filters": {"onMessageAdded"},
	}, nil))
	w.accepted(w.cloud.Post(w.t.Context(), w.URL+"/hooks/wa-main",
		fakecarrier.Message{ID: "wamid.1", From: bobNumber, UserID: bobID, Body: bobSecret}))
	eventually(w.t, func() bool { return len(w.messages(conversation)) == 2 }, "Bob is heard again")
	file := w.uploaded(w.service(), bobSecret+".png")
	require.Equal(w.t, http.StatusCreated, w.call(http.MethodPost, "/v1/Conversations/"+conversation+"/Messages",
		url.Values{"Author": {bob}, "Body": {"a picture " + bobSecret}, "MediaSid": {file.SID}}, nil))
	w.aliceWrites("SM00000000000000000000000000000001", "see you there")
	w.write(conversation, "from the operator")
	eventually(w.t, func() bool { return len(w.cloud.Sent()) == 2 && len(w.twilio.Sent()) >= 4 }, "everybody has everything")
	w.accepted(w.cloud.Post(w.t.Context(), w.URL+"/hooks/wa-main", fakecarrier.Message{ID: "wamid.2", From: "15550300003", Body: "a stranger"}))
	eventually(w.t, func() bool { return w.found(bobSecret) > 0 && len(w.unrouted()) == 1 }, "all is indexed")
	return conversation
}

func TestAPersonIsErasedToTheLastByte(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{sqlite: true})
	conversation := w.bobTells()
	require.NotEmpty(t, w.filesWith(bobNumber))
	require.NotEmpty(t, w.filesWith(bobSecret))

	status, stdout, stderr := w.command("erase", "--address", "+"+bobNumber)
	assert.Equal(t, 1, status)
	assert.Contains(t, stderr, "nothing was removed: add --yes")
	assert.Regexp(t, `would go: +3 +messages`, stdout)
	require.Len(t, w.messages(conversation), 5)

	status, stdout, stderr = w.command("erase", "--address", "+"+bobNumber, "--yes")
	require.Zero(t, status, stderr)
	assert.Regexp(t, `removed: +3 +messages`, stdout)
	assert.Regexp(t, `removed: +1 +files`, stdout)
	assert.Regexp(t, `removed: +1 +participants`, stdout)
	assert.Regexp(t, `removed: +2 +deliveries`, stdout)
	assert.Regexp(t, `removed: +1 +aliases`, stdout)
	assert.Contains(t, stdout, "no column of the store names the person any more")

	for _, text := range []string{bobNumber, bobID, bobSecret} {
		assert.Empty(t, w.filesWith(text), text)
		assert.Zero(t, w.found(text), text)
	}
	assert.Empty(t, w.filesOnDisk())
	w.othersStay(conversation)

	// Whoever writes anew is new.
	require.NoError(t, w.addPair(w.newConversation(), bob, whatsappProxy), "his pair is free")
	require.NoError(t, w.Stop())
	w.start()
	w.othersStay(conversation)
}

// othersStay requires that what Alice and the operator wrote is as it was, and that its
// summary is what its receipts say.
func (w *world) othersStay(conversation string) {
	w.t.Helper()
	list := w.messages(conversation)
	require.Len(w.t, list, 2)
	assert.Equal(w.t, "see you there", *list[0].Body)
	assert.Equal(w.t, 3, list[0].Index, "indices stay")
	assert.Equal(w.t, "from the operator", *list[1].Body)
	assert.Empty(w.t, w.receipts(conversation, *list[0].Sid), "only Bob had it")
	assert.Len(w.t, w.receipts(conversation, *list[1].Sid), 1)
	summary, err := json.Marshal(list[1].Delivery)
	require.NoError(w.t, err)
	assert.Contains(w.t, string(summary), `"total":1`)
	assert.Len(w.t, w.unrouted(), 1)
	people, err := w.api.ListConversationParticipant(conversation, nil)
	require.NoError(w.t, err)
	require.Len(w.t, people, 1)
}

// The words of others stay, and the proof says where they name the person.
func TestWhatOthersSayOfAPersonIsToldAndStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	w.write(conversation, "his number is "+bob)
	eventually(t, func() bool { return len(w.cloud.Sent()) == 1 && w.found("number") == 1 }, "it is sent and indexed")
	var e struct {
		ID      *int64
		State   string
		Removed map[string]int
		Left    []struct {
			Table, Column string
			Rows          int
		}
		Problem *string
	}
	form := url.Values{"Address": {bob}, "DryRun": {"true"}}
	require.Equal(t, http.StatusOK, w.call(http.MethodPost, "/bridged/v1/erasures", form, &e))
	assert.Nil(t, e.ID)
	form.Del("DryRun")
	require.Equal(t, http.StatusAccepted, w.call(http.MethodPost, "/bridged/v1/erasures", form, &e))
	at := "/bridged/v1/erasures/" + strconv.FormatInt(*e.ID, 10)
	eventually(t, func() bool {
		require.Equal(t, http.StatusOK, w.call(http.MethodGet, at, nil, &e))
		return e.State == "done"
	}, "it is done")
	assert.Nil(t, e.Problem)
	assert.Equal(t, 1, e.Removed["participants"])
	require.NotEmpty(t, e.Left)
	assert.Equal(t, "messages.body", e.Left[0].Table+"."+e.Left[0].Column)
	for _, l := range e.Left {
		assert.Contains(t, []string{"messages", "search_entries", "search_words_data"}, l.Table)
	}
	assert.Len(t, w.messages(conversation), 1)
}

func TestWhoCannotBeErased(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	for _, address := range []string{"", "12345", "bob", smsProxy, whatsappProxy, "whatsapp:" + smsProxy} {
		var refusal struct{ Message string }
		require.Equal(t, http.StatusBadRequest, w.call(http.MethodPost, "/bridged/v1/erasures", url.Values{"Address": {address}}, &refusal), address)
		assert.NotEmpty(t, refusal.Message)
	}
	require.Equal(t, http.StatusNotFound, w.call(http.MethodGet, "/bridged/v1/erasures/1", nil, nil))
	status, _, stderr := w.command("erase", "--yes")
	assert.Equal(t, 2, status)
	assert.Contains(t, stderr, "--address")
}

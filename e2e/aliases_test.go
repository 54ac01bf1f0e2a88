package e2e

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"

	"bridged/e2e/fakecarrier"
	"bridged/store/storetest"
)

// Bob as Meta calls him: his number, and the id that it gives this business.
const (
	bobNumber = "15550300002"
	bobID     = "US.13491208655302741918"
	bobByID   = "whatsapp:" + bobID
)

// bobWritesAs delivers a message of Bob's to a daemon, by the names that are not
// empty.
func (w *world) bobWritesAs(daemonURL, id, number, userID string) {
	w.t.Helper()
	w.accepted(w.cloud.Post(w.t.Context(), daemonURL+"/hooks/wa-main",
		fakecarrier.Message{ID: "wamid." + id, From: number, UserID: userID, Body: id}))
}

// textsIn are the texts of a conversation, in order.
func (w *world) textsIn(conversation string) (list []string) {
	w.t.Helper()
	for _, m := range w.messages(conversation) {
		list = append(list, *m.Body)
	}
	return list
}

// emptyRoom makes a conversation without anybody in it and returns its SID.
func (w *world) emptyRoom() string {
	w.t.Helper()
	c, err := w.api.CreateConversation(&conversations.CreateConversationParams{})
	require.NoError(w.t, err)
	return *c.Sid
}

// A person writes by the number, then by the id, then by both.
func TestAPersonWithTwoNamesIsInOneConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	c := w.converse()
	w.bobWritesAs(w.URL, "1", bobNumber, "")
	eventually(t, func() bool { return len(w.textsIn(c)) == 1 }, "the number is in a conversation")
	w.bobWritesAs(w.URL, "2", bobNumber, bobID)
	var want []string
	for i := 3; i <= 20; i++ {
		switch i % 3 {
		case 0:
			w.bobWritesAs(w.URL, strconv.Itoa(i), "", bobID)
		case 1:
			w.bobWritesAs(w.URL, strconv.Itoa(i), bobNumber, bobID)
		default:
			w.bobWritesAs(w.URL, strconv.Itoa(i), bobNumber, "")
		}
	}
	for i := 1; i <= 20; i++ {
		want = append(want, strconv.Itoa(i))
	}
	eventually(t, func() bool { return len(w.textsIn(c)) == len(want) }, "all are in it")
	assert.Equal(t, want, w.textsIn(c), "in the order in which they came")
	for _, m := range w.messages(c) {
		assert.Equal(t, bob, *m.Author)
	}
	eventually(t, func() bool { return len(w.twilio.Sent()) == len(want) }, "Alice gets them")
	assert.Equal(t, want, bodies(w.twilio.Sent()))
	for _, s := range w.twilio.Sent() {
		assert.NotContains(t, s.Raw, bobNumber)
		assert.NotContains(t, s.Raw, bobID)
	}

	var explained struct {
		ConversationSID string `json:"conversation_sid"`
	}
	path := "/bridged/v1/routing/explain?From=" + url.QueryEscape(bobByID) + "&To=" + url.QueryEscape(whatsappProxy)
	require.Equal(t, http.StatusOK, w.call(http.MethodGet, path, nil, &explained))
	assert.Equal(t, c, explained.ConversationSID)
}

// Who keeps the number from businesses is added, written to and heard by the id.
func TestABusinessScopedIDIsAnAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	c := w.emptyRoom()
	w.join(c, bobByID, whatsappProxy)
	sent := w.write(c, "hello")
	eventually(t, func() bool { return len(w.cloud.Sent()) == 1 }, "it is sent")
	got := w.cloud.Sent()[0]
	assert.Equal(t, bobID, got.To)
	w.accepted(w.cloud.PostValue(t.Context(), w.URL+"/hooks/wa-main", map[string]any{"statuses": []any{map[string]any{
		"id": got.ID, "status": "read", "timestamp": strconv.FormatInt(time.Now().Unix(), 10), "recipient_id": "", "recipient_user_id": bobID,
	}}}))
	eventually(t, func() bool {
		receipts := w.receipts(c, sent)
		return len(receipts) == 1 && receipts[0].Status != nil && *receipts[0].Status == "read"
	}, "its receipt says so")

	w.bobWritesAs(w.URL, "1", "", bobID)
	w.bobWritesAs(w.URL, "2", bobNumber, bobID) // now Meta tells the number too
	w.bobWritesAs(w.URL, "3", bobNumber, "")
	eventually(t, func() bool { return len(w.textsIn(c)) == 4 }, "he is heard by either name")
	assert.Equal(t, []string{"hello", "1", "2", "3"}, w.textsIn(c))
	assert.Equal(t, bobByID, *w.messages(c)[3].Author)
	w.write(c, "goodbye")
	eventually(t, func() bool { return len(w.cloud.Sent()) == 2 }, "it is sent")
	assert.Equal(t, bobID, w.cloud.Sent()[1].To, "to the address that he was added by")
}

// Two conversations turn out to have the same person: the older one gets the
// messages, and the operator is shown both.
func TestAnAliasConflictIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	older, newer := w.emptyRoom(), w.emptyRoom()
	w.join(older, bobByID, whatsappProxy)
	w.join(newer, bob, whatsappProxy)
	w.bobWritesAs(w.URL, "1", bobNumber, bobID)
	w.bobWritesAs(w.URL, "2", bobNumber, "")
	eventually(t, func() bool { return len(w.textsIn(older)) == 2 }, "the older one gets them")
	assert.Empty(t, w.textsIn(newer))
	var list struct {
		Conflicts []struct {
			Alias   string `json:"alias"`
			Address string `json:"address"`
			Kept    string `json:"kept_conversation_sid"`
			Freed   string `json:"freed_conversation_sid"`
		} `json:"alias_conflicts"`
	}
	require.Equal(t, http.StatusOK, w.call(http.MethodGet, "/bridged/v1/alias-conflicts", nil, &list))
	require.Len(t, list.Conflicts, 1)
	assert.Equal(t, []string{bobByID, bob, older, newer},
		[]string{list.Conflicts[0].Alias, list.Conflicts[0].Address, list.Conflicts[0].Kept, list.Conflicts[0].Freed})
	require.Contains(t, w.Log(), "under two names")
	for line := range strings.Lines(w.Log()) {
		if strings.Contains(line, "under two names") {
			assert.NotContains(t, line, bobNumber)
			assert.NotContains(t, line, bobID)
		}
	}
}

// What one process learns holds for the others from its commit on.
func TestWhatOneProcessLearnsAllKnow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{place: storetest.NewPostgreSQL(t)})
	other := w.startAnother(t.TempDir())
	t.Cleanup(func() { endsWell(t, other) })
	c := w.emptyRoom()
	w.join(c, bob, whatsappProxy)
	w.bobWritesAs(w.URL, "1", bobNumber, bobID)
	w.bobWritesAs(other.URL, "2", "", bobID)
	w.bobWritesAs(w.URL, "3", "", bobID)
	w.bobWritesAs(other.URL, "4", bobNumber, "")
	eventually(t, func() bool { return len(w.textsIn(c)) == 4 }, "all come to one conversation")
	assert.Equal(t, []string{"1", "2", "3", "4"}, w.textsIn(c))
}

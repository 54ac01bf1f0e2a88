package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"

	"bridged/store/storetest"
)

// searchPage is an answer of /bridged/v1/search.
type searchPage struct {
	Results []struct {
		Type            string
		SID             string
		ConversationSID string `json:"conversation_sid"`
		ChatServiceSID  string `json:"chat_service_sid"`
		Field           string
		Snippet         string
		URL             string
	}
	Meta struct {
		NextPageURL *string `json:"next_page_url"`
	}
	Code    int
	Message string
}

// search returns the SIDs of what a query finds, newest first, from all pages.
func (w *world) search(query string, types ...string) []string {
	w.t.Helper()
	sids := []string{}
	path := "/bridged/v1/search?" + url.Values{"Query": {query}, "Type": types, "PageSize": {"3"}}.Encode()
	for {
		var page searchPage
		require.Equal(w.t, http.StatusOK, w.call(http.MethodGet, path, nil, &page), page.Message)
		for _, r := range page.Results {
			sids = append(sids, r.SID)
		}
		if page.Meta.NextPageURL == nil {
			return sids
		}
		next, err := url.Parse(*page.Meta.NextPageURL)
		require.NoError(w.t, err)
		path = next.RequestURI()
	}
}

func (w *world) searchFinds(n int, query string, types ...string) {
	w.t.Helper()
	eventually(w.t, func() bool { return len(w.search(query, types...)) == n }, "%q finds %d", query, n)
}

func TestWhatPeopleWriteIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	w.aliceWrites("SM00000000000000000000000000000001", "Ich stehe vor der Tür, Straße 7")
	w.bobWrites("wamid.1", "The door is open")
	w.searchFinds(1, "TUR strasse")
	w.searchFinds(1, `"door is`)
	w.searchFinds(1, "a deliv", "conversation")
	w.searchFinds(1, "0001", "participant,message")
	w.searchFinds(1, "+1 555 030")

	var page searchPage
	require.Equal(t, http.StatusOK, w.call(http.MethodGet, "/bridged/v1/search?Query=t%C3%BCr", nil, &page))
	require.Len(t, page.Results, 1)
	found := page.Results[0]
	assert.Equal(t, []string{"message", "body", "Ich stehe vor der Tür, Straße 7", conversation}, []string{found.Type, found.Field, found.Snippet, found.ConversationSID})
	assert.True(t, strings.HasSuffix(found.URL, "/v1/Conversations/"+conversation+"/Messages/"+found.SID), found.URL)
	at, err := url.Parse(found.URL)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, w.call(http.MethodGet, at.Path, nil, nil), "it is there")

	for query, want := range map[string]string{
		"":                                  "Query is missing",
		"Query=":                            "no letter and no digit",
		"Query=%22%F0%9F%99%82%22":          "no letter and no digit",
		"Query=" + strings.Repeat("a", 201): "it has 201 characters",
		"Query=a&Type=flow":                 "Type must be",
	} {
		var refusal searchPage
		assert.Equal(t, http.StatusBadRequest, w.call(http.MethodGet, "/bridged/v1/search?"+query, nil, &refusal), query)
		assert.Equal(t, 20001, refusal.Code)
		assert.Contains(t, refusal.Message, want)
	}
	for _, odd := range []string{`a" OR "`, "NEAR(a b", "words:a", "a:* & !b", "'a \\", "%a_", "(((a", "a*b", "-a"} {
		assert.Equal(t, http.StatusOK, w.call(http.MethodGet, "/bridged/v1/search?Query="+url.QueryEscape(odd), nil, nil), odd)
	}
}

func TestWhatIsChangedOrDeletedIsNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation, other := w.converse(), w.newConversation()
	first, second := w.write(conversation, "needle one"), w.write(conversation, "needle two")
	kept := w.write(other, "needle three")
	w.searchFinds(3, "needle")

	_, err := w.api.UpdateConversationMessage(conversation, first, &conversations.UpdateConversationMessageParams{Body: ptr("thread")})
	require.NoError(t, err)
	assert.Equal(t, []string{kept, second}, w.search("needle"), "at once")
	w.searchFinds(1, "thread")
	require.NoError(t, w.api.DeleteConversationMessage(conversation, second, nil))
	assert.Equal(t, []string{kept}, w.search("needle"), "at once")
	require.NoError(t, w.api.DeleteConversation(conversation, nil))
	assert.Empty(t, w.search("thread"), "at once")
	assert.Empty(t, w.search("0001"), "at once")
	assert.Equal(t, []string{kept}, w.search("needle"))
}

// The daemon is killed again and again while it takes messages: all that it has
// acknowledged is found, once.
func TestACrashLosesNothingOfTheIndex(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.newConversation()
	n := 0
	for range 4 {
		for range 25 {
			w.write(conversation, fmt.Sprintf("needle %d", n))
			n++
		}
		require.NoError(t, w.Kill())
		w.start()
	}
	w.searchFinds(n, "needle")
	sids := map[string]bool{}
	for _, sid := range w.search("needle") {
		sids[sid] = true
	}
	assert.Len(t, sids, n)
}

// Two daemons on one database: what either of them takes is found through both,
// also when the one that kept the index is gone.
func TestTwoDaemonsKeepOneIndex(t *testing.T) {
	t.Parallel()
	place := storetest.NewPostgreSQL(t)
	w := newWorld(t, setup{place: place})
	other := &world{Daemon: w.startAnother(t.TempDir()), t: t}
	other.api = helperLibrary(other.URL, account, authToken)
	conversation := w.newConversation()
	for i := range 40 {
		w.write(conversation, fmt.Sprintf("needle %d", i))
		other.write(conversation, fmt.Sprintf("needle again %d", i))
	}
	w.searchFinds(80, "needle")
	other.searchFinds(80, "needle")
	endsWell(t, other.Daemon)
	w.write(conversation, "needle at last")
	w.searchFinds(81, "needle")
	var entries int
	require.NoError(t, place.SQL(t).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM search_entries WHERE kind = 'message'").Scan(&entries))
	assert.Equal(t, 81, entries, "each once")
}

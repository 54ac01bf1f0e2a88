package api_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
	"bridged/twilio"
)

// pageSize is that of the pages that are measured.
const pageSize = 20

// BenchmarkAPageOfMessages is one request for a page of a conversation's messages,
// each with a receipt, from the router to the JSON and without the network. A page
// is to cost the same wherever it is in the list, and however long the list is.
func BenchmarkAPageOfMessages(b *testing.B) {
	lists := map[int]*installation{}
	lengths := []int{100, 100_000}
	for _, length := range lengths {
		lists[length] = newInstallation(b)
		lists[length].fill(b, length)
	}
	for _, place := range []struct {
		name  string
		after func(length int) int // so many messages come before the page
	}{
		{"first", func(int) int { return 0 }},
		{"middle", func(length int) int { return length/2 - pageSize/2 }},
		{"last", func(length int) int { return length - pageSize }},
	} {
		for _, length := range lengths {
			in, after := lists[length], place.after(length)
			target := in.pageAfter(b, after, pageSize)
			page := do(b, in, http.MethodGet, target, "").json(b)["messages"].([]any)
			require.Len(b, page, pageSize)
			require.EqualValues(b, after, page[0].(map[string]any)["index"])
			require.NotNil(b, page[0].(map[string]any)["delivery"])
			b.Run(fmt.Sprintf("page=%s/of=%d", place.name, length), func(b *testing.B) {
				for b.Loop() {
					do(b, in, http.MethodGet, target, "")
				}
			})
		}
	}
}

// fill makes another conversation of so many messages to the native participant.
func (in *installation) fill(b *testing.B, messages int) {
	b.Helper()
	made := do(b, in, http.MethodPost, "/v1/Conversations", "FriendlyName=Long").json(b)
	in.conversation = made["sid"].(string)
	c, ok := twilio.ParseSID[conversations.ConversationID](in.conversation)
	require.True(b, ok)
	p, ok := twilio.ParseSID[conversations.ParticipantID](in.native)
	require.True(b, ok)
	const batch = 1000 // in one commit
	for from := 0; from < messages; from += batch {
		require.NoError(b, in.db.Update(b.Context(), func(tx *store.Tx) error {
			for n := from; n < min(from+batch, messages); n++ {
				m := conversations.Message{
					ID: conversations.NewID[conversations.MessageID](at(n)), Conversation: c, Index: int64(n), Author: "ada",
					Body: ptr("message " + strconv.Itoa(n)), Attributes: "{}", Created: at(n), Updated: at(n),
				}
				d := conversations.Delivery{
					ID: conversations.NewID[conversations.DeliveryID](at(n)), Conversation: c, Message: m.ID, Participant: p, Channel: "sms",
					Address: "+15550001111", Proxy: ourNumber, Status: conversations.StatusDelivered, Progress: conversations.ProgressDone,
					Created: at(n), Updated: at(n),
				}
				if err := errors.Join(tx.InsertMessage(m), tx.InsertDelivery(&d)); err != nil {
					return err
				}
			}
			return nil
		}))
	}
}

// pageAfter follows the list's own URLs to the page before which so many messages
// come, and returns its URL.
func (in *installation) pageAfter(b *testing.B, messages, size int) string {
	b.Helper()
	list, token := "/v1/Conversations/"+in.conversation+"/Messages", ""
	for done := 0; done < messages; {
		step := min(messages-done, twilio.MaxMessages)
		a := do(b, in, http.MethodGet, pageURL(list, token, step), "")
		next, err := url.Parse(a.json(b)["meta"].(map[string]any)["next_page_url"].(string))
		require.NoError(b, err)
		token = next.Query().Get("PageToken")
		done += step
	}
	return pageURL(list, token, size)
}

func pageURL(list, token string, size int) string {
	return list + "?PageSize=" + strconv.Itoa(size) + "&PageToken=" + token
}

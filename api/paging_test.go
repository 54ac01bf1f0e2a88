package api_test

import (
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/api"
	"bridged/conversations"
)

// id makes the n-th identifier.
func id(n int) string { return other[:29] + strconv.Itoa(100+n) }

// crowded is a world in which every list has n entries.
func crowded(n int) *world {
	w := newWorld()
	for i := 1; i < n; i++ {
		c, p, m, d := w.conversations[0], w.participants[0], w.messages[0], w.deliveries[0]
		c.Seq, c.ID = int64(i+1), conversations.ConversationID(id(i))
		p.Seq, p.ID = int64(i+1), conversations.ParticipantID(id(i))
		m.Index, m.ID = int64(i), conversations.MessageID(id(i))
		d.Seq, d.ID = int64(i+1), conversations.DeliveryID(id(i))
		w.conversations, w.participants = append(w.conversations, c), append(w.participants, p)
		w.messages, w.deliveries = append(w.messages, m), append(w.deliveries, d)
	}
	for i := range n {
		w.deadLetters = append(w.deadLetters, conversations.DeadLetter{Seq: int64(i + 1), Topic: "inbound", Created: at(i)})
		w.contents = append(w.contents, conversations.Content{Seq: int64(i + 1), ID: conversations.ContentID(id(i))})
		w.aliasConflicts = append(w.aliasConflicts, conversations.AliasConflict{Seq: int64(i + 1), Created: at(i)})
		w.optOuts = append(w.optOuts, conversations.OptOut{Seq: int64(i + 1), Created: at(i)})
		w.unrouted = append(w.unrouted, conversations.InboundRecord{Seq: int64(i + 1), Received: at(i)})
	}
	return w
}

// TestEveryListIsWalkedBothWays follows the URLs that the pages give out: the
// way forward meets every entry once and in order, and the way back too.
func TestEveryListIsWalkedBothWays(t *testing.T) {
	t.Parallel()
	const in = "/v1/Conversations/CH" + digits
	for _, tt := range []struct{ list, key string }{
		{"/v1/Conversations?PageSize=3&", "conversations"},
		{"/v1/Conversations?StartDate=2024-05-01&EndDate=2024-05-01&State=active&PageSize=3&", "conversations"},
		{"/v1/Services/" + service + "/Conversations?PageSize=3&", "conversations"},
		{in + "/Participants?PageSize=3&", "participants"},
		{in + "/Messages?PageSize=3&", "messages"},
		{in + "/Messages?Order=desc&PageSize=3&", "messages"},
		{in + "/Messages/IM" + digits + "/Receipts?PageSize=3&", "delivery_receipts"},
		{"/v1/Content?PageSize=3&", "contents"},
		{"/bridged/v1/dead-letters?PageSize=3&", "dead_letters"},
		{"/bridged/v1/deliveries?State=failed&Channel=main&PageSize=3&", "deliveries"},
		{"/bridged/v1/unrouted?PageSize=3&", "unrouted"},
		{"/bridged/v1/alias-conflicts?PageSize=3&", "alias_conflicts"},
		{"/bridged/v1/opt-outs?PageSize=3&", "opt_outs"},
		{"/bridged/v1/inbox?ChatServiceSid=" + service + "&State=active&Channel=sms&PageSize=3&", "conversations"},
		{"/bridged/v1/search?Query=a+%26+b&Type=message&Type=user&PageSize=3&", "results"},
	} {
		t.Run(tt.list, func(t *testing.T) {
			t.Parallel()
			h := api.New(config(crowded(8)))
			first := public + tt.list + "Page=0"
			forward, last := walk(t, h, first, tt.key, "next_page_url")
			require.Len(t, forward, 3)
			assert.Equal(t, []int{3, 3, 2}, []int{len(forward[0]), len(forward[1]), len(forward[2])})
			back, start := walk(t, h, last, tt.key, "previous_page_url")
			slices.Reverse(back)
			assert.Equal(t, forward, back)
			again, _ := walk(t, h, start, tt.key, "next_page_url")
			assert.Equal(t, forward, again)
		})
	}
}

// walk follows the links of a list from a page on. It returns the entries of
// every page and the URL of the last.
func walk(t *testing.T, h http.Handler, from, key, link string) (pages [][]any, last string) {
	t.Helper()
	for next := from; ; {
		a := do(t, h, http.MethodGet, next, "")
		require.Equal(t, 200, a.status, a.body)
		list := a.json(t)
		meta := list["meta"].(map[string]any)
		assert.Equal(t, key, meta["key"])
		assert.Equal(t, next, meta["url"], "a page names itself as it was asked for")
		var ids []any
		for _, entry := range list[key].([]any) {
			e := entry.(map[string]any)
			ids = append(ids, e["sid"], e["id"])
			if inner, ok := e["conversation"].(map[string]any); ok {
				ids = append(ids, inner["sid"])
			}
		}
		pages = append(pages, slices.DeleteFunc(ids, func(v any) bool { return v == nil }))
		require.LessOrEqual(t, len(pages), 10)
		last = next
		var more bool
		if next, more = meta[link].(string); !more {
			return pages, last
		}
	}
}

func TestPageSizesAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h := api.New(config(w))
	const in = "/v1/Conversations/CH" + digits
	for list, most := range map[string]int{
		"/v1/Conversations": 100, in + "/Participants": 1000, in + "/Messages": 100,
		in + "/Messages/IM" + digits + "/Receipts": 50,
	} {
		meta := do(t, h, http.MethodGet, list+"?PageSize=5000", "").json(t)["meta"].(map[string]any)
		assert.EqualValues(t, most, meta["page_size"], list)
		assert.Equal(t, most, w.page.Size)
		do(t, h, http.MethodGet, list, "")
		assert.Equal(t, 50, w.page.Size)
	}
}

package api

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"bridged/conversations"
)

// Page 31's table, and what it leaves open.
func TestWhatAnActionCountsAgainst(t *testing.T) {
	t.Parallel()
	const conversation = "/Conversations/{ConversationSid}"
	for _, tt := range []struct {
		method, path string
		want         bound
		parameter    string
	}{
		{http.MethodPost, "/Conversations", boundByService, ""},
		{http.MethodPost, "/Conversations/{Sid}", boundByConversation, "Sid"},
		{http.MethodDelete, "/Conversations/{Sid}", boundByService, ""},
		{http.MethodPost, conversation + "/Participants", boundByConversation, "ConversationSid"},
		{http.MethodPost, conversation + "/Participants/{Sid}", boundByConversation, "ConversationSid"},
		{http.MethodDelete, conversation + "/Participants/{Sid}", boundByConversation, "ConversationSid"},
		{http.MethodPost, conversation + "/Messages", boundByConversation, "ConversationSid"},
		{http.MethodPost, conversation + "/Messages/{Sid}", boundByConversation, "ConversationSid"},
		{http.MethodDelete, conversation + "/Messages/{Sid}", boundByConversation, "ConversationSid"},
		{http.MethodPost, conversation + "/Webhooks", boundByConversation, "ConversationSid"},
		{http.MethodPost, "/Users", boundByService, ""},
		{http.MethodPost, "/Users/{Sid}", boundByService, ""},
		{http.MethodDelete, "/Users/{Sid}", boundByService, ""},
		{http.MethodPost, "/Users/{UserSid}/Conversations/{ConversationSid}", boundByConversation, "ConversationSid"},
		{http.MethodPost, "/Roles", boundByService, ""},
		{http.MethodPost, "/Roles/{Sid}", boundByService, ""},
		{http.MethodDelete, "/Roles/{Sid}", boundByService, ""},
		{http.MethodPost, "/ConversationWithParticipants", boundByService, ""},
		{http.MethodPost, "/Configuration/Webhooks", boundByService, ""},
		{http.MethodPost, "/Media", unbound, ""},
		{http.MethodPost, "/Content/{Sid}/ApprovalRequests/whatsapp", unbound, ""},
		{http.MethodGet, conversation + "/Messages", unbound, ""},
		{http.MethodHead, "/Conversations/{Sid}", unbound, ""},
	} {
		for _, base := range []string{"/v1", "/v1/Services/{ChatServiceSid}"} {
			got, parameter := boundOf(tt.method, base+tt.path)
			assert.Equal(t, tt.want, got, "%s %s", tt.method, base+tt.path)
			assert.Equal(t, tt.parameter, parameter, tt.path)
		}
	}
	for _, pattern := range []string{"/v1/Services", "/v1/Services/{Sid}"} {
		got, _ := boundOf(http.MethodPost, pattern)
		assert.Equal(t, boundByService, got, pattern)
	}
	got, _ := boundOf(http.MethodPost, "/bridged/v1/dead-letters/{Sid}/redrive")
	assert.Equal(t, unbound, got, "page 31 is about the reference's API")
}

func TestIdleLimitsAreDropped(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	a := newActionLimits(2, func() time.Time { return now })
	for i := range 1000 {
		a.take(limitKey{conversation: conversations.ConversationID(fmt.Sprint(i))})
	}
	assert.Len(t, a.byKey, 1000)
	now = now.Add(time.Second)
	a.take(limitKey{service: "one"})
	assert.Len(t, a.byKey, 1)
}

// In no second is more allowed than the rate and the burst of the second before,
// whoever asks for how much, and a wait that is kept is rewarded.
func TestActionsPerSecond(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		perSecond := rapid.IntRange(1, 40).Draw(t, "per second")
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		now := start
		a := newActionLimits(perSecond, func() time.Time { return now })
		allowed := 0
		for range rapid.IntRange(1, 300).Draw(t, "actions") {
			now = now.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "milliseconds")) * time.Millisecond)
			wait := a.take(limitKey{service: "s"})
			if wait == 0 {
				allowed++
			}
			most := perSecond + int(now.Sub(start).Seconds()*float64(perSecond)) + 1
			if allowed > most {
				t.Fatalf("%d allowed in %s at %d per second", allowed, now.Sub(start), perSecond)
			}
			if wait > 0 {
				if wait > time.Second {
					t.Fatalf("a wait of %s", wait)
				}
				now = now.Add(wait + time.Microsecond) // it is a rounded number
				if a.take(limitKey{service: "s"}) > 0 {
					t.Fatal("the wait was kept in vain")
				}
				allowed++
			}
		}
	})
}

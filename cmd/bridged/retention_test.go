package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/twilio"
)

// kept are the texts of a conversation's messages, and their indices.
func (c *clocked) kept(conversation string) (texts []string, indices []int) {
	c.t.Helper()
	var page struct {
		Messages []struct {
			Body  *string
			Index int
		}
	}
	require.Equal(c.t, http.StatusOK, c.call(http.MethodGet, "/v1/Conversations/"+conversation+"/Messages?PageSize=100", &page))
	for _, m := range page.Messages {
		indices = append(indices, m.Index)
		if m.Body != nil {
			texts = append(texts, *m.Body)
		}
	}
	return texts, indices
}

// removals is how much the metrics say was removed, of whatever kind.
func (c *clocked) removals() (n float64) {
	c.t.Helper()
	families, err := c.metrics.registry.Gather()
	require.NoError(c.t, err)
	for _, f := range families {
		if f.GetName() == "bridged_retention_removed_total" {
			for _, m := range f.GetMetric() {
				n += m.GetCounter().GetValue()
			}
		}
	}
	return n
}

// withHandset makes a conversation of the handset.
func (c *clocked) withHandset() string {
	c.t.Helper()
	made := c.converse()
	require.Equal(c.t, http.StatusCreated, c.call(http.MethodPost, "/v1/Conversations/"+made.SID+"/Participants", nil,
		"MessagingBinding.Address", handset, "MessagingBinding.ProxyAddress", simulated))
	return made.SID
}

func TestMessagesGoWhenTheyAreOlderThanTheyAreKept(t *testing.T) {
	t.Parallel()
	inBubble(t, func(c *clocked) {
		conversation := c.withHandset()
		c.handsetWrites("old from outside")
		require.Equal(t, http.StatusCreated, c.call(http.MethodPost, "/v1/Conversations/"+conversation+"/Messages", nil, "Body", "old from inside"))
		c.pass(time.Minute)
		c.jump(20 * day)
		c.pass(time.Minute)
		c.handsetWrites("young")
		c.pass(time.Minute)
		texts, _ := c.kept(conversation)
		assert.Equal(t, []string{"old from outside", "old from inside", "young"}, texts)

		c.jump(10 * day)
		c.pass(11 * time.Minute)
		texts, indices := c.kept(conversation)
		assert.Equal(t, []string{"young"}, texts)
		assert.Equal(t, []int{2}, indices, "indices stay")
		assert.InDelta(t, 2, c.removals(), 0)
		var found struct{ Results []any }
		require.Equal(t, http.StatusOK, c.call(http.MethodGet, "/bridged/v1/search?Query=old", &found))
		assert.Empty(t, found.Results)
		var receipts struct{ Deliveries []any }
		require.Equal(t, http.StatusOK, c.call(http.MethodGet, "/bridged/v1/deliveries", &receipts))
		assert.Empty(t, receipts.Deliveries, "receipts go with their message")

		c.stop()
		c.start()
		c.handsetWrites("new")
		c.pass(time.Minute)
		texts, indices = c.kept(conversation)
		assert.Equal(t, []string{"young", "new"}, texts)
		assert.Equal(t, []int{2, 3}, indices)
	}, "BRIDGED_RETENTION_MESSAGES=720h")
}

// What somebody has still to decide about is not removed from under them.
func TestWhatIsUnfinishedIsKept(t *testing.T) {
	t.Parallel()
	inBubble(t, func(c *clocked) {
		conversation := c.withHandset()
		require.Equal(t, http.StatusOK, c.request(http.MethodPut, "/bridged/v1/simulator/handsets/"+handset, "application/json",
			`{"refuse":{"kind":"retry","times":100}}`, nil))
		require.Equal(t, http.StatusCreated, c.call(http.MethodPost, "/v1/Conversations/"+conversation+"/Messages", nil, "Body", "given up"))
		c.pass(6 * time.Hour)
		var letters struct {
			Letters []struct{ ID int64 } `json:"dead_letters"`
		}
		require.Equal(t, http.StatusOK, c.call(http.MethodGet, "/bridged/v1/dead-letters", &letters))
		require.Len(t, letters.Letters, 1)
		c.jump(60 * day)
		c.pass(11 * time.Minute)
		texts, _ := c.kept(conversation)
		assert.Equal(t, []string{"given up"}, texts)

		require.Equal(t, http.StatusOK, c.call(http.MethodPost, fmt.Sprintf("/bridged/v1/dead-letters/%d/discard", letters.Letters[0].ID), nil, "Reason", "nobody waits"))
		c.pass(11 * time.Minute)
		texts, _ = c.kept(conversation)
		assert.Empty(t, texts)
	}, "BRIDGED_RETENTION_MESSAGES=720h")
}

// The bytes of files go before their messages.
func TestFilesGoWhenTheyAreOlderThanTheyAreKept(t *testing.T) {
	t.Parallel()
	inBubble(t, func(c *clocked) {
		made := c.converse()
		var conversation struct {
			Service string `json:"chat_service_sid"`
		}
		require.Equal(t, http.StatusOK, c.call(http.MethodGet, "/v1/Conversations/"+made.SID, &conversation))
		media := "/v1/Services/" + conversation.Service + "/Media"
		var file struct{ SID string }
		require.Equal(t, http.StatusCreated, c.request(http.MethodPost, media, "text/plain", "the words of a file", &file))
		require.Equal(t, http.StatusCreated, c.call(http.MethodPost, "/v1/Conversations/"+made.SID+"/Messages", nil, "MediaSid", file.SID))
		id, ok := twilio.ParseSID[conversations.MediaID](file.SID)
		require.True(t, ok)
		c.jump(2 * day)
		c.pass(11 * time.Minute)
		_, err := c.files.Open(id)
		require.True(t, conversations.NotFound.Is(err), "the bytes are gone: %v", err)
		_, indices := c.kept(made.SID)
		assert.Equal(t, []int{0}, indices, "the message stays")
		var gone struct{ Message string }
		require.Equal(t, http.StatusNotFound, c.call(http.MethodGet, media+"/"+file.SID+"/Content", &gone))
		assert.Contains(t, gone.Message, "older than files are kept here")
		require.Equal(t, http.StatusOK, c.call(http.MethodGet, media+"/"+file.SID, &file), "what is known of it stays")
		answer := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/v1/Conversations/"+made.SID+"/Export", http.NoBody)
		r.SetBasicAuth(c.cfg.Account.SID, c.cfg.Account.AuthToken.Value())
		c.publicHandler().ServeHTTP(answer, r)
		require.Equal(t, http.StatusOK, answer.Code)
		assert.Contains(t, answer.Body.String(), file.SID)
	}, "BRIDGED_RETENTION_MEDIA=24h")
}

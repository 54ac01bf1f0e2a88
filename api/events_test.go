package api_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/api"
	"bridged/conversations"
	"bridged/twilio"
)

// journal is events over a slice, the first of which may have been forgotten.
type journal struct {
	*world

	mu        sync.Mutex
	list      []conversations.Event
	forgotten int // how many of the first
	unsettled int // how many of the last cannot be read yet
	reads     int
	changed   chan struct{}
}

func newJournal(events ...conversations.Event) *journal {
	j := &journal{world: newWorld(), changed: make(chan struct{})}
	j.add(events...)
	return j
}

// place is that of the nth event, from 1.
func place(n int) conversations.Cursor { return conversations.Cursor{Major: 3, Minor: int64(n)} }

// eventID is the nth event's.
func eventID(n int) string { return twilio.EventID(place(n)) }

// said is a message of a conversation, as an event.
func said(t conversations.EventType, c conversations.ConversationID) conversations.Event {
	return conversations.Event{
		Type: t, Conversation: c, Source: conversations.SourceAPI, At: at(1).Add(7 * time.Millisecond),
		After: conversations.Resource{Message: &conversations.Message{ID: digits, Conversation: c, Body: ptr("a < b\nand c"), Created: at(1), Updated: at(1)}},
	}
}

func (j *journal) add(events ...conversations.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range events {
		e.Place = place(len(j.list) + 1)
		j.list = append(j.list, e)
	}
	close(j.changed)
	j.changed = make(chan struct{})
}

func (j *journal) forget(n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.forgotten = n
}

func (j *journal) check(at conversations.Cursor) error {
	if at.Minor < int64(j.forgotten) || at.Minor > int64(len(j.list)) {
		return conversations.Refuse(conversations.Gone, "begin anew")
	}
	return nil
}

func (j *journal) EventsAfter(_ context.Context, after conversations.Cursor, limit int) (conversations.EventBatch, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.reads++
	if err := j.check(after); err != nil {
		return conversations.EventBatch{}, err
	}
	end := len(j.list) - j.unsettled
	from := min(int(after.Minor), end)
	return conversations.EventBatch{Events: slices.Clone(j.list[from:min(from+limit, end)]), Unsettled: j.unsettled > 0}, j.fail
}

func (j *journal) EventServices(context.Context, []conversations.Event) (map[conversations.ConversationID]conversations.ServiceID, error) {
	return map[conversations.ConversationID]conversations.ServiceID{digits: digits}, nil
}

func (j *journal) CheckEvents(_ context.Context, at conversations.Cursor) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.check(at)
}

func (j *journal) EventsKept(context.Context) (conversations.Cursor, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return place(j.forgotten), nil
}

func (j *journal) LastEvent(context.Context) (conversations.Cursor, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return place(len(j.list)), nil
}

func (j *journal) WatchEvents() conversations.EventWatch {
	return conversations.EventWatch{Close: func() {}, Changed: func() <-chan struct{} {
		j.mu.Lock()
		defer j.mu.Unlock()
		return j.changed
	}}
}

func (j *journal) config() api.Config {
	cfg := config(j.world)
	cfg.Store = j
	return cfg
}

// ids are those of the events of a page.
func ids(t *testing.T, a answer) (list []string) {
	t.Helper()
	require.Equal(t, http.StatusOK, a.status, a.body)
	events, ok := a.json(t)["events"].([]any)
	require.True(t, ok, a.body)
	list = []string{}
	for _, e := range events {
		text, _ := e.(map[string]any)["id"].(string)
		list = append(list, text)
	}
	return list
}

func meta(t *testing.T, a answer) map[string]any {
	t.Helper()
	m, ok := a.json(t)["meta"].(map[string]any)
	require.True(t, ok, a.body)
	return m
}

func TestAPageOfEvents(t *testing.T) {
	t.Parallel()
	timer := said(conversations.ConversationState, other)
	timer.Reason, timer.By, timer.Webhooks = conversations.ReasonTimer, "ann", true
	timer.After = conversations.Resource{Conversation: &conversations.Conversation{ID: other, Service: other, State: conversations.StateClosed, Created: at(1), Updated: at(1)}}
	timer.Before = conversations.Resource{Conversation: &conversations.Conversation{ID: other, Service: other, State: conversations.StateActive, Created: at(1), Updated: at(1)}}
	h := api.New(newJournal(said(conversations.MessageAdded, digits), timer).config())
	got := do(t, h, http.MethodGet, "/bridged/v1/events?PageSize=7", "")
	assert.Equal(t, map[string]any{
		"page": 0.0, "page_size": 7.0, "first_page_url": public + "/bridged/v1/events?PageSize=7&Page=0", "previous_page_url": nil,
		"url": public + "/bridged/v1/events?PageSize=7&Page=0", "next_page_url": nil, "key": "events", "after": eventID(2),
	}, meta(t, got))
	events, _ := got.json(t)["events"].([]any)
	require.Len(t, events, 2)
	message := do(t, h, http.MethodGet, "/v1/Conversations/CH"+digits+"/Messages/IM"+digits, "").json(t)
	first, _ := events[0].(map[string]any)
	resource, _ := first["resource"].(map[string]any)
	assert.Equal(t, keysOf(message), keysOf(resource), "it has the form of the REST API")
	assert.Equal(t, "a < b\nand c", resource["body"])
	assert.Equal(t, public+"/v1/Conversations/CH"+digits+"/Messages/IM"+digits, resource["url"])
	delete(first, "resource")
	assert.Equal(t, map[string]any{
		"id": eventID(1), "type": "onMessageAdded", "at": "2024-05-01T10:00:01.007Z", "account_sid": account,
		"conversation_sid": "CH" + digits, "chat_service_sid": service, "source": "API", "by": nil, "webhooks": false, "reason": nil, "before": nil,
	}, first)
	second, _ := events[1].(map[string]any)
	after, _ := second["resource"].(map[string]any)
	before, _ := second["before"].(map[string]any)
	assert.Equal(t, []any{"closed", "active"}, []any{after["state"], before["state"]})
	assert.Equal(t, public+"/v1/Services/IS"+other+"/Conversations/CH"+other, after["url"], "through its service")
	assert.Equal(t, []any{"ann", true, "TIMER", "IS" + other}, []any{second["by"], second["webhooks"], second["reason"], second["chat_service_sid"]})
}

func keysOf(m map[string]any) (keys []string) {
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// Whatever is asked for, the pages hold what there is of it, once and in order.
func TestPagesOfEventsLeaveNothingOut(t *testing.T) {
	t.Parallel()
	types := append(conversations.StreamedEvents(), conversations.UserRemoved)
	rapid.Check(t, func(r *rapid.T) {
		j := newJournal()
		n := rapid.IntRange(0, 250).Draw(r, "events")
		rare := rapid.Bool().Draw(r, "rare")
		want := []string{}
		wanted := rapid.SliceOfNDistinct(rapid.SampledFrom(conversations.StreamedEvents()), 0, 3, rapid.ID).Draw(r, "types")
		in := rapid.SampledFrom([]conversations.ConversationID{"", digits}).Draw(r, "conversation")
		forgotten := rapid.IntRange(0, n).Draw(r, "forgotten")
		for i := range n {
			kind := rapid.SampledFrom(types).Draw(r, "type")
			if rare {
				kind = conversations.UserRemoved
			}
			e := said(kind, rapid.SampledFrom([]conversations.ConversationID{digits, other}).Draw(r, "of"))
			j.add(e)
			if i >= forgotten && kind.Streamed() && (len(wanted) == 0 || slices.Contains(wanted, kind)) && (in == "" || in == e.Conversation) {
				want = append(want, eventID(i+1))
			}
		}
		j.forget(forgotten)
		query := url.Values{"PageSize": {rapid.SampledFrom([]string{"1", "7", "100"}).Draw(r, "size")}}
		for _, kind := range wanted {
			query.Add("Type", string(kind))
		}
		if in != "" {
			query.Set("ConversationSid", "CH"+string(in))
		}
		h := api.New(j.config())
		got := []string{}
		next := "/bridged/v1/events?" + query.Encode()
		var last answer
		for next != "" {
			last = do(t, h, http.MethodGet, next, "")
			got = append(got, ids(t, last)...)
			next, _ = meta(t, last)["next_page_url"].(string)
		}
		assert.Equal(t, want, got)
		assert.Equal(t, eventID(n), meta(t, last)["after"])
		j.add(said(conversations.MessageAdded, digits))
		query.Set("After", eventID(n))
		query.Del("Type")
		assert.Equal(t, []string{eventID(n + 1)}, ids(t, do(t, h, http.MethodGet, "/bridged/v1/events?"+query.Encode(), "")), "from there it goes on")
	})
}

func TestEventsThatAreRefused(t *testing.T) {
	t.Parallel()
	j := newJournal(said(conversations.MessageAdded, digits), said(conversations.MessageAdded, digits), said(conversations.MessageAdded, digits))
	j.forget(2)
	h := api.New(j.config())
	for _, accept := range []string{"application/json", "text/event-stream"} {
		for query, want := range map[string]struct {
			status, code int
			message      string
		}{
			"Type=onUserRemoved":   {400, 20001, "Invalid parameter: Type must be one of onConversationAdded, "},
			"Type=onMessageAdd":    {400, 20001, "Invalid parameter: Type must be one of onConversationAdded, "},
			"ConversationSid=mine": {400, 20001, "Invalid parameter: ConversationSid must be the SID of a conversation"},
			"After=x":              {400, 20001, "Invalid parameter: After must be the id of an event"},
			"After=" + eventID(1):  {410, 20410, "Gone: begin anew"},
			"After=" + eventID(4):  {410, 20410, "Gone: begin anew"},
			"After=%ff":            {400, 20001, "Invalid parameter: After is not UTF-8 text"},
		} {
			got := do(t, h, http.MethodGet, "/bridged/v1/events?"+query, "", "Accept", accept)
			assert.Equal(t, want.status, got.status, query)
			v := got.json(t)
			assert.EqualValues(t, want.code, v["code"], query)
			assert.Contains(t, v["message"], want.message, query)
		}
		got := do(t, h, http.MethodGet, "/bridged/v1/events?After="+eventID(3), "", "Accept", accept, "Last-Event-ID", eventID(1))
		assert.Equal(t, http.StatusGone, got.status, "the header counts")
	}
	assert.Equal(t, http.StatusBadRequest, do(t, h, http.MethodGet, "/bridged/v1/events?PageSize=0", "").status)
	assert.Equal(t, http.StatusMethodNotAllowed, do(t, h, http.MethodPost, "/bridged/v1/events", "Type=onMessageAdded").status)
	assert.Equal(t, http.StatusUnauthorized, do(t, h, http.MethodGet, "/bridged/v1/events", "", "Authorization", "none").status)
	assert.Equal(t, []string{eventID(3)}, ids(t, do(t, h, http.MethodGet, "/bridged/v1/events?After="+eventID(2), "")))
	assert.True(t, strings.HasPrefix(do(t, h, http.MethodHead, "/bridged/v1/events", "", "Accept", "text/event-stream").header.Get("Content-Type"), "text/event-stream"))
}

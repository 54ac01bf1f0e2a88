package api_test

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bridged/api"
	"bridged/bridge"
	"bridged/conversations"
	"bridged/receipts"
)

// What the tests know each other by.
const (
	digits    = "0123456789abcdef0123456789abcdef"
	account   = "AC" + digits
	service   = "IS" + digits
	other     = "fedcba9876543210fedcba9876543210"
	token     = "the auth token"
	keySID    = "SK" + digits
	keySecret = "the key's secret"
	public    = "https://bridged.example"
)

func at(second int) time.Time { return time.Date(2024, 5, 1, 10, 0, second, 0, time.UTC) }

func ptr[T any](v T) *T { return &v }

// unused are the verbs and queries that the tests over slices have no use for.
type unused struct {
	api.Verbs
	api.Queries
}

// world is verbs and queries over slices. It keeps what the last verb was given.
type world struct {
	unused
	shelf

	messaging      *conversations.MessagingServiceID
	inbound        map[conversations.MessageID]conversations.InboundRecord
	conversations  []conversations.Conversation
	participants   []conversations.Participant
	messages       []conversations.Message
	deliveries     []conversations.Delivery
	aliasConflicts []conversations.AliasConflict
	optOuts        []conversations.OptOut
	deadLetters    []conversations.DeadLetter
	letterFilter   conversations.DeadLetterFilter
	deliveryFilter conversations.DeliveryFilter
	inbox          conversations.InboxFilter
	unrouted       []conversations.InboundRecord
	media          []conversations.MediaFile

	fail    error // what every verb and query fails with
	panics  bool
	caller  bridge.Caller
	service conversations.ServiceID
	key     conversations.ConversationKey
	who     conversations.ParticipantKey
	filter  conversations.ConversationFilter
	page    conversations.Page
	search  conversations.SearchQuery
	hits    []conversations.SearchHit // what is found; nil: every message

	conversationFields bridge.ConversationFields
	participantFields  bridge.ParticipantFields
	messageFields      bridge.MessageFields

	imported    []bridge.ImportItem
	importedDry bool
	importFates []bridge.Imported
}

func newWorld() *world {
	w := &world{}
	w.conversations = []conversations.Conversation{{
		Seq: 1, ID: digits, Service: digits, MessagingService: digits, UniqueName: ptr("a/b c"), State: conversations.StateActive,
		Created: at(1), Updated: at(1),
	}}
	w.participants = []conversations.Participant{{
		Seq: 1, ID: digits, Conversation: digits, Identity: ptr("al ice@example.com"), Created: at(2), Updated: at(2),
	}}
	w.messages = []conversations.Message{{
		ID: digits, Conversation: digits, Author: "system", Body: ptr("a < b & c"), Created: at(3), Updated: at(3),
	}}
	w.deliveries = []conversations.Delivery{{
		Seq: 1, ID: digits, Conversation: digits, Message: digits, Participant: digits, Channel: "main",
		Address: "+15550001111", Proxy: "+15550002222", Status: conversations.StatusDelivered, ProviderID: "abc", Attempts: 1, Parts: 2, Segments: 5,
		Progress: conversations.ProgressDone, Created: at(4), Updated: at(5),
	}}
	return w
}

func (w *world) began(caller bridge.Caller, s conversations.ServiceID, key conversations.ConversationKey) error {
	if w.panics {
		panic("a secret")
	}
	w.caller, w.service, w.key = caller, s, key
	return w.fail
}

func (w *world) DefaultService(context.Context) (conversations.Service, error) {
	return conversations.Service{ID: digits}, w.fail
}

func (w *world) CreateConversation(_ context.Context, c bridge.Caller, s conversations.ServiceID, f bridge.ConversationFields) (conversations.Conversation, error) {
	w.conversationFields = f
	return w.conversations[0], w.began(c, s, conversations.ConversationKey{})
}

func (w *world) UpdateConversation(_ context.Context, c bridge.Caller, s conversations.ServiceID, key conversations.ConversationKey, f bridge.ConversationFields) (conversations.Conversation, error) {
	w.conversationFields = f
	return w.conversations[0], w.began(c, s, key)
}

func (w *world) DeleteConversation(_ context.Context, c bridge.Caller, s conversations.ServiceID, key conversations.ConversationKey) error {
	return w.began(c, s, key)
}

func (w *world) AddParticipant(_ context.Context, c bridge.Caller, s conversations.ServiceID, key conversations.ConversationKey, f bridge.ParticipantFields) (conversations.Participant, error) {
	w.participantFields = f
	return w.participants[0], w.began(c, s, key)
}

func (w *world) UpdateParticipant(_ context.Context, c bridge.Caller, s conversations.ServiceID, key conversations.ConversationKey, who conversations.ParticipantKey, f bridge.ParticipantFields) (conversations.Participant, error) {
	w.participantFields, w.who = f, who
	return w.participants[0], w.began(c, s, key)
}

func (w *world) RemoveParticipant(_ context.Context, c bridge.Caller, s conversations.ServiceID, key conversations.ConversationKey, who conversations.ParticipantKey) error {
	w.who = who
	return w.began(c, s, key)
}

func (w *world) CreateMessage(_ context.Context, c bridge.Caller, s conversations.ServiceID, key conversations.ConversationKey, f bridge.MessageFields) (conversations.Message, error) {
	w.messageFields = f
	return w.messages[0], w.began(c, s, key)
}

func (w *world) UpdateMessage(_ context.Context, c bridge.Caller, s conversations.ServiceID, key conversations.ConversationKey, id conversations.MessageID, f bridge.MessageFields) (conversations.Message, error) {
	w.messageFields = f
	m, err := find(w.messages, func(m conversations.Message) bool { return m.ID == id })
	return m, cmpErr(err, w.began(c, s, key))
}

func (w *world) DeleteMessage(_ context.Context, c bridge.Caller, s conversations.ServiceID, key conversations.ConversationKey, _ conversations.MessageID) error {
	return w.began(c, s, key)
}

func (w *world) AddMedia(_ context.Context, s conversations.ServiceID, f bridge.MediaFields) (conversations.MediaFile, error) {
	if w.fail != nil {
		return conversations.MediaFile{}, w.fail
	}
	w.media = append(w.media, conversations.MediaFile{
		ID: f.ID, Service: s, Author: f.Author, Category: f.Category, ContentType: f.ContentType, Filename: f.Filename,
		Size: f.Size, SHA256: f.SHA256, Created: at(8), Updated: at(8),
	})
	return w.media[len(w.media)-1], nil
}

func (w *world) Media(_ context.Context, s conversations.ServiceID, id conversations.MediaID) (conversations.MediaFile, error) {
	return find(w.media, func(f conversations.MediaFile) bool { return f.ID == id && f.Service == s })
}

func (w *world) AnyMedia(_ context.Context, id conversations.MediaID) (conversations.MediaFile, error) {
	return find(w.media, func(f conversations.MediaFile) bool { return f.ID == id })
}

func (w *world) Service(_ context.Context, id conversations.ServiceID) (conversations.Service, error) {
	return find([]conversations.Service{{ID: digits}, {ID: other}}, func(s conversations.Service) bool { return s.ID == id })
}

func (w *world) Conversation(_ context.Context, s conversations.ServiceID, key conversations.ConversationKey) (conversations.Conversation, error) {
	c, err := find(w.conversations, func(c conversations.Conversation) bool {
		named := c.UniqueName != nil && *c.UniqueName == key.UniqueName
		return c.Service == s && (c.ID == key.ID || key.ID == "" && named)
	})
	return c, cmpErr(w.fail, err)
}

func (w *world) Conversations(_ context.Context, s conversations.ServiceID, f conversations.ConversationFilter, p conversations.Page) (conversations.Listing[conversations.Conversation], error) {
	w.filter, w.page = f, p
	list := slices.DeleteFunc(slices.Clone(w.conversations), func(c conversations.Conversation) bool { return c.Service != s })
	return cut(list, p, func(c conversations.Conversation) int64 { return c.Seq }), w.fail
}

func (w *world) Participant(_ context.Context, _ conversations.ConversationID, key conversations.ParticipantKey) (conversations.Participant, error) {
	w.who = key
	return find(w.participants, func(p conversations.Participant) bool {
		return p.ID == key.ID || key.ID == "" && p.Identity != nil && *p.Identity == key.Identity
	})
}

func (w *world) Participants(_ context.Context, _ conversations.ConversationID, p conversations.Page) (conversations.Listing[conversations.Participant], error) {
	w.page = p
	return cut(w.participants, p, func(p conversations.Participant) int64 { return p.Seq }), w.fail
}

func (w *world) Message(_ context.Context, _ conversations.ConversationID, id conversations.MessageID) (conversations.Message, error) {
	return find(w.messages, func(m conversations.Message) bool { return m.ID == id })
}

func (w *world) Messages(_ context.Context, _ conversations.ConversationID, p conversations.Page) (conversations.Listing[conversations.Message], error) {
	w.page = p
	return cut(w.messages, p, func(m conversations.Message) int64 { return m.Index }), w.fail
}

func (w *world) DeliveryCounts(_ context.Context, _ conversations.ConversationID, ids []conversations.MessageID) (map[conversations.MessageID]receipts.Counts, error) {
	counts := map[conversations.MessageID]receipts.Counts{}
	for _, d := range w.deliveries {
		if slices.Contains(ids, d.Message) {
			counts[d.Message] = receipts.Counts{Total: 1, Receipts: 1, ByStatus: map[conversations.Status]int{d.Status: 1}}
		}
	}
	return counts, nil
}

func (w *world) Receipt(_ context.Context, _ conversations.ConversationID, _ conversations.MessageID, id conversations.DeliveryID) (conversations.Delivery, error) {
	return find(w.deliveries, func(d conversations.Delivery) bool { return d.ID == id })
}

func (w *world) Receipts(_ context.Context, _ conversations.ConversationID, _ conversations.MessageID, p conversations.Page) (conversations.Listing[conversations.Delivery], error) {
	w.page = p
	return cut(w.deliveries, p, func(d conversations.Delivery) int64 { return d.Seq }), w.fail
}

func (w *world) DeliveryDetail(_ context.Context, id conversations.DeliveryID) (conversations.DeliveryDetail, error) {
	d, err := find(w.deliveries, func(d conversations.Delivery) bool { return d.ID == id })
	return conversations.DeliveryDetail{
		Delivery: d,
		Attempts: []conversations.Attempt{
			{Number: 1, Outcome: conversations.OutcomeUnknown, CarrierCode: "E-7", Detail: "try later", Throttled: true, Started: at(4), Ended: at(5)},
			{Number: 2, Started: at(6)},
		},
		Reports: []conversations.StatusRecord{{
			StatusReport: conversations.StatusReport{
				Channel: "main", ProviderID: "abc", Status: conversations.StatusDelivered, CarrierCode: "D", Detail: "delivered",
			},
			Received: at(7).Add(time.Millisecond),
		}},
	}, err
}

func (w *world) DeadLetter(_ context.Context, seq int64) (conversations.DeadLetter, error) {
	for _, l := range w.deadLetters {
		if l.Seq == seq {
			return l, nil
		}
	}
	return conversations.DeadLetter{}, conversations.Refuse(conversations.NotFound, "dead letter")
}

func (w *world) Deliveries(_ context.Context, f conversations.DeliveryFilter, p conversations.Page) (conversations.Listing[conversations.DeliveryEntry], error) {
	w.deliveryFilter = f
	list := make([]conversations.DeliveryEntry, len(w.deliveries))
	for i, d := range w.deliveries {
		list[i] = conversations.DeliveryEntry{Delivery: d, Letter: 7}
	}
	return cut(list, p, func(d conversations.DeliveryEntry) int64 { return d.Seq }), w.fail
}

func (w *world) DeadLetters(_ context.Context, f conversations.DeadLetterFilter, p conversations.Page) (conversations.Listing[conversations.DeadLetter], error) {
	w.letterFilter = f
	return cut(w.deadLetters, p, func(l conversations.DeadLetter) int64 { return l.Seq }), w.fail
}

func (w *world) Unrouted(_ context.Context, p conversations.Page) (conversations.Listing[conversations.InboundRecord], error) {
	return cut(w.unrouted, p, func(r conversations.InboundRecord) int64 { return r.Seq }), w.fail
}

func (w *world) AliasConflicts(_ context.Context, p conversations.Page) (conversations.Listing[conversations.AliasConflict], error) {
	return cut(w.aliasConflicts, p, func(c conversations.AliasConflict) int64 { return c.Seq }), w.fail
}

func (w *world) OptOuts(_ context.Context, p conversations.Page) (conversations.Listing[conversations.OptOut], error) {
	return cut(w.optOuts, p, func(o conversations.OptOut) int64 { return o.Seq }), w.fail
}

func (w *world) OptOut(_ context.Context, seq int64) (conversations.OptOut, error) {
	return find(w.optOuts, func(o conversations.OptOut) bool { return o.Seq == seq })
}

func (w *world) AddOptOut(_ context.Context, caller bridge.Caller, address, proxy conversations.Address) (conversations.OptOut, error) {
	o := conversations.OptOut{Seq: int64(len(w.optOuts) + 1), Address: address, Proxy: proxy, Source: conversations.OptOutByOperator, Created: at(3)}
	w.optOuts = append(w.optOuts, o)
	return o, w.began(caller, "", conversations.ConversationKey{})
}

func (w *world) LiftOptOut(_ context.Context, caller bridge.Caller, seq int64) error {
	n := len(w.optOuts)
	w.optOuts = slices.DeleteFunc(w.optOuts, func(o conversations.OptOut) bool { return o.Seq == seq })
	if len(w.optOuts) == n {
		return &conversations.Error{Fault: conversations.NotFound}
	}
	return w.began(caller, "", conversations.ConversationKey{})
}

func find[T any](list []T, is func(T) bool) (T, error) {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i], nil
	}
	var none T
	return none, conversations.Refuse(conversations.NotFound, "not here")
}

// Search finds every message.
func (w *world) Inbox(_ context.Context, f conversations.InboxFilter, p conversations.Page) (conversations.Listing[conversations.InboxEntry], error) {
	w.inbox, w.page = f, p
	found := cut(w.conversations, p, func(c conversations.Conversation) int64 { return c.Seq })
	out := conversations.Listing[conversations.InboxEntry]{Next: found.Next, Previous: found.Previous}
	for _, c := range found.Items {
		entry := conversations.InboxEntry{Conversation: c}
		if c.ID == digits {
			entry.Participants, entry.Last = w.participants, &w.messages[0]
		}
		out.Items = append(out.Items, entry)
	}
	return out, w.fail
}

func (w *world) Search(_ context.Context, q conversations.SearchQuery, p conversations.Page) (conversations.Listing[conversations.SearchHit], error) {
	w.search, w.page = q, p
	if w.hits != nil {
		return conversations.Listing[conversations.SearchHit]{Items: w.hits}, w.fail
	}
	found := cut(w.messages, p, func(m conversations.Message) int64 { return m.Index })
	out := conversations.Listing[conversations.SearchHit]{Next: found.Next, Previous: found.Previous}
	for _, m := range found.Items {
		out.Items = append(out.Items, conversations.SearchHit{
			Kind: conversations.SearchMessage, Service: digits, Conversation: m.Conversation, Message: m.ID, Created: m.Created,
		})
	}
	return out, w.fail
}

func cmpErr(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// cut makes a page of a list as the store does.
func cut[T any](list []T, p conversations.Page, place func(T) int64) conversations.Listing[T] {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b T) int { return cmp.Compare(place(a), place(b)) })
	if p.Descending {
		slices.Reverse(list)
	}
	index := func(c *conversations.Cursor) int {
		return slices.IndexFunc(list, func(v T) bool { return place(v) == c.Major })
	}
	from, to := 0, min(p.Size, len(list))
	switch {
	case p.After != nil:
		from = index(p.After) + 1
		to = min(from+p.Size, len(list))
	case p.Before != nil:
		to = max(index(p.Before), 0)
		from = max(to-p.Size, 0)
	}
	out := conversations.Listing[T]{Items: list[from:to]}
	if from > 0 && from < to {
		out.Previous = &conversations.Cursor{Major: place(list[from])}
	}
	if to > from && to < len(list) {
		out.Next = &conversations.Cursor{Major: place(list[to-1])}
	}
	return out
}

func config(w *world) api.Config {
	return api.Config{
		Account: api.Credentials{
			SID: account, AuthToken: func() string { return token },
			APIKeys: func() map[string]string { return map[string]string{keySID: keySecret, "SKempty": ""} },
		},
		PublicURL: public, MessagingServices: []conversations.MessagingServiceID{digits}, Bridge: w, Store: w,
	}
}

// answer is what a request got.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) json(t testing.TB) map[string]any {
	t.Helper()
	var v map[string]any
	require.NoError(t, json.Unmarshal([]byte(a.body), &v), a.body)
	return v
}

// do sends a request, authenticated and its body a form.
func do(t testing.TB, h http.Handler, method, target, form string, header ...string) answer {
	t.Helper()
	target = strings.TrimPrefix(target, public)
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(form))
	r.SetBasicAuth(account, token)
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	body, err := io.ReadAll(rec.Body)
	require.NoError(t, err)
	return answer{rec.Code, rec.Header(), string(body)}
}

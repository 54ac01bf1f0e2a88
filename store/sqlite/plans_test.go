package sqlite_test

import (
	"database/sql"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
)

// The queries whose cost may not grow with what has gathered in the database.
// What they must not do is look through a table, or sort; walking a partial
// index is fine, because it holds what is unfinished only.
func TestHotQueriesUseTheirIndexes(t *testing.T) {
	t.Parallel()
	db, r := recordedStore(t, nil)
	plans, err := sql.Open("sqlite", r.dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, plans.Close()) })
	ctx := t.Context()
	now := time.Now()

	for _, c := range []struct {
		name  string
		index string // that the plan has to name; several with "; " between
		run   func(tx *store.Tx)
	}{
		{"Resolve", "sqlite_autoindex_pairs_1", func(tx *store.Tx) { _, _, _ = tx.Resolve("k") }},
		{"AliasRoot", "sqlite_autoindex_aliases_1", func(tx *store.Tx) { _, _ = tx.AliasRoot("a") }},
		{"AliasesOf", "aliases_of_root", func(tx *store.Tx) { _, _ = tx.AliasesOf("a") }},
		{"PairsOf", "participants_by_address (address=?); pairs_of_participant", func(tx *store.Tx) { _, _ = tx.PairsOf("a") }},
		{"FindPair", "sqlite_autoindex_pairs_1", func(tx *store.Tx) { _, _ = tx.FindPair("k") }},
		{"MovePair", "statuses_early_of_pair", func(tx *store.Tx) { _ = tx.MovePair("k", "l") }},
		{"FindWindow", "sqlite_autoindex_windows_1", func(tx *store.Tx) { _, _ = tx.FindWindow("k") }},
		{"Windows", "sqlite_autoindex_pairs_1", func(*store.Tx) {
			_, _ = db.Windows(ctx, "", conversations.Page{Size: 1, After: &conversations.Cursor{}})
		}},
		{"LettersOutsideWindow", "dead_letters_outside_window", func(tx *store.Tx) { _, _ = tx.LettersOutsideWindow("k") }},
		{"DeadLettersAfter", "dead_letters_open", func(tx *store.Tx) {
			_, _ = tx.DeadLettersAfter(conversations.DeadLetterFilter{}, 1, 1)
		}},
		{"EmptyDeliveries", "deliveries_of_message", func(tx *store.Tx) { _, _ = tx.EmptyDeliveries("c", "m") }},
		{"LastContent", "sqlite_autoindex_messages_2 (conversation_id=? AND idx>? AND idx<?)", func(tx *store.Tx) {
			_, _ = tx.LastContent("c", 1, "p")
		}},
		{"IndexOf", "attempts_by_provider_id; sqlite_autoindex_inbound_1", func(tx *store.Tx) { _, _ = tx.IndexOf("c", "n", "p") }},
		{"ResolveGroup", "sqlite_autoindex_number_groups_1", func(tx *store.Tx) { _, _ = tx.ResolveGroup("k") }},
		{"FreeGroup", "number_groups_of_conversation", func(tx *store.Tx) { _ = tx.FreeGroup("c") }},
		{"CopiesOf", "inbound_copies", func(tx *store.Tx) { _, _ = tx.CopiesOf(conversations.InboundRecord{}, now) }},
		{"GroupDeliveries", "deliveries_of_message (conversation_id=? AND message_id=?)", func(tx *store.Tx) {
			_, _ = tx.GroupDeliveries(conversations.Delivery{})
		}},
		{"GroupLines", "attempts_at_groups", func(tx *store.Tx) { _, _ = tx.GroupLines("k") }},
		{"Deliveries that failed", "deliveries_failed", func(*store.Tx) {
			_, _ = db.Deliveries(ctx, conversations.DeliveryFilter{State: conversations.DeliveriesFailed, Channel: "c"}, conversations.Page{Size: 1})
		}},
		{"Deliveries that wait", "deliveries_in_line", func(*store.Tx) {
			_, _ = db.Deliveries(ctx, conversations.DeliveryFilter{State: conversations.DeliveriesWaiting}, conversations.Page{Size: 1})
		}},
		{"PairBusy", "deliveries_in_line", func(tx *store.Tx) { _, _ = tx.PairBusy("k") }},
		{"NextInLine", "deliveries_in_line", func(tx *store.Tx) { _, _, _ = tx.NextInLine("k") }},
		{"DueDeliveries", "deliveries_due", func(tx *store.Tx) { _, _, _ = tx.DueDeliveries(now, 1) }},
		{"InterruptedDeliveries", "deliveries_in_line", func(tx *store.Tx) { _, _ = tx.InterruptedDeliveries() }},
		{"StrandedDeliveries", "deliveries_in_line", func(tx *store.Tx) { _, _ = tx.StrandedDeliveries() }},
		{"FindAttempt", "attempts_by_provider_id", func(tx *store.Tx) { _, _, _ = tx.FindAttempt("c", "p") }},
		{"UnknownAttempt", "attempts_unknown", func(tx *store.Tx) {
			_, _, _ = tx.UnknownAttempt(conversations.StatusRecord{}, conversations.PairLine{Pair: "k", Line: "k"}, now)
		}},
		{"HasOtherUnknown", "attempts_unknown", func(tx *store.Tx) {
			_, _ = tx.HasOtherUnknown(conversations.StatusRecord{}, conversations.PairLine{Pair: "k", Line: "k"}, now, "d")
		}},
		{"Attempts", "sqlite_autoindex_attempts_1", func(tx *store.Tx) { _, _ = tx.Attempts(conversations.Delivery{}) }},
		{"EarlyStatuses", "statuses_early (; statuses_early_of_pair (", func(tx *store.Tx) { _, _ = tx.EarlyStatuses("c", "p", "k", now) }},
		{"PendingInbound", "inbound_pending_of_sender", func(tx *store.Tx) { _, _ = tx.PendingInbound("a") }},
		{"CountInbound", "inbound_pending", func(tx *store.Tx) { _, _ = tx.CountInbound() }},
		{"Participants", "participants_of_conversation", func(tx *store.Tx) { _, _ = tx.Participants("c") }},
		{"Participant by identity", "participants_identity", func(tx *store.Tx) {
			_, _ = tx.FindParticipant("c", conversations.ParticipantKey{Identity: "i"})
		}},
		{"Conversation by name", "conversations_unique_name", func(tx *store.Tx) {
			_, _ = tx.FindConversation("s", conversations.ConversationKey{UniqueName: "n"})
		}},
		{"DeleteMessage", "deliveries_of_message", func(tx *store.Tx) { _, _ = tx.DeleteMessage(conversations.Message{}) }},
		{"DeleteConversation", "deliveries_of_message", func(tx *store.Tx) { _, _ = tx.DeleteConversation("c", time.Now()) }},
		{"ConversationByID", "sqlite_autoindex_conversations_1", func(tx *store.Tx) { _, _ = tx.ConversationByID("c") }},
		{"HomeOfParticipant", "sqlite_autoindex_participants_1", func(tx *store.Tx) { _, _ = tx.HomeOfParticipant("p") }},
		{"HomeOfMessage", "sqlite_autoindex_messages_1", func(tx *store.Tx) { _, _ = tx.HomeOfMessage("m") }},
		{"MessageAt", "sqlite_autoindex_messages_2", func(tx *store.Tx) { _, _ = tx.MessageAt("c", 1) }},
		{"RaiseIndex", "sqlite_autoindex_conversations_1", func(tx *store.Tx) { _ = tx.RaiseIndex("c", 1) }},
		{"DeleteMediaOf a message", "dead_letters_of_file; media_of_message (conversation_id=? AND message_id=?)", func(tx *store.Tx) {
			_, _ = tx.DeleteMediaOf("c", "m")
		}},
		{"DeleteMediaOf a conversation", "media_of_message (conversation_id=?)", func(tx *store.Tx) { _, _ = tx.DeleteMediaOf("c", "") }},
		{"ExpireMedia", "media_unattached (created<?)", func(tx *store.Tx) { _, _, _ = tx.ExpireMedia(now, 1) }},
		{"UnknownMedia", "sqlite_autoindex_media_1", func(tx *store.Tx) { _, _ = tx.UnknownMedia([]conversations.MediaID{"m"}) }},
		{"MediaOf", "media_of_message (conversation_id=? AND message_id=?)", func(tx *store.Tx) { _, _ = tx.MediaOf("c", "m") }},
		{"FindFetch", "sqlite_autoindex_fetches_1", func(tx *store.Tx) { _, _ = tx.FindFetch("m") }},
		{"IsFetching", "fetches_of_message", func(tx *store.Tx) { _, _ = tx.IsFetching("c", "m") }},
		{"DueFetches", "fetches_due", func(tx *store.Tx) { _, _, _ = tx.DueFetches(now, 1) }},
		{"DueConversations", "SEARCH c USING INDEX conversations_due (due>? AND due<?)", func(tx *store.Tx) { _, _ = tx.DueConversations(now, 1) }},
		{"NextDueConversation", "conversations_due", func(tx *store.Tx) { _, _ = tx.NextDueConversation() }},
		{"HeldDeliveries", "deliveries_of_message", func(tx *store.Tx) { _, _ = tx.HeldDeliveries("c", "m") }},
		{"AgedMessages", "messages_by_age ((created,id)>(?,?) AND created<?); sqlite_autoindex_conversations_1", func(*store.Tx) {
			_, _ = db.AgedMessages(ctx, now, conversations.Aged{}, 1)
		}},
		{"AgedMedia", "media_by_age", func(*store.Tx) { _, _ = db.AgedMedia(ctx, now, conversations.Aged{}, 1) }},
		{"IsUnfinished", "deliveries_of_message; dead_letters_of_delivery; fetches_of_message", func(tx *store.Tx) { _, _ = tx.IsUnfinished("m") }},
		{"UnfinishedErasure", "erasures_unfinished", func(*store.Tx) { _, _, _ = db.UnfinishedErasure(ctx) }},
		{"ForgetAnswers", "answers_by_age", func(tx *store.Tx) { _, _ = tx.ForgetAnswers(now, 1) }},
		{"DropStatuses", "statuses_early", func(tx *store.Tx) { _, _ = tx.DropStatuses(now, 1) }},
		{"ForgetLetters", "dead_letters_discarded", func(tx *store.Tx) { _, _ = tx.ForgetLetters(now, 1) }},
		{"Messages", "sqlite_autoindex_messages_2 (conversation_id=? AND idx>?)", func(*store.Tx) {
			_, _ = db.Messages(ctx, "c", conversations.Page{Size: 1, After: &conversations.Cursor{}})
		}},
		{"Messages, backward", "sqlite_autoindex_messages_2 (conversation_id=? AND idx<?)", func(*store.Tx) {
			_, _ = db.Messages(ctx, "c", conversations.Page{Size: 1, Before: &conversations.Cursor{}})
		}},
		{"Receipts, the first page", "deliveries_of_message", func(*store.Tx) {
			_, _ = db.Receipts(ctx, "c", "m", conversations.Page{Size: 1})
		}},
		{"Receipts", "deliveries_of_message (conversation_id=? AND message_id=? AND seq>?)", func(*store.Tx) {
			_, _ = db.Receipts(ctx, "c", "m", conversations.Page{Size: 1, After: &conversations.Cursor{}})
		}},
		{"ReceiptsAfter", "deliveries_of_message (conversation_id=? AND message_id>?)", func(*store.Tx) {
			_, _ = db.ReceiptsAfter(ctx, "c", conversations.Delivery{}, 1)
		}},
		{"InboundOf", "inbound_of_message", func(*store.Tx) { _, _ = db.InboundOf(ctx, "m") }},
		{"Participants, a page", "participants_of_conversation", func(*store.Tx) {
			_, _ = db.Participants(ctx, "c", conversations.Page{Size: 1, After: &conversations.Cursor{}})
		}},
		{"Conversations", "conversations_by_creation", func(*store.Tx) {
			_, _ = db.Conversations(ctx, "s", conversations.ConversationFilter{From: now},
				conversations.Page{Size: 1, After: &conversations.Cursor{}})
		}},
		{"Memberships by identity", "participants_by_identity (identity=? AND conversation_id>?)", func(*store.Tx) {
			_, _ = db.Memberships(ctx, "s", conversations.Person{Identity: "i"}, conversations.Page{Size: 1, After: &conversations.Cursor{Text: "c"}})
		}},
		{"Memberships by address", "participants_by_address (address=? AND conversation_id>?)", func(*store.Tx) {
			_, _ = db.Memberships(ctx, "s", conversations.Person{Address: "a"}, conversations.Page{Size: 1, After: &conversations.Cursor{Text: "c"}})
		}},
		{"Membership", "participants_identity", func(*store.Tx) {
			_, _ = db.Membership(ctx, "s", "i", conversations.ConversationKey{ID: "c"})
		}},
		{"CountLive", "participants_live", func(tx *store.Tx) { _, _ = tx.CountLive("s", "i") }},
		{"ParticipantsNamed", "participants_by_identity", func(tx *store.Tx) { _, _ = tx.ParticipantsNamed("s", "i") }},
		{"ConversationsOf", "conversations_by_creation", func(tx *store.Tx) { _, _ = tx.ConversationsOf("s", 1) }},
		{"EventsAfter", "events USING INTEGER PRIMARY KEY (rowid>?); event_horizon USING", func(*store.Tx) {
			_, _ = db.EventsAfter(ctx, conversations.Cursor{}, 1)
		}},
		{"CheckEvents", "events USING INTEGER PRIMARY KEY (rowid>?)", func(*store.Tx) { _ = db.CheckEvents(ctx, conversations.Cursor{}) }},
		{"LastEvent", "events USING INTEGER PRIMARY KEY (rowid>?)", func(*store.Tx) { _, _ = db.LastEvent(ctx) }},
		{"EventServices", "sqlite_autoindex_conversations_1", func(*store.Tx) {
			_, _ = db.EventServices(ctx, []conversations.Event{{Conversation: "c"}, {Conversation: "d"}})
		}},
		{"DefaultService", "sqlite_autoindex_services_1", func(*store.Tx) { _, _ = db.DefaultService(ctx) }},
		{"Users", "users_of_service", func(*store.Tx) {
			_, _ = db.Users(ctx, "s", conversations.Page{Size: 1, After: &conversations.Cursor{}})
		}},
		{"Roles", "roles_of_service", func(*store.Tx) {
			_, _ = db.Roles(ctx, "s", conversations.Page{Size: 1, After: &conversations.Cursor{}})
		}},
		{"Webhooks", "webhooks_of_conversation", func(*store.Tx) { _, _ = db.Webhooks(ctx, "c", conversations.Page{Size: 1}) }},
		{"PushBindings", "push_bindings_of_service", func(*store.Tx) {
			_, _ = db.PushBindings(ctx, "s", conversations.PushBindingFilter{Identities: []string{"i"}}, conversations.Page{Size: 1})
		}},
		{"Unrouted", "inbound_unrouted", func(*store.Tx) { _, _ = db.Unrouted(ctx, conversations.Page{Size: 1}) }},
		{"OldestPending", "inbound_pending", func(*store.Tx) { _, _ = db.OldestPending(ctx) }},
		{"DeliveryCounts", "deliveries_of_message", func(*store.Tx) {
			_, _ = db.DeliveryCounts(ctx, "c", []conversations.MessageID{"m"})
		}},
		{"Search, the first page", "search_words VIRTUAL TABLE INDEX 192:M1<", func(*store.Tx) {
			_, _ = db.Search(ctx, conversations.SearchQuery{Text: "word"}, conversations.Page{Size: 1})
		}},
		{"Search, backward", "search_words VIRTUAL TABLE INDEX 64:M1>", func(*store.Tx) {
			_, _ = db.Search(ctx, conversations.SearchQuery{Text: "word"}, conversations.Page{Size: 1, Before: &conversations.Cursor{}})
		}},
		{"DeliveryDetail", "sqlite_autoindex_deliveries_1", func(*store.Tx) { _, _ = db.DeliveryDetail(ctx, "d") }},
	} {
		r.take()
		require.NoError(t, db.Update(ctx, func(tx *store.Tx) error { c.run(tx); return nil }), c.name)
		plan := explain(t, plans, r.take())
		for _, index := range strings.Split(c.index, "; ") {
			assert.Contains(t, plan, index, c.name)
		}
		checkPlan(t, c.name, strings.ReplaceAll(plan, "SCAN f\n", "")) // f is one page of places
	}
	checkIndexer(t, db, r, plans)
	plan := explain(t, plans, outboxLoad(t, db, r))
	assert.Contains(t, plan, "outbox_of_queue (queue=? AND xid=? AND seq>?)", "the outbox")
	checkPlan(t, "the outbox", plan)
}

// checkIndexer looks at what the reader of the events does that keeps the search
// index. It reads them by the query of EventsAfter.
func checkIndexer(t *testing.T, db *store.DB, r *recorder, plans *sql.DB) {
	t.Helper()
	r.take()
	require.NoError(t, db.KeepIndex(t.Context()))
	require.NoError(t, db.Update(t.Context(), func(tx *store.Tx) error {
		return tx.Record(conversations.Event{
			Type: conversations.ConversationAdded, Conversation: "c",
			After: conversations.Resource{Conversation: &conversations.Conversation{ID: "c", FriendlyName: ptr("word")}},
		})
	}))
	for deadline := time.Now().Add(30 * time.Second); ; <-time.After(time.Millisecond) {
		var n int
		require.NoError(t, plans.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM search_entries").Scan(&n))
		if n == 1 {
			break
		}
		require.True(t, time.Now().Before(deadline))
	}
	plan := explain(t, plans, r.take())
	for _, index := range []string{
		"event_readers USING INDEX", "search_entries USING INDEX",
		"messages_1 (id<?)", "conversations_1 (id<?)",
	} {
		assert.Contains(t, plan, index, "the index")
	}
	checkPlan(t, "the index", plan)
}

func ptr[T any](v T) *T { return &v }

// outboxLoad returns what a subscription asks of the database.
func outboxLoad(t *testing.T, db *store.DB, r *recorder) []string {
	t.Helper()
	r.take()
	s := store.NewSubscriber(db, store.SubscriberConfig{})
	require.NoError(t, db.Update(t.Context(), func(tx *store.Tx) error {
		return tx.Enqueue(conversations.Task{Topic: "topic", Key: "k"})
	}))
	messages, err := s.Subscribe(t.Context(), "topic")
	require.NoError(t, err)
	requirePayload(t, messages, "")
	require.NoError(t, s.Close())
	return r.take()
}

var (
	parameter = regexp.MustCompile(`\$\d+`)
	tableScan = regexp.MustCompile(`(?m)^SCAN \w+$`)
)

// sortedSmall are the queries that sort, of which few rows can be expected.
var sortedSmall = []string{
	"EarlyStatuses", "UnknownAttempt", "InterruptedDeliveries", "StrandedDeliveries",
	"DeleteMessage", "DeleteConversation", "DeliveryCounts",
}

func checkPlan(t *testing.T, name, plan string) {
	t.Helper()
	plan = strings.ReplaceAll(plan, "\nSCAN beyond\n", "\n") // what Memberships counts, which has a limit
	assert.NotRegexp(t, tableScan, plan, name)
	if !slices.Contains(sortedSmall, name) {
		assert.NotContains(t, plan, "TEMP B-TREE", name)
	}
}

// explain returns the engine's plans of the queries, a step on each line.
func explain(t *testing.T, db *sql.DB, queries []string) string {
	t.Helper()
	var plan strings.Builder
	for _, query := range queries {
		if verb, _, _ := strings.Cut(query, " "); verb != "SELECT" && verb != "DELETE" && verb != "UPDATE" {
			continue
		}
		args := make([]any, len(uniq(parameter.FindAllString(query, -1))))
		rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
		require.NoError(t, err, query)
		for rows.Next() {
			var id, parent, unused int
			var detail string
			require.NoError(t, rows.Scan(&id, &parent, &unused, &detail))
			plan.WriteString(detail + "\n")
		}
		require.NoError(t, rows.Err())
		require.NoError(t, rows.Close())
	}
	return plan.String()
}

func uniq(list []string) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, s := range list {
		set[s] = true
	}
	return set
}

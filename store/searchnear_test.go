package store_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
)

// Among many entries the newest are looked at one by one, and only then the index is
// asked: what is found, and in which order, is the same for words that all of them have
// and for those of a few, near and far.
func TestSearchAmongManyEntries(t *testing.T) {
	t.Parallel()
	const many = 2500
	l := newLibrary(t)
	c := l.conversation("The gatekeepers", "")
	phone := l.participant(c.ID, "", "+15550200001")
	var bodies []string
	for i := range many {
		text := fmt.Sprintf("At the gate number%d", i)
		switch {
		case i%1000 == 100:
			text += ", gatepost by gatepost"
		case i%10 == 3:
			text = "Number the gates"
		}
		bodies = append(bodies, text)
	}
	messages := l.messages(c.ID, 0, bodies...)
	indexed(t, l.rows)

	// those returns the messages, newest first, and what else comes behind them.
	those := func(which func(i int) bool, more ...string) (ids []string) {
		for i, m := range slices.Backward(messages) {
			if which(i) {
				ids = append(ids, string(m.ID))
			}
		}
		return append(ids, more...)
	}
	for _, tt := range []struct {
		query string
		kinds []conversations.SearchKind
		want  []string
	}{
		{query: "gat", want: those(func(int) bool { return true }, string(c.ID))},
		{query: "gat", kinds: []conversations.SearchKind{conversations.SearchConversation}, want: []string{string(c.ID)}},
		{query: "gates", want: those(func(i int) bool { return i%10 == 3 })},
		{query: `"the gate"`, want: those(func(i int) bool { return i%10 != 3 })},
		{query: `"gate the"`, want: those(func(int) bool { return false })},
		{query: "gatep", want: those(func(i int) bool { return i%1000 == 100 })},
		{query: "number7 at", want: those(func(i int) bool { return i == 7 })},
		{query: "number2499", want: those(func(i int) bool { return i == 2499 })},
		{query: "nowhere", want: []string{}},
		{query: "+1 555 020", want: []string{string(phone.ID)}},
		{query: "0001", want: []string{string(phone.ID)}},
	} {
		want := tt.want
		if want == nil {
			want = []string{}
		}
		assert.Equal(t, want, l.found(tt.query, tt.kinds...), tt.query)
	}

	assert.Equal(t, those(func(i int) bool { return i%10 == 3 }), l.foundBackward("gates"))
}

// foundBackward is found, but page by page from the oldest on.
func (l *library) foundBackward(query string) (ids []string) {
	l.t.Helper()
	p := conversations.Page{Size: 100, Before: &conversations.Cursor{}}
	for {
		listing, err := l.db.Search(l.t.Context(), conversations.SearchQuery{Text: query}, p)
		require.NoError(l.t, err)
		for _, h := range slices.Backward(listing.Items) {
			ids = append(ids, hitID(h))
		}
		if p.Before = listing.Previous; p.Before == nil {
			slices.Reverse(ids)
			return ids
		}
	}
}

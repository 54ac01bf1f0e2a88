package receipts_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"bridged/conversations"
	"bridged/receipts"
)

// statuses are all statuses from the least to the most telling.
var statuses = []conversations.Status{
	conversations.StatusNone, conversations.StatusSent, conversations.StatusFailed,
	conversations.StatusUndelivered, conversations.StatusDelivered, conversations.StatusRead,
}

func rank(s conversations.Status) int { return slices.Index(statuses, s) }

func TestAdvancesOnlyUpward(t *testing.T) {
	t.Parallel()
	for i, now := range statuses {
		for j, next := range statuses {
			assert.Equal(t, j > i, receipts.Advances(now, next), "%s → %s", now, next)
		}
	}
	assert.False(t, receipts.Advances(conversations.StatusNone, "invented"), "an unknown status says nothing")
}

func TestTheFinalStatusDependsOnNeitherOrderNorRepetition(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		reports := rapid.SliceOf(rapid.SampledFrom(statuses)).Draw(t, "reports")
		repeated := slices.Clone(reports)
		if len(reports) > 0 {
			repeated = append(repeated, rapid.SliceOf(rapid.SampledFrom(reports)).Draw(t, "repeats")...)
		}
		shuffled := rapid.Permutation(repeated).Draw(t, "shuffled")
		assert.Equal(t, final(reports), final(shuffled))
	})
}

func final(reports []conversations.Status) conversations.Status {
	now := conversations.StatusNone
	for _, next := range reports {
		if receipts.Advances(now, next) {
			now = next
		}
	}
	return now
}

func TestWholeAgainstASlowRecount(t *testing.T) {
	t.Parallel()
	assert.Equal(t, receipts.Part{}, receipts.Whole(nil), "no parts")
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) receipts.Part {
			p := receipts.Part{Status: rapid.SampledFrom(statuses).Draw(t, "status")}
			if receipts.Failed(p.Status) {
				p.ErrorCode = rapid.IntRange(30001, 30009).Draw(t, "code")
			}
			return p
		}), 1, 6).Draw(t, "parts")
		whole := receipts.Whole(parts)
		assert.Contains(t, parts, whole)
		if i := slices.IndexFunc(parts, func(p receipts.Part) bool { return receipts.Failed(p.Status) }); i >= 0 {
			most := parts[i]
			for _, p := range parts[i:] {
				if p.Status == conversations.StatusUndelivered && most.Status == conversations.StatusFailed {
					most = p
				}
			}
			assert.Equal(t, most, whole, "the first of the most telling failures decides")
			return
		}
		for _, p := range parts {
			assert.LessOrEqual(t, rank(whole.Status), rank(p.Status), "no part has come less far")
		}
	})
}

// implied are the statuses that a delivery at a status counts for (contract, 12).
var implied = map[conversations.Status][]conversations.Status{
	conversations.StatusSent:        {conversations.StatusSent},
	conversations.StatusFailed:      {conversations.StatusFailed},
	conversations.StatusUndelivered: {conversations.StatusUndelivered, conversations.StatusSent},
	conversations.StatusDelivered:   {conversations.StatusDelivered, conversations.StatusSent},
	conversations.StatusRead:        {conversations.StatusRead, conversations.StatusDelivered, conversations.StatusSent},
}

// recount is the summary of deliveries, one by one.
func recount(deliveries []conversations.Status) receipts.Summary {
	amount := func(of conversations.Status) receipts.Amount {
		n := 0
		for _, d := range deliveries {
			if slices.Contains(implied[d], of) {
				n++
			}
		}
		switch {
		case n == 0:
			return receipts.None
		case n < len(deliveries):
			return receipts.Some
		}
		return receipts.All
	}
	return receipts.Summary{
		Total: len(deliveries), Sent: amount(conversations.StatusSent), Delivered: amount(conversations.StatusDelivered),
		Read: amount(conversations.StatusRead), Failed: amount(conversations.StatusFailed),
		Undelivered: amount(conversations.StatusUndelivered),
	}
}

func TestSummarizeAgainstASlowRecount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		deliveries := rapid.SliceOfN(rapid.SampledFrom(statuses), 1, 8).Draw(t, "deliveries")
		counts := receipts.Counts{
			Total: len(deliveries), Receipts: rapid.IntRange(1, len(deliveries)).Draw(t, "receipts"),
			ByStatus: make(map[conversations.Status]int),
		}
		for _, d := range deliveries {
			counts.ByStatus[d]++
		}
		summary := receipts.Summarize(counts)
		if assert.NotNil(t, summary) {
			assert.Equal(t, recount(deliveries), *summary)
		}
	})
}

func TestNoSummaryWithoutAReceipt(t *testing.T) {
	t.Parallel()
	assert.Nil(t, receipts.Summarize(receipts.Counts{}), "chat participants only")
	assert.Nil(t, receipts.Summarize(receipts.Counts{
		Total: 2, ByStatus: map[conversations.Status]int{conversations.StatusNone: 2},
	}), "nothing tried yet")
	assert.Equal(t, &receipts.Summary{
		Total: 2, Sent: receipts.None, Delivered: receipts.None, Read: receipts.None,
		Failed: receipts.None, Undelivered: receipts.None,
	}, receipts.Summarize(receipts.Counts{
		Total: 2, Receipts: 1, ByStatus: map[conversations.Status]int{conversations.StatusNone: 2},
	}), "tried, and nothing known yet")
}

package receipts

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"bridged/conversations"
)

func TestEachPairIsDecidedOnceWithAReason(t *testing.T) {
	t.Parallel()
	statuses := []conversations.Status{
		conversations.StatusNone, conversations.StatusSent, conversations.StatusFailed,
		conversations.StatusUndelivered, conversations.StatusDelivered, conversations.StatusRead,
	}
	for _, known := range statuses {
		for _, reported := range statuses {
			assert.NotEmpty(t, table[pair{known, reported}].reason, "%q, then %q", known, reported)
		}
	}
	assert.Len(t, table, len(statuses)*len(statuses), "and no others")
}

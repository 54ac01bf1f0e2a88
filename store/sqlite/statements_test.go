package sqlite_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
)

// The prepared statements are kept, so a caller must not decide how many there
// are.
func TestListsOfValuesNeedFewStatements(t *testing.T) {
	t.Parallel()
	db, r := recordedStore(t, nil)
	r.take()
	var filter conversations.PushBindingFilter
	for n := range 100 {
		filter.Identities = append(filter.Identities, fmt.Sprint(n))
		_, err := db.PushBindings(t.Context(), "s", filter, conversations.Page{Size: 1})
		require.NoError(t, err)
	}
	assert.Len(t, r.take(), 8) // of 1, 2, 4, … 128 values
}

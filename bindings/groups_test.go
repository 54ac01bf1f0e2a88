package bindings_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"bridged/bindings"
	"bridged/conversations"
)

func TestTheSameGroupHasTheSameKey(t *testing.T) {
	t.Parallel()
	const a, b, c = conversations.Address("+14155550001"), conversations.Address("+14155550002"), conversations.Address("+5215512345678")
	key, size := bindings.GroupKey(a, b, c)
	assert.Equal(t, 3, size)
	for name, members := range map[string][]conversations.Address{
		"in another order":      {c, a, b},
		"with somebody twice":   {a, b, a, c, b},
		"spelt in another way":  {a, b, "+525512345678"},
		"with the type written": {"sms:+14155550001", b, c},
	} {
		other, n := bindings.GroupKey(members...)
		assert.Equal(t, key, other, name)
		assert.Equal(t, 3, n, name)
	}
	for name, members := range map[string][]conversations.Address{
		"less": {a, b}, "more": {a, b, c, "+14155550004"}, "another": {a, b, "+14155550004"}, "another type": {a, b, "whatsapp:" + c},
	} {
		other, _ := bindings.GroupKey(members...)
		assert.NotEqual(t, key, other, name)
	}
}

func TestTheOrderOfAGroupDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.StringMatching(`\+1[2-9][0-9]{9}`)
		members := rapid.SliceOfNDistinct(rapid.Map(digits, func(s string) conversations.Address { return conversations.Address(s) }),
			2, 12, rapid.ID[conversations.Address]).Draw(t, "members")
		key, size := bindings.GroupKey(members...)
		assert.Len(t, members, size)
		shuffled := slices.Clone(members)
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		again, _ := bindings.GroupKey(append(shuffled, members[0])...)
		assert.Equal(t, key, again)
		fewer, _ := bindings.GroupKey(members[1:]...)
		assert.NotEqual(t, key, fewer)
	})
}

func TestWhoCanBeInAGroupText(t *testing.T) {
	t.Parallel()
	for address, can := range map[conversations.Address]bool{
		"+14155550001": true, "+15017122661": true, "+18005550001": false, "+18335550001": false,
		"+447700900001": false, "12345": false, "whatsapp:+14155550001": false, "+1415555": false, "": false,
	} {
		assert.Equal(t, can, bindings.CanBeGrouped(address), address)
	}
}

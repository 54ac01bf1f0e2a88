package bindings_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"bridged/bindings"
	"bridged/conversations"
)

const (
	number conversations.Address = "whatsapp:+16505551234"
	scoped conversations.Address = "whatsapp:US.13491208655302741918"
	parent conversations.Address = "whatsapp:US.ENT.11815799212886844830"
)

func TestLearn(t *testing.T) {
	t.Parallel()
	type list = []conversations.Address
	for _, c := range []struct {
		name    string
		names   list
		root    conversations.Address
		aliases list
	}{
		{"nothing", nil, "", nil},
		{"a number alone", list{number}, number, nil},
		{"an id alone", list{scoped}, "", nil},
		{"a number and its id", list{number, scoped}, number, list{scoped}},
		{"the id first", list{scoped, number}, number, list{scoped}},
		{"two ids", list{parent, number, scoped, parent}, number, list{scoped, parent}},
		{"two ids and no number", list{parent, scoped}, "", nil},
		{"one number in two spellings", list{"whatsapp:+5215512345678", scoped, "whatsapp:+525512345678"}, "whatsapp:+525512345678", list{scoped}},
		{"two numbers", list{number, scoped, "whatsapp:+16505550000"}, "", nil},
		{"a number on another channel", list{scoped, "+16505551234"}, "", nil},
		{"empty names", list{number, "whatsapp:", "whatsapp: "}, number, nil},
		{"the type in capitals", list{"WhatsApp:+16505551234", "WHATSAPP:US.1"}, number, list{"whatsapp:US.1"}},
		{"a name on SMS", list{"+16505551234", "sms:Bank"}, "+16505551234", list{"Bank"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			root, aliases := bindings.Learn(c.names...)
			assert.Equal(t, c.root, root)
			assert.Equal(t, c.aliases, aliases)
		})
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for a, want := range map[conversations.Address]conversations.Address{
		"+5215512345678": "+525512345678", "sms:+16505551234": "+16505551234",
		"WhatsApp:+5215512345678": "whatsapp:+525512345678", scoped: scoped, "55512": "55512",
	} {
		assert.Equal(t, want, bindings.Name(a), a)
		assert.Equal(t, want, bindings.Name(want), "a name is its own")
	}
	assert.EqualValues(t, "+16505551234", bindings.Name(" +16505551234"))
	assert.True(t, bindings.IsRoot(number))
	assert.True(t, bindings.IsRoot("+16505551234"))
	assert.False(t, bindings.IsRoot(scoped))
	assert.False(t, bindings.IsRoot("55512"))
	assert.Empty(t, bindings.NameIn("no key"))
	assert.Equal(t, "whatsapp:US.1", bindings.Rename("", "whatsapp:US.1"))
}

func TestAMatchKeyIsMadeOfNames(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		address := rapid.SampledFrom([]conversations.Address{
			"+5215512345678", "sms:+16505551234", number, scoped, parent, "55512", "whatsapp:odd>id",
		})
		a, b := address.Draw(t, "a"), address.Draw(t, "b")
		proxy := rapid.SampledFrom([]conversations.Address{"+15550100001", "whatsapp:+5215512345678"}).Draw(t, "proxy")
		key := bindings.MatchKey(a, proxy)
		assert.Equal(t, key, bindings.MatchKey(bindings.Name(a), proxy))
		assert.Equal(t, bindings.Name(a), bindings.NameIn(key))
		assert.Equal(t, bindings.Name(proxy), bindings.ProxyIn(key))
		assert.Equal(t, bindings.MatchKey(b, proxy), bindings.Rename(key, b))
	})
}

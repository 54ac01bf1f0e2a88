package waid_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels/internal/waid"
	"bridged/conversations"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		want conversations.Address
	}{
		{"whatsapp:+14155238886", "whatsapp:+14155238886"},
		{" WhatsApp:+5215512345678\n", "whatsapp:+5215512345678"},
		{"whatsapp:US.13491208655302741918", "whatsapp:US.13491208655302741918"},
		{"whatsapp:br.a1B2", "whatsapp:br.a1B2"},
		{"whatsapp:US.ENT.11815799212886844830", "whatsapp:US.ENT.11815799212886844830"},
	} {
		got, err := waid.Parse(c.in)
		require.NoError(t, err, c.in)
		assert.Equal(t, c.want, got)
	}
	for _, in := range []string{
		"", "+14155238886", "whatsapp:", "whatsapp:14155238886", "sms:+14155238886", "whatsapp:+0123456789",
		"whatsapp:US.", "whatsapp:US13491", "whatsapp:U1.13491", "whatsapp:US.12 3", "whatsapp:US.12.3", "whatsapp:US.ENT.",
	} {
		_, err := waid.Parse(in)
		require.Error(t, err, in)
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	for id, address := range map[string]conversations.Address{
		"14155238886":   "whatsapp:+14155238886",
		"US.1349120865": "whatsapp:US.1349120865",
		"":              "",
	} {
		assert.Equal(t, address, waid.FromID(id))
		assert.Equal(t, id, waid.ToID(address))
	}
	assert.Equal(t, conversations.Address("whatsapp:+1415"), waid.FromID(" +1415 "))
}

func TestNames(t *testing.T) {
	t.Parallel()
	type list = []conversations.Address
	const number, id, parent = conversations.Address("whatsapp:+14155238886"), conversations.Address("whatsapp:US.1"), conversations.Address("whatsapp:US.ENT.2")
	for _, c := range []struct {
		name   string
		ids    []string
		first  conversations.Address
		others list
	}{
		{"nobody", []string{"", " "}, "", nil},
		{"a number", []string{"14155238886", "", "14155238886"}, number, nil},
		{"an id", []string{"", "US.1", "US.1"}, id, nil},
		{"both", []string{"14155238886", "US.1"}, number, list{id}},
		{"the number last", []string{"US.1", "US.ENT.2", "14155238886"}, number, list{id, parent}},
		{"ids alone", []string{"US.ENT.2", "US.1"}, parent, list{id}},
		{"digits that are no number", []string{"123", "US.1"}, "whatsapp:+123", list{id}},
	} {
		first, others := waid.Names(c.ids...)
		assert.Equal(t, c.first, first, c.name)
		assert.Equal(t, c.others, others, c.name)
	}
}

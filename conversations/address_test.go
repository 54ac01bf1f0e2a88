package conversations_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"bridged/conversations"
)

func TestAddressParts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		address conversations.Address
		kind    conversations.ChannelType
		local   string
		masked  string
	}{
		{"+15550000123", "sms", "+15550000123", "+1555•••0123"},
		{"whatsapp:+15550000123", "whatsapp", "+15550000123", "whatsapp:+1555•••0123"},
		{"WhatsApp:+15550000123", "whatsapp", "+15550000123", "WhatsApp:+1555•••0123"},
		{"whatsapp:US.13491208655302741918", "whatsapp", "US.13491208655302741918", "whatsapp:US.13•••1918"},
		{"a:b:c", "a", "b:c", "a:•••"},
		{"+4512345678", "sms", "+4512345678", "+451•••5678"},
		{"+12345678", "sms", "+12345678", "+1•••5678"},
		{"12345", "sms", "12345", "•••"},
		{"whatsapp:12345", "whatsapp", "12345", "whatsapp:•••"},
		{"", "sms", "", "•••"},
	} {
		assert.Equal(t, c.kind, c.address.Type(), c.address)
		assert.Equal(t, c.local, c.address.Local(), c.address)
		assert.Equal(t, c.masked, c.address.Masked(), c.address)
	}
}

func TestSourceIsTheTypeInCapitals(t *testing.T) {
	t.Parallel()
	assert.Equal(t, conversations.Source("WHATSAPP"), conversations.Address("whatsapp:+15550000123").Type().Source())
	assert.Equal(t, conversations.Source("SMS"), conversations.TypeSMS.Source())
}

func TestALogLineMasksAddresses(t *testing.T) {
	t.Parallel()
	var line bytes.Buffer
	slog.New(slog.NewTextHandler(&line, nil)).Info("sent", "to", conversations.Address("+15550000123"))
	assert.Contains(t, line.String(), "+1555•••0123")
	assert.NotContains(t, line.String(), "+15550000123")
}

func TestMaskedNeverShowsTheWholeAddress(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		local := rapid.StringMatching(`\+?[0-9]{1,20}`).Draw(t, "local")
		scheme := rapid.SampledFrom([]string{"", "whatsapp:"}).Draw(t, "scheme")
		masked := conversations.Address(scheme + local).Masked()
		assert.NotContains(t, masked, local)
		assert.True(t, strings.HasPrefix(masked, scheme))
		shown := strings.ReplaceAll(strings.TrimPrefix(masked, scheme), "•", "")
		assert.LessOrEqual(t, len(shown), 9)
	})
}

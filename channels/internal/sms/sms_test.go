package sms_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/channels/internal/sms"
	"bridged/conversations"
)

func TestParseAddress(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]conversations.Address{
		"+15550200001": "+15550200001", "72345": "72345", "+5215512345678": "+5215512345678",
		"": "", "15550200001": "", "12": "", "ACME": "", "whatsapp:+15550200001": "",
	} {
		got, err := sms.ParseAddress(" " + in + "\n")
		assert.Equal(t, want, got, in)
		assert.Equal(t, want == "", err != nil, in)
	}
}

func TestOthersAreTheRestOfTheGroup(t *testing.T) {
	t.Parallel()
	list := []conversations.Address{"+3", "+1", "+4", "", "+2", "+3"}
	assert.Equal(t, []conversations.Address{"+3", "+4"}, sms.Others("+1", "+2", list))
	assert.Nil(t, sms.Others("+1", "+2", list[1:2]), "of two people none is a group")
}

func TestMediaURLs(t *testing.T) {
	t.Parallel()
	out := channels.Outbound{Media: []conversations.Media{{URL: "https://a"}, {URL: "https://b"}}}
	urls, err := sms.MediaURLs(out)
	require.NoError(t, err)
	assert.Equal(t, []string{"https://a", "https://b"}, urls)

	out.Media = append(out.Media, conversations.Media{ID: "1"})
	_, err = sms.MediaURLs(out)
	var refused *channels.SendError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, channels.Permanent, refused.Verdict)
	assert.Equal(t, sms.CodeMedia, refused.Code)
}

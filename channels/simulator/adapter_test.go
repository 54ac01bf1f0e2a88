package simulator

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/conversations"
)

func TestParseAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	for name, tc := range map[string]struct {
		adapter *Adapter
		in      string
		want    conversations.Address // "" for an error
	}{
		"number":                    {w.sms, "+15550200001", "+15550200001"},
		"short code":                {w.sms, "12345", "12345"},
		"Mexican mobile, old form":  {w.sms, "+5215512345678", "+5215512345678"},
		"no plus":                   {w.sms, "15550200001", ""},
		"letters":                   {w.sms, "+1555CALLNOW", ""},
		"empty":                     {w.sms, "", ""},
		"WhatsApp over SMS":         {w.sms, "whatsapp:+15550200001", ""},
		"WhatsApp":                  {w.whatsApp, "whatsapp:+15550200001", "whatsapp:+15550200001"},
		"WhatsApp, capitals":        {w.whatsApp, "WhatsApp:+15550200001", "whatsapp:+15550200001"},
		"business-scoped":           {w.whatsApp, "whatsapp:US.1349", "whatsapp:US.1349"},
		"business-scoped, letters":  {w.whatsApp, "whatsapp:DE.ENT.a1B2", "whatsapp:DE.ENT.a1B2"},
		"no country":                {w.whatsApp, "whatsapp:1349", ""},
		"small country":             {w.whatsApp, "whatsapp:us.1349", ""},
		"country only":              {w.whatsApp, "whatsapp:US.", ""},
		"odd characters":            {w.whatsApp, "whatsapp:US.13/49", ""},
		"endless":                   {w.whatsApp, "whatsapp:US." + strings.Repeat("1", 200), ""},
		"number without its scheme": {w.whatsApp, "+15550200001", ""},
		"scheme only":               {w.whatsApp, "whatsapp:", ""},
		"another scheme":            {w.whatsApp, "messenger:1349", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tc.adapter.ParseAddress(tc.in)
			assert.Equal(t, tc.want, got)
			if tc.want != "" {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			if len(tc.in) > 4 && strings.ContainsAny(tc.in, "0123456789") {
				assert.NotContains(t, err.Error(), tc.in, "it may end in a log")
			}
		})
	}
	_, err := parseAny("messenger:1349")
	require.ErrorContains(t, err, `not "messenger"`)
}

func TestAdapterDescribesItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	assert.Equal(t, "sim-sms", w.sms.Name())
	assert.Equal(t, conversations.TypeSMS, w.sms.Type())
	assert.Equal(t, 1600, w.sms.MaxText())
	assert.Equal(t, "sim-wa", w.whatsApp.Name())
	assert.Equal(t, conversations.ChannelType("whatsapp"), w.whatsApp.Type())
	assert.Equal(t, 4096, w.whatsApp.MaxText())
}

func TestSendReachesTheHandset(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	for _, tc := range []struct {
		to   conversations.Address
		from conversations.Address
		id   string
	}{
		{alice, smsProxy, `^SM[0-9a-f]{32}$`},
		{carla, whatsAppProxy, `^wamid\.[0-9a-f]{32}$`},
	} {
		id := w.mustText(t, tc.to, "hello")
		assert.Regexp(t, tc.id, id)
		thread := w.Messages(tc.to)
		require.Len(t, thread, 1)
		assert.Equal(t, id, thread[0].ID)
		assert.Equal(t, Received, thread[0].Direction)
		assert.Equal(t, tc.from, thread[0].From)
		assert.Equal(t, []conversations.Address{tc.to}, thread[0].To)
		assert.Equal(t, "hello", thread[0].Body)
		assert.Equal(t, "UTC", thread[0].At.Location().String())
	}
}

func TestSendRefusesWhatNoHandsetCanTake(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	media := make([]conversations.Media, 11)
	for name, tc := range map[string]struct {
		adapter *Adapter
		out     channels.Outbound
		code    int
	}{
		"SMS media":        {w.sms, channels.Outbound{From: smsProxy, To: alice, Media: media}, 12300},
		"WhatsApp media":   {w.whatsApp, channels.Outbound{From: whatsAppProxy, To: carla, Media: media[:2]}, 63021},
		"another's proxy":  {w.whatsApp, channels.Outbound{From: smsProxy, To: carla, Body: "x"}, 63007},
		"no proxy":         {w.sms, channels.Outbound{From: bob, To: alice, Body: "x"}, 0},
		"another type":     {w.sms, channels.Outbound{From: smsProxy, To: carla, Body: "x"}, 30014},
		"malformed":        {w.whatsApp, channels.Outbound{From: whatsAppProxy, To: "whatsapp:x", Body: "x"}, 63024},
		"not in its form":  {w.whatsApp, channels.Outbound{From: whatsAppProxy, To: "WHATSAPP:+15550200003", Body: "x"}, 63024},
		"to a proxy":       {w.sms, channels.Outbound{From: smsProxy, To: smsProxy2, Body: "x"}, 30005},
		"a group with us":  {w.sms, channels.Outbound{From: smsProxy, To: alice, Others: []conversations.Address{smsProxy}, Body: "x"}, 30014},
		"a group, twice":   {w.sms, channels.Outbound{From: smsProxy, To: alice, Others: []conversations.Address{alice}, Body: "x"}, 30014},
		"a broken group":   {w.sms, channels.Outbound{From: smsProxy, To: alice, Others: []conversations.Address{"bob"}, Body: "x"}, 30014},
		"a WhatsApp group": {w.whatsApp, channels.Outbound{From: whatsAppProxy, To: carla, Others: []conversations.Address{"whatsapp:+15550200004"}, Body: "x"}, 63024},
		"too many":         {w.sms, channels.Outbound{From: smsProxy, To: alice, Others: make([]conversations.Address, 9), Body: "x"}, 30014},
		"empty":            {w.sms, channels.Outbound{From: smsProxy, To: alice}, 0},
		"long SMS":         {w.sms, channels.Outbound{From: smsProxy, To: alice, Body: strings.Repeat("x", 1601)}, 30019},
		"long emoji":       {w.sms, channels.Outbound{From: smsProxy, To: alice, Body: strings.Repeat("😀", 801)}, 30019},
		"long on WhatsApp": {w.whatsApp, channels.Outbound{From: whatsAppProxy, To: carla, Body: strings.Repeat("x", 4097)}, 63021},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := tc.adapter.Send(t.Context(), tc.out)
			e := sendError(t, err)
			assert.Equal(t, channels.Permanent, e.Verdict)
			assert.Equal(t, tc.code, e.Code)
			assert.NotEmpty(t, e.Detail)
			assert.Empty(t, w.Messages(tc.out.To))
		})
	}
}

func TestLongestTextsAreTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	w.mustText(t, alice, strings.Repeat("é", 1600))
	w.mustText(t, alice, strings.Repeat("😀", 800))
	w.mustText(t, carla, strings.Repeat("x", 4096))
}

func TestSendUnderAnEndedContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.sms.Send(ctx, channels.Outbound{From: smsProxy, To: alice, Body: "x"})
	assert.Equal(t, channels.Retry, sendError(t, err).Verdict, "nothing was handed over")
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, w.Messages(alice))
}

package bandwidth_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/channels/channeltest"
	"bridged/channels/sms/bandwidth"
	"bridged/conversations"
)

// login adds credentials to a request.
func login(r *channels.HookRequest, user, password string) {
	with := http.Request{Header: r.Header}
	with.SetBasicAuth(user, password)
}

// TestCredentialsOfCallbacks has the password change at run time, and be missing.
func TestCredentialsOfCallbacks(t *testing.T) {
	t.Parallel()
	current := "old"
	cfg := config(channeltest.Env{Name: "a"})
	cfg.CallbackPassword = func() string { return current }
	a, err := bandwidth.New(cfg)
	require.NoError(t, err)
	for _, c := range []struct {
		current, user, password string
		want                    error
	}{
		{"old", "hooks", "old", nil},
		{"old", "hooks", "ol", channels.ErrSignature},
		{"old", "hook", "old", channels.ErrSignature},
		{"old", "", "", channels.ErrSignature},
		{"new", "hooks", "old", channels.ErrSignature},
		{"new", "hooks", "new", nil},
		{"", "hooks", "", channels.ErrSignature}, // nobody may guess one that is not set
	} {
		current = c.current
		r := channels.HookRequest{Header: http.Header{}, Body: []byte("[]")}
		login(&r, c.user, c.password)
		_, err := a.ReceiveHook(r)
		assert.Equal(t, c.want, err, c)
	}
	_, err = a.ReceiveHook(channels.HookRequest{Header: http.Header{"Authorization": {"Bearer new"}}, Body: []byte("[]")})
	require.ErrorIs(t, err, channels.ErrSignature)
}

// TestCodesOfFailures is the table of Bandwidth's codes.
func TestCodesOfFailures(t *testing.T) {
	t.Parallel()
	a, err := bandwidth.New(config(channeltest.Env{Name: "a"}))
	require.NoError(t, err)
	for want, codes := range map[int][]int{
		21211: {4303},
		30005: {4350, 4406, 4408, 4720, 4721},
		30024: {4302, 4403, 4405, 4407, 4431, 4433, 4740, 4774, 4790, 4791, 4792, 4793},
		30006: {4401, 4404, 4420, 4421, 4432, 4700, 4730},
		30011: {4409},
		12300: {4410, 4412, 4712},
		30019: {4411, 4711, 4751},
		30004: {4434, 4482, 4492, 4750, 4753, 4772},
		50436: {4435},
		20003: {4451, 4452, 4493},
		30007: {4470, 4481, 4770, 4771},
		30003: {4701, 4702},
		30033: {4773},
		21610: {4775},
		30027: {4780},
		30022: {4781, 4785},
		30032: {4795},
		30017: {5600},
		30008: {4001, 4301, 4360, 4752, 5100, 5999, 5620, 9999, 1},
	} {
		for _, code := range codes {
			r := channels.HookRequest{Header: http.Header{}, Body: fmt.Appendf(nil,
				`[{"type":"message-failed","errorCode":%d,"message":{"id":"1","from":"+1","to":["+2"]}}]`, code)}
			login(&r, "hooks", "the callbacks' password")
			got, err := a.ReceiveHook(r)
			require.NoError(t, err)
			require.Len(t, got.Statuses, 1)
			assert.Equal(t, want, got.Statuses[0].ErrorCode, code)
			assert.Equal(t, conversations.Address("+2"), got.Statuses[0].Address)
			refused := conversations.StatusFailed
			if code >= 4700 && code < 5000 || code >= 5600 && code != 5999 {
				refused = conversations.StatusUndelivered
			}
			assert.Equal(t, refused, got.Statuses[0].Status, code)
		}
	}
}

func TestWhatTheChannelCan(t *testing.T) {
	t.Parallel()
	made, err := bandwidth.New(config(channeltest.Env{Name: "a"}))
	require.NoError(t, err)
	var a channels.Adapter = made
	group, ok := a.(channels.GroupCarrier)
	require.True(t, ok)
	assert.True(t, group.CarriesGroups())
	media, ok := a.(channels.MediaCarrier)
	require.True(t, ok)
	for number, want := range map[conversations.Address]int64{
		proxy: 3_500_000, "+18005550100": 525_000, "+18885550100": 525_000, "+18015550100": 3_500_000, "72345": 3_500_000, "": 3_500_000,
	} {
		rules := media.MediaRules(number)
		assert.Equal(t, want, rules.Total, number)
		assert.Equal(t, want, rules.Limits[0].Bytes, number)
		assert.Equal(t, 10, rules.Count)
	}
}

func TestSendRefusesAFileThatIsNowhere(t *testing.T) {
	t.Parallel()
	a, err := bandwidth.New(config(channeltest.Env{Name: "a", HTTPClient: channeltest.LoopbackClient()}))
	require.NoError(t, err)
	_, err = a.Send(t.Context(), channels.Outbound{From: proxy, To: person, Media: []conversations.Media{{ContentType: "image/png"}}})
	var refused *channels.SendError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, []any{channels.Permanent, 12300}, []any{refused.Verdict, refused.Code})
}

// The credentials go to Bandwidth only.
func TestFetchMediaFromBandwidthOnly(t *testing.T) {
	t.Parallel()
	client := channeltest.LoopbackClient()
	a, err := bandwidth.New(config(channeltest.Env{Name: "a", APIBaseURL: "http://127.0.0.1:1/api", HTTPClient: client, FileClient: client}))
	require.NoError(t, err)
	for target, want := range map[string]channels.Verdict{
		"https://messaging.bandwidth.com/api/v2/users/1/media/1": channels.Retry, // Bandwidth's own, which is not reached from here
		"http://messaging.bandwidth.com/api/v2/users/1/media/1":  channels.Permanent,
		"https://bandwidth.example.com/1":                        channels.Permanent,
		"https://messaging.bandwidth.com.example.com/1":          channels.Permanent,
		"https://a@messaging.bandwidth.com/1":                    channels.Permanent,
		"https://":                                               channels.Permanent,
		"%":                                                      channels.Permanent,
		"":                                                       channels.Permanent,
	} {
		_, err := a.FetchMedia(t.Context(), conversations.Media{URL: target})
		var refused *channels.SendError
		require.ErrorAs(t, err, &refused, target)
		assert.Equal(t, want.String(), refused.Verdict.String(), target)
	}
}

package telnyx_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/channels/channeltest"
	"bridged/channels/sms/telnyx"
	"bridged/conversations"
	"bridged/sign"
)

const (
	proxy  = conversations.Address("+15017122661")
	second = conversations.Address("+15017122662") // ours too
	person = conversations.Address("+15558675310")
)

// now is the clock's time in all of these tests.
var now = time.Date(2025, 6, 1, 10, 0, 3, 0, time.UTC)

func value(s string) func() string { return func() string { return s } }

// key is Telnyx's.
func key() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte(strings.Repeat("k", ed25519.SeedSize)))
}

func publicKey() string {
	public, _ := key().Public().(ed25519.PublicKey)
	return base64.StdEncoding.EncodeToString(public)
}

// signAt signs a request as Telnyx does at a time.
func signAt(r *channels.HookRequest, at time.Time) {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	r.Header.Set("telnyx-timestamp", timestamp)
	r.Header.Set("telnyx-signature-ed25519", sign.Ed25519(key(), timestamp, r.Body))
}

func config(e channeltest.Env) telnyx.Config {
	return telnyx.Config{
		Name: e.Name, PublicURL: e.PublicURL, APIKey: value("the api key"), PublicKey: publicKey(),
		Numbers:    []conversations.Address{proxy, second},
		APIBaseURL: e.APIBaseURL, HTTPClient: e.HTTPClient, Now: func() time.Time { return now },
	}
}

func kit() channeltest.Kit {
	return channeltest.Kit{
		New:     func(e channeltest.Env) (channels.Adapter, error) { return telnyx.New(config(e)) },
		Type:    conversations.TypeSMS,
		MaxText: 670,
		Addresses: []channeltest.Address{
			{In: " +15558675310\n", Want: person}, {In: "72345", Want: "72345"}, {In: "ACME"}, {In: "whatsapp:+15558675310"},
		},
		Header: telnyx.SignatureHeader,
		Sign:   func(r *channels.HookRequest) { signAt(r, now) },
		Hooks:  hooks(),
		Malformed: []string{
			"", "[]", "{}", `"a text and no object"`, `{"data":null}`, `{"data":{"event_type":"message.received"}}`,
			`{"data":{"event_type":"message.received","payload":{"id":"1","from":{"phone_number":"+1"},"to":[]}}}`,
			`{"data":{"event_type":"message.received","payload":{"id":"1","from":{"phone_number":"+1"},"to":[{}]}}}`,
			`{"data":{"event_type":"message.received","payload":{"id":"\u0000","from":"+1","to":["+2"]}}}`,
			`{"data":{"event_type":"message.finalized","payload":{"from":"+1","to":[{"phone_number":"+2","status":"delivered"}]}}}`,
			`{"data":{"event_type":"message.finalized","payload":[]}}`,
		},
		Sends: sends(),
		Accepted: channeltest.Answer{Status: 200, Body: `{"data":{"record_type":"message","direction":"outbound",` +
			`"id":"40385f64-5717-4562-b3fc-000000000051","group_message_id":null,"to":[{"phone_number":"+15558675310","status":"queued"}]}}`},
		AcceptedID: "40385f64-5717-4562-b3fc-000000000051",
		Failures:   failures(),
	}
}

func sends() []channeltest.Send {
	const hook = channeltest.PublicURL + "/hooks/" + channeltest.Name + "/status"
	media := []conversations.Media{{URL: "https://relay.example.com/m/1"}, {URL: "https://relay.example.com/m/2"}}
	send := func(name, path string, out channels.Outbound, body string) channeltest.Send {
		out.From, out.To = proxy, person
		return channeltest.Send{
			Name: name, Out: out, Path: path, Header: map[string]string{"Authorization": "Bearer the api key"},
			JSON: `{"from":"+15017122661",` + body + `,"webhook_url":"` + hook + `"}`,
		}
	}
	group := []conversations.Address{"+15558675311", second}
	return []channeltest.Send{
		send("text", "/messages", channels.Outbound{Body: `Héllo 😀 "now" & more`},
			`"to":"+15558675310","text":"Héllo 😀 \"now\" & more"`),
		send("files", "/messages", channels.Outbound{Media: media},
			`"to":"+15558675310","media_urls":["https://relay.example.com/m/1","https://relay.example.com/m/2"]`),
		send("to a group", "/messages/group_mms", channels.Outbound{Body: "hello all", Others: group},
			`"to":["+15558675310","+15558675311","+15017122662"],"text":"hello all"`),
		send("a file to a group", "/messages/group_mms", channels.Outbound{Body: "look", Others: group[:1], Media: media[:1]},
			`"to":["+15558675310","+15558675311"],"text":"look","media_urls":["https://relay.example.com/m/1"]`),
	}
}

func hooks() []channeltest.Hook {
	in := func(n, body string, change func(*conversations.Inbound)) []conversations.Inbound {
		m := conversations.Inbound{
			Channel: channeltest.Name, ProviderID: "7ee4241c-f127-47e5-9c34-00000000000" + n, From: person, To: proxy, Body: body,
			SentAt: time.Date(2025, 6, 1, 10, 0, 1, 500_000_000, time.UTC),
		}
		change(&m)
		return []conversations.Inbound{m}
	}
	status := func(n string, to conversations.Address, s conversations.Status, code int, carrierCode, detail string) conversations.StatusReport {
		return conversations.StatusReport{
			Channel: channeltest.Name, ProviderID: "40385f64-5717-4562-b3fc-00000000000" + n, Status: s,
			ErrorCode: code, CarrierCode: carrierCode, Detail: detail, Address: to, Proxy: proxy,
			At: time.Date(2025, 6, 1, 10, 0, 2, 574_000_000, time.UTC),
		}
	}
	one := func(s conversations.StatusReport) []conversations.StatusReport {
		return []conversations.StatusReport{s}
	}
	return []channeltest.Hook{
		{File: "text.json", Messages: in("1", "Héllo 😀\nsecond line & more", func(*conversations.Inbound) {})},
		{File: "mms.json", Messages: in("2", "look", func(m *conversations.Inbound) {
			m.Media = []conversations.Media{
				{URL: "https://media.telnyx.com/picture.jpg", ContentType: "image/jpeg", Size: 102400},
				{URL: "https://media.telnyx.com/card.vcf", ContentType: "text/x-vcard"},
			}
		})},
		{File: "group.json", Messages: in("3", "dinner at eight", func(m *conversations.Inbound) {
			m.Others = []conversations.Address{"+15558675311", "+15558675312", second}
		})},
		{File: "group-first.json", Messages: in("4", "and tomorrow?", func(m *conversations.Inbound) {
			m.To, m.Others = second, []conversations.Address{"+15558675311", "+15558675312"}
		})},
		{File: "unclean.json", Messages: in("5", "ab\uFFFDc", func(m *conversations.Inbound) {
			m.From, m.SentAt = "ACME Bank", time.Time{}
			m.Notes = []string{"what was no UTF-8 was replaced by U+FFFD", "NUL characters were removed"}
		})},
		{File: "status-sent.json", Status: true, Statuses: one(status("1", person, conversations.StatusSent, 0, "", ""))},
		{File: "status-delivered.json", Status: true, Statuses: one(status("1", person, conversations.StatusDelivered, 0, "", ""))},
		{File: "status-failed.json", Status: true, Statuses: one(status("1", person, conversations.StatusUndelivered, 30006, "40001",
			"The destination number is either a landline or a non-routable wireless number."))},
		{File: "status-unconfirmed.json", Status: true, Statuses: one(status("1", person, conversations.StatusSent, 0, "", ""))},
		{File: "status-group.json", Status: true, Statuses: []conversations.StatusReport{
			status("9", person, conversations.StatusSent, 0, "", ""),
			status("9", "+15558675311", conversations.StatusDelivered, 0, "", ""),
			status("9", "+15558675312", conversations.StatusFailed, 30008, "40999", "Something new"),
		}},
		{File: "status-queued.json", Status: true},
		{File: "click.json"},
		{File: "other.json"},
	}
}

func failures() []channeltest.Failure {
	var all []channeltest.Failure
	add := func(status int, verdict channels.Verdict, code int, carrierCodes ...int) {
		for _, c := range carrierCodes {
			all = append(all, channeltest.Failure{
				Name: fmt.Sprint(c),
				Answer: channeltest.Answer{Status: status, Body: fmt.Sprintf(
					`{"errors":[{"code":"%d","title":"Title","detail":"the details","meta":{"url":"https://example.com"}}]}`, c)},
				Want: channels.SendError{Verdict: verdict, Code: code, CarrierCode: fmt.Sprint(c), Detail: "the details"},
			})
		}
	}
	add(403, channels.OptedOut, 21610, 40300)
	add(429, channels.Throttled, 20429, 10011)
	add(429, channels.Throttled, 30001, 40318)
	add(400, channels.Throttled, 30022, 40011, 40018)
	add(400, channels.Throttled, 30027, 40016)
	add(401, channels.Retry, 20003, 10009, 10010, 20002, 20006, 40311, 40313)
	add(403, channels.Retry, 30002, 20012, 20013, 20014, 20015, 20016, 20017, 20100, 40312, 40314)
	add(400, channels.Retry, 30024, 10001, 40013, 40100, 40305, 40306, 40308, 40321)
	add(400, channels.Retry, 30035, 40151, 40320)
	add(400, channels.Retry, 30032, 40150, 40329)
	add(400, channels.Retry, 30034, 40010)
	add(404, channels.Retry, 30008, 10005)
	add(422, channels.Permanent, 21211, 10002, 10016, 40310)
	add(422, channels.Permanent, 30005, 40012)
	add(422, channels.Permanent, 30006, 40001, 40006, 40309)
	add(422, channels.Permanent, 30007, 40002, 40003, 40015, 40017, 40315, 40322)
	add(422, channels.Permanent, 30004, 40004)
	add(422, channels.Permanent, 30003, 40005)
	add(422, channels.Permanent, 30001, 40014)
	add(422, channels.Permanent, 30011, 40301, 40319)
	add(422, channels.Permanent, 30019, 40302, 40328)
	add(422, channels.Permanent, 12300, 10003, 40317)
	add(422, channels.Permanent, 30008, 40007, 40008, 40009, 40304, 40316, 49999)
	add(503, channels.Retry, 30008, 49998)
	reset := func(name, header string, want time.Duration) channeltest.Failure {
		return channeltest.Failure{
			Name: name,
			Answer: channeltest.Answer{
				Status: 429, Header: map[string]string{"x-ratelimit-reset": header},
				Body: `{"errors":[{"code":10011,"title":"Too many requests"}]}`,
			},
			Want: channels.SendError{
				Verdict: channels.Throttled, Code: 20429, CarrierCode: "10011", Detail: "Too many requests", After: want,
			},
		}
	}
	return append(all, reset("the limit's own header", "17", 17*time.Second), reset("a time of day in it", "1748772003", 0))
}

func TestConformance(t *testing.T) {
	t.Parallel()
	channeltest.Run(t, kit())
}

func FuzzReceiveHook(f *testing.F) { channeltest.Fuzz(f, kit()) }

func FuzzAnswers(f *testing.F) { channeltest.FuzzAnswers(f, kit()) }

func TestNew(t *testing.T) {
	t.Parallel()
	good := telnyx.Config{Name: "a", PublicURL: "https://b", APIKey: value("k"), PublicKey: publicKey()}
	_, err := telnyx.New(good)
	require.NoError(t, err, "the base URL, the client, the numbers and the clock have defaults")
	for name, spoil := range map[string]func(*telnyx.Config){
		"name":         func(c *telnyx.Config) { c.Name = "" },
		"public_url":   func(c *telnyx.Config) { c.PublicURL = "" },
		"api_key":      func(c *telnyx.Config) { c.APIKey = nil },
		"public_key":   func(c *telnyx.Config) { c.PublicKey = "bm8ga2V5" },
		"api_base_url": func(c *telnyx.Config) { c.APIBaseURL = "example.com" },
	} {
		cfg := good
		spoil(&cfg)
		_, err := telnyx.New(cfg)
		assert.ErrorContains(t, err, name)
	}
}

func adapter(t *testing.T) *telnyx.Adapter {
	t.Helper()
	a, err := telnyx.New(config(channeltest.Env{
		Name: channeltest.Name, PublicURL: channeltest.PublicURL, HTTPClient: channeltest.LoopbackClient(),
	}))
	require.NoError(t, err)
	return a
}

// TestOnlyRecentWebhooksCount has what was signed rightly arrive at other times.
func TestOnlyRecentWebhooksCount(t *testing.T) {
	t.Parallel()
	a := adapter(t)
	for age, want := range map[time.Duration]error{
		0: nil, 5 * time.Minute: nil, -5 * time.Minute: nil,
		5*time.Minute + time.Second: channels.ErrSignature, -5*time.Minute - time.Second: channels.ErrSignature,
		24 * time.Hour: channels.ErrSignature,
	} {
		r := channels.HookRequest{Header: http.Header{}, Body: []byte(`{"record_type":"link_clicked"}`)}
		signAt(&r, now.Add(-age))
		_, err := a.ReceiveHook(r)
		assert.Equal(t, want, err, age)
	}
	for _, timestamp := range []string{"", "now", "1748772003.5", "99999999999999999999", "-9223372036854775808"} {
		r := channels.HookRequest{Header: http.Header{}, Body: []byte(`{"record_type":"link_clicked"}`)}
		r.Header.Set("telnyx-timestamp", timestamp)
		r.Header.Set("telnyx-signature-ed25519", sign.Ed25519(key(), timestamp, r.Body))
		_, err := a.ReceiveHook(r)
		require.ErrorIs(t, err, channels.ErrSignature, "%q", timestamp)
	}
}

func TestWhatTheChannelCan(t *testing.T) {
	t.Parallel()
	var a channels.Adapter = adapter(t)
	group, ok := a.(channels.GroupCarrier)
	require.True(t, ok)
	assert.True(t, group.CarriesGroups())
	media, ok := a.(channels.MediaCarrier)
	require.True(t, ok)
	rules := media.MediaRules(proxy)
	assert.Less(t, rules.Total, int64(1_000_000), "less than 1 MB")
	assert.Equal(t, 10, rules.Count)
	_, ok = a.(channels.MediaFetcher)
	assert.False(t, ok, "anybody may fetch Telnyx's files")
}

// TestSendRefusesByItself covers what needs no request to be refused. The client
// reaches no host, so any other error would be a request.
func TestSendRefusesByItself(t *testing.T) {
	t.Parallel()
	a := adapter(t)
	others := make([]conversations.Address, 8)
	for i := range others {
		others[i] = conversations.Address(fmt.Sprintf("+1555867532%d", i))
	}
	for code, out := range map[int]channels.Outbound{
		50436: {From: proxy, To: person, Body: "hello all", Others: others},
		12300: {From: proxy, To: person, Media: []conversations.Media{{ContentType: "image/png"}}},
	} {
		_, err := a.Send(t.Context(), out)
		var refused *channels.SendError
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, channels.Permanent, refused.Verdict)
		assert.Equal(t, code, refused.Code)
		assert.NotEmpty(t, refused.Detail)
	}
}

// TestAGroupMessageIsKnownByTheGroupsID has the answer to a group send, whose
// statuses will name what they have in common.
func TestAGroupMessageIsKnownByTheGroupsID(t *testing.T) {
	t.Parallel()
	k := kit()
	k.Sends, k.Failures, k.Hooks = k.Sends[2:], nil, nil
	k.Accepted.Body = `{"data":{"id":"one","group_message_id":"all","from":"+15017122661"}}`
	k.AcceptedID = "all"
	channeltest.Run(t, k)
}

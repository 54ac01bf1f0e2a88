package cloud_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/channels/channeltest"
	"bridged/channels/whatsapp/cloud"
	"bridged/conversations"
	"bridged/sign"
)

const (
	numberID = "106540352242922"
	secret   = "the app secret"
	proxy    = conversations.Address("whatsapp:+14155238886")
	person   = conversations.Address("whatsapp:+16505551234")
	parent   = conversations.Address("whatsapp:US.ENT.11815799212886844830")
	scoped   = conversations.Address("whatsapp:US.13491208655302741918")
)

func value(s string) func() string { return func() string { return s } }

func kit() channeltest.Kit { return kitFor("") }

// kitFor is the kit of a channel that sends business-scoped ids in a field.
func kitFor(userIDField string) channeltest.Kit {
	return channeltest.Kit{
		New: func(e channeltest.Env) (channels.Adapter, error) {
			return cloud.New(cloud.Config{
				Name: e.Name, Number: proxy, PhoneNumberID: numberID,
				AccessToken: value("the access token"), AppSecret: value(secret), VerifyToken: value("the verify token"),
				UserIDField: userIDField, APIBaseURL: e.APIBaseURL, HTTPClient: e.HTTPClient, FileClient: e.FileClient,
			})
		},
		Type:    "whatsapp",
		MaxText: 4096,
		Addresses: []channeltest.Address{
			{In: " whatsapp:+16505551234", Want: person}, {In: string(scoped), Want: scoped}, {In: "+16505551234"},
		},
		Header: "X-Hub-Signature-256",
		Sign: func(r *channels.HookRequest) {
			r.Header.Set("X-Hub-Signature-256", sign.Hub(secret, r.Body))
		},
		Hooks: hooks(),
		Malformed: []string{
			"", "[]", `"a text and no object"`, `{"object":"whatsapp_business_account","entry":"none"}`,
			`{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":[]}]}]}`,
			`{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{` +
				`"metadata":{"phone_number_id":"` + numberID + `"},"messages":[{"type":"text"}]}}]}]}`,
		},
		Sends: append([]channeltest.Send{
			send("a number", person, "16505551234"), send("a business-scoped id", scoped, "US.13491208655302741918"),
		}, append(files(), contents()...)...),
		Window: 24 * time.Hour,
		Accepted: channeltest.Answer{Status: 200, Body: `{"messaging_product":"whatsapp",` +
			`"contacts":[{"input":"16505551234","wa_id":"16505551234"}],"messages":[{"id":"wamid.OUT9"}]}`},
		AcceptedID: "wamid.OUT9",
		Failures:   failures(),
		Fetch:      fetch(sha256.Sum256([]byte(channeltest.TheFile()))),
	}
}

func send(name string, address conversations.Address, to string) channeltest.Send {
	return channeltest.Send{
		Name:   name,
		Out:    channels.Outbound{From: proxy, To: address, Body: `see https://example.com "now" 😀`},
		Path:   "/" + numberID + "/messages",
		Header: map[string]string{"Authorization": "Bearer the access token"},
		JSON: `{"messaging_product":"whatsapp","recipient_type":"individual","to":"` + to + `","type":"text",` +
			`"text":{"body":"see https://example.com \"now\" 😀","preview_url":false}}`,
	}
}

// files are messages with a file of each kind, as Meta's page on media messages
// has them (carriers.md §3 a).
func files() (sends []channeltest.Send) {
	for _, f := range []struct{ contentType, text, json string }{
		{"image/jpeg", "look", `"type":"image","image":{"link":"https://bridged.example.com/1","caption":"look"}`},
		{"video/mp4; codecs=avc1", "", `"type":"video","video":{"link":"https://bridged.example.com/1"}`},
		{"audio/ogg; codecs=opus", "", `"type":"audio","audio":{"link":"https://bridged.example.com/1"}`},
		{"application/pdf", "the bill", `"type":"document","document":{"link":"https://bridged.example.com/1","caption":"the bill","filename":"1.pdf"}`},
		{"", "", `"type":"document","document":{"link":"https://bridged.example.com/1","filename":"1.pdf"}`},
	} {
		s := send("a file of type "+f.contentType, person, "16505551234")
		s.Out.Body = f.text
		s.Out.Media = []conversations.Media{{URL: "https://bridged.example.com/1", ContentType: f.contentType, Filename: "1.pdf"}}
		s.JSON = `{"messaging_product":"whatsapp","recipient_type":"individual","to":"16505551234",` + f.json + `}`
		sends = append(sends, s)
	}
	return sends
}

// failures are Meta's codes with the HTTP status that each comes with.
func failures() []channeltest.Failure {
	var all []channeltest.Failure
	add := func(status, metaCode int, verdict channels.Verdict, code int) {
		all = append(all, channeltest.Failure{
			Name: fmt.Sprint(status, " ", metaCode),
			Answer: channeltest.Answer{Status: status, Body: fmt.Sprintf(
				`{"error":{"message":"(#%d) Title","type":"OAuthException","code":%d,"error_data":{"details":"the details"},"fbtrace_id":"A"}}`,
				metaCode, metaCode)},
			Want: channels.SendError{Verdict: verdict, Code: code, CarrierCode: fmt.Sprint(metaCode), Detail: "the details"},
		})
	}
	for _, c := range []int{131047, 470} {
		add(400, c, channels.OutsideWindow, 63016)
	}
	for c, scope := range map[int]channels.Scope{
		4: channels.ScopeChannel, 80007: channels.ScopeChannel, 130429: channels.ScopeChannel,
		131048: channels.ScopeNumber, 133016: channels.ScopeNumber, 131056: channels.ScopePair,
	} {
		add(400, c, channels.Throttled, 63018)
		all[len(all)-1].Want.Scope = scope
	}
	for _, c := range []int{1, 2, 131000, 131016, 131057, 133004} {
		add(400, c, channels.Retry, 63009)
	}
	for _, c := range []int{3, 10, 190, 200, 299, 131005} {
		add(403, c, channels.Retry, 63001)
	}
	add(400, 131042, channels.Retry, 63020)
	add(400, 131053, channels.Retry, 63019)
	add(503, 999999, channels.Retry, 63009)
	for metaCode, code := range map[int]int{
		131026: 63024, 131021: 63031, 131030: 63015, 131051: 63021, 100: 63005, 131009: 63005, 130472: 63032,
		131049: 63032, 131050: 63014, 368: 63013, 131031: 63051, 131037: 63022, 133010: 63007, 132000: 63028,
		132001: 63027, 132005: 63005, 132007: 63013, 132012: 63030, 132018: 63030, 132068: 63005, 132069: 63005, 33: 63007, 131055: 63005, 135000: 63005, 132015: 63041, 132016: 63042, 999999: 63005,
	} {
		add(400, metaCode, channels.Permanent, code)
	}
	return append(all, channeltest.Failure{
		Name: "throttled for a while, in other words",
		Answer: channeltest.Answer{
			Status: 400, Header: map[string]string{"Retry-After": "6"}, Body: `{"error":{"code":131056,"message":"pair"}}`,
		},
		Want: channels.SendError{
			Verdict: channels.Throttled, Code: 63018, CarrierCode: "131056", Detail: "pair", After: 6 * time.Second, Scope: channels.ScopePair,
		},
	})
}

func TestConformance(t *testing.T) {
	t.Parallel()
	channeltest.Run(t, kit())
}

func TestConformanceWithIDsAsRecipients(t *testing.T) {
	t.Parallel()
	k := kitFor(cloud.FieldRecipient)
	k.Sends[1].JSON = strings.Replace(k.Sends[1].JSON, `"to":`, `"recipient":`, 1)
	channeltest.Run(t, k)
}

func FuzzReceiveHook(f *testing.F) { channeltest.Fuzz(f, kit()) }

func FuzzAnswers(f *testing.F) { channeltest.FuzzAnswers(f, kit()) }

func TestAnswerChallenge(t *testing.T) {
	t.Parallel()
	token := "the verify token"
	a, err := cloud.New(cloud.Config{
		Name: "a", Number: proxy, PhoneNumberID: numberID, AccessToken: value(""), AppSecret: value(""),
		VerifyToken: func() string { return token },
	})
	require.NoError(t, err, "the base URL and the client have defaults")
	ask := func(mode, token string) ([]byte, error) {
		return a.AnswerChallenge(channels.HookRequest{Query: map[string][]string{
			"hub.mode": {mode}, "hub.verify_token": {token}, "hub.challenge": {"1158201444"},
		}})
	}
	got, err := ask("subscribe", token)
	require.NoError(t, err)
	assert.Equal(t, "1158201444", string(got))

	_, err = ask("subscribe", "another")
	require.ErrorIs(t, err, channels.ErrSignature)
	_, err = ask("unsubscribe", token)
	require.ErrorIs(t, err, channels.ErrSignature)
	token = ""
	_, err = ask("subscribe", "")
	require.ErrorIs(t, err, channels.ErrSignature, "nobody may guess a token that is not set")
}

func TestNew(t *testing.T) {
	t.Parallel()
	good := cloud.Config{
		Name: "a", Number: proxy, PhoneNumberID: "1", AccessToken: value(""), AppSecret: value(""), VerifyToken: value(""),
	}
	for name, spoil := range map[string]func(*cloud.Config){
		"name":            func(c *cloud.Config) { c.Name = "" },
		"whatsapp":        func(c *cloud.Config) { c.Number = "+14155238886" },
		"phone_number_id": func(c *cloud.Config) { c.PhoneNumberID = "" },
		"access_token":    func(c *cloud.Config) { c.AccessToken = nil },
		"app_secret":      func(c *cloud.Config) { c.AppSecret = nil },
		"verify_token":    func(c *cloud.Config) { c.VerifyToken = nil },
		"user_id_field":   func(c *cloud.Config) { c.UserIDField = "from" },
		"api_base_url":    func(c *cloud.Config) { c.APIBaseURL = "graph" },
	} {
		cfg := good
		spoil(&cfg)
		_, err := cloud.New(cfg)
		assert.ErrorContains(t, err, name)
	}
}

package bandwidth_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/channels/channeltest"
	"bridged/channels/sms/bandwidth"
	"bridged/conversations"
)

const (
	proxy  = conversations.Address("+15017122661")
	second = conversations.Address("+15017122662") // ours too
	person = conversations.Address("+15558675310")
	files  = "https://messaging.bandwidth.com/api/v2/users/5000000/media/1748772001500abcdefghijkl2/"
	basic  = "Basic dGhlIHVzZXI6dGhlIHBhc3N3b3Jk" // the user:the password
)

func value(s string) func() string { return func() string { return s } }

func config(e channeltest.Env) bandwidth.Config {
	return bandwidth.Config{
		Name: e.Name, AccountID: "5000000", ApplicationID: "an-application",
		Username: "the user", Password: value("the password"),
		CallbackUsername: "hooks", CallbackPassword: value("the callbacks' password"),
		APIBaseURL: e.APIBaseURL, HTTPClient: e.HTTPClient, FileClient: e.FileClient,
	}
}

func kit() channeltest.Kit {
	return channeltest.Kit{
		New:     func(e channeltest.Env) (channels.Adapter, error) { return bandwidth.New(config(e)) },
		Type:    conversations.TypeSMS,
		MaxText: 2048,
		Addresses: []channeltest.Address{
			{In: " +15558675310\n", Want: person}, {In: "72345", Want: "72345"}, {In: "ACME"}, {In: "whatsapp:+15558675310"},
		},
		Header:   "Authorization",
		Sign:     func(r *channels.HookRequest) { login(r, "hooks", "the callbacks' password") },
		Password: true,
		Hooks:    hooks(),
		Malformed: []string{
			"", "{}", "null", `"a text and no array"`, "[7]", "[{}]", `[{"type":"message-received","message":{}}]`,
			`[{"type":"message-received","message":{"id":"1","from":"+1","to":["+2","+3"]}}]`,
			`[{"type":"message-received","message":{"id":"\u0000","from":"+1","owner":"+2"}}]`,
			`[{"type":"message-delivered","to":"+2","message":{"from":"+1"}}]`,
		},
		Sends: sends(),
		Accepted: channeltest.Answer{
			Status: 202, Body: `{"id":"1748772000000zyxwvutsrqp51","owner":"+15017122661","to":["+15558675310"],"direction":"out"}`,
		},
		AcceptedID: "1748772000000zyxwvutsrqp51",
		Failures:   failures(),
		Fetch: &channeltest.Fetch{
			Media: func(base string) conversations.Media {
				return conversations.Media{URL: base + "/users/5000000/media/1/0/picture.png"}
			},
			Authorization: "Basic dGhlIHVzZXI6dGhlIHBhc3N3b3Jk",
		},
	}
}

func sends() []channeltest.Send {
	media := []conversations.Media{{URL: "https://relay.example.com/m/1"}, {URL: "https://relay.example.com/m/2"}}
	send := func(name string, out channels.Outbound, body string) channeltest.Send {
		out.From, out.To = proxy, person
		return channeltest.Send{
			Name: name, Out: out, Path: "/users/5000000/messages", Header: map[string]string{"Authorization": basic},
			JSON: `{"applicationId":"an-application","from":"+15017122661",` + body + `}`,
		}
	}
	return []channeltest.Send{
		send("text", channels.Outbound{Body: `Héllo 😀 "now" & more`},
			`"to":["+15558675310"],"text":"Héllo 😀 \"now\" & more"`),
		send("files", channels.Outbound{Media: media},
			`"to":["+15558675310"],"media":["https://relay.example.com/m/1","https://relay.example.com/m/2"]`),
		send("a file to a group", channels.Outbound{Body: "look", Others: []conversations.Address{"+15558675311", second}, Media: media[:1]},
			`"to":["+15558675310","+15558675311","+15017122662"],"text":"look","media":["https://relay.example.com/m/1"]`),
	}
}

func hooks() []channeltest.Hook {
	in := func(n, body string) conversations.Inbound {
		return conversations.Inbound{
			Channel: channeltest.Name, ProviderID: "1748772001500abcdefghijkl" + n, From: person, To: proxy, Body: body,
			SentAt: time.Date(2025, 6, 1, 10, 0, 1, 500_000_000, time.UTC),
		}
	}
	list := func(m ...conversations.Inbound) []conversations.Inbound { return m }
	mms := in("2", "")
	mms.Media = []conversations.Media{
		{URL: files + "2/picture%20one.JPG", ContentType: "image/jpeg", Filename: "picture one.JPG"},
		{URL: files + "3/card.vcf", ContentType: "text/vcard", Filename: "card.vcf"},
		{URL: files + "4/sound.qcp", Filename: "sound.qcp"},
	}
	first, copied := in("3", "dinner at eight"), in("4", "dinner at eight")
	first.Others = []conversations.Address{"+15558675311", second}
	copied.To, copied.Others = second, []conversations.Address{proxy, "+15558675311"}
	unclean := in("5", "ab\uFFFDc")
	unclean.From, unclean.SentAt = "ACME Bank", time.Time{}
	unclean.Notes = []string{"what was no UTF-8 was replaced by U+FFFD", "NUL characters were removed"}
	delivered := status("1", person, conversations.StatusDelivered, 0, "", "")
	return []channeltest.Hook{
		{File: "text.json", Messages: list(in("1", "Héllo 😀\nsecond line & more"))},
		{File: "mms.json", Messages: list(mms)},
		{File: "group.json", Messages: list(first, copied)},
		{File: "unclean.json", Messages: list(unclean)},
		{File: "status-sending.json", Status: true, Statuses: reports(status("1", person, conversations.StatusSent, 0, "", ""))},
		{File: "status-delivered.json", Status: true, Statuses: reports(delivered)},
		{File: "status-carrier.json", Status: true, Statuses: reports(
			status("2", person, conversations.StatusSent, 0, "", ""),
			status("2", "+15558675311", conversations.StatusFailed, 30005, "4406", "rejected-unallocated-to-number"),
		)},
		{File: "status-failed.json", Status: true, Statuses: reports(
			status("1", person, conversations.StatusUndelivered, 30003, "4702", "destination-subscriber-unavailable"),
			status("1", person, conversations.StatusUndelivered, 21610, "4775", "destination-rejected-due-to-user-opt-out"),
			status("1", person, conversations.StatusSent, 0, "9902", "delivery-receipt-expired"),
			status("1", person, conversations.StatusUndelivered, 30008, "4999", "something new"),
			status("1", person, conversations.StatusFailed, 30008, "", "no code at all"),
		)},
		{File: "other.json"},
		{File: "neighbours.json", Statuses: reports(delivered)},
	}
}

func reports(s ...conversations.StatusReport) []conversations.StatusReport { return s }

func status(n string, to conversations.Address, s conversations.Status, code int, carrierCode, detail string) conversations.StatusReport {
	return conversations.StatusReport{
		Channel: channeltest.Name, ProviderID: "1748772000000zyxwvutsrqp" + n, Status: s,
		ErrorCode: code, CarrierCode: carrierCode, Detail: detail, Address: to, Proxy: proxy,
		At: time.Date(2025, 6, 1, 10, 0, 2, 574_000_000, time.UTC),
	}
}

func failures() []channeltest.Failure {
	failed := func(status int, body string, header map[string]string, want channels.SendError) channeltest.Failure {
		return channeltest.Failure{
			Name:   fmt.Sprint(status, " ", want.CarrierCode, " ", want.Code),
			Answer: channeltest.Answer{Status: status, Header: header, Body: body}, Want: want,
		}
	}
	field := func(name string, verdict channels.Verdict, code int) channeltest.Failure {
		return failed(400, `{"type":"request-validation","description":"Your request could not be accepted.",`+
			`"fieldErrors":[{"fieldName":"`+name+`","description":"must be replaced"}]}`, nil, channels.SendError{
			Verdict: verdict, Code: code, CarrierCode: "request-validation",
			Detail: "Your request could not be accepted. " + name + " must be replaced",
		})
	}
	const full = `{"type":"max-message-queue-size-exceeded","description":"The SMS queue for your account is full"}`
	return []channeltest.Failure{
		field("to", channels.Permanent, 21211),
		field("to[1]", channels.Permanent, 21211),
		field("media", channels.Permanent, 12300),
		field("text", channels.Permanent, 30019),
		field("from", channels.Retry, 30024),
		field("applicationId", channels.Retry, 30024),
		field("tag", channels.Permanent, 30008),
		failed(400, `{"type":"request-validation","description":"no"}`, nil,
			channels.SendError{Verdict: channels.Permanent, Code: 30008, CarrierCode: "request-validation", Detail: "no"}),
		failed(401, `{"type":"unauthorized","description":"Authentication Failed"}`, nil,
			channels.SendError{Verdict: channels.Retry, Code: 20003, CarrierCode: "unauthorized", Detail: "Authentication Failed"}),
		failed(403, `{"type":"forbidden","description":"Access Denied"}`, nil,
			channels.SendError{Verdict: channels.Retry, Code: 20003, CarrierCode: "forbidden", Detail: "Access Denied"}),
		failed(404, `{"timestamp":"2019-09-09T19:02:19.253+0000","status":404,"error":"Not Found"}`, nil,
			channels.SendError{Verdict: channels.Retry, Code: 30008}),
		failed(415, `{"type":"unsupported-content-type","description":"text/plain"}`, nil,
			channels.SendError{Verdict: channels.Permanent, Code: 30008, CarrierCode: "unsupported-content-type", Detail: "text/plain"}),
		failed(429, full, map[string]string{"Retry-After": "4"}, channels.SendError{
			Verdict: channels.Throttled, Code: 20429, CarrierCode: "max-message-queue-size-exceeded",
			Detail: "The SMS queue for your account is full", After: 4 * time.Second,
		}),
		failed(500, `{"type":"internal-server-error","description":"sorry"}`, nil,
			channels.SendError{Verdict: channels.Retry, Code: 30008, CarrierCode: "internal-server-error", Detail: "sorry"}),
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	channeltest.Run(t, kit())
}

func FuzzReceiveHook(f *testing.F) { channeltest.Fuzz(f, kit()) }

func FuzzAnswers(f *testing.F) { channeltest.FuzzAnswers(f, kit()) }

func TestNew(t *testing.T) {
	t.Parallel()
	good := config(channeltest.Env{Name: "a"})
	_, err := bandwidth.New(good)
	require.NoError(t, err, "the base URL and the client have defaults")
	for name, spoil := range map[string]func(*bandwidth.Config){
		"name":              func(c *bandwidth.Config) { c.Name = "" },
		"account_id":        func(c *bandwidth.Config) { c.AccountID = "" },
		"application_id":    func(c *bandwidth.Config) { c.ApplicationID = "" },
		"username":          func(c *bandwidth.Config) { c.Username = "" },
		"password":          func(c *bandwidth.Config) { c.Password = nil },
		"callback_username": func(c *bandwidth.Config) { c.CallbackUsername = "" },
		"callback_password": func(c *bandwidth.Config) { c.CallbackPassword = nil },
		"api_base_url":      func(c *bandwidth.Config) { c.APIBaseURL = "example.com" },
	} {
		cfg := good
		spoil(&cfg)
		_, err := bandwidth.New(cfg)
		assert.ErrorContains(t, err, name)
	}
}

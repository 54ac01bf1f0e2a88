package twilio_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/channels/channeltest"
	"bridged/channels/sms/twilio"
	"bridged/conversations"
	"bridged/sign"
)

const (
	account = "AC00000000000000000000000000000001"
	token   = "the auth token"
	proxy   = conversations.Address("+15017122661")
	person  = conversations.Address("+15558675310")
	files   = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM12/Media/"
)

func kit() channeltest.Kit {
	return channeltest.Kit{
		New: func(e channeltest.Env) (channels.Adapter, error) {
			return twilio.New(twilio.Config{
				Name: e.Name, PublicURL: e.PublicURL, AccountSID: account, AuthToken: func() string { return token },
				APIBaseURL: e.APIBaseURL, HTTPClient: e.HTTPClient, FileClient: e.FileClient,
			})
		},
		Type:    conversations.TypeSMS,
		MaxText: 1600,
		Addresses: []channeltest.Address{
			{In: "+15558675310", Want: person},
			{In: " +5215512345678\n", Want: "+5215512345678"},
			{In: "72345", Want: "72345"},
			{In: ""},
			{In: "15558675310"},
			{In: "+0123456789"},
			{In: "12"},
			{In: "ACME"},
			{In: "whatsapp:+15558675310"},
		},
		Header: "X-Twilio-Signature",
		Sign: func(r *channels.HookRequest) {
			form, _ := url.ParseQuery(string(r.Body))
			r.Header.Set("X-Twilio-Signature", sign.Form(token, r.URL, form))
		},
		Hooks:     hooks(),
		Malformed: []string{"", "Body=hello+there", "MessageSid=SM1&Body=hello", "MessageSid=SM1&From=%2B15558675310", "%zz%zz%zz%zz"},
		ReplyType: "text/xml",
		Reply:     `<?xml version="1.0" encoding="UTF-8"?><Response/>`,
		Sends: []channeltest.Send{{
			Name: "text",
			Out:  channels.Outbound{From: proxy, To: person, Body: "Héllo 😀 & more"},
			Path: "/2010-04-01/Accounts/" + account + "/Messages.json",
			Header: map[string]string{
				"Authorization": "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTp0aGUgYXV0aCB0b2tlbg==",
			},
			Form: url.Values{
				"From": {"+15017122661"}, "To": {"+15558675310"}, "Body": {"Héllo 😀 & more"},
				"StatusCallback": {channeltest.PublicURL + "/hooks/" + channeltest.Name + "/status"},
			},
		}, {
			Name: "files",
			Out: channels.Outbound{From: proxy, To: person, Body: "look", Media: []conversations.Media{
				{URL: "https://bridged.example.com/1", ContentType: "image/png"}, {URL: "https://bridged.example.com/2"},
			}},
			Path: "/2010-04-01/Accounts/" + account + "/Messages.json",
			Form: url.Values{
				"From": {"+15017122661"}, "To": {"+15558675310"}, "Body": {"look"},
				"MediaUrl":       {"https://bridged.example.com/1", "https://bridged.example.com/2"},
				"StatusCallback": {channeltest.PublicURL + "/hooks/" + channeltest.Name + "/status"},
			},
		}},
		Accepted:   channeltest.Answer{Status: 201, Body: `{"sid":"SM51","status":"queued","error_code":null}`},
		AcceptedID: "SM51",
		Failures:   failures(),
		Fetch: &channeltest.Fetch{
			Media: func(base string) conversations.Media {
				return conversations.Media{URL: base + "/2010-04-01/Accounts/AC1/Messages/MM12/Media/ME1", ContentType: "image/png"}
			},
			Authorization: "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTp0aGUgYXV0aCB0b2tlbg==",
			Redirects:     true,
		},
	}
}

func hooks() []channeltest.Hook {
	inbound := func(id string, m conversations.Inbound) []conversations.Inbound {
		m.Channel, m.ProviderID = channeltest.Name, id
		if m.From == "" {
			m.From, m.To = person, proxy
		}
		return []conversations.Inbound{m}
	}
	status := func(s conversations.StatusReport) []conversations.StatusReport {
		s.Channel, s.ProviderID = channeltest.Name, "SM00000000000000000000000000000021"
		s.Address, s.Proxy = person, proxy
		return []conversations.StatusReport{s}
	}
	return []channeltest.Hook{
		{File: "message.form", Messages: inbound("SM00000000000000000000000000000011", conversations.Inbound{
			Body: "Héllo 😀\nsecond line & more",
		})},
		{File: "mms.form", Messages: inbound("MM00000000000000000000000000000012", conversations.Inbound{
			Media: []conversations.Media{
				{URL: files + "ME1", ContentType: "image/jpeg"}, {URL: files + "ME2", ContentType: "text/x-vcard"},
			},
		})},
		{File: "group.form", Messages: inbound("MM00000000000000000000000000000013", conversations.Inbound{
			Body: "dinner at eight", Others: []conversations.Address{"+15558675311", "+15558675312"},
		})},
		{File: "unclean.form", Messages: inbound("SM00000000000000000000000000000014", conversations.Inbound{
			From: "ACME Bank", To: "72345", Body: "ab\uFFFDc",
			Notes: []string{"what was no UTF-8 was replaced by U+FFFD", "NUL characters were removed"},
		})},
		{File: "status-queued.form", Status: true},
		{File: "status-delivered.form", Status: true, Statuses: status(conversations.StatusReport{
			Status: conversations.StatusDelivered,
		})},
		{File: "status-undelivered.form", Status: true, Statuses: status(conversations.StatusReport{
			Status: conversations.StatusUndelivered, ErrorCode: 30003, CarrierCode: "30003",
			Detail: "Unreachable destination handset",
		})},
		{File: "status-old.form", Status: true, Statuses: status(conversations.StatusReport{
			Status: conversations.StatusFailed,
		})},
	}
}

func failures() []channeltest.Failure {
	failed := func(status int, body string, header map[string]string, want channels.SendError) channeltest.Failure {
		return channeltest.Failure{
			Name:   want.Verdict.String() + " " + want.CarrierCode,
			Answer: channeltest.Answer{Status: status, Header: header, Body: body}, Want: want,
		}
	}
	long := strings.Repeat("x", 2000)
	return []channeltest.Failure{
		failed(400, `{"code":21610,"message":"Attempt to send to unsubscribed recipient","status":400}`, nil,
			channels.SendError{Verdict: channels.OptedOut, Code: 21610, CarrierCode: "21610", Detail: "Attempt to send to unsubscribed recipient"}),
		failed(400, `{"code":63016,"message":"no free text now"}`, nil,
			channels.SendError{Verdict: channels.OutsideWindow, Code: 63016, CarrierCode: "63016", Detail: "no free text now"}),
		failed(400, `{"code":21211,"message":"`+long+`"}`, nil,
			channels.SendError{Verdict: channels.Permanent, Code: 21211, CarrierCode: "21211", Detail: long[:500]}),
		failed(429, `{"code":20429,"message":"Too Many Requests"}`, map[string]string{"Retry-After": "3"},
			channels.SendError{Verdict: channels.Throttled, Code: 20429, CarrierCode: "20429", Detail: "Too Many Requests", After: 3 * time.Second, Scope: channels.ScopeChannel}),
		failed(400, `{"code":63018,"message":"rate"}`, nil,
			channels.SendError{Verdict: channels.Throttled, Code: 63018, CarrierCode: "63018", Detail: "rate", Scope: channels.ScopeNumber}),
		failed(401, `{"code":20003,"message":"Authenticate"}`, nil,
			channels.SendError{Verdict: channels.Retry, Code: 20003, CarrierCode: "20003", Detail: "Authenticate"}),
		failed(404, `<html>`, nil, channels.SendError{Verdict: channels.Permanent, Code: 30008}),
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
	good := twilio.Config{Name: "a", PublicURL: "https://b", AccountSID: "AC1", AuthToken: func() string { return "" }}
	_, err := twilio.New(good)
	require.NoError(t, err, "the base URL and the client have defaults")
	for name, spoil := range map[string]func(*twilio.Config){
		"name":         func(c *twilio.Config) { c.Name = "" },
		"public_url":   func(c *twilio.Config) { c.PublicURL = "" },
		"account_sid":  func(c *twilio.Config) { c.AccountSID = "" },
		"auth_token":   func(c *twilio.Config) { c.AuthToken = nil },
		"api_base_url": func(c *twilio.Config) { c.APIBaseURL = "example.com" },
	} {
		cfg := good
		spoil(&cfg)
		_, err := twilio.New(cfg)
		assert.ErrorContains(t, err, name)
	}
}

// TestTokenChanges has the token change at run time, and be missing.
func TestTokenChanges(t *testing.T) {
	t.Parallel()
	current := "old"
	a, err := twilio.New(twilio.Config{
		Name: "a", PublicURL: "https://b", AccountSID: "AC1", AuthToken: func() string { return current },
	})
	require.NoError(t, err)
	r := channels.HookRequest{URL: "https://b/hooks/a", Body: []byte("MessageSid=SM1&From=1&To=2"), Header: map[string][]string{}}
	form, err := url.ParseQuery(string(r.Body))
	require.NoError(t, err)
	for _, c := range []struct {
		signed, current string
		want            error
	}{{"old", "old", nil}, {"old", "new", channels.ErrSignature}, {"new", "new", nil}, {"", "", channels.ErrSignature}} {
		current = c.current
		r.Header.Set("X-Twilio-Signature", sign.Form(c.signed, r.URL, form))
		_, err := a.ReceiveHook(r)
		assert.Equal(t, c.want, err, c)
	}
}

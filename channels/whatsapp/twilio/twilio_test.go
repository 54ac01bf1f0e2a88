package twilio_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/channels/channeltest"
	"bridged/channels/whatsapp/twilio"
	"bridged/conversations"
	"bridged/sign"
)

const (
	account = "AC00000000000000000000000000000001"
	token   = "the auth token"
	proxy   = conversations.Address("whatsapp:+14155238886")
	person  = conversations.Address("whatsapp:+15558675310")
	scoped  = conversations.Address("whatsapp:US.13491208655302741918")
)

func kit() channeltest.Kit {
	return channeltest.Kit{
		New: func(e channeltest.Env) (channels.Adapter, error) {
			return twilio.New(twilio.Config{
				Name: e.Name, PublicURL: e.PublicURL, AccountSID: account, AuthToken: func() string { return token },
				APIBaseURL: e.APIBaseURL, HTTPClient: e.HTTPClient, FileClient: e.FileClient,
			})
		},
		Type:    "whatsapp",
		MaxText: 1600,
		Addresses: []channeltest.Address{
			{In: "whatsapp:+15558675310", Want: person}, {In: string(scoped), Want: scoped}, {In: "+15558675310"},
		},
		Header: "X-Twilio-Signature",
		Sign: func(r *channels.HookRequest) {
			form, _ := url.ParseQuery(string(r.Body))
			r.Header.Set("X-Twilio-Signature", sign.Form(token, r.URL, form))
		},
		Hooks:     hooks(),
		Malformed: []string{"MessageSid=SM1&Body=hello"},
		ReplyType: "text/xml",
		Reply:     `<?xml version="1.0" encoding="UTF-8"?><Response/>`,
		Sends: []channeltest.Send{
			send("a number", person), send("a business-scoped id", scoped), file(), template(),
		},
		Window:   24 * time.Hour,
		Accepted: channeltest.Answer{Status: 201, Body: `{"sid":"SM51","status":"queued"}`},

		AcceptedID: "SM51",
		Failures: []channeltest.Failure{{
			Name:   "outside the window",
			Answer: channeltest.Answer{Status: 400, Body: `{"code":63016,"message":"no free text now"}`},
			Want:   channels.SendError{Verdict: channels.OutsideWindow, Code: 63016, CarrierCode: "63016", Detail: "no free text now"},
		}},
		Fetch: &channeltest.Fetch{
			Media: func(base string) conversations.Media {
				return conversations.Media{URL: base + "/2010-04-01/Accounts/AC1/Messages/MM12/Media/ME1", ContentType: "image/png"}
			},
			Authorization: "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTp0aGUgYXV0aCB0b2tlbg==",
			Redirects:     true,
		},
	}
}

func send(name string, to conversations.Address) channeltest.Send {
	return channeltest.Send{
		Name: name,
		Out:  channels.Outbound{From: proxy, To: to, Body: "hola"},
		Path: "/2010-04-01/Accounts/" + account + "/Messages.json",
		Form: url.Values{
			"From": {string(proxy)}, "To": {string(to)}, "Body": {"hola"},
			"StatusCallback": {channeltest.PublicURL + "/hooks/" + channeltest.Name + "/status"},
		},
	}
}

// template is a content that is approved under the SID that the account knows it by.
func template() channeltest.Send {
	s := send("a content of the account", person)
	s.Out.Content = &conversations.OutboundContent{Template: &conversations.Template{
		Name: "hx00000000000000000000000000000abc", Language: "en", Values: map[string]string{"1": "Alice", "2": "x"},
	}}
	s.Form.Del("Body")
	s.Form.Set("ContentSid", "HX00000000000000000000000000000abc")
	s.Form.Set("ContentVariables", `{"1":"Alice","2":"x"}`)
	return s
}

func TestContentWay(t *testing.T) {
	t.Parallel()
	var a twilio.Adapter
	named := conversations.OutboundContent{Template: &conversations.Template{Name: "flight_replies"}}
	assert.Equal(t, conversations.WayText, a.ContentWay(named), "Twilio does not know Meta's names")
	named.Form.Type = conversations.ContentCard
	assert.Equal(t, conversations.WayNone, a.ContentWay(named))
}

// file is a message that is a file only.
func file() channeltest.Send {
	s := send("a file", person)
	s.Out.Body, s.Out.Media = "", []conversations.Media{{URL: "https://bridged.example.com/1", ContentType: "audio/ogg"}}
	s.Form.Del("Body")
	s.Form.Set("MediaUrl", "https://bridged.example.com/1")
	return s
}

func hooks() []channeltest.Hook {
	inbound := func(n string, from conversations.Address, body string, media ...conversations.Media) []conversations.Inbound {
		return []conversations.Inbound{{
			Channel: channeltest.Name, ProviderID: n, From: from, To: proxy, Body: body, Media: media,
		}}
	}
	status := func(s conversations.StatusReport) []conversations.StatusReport {
		s.Channel, s.ProviderID = channeltest.Name, "SM00000000000000000000000000000041"
		s.Address, s.Proxy = person, proxy
		return []conversations.StatusReport{s}
	}
	named := inbound("SM00000000000000000000000000000036", person, "both")
	named[0].Names = []conversations.Address{scoped}
	message, byID := inbound("SM00000000000000000000000000000031", person, "hola"), inbound("SM00000000000000000000000000000032", scoped, "hola")
	named[0].ProfileName, message[0].ProfileName, byID[0].ProfileName = "Ana", "Ana", "Ana"
	with := func(attributes, replyTo string, m []conversations.Inbound) []conversations.Inbound {
		m[0].Attributes, m[0].ReplyTo = attributes, replyTo
		return m
	}
	return []channeltest.Hook{
		{File: "list.form", Messages: with(`{"list":{"description":"next day","id":"l1","title":"Priority"},"type":"list"}`,
			"SM00000000000000000000000000000041", inbound("SM00000000000000000000000000000037", person, "Priority"))},
		{File: "referral.form", Messages: with(`{"referral":{"body":"Visit us","ctwa_clid":"ARAkLkA8","headline":"Our shop","source_id":"118588094077142",`+
			`"source_type":"ad","source_url":"https://fb.me/2Zq"},"type":"referral"}`,
			"", inbound("SM00000000000000000000000000000038", person, "is it in stock?"))},
		{File: "named.form", Messages: named},
		{File: "message.form", Messages: message},
		{File: "scoped.form", Messages: byID},
		{File: "location.form", Messages: with(
			`{"location":{"address":"10178 Berlin","latitude":52.520008,"longitude":13.404954,"name":"Alexanderplatz"},"type":"location"}`, "",
			inbound("SM00000000000000000000000000000033", person, "[location] 52.520008,13.404954 Alexanderplatz 10178 Berlin"))},
		{File: "button.form", Messages: with(`{"button":{"id":"yes","title":"Yes, please"},"type":"button"}`, "",
			inbound("SM00000000000000000000000000000034", person, "Yes, please"))},
		{File: "image.form", Messages: inbound("MM00000000000000000000000000000035", person, "look", conversations.Media{
			URL:         "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1",
			ContentType: "image/jpeg",
		})},
		{File: "status-read.form", Status: true, Statuses: status(conversations.StatusReport{
			Status: conversations.StatusRead,
		})},
		{File: "status-failed.form", Status: true, Statuses: status(conversations.StatusReport{
			Status: conversations.StatusUndelivered, ErrorCode: 63016, CarrierCode: "63016",
			Detail: "outside the allowed window",
		})},
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
	_, err := twilio.New(twilio.Config{})
	require.Error(t, err)
}

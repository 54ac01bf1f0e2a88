package cloud_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/channels/channeltest"
	"bridged/channels/whatsapp/cloud"
	"bridged/conversations"
)

func ptr[T any](v T) *T { return &v }

// owl is the quick reply of page 45.
func owl() conversations.Content {
	reply := func(title, id string) conversations.ContentAction {
		return conversations.ContentAction{Title: title, ID: id}
	}
	return conversations.Content{
		Language: "en", Variables: map[string]string{"1": "name"},
		Forms: []conversations.ContentForm{{
			Type: conversations.ContentQuickReply, Body: "Hi, {{ 1 }}. How can I help?",
			Actions: []conversations.ContentAction{reply("Check flight status", "flightid1"), reply("Check gate number", "gateid1"), reply("Speak with an agent", "agentid1")},
		}},
	}
}

// flight is the call to action of page 45, with a file and a variable that has a name.
func flight() conversations.Content {
	return conversations.Content{
		Language: "en_US", Approval: &conversations.Approval{Name: "flight_departure_update", Category: "UTILITY"},
		Forms: []conversations.ContentForm{{
			Type: conversations.ContentCard, Title: "Flight {{ 1 }} to {{2}} departs at {{3}} from {{gate}}.", Media: []string{"https://owlair.com/map.png?x=1"},
			Actions: []conversations.ContentAction{
				{Type: "PHONE_NUMBER", Title: "Call", Phone: "+18005551234"}, {Type: "URL", Title: "Status", URL: "https://owlair.com/{{5}}"},
			},
		}},
	}
}

func form(f conversations.ContentForm) *conversations.OutboundContent {
	return &conversations.OutboundContent{Form: f}
}

// contents are the contents of page 45 as Meta takes them.
func contents() []channeltest.Send {
	add := func(name string, c *conversations.OutboundContent, part string) channeltest.Send {
		s := send(name, person, "16505551234")
		s.Out.Content = c
		s.JSON = `{"messaging_product":"whatsapp","recipient_type":"individual","to":"16505551234",` + part + `}`
		return s
	}
	quick, departs := owl().Outbound(map[string]string{"1": "Alice"}), flight().Outbound(map[string]string{
		"10": "last", "2": "Berlin\n\tTegel", "1": "LH1", "3": "", "5": "s/1", "gate": "A1",
	})
	approved := owl()
	approved.Approval = &conversations.Approval{Name: "flight_replies"}
	template := approved.Outbound(map[string]string{"1": "Alice"})
	return []channeltest.Send{
		add("a quick reply", &quick, `"type":"interactive","interactive":{"type":"button","body":{"text":"Hi, Alice. How can I help?"},"action":{"buttons":[`+
			`{"type":"reply","reply":{"id":"flightid1","title":"Check flight status"}},{"type":"reply","reply":{"id":"gateid1","title":"Check gate number"}},`+
			`{"type":"reply","reply":{"id":"agentid1","title":"Speak with an agent"}}]}}`),
		add("an approved quick reply", &template, `"type":"template","template":{"name":"flight_replies","language":{"code":"en"},`+
			`"components":[{"type":"body","parameters":[{"type":"text","text":"Alice"}]}]}`),
		add("an approved card", &departs, `"type":"template","template":{"name":"flight_departure_update","language":{"code":"en_US"},"components":[`+
			`{"type":"header","parameters":[{"type":"image","image":{"link":"https://owlair.com/map.png?x=1"}}]},`+
			`{"type":"body","parameters":[{"type":"text","text":"LH1"},{"type":"text","text":"Berlin Tegel"},{"type":"text","text":"-"},`+
			`{"type":"text","text":"last"},{"type":"text","parameter_name":"gate","text":"A1"}]},`+
			`{"type":"button","sub_type":"url","index":"1","parameters":[{"type":"text","text":"s/1"}]}]}`),
		add("a template without variables", &conversations.OutboundContent{Template: &conversations.Template{Name: "hello", Language: "en"}},
			`"type":"template","template":{"name":"hello","language":{"code":"en"}}`),
		add("a list picker", form(conversations.ContentForm{
			Type: conversations.ContentListPicker, Body: "Which?", Button: "Choose",
			Items: []conversations.ContentItem{{ID: "1", Item: "One", Description: "first"}, {ID: "2", Item: "Two"}},
		}), `"type":"interactive","interactive":{"type":"list","body":{"text":"Which?"},"action":{"button":"Choose",`+
			`"sections":[{"rows":[{"id":"1","title":"One","description":"first"},{"id":"2","title":"Two"}]}]}}`),
		add("a location", form(conversations.ContentForm{Type: conversations.ContentLocation, Latitude: ptr(37.5), Longitude: ptr(-122.25), Label: "Owl HQ", Address: "1 Nest"}),
			`"type":"location","location":{"latitude":37.5,"longitude":-122.25,"name":"Owl HQ","address":"1 Nest"}`),
		add("a picture", form(conversations.ContentForm{Type: conversations.ContentMedia, Body: "look", Media: []string{"https://owlair.com/a.JPG"}}),
			`"type":"image","image":{"link":"https://owlair.com/a.JPG","caption":"look"}`),
		add("a film", form(conversations.ContentForm{Type: conversations.ContentMedia, Media: []string{"https://owlair.com/a.mp4"}}),
			`"type":"video","video":{"link":"https://owlair.com/a.mp4"}`),
		add("sound with a text", form(conversations.ContentForm{Type: conversations.ContentMedia, Body: "hear", Media: []string{"https://owlair.com/a.mp3"}}),
			`"type":"document","document":{"link":"https://owlair.com/a.mp3","caption":"hear","filename":"a.mp3"}`),
		add("sound", form(conversations.ContentForm{Type: conversations.ContentMedia, Media: []string{"https://owlair.com/a.mp3"}}),
			`"type":"audio","audio":{"link":"https://owlair.com/a.mp3"}`),
	}
}

func TestContentWay(t *testing.T) {
	t.Parallel()
	a, err := cloud.New(cloud.Config{
		Name: "a", Number: proxy, PhoneNumberID: "1", AccessToken: value(""), AppSecret: value(""), VerifyToken: value(""),
	})
	require.NoError(t, err)
	actions := func(titles ...string) (list []conversations.ContentAction) {
		for _, title := range titles {
			list = append(list, conversations.ContentAction{Title: title, ID: title})
		}
		return list
	}
	quick := func(titles ...string) conversations.ContentForm {
		return conversations.ContentForm{Type: conversations.ContentQuickReply, Body: "b", Actions: actions(titles...)}
	}
	items := func(n int) conversations.ContentForm {
		f := conversations.ContentForm{Type: conversations.ContentListPicker, Body: "b", Button: "c"}
		for i := range n {
			f.Items = append(f.Items, conversations.ContentItem{ID: strings.Repeat("i", i+1), Item: "one"})
		}
		return f
	}
	for name, c := range map[string]struct {
		form conversations.ContentForm
		want conversations.Way
	}{
		"text":             {conversations.ContentForm{Type: conversations.ContentText, Body: "b"}, conversations.WayText},
		"three buttons":    {quick("a", "b", strings.Repeat("é", 20)), conversations.WayForm},
		"four buttons":     {quick("a", "b", "c", "d"), conversations.WayText},
		"a long button":    {quick(strings.Repeat("é", 21)), conversations.WayText},
		"twice the same":   {quick("a", "a"), conversations.WayText},
		"ten rows":         {items(10), conversations.WayForm},
		"eleven rows":      {items(11), conversations.WayText},
		"several files":    {conversations.ContentForm{Type: conversations.ContentMedia, Media: []string{"a", "b"}}, conversations.WayText},
		"a location":       {conversations.ContentForm{Type: conversations.ContentLocation}, conversations.WayForm},
		"a card":           {conversations.ContentForm{Type: conversations.ContentCard, Title: "t"}, conversations.WayNone},
		"a call to action": {conversations.ContentForm{Type: conversations.ContentCallToAction, Body: "b"}, conversations.WayNone},
	} {
		assert.Equal(t, c.want, a.ContentWay(conversations.OutboundContent{Form: c.form}), name)
		approved := conversations.OutboundContent{Form: c.form, Template: &conversations.Template{}}
		assert.Equal(t, conversations.WayTemplate, a.ContentWay(approved), name)
	}
	var _ channels.ContentCarrier = a
}

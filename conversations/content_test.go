package conversations_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/conversations"
)

func ptr[T any](v T) *T { return &v }

func reply(title, id string) conversations.ContentAction {
	return conversations.ContentAction{Title: title, ID: id}
}

// owl is the content of page 45.
func owl() conversations.Content {
	return conversations.Content{
		FriendlyName: ptr("flight_replies"), Language: "en", Variables: map[string]string{"1": "name"},
		Forms: []conversations.ContentForm{
			{Type: conversations.ContentText, Body: "Hi, {{ 1 }}. \n Thanks for contacting Owl Air Support. How can I help?."},
			{
				Type: conversations.ContentQuickReply, Body: "Hi, {{ 1 }}. \n Thanks for contacting Owl Air Support. How can I help?",
				Actions: []conversations.ContentAction{reply("Check flight status", "flightid1"), reply("Check gate number", "gateid1")},
			},
		},
	}
}

func with(f conversations.ContentForm) conversations.Content {
	return conversations.Content{Language: "en", Forms: []conversations.ContentForm{f}}
}

func TestTheContentOfPage45(t *testing.T) {
	t.Parallel()
	c := owl()
	require.NoError(t, c.Check())
	assert.Equal(t, conversations.ContentQuickReply, c.Main().Type, "the richer form")
	values, err := c.Values(map[string]string{"1": "Alice"})
	require.NoError(t, err)
	assert.Equal(t, "Hi, Alice. \n Thanks for contacting Owl Air Support. How can I help?", c.Render(values))
	values, err = c.Values(nil)
	require.NoError(t, err)
	assert.Contains(t, c.Render(values), "Hi, name.", "what is not given is as the content has it")
}

func TestEveryTypeOfContent(t *testing.T) {
	t.Parallel()
	url := conversations.ContentAction{Type: "URL", Title: "Status", URL: "https://owlair.com/{{1}}"}
	phone := conversations.ContentAction{Type: "PHONE_NUMBER", Title: "Call", Phone: "+18005551234"}
	for name, c := range map[string]struct {
		form conversations.ContentForm
		text string
	}{
		"text":  {conversations.ContentForm{Type: conversations.ContentText, Body: "Hi"}, "Hi"},
		"media": {conversations.ContentForm{Type: conversations.ContentMedia, Body: "Hi", Media: []string{"https://owlair.com/a.jpg"}}, "Hi"},
		"location": {conversations.ContentForm{
			Type: conversations.ContentLocation, Latitude: ptr(37.78789), Longitude: ptr(-122.391664), Label: "Owl HQ", Address: "1 Nest",
		}, "Owl HQ\n1 Nest\n37.78789, -122.391664"},
		"place":       {conversations.ContentForm{Type: conversations.ContentLocation, Latitude: ptr(0.0), Longitude: ptr(-180.0)}, "0, -180"},
		"quick reply": {conversations.ContentForm{Type: conversations.ContentQuickReply, Body: "Hi", Actions: []conversations.ContentAction{{Type: "QUICK_REPLY", Title: "a", ID: "b"}}}, "Hi"},
		"call":        {conversations.ContentForm{Type: conversations.ContentCallToAction, Body: "Hi", Actions: []conversations.ContentAction{url, phone}}, "Hi"},
		"list": {conversations.ContentForm{
			Type: conversations.ContentListPicker, Body: "Hi", Button: "Choose", Items: []conversations.ContentItem{{ID: "1", Item: "One", Description: "first"}},
		}, "Hi"},
		"card": {conversations.ContentForm{
			Type: conversations.ContentCard, Title: "Owl", Subtitle: "Air", Media: []string{"{{media}}"}, Actions: []conversations.ContentAction{url, {Type: "QUICK_REPLY", Title: "a", ID: "b"}},
		}, "Owl\nAir"},
		"bare card": {conversations.ContentForm{Type: conversations.ContentCard, Title: "Owl"}, "Owl"},
	} {
		require.NoError(t, with(c.form).Check(), name)
		assert.Equal(t, c.text, c.form.Text(), name)
	}
	assert.Len(t, conversations.ContentTypes(), 7)
	assert.Empty(t, conversations.Content{}.Main())
}

func TestContentsAreRefusedWithWhatToChange(t *testing.T) {
	t.Parallel()
	text := func(n int) string { return strings.Repeat("é", n) }
	action := func(a conversations.ContentAction) conversations.Content {
		return with(conversations.ContentForm{Type: conversations.ContentCallToAction, Body: "b", Actions: []conversations.ContentAction{a}})
	}
	change := func(f func(*conversations.Content)) conversations.Content {
		c := owl()
		f(&c)
		return c
	}
	for says, c := range map[string]conversations.Content{
		"friendly_name has 257":                  change(func(c *conversations.Content) { c.FriendlyName = ptr(text(257)) }),
		"language must":                          change(func(c *conversations.Content) { c.Language = "" }),
		"language must be":                       change(func(c *conversations.Content) { c.Language = "english please" }),
		"types must have":                        change(func(c *conversations.Content) { c.Forms = nil }),
		"use some of":                            with(conversations.ContentForm{Type: "twilio/carousel"}),
		"variables: a key":                       change(func(c *conversations.Content) { c.Variables = map[string]string{"a b": "c"} }),
		"a number or a name":                     change(func(c *conversations.Content) { c.Variables = map[string]string{text(17): "c"} }),
		"variables.1 has 257":                    change(func(c *conversations.Content) { c.Variables = map[string]string{"1": text(257)} }),
		"types.twilio/text.body is required":     with(conversations.ContentForm{Type: conversations.ContentText, Body: " \n"}),
		"types.twilio/text.body has 1601":        with(conversations.ContentForm{Type: conversations.ContentText, Body: text(1601)}),
		"has a NUL character":                    with(conversations.ContentForm{Type: conversations.ContentText, Body: "a\x00"}),
		"types.twilio/media.body is required":    with(conversations.ContentForm{Type: conversations.ContentMedia}),
		"types.twilio/media.media[0] must begin": with(conversations.ContentForm{Type: conversations.ContentMedia, Body: "b", Media: []string{"file:///a"}}),
		"types.twilio/media.media has 11":        with(conversations.ContentForm{Type: conversations.ContentMedia, Body: "b", Media: make([]string, 11)}),
		"latitude must be a number":              with(conversations.ContentForm{Type: conversations.ContentLocation, Longitude: ptr(0.0)}),
		"latitude must be":                       with(conversations.ContentForm{Type: conversations.ContentLocation, Latitude: ptr(math.NaN()), Longitude: ptr(0.0)}),
		"longitude must be":                      with(conversations.ContentForm{Type: conversations.ContentLocation, Latitude: ptr(90.0), Longitude: ptr(180.1)}),
		"quick-reply.body has 1025":              with(conversations.ContentForm{Type: conversations.ContentQuickReply, Body: text(1025)}),
		"quick-reply.actions has 0 entries":      with(conversations.ContentForm{Type: conversations.ContentQuickReply, Body: "b"}),
		"quick-reply.actions has 11 entries":     with(conversations.ContentForm{Type: conversations.ContentQuickReply, Body: "b", Actions: make([]conversations.ContentAction, 11)}),
		"quick-reply.actions[0].title is":        with(conversations.ContentForm{Type: conversations.ContentQuickReply, Body: "b", Actions: []conversations.ContentAction{reply("", "x")}}),
		"quick-reply.actions[0].id is":           with(conversations.ContentForm{Type: conversations.ContentQuickReply, Body: "b", Actions: []conversations.ContentAction{reply("x", "")}}),
		"call-to-action.body has 641":            with(conversations.ContentForm{Type: conversations.ContentCallToAction, Body: text(641)}),
		"type must be one of URL":                action(conversations.ContentAction{Title: "t"}),
		"url is required":                        action(conversations.ContentAction{Type: "URL", Title: "t"}),
		"url must begin":                         action(conversations.ContentAction{Type: "URL", Title: "t", URL: "owlair.com"}),
		"phone is required":                      action(conversations.ContentAction{Type: "PHONE_NUMBER", Title: "t"}),
		"code is required":                       action(conversations.ContentAction{Type: "COPY_CODE", Title: "t"}),
		"list-picker.body is required":           with(conversations.ContentForm{Type: conversations.ContentListPicker, Button: "b"}),
		"list-picker.button is required":         with(conversations.ContentForm{Type: conversations.ContentListPicker, Body: "b"}),
		"list-picker.items has 0":                with(conversations.ContentForm{Type: conversations.ContentListPicker, Body: "b", Button: "b"}),
		"items[0].item is required":              with(conversations.ContentForm{Type: conversations.ContentListPicker, Body: "b", Button: "b", Items: []conversations.ContentItem{{ID: "1"}}}),
		"items[0].id is required":                with(conversations.ContentForm{Type: conversations.ContentListPicker, Body: "b", Button: "b", Items: []conversations.ContentItem{{Item: "1"}}}),
		"card.title is required":                 with(conversations.ContentForm{Type: conversations.ContentCard, Subtitle: "b"}),
		"card.title has 1025":                    with(conversations.ContentForm{Type: conversations.ContentCard, Title: text(1025)}),
		"card.subtitle has 61":                   with(conversations.ContentForm{Type: conversations.ContentCard, Title: "t", Subtitle: text(61)}),
	} {
		err := c.Check()
		require.True(t, conversations.InvalidParameter.Is(err), "%s: %v", says, err)
		assert.ErrorContains(t, err, says)
	}
}

func TestApprovalsAreRefusedWithWhatToChange(t *testing.T) {
	t.Parallel()
	require.NoError(t, conversations.Approval{Name: "flight_replies_2", Category: "UTILITY"}.Check())
	for says, a := range map[string]conversations.Approval{
		"name is required":       {Category: "UTILITY"},
		"small letters":          {Name: "Flight Replies", Category: "UTILITY"},
		"name has 513":           {Name: strings.Repeat("a", 513), Category: "UTILITY"},
		"category is required":   {Name: "a"},
		"such as UTILITY":        {Name: "a", Category: "utility"},
		"category has 65":        {Name: "a", Category: strings.Repeat("A", 65)},
		"name has a NUL":         {Name: "a\x00", Category: "UTILITY"},
		"category has a NUL cha": {Name: "a", Category: "A\x00"},
	} {
		err := a.Check()
		require.True(t, conversations.InvalidParameter.Is(err), "%s: %v", says, err)
		assert.ErrorContains(t, err, says)
	}
}

func TestVariablesOfMessages(t *testing.T) {
	t.Parallel()
	many := map[string]string{}
	for n := range 110 {
		many[strings.Repeat("k", n%10+1)+string(rune('à'+n))] = strings.Repeat("é", 256)
	}
	for name, c := range map[string]struct {
		given map[string]string
		want  conversations.Fault
	}{
		"key":   {map[string]string{strings.Repeat("é", 17): "x"}, conversations.ContentKeyTooLong},
		"value": {map[string]string{"1": strings.Repeat("é", 257)}, conversations.ContentValueTooLong},
		"all":   {many, conversations.ContentVariablesTooLong},
		"NUL":   {map[string]string{"1": "\x00"}, conversations.ContentVariablesInvalid},
	} {
		assert.True(t, c.want.Is(conversations.CheckVariables(c.given)), name)
	}
	require.NoError(t, conversations.CheckVariables(map[string]string{"a longer key: 16": strings.Repeat("é", 256), "1": ""}))
	_, err := owl().Values(map[string]string{"1": "x"})
	require.NoError(t, err)
	c := owl()
	c.Variables = nil
	_, err = c.Values(map[string]string{"2": "x"})
	assert.True(t, conversations.ContentVariablesInvalid.Is(err))
	require.ErrorContains(t, err, `"1"`)
	c.Forms[1].Actions[0].URL = "https://owlair.com/{{suffix}}"
	_, err = c.Values(map[string]string{"1": "x"})
	assert.ErrorContains(t, err, `"suffix"`, "of buttons too")
}

func TestAValueIsNotReadAgain(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{{1}}{{ 1 }}{{\t1\n}}": "{{2}}{{2}}{{2}}",
		"{{2}} {{3}} {{}} {1}":  "two {{3}} {{}} {1}",
		"{{{2}}}":               "{two}",
		"$1 {{dollar}}":         "$1 $1${2}",
		"":                      "",
	} {
		assert.Equal(t, want, conversations.Fill(text, map[string]string{"1": "{{2}}", "2": "two", "dollar": "$1${2}"}), text)
	}
}

// Whatever is between the variables stays, and each gets its own value.
func TestFillKeepsWhatIsAround(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var text, want strings.Builder
		values := map[string]string{}
		for range rapid.IntRange(0, 8).Draw(t, "pieces") {
			plain := rapid.StringMatching(`[^{}]*`).Draw(t, "plain")
			key := rapid.StringMatching(`[0-9A-Za-z_]{1,16}`).Draw(t, "key")
			if _, ok := values[key]; !ok {
				values[key] = rapid.String().Draw(t, "value")
			}
			text.WriteString(plain + "{{" + rapid.StringMatching(` {0,2}`).Draw(t, "space") + key + "}}")
			want.WriteString(plain + values[key])
		}
		assert.Equal(t, want.String(), conversations.Fill(text.String(), values))
	})
}

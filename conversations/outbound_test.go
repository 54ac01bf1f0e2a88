package conversations_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"bridged/conversations"
)

func TestTemplatesHaveTheirValuesInOrder(t *testing.T) {
	t.Parallel()
	c := conversations.Content{
		Language: "de", Approval: &conversations.Approval{Name: "n"},
		Forms: []conversations.ContentForm{{
			Type: conversations.ContentCallToAction, Body: "{{2}} {{10}} {{9}} {{name}} {{both}}",
			Actions: []conversations.ContentAction{
				{Type: "PHONE_NUMBER", Title: "Call", Phone: "+1"},
				{Type: "URL", Title: "Go", URL: "https://a.de/{{suffix}}"},
				{Type: "URL", Title: "Go", URL: "https://a.de/{{both}}"},
			},
		}},
	}
	out := c.Outbound(map[string]string{"2": "two", "10": "ten", "9": "nine", "name": "Ada", "suffix": "s", "both": "b", "1": "one"})
	var names []string
	for _, v := range out.Template.Body {
		names = append(names, v.Name)
	}
	assert.Equal(t, []string{"1", "2", "9", "10", "both", "name"}, names)
	assert.Equal(t, map[int]string{1: "s", 2: "b"}, out.Template.Buttons)
	assert.Equal(t, "two ten nine Ada b", out.Form.Body)
	assert.Equal(t, "https://a.de/s", out.Form.Actions[1].URL)
	assert.Equal(t, "https://a.de/{{suffix}}", c.Forms[0].Actions[1].URL, "the content itself stays")
	assert.Equal(t, "2", c.FirstVariable())
	assert.Equal(t, "two ten nine Ada b\nCall: +1\nGo: https://a.de/s\nGo: https://a.de/b", out.Form.Written())
	assert.Empty(t, out.Form.Choices(), "what opens something is no answer")

	c.Approval = nil
	assert.Nil(t, c.Outbound(nil).Template)
	assert.Empty(t, conversations.Content{}.FirstVariable())
}

func TestAFileOfATemplateIsItsHeader(t *testing.T) {
	t.Parallel()
	c := conversations.Content{
		Approval: &conversations.Approval{Name: "n"},
		Forms:    []conversations.ContentForm{{Type: conversations.ContentMedia, Body: "b", Media: []string{"https://a.de/{{1}}.png"}}},
	}
	out := c.Outbound(map[string]string{"1": "x"})
	assert.Equal(t, "https://a.de/x.png", out.Template.Header)
	assert.Empty(t, out.Template.Body, "the variable is the header's")
	assert.Equal(t, "b\nhttps://a.de/x.png", out.Form.Written())
}

// Whatever the titles are, the number that is shown chooses what it stands before.
func TestEachNumberIsItsChoice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		titles := rapid.SliceOfN(rapid.StringMatching(`[a-z]{1,8}`), 1, 10).Draw(t, "titles")
		f := conversations.ContentForm{Type: conversations.ContentListPicker, Body: "b"}
		for _, title := range titles {
			f.Items = append(f.Items, conversations.ContentItem{ID: "id " + title, Item: title})
		}
		choices := f.Choices()
		n := rapid.IntRange(1, len(titles)).Draw(t, "number")
		written := rapid.SampledFrom([]string{"%", " % ", "%.", "(%)", "#%", "%)"}).Draw(t, "way")
		chosen, ok := conversations.Chosen(choices, conversations.Fill("{{n}}", map[string]string{"n": replaced(written, n)}))
		assert.True(t, ok)
		assert.Equal(t, titles[n-1], chosen.Title)
		_, ok = conversations.Chosen(choices, replaced(written, len(titles)+1))
		assert.False(t, ok)
	})
	chosen, ok := conversations.Chosen([]conversations.Choice{{ID: "y", Title: "Yes"}}, " YES ")
	assert.True(t, ok)
	assert.Equal(t, "y", chosen.ID)
}

func replaced(way string, n int) string {
	out := ""
	for _, r := range way {
		if r == '%' {
			out += string(rune('0'+n/10)) + string(rune('0'+n%10))
			continue
		}
		out += string(r)
	}
	return out
}

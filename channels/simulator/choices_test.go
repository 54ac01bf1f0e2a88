package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/conversations"
)

func gateQuestion(choices ...string) conversations.ContentForm {
	f := conversations.ContentForm{Type: conversations.ContentQuickReply, Body: "Which gate?"}
	for i, title := range choices {
		f.Actions = append(f.Actions, conversations.ContentAction{Type: "QUICK_REPLY", ID: fmt.Sprint("gate", i), Title: title})
	}
	return f
}

func TestWhatsAppShowsButtonsAndLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	list := conversations.ContentForm{Type: conversations.ContentListPicker, Body: "Which?", Button: "See all", Items: []conversations.ContentItem{{ID: "a", Item: "A"}}}
	unlabelled := list
	unlabelled.Button = strings.Repeat("x", 21)
	for name, c := range map[string]struct {
		form conversations.ContentForm
		want conversations.Way
	}{
		"buttons":          {gateQuestion("Left", "Right"), conversations.WayForm},
		"too many":         {gateQuestion("1", "2", "3", "4"), conversations.WayText},
		"a title too long": {gateQuestion(strings.Repeat("x", 21)), conversations.WayText},
		"none":             {gateQuestion(), conversations.WayText},
		"a list":           {list, conversations.WayForm},
		"its button":       {unlabelled, conversations.WayText},
	} {
		assert.Equal(t, c.want, w.whatsApp.ContentWay(conversations.OutboundContent{Form: c.form}), name)
		assert.Equal(t, conversations.WayText, w.sms.ContentWay(conversations.OutboundContent{Form: c.form}), "%s, on SMS", name)
	}
}

func TestAButtonIsTapped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	sent, err := w.whatsApp.Send(t.Context(), channels.Outbound{
		From: whatsAppProxy, To: carla, Body: "Which gate?", Content: &conversations.OutboundContent{Form: gateQuestion("Left", "Right")},
	})
	require.NoError(t, err)
	var shown messagesJSON
	require.NoError(t, json.Unmarshal(w.call(http.MethodGet, "/handsets/"+string(carla)+"/messages", "").Body.Bytes(), &shown))
	require.Len(t, shown.Messages, 1)
	assert.Equal(t, []choiceJSON{{ID: "gate0", Title: "Left"}, {ID: "gate1", Title: "Right"}}, shown.Messages[0].Choices)

	tap := func(id, choice string) (int, string) {
		answer := w.call(http.MethodPost, "/messages",
			fmt.Sprintf(`{"from":%q,"to":[%q],"reply_to":%q,"choice":%q}`, carla, whatsAppProxy, id, choice))
		return answer.Code, answer.Body.String()
	}
	code, said := tap(sent.ProviderID, "gate7")
	assert.Equal(t, 400, code)
	assert.Contains(t, said, "choice is none of those")
	code, said = tap("wamid.none", "gate1")
	assert.Equal(t, 400, code)
	assert.Contains(t, said, "reply_to is no message")
	code, said = tap(sent.ProviderID, "gate1")
	require.Equal(t, http.StatusCreated, code, said)
	in := w.bridge.accepted()
	require.Len(t, in, 1)
	assert.Equal(t, "Right", in[0].Body)
	assert.Equal(t, sent.ProviderID, in[0].ReplyTo)
	assert.JSONEq(t, `{"type":"button","button":{"id":"gate1","title":"Right"}}`, in[0].Attributes)
	assert.Equal(t, sent.ProviderID, w.Messages(carla)[1].ReplyTo)
}

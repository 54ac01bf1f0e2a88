package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"

	"bridged/e2e/fakecarrier"
)

// bobSends delivers one message of Bob's in Meta's form, which he sent some time ago.
func (w *world) bobSends(id string, ago time.Duration, fields map[string]any) {
	w.t.Helper()
	digits := strings.TrimPrefix(bob, "whatsapp:+")
	message := map[string]any{"id": id, "from": digits, "timestamp": strconv.FormatInt(time.Now().Add(-ago).Unix(), 10)}
	for name, value := range fields {
		message[name] = value
	}
	w.accepted(w.cloud.PostValue(w.t.Context(), w.URL+"/hooks/wa-main", map[string]any{
		"contacts": []any{map[string]any{"wa_id": digits, "profile": map[string]any{"name": "Bob"}}},
		"messages": []any{message},
	}))
}

func textOf(text string) map[string]any {
	return map[string]any{"type": "text", "text": map[string]any{"body": text}}
}

// toBob are the requests that reached Meta, without what is the same in all.
func (w *world) toBob() (list []map[string]any) {
	w.t.Helper()
	for _, s := range w.cloud.Sent() {
		_, body, _ := strings.Cut(s.Raw, "\r\n\r\n")
		if body == "" {
			body = s.Raw[strings.Index(s.Raw, "\n{")+1:]
		}
		var m map[string]any
		require.NoError(w.t, json.Unmarshal([]byte(body), &m), "%s", s.Raw)
		for _, name := range []string{"messaging_product", "recipient_type", "to"} {
			delete(m, name)
		}
		list = append(list, m)
	}
	return list
}

// approve makes a content, approved under a name, and returns its SID.
func (w *world) approve(content, name string) string {
	w.t.Helper()
	status, made := w.postJSON("/v1/Content", content)
	require.Equal(w.t, http.StatusCreated, status)
	sid := made["sid"].(string)
	if name != "" {
		status, _ = w.postJSON("/v1/Content/"+sid+"/ApprovalRequests/whatsapp", `{"name":"`+name+`","category":"UTILITY"}`)
		require.Equal(w.t, http.StatusCreated, status)
	}
	return sid
}

// writeContent adds a message made of a content.
func (w *world) writeContent(conversation, content, variables string) string {
	w.t.Helper()
	m, err := w.api.CreateConversationMessage(conversation, &conversations.CreateConversationMessageParams{
		ContentSid: &content, ContentVariables: &variables,
	})
	require.NoError(w.t, err)
	return *m.Sid
}

type shownWindow struct {
	Address, ProxyAddress string
	ConversationSID       *string `json:"conversation_sid"`
	OpenUntil             string  `json:"open_until"`
	Open                  bool
}

func (w *world) windows(query string) []shownWindow {
	w.t.Helper()
	var list struct{ Windows []shownWindow }
	require.Equal(w.t, http.StatusOK, w.call(http.MethodGet, "/bridged/v1/windows"+query, nil, &list))
	return list.Windows
}

func (w *world) letters() []struct {
	ID          int64
	DeliverySID string `json:"delivery_sid"`
	ErrorCode   int    `json:"error_code"`
} {
	w.t.Helper()
	var list struct {
		Letters []struct {
			ID          int64
			DeliverySID string `json:"delivery_sid"`
			ErrorCode   int    `json:"error_code"`
		} `json:"dead_letters"`
	}
	require.Equal(w.t, http.StatusOK, w.call(http.MethodGet, "/bridged/v1/dead-letters", nil, &list))
	return list.Letters
}

const dayAndMore = 25 * time.Hour

func TestAMessageOutsideTheWindowWaitsForTheOperator(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	w.bobSends("wamid.1", dayAndMore, textOf("from yesterday"))
	eventually(t, func() bool { return len(w.windows("")) == 1 }, "it is known when he wrote")
	closed := w.windows("?ConversationSid=" + conversation)
	require.Len(t, closed, 1)
	assert.Equal(t, bob, closed[0].Address)
	assert.False(t, closed[0].Open)
	assert.Equal(t, conversation, *closed[0].ConversationSID)
	assert.Equal(t, http.StatusBadRequest, w.call(http.MethodGet, "/bridged/v1/windows?ConversationSid=nonsense", nil, nil))

	w.aliceWrites("SM00000000000000000000000000000001", "are you there?")
	eventually(t, func() bool { return len(w.letters()) == 1 }, "it is shown")
	letter := w.letters()[0]
	assert.Equal(t, 63016, letter.ErrorCode)
	list := w.messages(conversation)
	receipts := w.receipts(conversation, *list[1].Sid)
	require.Len(t, receipts, 1)
	assert.Equal(t, "failed", *receipts[0].Status)
	assert.Equal(t, 63016, receipts[0].ErrorCode)
	assert.Empty(t, w.cloud.Sent(), "Meta was not asked")

	w.bobWrites("wamid.2", "I am")
	eventually(t, func() bool { return w.windows("")[0].Open }, "it is open")
	path := "/bridged/v1/dead-letters/" + strconv.FormatInt(letter.ID, 10)
	require.Equal(t, http.StatusAccepted, w.call(http.MethodPost, path, url.Values{}, nil))
	eventually(t, func() bool { return len(w.cloud.Sent()) == 1 }, "it goes out")
	assert.Equal(t, "are you there?", w.cloud.Sent()[0].Body)
	eventually(t, func() bool { return w.delivery(conversation, *list[1].Sid)["sent"] == "all" }, "the receipt says so then")
	assert.Equal(t, http.StatusNotFound, w.call(http.MethodPost, path, url.Values{}, nil))
	assert.Equal(t, http.StatusNotFound, w.call(http.MethodPost, "/bridged/v1/dead-letters/x", url.Values{}, nil))
}

func TestWhatWaitedGoesOutWhenThePersonWrites(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{whatsappMore: "resend_when_open = true\n"})
	conversation := w.converse()
	w.bobSends("wamid.1", dayAndMore, textOf("from yesterday"))
	eventually(t, func() bool { return len(w.windows("")) == 1 }, "it is known when he wrote")
	for _, text := range []string{"one", "two", "three"} {
		w.write(conversation, text)
	}
	eventually(t, func() bool { return len(w.letters()) == 3 }, "they wait")
	w.bobWrites("wamid.2", "hello")
	eventually(t, func() bool { return len(w.cloud.Sent()) == 3 }, "they go out")
	assert.Equal(t, []string{"one", "two", "three"}, bodies(w.cloud.Sent()))
	assert.Empty(t, w.letters())
}

func TestTheFallbackTemplateGoesOutInTheTextsStead(t *testing.T) {
	t.Parallel()
	// Meta, and not our clock, says that the window is closed: Bob has never written.
	refusal := fakecarrier.Fault{Status: http.StatusBadRequest, Body: `{"error":{"message":"Re-engagement message","code":131047}}`}
	w := newWorld(t, setup{cloudFault: func(s fakecarrier.Sent) fakecarrier.Fault {
		if s.Body != "" {
			return refusal
		}
		return fakecarrier.Fault{}
	}})
	sid := w.approve(`{"language":"en","types":{"twilio/text":{"body":"News: {{1}}"}},"variables":{"1":"something"}}`, "news")
	attributes := `{"bridged":{"fallback_content_sid":"` + sid + `"}}`
	c, err := w.api.CreateConversation(&conversations.CreateConversationParams{Attributes: &attributes})
	require.NoError(t, err)
	w.join(*c.Sid, bob, whatsappProxy)
	m := w.write(*c.Sid, "your parcel\nis here")
	eventually(t, func() bool { return w.delivery(*c.Sid, m)["sent"] == "all" }, "it reaches him")
	sent := w.toBob()
	require.Len(t, sent, 2, "Meta was asked first, because nobody else knows")
	assert.Equal(t, map[string]any{"type": "template", "template": map[string]any{
		"name": "news", "language": map[string]any{"code": "en"}, "components": []any{map[string]any{
			"type": "body", "parameters": []any{map[string]any{"type": "text", "text": "your parcel is here"}},
		}},
	}}, sent[1])
	receipt := w.receipts(*c.Sid, m)[0]
	var detail map[string]any
	require.Equal(t, http.StatusOK, w.call(http.MethodGet, "/bridged/v1/deliveries/"+*receipt.Sid, nil, &detail))
	assert.Equal(t, []any{"fallback", sid}, []any{detail["way"], detail["fallback_content_sid"]})
}

func TestAContentOnEachChannel(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	sid := w.approve(owl, "")
	m := w.writeContent(conversation, sid, `{"1":"Alice"}`)
	eventually(t, func() bool { return w.delivery(conversation, m)["sent"] == "all" }, "both have it")
	text := "Hi, Alice. \n Thanks for contacting Owl Air Support. How can I help?"
	assert.Equal(t, text+"\n1. Check flight status\n2. Check gate number\n3. Speak with an agent", w.twilio.Sent()[0].Body)
	interactive := w.toBob()[0]["interactive"].(map[string]any)
	assert.Equal(t, map[string]any{"text": text}, interactive["body"])
	assert.Len(t, interactive["action"].(map[string]any)["buttons"], 3)

	// Alice's phone has no buttons: she answers with a number. Bob taps.
	w.aliceWrites("SM00000000000000000000000000000001", "2")
	w.bobSends("wamid.1", 0, map[string]any{
		"type": "interactive", "context": map[string]any{"id": w.cloud.Sent()[0].ID, "from": "15550100009"},
		"interactive": map[string]any{"type": "button_reply", "button_reply": map[string]any{"id": "gateid1", "title": "Check gate number"}},
	})
	eventually(t, func() bool { return len(w.messages(conversation)) == 3 }, "both answers are there")
	button := `"button":{"id":"gateid1","title":"Check gate number"}`
	for _, answer := range w.messages(conversation)[1:] {
		if *answer.Author == alice {
			assert.JSONEq(t, `{"bridged":{"type":"button",`+button+`}}`, *answer.Attributes)
		} else {
			assert.JSONEq(t, `{"bridged":{"type":"button",`+button+`,"reply_to":{"index":0}}}`, *answer.Attributes)
			assert.Equal(t, "Check gate number", *answer.Body)
		}
	}
}

// Page 34, "Starting More Professionally": the customer gets the first template, the
// courier, who wrote it, the second; from then on both are inside their windows.
func TestTheTemplatesOfPage34(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	const courier = "whatsapp:+15550300003"
	first := w.approve(`{"language":"en","types":{"twilio/text":{"body":"Your courier has trouble finding your door. Are you willing to chat with them?"}}}`, "find_door")
	second := w.approve(`{"language":"en","types":{"twilio/text":{"body":"{{1}} has agreed to chat. Say hello!"}}}`, "agreed")
	c, err := w.api.CreateConversation(&conversations.CreateConversationParams{})
	require.NoError(t, err)
	w.join(*c.Sid, bob, whatsappProxy)
	w.join(*c.Sid, courier, whatsappProxy)
	author := func(address, content, variables string) {
		t.Helper()
		_, err := w.api.CreateConversationMessage(*c.Sid, &conversations.CreateConversationMessageParams{
			Author: &address, ContentSid: &content, ContentVariables: &variables,
		})
		require.NoError(t, err)
	}
	author(courier, first, `{}`)
	eventually(t, func() bool { return len(w.cloud.Sent()) == 1 }, "the customer is asked, and not the courier")
	assert.Equal(t, strings.TrimPrefix(bob, "whatsapp:+"), w.cloud.Sent()[0].To)
	assert.Equal(t, map[string]any{"name": "find_door", "language": map[string]any{"code": "en"}}, w.toBob()[0]["template"])

	w.bobWrites("wamid.1", "Yes")
	eventually(t, func() bool { return len(w.cloud.Sent()) == 2 }, "the courier hears of it")
	author(bob, second, `{"1":"Your customer"}`)
	eventually(t, func() bool { return len(w.cloud.Sent()) == 3 }, "the courier is asked in")
	assert.Equal(t, strings.TrimPrefix(courier, "whatsapp:+"), w.cloud.Sent()[2].To)
	assert.Equal(t, "agreed", w.toBob()[2]["template"].(map[string]any)["name"])
	w.accepted(w.cloud.Post(t.Context(), w.URL+"/hooks/wa-main",
		fakecarrier.Message{ID: "wamid.2", From: strings.TrimPrefix(courier, "whatsapp:+"), Body: "hello"}))
	eventually(t, func() bool { return len(w.cloud.Sent()) == 4 }, "from then on it is free text")
	assert.Equal(t, "hello", w.cloud.Sent()[3].Body)
	assert.Len(t, w.windows("?ConversationSid="+*c.Sid), 2)
}

// What people send that is no text arrives as one, and says nothing of who they are.
func TestKindsOfMessagesThatAreNoText(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	kinds := []struct {
		fields     map[string]any
		text, kind string
	}{
		{map[string]any{"type": "location", "location": map[string]any{"latitude": 52.5, "longitude": 13.4, "name": "Alexanderplatz"}}, "[location] 52.5,13.4 Alexanderplatz", "location"},
		{map[string]any{"type": "reaction", "reaction": map[string]any{"message_id": "wamid.0", "emoji": "👍"}}, "[reaction] 👍", "reaction"},
		{map[string]any{"type": "unsupported", "errors": []any{map[string]any{"code": 131051, "title": "Message type unknown"}}}, "[unsupported message]", "unsupported"},
		{map[string]any{"type": "system", "system": map[string]any{"type": "user_changed_number", "body": "Bob changed from 15550300002 to 15550300099", "wa_id": "15550300099"}}, "[this person has a new number]", "system"},
	}
	for i, k := range kinds {
		w.bobSends("wamid."+strconv.Itoa(i), 0, k.fields)
	}
	eventually(t, func() bool { return len(w.twilio.Sent()) == len(kinds) }, "Alice gets them all")
	for i, k := range kinds {
		m := w.messages(conversation)[i]
		assert.Equal(t, k.text, w.twilio.Sent()[i].Body)
		assert.Contains(t, *m.Attributes, `"type":"`+k.kind+`"`)
		assert.NotContains(t, *m.Attributes+*m.Body, "5550300", "nobody's number")
		assert.NotContains(t, *m.Attributes, "wamid")
	}
}

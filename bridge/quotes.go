package bridge

import (
	"encoding/json"
	"fmt"
	"strings"

	"bridged/conversations"
)

// QuoteRows find what an inbound message answers.
type QuoteRows interface {
	// LastContent returns the content of the last message before an index that may
	// still be answered, and that the participant has not written.
	LastContent(c conversations.ConversationID, before int64, but conversations.ParticipantID) (conversations.MessageContent, error)
	// IndexOf returns the index of the message of a conversation that a carrier knows
	// by this id.
	IndexOf(c conversations.ConversationID, channel, providerID string) (int64, error)
}

// maxAnswer is the longest text that is looked at for the number of a choice.
const maxAnswer = 8

// attributesOf are the attributes that a message from a carrier begins with: what
// the adapter found in it, which message it answers, and which choice a number
// means. All of it is below "bridged", apart from what anybody else keeps there.
func (b *Bridge) attributesOf(tx Tx, r conversations.InboundRecord, c conversations.Conversation, author conversations.ParticipantID) (string, error) {
	found := make(map[string]any)
	if r.Attributes != "" {
		if err := json.Unmarshal([]byte(r.Attributes), &found); err != nil {
			return "", fmt.Errorf("read the attributes of an inbound message: %w", err)
		}
	}
	if r.ReplyTo != "" {
		switch index, err := tx.IndexOf(c.ID, r.Channel, r.ReplyTo); {
		case err == nil:
			found["reply_to"] = map[string]any{"index": index}
		case !conversations.NotFound.Is(err):
			return "", err
		}
	}
	if len(found) == 0 && len(r.Media) == 0 {
		if err := chosen(tx, r.Body, c, author, found); err != nil {
			return "", err
		}
	}
	if len(found) == 0 {
		return emptyAttributes, nil
	}
	encoded, err := json.Marshal(map[string]any{"bridged": found})
	return string(encoded), err
}

// chosen finds which choice of the last content a number means, as people answer
// whose phones show no buttons.
func chosen(tx Tx, body string, c conversations.Conversation, author conversations.ParticipantID, found map[string]any) error {
	body = strings.TrimSpace(body)
	if body == "" || len(body) > maxAnswer || !strings.ContainsAny(body, "0123456789") {
		return nil
	}
	made, err := tx.LastContent(c.ID, c.NextIndex, author)
	if err != nil {
		return ignoreNotFound(err)
	}
	content, err := tx.FindContent(made.ID)
	if err != nil {
		return ignoreNotFound(err)
	}
	form := content.Outbound(made.Variables).Form
	if choice, ok := conversations.Chosen(form.Choices(), body); ok {
		for name, value := range choice.Attributes(form.Type == conversations.ContentListPicker) {
			found[name] = value
		}
	}
	return nil
}

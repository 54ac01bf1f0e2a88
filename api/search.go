package api

import (
	"context"
	"slices"
	"strings"

	"bridged/conversations"
	"bridged/twilio"
)

// searchResult is a resource that a query has found. The conversation and its SID
// are null for a user.
type searchResult struct {
	Type            string  `json:"type"`
	SID             string  `json:"sid"`
	ConversationSID *string `json:"conversation_sid"`
	ChatServiceSID  string  `json:"chat_service_sid"`
	Field           string  `json:"field"`
	Snippet         string  `json:"snippet"`
	DateCreated     string  `json:"date_created"`
	URL             string  `json:"url"`
}

// search finds resources by their words, in all services.
func (s *server) search(c *call) (reply, error) {
	q, err := c.query()
	if err != nil {
		return reply{}, err
	}
	page := q.ReadPage(twilio.MaxSearch)
	page.KeepFrom(q, "Query")
	if err := q.Err(); err != nil {
		return reply{}, err
	}
	text := q.String("Query")
	if text == nil {
		return reply{}, twilio.Invalid("Query is missing; give the words to look for")
	}
	query := conversations.SearchQuery{Text: *text}
	if query.Kinds, err = searchKinds(c.URL.Query()["Type"]); err != nil {
		return reply{}, err
	}
	for _, kind := range query.Kinds {
		page.Keep("Type", string(kind))
	}
	return paged(c, q, page, "results", s.operationsURL("search"), showSearchResult(c.scope),
		func(ctx context.Context, p conversations.Page) (conversations.Listing[conversations.SearchHit], error) {
			return s.cfg.Store.Search(ctx, query, p)
		})
}

// searchKinds reads the kinds of resources, which may come in several parameters
// and with commas between.
func searchKinds(values []string) (kinds []conversations.SearchKind, err error) {
	for _, name := range strings.Split(strings.Join(values, ","), ",") {
		kind := conversations.SearchKind(strings.ToLower(strings.TrimSpace(name)))
		switch kind {
		case "":
		case conversations.SearchConversation, conversations.SearchParticipant, conversations.SearchMessage, conversations.SearchUser:
			if !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			}
		default:
			return nil, twilio.Invalid("Type must be conversation, participant, message or user")
		}
	}
	return kinds, nil
}

// showSearchResult shows what was found. It is of any service, so its URL goes
// through its service unless that is the default one.
func showSearchResult(scope twilio.Scope) func(conversations.SearchHit) searchResult {
	return func(h conversations.SearchHit) searchResult {
		within := scope
		within.Service, within.ThroughService = h.Service, h.Service != scope.Service
		shown := searchResult{
			Type:            string(h.Kind),
			ConversationSID: twilio.NullableSID(&h.Conversation),
			ChatServiceSID:  twilio.SID(h.Service),
			Field:           searchField(h.Field),
			Snippet:         h.Snippet,
			DateCreated:     twilio.Date(h.Created),
		}
		switch h.Kind {
		case conversations.SearchConversation:
			shown.SID, shown.URL = twilio.SID(h.Conversation), within.ConversationURL(h.Conversation)
		case conversations.SearchParticipant:
			shown.SID = twilio.SID(h.Participant)
			shown.URL = within.ParticipantsURL(h.Conversation) + "/" + shown.SID
		case conversations.SearchMessage:
			shown.SID = twilio.SID(h.Message)
			shown.URL = within.MessagesURL(h.Conversation) + "/" + shown.SID
		case conversations.SearchUser:
			shown.SID, shown.URL = twilio.SID(h.User), within.UserURL(h.User)
		}
		return shown
	}
}

// searchField names a field as the resource that has it does.
func searchField(f conversations.SearchField) string {
	switch f {
	case conversations.FieldAddress:
		return "messaging_binding.address"
	case conversations.FieldFriendlyName, conversations.FieldUniqueName, conversations.FieldIdentity,
		conversations.FieldBody, conversations.FieldSubject:
	}
	return strings.ReplaceAll(string(f), " ", "_")
}

package api

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/twilio"
)

// maxImport is how many resources one request may have. They share a commit.
const maxImport = 100

// importRequest is a batch of resources as another installation lists them.
type importRequest struct {
	// DryRun says what would become of the resources, and stores nothing. Each is
	// looked at by itself.
	DryRun bool `json:"dry_run"`
	// ServiceSID is the chat service that conversations are put into. Where it is
	// empty they keep theirs if it is known here, and else get the default one.
	ServiceSID string            `json:"service_sid"`
	Resources  []json.RawMessage `json:"resources"`
}

// importReply has a result for each resource, in their order.
type importReply struct {
	Results []importResult `json:"results"`
}

// importResult is what became of one resource.
type importResult struct {
	Outcome string   `json:"outcome"` // created, exists or refused
	Code    *int     `json:"code"`    // of the refusal
	Message *string  `json:"message"`
	Notes   []string `json:"notes"` // what is not as it was exported
}

// importResources stores conversations, participants and messages with their SIDs
// and dates. What is there already stays as it is. Nothing is sent.
func (s *server) importResources(c *call) (reply, error) {
	request, err := readImport(c)
	if err != nil {
		return reply{}, err
	}
	services, err := s.importServices(c, request.ServiceSID)
	if err != nil {
		return reply{}, err
	}
	results := make([]importResult, len(request.Resources))
	var (
		items  []bridge.ImportItem
		places []int // of the items among the results
		notes  [][]string
	)
	for i, text := range request.Resources {
		item, noted, err := services.read(c.Context(), text)
		var refused *twilio.Error
		if errors.As(err, &refused) {
			results[i] = refusedImport(refused)
			continue
		}
		if err != nil {
			return reply{}, err
		}
		items, places, notes = append(items, item), append(places, i), append(notes, noted)
	}
	show := func(imported []bridge.Imported) any {
		for i, one := range imported {
			results[places[i]] = showImported(items[i], one, notes[i])
		}
		return importReply{results}
	}
	return carryOut(c, http.StatusOK, show, func(ctx context.Context) ([]bridge.Imported, error) {
		return s.cfg.Bridge.Import(ctx, items, request.DryRun)
	})
}

func readImport(c *call) (importRequest, error) {
	var request importRequest
	if kind, _, err := mime.ParseMediaType(c.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return request, twilio.Invalid("the body must be application/json")
	}
	if err := json.Unmarshal(c.body, &request); err != nil {
		return request, twilio.Invalid(`the body must be JSON such as {"resources":[…],"dry_run":false}`)
	}
	if n := len(request.Resources); n == 0 || n > maxImport {
		return request, twilio.Invalid("resources must be a list of 1 to %d resources", maxImport)
	}
	return request, nil
}

// importServices decides which chat service a conversation is put into.
type importServices struct {
	all   conversations.ServiceID // every one; empty: see importRequest
	other conversations.ServiceID // those whose own is not known
	known map[conversations.ServiceID]bool
	find  func(context.Context, conversations.ServiceID) (conversations.Service, error)
}

func (s *server) importServices(c *call, sid string) (*importServices, error) {
	services := &importServices{other: c.scope.Service, known: map[conversations.ServiceID]bool{}, find: s.cfg.Store.Service}
	if sid == "" {
		return services, nil
	}
	id, ok := twilio.ParseSID[conversations.ServiceID](sid)
	if ok {
		var err error
		if ok, err = services.knows(c.Context(), id); err != nil {
			return nil, err
		}
	}
	if !ok {
		return nil, twilio.Invalid("service_sid is not a chat service of this installation")
	}
	services.all = id
	return services, nil
}

// knows says whether the installation has the service. It asks once for each.
func (s *importServices) knows(ctx context.Context, id conversations.ServiceID) (bool, error) {
	if known, asked := s.known[id]; asked {
		return known, nil
	}
	_, err := s.find(ctx, id)
	if err != nil && !conversations.NotFound.Is(err) {
		return false, err
	}
	s.known[id] = err == nil
	return err == nil, nil
}

// read makes an item of a resource. A *twilio.Error says that it is none.
func (s *importServices) read(ctx context.Context, text []byte) (item bridge.ImportItem, notes []string, err error) {
	read, err := twilio.ReadExported(text)
	switch {
	case err != nil:
		return item, nil, err
	case read.Conversation != nil:
		item.Conversation = importConversation(*read.Conversation)
		notes, err = s.place(ctx, item.Conversation)
		return item, notes, err
	case read.Participant != nil:
		item.Participant = importParticipant(*read.Participant)
	case read.Message != nil:
		item.Message = importMessage(*read.Message)
	}
	return item, nil, nil
}

// place sets the service of a conversation.
func (s *importServices) place(ctx context.Context, c *bridge.ImportConversation) ([]string, error) {
	if s.all != "" {
		c.Service = s.all
		return nil, nil
	}
	known, err := s.knows(ctx, c.Service)
	if known || err != nil {
		return nil, err
	}
	c.Service = s.other
	return []string{"its chat service is not known here; it is put into the default one"}, nil
}

func importConversation(c twilio.ExportedConversation) *bridge.ImportConversation {
	return &bridge.ImportConversation{
		ID: c.ID, Service: c.Service, DateInactive: c.DateInactive, DateClosed: c.DateClosed,
		ConversationFields: bridge.ConversationFields{
			FriendlyName: c.FriendlyName, UniqueName: c.UniqueName, Attributes: c.Attributes,
			MessagingService: c.MessagingService, State: c.State, EmailAddress: c.EmailAddress, EmailName: c.EmailName,
			Created: c.Created, Updated: c.Updated,
		},
	}
}

func importParticipant(p twilio.ExportedParticipant) *bridge.ImportParticipant {
	return &bridge.ImportParticipant{
		ID: p.ID, Conversation: p.Conversation,
		ParticipantFields: bridge.ParticipantFields{
			Identity: p.Identity, Address: p.Address, Proxy: p.Proxy, Projected: p.Projected, Attributes: p.Attributes,
			Role: p.Role, LastReadIndex: p.LastReadIndex, LastReadAt: p.LastReadAt, Created: p.Created, Updated: p.Updated,
		},
	}
}

func importMessage(m twilio.ExportedMessage) *bridge.ImportMessage {
	return &bridge.ImportMessage{
		ID: m.ID, Conversation: m.Conversation, Index: m.Index, Participant: m.Participant, Media: m.Media,
		MessageFields: bridge.MessageFields{
			Author: m.Author, Body: m.Body, Subject: m.Subject, Attributes: m.Attributes, Content: m.Content,
			Created: m.Created, Updated: m.Updated,
		},
	}
}

func showImported(item bridge.ImportItem, one bridge.Imported, notes []string) importResult {
	switch {
	case one.Refused != nil:
		return refusedImport(twilio.FromError(one.Refused, conversationOf(item)))
	case !one.Created:
		return importResult{Outcome: "exists", Notes: append([]string{}, one.Notes...)}
	}
	return importResult{Outcome: "created", Notes: append(append([]string{}, notes...), one.Notes...)}
}

// conversationOf is the path of the conversation that an item needs.
func conversationOf(item bridge.ImportItem) string {
	var id conversations.ConversationID
	switch {
	case item.Conversation != nil:
		id = item.Conversation.ID
	case item.Participant != nil:
		id = item.Participant.Conversation
	case item.Message != nil:
		id = item.Message.Conversation
	}
	return "/v1/Conversations/" + twilio.SID(id)
}

func refusedImport(e *twilio.Error) importResult {
	return importResult{Outcome: "refused", Code: &e.Code, Message: &e.Message, Notes: []string{}}
}

package bridge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bridged/conversations"
)

// ImportRows see what an import has to: identifiers are those of the export, and
// may be anywhere in the store already.
type ImportRows interface {
	// ConversationByID returns a conversation of any service, and locks it.
	ConversationByID(id conversations.ConversationID) (conversations.Conversation, error)
	// HomeOfParticipant returns the conversation that a participant is in.
	HomeOfParticipant(id conversations.ParticipantID) (conversations.ConversationID, error)
	// HomeOfMessage returns the conversation that a message is in.
	HomeOfMessage(id conversations.MessageID) (conversations.ConversationID, error)
	// MessageAt returns the message that has an index of a conversation.
	MessageAt(c conversations.ConversationID, index int64) (conversations.MessageID, error)
	// RaiseIndex lets the conversation's next index be this one at least.
	RaiseIndex(c conversations.ConversationID, next int64) error
}

// ImportItem is one resource of an import: the field that is not nil.
type ImportItem struct {
	Conversation *ImportConversation
	Participant  *ImportParticipant
	Message      *ImportMessage
}

// ImportConversation is a conversation as it was exported. Of its timers an export
// has only the dates; a zero date is a timer that is off.
type ImportConversation struct {
	ID      conversations.ConversationID
	Service conversations.ServiceID
	ConversationFields
	DateInactive, DateClosed time.Time
}

// ImportParticipant is a participant as it was exported.
type ImportParticipant struct {
	ID           conversations.ParticipantID
	Conversation conversations.ConversationID
	ParticipantFields
}

// ImportMessage is a message as it was exported.
type ImportMessage struct {
	ID           conversations.MessageID
	Conversation conversations.ConversationID
	Index        int64
	Participant  *conversations.ParticipantID
	Media        []conversations.Media // what is known of its files; not their bytes
	MessageFields
}

// Imported is what became of one resource: it was refused, or is there now.
type Imported struct {
	Refused error    // why it was refused
	Created bool     // by this import; else it was there already
	Notes   []string // what is not as it was exported, in sentences
}

// errDryRun takes back what a dry run did.
var errDryRun = errors.New("this was a dry run")

// maxIndex bounds the index of an imported message: what JSON can carry exactly.
const maxIndex = 1<<53 - 1

// Import stores resources of another installation with their identifiers, dates
// and indices, all in one commit. One that is refused does not hold up the others;
// one that is there already, by its identifier, stays as it is, so that the same
// import can be repeated. With dry nothing is stored.
//
// It is history that is imported: nothing is sent to anybody, and nothing is
// recorded as an event, so that no webhook tells of it.
func (b *Bridge) Import(ctx context.Context, items []ImportItem, dry bool) ([]Imported, error) {
	results, err := change(ctx, b, func(tx Tx) ([]Imported, error) {
		results := make([]Imported, len(items))
		for i, item := range items {
			result, err := b.importItem(tx, item)
			if refused, ok := errors.AsType[*conversations.Error](err); ok {
				result, err = Imported{Refused: refused}, nil
			}
			if err != nil {
				return nil, err
			}
			results[i] = result
		}
		if dry {
			return results, errDryRun
		}
		return results, nil
	})
	if errors.Is(err, errDryRun) {
		return results, nil
	}
	for _, item := range items {
		if c := item.Conversation; err == nil && c != nil {
			if due := earliest(c.DateInactive, c.DateClosed); !due.IsZero() {
				b.cfg.TimersDue(due)
			}
		}
	}
	return results, err
}

// importItem stores one resource. Where it refuses one it has written nothing of
// it, because the others of the commit stay.
func (b *Bridge) importItem(tx Tx, item ImportItem) (Imported, error) {
	switch {
	case item.Conversation != nil:
		return b.importConversation(tx, *item.Conversation)
	case item.Participant != nil:
		return b.importParticipant(tx, *item.Participant)
	case item.Message != nil:
		return b.importMessage(tx, *item.Message)
	}
	return Imported{}, conversations.Refuse(conversations.InvalidParameter, "there is no resource")
}

func (b *Bridge) importConversation(tx Tx, in ImportConversation) (Imported, error) {
	var result Imported
	have, err := tx.ConversationByID(in.ID)
	switch {
	case err == nil && have.Service != in.Service:
		result.note("it is in another chat service already")
		return result, nil
	case err == nil || !conversations.NotFound.Is(err):
		return result, err
	}
	f := in.ConversationFields
	if b.checkMessagingService(f.MessagingService) != nil {
		f.MessagingService = nil
		result.note("its messaging service is not configured here; it has the default one")
	}
	if f.State != nil && *f.State == conversations.StateInitializing {
		f.State = nil
		result.note("it was initializing; it is active now")
	}
	if err := b.checkConversation(f); err != nil {
		return result, err
	}
	defaults, err := tx.Configuration()
	if err != nil {
		return result, err
	}
	c := conversations.Conversation{
		ID: in.ID, Service: in.Service, MessagingService: defaults.MessagingServiceAmong(b.cfg.MessagingServices),
		Attributes: emptyAttributes, State: conversations.StateActive, CreatedBy: conversations.CreatedBySystem, Created: b.now(),
	}
	apply(&c, f)
	if c.Updated.IsZero() {
		c.Updated = c.Created
	}
	c.LastStateOrMessage = c.Updated
	if importTimers(&c, in.DateInactive, in.DateClosed) {
		result.note("an export has the dates of timers but not their durations: they are taken to be %s (inactive) and %s (closed), where 0s is none",
			c.Timers.Inactive, c.Timers.Closed)
	}
	result.Created = true
	return result, tx.InsertConversation(&c)
}

// importTimers keeps the dates of a conversation's timers, and guesses the
// durations: they ran from the last update, the second one after the first
// (contract, 15). It says whether there were any.
func importTimers(c *conversations.Conversation, inactive, closed time.Time) bool {
	if c.State == conversations.StateClosed || inactive.IsZero() && closed.IsZero() {
		return false
	}
	from := c.Updated
	if !inactive.IsZero() {
		c.Timers.DateInactive = inactive
		c.Timers.Inactive = max(inactive.Sub(from), minTimerInactive)
		from = inactive
	}
	if !closed.IsZero() {
		c.Timers.DateClosed = closed
		c.Timers.Closed = max(closed.Sub(from), minTimerClosed)
	}
	return true
}

func (b *Bridge) importParticipant(tx Tx, in ImportParticipant) (Imported, error) {
	var result Imported
	there, err := isThere(in.Conversation, func() (conversations.ConversationID, error) { return tx.HomeOfParticipant(in.ID) })
	if err != nil || there {
		return result, err
	}
	p, err := b.importedParticipant(in)
	if err != nil {
		return result, err
	}
	c, err := tx.ConversationByID(in.Conversation)
	if err != nil {
		return result, err
	}
	of, err := tx.FindService(c.Service)
	if err != nil {
		return result, err
	}
	if err := importRole(tx, of, &p, &result); err != nil {
		return result, err
	}
	if err := b.checkRoom(tx, c.Service, p); err != nil {
		return result, err
	}
	if c.State.Live() {
		// Before it is stored: a pair that is taken is refused, and then nothing of
		// the participant may remain.
		if err := b.bind(tx, p); err != nil {
			return result, err
		}
	}
	if err := tx.InsertParticipant(&p); err != nil {
		return result, err
	}
	result.Created = true
	if p.Grouped() {
		if err := b.importGroup(tx, p, &result); err != nil {
			return result, err
		}
	}
	if p.Identity == nil {
		return result, nil
	}
	_, err = tx.EnsureUser(b.newUser(of, *p.Identity))
	return result, err
}

// importedParticipant checks what can be checked of a participant without the
// store.
func (b *Bridge) importedParticipant(in ImportParticipant) (conversations.Participant, error) {
	f := in.ParticipantFields
	p := conversations.Participant{ID: in.ID, Conversation: in.Conversation, Identity: f.Identity, Attributes: emptyAttributes, Created: b.now()}
	binding, err := b.newBinding(f)
	if err != nil {
		return p, err
	}
	p.Binding = binding
	if f.LastReadIndex != nil && f.LastReadAt == nil {
		f.LastReadAt = f.Updated
	}
	err = b.applyParticipant(&p, f)
	if p.Updated.IsZero() {
		p.Updated = p.Created
	}
	return p, err
}

// importRole gives a participant the service's default role in place of one that
// the service does not have. Who is outside chat may have none.
func importRole(tx Tx, of conversations.Service, p *conversations.Participant, result *Imported) error {
	err := checkConversationRole(tx, of, p.Role)
	switch {
	case conversations.RoleUnknown.Is(err):
		p.Role = &of.ConversationRole
		result.note("its role is not known here; it has the default one")
	case err != nil:
		return err
	case p.Role == nil && p.Identity != nil:
		p.Role = &of.ConversationRole
	}
	return nil
}

// importGroup gives a conversation the number group that it has with a member of a
// group text. Its members come one by one, and what only some of them make may be
// another conversation's.
func (b *Bridge) importGroup(tx Tx, p conversations.Participant, result *Imported) error {
	err := b.regroupStored(tx, p.Conversation)
	if conversations.GroupTaken.Is(err) {
		result.note("until its other members are there, messages of this group go to another conversation")
		return nil
	}
	return err
}

func (b *Bridge) importMessage(tx Tx, in ImportMessage) (Imported, error) {
	var result Imported
	there, err := isThere(in.Conversation, func() (conversations.ConversationID, error) { return tx.HomeOfMessage(in.ID) })
	if err != nil || there {
		return result, err
	}
	m, err := b.importedMessage(in)
	if err != nil {
		return result, err
	}
	if _, err := tx.ConversationByID(in.Conversation); err != nil {
		return result, err
	}
	switch _, err := tx.MessageAt(in.Conversation, in.Index); {
	case err == nil:
		return result, conversations.Refuse(conversations.InvalidParameter,
			"index %d of the conversation is another message's already; import before the conversation is used", in.Index)
	case !conversations.NotFound.Is(err):
		return result, err
	}
	if err := tx.InsertMessage(m); err != nil {
		return result, err
	}
	if len(m.Media) > 0 {
		result.note("of its files the names, types and sizes are kept, not the files themselves")
	}
	result.Created = true
	return result, tx.RaiseIndex(in.Conversation, in.Index+1)
}

// importedMessage checks what can be checked of a message without the store.
// History may have a message without text.
func (b *Bridge) importedMessage(in ImportMessage) (conversations.Message, error) {
	m := conversations.Message{
		ID: in.ID, Conversation: in.Conversation, Index: in.Index, Participant: in.Participant, Media: in.Media,
		Author: conversations.AuthorSystem, Body: in.Body, Subject: in.Subject, Attributes: emptyAttributes, Created: b.now(),
	}
	if in.Index < 0 || in.Index > maxIndex {
		return m, conversations.Refuse(conversations.InvalidParameter, "index must be from 0 to %d", int64(maxIndex))
	}
	set(&m.Author, in.Author)
	set(&m.Attributes, in.Attributes)
	set(&m.Created, in.Created)
	m.Updated = m.Created
	set(&m.Updated, in.Updated)
	if in.Content != nil {
		m.Content = &conversations.MessageContent{ID: *in.Content}
	}
	return m, checkMessage(in.MessageFields)
}

// isThere says whether a resource is in the conversation already. Where it is in
// another one its identifier is refused.
func isThere(wanted conversations.ConversationID, home func() (conversations.ConversationID, error)) (bool, error) {
	have, err := home()
	switch {
	case conversations.NotFound.Is(err):
		return false, nil
	case err == nil && have != wanted:
		return false, conversations.Refuse(conversations.InvalidParameter, "another conversation has a resource of this SID")
	}
	return err == nil, err
}

// note adds what is not as it was exported.
func (i *Imported) note(format string, args ...any) {
	i.Notes = append(i.Notes, fmt.Sprintf(format, args...))
}

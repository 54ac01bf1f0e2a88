package twilio

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"bridged/conversations"
)

// Exported is a resource as another installation's list has it: the field that is
// not nil. What a resource lacks is nil, or zero, in it.
type Exported struct {
	Conversation *ExportedConversation
	Participant  *ExportedParticipant
	Message      *ExportedMessage
}

// ExportedConversation is what an import needs of a conversation.
type ExportedConversation struct {
	ID                       conversations.ConversationID
	Service                  conversations.ServiceID
	MessagingService         *conversations.MessagingServiceID
	FriendlyName, UniqueName *string
	Attributes               *string
	State                    *conversations.State
	DateInactive, DateClosed time.Time
	EmailAddress, EmailName  *string
	Created, Updated         *time.Time
}

// ExportedParticipant is what an import needs of a participant.
type ExportedParticipant struct {
	ID                        conversations.ParticipantID
	Conversation              conversations.ConversationID
	Identity                  *string
	Address, Proxy, Projected *conversations.Address
	Attributes                *string
	Role                      *conversations.RoleID
	LastReadIndex             *int64
	LastReadAt                *time.Time
	Created, Updated          *time.Time
}

// ExportedMessage is what an import needs of a message.
type ExportedMessage struct {
	ID               conversations.MessageID
	Conversation     conversations.ConversationID
	Index            int64
	Author           *string
	Participant      *conversations.ParticipantID
	Body, Subject    *string
	Attributes       *string
	Media            []conversations.Media
	Content          *conversations.ContentID
	Created, Updated *time.Time
}

// exported is a resource of any of the kinds as it travels.
type exported struct {
	SID                 string          `json:"sid"`
	ConversationSID     string          `json:"conversation_sid"`
	ChatServiceSID      *string         `json:"chat_service_sid"`
	MessagingServiceSID *string         `json:"messaging_service_sid"`
	FriendlyName        *string         `json:"friendly_name"`
	UniqueName          *string         `json:"unique_name"`
	Attributes          json.RawMessage `json:"attributes"`
	State               *string         `json:"state"`
	Timers              struct {
		DateInactive *string `json:"date_inactive"`
		DateClosed   *string `json:"date_closed"`
	} `json:"timers"`
	Bindings struct {
		Email struct {
			Address          *string `json:"address"`
			ProjectedAddress *string `json:"projected_address"`
			Name             *string `json:"name"`
		} `json:"email"`
	} `json:"bindings"`
	Identity         *string `json:"identity"`
	MessagingBinding struct {
		Address          *string `json:"address"`
		ProxyAddress     *string `json:"proxy_address"`
		ProjectedAddress *string `json:"projected_address"`
	} `json:"messaging_binding"`
	RoleSID              *string `json:"role_sid"`
	LastReadMessageIndex *int64  `json:"last_read_message_index"`
	LastReadTimestamp    *string `json:"last_read_timestamp"`
	Index                *int64  `json:"index"`
	Author               *string `json:"author"`
	ParticipantSID       *string `json:"participant_sid"`
	Body                 *string `json:"body"`
	Subject              *string `json:"subject"`
	Media                []struct {
		SID         string `json:"sid"`
		Size        int64  `json:"size"`
		ContentType string `json:"content_type"`
		Filename    string `json:"filename"`
		Category    string `json:"category"`
	} `json:"media"`
	ContentSID  *string `json:"content_sid"`
	DateCreated *string `json:"date_created"`
	DateUpdated *string `json:"date_updated"`
}

// ReadExported reads a conversation, a participant or a message as the REST API
// shows it or, with names such as dateCreated, as Node's helper library prints it.
// Which of the three it is, its SID says. Links, receipts and other names that an
// import has no use for are ignored.
func ReadExported(text []byte) (Exported, error) {
	if !utf8.Valid(text) {
		return Exported{}, Invalid("the resource is not UTF-8 text")
	}
	var e exported
	if err := decodeExported(text, &e); err != nil {
		return Exported{}, err
	}
	r := exportReader{exported: e}
	var read Exported
	switch {
	case strings.HasPrefix(e.SID, prefix[conversations.ConversationID]()):
		read.Conversation = r.conversation()
	case strings.HasPrefix(e.SID, prefix[conversations.ParticipantID]()):
		read.Participant = r.participant()
	case strings.HasPrefix(e.SID, prefix[conversations.MessageID]()):
		read.Message = r.message()
	default:
		return read, Invalid("sid is not that of a conversation (CH), a participant (MB) or a message (IM)")
	}
	return read, r.err
}

func decodeExported(text []byte, into *exported) error {
	snaked, err := snakeNames(text, exportedDepth)
	if err == nil {
		err = json.Unmarshal(snaked, into)
	}
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong) && wrong.Field != "":
		return Invalid("%s is not of the type that it has in the REST API", wrong.Field)
	case err != nil:
		return Invalid("the resource is no JSON object")
	}
	return nil
}

// exportedDepth is how deep the names are nested that an import reads: those of
// bindings.email.
const exportedDepth = 3

// snakeNames writes an object, down to a depth, with the REST API's names in place
// of Node's. Attributes that are written out as an object keep their names.
func snakeNames(text []byte, depth int) ([]byte, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, err
	}
	if object == nil {
		return nil, errors.New("it is null")
	}
	snaked := make(map[string]json.RawMessage, len(object))
	for name, value := range object {
		own := snake(name)
		if _, written := object[own]; written && own != name {
			continue // the REST API's own name counts
		}
		if own != "attributes" {
			var err error
			if value, err = snakeValue(value, depth-1); err != nil {
				return nil, err
			}
		}
		snaked[own] = value
	}
	return json.Marshal(snaked)
}

// snakeValue does the same to the objects in a value.
func snakeValue(value json.RawMessage, depth int) (json.RawMessage, error) {
	if depth == 0 {
		return value, nil
	}
	switch trimmed := bytes.TrimSpace(value); trimmed[0] {
	case '{':
		return snakeNames(trimmed, depth)
	case '[':
		var list []json.RawMessage
		if err := json.Unmarshal(trimmed, &list); err != nil {
			return nil, err
		}
		for i, element := range list {
			var err error
			if list[i], err = snakeValue(element, depth-1); err != nil {
				return nil, err
			}
		}
		return json.Marshal(list)
	}
	return value, nil
}

// snake turns dateCreated into date_created.
func snake(name string) string {
	var b strings.Builder
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			if i > 0 {
				b.WriteByte('_')
			}
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

// exportReader makes domain values of a resource's texts, and keeps what is wrong
// with the first that it cannot.
type exportReader struct {
	exported
	err error
}

func (r *exportReader) refuse(format string, args ...any) {
	if r.err == nil {
		r.err = Invalid(format, args...)
	}
}

func (r *exportReader) conversation() *ExportedConversation {
	c := &ExportedConversation{
		ID:               exportedSID[conversations.ConversationID](r, "sid", r.SID),
		MessagingService: optionalSID[conversations.MessagingServiceID](r, "messaging_service_sid", r.MessagingServiceSID),
		FriendlyName:     r.text("friendly_name", r.FriendlyName),
		UniqueName:       r.text("unique_name", r.UniqueName),
		Attributes:       r.attributes(),
		EmailAddress:     r.text("bindings.email.address", r.Bindings.Email.Address),
		EmailName:        r.text("bindings.email.name", r.Bindings.Email.Name),
		Created:          r.date("date_created", r.DateCreated),
		Updated:          r.date("date_updated", r.DateUpdated),
	}
	if c.EmailAddress == nil {
		c.EmailAddress = r.text("bindings.email.projected_address", r.Bindings.Email.ProjectedAddress)
	}
	if id := optionalSID[conversations.ServiceID](r, "chat_service_sid", r.ChatServiceSID); id != nil {
		c.Service = *id
	}
	if s := r.text("state", r.State); s != nil {
		state := conversations.State(*s)
		c.State = &state
	}
	if at := r.date("timers.date_inactive", r.Timers.DateInactive); at != nil {
		c.DateInactive = *at
	}
	if at := r.date("timers.date_closed", r.Timers.DateClosed); at != nil {
		c.DateClosed = *at
	}
	return c
}

func (r *exportReader) participant() *ExportedParticipant {
	return &ExportedParticipant{
		ID:            exportedSID[conversations.ParticipantID](r, "sid", r.SID),
		Conversation:  exportedSID[conversations.ConversationID](r, "conversation_sid", r.ConversationSID),
		Identity:      r.text("identity", r.Identity),
		Address:       (*conversations.Address)(r.text("messaging_binding.address", r.MessagingBinding.Address)),
		Proxy:         (*conversations.Address)(r.text("messaging_binding.proxy_address", r.MessagingBinding.ProxyAddress)),
		Projected:     (*conversations.Address)(r.text("messaging_binding.projected_address", r.MessagingBinding.ProjectedAddress)),
		Attributes:    r.attributes(),
		Role:          optionalSID[conversations.RoleID](r, "role_sid", r.RoleSID),
		LastReadIndex: r.LastReadMessageIndex,
		LastReadAt:    r.date("last_read_timestamp", r.LastReadTimestamp),
		Created:       r.date("date_created", r.DateCreated),
		Updated:       r.date("date_updated", r.DateUpdated),
	}
}

func (r *exportReader) message() *ExportedMessage {
	m := &ExportedMessage{
		ID:           exportedSID[conversations.MessageID](r, "sid", r.SID),
		Conversation: exportedSID[conversations.ConversationID](r, "conversation_sid", r.ConversationSID),
		Author:       r.text("author", r.Author),
		Participant:  optionalSID[conversations.ParticipantID](r, "participant_sid", r.ParticipantSID),
		Body:         r.text("body", r.Body),
		Subject:      r.text("subject", r.Subject),
		Attributes:   r.attributes(),
		Content:      optionalSID[conversations.ContentID](r, "content_sid", r.ContentSID),
		Created:      r.date("date_created", r.DateCreated),
		Updated:      r.date("date_updated", r.DateUpdated),
	}
	if r.Index == nil {
		r.refuse("index is missing")
	} else {
		m.Index = *r.Index
	}
	for i, f := range r.Media {
		at := fmt.Sprintf("media[%d].", i)
		category := conversations.MediaCategory(f.Category)
		if !category.Known() {
			category = conversations.CategoryMedia
		}
		m.Media = append(m.Media, conversations.Media{
			ID: exportedSID[conversations.MediaID](r, at+"sid", f.SID), Size: f.Size, Category: category,
			ContentType: *r.text(at+"content_type", &f.ContentType), Filename: *r.text(at+"filename", &f.Filename),
		})
	}
	return m
}

// text refuses what no database's text can hold.
func (r *exportReader) text(name string, s *string) *string {
	if s != nil && strings.ContainsRune(*s, 0) {
		r.refuse("%s has a NUL character", name)
	}
	return s
}

func (r *exportReader) date(name string, s *string) *time.Time {
	if s == nil {
		return nil
	}
	t, err := ParseDate(*s)
	if err != nil {
		r.refuse("%s is %v", name, err)
		return nil
	}
	return &t
}

// attributes are JSON in a text; some tools write the JSON itself.
func (r *exportReader) attributes() *string {
	raw := bytes.TrimSpace(r.Attributes)
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil
	}
	text := string(raw)
	if raw[0] == '"' {
		if err := json.Unmarshal(raw, &text); err != nil {
			r.refuse("attributes are no text")
			return nil
		}
	}
	if text == "" {
		return nil
	}
	return r.text("attributes", &text)
}

func exportedSID[T ID](r *exportReader, name, s string) T {
	id, ok := ParseSID[T](s)
	if !ok {
		r.refuse("%s must be %s and 32 hexadecimal digits", name, prefix[T]())
	}
	return id
}

func optionalSID[T ID](r *exportReader, name string, s *string) *T {
	if s == nil || *s == "" {
		return nil
	}
	id := exportedSID[T](r, name, *s)
	return &id
}

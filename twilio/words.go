package twilio

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"bridged/conversations"
)

// AddressType reads the type of an address, of those that the reference knows.
// An empty one is as if it was not sent.
func (f *Form) AddressType(name string) *conversations.ChannelType {
	t := Word[conversations.ChannelType](f, name)
	if t == nil || *t == "" {
		return nil
	}
	known := []conversations.ChannelType{"sms", "whatsapp", "messenger", "gbm", "email", "rcs", "apple", "chat"}
	if !slices.Contains(known, *t) {
		f.refuse(Invalid("%s must be one of sms, whatsapp, messenger, gbm, email, rcs, apple and chat", name))
		return nil
	}
	return t
}

// FlowSID reads the SID of a flow. Flows are no resource here: the configuration
// says what their SIDs stand for.
func (f *Form) FlowSID(name string) *string {
	s := f.String(name)
	if s == nil {
		return nil
	}
	flow, ok := ParseFlowSID(*s)
	if !ok {
		f.refuse(conversations.Refuse(conversations.WebhookFlowInvalid, "%s must be FW and 32 hexadecimal digits", name))
		return nil
	}
	return &flow
}

// ParseFlowSID reads the SID of a flow, whose digits may be of either case. It
// returns the one spelling by which flows are compared.
func ParseFlowSID(s string) (flow string, ok bool) {
	digits, ok := strings.CutPrefix(s, "FW")
	digits = strings.ToLower(digits)
	return "FW" + digits, ok && conversations.ValidID(digits)
}

// Muted reads a notification level.
func (f *Form) Muted(name string) *bool {
	level := f.Lower(name)
	if level == nil {
		return nil
	}
	if *level != LevelMuted && *level != LevelDefault {
		f.refuse(conversations.Refuse(conversations.NotificationLevelWrong, "%s must be default or muted", name))
		return nil
	}
	return ptr(*level == LevelMuted)
}

// Person reads whose conversations are looked up (page 16): Identity or Address.
func (f *Form) Person() (conversations.Person, error) {
	identity, address := f.String("Identity"), f.Address("Address")
	switch {
	case identity != nil && address != nil:
		return conversations.Person{}, &conversations.Error{Fault: conversations.PersonAmbiguous}
	case identity != nil && *identity != "":
		return conversations.Person{Identity: *identity}, nil
	case address != nil && *address != "":
		return conversations.Person{Address: *address}, nil
	}
	return conversations.Person{}, Invalid("give an Identity or an Address")
}

// memberParameters are the parameters of a participant, by how they are called in
// the JSON of page 07 without regard to case and underscores.
func memberParameters() map[string]string {
	byName := make(map[string]string)
	for _, name := range []string{
		"Identity", "Attributes", "RoleSid", "DateCreated", "DateUpdated",
		"MessagingBinding.Address", "MessagingBinding.ProxyAddress", "MessagingBinding.ProjectedAddress",
	} {
		byName[strings.ToLower(name)] = name
	}
	return byName
}

// ParseMember reads a participant that a conversation is to be made with, which
// is JSON, as the form of the parameters of page 06.
func ParseMember(text string) (*Form, error) {
	var fields map[string]any
	if err := json.Unmarshal([]byte(text), &fields); err != nil || fields == nil {
		return nil, Invalid(`Participant must be a JSON object such as {"identity": "ada"}`)
	}
	values := url.Values{}
	if err := flatten(values, "", fields); err != nil {
		return nil, err
	}
	return newForm(values)
}

// flatten writes the members of a JSON object as parameters.
func flatten(into url.Values, prefix string, fields map[string]any) error {
	parameters := memberParameters()
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		name := prefix + strings.ToLower(strings.ReplaceAll(key, "_", ""))
		parameter, known := parameters[name]
		switch value := fields[key].(type) {
		case nil:
		case string:
			if known {
				into.Set(parameter, value)
			}
		case map[string]any:
			if parameter == "Attributes" { // some clients do not turn them into a string
				b, err := json.Marshal(value)
				if err != nil {
					return err
				}
				into.Set(parameter, string(b))
			} else if err := flatten(into, name+".", value); err != nil {
				return err
			}
		default:
			if known {
				return Invalid("Participant: %s must be a string", key)
			}
		}
	}
	return nil
}

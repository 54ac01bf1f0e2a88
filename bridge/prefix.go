package bridge

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"bridged/conversations"
)

// RelayPolicy says in which conversations people are told who speaks: those who
// read on a handset see one number of ours, whoever wrote.
type RelayPolicy struct {
	// Prefix is what holds where nothing more particular is said.
	Prefix bool
	// Services are those whose conversations do it in any case.
	Services []conversations.ServiceID
}

const (
	// fewSpeakers is up to how many members of a conversation each other one is
	// known: with two, it can only be the other.
	fewSpeakers = 2
	// maxSpeaker bounds the name that is shown, in runes.
	maxSpeaker = 40
	// longNumber is how many digits make something a telephone number or an id of a
	// carrier, which nobody is shown.
	longNumber = 7
)

// relayAttributes are what a conversation's attributes may say about the prefix:
// {"bridged": {"relay_prefix": true}}.
type relayAttributes struct {
	Bridged struct {
		RelayPrefix *bool `json:"relay_prefix"`
	} `json:"bridged"`
}

// tellsWho says whether the readers of a conversation are told who speaks: by its
// own attributes, else by its service, else by the configuration.
func (b *Bridge) tellsWho(c *conversations.Conversation) bool {
	if strings.Contains(c.Attributes, "relay_prefix") {
		var said relayAttributes
		if json.Unmarshal([]byte(c.Attributes), &said) == nil && said.Bridged.RelayPrefix != nil {
			return *said.Bridged.RelayPrefix
		}
	}
	return b.cfg.Relay.Prefix || slices.Contains(b.cfg.Relay.Services, c.Service)
}

// prefixOf returns what stands before the text of a message where it is relayed,
// such as "[Alice]"; mostly nothing. It is made when the message is added and kept
// with its deliveries, so that every attempt has the same whatever the name is by
// then. What nobody of the conversation wrote has none.
func (b *Bridge) prefixOf(tx Tx, c *conversations.Conversation, m conversations.Message, members []conversations.Participant) (string, error) {
	if m.Participant == nil || len(members) <= fewSpeakers || !b.tellsWho(c) {
		return "", nil
	}
	for _, p := range members {
		if p.ID != *m.Participant {
			continue
		}
		name, err := speaker(tx, c, p, members)
		if err != nil {
			return "", err
		}
		return "[" + name + "]", nil
	}
	return "", nil
}

// speaker is what a participant is called before others: the name in its
// attributes, {"name": "Alice"}; the friendly name of its user; its identity; or
// "Participant 2". It is never an address, nor anything that looks like one.
func speaker(tx Tx, c *conversations.Conversation, p conversations.Participant, members []conversations.Participant) (string, error) {
	var names []string
	var attributes struct {
		Name any `json:"name"`
	}
	if json.Unmarshal([]byte(p.Attributes), &attributes) == nil {
		if name, isText := attributes.Name.(string); isText {
			names = append(names, name)
		}
	}
	if p.Identity != nil {
		user, err := tx.FindUser(c.Service, conversations.UserKey{Identity: *p.Identity})
		if ignoreNotFound(err) != nil {
			return "", err
		}
		if user.FriendlyName != nil {
			names = append(names, *user.FriendlyName)
		}
		names = append(names, *p.Identity)
	}
	for _, name := range names {
		if name = showable(name); name != "" && !holdsAddress(name, members) {
			return name, nil
		}
	}
	n, err := tx.SpeakerNumber(c.ID, p.ID)
	return "Participant " + strconv.FormatInt(n, 10), err
}

// holdsAddress says whether the address of a member, or a number of ours that one
// writes to, is in a name: a short code, for instance.
func holdsAddress(name string, members []conversations.Participant) bool {
	name = strings.ToLower(name)
	for _, p := range members {
		if p.Binding == nil {
			continue
		}
		for _, a := range []conversations.Address{p.Binding.Address, p.Binding.Proxy} {
			if local := strings.ToLower(a.Local()); local != "" && strings.Contains(name, local) {
				return true
			}
		}
	}
	return false
}

// showable is a name as others may see it: in one line, without brackets, and not
// too long. It is empty where the name is, or holds, an address: something with an
// @, or as many digits as a telephone number has, however they are grouped and
// whichever digits they are.
func showable(name string) string {
	if strings.ContainsAny(name, "@＠") {
		return ""
	}
	digits := 0
	for _, r := range name {
		switch {
		case unicode.IsNumber(r):
			if digits++; digits >= longNumber {
				return ""
			}
		case unicode.IsLetter(r):
			digits = 0
		}
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case r == '[' || r == ']' || r == unicode.ReplacementChar:
			return -1
		case unicode.IsControl(r) || unicode.IsSpace(r):
			return ' '
		}
		return r
	}, name)
	name = strings.Join(strings.Fields(name), " ")
	if runes := []rune(name); len(runes) > maxSpeaker {
		name = strings.TrimSpace(string(runes[:wholeRunes(runes, maxSpeaker)]))
	}
	if !strings.ContainsFunc(name, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }) {
		return ""
	}
	return name
}

// wholeRunes is where a name is cut: at n, or before what the rune at n belongs to.
func wholeRunes(runes []rune, n int) int {
	const joiner = '\u200d'
	for at := n; at > 0; at-- {
		if !unicode.In(runes[at], unicode.M, unicode.Sk) && runes[at] != joiner && runes[at-1] != joiner {
			return at
		}
	}
	return n
}

// prefixed is a message as a delivery brings it: with its prefix before the text, or
// alone where there are only files, so that one knows whose they are.
func prefixed(m conversations.Message, d conversations.Delivery) conversations.Message {
	if d.Prefix == "" {
		return m
	}
	body := d.Prefix
	if words := text(m); words != "" {
		body += " " + words
	}
	m.Body = &body
	return m
}

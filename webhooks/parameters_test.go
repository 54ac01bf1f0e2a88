package webhooks_test

import (
	"bufio"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/webhooks"
)

// The examples' moments: of creation, of the last change, and of the event.
var (
	made    = time.Date(2026, 3, 4, 5, 6, 7, 800, time.UTC)
	changed = made.Add(time.Hour)
	now     = time.Date(2026, 3, 5, 1, 2, 3, 0, time.FixedZone("", 3600))
)

const (
	account = "AC00000000000000000000000000000001"
	aa      = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	bb      = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	cc      = "cccccccccccccccccccccccccccccccc"
	dd      = "dddddddddddddddddddddddddddddddd"
)

var scene = conversations.Scene{Service: aa, MessagingService: bb}

// page33 is the table of the parameters of every event: whether they are always
// there, by their names.
func page33(t *testing.T) map[conversations.EventType]map[string]bool {
	t.Helper()
	file, err := os.Open("testdata/page33.tsv")
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	table := map[conversations.EventType]map[string]bool{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		row := strings.Split(lines.Text(), "\t")
		require.Len(t, row, 3)
		event := conversations.EventType(row[0])
		if event == "event" {
			continue
		}
		if table[event] == nil {
			table[event] = map[string]bool{"AccountSid": true, "Source": true, "ClientIdentity": false}
		}
		table[event][row[1]] = row[2] == "always"
	}
	return table
}

// resourceOf is what an event is about, with everything that it can have, or with
// nothing that it may be without.
func resourceOf(t conversations.EventType, full bool) conversations.Resource {
	name := strings.TrimPrefix(string(t), "on")
	switch {
	case strings.HasPrefix(name, "Conversation"):
		c := conversation()
		if !full {
			c.FriendlyName, c.UniqueName, c.MessagingService = nil, nil, ""
		}
		return conversations.Resource{Conversation: &c}
	case strings.HasPrefix(name, "Participant"):
		p := participant()
		if !full {
			p.Identity, p.Role, p.Binding, p.LastReadIndex = nil, nil, nil, nil
		}
		return conversations.Resource{Participant: &p}
	case strings.HasPrefix(name, "Message"):
		m := message()
		if !full {
			m.Participant, m.Body, m.Media = nil, nil, nil
		}
		return conversations.Resource{Message: &m}
	case strings.HasPrefix(name, "Delivery"):
		d := delivery()
		if !full {
			d.ProviderID, d.Status, d.ErrorCode = "", "", 0
		}
		return conversations.Resource{Delivery: &d}
	}
	u := user()
	if !full {
		u.FriendlyName, u.Identity = nil, ""
	}
	return conversations.Resource{User: &u}
}

// parameters are what is told, or asked, of an event with all that it can have or
// with nothing that it may be without.
func parameters(t conversations.EventType, full bool) url.Values {
	e := conversations.Event{
		Type: t, Source: conversations.SourceAPI, Reason: conversations.ReasonAPI, At: now,
		After: resourceOf(t, full), Before: resourceOf(t, full),
	}
	p := conversations.Proposal{Type: t, Source: conversations.SourceAPI, Scene: scene, Resource: e.After}
	if full {
		first := message()
		e.Source, e.By, e.Origin = conversations.SourceSDK, "alice", group()
		p.Source, p.By, p.Origin, p.First = e.Source, e.By, e.Origin, &first
	}
	if !strings.Contains(string(t), "User") {
		e.Conversation, p.Conversation = cc, cc
	}
	if form := webhooks.Parameters(account, e, scene); form != nil {
		return form
	}
	return webhooks.Asked(account, p)
}

// pair and group are the addresses of a message of two people, and of three.
func pair() []conversations.Address  { return []conversations.Address{"+15550000001", "+15559990001"} }
func group() []conversations.Address { return append(pair(), "+15550000002") }

func TestEveryEventTellsWhatThePageLists(t *testing.T) {
	t.Parallel()
	table := page33(t)
	assert.Len(t, table, 23)
	for _, event := range conversations.WebhookEvents() {
		listed := table[event]
		require.NotNil(t, listed, event)
		full, bare := parameters(event, true), parameters(event, false)
		for name, always := range listed {
			if reason := neverSeen(event, name); reason != "" {
				assert.NotContains(t, full, name, "%s: %s", event, reason)
			} else {
				assert.Contains(t, full, name, event)
				assert.NotEmpty(t, full.Get(name), "%s %s", event, name)
			}
			assert.Equal(t, always, bare.Has(name), "%s %s", event, name)
		}
		for name, values := range full {
			assert.Contains(t, listed, name, event)
			assert.Len(t, values, 1, "the official validators disagree about repeated names")
		}
		for name := range bare {
			assert.Contains(t, full, name, event)
		}
	}
}

// neverSeen says why a parameter is not in the full example of an event.
func neverSeen(t conversations.EventType, name string) string {
	if t != conversations.ConversationAdd && t != conversations.ConversationAdded {
		return ""
	}
	switch name {
	case "MessagingBinding.ProxyAddress":
		return "a group text has none"
	case "MessagingBinding.ProjectedAddress":
		return "a message that makes a conversation has no projected address"
	}
	return ""
}

func TestOfSomeEventsNoWebhookHears(t *testing.T) {
	t.Parallel()
	for _, event := range []conversations.EventType{
		conversations.UserRemoved, conversations.ParticipantOptedOut, conversations.ParticipantOptedIn, "onSomethingElse", "",
	} {
		assert.Nil(t, webhooks.Parameters(account, conversations.Event{Type: event}, scene), event)
		assert.Nil(t, webhooks.Asked(account, conversations.Proposal{Type: event}), event)
	}
	for _, event := range conversations.WebhookEvents() {
		told := webhooks.Parameters(account, conversations.Event{Type: event, After: resourceOf(event, true)}, scene)
		question := webhooks.Asked(account, conversations.Proposal{Type: event, Resource: resourceOf(event, true)})
		assert.NotEqual(t, told == nil, question == nil, "%s is of before or of after", event)
	}
}

func TestOnlyChangesOfClientsNameTheUser(t *testing.T) {
	t.Parallel()
	for _, source := range []conversations.Source{conversations.SourceAPI, conversations.SourceSystem, "WHATSAPP"} {
		form := webhooks.Parameters(account, conversations.Event{
			Type: conversations.UserAdded, Source: source, By: "+15550000001", After: resourceOf(conversations.UserAdded, true),
		}, scene)
		assert.Equal(t, string(source), form.Get("Source"))
		assert.False(t, form.Has("ClientIdentity"), "of SDKs only")
	}
}

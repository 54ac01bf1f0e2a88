package config_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

const (
	oneService     = "IS00000000000000000000000000000001"
	anotherService = "IS00000000000000000000000000000002"
)

func TestLoad_retention(t *testing.T) {
	t.Parallel()
	c := load(t, account+"[retention]\nmessages = \"720h\"\nmedia = \"24h\"\nevents = \"2h\"\n"+
		"[[retention.services]]\nsid = \""+oneService+"\"\nmessages = \"forever\"\n"+
		"[[retention.services]]\nsid = \""+anotherService+"\"\nmessages = \"48h\"\nmedia = \"\"\n")
	assert.Equal(t, 2*time.Hour, c.Events.Retention)
	for sid, want := range map[string][2]time.Duration{
		"IS00000000000000000000000000000003": {720 * time.Hour, 24 * time.Hour},
		oneService:                           {0, 24 * time.Hour},
		anotherService:                       {48 * time.Hour, 24 * time.Hour},
	} {
		messages, media := c.Retention.Of(sid)
		assert.Equal(t, want, [2]time.Duration{messages, media}, sid)
	}

	c = load(t, account)
	messages, media := c.Retention.Of(oneService)
	assert.Zero(t, messages, "kept for good")
	assert.Zero(t, media)
	assert.Equal(t, 4*time.Hour, c.Events.Retention)
	same := load(t, account+"[retention]\nevents = \"1h\"\n[events]\nretention = \"60m\"\n")
	assert.Equal(t, time.Hour, same.Events.Retention, "both say the same")
}

func TestMistakes_retention(t *testing.T) {
	t.Parallel()
	runMistakes(t, []mistakeTest{
		{"no time", "[retention]\nmessages = \"a year\"\n", []string{`5: retention.messages: "a year" is no time to keep something`}},
		{"a negative time", "[retention]\nmedia = \"-1h\"\n", []string{`5: retention.media: "-1h" is no time to keep something`}},
		{"events for good", "[retention]\nevents = \"forever\"\n", []string{"5: retention.events: forever is out of bounds"}},
		{"events for too long", "[retention]\nevents = \"200h\"\n", []string{"5: retention.events: 200h is out of bounds"}},
		{"events twice", "[retention]\nevents = \"1h\"\n[events]\nretention = \"2h\"\n", []string{"5: retention.events: contradicts events.retention (2h0m0s)"}},
		{"shorter than events", "[retention]\nmessages = \"1h\"\n", []string{"5: retention.messages: 1h0m0s is shorter than what events are kept (4h0m0s)"}},
		{
			"of a service", "[[retention.services]]\nsid = \"" + oneService + "\"\nmedia = \"1h\"\nevents = \"1h\"\n",
			[]string{"6: retention.services[0].media: 1h0m0s is shorter", "7: retention.services[0].events: "},
		},
		{"no service", "[[retention.services]]\nsid = \"MG1\"\n", []string{`5: retention.services[0].sid: "MG1" is no SID of this kind`}},
		{
			"a service twice", "[[retention.services]]\nsid = \"" + oneService + "\"\n[[retention.services]]\nsid = \"" + oneService + "\"\n",
			[]string{"7: retention.services[1].sid: "},
		},
	})
}

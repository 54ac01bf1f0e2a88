package config_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLoad_events(t *testing.T) {
	t.Parallel()
	c := load(t, account+"[[sinks]]\nname = \"a-b\"\ntype = \"nats\"\nurl = \"nats://h\"\n"+
		"[[sinks]]\nname = \"c\"\ntype = \"nats\"\nurl = \"tls://h:1,tls://i\"\nsubject = \"a.b-c_d\"\n",
		"BRIDGED_EVENTS_RETENTION=168h", "BRIDGED_SINKS_A_B_URL=nats://u:p@other")
	assert.Equal(t, 7*24*time.Hour, c.Events.Retention)
	require.Len(t, c.Sinks, 2)
	assert.Equal(t, []string{"nats://u:p@other", "bridged.events"}, []string{c.Sinks[0].URL.Value(), c.Sinks[0].Subject})
	assert.Equal(t, []string{"tls://h:1,tls://i", "a.b-c_d"}, []string{c.Sinks[1].URL.Value(), c.Sinks[1].Subject})
	assert.Equal(t, 4*time.Hour, load(t, account).Events.Retention)
}

func TestMistakes_events(t *testing.T) {
	t.Parallel()
	// sink is four lines, the last of which names two servers.
	const sink = "[[sinks]]\nname = \"a\"\ntype = \"nats\"\nurl = \"nats://user:secret@127.0.0.1:4222,tls://other\"\n"
	runMistakes(t, []mistakeTest{
		{"kept too long", "[events]\nretention = \"169h\"\n", []string{"5: events.retention: 169h0m0s is out of bounds"}},
		{"not kept", "[events]\nretention = \"0s\"\n", []string{`5: events.retention: "0s" is not longer than nothing`}},
		{"hardly kept", "[events]\nretention = \"1ms\"\n", []string{"5: events.retention: 1ms is out of bounds"}},
		{"a name twice", sink + sink, []string{"9: sinks[1].name: "}},
		{"no server", "[[sinks]]\nname = \"a\"\ntype = \"nats\"\n", []string{"4: sinks[0].url: is required"}},
		{"another type", "[[sinks]]\nname = \"a\"\ntype = \"kafka\"\nurl = \"nats://h\"\n", []string{`6: sinks[0].type: "kafka" is unknown: write nats`}},
		{"no URL", "[[sinks]]\nname = \"a\"\ntype = \"nats\"\nurl = \"nats://h,http://h\"\n", []string{"7: sinks[0].url: is no URL of a NATS server"}},
		{"a subject of many", sink + "subject = \"a.*\"\n", []string{`8: sinks[0].subject: "a.*" is no subject to publish to`}},
	})
}

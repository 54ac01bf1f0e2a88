package config_test

import "testing"

func TestMistakes_events(t *testing.T) {
	t.Parallel()
	const sink = "[[sinks]]\nname = \"a\"\ntype = \"nats\"\nurl = \"nats://user:secret@127.0.0.1:4222,tls://other\"\n"
	runMistakes(t, []mistakeTest{
		{"nothing wrong", "[events]\nretention = \"168h\"\n" + sink + "subject = \"a.b-c_d\"\n", nil},
		{"kept too long", "[events]\nretention = \"169h\"\n", []string{"5: events.retention: 169h0m0s is out of bounds"}},
		{"not kept", "[events]\nretention = \"0s\"\n", []string{"5: events.retention: 0s"}},
		{"a name twice", sink + sink, []string{"9: sinks[1].name: "}},
		{"no server", "[[sinks]]\nname = \"a\"\ntype = \"nats\"\n", []string{"4: sinks[0].url: is required"}},
		{"another type", "[[sinks]]\nname = \"a\"\ntype = \"kafka\"\nurl = \"nats://h\"\n", []string{`6: sinks[0].type: "kafka" is unknown: write nats`}},
		{"no URL", "[[sinks]]\nname = \"a\"\ntype = \"nats\"\nurl = \"nats://h,http://h\"\n", []string{"7: sinks[0].url: is no URL of a NATS server"}},
		{"a subject of many", sink + "subject = \"a.*\"\n", []string{`8: sinks[0].subject: "a.*" is no subject to publish to`}},
	})
}

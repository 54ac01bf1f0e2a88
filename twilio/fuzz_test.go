package twilio_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/twilio"
)

// FuzzAccessToken looks for a token that is believed though nobody signed it, and for
// one that says something else than what was signed.
func FuzzAccessToken(f *testing.F) {
	now := time.Unix(1700000000, 0)
	good, err := anAccessToken(now.Add(time.Hour)).Sign(tokenSecret, now)
	require.NoError(f, err)
	parts := strings.Split(good, ".")
	f.Add(good, "ada")
	f.Add(parts[0]+"."+parts[1]+".", "ada")
	f.Add("eyJhbGciOiJub25lIn0."+parts[1]+".", "é\x00")
	f.Add(good+"=", "")
	f.Add("a.b.c", strings.Repeat("x", 257))
	f.Fuzz(func(t *testing.T, text, identity string) {
		read, err := verifier(now).Verify(text)
		if err != nil {
			refused := twilio.FromError(err, "")
			require.Equal(t, 401, refused.Status)
			require.NotContains(t, refused.Message, tokenSecret)
			require.Empty(t, read)
		} else {
			require.Equal(t, good, text, "the only one that was ever signed")
		}
		mine := anAccessToken(now.Add(time.Hour))
		mine.Identity = identity
		signed, err := mine.Sign(tokenSecret, now)
		if err != nil {
			require.Equal(t, 401, twilio.FromError(err, "").Status)
			return
		}
		read, err = verifier(now).Verify(signed)
		require.NoError(t, err)
		require.Equal(t, identity, read.Identity)
		require.Equal(t, mine.Service, read.Service)
	})
}

// FuzzIdentifiers reads page tokens, cursors of events and SIDs. What is read can be
// written, and is what was read: there is one way to write each.
func FuzzIdentifiers(f *testing.F) {
	for _, s := range []string{
		"CH" + digits, "ch" + digits, "CH" + strings.ToUpper(digits), "CH", "", "YQAAAAAAAAABAAAAAAAAAAA", "YgAAAAAAAAABAAAAAAAAAAAw",
		"AAAAAAAAAAEAAAAAAAAAAA", "AAAAAAAAAAEAAAAAAAAAAB", "gAAAAAAAAAEAAAAAAAAAAA", "a name", "\xff\x00",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if place, ok := twilio.ParseEventID(s); ok {
			require.Equal(t, s, twilio.EventID(place))
			require.GreaterOrEqual(t, min(place.Major, place.Minor), int64(0))
		}
		sidsOf[conversations.ConversationID](t, s)
		sidsOf[conversations.MessageID](t, s)
		sidsOf[conversations.MediaID](t, s)
		if key := twilio.ParseConversationKey(s); key.ID == "" {
			require.Equal(t, s, key.UniqueName)
		}
		if key := twilio.ParseParticipantKey(s); key.ID == "" {
			require.Equal(t, s, key.Identity)
		}
		form, err := twilio.ParseForm("PageSize=7&PageToken=" + url.QueryEscape(s))
		if err != nil {
			require.False(t, utf8.ValidString(s) && !strings.Contains(s, "\x00"))
			return
		}
		page := form.ReadPage(50)
		if form.Err() != nil || s == "" {
			require.Nil(t, page.Page.After)
			require.Nil(t, page.Page.Before)
			return
		}
		require.NotEqual(t, page.Page.After == nil, page.Page.Before == nil, "it begins in one place")
		// The next page of a list that ends where this one begins has the same token.
		place := page.Page.After
		if place == nil {
			place = page.Page.Before
		}
		meta := twilio.List(page, "things", "https://x.example", conversations.Listing[int]{Next: place, Previous: place}, func(n int) int { return n })["meta"].(twilio.Meta)
		want := *meta.NextPageURL
		if page.Page.After == nil {
			want = *meta.PreviousPageURL
		}
		require.True(t, strings.HasSuffix(want, "PageToken="+s), "%s ends otherwise than %s", want, s)
	})
}

func sidsOf[T twilio.ID](t *testing.T, s string) {
	t.Helper()
	if id, ok := twilio.ParseSID[T](s); ok {
		require.True(t, conversations.ValidID(string(id)))
		require.Equal(t, s[:2]+strings.ToLower(s[2:]), twilio.SID(id))
	}
}

// FuzzExport reads files of exports, whole and line by line. It comes to an end, each
// entry is a resource or says what is wrong with it, and a resource is read or refused
// as a request is.
func FuzzExport(f *testing.F) {
	for _, name := range []string{"shapes.json", "messages.json"} {
		file, err := os.ReadFile("testdata/" + name)
		require.NoError(f, err)
		f.Add(file, false)
		f.Add(bytes.ReplaceAll(file, []byte("\n"), nil), true)
	}
	f.Add([]byte("\xef\xbb\xbf[[[[[[[[[{}]]]]]]]]]"), false)
	f.Add([]byte(`{"sid":"CH`+digits+`","conversationSid":"CH`+digits+`","attributes":"{","dateCreated":"x"}`+"\n{"), true)
	f.Add([]byte(`{"messages":[{"sid":"IM`+digits+`","index":-1,"media":[{"sid":"ME"}]}]}`), false)
	f.Fuzz(func(t *testing.T, file []byte, lines bool) {
		entries := 0
		for entry, err := range twilio.ReadExport(bytes.NewReader(file), lines) {
			if err != nil {
				require.Empty(t, entry)
				continue // the sequence is over
			}
			entries++
			require.LessOrEqual(t, entries, len(file)+1)
			require.NotEmpty(t, entry.Place)
			if entry.Err != nil {
				require.Empty(t, entry.Text)
				continue
			}
			require.True(t, json.Valid(entry.Text))
			readSoundly(t, entry.Text)
		}
		readSoundly(t, file)
	})
}

func readSoundly(t *testing.T, text []byte) {
	t.Helper()
	read, err := twilio.ReadExported(text)
	if err != nil {
		require.Equal(t, 400, twilio.FromError(err, "").Status)
		return
	}
	kinds := 0
	for _, there := range []bool{read.Conversation != nil, read.Participant != nil, read.Message != nil} {
		if there {
			kinds++
		}
	}
	require.Equal(t, 1, kinds)
	if m := read.Message; m != nil {
		assert.True(t, conversations.ValidID(string(m.ID)))
	}
}

// FuzzContentVariables reads what a template is to be filled with.
func FuzzContentVariables(f *testing.F) {
	for _, s := range []string{`{"1":"a"}`, `{}`, `null`, `[]`, `{"1":1}`, `{"1":"a","1":"b"}`, `{"\ud800":"\u0000"}`, `{"a":null}`, ``} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		form, err := twilio.ParseForm(url.Values{"ContentVariables": {s}}.Encode())
		if err != nil {
			return
		}
		values := form.ContentVariables("ContentVariables")
		if err := form.Err(); err != nil {
			require.Equal(t, 400, twilio.FromError(err, "").Status)
			return
		}
		var plain map[string]string
		require.NoError(t, json.Unmarshal([]byte(s), &plain))
		require.Len(t, values, len(plain))
		if conversations.CheckVariables(values) == nil {
			for name, value := range values {
				require.True(t, utf8.ValidString(name+value) && !strings.Contains(name+value, "\x00"), "%q: %q", name, value)
			}
		}
	})
}

// FuzzMember reads participants that conversations are to be made with, and the words
// that parameters have.
func FuzzMember(f *testing.F) {
	for _, s := range []string{
		`{"identity":"ada"}`, `{"messaging_binding":{"address":"+1","proxy_address":"+2","name":null}}`, `{"attributes":{"a":[1]}}`, `{"Attributes":"{"}`,
		`{"identity":1}`, `[]`, `null`, `{"identity":"\u0000"}`, `{"a":{"b":{"c":{"d":"e"}}}}`, `{"roleSid":"RL","ROLE_SID":"x"}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		form, err := twilio.ParseMember(s)
		if err != nil {
			require.Equal(t, 400, twilio.FromError(err, "").Status)
			return
		}
		for _, name := range []string{"Identity", "MessagingBinding.Address", "MessagingBinding.ProxyAddress", "Attributes", "RoleSid"} {
			if text := form.String(name); text != nil {
				require.True(t, utf8.ValidString(*text) && !strings.Contains(*text, "\x00"))
			}
		}
	})
}

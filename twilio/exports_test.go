package twilio_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/twilio"
)

// scanned is what a file has: SIDs, or "!" and why something is no resource. The
// last may be the error that ended it, after "!!".
func scanned(text string, lines bool) (found []string) {
	for entry, err := range twilio.ReadExport(strings.NewReader(text), lines) {
		switch {
		case err != nil:
			found = append(found, "!!"+err.Error())
		case entry.Err != nil:
			found = append(found, "!"+entry.Place+": "+entry.Err.Error())
		default:
			found = append(found, entry.SID)
		}
	}
	return found
}

func TestReadExport_shapes(t *testing.T) {
	t.Parallel()
	const (
		c = `{"sid":"CH1","uniqueName":null,"links":{"messages":["x"]}}`
		p = `{"conversation_sid":"CH1","sid":"MB1"}`
		m = `{"conversationSid":"CH1","sid":"IM1","delivery":{"total":[1]},"media":[{"sid":"ME1"}]}`
	)
	all := []string{"CH1", "MB1", "IM1"}
	for name, test := range map[string]struct {
		text  string
		lines bool
		want  []string
	}{
		"one resource":        {c, false, all[:1]},
		"array":               {"[" + c + "," + p + "," + m + "]", false, all},
		"empty array":         {"[]", false, nil},
		"nothing":             {"", false, nil},
		"page":                {`{"meta":{"page":0,"key":"conversations","list":[{"sid":"CH9"}]},"conversations":[` + c + `]}`, false, all[:1]},
		"meta last":           {`{"messages":[` + m + `],"meta":{}}`, false, all[2:]},
		"all lists":           {`{"conversations":[` + c + `],"participants":[` + p + `],"messages":[` + m + `]}`, false, all},
		"empty page":          {`{"messages":[],"meta":{}}`, false, nil},
		"pages on end":        {`{"conversations":[` + c + `]}{"participants":[` + p + `]}` + "\n" + `{"messages":[` + m + `]}`, false, all},
		"array of pages":      {`[{"conversations":[` + c + `]},{"participants":[` + p + `],"meta":{}},[` + m + `]]`, false, all},
		"resources on end":    {c + "\n" + p + m, false, all},
		"lines":               {c + "\n\n" + p + "\r\n" + m, true, all},
		"lines of pages":      {`{"conversations":[` + c + `]}` + "\n" + `[` + p + "," + m + "]\n", true, all},
		"broken line":         {c + "\n{\"sid\":\n" + m, true, []string{"CH1", "!line 2: the JSON ends in the middle: the file was cut off", "IM1"}},
		"nonsense line":       {c + "\nnonsense\n" + m, true, []string{"CH1", "!line 2: the JSON is broken at byte 0: invalid character 'o' in literal null (expecting 'u')", "IM1"}},
		"UTF-8 with a mark":   {"\xef\xbb\xbf" + c, false, all[:1]},
		"cut off":             {"[" + c + "," + p[:9], false, []string{"CH1", "!!the JSON ends in the middle: the file was cut off"}},
		"cut off between":     {"[" + c + ",", false, []string{"CH1", "!!the JSON ends in the middle: the file was cut off"}},
		"not closed":          {"[" + c, false, []string{"CH1", "!!the JSON ends in the middle: the file was cut off"}},
		"no object among":     {"[" + c + `,7,null,"x",` + m + "]", false, []string{"CH1", "!byte 61: it is no JSON object", "!byte 66: it is no JSON object", "!byte 70: it is no JSON object", "IM1"}},
		"another resource":    {`[{"sid":"US1"},` + c + `]`, false, []string{"!byte 2: its sid is not that of a conversation (CH), a participant (MB) or a message (IM)", "CH1"}},
		"no sid":              {"{}", false, []string{"!byte 1: its sid is not that of a conversation (CH), a participant (MB) or a message (IM)"}},
		"list that is none":   {`{"messages":7}`, false, []string{"!byte 13: it is no JSON object"}},
		"nested beyond bound": {strings.Repeat("[", 12) + strings.Repeat("]", 12), false, []string{"!!the JSON is broken at byte 10: lists are nested deeper than 8 levels"}},
		"too large":           {`[{"sid":"IM2","body":"` + strings.Repeat("a", 512<<10) + `"},` + m + `]`, false, []string{"!byte 2: it has 524311 bytes; at most 524288 are allowed", "IM1"}},
		"line too long":       {strings.Repeat("a", 1<<20+1) + "\n" + m + "\n" + strings.Repeat("a", 1<<20+1), true, []string{"!line 1: the line is longer than 1048576 bytes", "IM1", "!line 3: the line is longer than 1048576 bytes"}},
		"large, but no use":   {`[{"sid":"IM1","unknown":["` + strings.Repeat("a", 1<<20) + `"]}]`, false, all[2:]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, scanned(test.text, test.lines))
		})
	}
}

func TestReadExport_entries(t *testing.T) {
	t.Parallel()
	text := `[{"sid":"CH` + as + `","url":"u","friendlyName":"Visit"},{"sid":"IM1","conversationSid":"CH` + as + `","index":4,"links":{}}]`
	var got []twilio.ExportEntry
	for entry, err := range twilio.ReadExport(strings.NewReader(text), false) {
		require.NoError(t, err)
		got = append(got, entry)
	}
	assert.Equal(t, []twilio.ExportEntry{
		{
			Place: "byte 2", Kind: twilio.ExportedConversations, SID: "CH" + as, Conversation: as,
			Text: json.RawMessage(`{"friendlyName":"Visit","sid":"CH` + as + `"}`),
		},
		{
			Place: got[1].Place, Kind: twilio.ExportedMessages, SID: "IM1", Conversation: as,
			Text: json.RawMessage(`{"conversationSid":"CH` + as + `","index":4,"sid":"IM1"}`),
		},
	}, got)
	for entry := range twilio.ReadExport(strings.NewReader(text), false) {
		assert.Equal(t, twilio.ExportedConversations, entry.Kind)
		break // and the rest is not asked for
	}
}

// A file that cannot be read ends with why.
func TestReadExport_readError(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	for _, lines := range []bool{false, true} {
		var last error
		for _, err := range twilio.ReadExport(io.MultiReader(strings.NewReader("[\n"), failing{broken}), lines) {
			last = err
		}
		require.ErrorIs(t, last, broken)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// It reads without end: what it keeps does not grow with the file.
func TestReadExport_isAStream(t *testing.T) {
	t.Parallel()
	pages := &endless{page: `{"messages":[{"sid":"IM` + as + `","body":"hello"}],"meta":{}}`}
	n := 0
	for entry, err := range twilio.ReadExport(pages, false) {
		require.NoError(t, err)
		require.NoError(t, entry.Err)
		if n++; n == 10000 {
			break
		}
	}
	assert.Less(t, pages.given, 10000*len(pages.page)+1<<20)
}

// endless gives the same page again and again.
type endless struct {
	page  string
	given int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.page[(e.given+i)%len(e.page)]
	}
	e.given += len(p)
	return len(p), nil
}

// The lists of the reference's examples are read, whatever byte is spoiled.
func TestReadExport_property(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("testdata", "messages.json"))
	require.NoError(t, err)
	require.Equal(t, []string{"IM" + as, "IM" + strings.Repeat("b", 32), "IM" + strings.Repeat("c", 32)}, scanned(string(text), false))
	rapid.Check(t, func(t *rapid.T) {
		spoiled := append([]byte{}, text...)
		spoiled[rapid.IntRange(0, len(text)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		found := scanned(string(spoiled), rapid.Bool().Draw(t, "lines"))
		for i, one := range found {
			require.True(t, i == len(found)-1 || !strings.HasPrefix(one, "!!"), "nothing comes after the end")
		}
	})
}

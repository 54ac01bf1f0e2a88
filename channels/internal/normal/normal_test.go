package normal_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels/internal/normal"
)

func TestText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":              "",
		"héllo 😀":       "héllo 😀",
		"a\x00b\x00":    "ab",
		"a\xffb":        "a\uFFFDb",
		"\xf0\x9f\x00x": "\uFFFDx",
	} {
		assert.Equal(t, want, normal.Text(in), "%q", in)
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	const replaced, removed = "what was no UTF-8 was replaced by U+FFFD", "NUL characters were removed"
	assert.Nil(t, normal.Notes())
	assert.Nil(t, normal.Notes("héllo 😀", "\uFFFD, which somebody wrote"))
	assert.Equal(t, []string{replaced}, normal.Notes("a", "b\xff"))
	assert.Equal(t, []string{removed}, normal.Notes("a\x00", "b"))
	assert.Equal(t, []string{replaced, removed}, normal.Notes("a\x00", "\xf0\x9f"))
}

func TestJSONNotes(t *testing.T) {
	t.Parallel()
	const replaced, removed = "what was no UTF-8 was replaced by U+FFFD", "NUL characters were removed"
	for raw, want := range map[string][]string{
		`"héllo \ud83d\ude00"`: nil,
		"\"\uFFFD\"":           nil,
		`"\uFFFD"`:             nil,
		`"a\ud83d"`:            {replaced},
		"\"a\xff\"":            {replaced},
		"\"\uFFFD\xff\"":       {replaced},
		`"a\u0000\ud83d"`:      {replaced, removed},
		`"a\u0000"`:            {removed},
	} {
		var text string
		require.NoError(t, json.Unmarshal([]byte(raw), &text), raw)
		assert.Equal(t, want, normal.JSONNotes([]byte(raw), "", text), raw)
	}
}

func TestDetail(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "short", normal.Detail("sh\x00ort"))
	long := normal.Detail("x" + strings.Repeat("é", 1000))
	assert.Len(t, long, 499, "cut between runes")
	assert.True(t, utf8.ValidString(long))
}

func TestUnix(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 6, 8, 20, 59, 43, 0, time.UTC)
	assert.Equal(t, at, normal.Unix(at.Unix()))
	assert.Equal(t, at.Add(5*time.Millisecond), normal.Unix(at.UnixMilli()+5))
	for _, n := range []int64{0, -1, 1 << 62} {
		assert.Zero(t, normal.Unix(n), n)
	}
}

func TestTime(t *testing.T) {
	t.Parallel()
	want := time.Date(2019, 12, 9, 21, 32, 14, 148_000_000, time.UTC)
	for _, s := range []string{"2019-12-09T21:32:14.148Z", "2019-12-09T21:32:14.148+00:00", "2019-12-09T22:32:14.148+01:00"} {
		assert.Equal(t, want, normal.Time(s), s)
	}
	for _, s := range []string{"", "null", "date-time", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2019-13-09T21:32:14Z"} {
		assert.True(t, normal.Time(s).IsZero(), s)
	}
}

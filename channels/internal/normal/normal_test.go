package normal_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

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

package conversations_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"bridged/conversations"
)

func mediaRules() conversations.MediaRules {
	return conversations.MediaRules{Count: 10, Total: 500, MaxText: 160, Limits: []conversations.MediaLimit{
		{Types: []string{"image/gif"}, Bytes: 100},
		{Types: []string{"image/*", "video/mp4"}, Bytes: 400},
		{Types: []string{"audio/mpeg"}, Bytes: 900, NoText: true},
	}}
}

func TestMediaLimits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind  string
		bytes int64
		taken bool
		text  int
	}{
		{"image/gif", 100, true, 160},
		{"image/jpeg", 400, true, 160},
		{" IMAGE/PNG ; q=1", 400, true, 160},
		{"video/mp4", 400, true, 160},
		{"video/mp4a", 0, false, 0},
		{"audio/mpeg", 500, true, 0}, // the total bounds it
		{"imageX/png", 0, false, 0},
		{"image", 0, false, 0},
		{"", 0, false, 0},
	} {
		bytes, taken := mediaRules().LimitFor(c.kind)
		assert.Equal(t, c.taken, taken, c.kind)
		assert.Equal(t, c.bytes, bytes, c.kind)
		assert.Equal(t, c.text, mediaRules().TextBeside(c.kind), c.kind)
	}
	unbounded := mediaRules()
	unbounded.Total = 0
	bytes, _ := unbounded.LimitFor("audio/mpeg")
	assert.EqualValues(t, 900, bytes)
}

func TestLoweredMediaRules(t *testing.T) {
	t.Parallel()
	rules := mediaRules()
	low := rules.Lowered(300)
	assert.EqualValues(t, 300, low.Total)
	assert.Equal(t, []int64{100, 300, 300}, []int64{low.Limits[0].Bytes, low.Limits[1].Bytes, low.Limits[2].Bytes})
	assert.True(t, low.Limits[2].NoText)
	assert.Equal(t, mediaRules(), rules, "the rules themselves stay")
	assert.Equal(t, rules, rules.Lowered(0))
	assert.EqualValues(t, 500, rules.Lowered(1000).Total)
	rules.Total = 0
	assert.EqualValues(t, 1000, rules.Lowered(1000).Total)
}

package media_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/media"
)

func TestPermissions(t *testing.T) {
	t.Parallel()
	now := epoch
	key := media.NewKey()
	s, err := media.NewSigner(key, func() time.Time { return now })
	require.NoError(t, err)
	const id, another = conversations.MediaID("0123456789abcdef0123456789abcdef"), conversations.MediaID("f")
	for _, life := range []time.Duration{media.TemporaryLife, 24 * time.Hour} {
		now = epoch
		p := s.Permit(id, life)
		assert.Equal(t, epoch.Add(life).Unix(), p.Expires)
		assert.True(t, s.Permits(id, p))
		now = epoch.Add(life - time.Second)
		assert.True(t, s.Permits(id, p))
		now = epoch.Add(life)
		assert.False(t, s.Permits(id, p), "its time is up")
	}

	now = epoch
	p := s.Permit(id, time.Minute)
	assert.False(t, s.Permits(another, p))
	assert.False(t, s.Permits(id, media.Permission{Expires: p.Expires + 1, Signature: p.Signature}))
	for _, signature := range []string{"", "zz", p.Signature[2:], p.Signature + "00", strings.Repeat("0", len(p.Signature))} {
		assert.False(t, s.Permits(id, media.Permission{Expires: p.Expires, Signature: signature}), signature)
	}

	same, err := media.NewSigner(key, func() time.Time { return now })
	require.NoError(t, err)
	assert.True(t, same.Permits(id, p), "another process with the same key")
	other, err := media.NewSigner(media.NewKey(), func() time.Time { return now })
	require.NoError(t, err)
	assert.False(t, other.Permits(id, p), "another installation")
}

func TestASignerWantsAWholeKey(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", "00", "zz" + media.NewKey()[2:], media.NewKey() + "00"} {
		_, err := media.NewSigner(key, time.Now)
		assert.Error(t, err, key)
	}
}

package channels_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/conversations"
)

// pigeon is a channel of no carrier. Its addresses are upper case once parsed.
type pigeon struct {
	name string
	kind conversations.ChannelType
}

var errNoLoft = errors.New("no such loft")

func (p pigeon) Name() string                    { return p.name }
func (p pigeon) Type() conversations.ChannelType { return p.kind }

func (p pigeon) ParseAddress(s string) (conversations.Address, error) {
	if s == string(p.kind)+":nowhere" {
		return "", errNoLoft
	}
	return conversations.Address(s + "!"), nil
}

func (p pigeon) Send(context.Context, channels.Outbound) (channels.Sent, error) {
	return channels.Sent{}, nil
}

func TestDirectoryKnowsWhoOwnsANumber(t *testing.T) {
	t.Parallel()
	d := channels.NewDirectory()
	first, second := pigeon{"first", "pigeon"}, pigeon{"second", "pigeon"}
	require.NoError(t, d.Add(first, []conversations.Address{"pigeon:a", "pigeon:b"}))
	require.NoError(t, d.Add(second, []conversations.Address{"pigeon:c"}))
	assert.Equal(t, []channels.Adapter{first, second}, d.Adapters(), "in the order of adding")

	for proxy, want := range map[conversations.Address]string{"pigeon:a!": "first", "pigeon:b!": "first", "pigeon:c!": "second"} {
		owner, ok := d.Owner(proxy)
		assert.True(t, ok, proxy)
		assert.Equal(t, want, owner, "numbers are kept in parsed form")
	}
	_, ok := d.Owner("pigeon:d!")
	assert.False(t, ok)
}

func TestDirectoryRefusesANumberTwice(t *testing.T) {
	t.Parallel()
	d := channels.NewDirectory()
	require.NoError(t, d.Add(pigeon{"first", "pigeon"}, []conversations.Address{"pigeon:a"}))
	err := d.Add(pigeon{"second", "pigeon"}, []conversations.Address{"pigeon:a"})
	require.ErrorContains(t, err, "second")
	require.ErrorContains(t, err, "belongs to channel first")
	require.Error(t, d.Add(pigeon{"third", "pigeon"}, []conversations.Address{"pigeon:x", "pigeon:x"}))
}

func TestDirectoryRefusesANumberThatItsChannelDoesNotParse(t *testing.T) {
	t.Parallel()
	err := channels.NewDirectory().Add(pigeon{"first", "pigeon"}, []conversations.Address{"pigeon:nowhere"})
	require.ErrorIs(t, err, errNoLoft)
	assert.ErrorContains(t, err, "channel first: number pigeon:nowhere")
}

func TestDirectoryParsesByType(t *testing.T) {
	t.Parallel()
	d := channels.NewDirectory()
	require.NoError(t, d.Add(pigeon{"first", "pigeon"}, nil))
	parsed, err := d.Parse("PIGEON:a")
	require.NoError(t, err)
	assert.Equal(t, conversations.Address("PIGEON:a!"), parsed)

	_, err = d.Parse("pigeon:nowhere")
	require.ErrorIs(t, err, errNoLoft, "the channel's own error")
	_, err = d.Parse("+15550000123")
	assert.ErrorContains(t, err, `no channel of type "sms" is configured`)
}

// flock is a pigeon that may carry one message to many.
type flock struct {
	pigeon

	able bool
}

func (f flock) CarriesGroups() bool { return f.able }

func TestDirectoryKnowsWhoCarriesGroups(t *testing.T) {
	t.Parallel()
	d := channels.NewDirectory()
	require.NoError(t, d.Add(pigeon{"first", "pigeon"}, []conversations.Address{"pigeon:a"}))
	require.NoError(t, d.Add(flock{pigeon{"second", "pigeon"}, false}, []conversations.Address{"pigeon:b"}))
	assert.False(t, d.HasGroups())
	require.NoError(t, d.Add(flock{pigeon{"third", "pigeon"}, true}, []conversations.Address{"pigeon:c"}))
	assert.True(t, d.HasGroups())
	for number, want := range map[conversations.Address]bool{"pigeon:a!": false, "pigeon:b!": false, "pigeon:c!": true, "pigeon:d!": false} {
		assert.Equal(t, want, d.CarriesGroups(number), number)
	}
}

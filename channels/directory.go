package channels

import (
	"fmt"

	"bridged/conversations"
)

// Directory knows the configured channels and which proxy address each owns. It
// is built once and then only read.
type Directory struct {
	adapters []Adapter
	owners   map[conversations.Address]string
	types    map[conversations.ChannelType]Adapter
}

// NewDirectory makes an empty Directory.
func NewDirectory() *Directory {
	return &Directory{
		owners: make(map[conversations.Address]string),
		types:  make(map[conversations.ChannelType]Adapter),
	}
}

// Add adds a channel with the proxy addresses that it owns.
func (d *Directory) Add(a Adapter, numbers []conversations.Address) error {
	for _, n := range numbers {
		parsed, err := a.ParseAddress(string(n))
		if err != nil {
			return fmt.Errorf("channel %s: number %s: %w", a.Name(), n, err)
		}
		if owner, taken := d.owners[parsed]; taken {
			return fmt.Errorf("channel %s: number %s belongs to channel %s already", a.Name(), n, owner)
		}
		d.owners[parsed] = a.Name()
	}
	d.adapters = append(d.adapters, a)
	if _, ok := d.types[a.Type()]; !ok {
		d.types[a.Type()] = a
	}
	return nil
}

// Adapters returns the channels in the order in which they were added.
func (d *Directory) Adapters() []Adapter { return d.adapters }

// Segments counts the segments of a text on a channel; 0 where it has none.
func (d *Directory) Segments(channel, text string) int {
	for _, a := range d.adapters {
		if counter, ok := a.(SegmentCounter); ok && a.Name() == channel {
			return counter.Segments(text)
		}
	}
	return 0
}

// Owner returns the name of the channel that owns the proxy address.
func (d *Directory) Owner(proxy conversations.Address) (channel string, ok bool) {
	channel, ok = d.owners[proxy]
	return channel, ok
}

// Parse brings an address of any configured type into the form in which it is
// kept.
func (d *Directory) Parse(a conversations.Address) (conversations.Address, error) {
	adapter, ok := d.types[a.Type()]
	if !ok {
		return "", fmt.Errorf("no channel of type %q is configured", a.Type())
	}
	return adapter.ParseAddress(string(a))
}

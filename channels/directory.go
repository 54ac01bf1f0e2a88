package channels

import (
	"fmt"
	"slices"

	"bridged/conversations"
)

// Directory knows the configured channels and which proxy address each owns. It
// is built once and then only read.
type Directory struct {
	adapters []Adapter
	owners   map[conversations.Address]Adapter
	maxMedia map[conversations.Address]int64 // bytes of the files of one message
	types    map[conversations.ChannelType]Adapter
}

// NewDirectory makes an empty Directory.
func NewDirectory() *Directory {
	return &Directory{
		owners:   make(map[conversations.Address]Adapter),
		maxMedia: make(map[conversations.Address]int64),
		types:    make(map[conversations.ChannelType]Adapter),
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
			return fmt.Errorf("channel %s: number %s belongs to channel %s already", a.Name(), n, owner.Name())
		}
		d.owners[parsed] = a
	}
	d.adapters = append(d.adapters, a)
	if _, ok := d.types[a.Type()]; !ok {
		d.types[a.Type()] = a
	}
	return nil
}

// Adapters returns the channels in the order in which they were added.
func (d *Directory) Adapters() []Adapter { return d.adapters }

// Types returns the types of addresses that the channels have.
func (d *Directory) Types() (types []conversations.ChannelType) {
	for _, a := range d.adapters {
		if !slices.Contains(types, a.Type()) {
			types = append(types, a.Type())
		}
	}
	return types
}

// Owner returns the name of the channel that owns the proxy address.
func (d *Directory) Owner(proxy conversations.Address) (channel string, ok bool) {
	owner, ok := d.owners[proxy]
	if !ok {
		return "", false
	}
	return owner.Name(), true
}

// LimitMedia lets the files of one message from a proxy address have no more than
// so many bytes together, where its carriers take less than the channel does.
func (d *Directory) LimitMedia(proxy conversations.Address, bytes int64) { d.maxMedia[proxy] = bytes }

// The reference's codes for files that no channel of ours takes.
const (
	codeMediaTooLarge = 30019
	codeMediaType     = 12300
)

// MediaRules says which files go out from a proxy address: none where its channel
// is no MediaCarrier, or where there is none.
func (d *Directory) MediaRules(proxy conversations.Address) conversations.MediaRules {
	carrier, ok := d.owners[proxy].(MediaCarrier)
	if !ok {
		return conversations.MediaRules{TooLarge: codeMediaTooLarge, BadType: codeMediaType}
	}
	return carrier.MediaRules(proxy).Lowered(d.maxMedia[proxy])
}

// CarriesGroups says whether the channel that owns the number can carry group MMS.
func (d *Directory) CarriesGroups(number conversations.Address) bool {
	owner, owned := d.owners[number]
	return owned && CarriesGroups(owner)
}

// HasGroups says whether any channel can carry group MMS.
func (d *Directory) HasGroups() bool { return slices.ContainsFunc(d.adapters, CarriesGroups) }

// CarriesGroups says whether a channel can carry group MMS.
func CarriesGroups(a Adapter) bool {
	g, ok := a.(GroupCarrier)
	return ok && g.CarriesGroups()
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

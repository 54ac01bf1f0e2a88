package bridge

import "bridged/conversations"

// moveIn stores what an update has changed of a participant's pair, and makes the
// user of an identity that is new to the service.
func (b *Bridge) moveIn(tx Tx, caller Caller, of conversations.Service, p, before conversations.Participant) error {
	if p.Native() && *p.Binding != *before.Binding {
		if err := tx.FreePair(p.ID); err != nil {
			return err
		}
		if err := b.bind(tx, p); err != nil {
			return err
		}
	}
	if p.Identity == nil || before.Identity != nil && *p.Identity == *before.Identity {
		return nil
	}
	return b.ensureUser(tx, caller, of, p)
}

// rebind does to a participant what an update asks of its addresses. It stores
// nothing.
func (b *Bridge) rebind(tx Tx, p *conversations.Participant, f ParticipantFields) error {
	switch {
	case f.Projected != nil:
		return b.reproject(tx, p, *f.Projected)
	case f.Proxy == nil:
		return nil
	case !p.Paired() && *f.Proxy == removal:
		return conversations.Refuse(conversations.ProxyNotRemovable, "the participant has none")
	case !p.Native():
		return conversations.Refuse(conversations.ProxyNotAddable, "only a participant with an address can have a proxy address")
	case *f.Proxy == removal:
		return b.unproxy(tx, p)
	case *f.Proxy == p.Binding.Proxy:
		return nil
	}
	binding, err := b.checkBinding(conversations.Binding{Address: p.Binding.Address, Proxy: *f.Proxy})
	if err != nil {
		return err
	}
	p.Binding = binding
	others, err := othersOf(tx, *p)
	if err != nil {
		return err
	}
	return checkGroup(others, *p)
}

package api

import (
	"context"
	"net/http"
	"strconv"

	"bridged/conversations"
	"bridged/twilio"
)

// optOut is a person who gets nothing from one of our numbers any more. Source says
// how that came to be known: message, carrier or operator.
type optOut struct {
	ID           int64                 `json:"id"`
	Address      conversations.Address `json:"address"`
	ProxyAddress conversations.Address `json:"proxy_address"`
	Source       string                `json:"source"`
	DateCreated  string                `json:"date_created"`
	URL          string                `json:"url"`
}

func (s *server) listOptOuts(c *call) (reply, error) {
	return listed(c, twilio.MaxOperations, "opt_outs", s.operationsURL("opt-outs"), s.showOptOut, s.cfg.Store.OptOuts)
}

func (s *server) fetchOptOut(c *call) (reply, error) {
	seq, err := optOutID(c)
	if err != nil {
		return reply{}, err
	}
	found, err := s.cfg.Store.OptOut(c.Context(), seq)
	return fetched(s.showOptOut, found, err)
}

// createOptOut opts a person out who has said so by another way than STOP.
func (s *server) createOptOut(c *call) (reply, error) {
	f, err := c.form()
	if err != nil {
		return reply{}, err
	}
	address, proxy := f.Address("Address"), f.Address("ProxyAddress")
	switch {
	case f.Err() != nil:
		return reply{}, f.Err()
	case address == nil || proxy == nil:
		return reply{}, twilio.Invalid("give the person's address in Address and our number in ProxyAddress")
	}
	return carryOut(c, http.StatusCreated, shown(s.showOptOut), func(ctx context.Context) (conversations.OptOut, error) {
		return s.cfg.Bridge.AddOptOut(ctx, c.caller, *address, *proxy)
	})
}

// deleteOptOut lifts an opt-out, for a person who has agreed by another way than
// START.
func (s *server) deleteOptOut(c *call) (reply, error) {
	seq, err := optOutID(c)
	if err != nil {
		return reply{}, err
	}
	return remove(c, func(ctx context.Context) error { return s.cfg.Bridge.LiftOptOut(ctx, c.caller, seq) })
}

func optOutID(c *call) (int64, error) {
	seq, err := strconv.ParseInt(c.PathValue("ID"), 10, 64)
	if err != nil {
		return 0, errNotFound()
	}
	return seq, nil
}

func (s *server) showOptOut(o conversations.OptOut) optOut {
	return optOut{
		ID:           o.Seq,
		Address:      o.Address,
		ProxyAddress: o.Proxy,
		Source:       string(o.Source),
		DateCreated:  twilio.Date(o.Created),
		URL:          s.operationsURL("opt-outs/" + strconv.FormatInt(o.Seq, 10)),
	}
}

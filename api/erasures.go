package api

import (
	"context"
	"net/http"
	"strconv"

	"bridged/conversations"
	"bridged/twilio"
)

// erasure is the removal of a person, or a plan of one, which has no id. It does not
// say of whom.
type erasure struct {
	ID           *int64         `json:"id"`
	State        string         `json:"state"`
	Removed      map[string]int `json:"removed"`
	Left         []leftover     `json:"left"`
	Problem      *string        `json:"problem"`
	DateCreated  string         `json:"date_created"`
	DateFinished *string        `json:"date_finished"`
	URL          *string        `json:"url"`
}

// leftover is where a person is still named, and in how many rows.
type leftover struct {
	Table  string `json:"table"`
	Column string `json:"column"`
	Rows   int    `json:"rows"`
}

// planned is the state of what was only counted.
const planned = "planned"

// createErasure begins to remove a person or, with DryRun, says what would go.
func (s *server) createErasure(c *call) (reply, error) {
	form, err := c.form()
	if err != nil {
		return reply{}, err
	}
	address, dry, compact := form.String("Address"), form.Bool("DryRun"), form.Bool("Compact")
	switch {
	case form.Err() != nil:
		return reply{}, form.Err()
	case address == nil || *address == "":
		return reply{}, twilio.Invalid("Address is missing: give the number of the person, such as +15550001111")
	}
	if dry != nil && *dry {
		plan, err := s.cfg.Bridge.PlanErasure(c.Context(), conversations.Address(*address))
		return fetched(s.showErasure, plan, err)
	}
	return carryOut(c, http.StatusAccepted, shown(s.showErasure), func(ctx context.Context) (conversations.Erasure, error) {
		return s.cfg.Bridge.BeginErasure(ctx, c.caller, conversations.Address(*address), compact == nil || *compact)
	})
}

// fetchErasure says how far one has come.
func (s *server) fetchErasure(c *call) (reply, error) {
	seq, err := letterID(c)
	if err != nil {
		return reply{}, err
	}
	found, err := s.cfg.Store.Erasure(c.Context(), seq)
	return fetched(s.showErasure, found, err)
}

func (s *server) showErasure(e conversations.Erasure) erasure {
	shown := erasure{
		State: string(e.State), Removed: e.Removed, Left: make([]leftover, len(e.Left)), Problem: nullable(e.Problem),
		DateCreated: twilio.Date(e.Created), DateFinished: twilio.NullableDate(e.Finished),
	}
	if shown.Removed == nil {
		shown.Removed = map[string]int{}
	}
	for i, l := range e.Left {
		shown.Left[i] = leftover(l)
	}
	if e.Seq == 0 {
		shown.State = planned
		return shown
	}
	url := s.operationsURL("erasures/" + strconv.FormatInt(e.Seq, 10))
	shown.ID, shown.URL = &e.Seq, &url
	return shown
}

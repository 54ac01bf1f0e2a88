package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"bridged/twilio"
)

// redriven is what became of dead letters, as the installation tells it.
type redriven struct {
	Redriven []int64         `json:"redriven"`
	Refused  []refusedLetter `json:"refused"`
}

type refusedLetter struct {
	ID     int64  `json:"id"`
	Reason string `json:"reason"`
}

// RedriveLettersCmd takes up what was given up.
type RedriveLettersCmd struct {
	IDs []int64 `arg:"" optional:"" name:"id" help:"Their numbers, from the list. Without any: those that the flags say."`
	All bool    `help:"All that there are."`
	letterFilter
	JSON bool `name:"json" help:"Print what became of them as JSON."`
	remoteFlags
}

// Validate refuses to guess which ones are meant.
func (c *RedriveLettersCmd) Validate() error {
	filtered := c.letterFilter != letterFilter{}
	switch {
	case len(c.IDs) == 0 && !c.All && !filtered:
		return errors.New("say which: give their numbers, --topic, --channel, --code or --since, or --all")
	case len(c.IDs) > 0 && (c.All || filtered):
		return errors.New("give either numbers or flags that say which")
	}
	return errors.Join(c.letterFilter.check(), c.remoteFlags.check())
}

// errRefused says that not everything was done; what was not has been told.
var errRefused = errors.New("not all of them could be tried again")

// Run takes them up and tells what became of each.
func (c *RedriveLettersCmd) Run(ctx context.Context, e *environment) error {
	installation, err := c.connect(e.environ)
	if err != nil {
		return err
	}
	all := redriven{Redriven: []int64{}, Refused: []refusedLetter{}}
	if len(c.IDs) > 0 {
		err = redriveEach(ctx, installation, c.IDs, &all)
	} else {
		err = redriveFiltered(ctx, installation, c.values(time.Now()), &all)
	}
	// What was taken up before a failure is told too.
	if err := errors.Join(c.tell(e, all), err); err != nil {
		return err
	}
	if len(all.Refused) > 0 {
		return errRefused
	}
	return nil
}

func (c *RedriveLettersCmd) tell(e *environment, all redriven) error {
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(all)
	}
	for _, r := range all.Refused {
		if _, err := fmt.Fprintf(e.stderr, "dead letter %d: %s\n", r.ID, printable(r.Reason)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(e.stdout, "redriven: %d, refused: %d\n", len(all.Redriven), len(all.Refused))
	return err
}

// redriveEach takes up dead letters by their numbers.
func redriveEach(ctx context.Context, installation *remote, ids []int64, all *redriven) error {
	for _, id := range ids {
		var taken json.RawMessage
		err := installation.post(ctx, letterPath(id), nil, &taken)
		refused := &twilio.Error{}
		switch {
		case errors.As(err, &refused) && refused.Status/100 == 4:
			all.Refused = append(all.Refused, refusedLetter{ID: id, Reason: reasonOf(refused)})
		case err != nil:
			return err
		default:
			all.Redriven = append(all.Redriven, id)
		}
	}
	return nil
}

// reasonOf says why a dead letter was not taken up.
func reasonOf(refused *twilio.Error) string {
	if refused.Code == twilio.CodeNotFound {
		return noLetter
	}
	return refused.Message
}

// redriveFiltered takes up all dead letters that a filter says, some by each request.
func redriveFiltered(ctx context.Context, installation *remote, form url.Values, all *redriven) error {
	form.Set("All", "true") // where there is no filter
	for {
		var some struct {
			redriven
			After *int64 `json:"after"`
		}
		if err := installation.post(ctx, lettersPath, form, &some); err != nil {
			return err
		}
		all.Redriven, all.Refused = append(all.Redriven, some.Redriven...), append(all.Refused, some.Refused...)
		if some.After == nil {
			return nil
		}
		form.Set("After", strconv.FormatInt(*some.After, 10))
	}
}

// DiscardLettersCmd takes dead letters from the list.
type DiscardLettersCmd struct {
	IDs    []int64 `arg:"" name:"id" help:"Their numbers, from the list."`
	Reason string  `required:"" placeholder:"TEXT" help:"Why nobody wants them any more. It is kept."`
	JSON   bool    `name:"json" help:"Print each as a line of JSON."`
	remoteFlags
}

// Validate refuses a URL that is none.
func (c *DiscardLettersCmd) Validate() error { return c.check() }

// Run discards them, up to the first that cannot be.
func (c *DiscardLettersCmd) Run(ctx context.Context, e *environment) error {
	installation, err := c.connect(e.environ)
	if err != nil {
		return err
	}
	for _, id := range c.IDs {
		var text json.RawMessage
		err := installation.post(ctx, letterPath(id)+"/discard", url.Values{"Reason": {c.Reason}}, &text)
		if err != nil {
			return ofLetter(id, err)
		}
		if c.JSON {
			_, err = fmt.Fprintf(e.stdout, "%s\n", text)
		} else {
			_, err = fmt.Fprintf(e.stdout, "dead letter %d: discarded\n", id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

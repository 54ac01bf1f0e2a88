package main

import (
	"context"
	"fmt"
	"net/url"
	"text/tabwriter"
)

// ExplainCmd says where an inbound message would go.
type ExplainCmd struct {
	From string   `required:"" placeholder:"ADDRESS" help:"Who sends the message."`
	To   []string `required:"" placeholder:"ADDRESS" sep:"none" help:"Whom it is sent to; several times for a group message."`
	remoteFlags
}

// Validate refuses a URL that is none.
func (c *ExplainCmd) Validate() error { return c.check() }

// Run asks the running installation.
func (c *ExplainCmd) Run(ctx context.Context, e *environment) error {
	installation, err := c.connect(e.environ)
	if err != nil {
		return err
	}
	var answer struct {
		Destination     string  `json:"destination"`
		ConversationSID *string `json:"conversation_sid"`
		Rules           []struct {
			Rule    string `json:"rule"`
			Decides bool   `json:"decides"`
			Reason  string `json:"reason"`
		} `json:"rules"`
	}
	query := url.Values{"From": {c.From}, "To": c.To}
	if err := installation.get(ctx, "/bridged/v1/routing/explain?"+query.Encode(), &answer); err != nil {
		return err
	}
	destination := answer.Destination
	if answer.ConversationSID != nil {
		destination += " " + *answer.ConversationSID
	}
	table := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	// What cannot be written is told by Flush.
	_, _ = fmt.Fprintf(table, "goes to:\t%s\n", destination)
	for _, r := range answer.Rules {
		_, _ = fmt.Fprintf(table, "%s:\t%s\n", r.Rule, r.Reason)
	}
	return table.Flush()
}

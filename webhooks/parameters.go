package webhooks

import (
	"net/url"

	"bridged/conversations"
)

// Parameters are what the webhooks are told of a change that was made (page 33);
// nil for one of which none hears. Nothing in them depends on what happens later.
func Parameters(account string, e conversations.Event, s conversations.Scene) url.Values {
	return nil
}

// Asked are what a pre-action webhook is asked about a change that is about to be
// made (page 33); nil for one about which none is asked.
func Asked(account string, p conversations.Proposal) url.Values {
	return nil
}

package hooks

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"bridged/channels"
	"bridged/conversations"
)

const (
	// maxAddress is the longest address, in bytes, that anybody can have.
	maxAddress = 256
	// maxID is the longest id of a carrier's, in bytes. Meta's have about 60.
	maxID = 512
)

// sensible leaves out what nobody could ever do anything with, whatever the
// driver: an id or an address that is missing, or so long that no database keeps
// it in an index. The carrier would bring it for days if it were refused along
// with its neighbours, so only a request in which nothing else is left is
// malformed.
func (h *Handler) sensible(ctx context.Context, name string, received channels.Received) (channels.Received, error) {
	before := len(received.Messages) + len(received.Statuses)
	received.Messages = slices.DeleteFunc(received.Messages, func(m conversations.Inbound) bool {
		return !isID(m.ProviderID) || !isAddress(m.From) || !isAddress(m.To) ||
			slices.ContainsFunc(m.Others, func(a conversations.Address) bool { return !isAddress(a) })
	})
	received.Statuses = slices.DeleteFunc(received.Statuses, func(s conversations.StatusReport) bool {
		return !isID(s.ProviderID) || len(s.Address) > maxAddress || len(s.Proxy) > maxAddress
	})
	switch left := len(received.Messages) + len(received.Statuses); left {
	case before:
	case 0:
		return received, fmt.Errorf("%w: an id or an address is missing or too long", channels.ErrMalformed)
	default:
		h.log.WarnContext(ctx, "senseless parts of a hook were left out",
			slog.String("channel", name), slog.Int("left_out", before-left))
	}
	return received, nil
}

func isID(s string) bool { return s != "" && len(s) <= maxID }

func isAddress(a conversations.Address) bool { return a != "" && len(a) <= maxAddress }

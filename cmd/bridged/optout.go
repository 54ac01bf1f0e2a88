package main

import (
	"bridged/bridge"
	"bridged/channels"
	"bridged/cmd/bridged/internal/config"
	"bridged/conversations"
	"bridged/twilio"
)

// optOutPolicy says how keywords such as STOP are obeyed: on each channel as it is
// configured, or as channels of its type do.
func optOutPolicy(cfg *config.Config, directory *channels.Directory) bridge.OptOutPolicy {
	policy := bridge.OptOutPolicy{
		Modes: make(map[string]conversations.OptOutMode, len(cfg.Channels)),
		Stop:  cfg.OptOut.Stop, Start: cfg.OptOut.Start, Help: cfg.OptOut.Help,
		StopReply: cfg.OptOut.StopReply, StartReply: cfg.OptOut.StartReply, HelpReply: cfg.OptOut.HelpReply,
	}
	for _, a := range directory.Adapters() {
		policy.Modes[a.Name()] = channels.DefaultOptOut(a)
	}
	for _, c := range cfg.Channels {
		if c.OptOut != "" {
			policy.Modes[c.Name] = conversations.OptOutMode(c.OptOut)
		}
	}
	return policy
}

// relayPolicy says who is told who speaks.
func relayPolicy(c config.Relay) bridge.RelayPolicy {
	policy := bridge.RelayPolicy{Prefix: c.Prefix}
	for _, sid := range c.PrefixServices {
		if id, ok := twilio.ParseSID[conversations.ServiceID](sid); ok {
			policy.Services = append(policy.Services, id)
		}
	}
	return policy
}

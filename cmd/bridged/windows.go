package main

import (
	"bridged/bridge"
	"bridged/channels"
	"bridged/cmd/bridged/internal/config"
	"bridged/conversations"
	"bridged/twilio"
)

// windowRules are those of the channels that allow free text only for a time.
func windowRules(cfg *config.Config, directory *channels.Directory) map[string]bridge.WindowRule {
	rules := make(map[string]bridge.WindowRule)
	for _, adapter := range directory.Adapters() {
		windower, ok := adapter.(channels.Windower)
		if !ok || windower.Window() == 0 {
			continue
		}
		rule := bridge.WindowRule{Length: windower.Window()}
		for _, c := range cfg.Channels {
			if c.Name != adapter.Name() {
				continue
			}
			rule.Resend = c.ResendWhenOpen
			// The configuration allows nothing else than a SID.
			rule.Fallback, _ = twilio.ParseSID[conversations.ContentID](c.FallbackContentSID)
		}
		rules[adapter.Name()] = rule
	}
	return rules
}

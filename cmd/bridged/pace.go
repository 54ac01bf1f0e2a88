package main

import (
	"bridged/channels"
	"bridged/cmd/bridged/internal/config"
	"bridged/conversations"
	"bridged/pipeline"
)

// channelConfigs say how each channel sends.
func channelConfigs(cfg *config.Config, directory *channels.Directory) map[string]pipeline.ChannelConfig {
	configs := make(map[string]pipeline.ChannelConfig, len(cfg.Channels))
	for _, c := range cfg.Channels {
		pace := pipeline.Pace{
			Channel: pipeline.Rate{PerSecond: c.Rate, Burst: c.Burst},
			Pair:    pipeline.Rate{PerSecond: c.PairRate, Burst: c.PairBurst},
			Numbers: make(map[string]pipeline.Rate),
		}
		for _, n := range cfg.Numbers {
			address := conversations.Address(n.Address)
			if parsed, err := directory.Parse(address); err == nil {
				address = parsed
			}
			if owner, ok := directory.Owner(address); ok && owner == c.Name {
				pace.Numbers[string(address)] = pipeline.Rate{PerSecond: n.Rate, Burst: n.Burst}
			}
		}
		configs[c.Name] = pipeline.ChannelConfig{Pace: pace, SmartEncoding: c.SmartEncoding}
	}
	return configs
}

package config_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"bridged/cmd/bridged/internal/config"
)

func TestOriginsAreKeptAsBrowsersWriteThem(t *testing.T) {
	t.Parallel()
	c := load(t, account+`[server]
cors_origins = ["https://App.Example.com/", "HTTPS://a.example:443", "http://localhost:3000", "http://b.example:80",
  "https://c.example:80", "capacitor://localhost", "http://[::1]:5173"]
`)
	assert.Equal(t, []config.Origin{
		"https://app.example.com", "https://a.example", "http://localhost:3000", "http://b.example",
		"https://c.example:80", "capacitor://localhost", "http://[::1]:5173",
	}, c.Server.CORSOrigins)
	assert.Equal(t, []config.Origin{config.AnyOrigin}, load(t, account+"[server]\ncors_origins = [\"*\"]\n").Server.CORSOrigins)
	assert.Empty(t, load(t, account).Server.CORSOrigins)
}

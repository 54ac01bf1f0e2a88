package main

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"bridged/cmd/bridged/internal/config"
	"bridged/conversations"
	"bridged/twilio"
)

// TokenCmd prints an Access Token for a chat user (pages 55 and 56).
type TokenCmd struct {
	Identity string        `required:"" placeholder:"NAME" help:"The chat user's identity."`
	Service  string        `placeholder:"IS…" help:"The chat service. Without it: the default one, which the running installation is asked for."`
	TTL      time.Duration `name:"ttl" default:"1h" help:"How long the token is valid, 24h at most."`
	Key      string        `placeholder:"SK…" help:"The API key to sign with. Without it: the first of the configuration."`
	remoteFlags

	service conversations.ServiceID
	now     func() time.Time
}

// Validate implements kong's interface: what it refuses is wrong usage.
func (c *TokenCmd) Validate() error {
	switch n := utf8.RuneCountInString(c.Identity); {
	case n == 0:
		return errors.New("--identity is empty: name the chat user")
	case n > twilio.MaxIdentity:
		return fmt.Errorf("--identity has %d characters; at most %d are allowed", n, twilio.MaxIdentity)
	case !utf8.ValidString(c.Identity):
		return errors.New("--identity is not UTF-8 text")
	case c.TTL < time.Second || c.TTL > twilio.MaxTokenTTL:
		return fmt.Errorf("--ttl is %s: a token lives from 1s to 24h", c.TTL)
	}
	if c.Service != "" {
		var err error
		if c.service, err = parseService(c.Service); err != nil {
			return err
		}
	}
	return c.check()
}

// Run prints the token, alone on its line.
func (c *TokenCmd) Run(ctx context.Context, e *environment) error {
	cfg, err := config.Existing(c.Config, e.environ)
	if errors.Is(err, config.ErrNoInstallation) {
		return fmt.Errorf("%w: name its file with --config, or start bridged once", err)
	}
	if err != nil {
		return err
	}
	key, err := c.signingKey(cfg)
	if err != nil {
		return err
	}
	if c.service == "" {
		if c.service, err = c.defaultService(ctx, e.environ); err != nil {
			return err
		}
	}
	now := time.Now
	if c.now != nil {
		now = c.now
	}
	issued := now().Truncate(time.Second)
	text, err := twilio.AccessToken{
		Key: key.SID, Account: cfg.Account.SID, Identity: c.Identity, Service: c.service, Expires: issued.Add(c.TTL),
	}.Sign(key.Secret.Value(), issued)
	if err != nil {
		return fmt.Errorf("make the token: %w", err)
	}
	if _, err := fmt.Fprintln(e.stdout, text); err != nil {
		return fmt.Errorf("print the token: %w", err)
	}
	return nil
}

// signingKey is the API key that signs the token.
func (c *TokenCmd) signingKey(cfg *config.Config) (config.APIKey, error) {
	for _, key := range cfg.Account.APIKeys {
		if c.Key == "" || c.Key == key.SID {
			return key, nil
		}
	}
	if c.Key != "" {
		return config.APIKey{}, errors.New("--key is none of the configuration's API keys: add it under [[account.api_keys]], or leave --key out")
	}
	return config.APIKey{}, errors.New("the configuration has no API key to sign with: add one under [[account.api_keys]], and restart bridged")
}

// defaultService asks the running installation, whose store alone knows it.
func (c *TokenCmd) defaultService(ctx context.Context, environ []string) (conversations.ServiceID, error) {
	const instead = "the default chat service is not known: %w; --service IS… names one without asking"
	installation, err := c.connect(environ)
	if err != nil {
		return "", err
	}
	var configuration struct {
		DefaultChatServiceSID string `json:"default_chat_service_sid"`
	}
	if err := installation.get(ctx, "/v1/Configuration", &configuration); err != nil {
		return "", fmt.Errorf(instead, err)
	}
	id, ok := twilio.ParseSID[conversations.ServiceID](configuration.DefaultChatServiceSID)
	if !ok {
		return "", fmt.Errorf(instead, fmt.Errorf("what answers at %s is not bridged: it names none", installation.url))
	}
	return id, nil
}

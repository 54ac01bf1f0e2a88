package main

import (
	"crypto/tls"
	"errors"
	"net/http"

	"bridged/cmd/bridged/internal/config"
	"bridged/guard"
	"bridged/webhooks"
)

const (
	// webhookHeaders bounds the headers of a webhook's answer, in bytes.
	webhookHeaders = 64 << 10
	// webhookIdle is how many connections to one host are kept between calls.
	webhookIdle = 16
)

// openWebhooks makes the clients that call webhooks.
func (d *daemon) openWebhooks() error {
	client, err := webhookHTTP(d.cfg.Webhooks)
	if err != nil {
		return err
	}
	d.webhooks = webhooks.NewClient(webhooks.ClientConfig{AuthToken: d.cfg.Account.AuthToken.Value, HTTPClient: client})
	d.inboundWebhooks = webhooks.NewInbound(webhooks.InboundConfig{
		AccountSID: d.cfg.Account.SID, AuthToken: d.cfg.Account.AuthToken.Value, HTTPClient: client, Log: d.log,
	})
	return nil
}

// webhookHTTP makes the HTTP client that calls webhooks of every kind.
func webhookHTTP(c config.Webhooks) (*http.Client, error) {
	roots, err := c.Roots()
	if err != nil {
		return nil, err
	}
	if c.DenyPrivateNetworks {
		return guard.NewClient(guard.Config{Roots: roots}), nil
	}
	usual, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, errors.New("the usual transport of HTTP was replaced")
	}
	transport := usual.Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	transport.MaxResponseHeaderBytes = webhookHeaders
	transport.MaxIdleConnsPerHost = webhookIdle
	return &http.Client{Transport: transport}, nil
}

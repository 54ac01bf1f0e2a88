package e2e

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An application whose certificate an authority of its own signed is believed where
// the configuration names that authority, and nowhere else.
func TestAWebhookWithACertificateOfAnotherAuthority(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.Header().Set("Content-Type", "text/xml")
		_, _ = fmt.Fprint(w, "<Response><Message>over TLS</Message></Response>")
	}))
	t.Cleanup(secure.Close)
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	require.NoError(t, os.WriteFile(file, block, 0o600))

	stranger := newWorld(t, setup{config: numberWebhook("inbound_webhook = %q\n", secure.URL+"/sms")})
	stranger.strangerWrites("SM00000000000000000000000000000001", "hello")
	eventually(t, func() bool { return len(stranger.deadLetters()) == 1 }, "it is given up")
	assert.Contains(t, stranger.deadLetters()[0].Reason, "certificate")
	assert.Zero(t, calls.Load())

	friend := newWorld(t, setup{config: fmt.Sprintf("[webhooks]\nca_file = %q\n", file) + numberWebhook("inbound_webhook = %q\n", secure.URL+"/sms")})
	friend.strangerWrites("SM00000000000000000000000000000001", "hello")
	eventually(t, func() bool { return len(friend.twilio.Sent()) == 1 }, "it answers")
	assert.Equal(t, []string{"over TLS"}, bodies(friend.twilio.Sent()))
}

// Where private networks are denied no address of them is called, whatever name it
// goes by.
func TestAWebhookInAPrivateNetwork(t *testing.T) {
	t.Parallel()
	h := newWebhook(t, func(string, url.Values) (int, string, string) { return says("") })
	at, err := url.Parse(h.URL)
	require.NoError(t, err)
	w := newWorld(t, setup{config: "[webhooks]\ndeny_private_networks = true\n" +
		numberWebhook("inbound_webhook = %q\ninbound_fallback_webhook = %q\n", "http://localhost:"+at.Port()+"/sms", h.URL+"/spare")})
	w.strangerWrites("SM00000000000000000000000000000001", "hello")
	eventually(t, func() bool { return len(w.deadLetters()) == 1 }, "it is given up")
	assert.Contains(t, w.deadLetters()[0].Reason, "the address is not one of the public internet")
	assert.Empty(t, h.heard())
}

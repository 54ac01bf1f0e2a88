package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twilio/twilio-go/client/jwt"
)

func TestToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	c, err := w.api.FetchConversation(w.newConversation())
	require.NoError(t, err)
	// The default service is asked for, another one is named.
	const other = "ISffffffffffffffffffffffffffffffff"
	for service, args := range map[string][]string{*c.ChatServiceSid: nil, other: {"--service", other}} {
		status, stdout, stderr := w.command(append([]string{"token", "--identity", "alice@example.com", "--ttl", "90m"}, args...)...)
		require.Zero(t, status, stderr)
		var library jwt.AccessToken
		token, err := library.FromJwt(strings.TrimSuffix(stdout, "\n"), keySecret)
		require.NoError(t, err)
		assert.Equal(t, []string{account, keySID, "alice@example.com"}, []string{token.AccountSid, token.SigningKeySid, token.Identity})
		expires := time.Unix(int64(token.Payload()["exp"].(float64)), 0)
		assert.WithinDuration(t, time.Now().Add(90*time.Minute), expires, patience)
		assert.Equal(t, map[string]any{"service_sid": service}, token.Payload()["grants"].(map[string]any)["chat"])
	}
}

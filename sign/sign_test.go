package sign_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/sign"
)

// The vectors were made with twilio-node 6.2.0 and accepted by twilio-go 1.31.0.
const (
	token   = "12345"
	formURL = "https://example.com/hook?x=1"
	formSig = "Vz1OgKCAGukwqa02omzF86XKiZU="
	hookURL = "https://example.com/hook"
	bodySum = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
	bodySig = "2e7mH/NA6FwzvUqLZxhsETU/4bw="
)

func form() map[string][]string {
	return map[string][]string{
		"EventType":       {"onMessageAdded"},
		"Body":            {"hé"},
		"Attributes":      {"{}"},
		"ConversationSid": {"CH1"},
	}
}

func TestFormVector(t *testing.T) {
	t.Parallel()
	assert.Equal(t, formSig, sign.Form(token, formURL, form()))
	assert.True(t, sign.VerifyForm(token, formURL, form(), formSig))
}

func TestVerifyFormRefuses(t *testing.T) {
	t.Parallel()
	changed := form()
	changed["Body"] = []string{"he"}
	more := form()
	more["Extra"] = []string{"1"}
	for name, ok := range map[string]bool{
		"another token":       sign.VerifyForm("12346", formURL, form(), formSig),
		"no token":            sign.VerifyForm("", formURL, form(), sign.Form("", formURL, form())),
		"another URL":         sign.VerifyForm(token, "https://example.com/hook?x=2", form(), formSig),
		"another host":        sign.VerifyForm(token, "https://example.org/hook?x=1", form(), formSig),
		"another scheme":      sign.VerifyForm(token, "http://example.com/hook?x=1", form(), formSig),
		"a changed value":     sign.VerifyForm(token, formURL, changed, formSig),
		"one parameter more":  sign.VerifyForm(token, formURL, more, formSig),
		"no signature":        sign.VerifyForm(token, formURL, form(), ""),
		"no base64":           sign.VerifyForm(token, formURL, form(), "%%%"),
		"a shorter signature": sign.VerifyForm(token, formURL, form(), formSig[:12]),
	} {
		assert.False(t, ok, name)
	}
}

func TestVerifyFormTriesThePort(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ signed, received string }{
		{"https://example.com:443/hook", "https://example.com/hook"},
		{"https://example.com/hook", "https://example.com:443/hook"},
		{"http://example.com:80/hook?a=b", "http://example.com/hook?a=b"},
		{"http://127.0.0.1/hook", "http://127.0.0.1:8080/hook"},
		{"http://[::1]/hook", "http://[::1]:8080/hook"},
		{"http://[::1]:80/hook", "http://[::1]/hook"},
		{"https://u:p@example.com:443/hook", "https://u:p@example.com/hook"},
		{"https://example.com:443", "https://example.com"},
		{"https://example.com:443?a=1:2", "https://example.com?a=1:2"},
	} {
		sig := sign.Form(token, c.signed, form())
		assert.True(t, sign.VerifyForm(token, c.received, form(), sig), "%s as %s", c.signed, c.received)
	}
	assert.False(t, sign.VerifyForm(token, "https://example.com/hook", form(),
		sign.Form(token, "https://example.com:8443/hook", form())))
	assert.False(t, sign.VerifyForm(token, "no URL", form(), formSig))
}

func TestRepeatedParameters(t *testing.T) {
	t.Parallel()
	repeated := map[string][]string{"MediaUrl": {"b", "a", "b"}, "Empty": {}}

	all := sign.Form(token, hookURL, repeated)
	assert.Equal(t, sign.Form(token, hookURL, map[string][]string{"MediaUrl": {"a", "b"}}), all,
		"values are sorted and each counts once")
	assert.True(t, sign.VerifyForm(token, hookURL, repeated, all))

	first := sign.Form(token, hookURL, map[string][]string{"MediaUrl": {"b"}})
	assert.True(t, sign.VerifyForm(token, hookURL, repeated, first), "as twilio-go signs")
	assert.Equal(t, []string{"b", "a", "b"}, repeated["MediaUrl"], "the caller's form is untouched")
}

func TestJSONVector(t *testing.T) {
	t.Parallel()
	body := []byte(`{"a":1}`)
	signedURL, signature := sign.JSON(token, hookURL, body)
	assert.Equal(t, hookURL+"?bodySHA256="+bodySum, signedURL)
	assert.Equal(t, bodySig, signature)
	assert.True(t, sign.VerifyJSON(token, signedURL, body, signature))

	withQuery, _ := sign.JSON(token, formURL, body)
	assert.Equal(t, formURL+"&bodySHA256="+bodySum, withQuery)

	assert.False(t, sign.VerifyJSON(token, signedURL, []byte(`{"a":2}`), signature), "another body")
	assert.False(t, sign.VerifyJSON(token, hookURL, body, sign.Form(token, hookURL, nil)), "a body that nothing covers")
	assert.False(t, sign.VerifyJSON(token, "https://example.com/%zz", body, signature))
}

func TestHub(t *testing.T) {
	t.Parallel()
	// RFC 4231, test case 2.
	const want = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
	body := []byte("what do ya want for nothing?")
	require.Equal(t, want, sign.Hub("Jefe", body))
	assert.True(t, sign.VerifyHub("Jefe", body, want))
	assert.True(t, sign.VerifyHub("Jefe", body, "sha256="+strings.ToUpper(want[len("sha256="):])))

	for name, ok := range map[string]bool{
		"another secret": sign.VerifyHub("jefe", body, want),
		"no secret":      sign.VerifyHub("", body, sign.Hub("", body)),
		"another body":   sign.VerifyHub("Jefe", body[1:], want),
		"no prefix":      sign.VerifyHub("Jefe", body, want[len("sha256="):]),
		"another hash":   sign.VerifyHub("Jefe", body, "sha1="+want[len("sha256="):]),
		"no signature":   sign.VerifyHub("Jefe", body, ""),
		"no hexadecimal": sign.VerifyHub("Jefe", body, "sha256=zz"),
		"half of it":     sign.VerifyHub("Jefe", body, want[:30]),
	} {
		assert.False(t, ok, name)
	}
}

func TestWhatIsSignedVerifies(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringN(1, 40, -1).Draw(t, "secret")
		u := "https://example.com/" + rapid.String().Draw(t, "path")
		params := rapid.MapOf(rapid.String(), rapid.SliceOfN(rapid.String(), 0, 3)).Draw(t, "params")
		assert.True(t, sign.VerifyForm(secret, u, params, sign.Form(secret, u, params)))
		body := []byte(rapid.String().Draw(t, "body"))
		assert.True(t, sign.VerifyHub(secret, body, sign.Hub(secret, body)))
	})
}

func TestSame(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 1, sign.Same("a secret", "a secret"))
	for given, secret := range map[string]string{"a secret": "another", "": "a secret", "a secre": "a secret", "a secret ": "a secret", "b": ""} {
		assert.Equal(t, 0, sign.Same(given, secret), "%q", given)
	}
	assert.Equal(t, 0, sign.Same("", ""), "what is not configured is nobody's")
}

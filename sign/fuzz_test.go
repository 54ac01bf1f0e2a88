package sign_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bridged/sign"
)

// FuzzVerify tries signatures, bodies and URLs against secrets that nobody knows:
// they are made when it starts. What is signed with them is accepted, and nothing else
// that anybody thinks of is.
func FuzzVerify(f *testing.F) {
	f.Add(formURL, "EventType=onMessageAdded&Body=h%C3%A9&Body=x&Attributes=%7B%7D", formSig, "1700000000")
	f.Add("https://example.com:443/hook?bodySHA256="+bodySum, `{"a":1}`, bodySig, "")
	f.Add("http://[::1]:80", "", "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", "-1")
	f.Add("https://u:p@example.com?bodySHA256=", "", "", "")
	f.Add("", "a=%zz&;", edSignature, edTimestamp)
	secret := rand.Text()
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, rawURL, body, signature, timestamp string) {
		form, err := url.ParseQuery(body)
		if err != nil {
			form = nil
		}
		for name, accepted := range map[string]bool{
			"form": sign.VerifyForm(secret, rawURL, form, signature), "JSON": sign.VerifyJSON(secret, rawURL, []byte(body), signature),
			"hub": sign.VerifyHub(secret, []byte(body), signature), "Ed25519": sign.VerifyEd25519(public, timestamp, []byte(body), signature),
			"form without a secret": sign.VerifyForm("", rawURL, form, sign.Form("", rawURL, form)),
			"hub without a secret":  sign.VerifyHub("", []byte(body), sign.Hub("", []byte(body))),
		} {
			require.False(t, accepted, name)
		}
		right := sign.Form(secret, rawURL, form)
		require.True(t, sign.VerifyForm(secret, rawURL, form, right))
		digest := sign.Hub(secret, []byte(body))
		require.True(t, sign.VerifyHub(secret, []byte(body), digest))
		require.True(t, sign.VerifyEd25519(public, timestamp, []byte(body), sign.Ed25519(private, timestamp, []byte(body))))
		for _, wrong := range []string{right[:len(right)/2], right + right, hex.EncodeToString([]byte(right)), base64.StdEncoding.EncodeToString([]byte(right))} {
			require.False(t, sign.VerifyForm(secret, rawURL, form, wrong))
		}
		require.False(t, sign.VerifyHub(secret, []byte(body+"x"), digest))
		require.False(t, sign.VerifyHub(secret, []byte(body), digest[:len(digest)-2]))
		require.True(t, sign.VerifyHub(secret, []byte(body), "sha256="+strings.ToUpper(strings.TrimPrefix(digest, "sha256="))))
		if _, err := url.Parse(rawURL); err == nil && !strings.Contains(rawURL, "#") && !strings.Contains(rawURL, "bodySHA256") {
			signed, signature := sign.JSON(secret, rawURL, []byte(body))
			if again, err := url.ParseRequestURI(signed); err == nil && !strings.Contains(again.RawQuery, ";") {
				require.True(t, sign.VerifyJSON(secret, signed, []byte(body), signature), signed)
			}
			require.False(t, sign.VerifyJSON(secret, signed, []byte(body+" "), signature))
		}
	})
}

package sign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// hubPrefix names the hash before the digest.
const hubPrefix = "sha256="

// Hub returns the X-Hub-Signature-256 of body: "sha256=" and 64 lower-case
// hexadecimal digits.
func Hub(secret string, body []byte) string {
	return hubPrefix + hex.EncodeToString(hubSum(secret, body))
}

// VerifyHub says whether signature is the X-Hub-Signature-256 of body. The
// digits may be in either case.
func VerifyHub(secret string, body []byte, signature string) bool {
	digits, ok := strings.CutPrefix(signature, hubPrefix)
	if !ok || secret == "" {
		return false
	}
	got, err := hex.DecodeString(digits)
	return err == nil && hmac.Equal(got, hubSum(secret, body))
}

func hubSum(secret string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return mac.Sum(nil)
}

package sign

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
)

// Ed25519 returns the telnyx-signature-ed25519 of a body sent at a time: the
// base64 of the signature of timestamp, "|" and body. The timestamp is as the
// header telnyx-timestamp has it.
func Ed25519(key ed25519.PrivateKey, timestamp string, body []byte) string {
	return base64.StdEncoding.EncodeToString(ed25519.Sign(key, timed(timestamp, body)))
}

// VerifyEd25519 says whether signature is the telnyx-signature-ed25519 of a body
// sent at a time. Whether the time is recent is for the caller to say. A key
// that is none verifies nothing, and nor does one of zeros, as people write who have
// none yet: it is a point of the curve for which anybody can sign.
func VerifyEd25519(key ed25519.PublicKey, timestamp string, body []byte, signature string) bool {
	got, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || len(key) != ed25519.PublicKeySize || bytes.Equal(key, make([]byte, ed25519.PublicKeySize)) {
		return false
	}
	return ed25519.Verify(key, timed(timestamp, body), got)
}

// timed is what is signed.
func timed(timestamp string, body []byte) []byte {
	return append([]byte(timestamp+"|"), body...)
}

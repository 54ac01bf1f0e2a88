package sign_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"bridged/sign"
)

// The vector was made with Python's cryptography package, for the key whose seed
// is 32 times the byte 7.
const (
	edTimestamp = "1700000000"
	edBody      = `{"data":{"event_type":"message.received"}}`
	edSignature = "5aw+wC14C5j5ar7wBFO3+YRoBaA5WTszSw9sLPj4Yoa+3mdhURYCUsSTfIiNOLsGSJKZTbKEy07ozBmnMONpDQ=="
)

func edKey() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte(strings.Repeat("\x07", ed25519.SeedSize)))
}

func edPublic() ed25519.PublicKey {
	public, _ := edKey().Public().(ed25519.PublicKey)
	return public
}

func TestEd25519Vector(t *testing.T) {
	t.Parallel()
	assert.Equal(t, edSignature, sign.Ed25519(edKey(), edTimestamp, []byte(edBody)))
	assert.True(t, sign.VerifyEd25519(edPublic(), edTimestamp, []byte(edBody), edSignature))
}

func TestVerifyEd25519Refuses(t *testing.T) {
	t.Parallel()
	other, _ := ed25519.NewKeyFromSeed([]byte(strings.Repeat("\x08", ed25519.SeedSize))).Public().(ed25519.PublicKey)
	for name, ok := range map[string]bool{
		"another key":       sign.VerifyEd25519(other, edTimestamp, []byte(edBody), edSignature),
		"no key":            sign.VerifyEd25519(nil, edTimestamp, []byte(edBody), edSignature),
		"half a key":        sign.VerifyEd25519(edPublic()[:16], edTimestamp, []byte(edBody), edSignature),
		"another time":      sign.VerifyEd25519(edPublic(), "1700000001", []byte(edBody), edSignature),
		"another body":      sign.VerifyEd25519(edPublic(), edTimestamp, []byte(edBody+" "), edSignature),
		"the bar elsewhere": sign.VerifyEd25519(edPublic(), edTimestamp+"|", []byte(edBody), edSignature),
		"no signature":      sign.VerifyEd25519(edPublic(), edTimestamp, []byte(edBody), ""),
		"no base64":         sign.VerifyEd25519(edPublic(), edTimestamp, []byte(edBody), "%%%"),
		"a shorter one":     sign.VerifyEd25519(edPublic(), edTimestamp, []byte(edBody), edSignature[:12]),
	} {
		assert.False(t, ok, name)
	}
}

// The identity of the curve and zero are a signature of about every fourth body
// for the key of zeros.
func TestVerifyEd25519RefusesTheKeyOfZeros(t *testing.T) {
	t.Parallel()
	signature := make([]byte, ed25519.SignatureSize)
	signature[0] = 1
	zeros := make(ed25519.PublicKey, ed25519.PublicKeySize)
	forged := 0
	for i := range 100 {
		timestamp := strconv.Itoa(i)
		if ed25519.Verify(zeros, []byte(timestamp+"|"), signature) {
			forged++
		}
		assert.False(t, sign.VerifyEd25519(zeros, timestamp, nil, base64.StdEncoding.EncodeToString(signature)))
	}
	assert.Positive(t, forged, "else there is nothing to guard against")
}

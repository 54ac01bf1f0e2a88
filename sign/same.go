package sign

import (
	"crypto/sha256"
	"crypto/subtle"
)

// Same compares a secret with what somebody gave for it: 1 where they are equal, else
// 0, so that several can be joined with & and none is left out when one is wrong. It
// takes as long whatever of the secret was right, and does not even tell how long it
// is. An empty secret is one that is not configured: nothing is the same.
func Same(given, secret string) int {
	g, s := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(secret))
	there := 1 - subtle.ConstantTimeEq(int32(len(secret)), 0)
	return subtle.ConstantTimeCompare(g[:], s[:]) & there
}

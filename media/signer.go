package media

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"bridged/conversations"
)

// TemporaryLife is how long the URLs live that the API gives out (page 32).
const TemporaryLife = 300 * time.Second

// keyBytes is the length of a signer's key.
const keyBytes = 32

// Signer signs permissions to fetch one file until a time. The processes of an
// installation share its key.
type Signer struct {
	key []byte
	now func() time.Time
}

// NewKey makes a key, as it is stored.
func NewKey() string {
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // crypto/rand.Read never fails: it aborts the program instead
	return hex.EncodeToString(key)
}

// NewSigner makes a signer with a key that NewKey has made.
func NewSigner(key string, now func() time.Time) (*Signer, error) {
	b, err := hex.DecodeString(key)
	if err != nil || len(b) != keyBytes {
		return nil, fmt.Errorf("the key of the signed URLs must have %d hexadecimal digits", 2*keyBytes)
	}
	return &Signer{key: b, now: now}, nil
}

// Permission is what a signed URL carries.
type Permission struct {
	Expires   int64 // seconds since 1970 UTC
	Signature string
}

// Permit allows the file to be fetched for so long.
func (s *Signer) Permit(id conversations.MediaID, life time.Duration) Permission {
	return s.PermitUntil(id, s.now().Add(life))
}

// PermitUntil allows the file to be fetched until a time.
func (s *Signer) PermitUntil(id conversations.MediaID, end time.Time) Permission {
	expires := end.Unix()
	return Permission{Expires: expires, Signature: hex.EncodeToString(s.sum(id, expires))}
}

// Permits says whether the file may be fetched now: the permission is ours, for
// this file, and its time is not up.
func (s *Signer) Permits(id conversations.MediaID, p Permission) bool {
	given, err := hex.DecodeString(p.Signature)
	return err == nil && hmac.Equal(given, s.sum(id, p.Expires)) && s.now().Unix() < p.Expires
}

// sum covers what it is for, so that the key could sign other things as well.
func (s *Signer) sum(id conversations.MediaID, expires int64) []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write(fmt.Appendf(nil, "fetch media\n%s\n%d", id, expires))
	return mac.Sum(nil)
}

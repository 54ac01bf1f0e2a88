package console

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"sync"
	"time"
)

// onceLife is how long the link of the first start works.
const onceLife = 24 * time.Hour

// once is a secret that logs in one time. Its hash is held in memory only: after a
// restart the link is worth nothing.
type once struct {
	mu      sync.Mutex
	hash    [sha256.Size]byte
	expires time.Time // zero: there is no secret
}

// make returns a new secret, in the place of the one before.
func (o *once) make(now time.Time) string {
	secret := rand.Text() + rand.Text() // of 128 bits and more each
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hash, o.expires = sha256.Sum256([]byte(secret)), now.Add(onceLife)
	return secret
}

// use says whether the secret is the right one, which it is once.
func (o *once) use(secret string, now time.Time) bool {
	given := sha256.Sum256([]byte(secret))
	o.mu.Lock()
	defer o.mu.Unlock()
	if !now.Before(o.expires) || subtle.ConstantTimeCompare(given[:], o.hash[:]) != 1 {
		return false
	}
	o.expires = time.Time{}
	return true
}

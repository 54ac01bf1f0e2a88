package console

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// burstOfAttempts is how many attempts to log in a client has at once; then it
	// has one more every attemptEvery.
	burstOfAttempts = 5
	attemptEvery    = 10 * time.Second
	// mostClients bounds the clients that are remembered. What comes from further
	// ones is counted together.
	mostClients = 10000
)

// attempts bounds how often each client may try to log in.
type attempts struct {
	now func() time.Time

	mu      sync.Mutex
	clients map[string]*rate.Limiter
	others  *rate.Limiter
}

func newAttempts(now func() time.Time) *attempts {
	return &attempts{now: now, clients: map[string]*rate.Limiter{}, others: newAttemptLimiter()}
}

func newAttemptLimiter() *rate.Limiter {
	return rate.NewLimiter(rate.Every(attemptEvery), burstOfAttempts)
}

// take counts an attempt. Where there have been too many it says how long to wait.
func (a *attempts) take(client string) (wait time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	reservation := a.of(network(client), now).ReserveN(now, 1)
	if wait = reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}

// forget takes back what a client has tried: it knew the token in the end.
func (a *attempts) forget(client string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.clients, network(client))
}

func (a *attempts) of(client string, now time.Time) *rate.Limiter {
	if known, ok := a.clients[client]; ok {
		return known
	}
	if len(a.clients) >= mostClients {
		for name, limiter := range a.clients {
			if limiter.TokensAt(now) >= burstOfAttempts {
				delete(a.clients, name)
			}
		}
		if len(a.clients) >= mostClients {
			return a.others
		}
	}
	a.clients[client] = newAttemptLimiter()
	return a.clients[client]
}

// network is what counts as one client: an address, of IPv6 the network of a
// customer, who can choose any address within.
func network(client string) string {
	address, err := netip.ParseAddr(client)
	if err != nil || address.Unmap().Is4() {
		return client
	}
	prefix, err := address.WithZone("").Prefix(64)
	if err != nil {
		return client
	}
	return prefix.String()
}

package media

import "bridged/conversations"

// maxRecent is how many results are remembered: the pictures of the messages that
// are on their way to many people just now.
const maxRecent = 256

// recentKey is all that the result for one picture depends on.
type recentKey struct {
	id              conversations.MediaID
	kind            string
	own, jpeg, png  int64 // how many bytes the channel takes of each type; -1 for none
	tooLarge, wrong int
}

func keyOf(m conversations.Media, rules conversations.MediaRules) recentKey {
	limit := func(kind string) int64 {
		if bytes, taken := rules.LimitFor(kind); taken {
			return bytes
		}
		return -1
	}
	return recentKey{
		id: m.ID, kind: m.ContentType, own: limit(m.ContentType), jpeg: limit("image/jpeg"), png: limit("image/png"),
		tooLarge: rules.TooLarge, wrong: rules.BadType,
	}
}

// recent remembers the last results. Only who holds the Fitter's slot uses it.
type recent struct {
	fits map[recentKey]Fit
	keys []recentKey // a ring, the oldest at next
	next int
}

func newRecent() *recent { return &recent{fits: make(map[recentKey]Fit)} }

func (r *recent) get(key recentKey) (Fit, bool) {
	fit, ok := r.fits[key]
	return fit, ok
}

func (r *recent) put(key recentKey, fit Fit) {
	if _, known := r.fits[key]; !known {
		if len(r.keys) < maxRecent {
			r.keys = append(r.keys, key)
		} else {
			delete(r.fits, r.keys[r.next])
			r.keys[r.next] = key
			r.next = (r.next + 1) % maxRecent
		}
	}
	r.fits[key] = fit
}

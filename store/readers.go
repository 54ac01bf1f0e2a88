package store

import (
	"slices"
	"sync"
)

// readers are the readers of the events in this process.
type readers struct {
	mu   sync.Mutex
	list []*EventReader
}

func (l *readers) add(r *EventReader) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, r)
}

func (l *readers) remove(r *EventReader) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = slices.DeleteFunc(l.list, func(other *EventReader) bool { return other == r })
}

func (l *readers) all() []*EventReader {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.list)
}

// wake wakes all. Own says that this process has recorded events.
func (l *readers) wake(own bool) {
	for _, r := range l.all() {
		r.wake(own)
	}
}

// wakeNamed wakes the one whose lease it is.
func (l *readers) wakeNamed(lease string) {
	for _, r := range l.all() {
		if r.lease() == lease {
			r.wake(false)
		}
	}
}

func (l *readers) close() {
	for _, r := range l.all() {
		r.Close()
	}
}

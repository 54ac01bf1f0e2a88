package main

import (
	"net/http"
	"sync"
	"time"

	"bridged/twilio"
)

// The disk counts as nearly full when less than both of these is free: a
// twentieth of a large disk is room for years of messages.
const (
	leastFreeShare = 20      // the disk's size divided by this
	leastFreeBytes = 1 << 30 // bytes
)

// diskCheckEvery is how long the answer of the file system is believed.
const diskCheckEvery = time.Second

// disk watches how much room there is for the store.
type disk struct {
	dir string

	mu      sync.Mutex
	checked time.Time
	tight   bool
}

func newDisk(dir string) *disk { return &disk{dir: dir} }

// RoomFor refuses where the disk would be nearly full with so many bytes more.
func (d *disk) RoomFor(bytes int64) error {
	free, size, ok := diskSpace(d.dir)
	if !ok {
		return nil
	}
	if needed := uint64(bytes) + min(size/leastFreeShare, leastFreeBytes); free < needed {
		return twilio.NewError(http.StatusInsufficientStorage, twilio.CodeNoRoom,
			"Insufficient Storage: the database is copied beside itself first, for which %d MB have to be free in %s, and there are %d", needed>>20+1, d.dir, free>>20)
	}
	return nil
}

// Tight says whether the disk is nearly full.
func (d *disk) Tight() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now := time.Now(); now.Sub(d.checked) >= diskCheckEvery {
		d.checked = now
		free, size, ok := diskSpace(d.dir)
		d.tight = ok && free < size/leastFreeShare && free < leastFreeBytes
	}
	return d.tight
}

// Package backup makes backups of an installation whose store is SQLite, checks them,
// and puts them back. Package archive is their format.
package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"bridged/api"
	"bridged/archive"
	"bridged/conversations"
	"bridged/store/sqlite"
	"bridged/twilio"
)

// Files are those of media.dir.
type Files interface {
	// Open opens a file; conversations.NotFound where there is none.
	Open(conversations.MediaID) (io.ReadSeekCloser, error)
}

// MakerConfig is what a Maker needs.
type MakerConfig struct {
	Database string // its path
	Files    Files
	// Room refuses where there is no room for so many bytes beside the database.
	Room    func(bytes int64) error
	Program string // the version
	Now     func() time.Time
	Log     *slog.Logger
}

// Maker makes backups of a running installation, one at a time.
type Maker struct {
	cfg  MakerConfig
	busy atomic.Bool
}

// NewMaker makes a Maker.
func NewMaker(cfg MakerConfig) *Maker { return &Maker{cfg: cfg} }

// Begin implements api.Backups.
func (m *Maker) Begin(ctx context.Context) (_ api.Backup, err error) {
	if !m.busy.CompareAndSwap(false, true) {
		return nil, conversations.Refuse(conversations.Conflict, "another backup is being made; wait until it is done")
	}
	b := &making{maker: m, started: time.Now()}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
		}
	}()
	b.path, err = sqlite.Snapshot(ctx, m.cfg.Database, m.cfg.Room)
	switch {
	case errors.Is(err, sqlite.ErrFull):
		return nil, twilio.NewError(http.StatusInsufficientStorage, twilio.CodeNoRoom,
			"Insufficient Storage: the disk became full while the database was copied")
	case err != nil:
		return nil, err
	}
	b.copied = time.Since(b.started)
	if b.copy, err = sqlite.OpenCopy(b.path); err != nil {
		return nil, err
	}
	b.manifest, err = b.describe(ctx)
	return b, err
}

// making is a backup that is being made.
type making struct {
	maker    *Maker
	path     string // of the copy of the database
	copy     *sqlite.Copy
	manifest archive.Manifest
	started  time.Time
	copied   time.Duration
}

func (b *making) describe(ctx context.Context) (m archive.Manifest, err error) {
	m.Program, m.Made = b.maker.cfg.Program, b.maker.cfg.Now()
	if m.Schema, err = b.copy.Schema(ctx); err != nil {
		return m, err
	}
	if m.Rows, err = b.copy.Rows(ctx); err != nil {
		return m, err
	}
	info, err := os.Stat(b.path)
	if err == nil {
		m.DatabaseBytes = info.Size()
	}
	return m, err
}

// Write implements api.Backup.
func (b *making) Write(ctx context.Context, to io.Writer) error {
	w, err := archive.Create(to, b.manifest)
	if err != nil {
		return err
	}
	if err := b.writeDatabase(w); err != nil {
		return err
	}
	files := 0
	for f, err := range b.copy.Files(ctx) {
		if err == nil {
			err = b.writeFile(w, f)
		}
		if err != nil {
			return err
		}
		files++
	}
	if err := w.Close(); err != nil {
		return err
	}
	log := b.maker.cfg.Log
	log.InfoContext(ctx, "a backup was made", "database_bytes", b.manifest.DatabaseBytes, "files", files,
		"copying", b.copied.Round(time.Millisecond).String(), "all", time.Since(b.started).Round(time.Millisecond).String())
	if missing := w.Missing(); len(missing) > 0 {
		log.WarnContext(ctx, "files are missing in the backup: media.dir does not have them as the store tells, or they were removed meanwhile",
			"files", len(missing), "first", missing[0])
	}
	return nil
}

func (b *making) writeDatabase(w *archive.Writer) (err error) {
	file, err := os.Open(b.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return w.Database(file)
}

// writeFile writes a file of which the copy of the database tells. It may have been
// removed since the copy was made.
func (b *making) writeFile(w *archive.Writer, f conversations.MediaFile) (err error) {
	content, err := b.maker.cfg.Files.Open(f.ID)
	if conversations.NotFound.Is(err) {
		return w.Absent(string(f.ID))
	}
	if err != nil {
		return fmt.Errorf("open a file of media.dir: %w", err)
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	size, err := content.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = content.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("read a file of media.dir: %w", err)
	}
	return w.File(archive.File{ID: string(f.ID), Size: size}, f.SHA256, content)
}

// Close implements api.Backup.
func (b *making) Close() (err error) {
	if b.copy != nil {
		err = b.copy.Close()
	}
	if b.path != "" {
		err = errors.Join(err, sqlite.RemoveSnapshot(b.path))
	}
	b.maker.busy.Store(false)
	return err
}

package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"bridged/twilio"
)

// backupWriteTime is how long who fetches a backup may take nothing of it.
const backupWriteTime = time.Minute

// Backups make copies of the whole installation while it runs.
type Backups interface {
	// Begin takes the copy of the database. An error is conversations.Conflict where
	// another backup is under way, and a *twilio.Error with CodeNoRoom where the disk has
	// no room for it.
	Begin(context.Context) (Backup, error)
}

// Backup is a copy that is to be fetched.
type Backup interface {
	// Write writes all of it. Where it returns an error the copy is not whole, and
	// shows that.
	Write(context.Context, io.Writer) error
	// Close removes what Begin has made.
	Close() error
}

// backup answers with a copy of the installation, as package archive describes it.
// Status and header come when the database is copied, which takes its time.
func (s *server) backup(w http.ResponseWriter, c *call) (err error) {
	if s.cfg.Backups == nil {
		return twilio.NewError(http.StatusNotImplemented, twilio.CodeNotImplemented,
			"Not Implemented: the store is not a SQLite file; back up PostgreSQL with pg_dump, and media.dir after it, as docs/operations.md says")
	}
	h := w.Header()
	h.Set("Content-Type", "application/x-tar")
	h.Set("Content-Disposition", `attachment; filename="bridged-backup.tar"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // for proxies that gather answers
	if c.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	ctx, cancel := context.WithCancel(c.Context())
	defer cancel()
	go s.cancelAtStop(ctx, cancel)
	made, err := s.cfg.Backups.Begin(ctx)
	if err != nil {
		h.Del("Content-Disposition")
		return err
	}
	to := &patientWriter{ctx: ctx, w: w, deadline: http.NewResponseController(w).SetWriteDeadline}
	err = made.Write(ctx, to)
	err = errors.Join(err, made.Close())
	if err == nil {
		return nil
	}
	if ctx.Err() == nil {
		s.log.ErrorContext(ctx, "a backup broke off", "error", err)
	}
	// The connection is cut, so that nobody takes a part for the whole.
	panic(http.ErrAbortHandler)
}

// cancelAtStop ends what would keep the program from stopping.
func (s *server) cancelAtStop(ctx context.Context, cancel context.CancelFunc) {
	select {
	case <-ctx.Done():
	case <-s.cfg.Stopping:
		cancel()
	}
}

// patientWriter writes an answer for as long as somebody takes it.
type patientWriter struct {
	ctx      context.Context //nolint:containedctx // an io.Writer is given none
	w        io.Writer
	deadline func(time.Time) error
}

// Write implements io.Writer.
func (p *patientWriter) Write(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	// In place of the server's own time for a whole answer. What is no connection, such
	// as a test's, has no deadlines.
	if err := p.deadline(time.Now().Add(backupWriteTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, fmt.Errorf("give the client more time: %w", err)
	}
	return p.w.Write(b)
}

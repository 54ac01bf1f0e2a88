package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"text/tabwriter"

	"bridged/cmd/bridged/internal/config"
	"bridged/store"
	"bridged/store/sqlite"
	"bridged/store/transfer"
)

// MigrateCmd moves a stopped installation from SQLite to PostgreSQL.
type MigrateCmd struct {
	From string `required:"" placeholder:"sqlite:PATH" help:"Where the installation is: what store.url says now."`
	To   string `required:"" placeholder:"postgres://USER@HOST/DATABASE" help:"An empty database. Its password is better in PGPASSWORD or in ~/.pgpass, for others can see a command line."`

	from, to config.Store
}

// Validate implements kong's interface: what it refuses is wrong usage. It does
// not quote the values.
func (c *MigrateCmd) Validate() (err error) {
	if c.from, err = config.ParseStore(c.From); err != nil {
		return fmt.Errorf("--from %w", err)
	}
	if c.to, err = config.ParseStore(c.To); err != nil {
		return fmt.Errorf("--to %w", err)
	}
	switch {
	case c.from.SQLitePath() == "":
		return errors.New(`--from is no SQLite file: write "sqlite:PATH"`)
	case c.to.SQLitePath() != "":
		return errors.New(`--to is no PostgreSQL database: write "postgres://USER@HOST/DATABASE"`)
	}
	return nil
}

// Run copies everything, or nothing.
func (c *MigrateCmd) Run(ctx context.Context, e *environment) error {
	moved, err := c.move(ctx, newProgress(e.stderr))
	if err != nil {
		return err
	}
	if err := printMoved(e.stdout, moved); err != nil {
		return fmt.Errorf("print the result: %w", err)
	}
	return nil
}

func (c *MigrateCmd) move(ctx context.Context, p *progress) (_ []transfer.Moved, err error) {
	source, err := c.openSource(ctx)
	if err != nil {
		return nil, fmt.Errorf("--from %s: %w", c.from.Redacted(), err)
	}
	defer func() { err = errors.Join(err, closeBackend(source)) }()
	target, err := openBackend(ctx, c.to)
	if err != nil {
		return nil, fmt.Errorf("--to %s: %w", c.to.Redacted(), err)
	}
	defer func() { err = errors.Join(err, closeBackend(target)) }()
	defer p.close()
	return transfer.Run(ctx,
		transfer.Side{DB: source.Read, Dialect: transfer.SQLite()},
		transfer.Side{DB: target.Write, Dialect: transfer.PostgreSQL()}, p)
}

// openSource locks the source's directory, so that nobody writes to it, and
// brings the source to the schema of this program.
func (c *MigrateCmd) openSource(ctx context.Context) (store.Backend, error) {
	// Opening it would make a file that is not there.
	switch _, err := os.Stat(c.from.SQLitePath()); {
	case errors.Is(err, fs.ErrNotExist):
		return store.Backend{}, errors.New("there is no such file")
	case err != nil:
		return store.Backend{}, err
	}
	b, err := openBackend(ctx, c.from)
	if errors.Is(err, sqlite.ErrLocked) {
		return b, fmt.Errorf("%w: stop it, and run this command again", err)
	}
	return b, err
}

// printMoved tells what was moved, and what to do next.
func printMoved(out io.Writer, moved []transfer.Moved) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, err := fmt.Fprintln(w, "table\trows")
	for _, m := range moved {
		_, e := fmt.Fprintf(w, "%s\t%d\n", m.Table, m.Rows)
		err = errors.Join(err, e)
	}
	_, e := fmt.Fprintln(w, "set store.url to the new database and start bridged")
	return errors.Join(err, e, w.Flush())
}

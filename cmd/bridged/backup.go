package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bridged/cmd/bridged/internal/backup"
	"bridged/cmd/bridged/internal/config"
	"bridged/store/sqlite"
)

// backupPath is where an installation gives a backup.
const backupPath = "/bridged/v1/backup"

// BackupCmd saves everything that the running installation has in one file.
type BackupCmd struct {
	File  string `arg:"" help:"The file to make. It holds everything that people wrote, and keys: keep it as safe as the store."`
	Force bool   `help:"Overwrite the file if it exists."`
	remoteFlags
}

// Validate implements kong's interface: what it refuses is wrong usage.
func (c *BackupCmd) Validate() error {
	if err := checkFile(c.File); err != nil {
		return err
	}
	return c.check()
}

// checkFile refuses what cannot be the name of a backup.
func checkFile(path string) error {
	if path == "" {
		return errors.New("name the FILE of the backup")
	}
	if path == "-" || strings.HasSuffix(path, string(filepath.Separator)) {
		return errors.New("FILE is no name of a file: a backup is a file, so that it can be checked")
	}
	return nil
}

// Run saves the backup, checks it, and says what it holds.
func (c *BackupCmd) Run(ctx context.Context, e *environment) error {
	file := backup.File{Path: c.File, Force: c.Force}
	if err := file.Check(); err != nil {
		return err
	}
	installation, err := c.connect(e.environ)
	if err != nil {
		return err
	}
	contents, err := file.Save(ctx, func(to io.Writer) error { return installation.fetch(ctx, backupPath, to) })
	if err != nil {
		return fmt.Errorf("%w\nthere is no backup in %s", err, c.File)
	}
	if err := warnOfFiles(e.stderr, contents); err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.stdout, "%s: %s\nIt does not hold the configuration and its secrets (%s): keep them too.\n",
		c.File, describe(contents), c.secretsAt())
	return err
}

// secretsAt names what an installation needs beside a backup.
func (f remoteFlags) secretsAt() string {
	if f.Config != "" {
		return f.Config
	}
	return "bridged.toml, or bridged-data/credentials.toml where there is none"
}

// describe says in a line what a backup holds.
func describe(c backup.Contents) string {
	return fmt.Sprintf("%d conversations, %d messages, %d files; %s; schema %d, made %s by bridged %s",
		c.Rows["conversations"], c.Rows["messages"], c.Files, megabytes(c.Size),
		c.Schema, c.Made.UTC().Format(time.RFC3339), printable(c.Program))
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// warnOfFiles tells of files that a backup does not have as the store tells of them.
func warnOfFiles(to io.Writer, c backup.Contents) error {
	for _, list := range []struct {
		ids  []string
		what string
	}{
		{c.Absent, "were not in media.dir: they were removed while the backup was made, or are lost"},
		{c.Altered, "are in media.dir, but not as they were stored: the disk may be damaged"},
	} {
		if len(list.ids) == 0 {
			continue
		}
		if _, err := fmt.Fprintf(to, "warning: %d files %s; the first is ME%s\n", len(list.ids), list.what, list.ids[0]); err != nil {
			return fmt.Errorf("print a warning: %w", err)
		}
	}
	return nil
}

// RestoreCmd puts a backup in the place of a stopped installation.
type RestoreCmd struct {
	File    string `arg:"" help:"The backup."`
	Replace bool   `help:"Move what the installation has aside. Nothing is deleted."`
	Config  string `placeholder:"FILE" help:"Configuration file of the installation. Without it: bridged.toml here, or else the embedded default."`
}

// Validate implements kong's interface: what it refuses is wrong usage.
func (c *RestoreCmd) Validate() error { return checkFile(c.File) }

// Run restores the backup and says what it held, and what is to be done next.
func (c *RestoreCmd) Run(ctx context.Context, e *environment) error {
	cfg, err := config.Existing(c.Config, e.environ)
	if errors.Is(err, config.ErrNoInstallation) {
		cfg, err = config.Unstarted(e.environ)
	}
	if err != nil {
		return err
	}
	if cfg.Store.SQLitePath() == "" {
		return errors.New("store.url is no SQLite file: restore PostgreSQL with pg_restore, and media.dir before it is started, as docs/operations.md says")
	}
	to, err := installationOf(cfg)
	if err != nil {
		return err
	}
	done, err := c.restore(ctx, to)
	if err != nil {
		return fmt.Errorf("%w\nnothing was restored", err)
	}
	if err := warnOfFiles(e.stderr, done.Contents); err != nil {
		return err
	}
	for _, path := range done.Aside {
		if _, err := fmt.Fprintln(e.stdout, "moved aside:", path); err != nil {
			return fmt.Errorf("print the result: %w", err)
		}
	}
	_, err = fmt.Fprintf(e.stdout, "restored: %s\nstart bridged; what was unfinished when the backup was made goes out again\n", describe(done.Contents))
	return err
}

func (c *RestoreCmd) restore(ctx context.Context, to backup.Installation) (done backup.Restored, err error) {
	file, err := os.Open(c.File)
	if err != nil {
		return done, err
	}
	defer file.Close() //nolint:errcheck // it is only read
	info, err := file.Stat()
	if err != nil {
		return done, err
	}
	if !info.Mode().IsRegular() {
		return done, fmt.Errorf("%s is no file", c.File)
	}
	lock, err := sqlite.Lock(to.Database)
	if errors.Is(err, sqlite.ErrLocked) {
		return done, fmt.Errorf("%w: stop it, and run this command again", err)
	}
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	return to.Restore(ctx, file, info.Size(), c.Replace, time.Now())
}

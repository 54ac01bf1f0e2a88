package main

import (
	"path/filepath"
	"runtime/debug"

	"bridged/api"
	"bridged/cmd/bridged/internal/backup"
	"bridged/cmd/bridged/internal/config"
)

// backups makes backups of the installation; nil where its store is no SQLite file.
func (d *daemon) backups() api.Backups {
	path := d.cfg.Store.SQLitePath()
	if path == "" {
		return nil
	}
	build, _ := debug.ReadBuildInfo()
	return backup.NewMaker(backup.MakerConfig{
		Database: path,
		Files:    d.files,
		Room:     newDisk(filepath.Dir(path)).RoomFor,
		Program:  versionName(version, build),
		Now:      d.now,
		Log:      d.log,
	})
}

// installationOf is where an installation in SQLite is.
func installationOf(cfg *config.Config) (i backup.Installation, err error) {
	if i.Database, err = filepath.Abs(cfg.Store.SQLitePath()); err != nil {
		return i, err
	}
	i.Media, err = filepath.Abs(cfg.Media.Dir)
	return i, err
}

// interruptedRestore says what a restore that was killed has left; empty for nothing.
func interruptedRestore(cfg *config.Config) string {
	if cfg.Store.SQLitePath() == "" {
		return ""
	}
	i, err := installationOf(cfg)
	if err != nil { // then opening the store says so
		return ""
	}
	return i.Interrupted()
}

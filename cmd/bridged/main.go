// Command bridged is a self-hosted drop-in for Twilio Conversations (classic).
//
// This package is the only one that knows every channel and the store: it reads
// the configuration and wires the others together. Package config, below it, is
// the configuration; daemon.go is the wiring.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"bridged/api"
	"bridged/cmd/bridged/internal/config"
)

// The exit statuses of the program (contract.md, "Commands").
const (
	exitOK      = 0
	exitFailure = 1 // the operator can mend it
	exitUsage   = 2 // the command line is wrong
)

// commands is the command line.
type commands struct {
	Serve       ServeCmd       `cmd:"" default:"withargs" help:"Run the daemon. Without a command, this one."`
	CheckConfig CheckConfigCmd `cmd:"" help:"Say what is wrong with a configuration file."`
	Token       TokenCmd       `cmd:"" help:"Print an Access Token for a chat user."`
	Import      ImportCmd      `cmd:"" help:"Import what another installation exported into the running one."`
	Explain     ExplainCmd     `cmd:"" help:"Say where an inbound message would go, and why."`
	DeadLetters DeadLettersCmd `cmd:"" help:"List what was given up, try it again, or discard it."`
	Backup      BackupCmd      `cmd:"" help:"Save everything that the running installation has in one file."`
	Restore     RestoreCmd     `cmd:"" help:"Put a backup in the place of a stopped installation."`
	Erase       EraseCmd       `cmd:"" help:"Remove a person from the running installation, and prove it."`
	Migrate     MigrateCmd     `cmd:"" help:"Move a stopped installation from SQLite to PostgreSQL."`
	Version     VersionCmd     `cmd:"" help:"Print version, commit and Go version."`
	Reference   ReferenceCmd   `cmd:"" hidden:"" help:"Print the manual page, or the completions of a shell."`
}

// environment is what a command has of the world outside of it.
type environment struct {
	environ []string
	stdout  io.Writer
	stderr  io.Writer
}

func main() { os.Exit(run(os.Args[1:])) }

// run carries out the command line and returns the exit status.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	// Only the first signal asks politely: after it a second one kills.
	defer context.AfterFunc(ctx, stop)()

	parser, err := kong.New(&commands{},
		kong.Name("bridged"),
		kong.Description("A self-hosted drop-in for Twilio Conversations (classic)."),
		kong.Writers(os.Stdout, os.Stderr),
		kong.BindTo(ctx, (*context.Context)(nil)), // ends when the program is told to stop
	)
	if err != nil {
		return fail(os.Stderr, exitFailure, err)
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return fail(os.Stderr, exitUsage, fmt.Errorf("%w (bridged --help shows the commands)", err))
	}
	err = parsed.Run(&environment{environ: os.Environ(), stdout: os.Stdout, stderr: os.Stderr})
	if err != nil {
		return fail(os.Stderr, exitFailure, err)
	}
	return exitOK
}

// fail tells the operator why the program ends. A mistake of the configuration
// begins with its file and line, where editors look for them; any other error
// with the program's name.
func fail(stderr io.Writer, status int, err error) int {
	prefix := "bridged: "
	if _, ok := errors.AsType[config.KeyErrors](err); ok {
		prefix = ""
	}
	_, _ = fmt.Fprintf(stderr, "%s%v\n", prefix, err) // there is nowhere else to tell it
	return status
}

// ServeCmd runs the daemon.
type ServeCmd struct {
	Config string `placeholder:"FILE" help:"Configuration file. Without it: bridged.toml here, or else the embedded default."`
}

// Run loads the configuration and serves until the context ends.
func (c *ServeCmd) Run(ctx context.Context, e *environment) error {
	watcher, err := newSupervisor(e.environ)
	if err != nil {
		return err
	}
	cfg, err := config.Open(c.Config, e.environ)
	if err != nil {
		return err
	}
	log := slog.New(api.LogHandler(cfg.Log.Logger(e.stderr).Handler()))
	for _, warning := range cfg.Warnings() {
		log.Warn("configuration", "warning", warning.String())
	}
	watcher.log = log
	return serve(ctx, cfg, watcher, log, e.stdout)
}

// CheckConfigCmd says what is wrong with a configuration file.
type CheckConfigCmd struct {
	File string `arg:"" help:"Configuration file."`
}

// Run loads the file as serve would, the environment's overrides included.
func (c *CheckConfigCmd) Run(e *environment) error {
	cfg, err := config.Load(c.File, e.environ)
	if err != nil {
		return err
	}
	for _, warning := range cfg.Warnings() {
		if _, err := fmt.Fprintln(e.stderr, "warning:", warning); err != nil {
			return fmt.Errorf("print a warning: %w", err)
		}
	}
	if _, err := fmt.Fprintln(e.stdout, c.File+": ok"); err != nil {
		return fmt.Errorf("print the result: %w", err)
	}
	return nil
}

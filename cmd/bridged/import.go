package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bridged/twilio"
)

// ImportCmd imports conversations, participants and messages that another
// installation exported into the running one.
type ImportCmd struct {
	From    string `required:"" placeholder:"DIR|FILE" help:"The export: JSON lists as the REST API or a helper library has them, in one file or in a directory of .json, .ndjson and .jsonl files."`
	DryRun  bool   `help:"Say what would become of each resource, and store nothing."`
	Service string `placeholder:"IS…" help:"Put all conversations into this chat service. Without it each keeps its own if the installation has it, and else gets the default one."`
	Report  string `placeholder:"FILE" help:"Write what was refused, or is not as it was exported, to this file as JSON lines."`
	remoteFlags

	patience time.Duration // see importer; 0: the default
}

// Validate implements kong's interface: what it refuses is wrong usage.
func (c *ImportCmd) Validate() error {
	if c.From == "" {
		return errors.New("--from is empty: name the file or the directory of the export")
	}
	if c.Service != "" {
		if _, err := parseService(c.Service); err != nil {
			return err
		}
	}
	return c.check()
}

// Run imports what can be imported, tells what could not, and fails where
// anything could not.
func (c *ImportCmd) Run(ctx context.Context, e *environment) (err error) {
	files, err := exportFiles(c.From)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	installation, err := c.connect(e.environ)
	if err != nil {
		return err
	}
	// What is wrong with the installation is told before the files are read.
	if err := installation.get(ctx, "/v1/Conversations?PageSize=1", &struct{}{}); err != nil {
		return err
	}
	report, err := openReport(c.Report)
	if err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	defer func() { err = errors.Join(err, report.close()) }()
	files = slices.DeleteFunc(files, func(path string) bool { return isSameFile(path, c.Report) })
	i := newImporter(installation, report, newProgress(e.stderr))
	i.dry, i.service = c.DryRun, c.Service
	if c.patience > 0 {
		i.patience = c.patience
	}
	imported := i.run(ctx, files)
	if err := i.result.print(e.stdout, c.DryRun); err != nil {
		return fmt.Errorf("print the result: %w", err)
	}
	switch refused := i.result.refused(); {
	case imported != nil && !c.DryRun:
		return fmt.Errorf("%w\nwhat was imported so far stays; run the same command again to go on", imported)
	case imported != nil:
		return imported
	case refused > 0 && c.Report == "":
		return fmt.Errorf("refused: %d; --report FILE says which, and why", refused)
	case refused > 0:
		return fmt.Errorf("refused: %d; %s says which, and why", refused, c.Report)
	}
	return nil
}

// exportFiles are the files of an export, in the order of their names.
func exportFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var files []string
	err = filepath.WalkDir(path, func(at string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && slices.Contains([]string{".json", ".ndjson", ".jsonl"}, strings.ToLower(filepath.Ext(at))) {
			files = append(files, at)
		}
		return err
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s has no .json, .ndjson or .jsonl file", path)
	}
	return files, err
}

// isSameFile says whether two paths are of one file: the report of an earlier
// import may be in the directory of the export, and is none of it.
func isSameFile(path, other string) bool {
	a, err := os.Stat(path)
	if err != nil || other == "" {
		return false
	}
	b, err := os.Stat(other)
	return err == nil && os.SameFile(a, b)
}

// hasLines says whether each line of a file is a value of its own.
func hasLines(path string) bool {
	extension := strings.ToLower(filepath.Ext(path))
	return extension == ".ndjson" || extension == ".jsonl"
}

// eachEntry hands over the resources of a file one by one. Where the file itself
// is broken the error is a *brokenFileError.
func eachEntry(ctx context.Context, path string, take func(twilio.ExportEntry) error) (err error) {
	file, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return &brokenFileError{path, err}
	}
	defer file.Close() //nolint:errcheck // it is only read
	for entry, err := range twilio.ReadExport(file, hasLines(path)) {
		if err != nil {
			return &brokenFileError{path, err}
		}
		if err := errors.Join(ctx.Err(), take(entry)); err != nil {
			return err
		}
	}
	return nil
}

// brokenFileError says that a file cannot be read, or not to its end.
type brokenFileError struct {
	path  string
	cause error
}

// Error implements error.
func (e *brokenFileError) Error() string { return fmt.Sprintf("%s: %v", e.path, e.cause) }

// Unwrap returns the cause.
func (e *brokenFileError) Unwrap() error { return e.cause }

// reportFile is where the report goes, if anywhere.
type reportFile struct {
	io.WriteCloser
}

// openReport makes the file of a report. An empty path is a report that nobody
// reads.
func openReport(path string) (*reportFile, error) {
	if path == "" {
		return &reportFile{nowhere{io.Discard}}, nil
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	return &reportFile{file}, nil
}

func (r *reportFile) close() error {
	if err := r.Close(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

type nowhere struct{ io.Writer }

// Close implements io.Closer.
func (nowhere) Close() error { return nil }

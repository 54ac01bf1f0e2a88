package e2e

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bridged/e2e/daemon"
	"bridged/e2e/markdown"
	"bridged/store/storetest"
)

// session follows one document as a reader would who copies its blocks into a
// terminal, one after the other: variables and functions stay from block to block.
type session struct {
	t        *testing.T
	dir      string
	document *markdown.Document
	env      []string // of the daemon and of the terminal

	daemon   *daemon.Daemon
	public   string // where the daemon really listens
	bash     *exec.Cmd
	terminal io.WriteCloser
	output   *bufio.Reader
	errors   strings.Builder
	last     string // what the block before has printed
}

// terminalStart is what the terminal does first. Documents write "sleep 1" where
// people wait for a message to arrive; here it waits until nothing is under way.
const terminalStart = `set -eu -o pipefail
sleep() {
	until curl -sS "$DOCS_ADMIN/metrics" | grep '^bridged_backlog 0$' >/dev/null &&
		curl -sS -u "$DOCS_CREDENTIALS" "$DOCS_URL/bridged/v1/deliveries?State=waiting" | grep '"deliveries":\[\]' >/dev/null; do
		command sleep 0.05
	done
}
`

// follow carries out all blocks of a document.
func follow(t *testing.T, s guide, d *markdown.Document) {
	t.Helper()
	f := &session{t: t, dir: t.TempDir(), document: d}
	if s.prepare != nil {
		f.env = s.prepare(t, f.dir)
	}
	f.start()
	if s.daemon != "" {
		f.startDaemon(s.daemon)
	}
	for _, b := range d.Blocks {
		if b.NotRun() == "" {
			f.block(b)
		}
	}
	require.NoError(t, f.terminal.Close())
	require.NoError(t, f.bash.Wait(), f.errors.String())
	if f.daemon != nil {
		endsWell(t, f.daemon)
	}
}

// start opens the terminal.
func (s *session) start() {
	s.t.Helper()
	here, err := filepath.Abs(filepath.Join(nodeDir, "node_modules"))
	require.NoError(s.t, err)
	require.NoError(s.t, os.Symlink(here, filepath.Join(s.dir, "node_modules")))
	s.bash = exec.CommandContext(s.t.Context(), "bash", "--norc")
	s.bash.Dir, s.bash.Stderr = s.dir, &s.errors
	s.bash.Env = append(os.Environ(), "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"), "no_proxy=127.0.0.1", "LC_ALL=C.UTF-8")
	s.bash.Env = append(s.bash.Env, s.env...)
	s.terminal, err = s.bash.StdinPipe()
	require.NoError(s.t, err)
	stdout, err := s.bash.StdoutPipe()
	require.NoError(s.t, err)
	s.output = bufio.NewReader(stdout)
	require.NoError(s.t, s.bash.Start())
	s.enter("the start", terminalStart)
}

// startDaemon starts what a document has in a terminal of its own.
func (s *session) startDaemon(command string) {
	s.t.Helper()
	require.Nil(s.t, s.daemon, "the document starts a second daemon")
	var args []string
	if command != "make run" {
		require.Regexp(s.t, `^(bin/)?bridged( |$)`, command, "a block with the remark \"daemon\" starts it")
		args = strings.Fields(command)[1:]
	}
	data := filepath.Join(s.dir, "bridged-data")
	require.NoError(s.t, os.MkdirAll(data, 0o700))
	storetest.WriteMigrated(s.t, filepath.Join(data, "bridged.db"))
	d, err := daemon.Start(s.t.Context(), daemon.Options{
		Binary: binary, Dir: s.dir, Args: args,
		Env: append(s.env, "BRIDGED_SERVER_LISTEN=127.0.0.1:0", "BRIDGED_ADMIN_LISTEN=127.0.0.1:0"),
	})
	require.NoError(s.t, err)
	s.daemon = d
	s.t.Cleanup(func() { _ = d.Kill() })
	listen := regexp.MustCompile(`ready" .*listen=(\S+)`).FindStringSubmatch(d.Log())
	require.NotNil(s.t, listen, d.Log())
	s.public = "http://" + listen[1]
	sid, secret := s.credentials()
	s.enter("the daemon", fmt.Sprintf("export BRIDGED_SERVER_PUBLIC_URL=%s DOCS_URL=%[1]s DOCS_ADMIN=%s DOCS_CREDENTIALS=%s:%s TWILIO_ACCOUNT_SID=%[3]s TWILIO_AUTH_TOKEN=%[4]s\n",
		s.public, d.Admin, sid, secret))
}

// credentials are the account's.
func (s *session) credentials() (sid, authToken string) {
	s.t.Helper()
	for _, name := range []string{"bridged.toml", "bridged-data/credentials.toml"} {
		text, err := os.ReadFile(filepath.Join(s.dir, name))
		if err != nil {
			continue
		}
		value := func(key string) string {
			found := regexp.MustCompile(`(?m)^(?:account_)?` + key + ` *= *['"](.+?)['"]`).FindSubmatch(text)
			if found == nil {
				return ""
			}
			return string(found[1])
		}
		if authToken = value("auth_token"); authToken == "" {
			secret, err := os.ReadFile(filepath.Join(s.dir, value("auth_token_file")))
			require.NoError(s.t, err)
			authToken = strings.TrimSpace(string(secret))
		}
		return value("sid"), authToken
	}
	require.Fail(s.t, "the daemon has no credentials")
	return "", ""
}

// block does with a block what its remark and its language say.
func (s *session) block(b markdown.Block) {
	s.t.Helper()
	where := fmt.Sprintf("%s:%d", s.document.Path, b.Line)
	switch name := b.File(); {
	case name != "":
		require.True(s.t, filepath.IsLocal(name), "%s: %s is outside of the folder", where, name)
		require.NoError(s.t, os.MkdirAll(filepath.Join(s.dir, filepath.Dir(name)), 0o700))
		require.NoError(s.t, os.WriteFile(filepath.Join(s.dir, name), []byte(s.here(b.Text)), 0o600))
	case b.Remark == "daemon":
		s.startDaemon(strings.TrimSpace(b.Text))
	case b.Remark == "output":
		require.Regexp(s.t, pattern(b.Text), spaces(s.last), "%s: the block before prints something else", where)
	case b.Language == "bash":
		s.enter(where, s.here(b.Text))
	case b.Language == "go":
		s.check(where, b.Text)
	}
}

// here is a block's text with the addresses of this test's daemon.
func (s *session) here(text string) string {
	if s.daemon == nil {
		return text
	}
	return strings.NewReplacer("http://127.0.0.1:8080", s.public, "http://127.0.0.1:8081", s.daemon.Admin,
		"https://bridge.example.com", s.public, "bin/bridged", "bridged").Replace(text)
}

// enter runs commands in the terminal and requires that they succeed.
func (s *session) enter(where, commands string) {
	s.t.Helper()
	const end = "\x04 end of the block"
	file := filepath.Join(s.t.TempDir(), "block.sh")
	require.NoError(s.t, os.WriteFile(file, []byte(commands), 0o600))
	_, err := fmt.Fprintf(s.terminal, "source '%s' </dev/null; echo; echo '%s'\n", file, end)
	require.NoError(s.t, err, "%s: the terminal is closed: %s", where, &s.errors)
	var printed strings.Builder
	for {
		line, err := s.output.ReadString('\n')
		if err != nil {
			_ = s.bash.Wait() // it has ended, and its errors are all there
			require.Fail(s.t, "a command failed", "%s\n%s\n%s%s", where, commands, &printed, &s.errors)
		}
		if strings.TrimSpace(line) == end {
			s.last = printed.String()
			return
		}
		printed.WriteString(line)
	}
}

// check has the types of a Go program checked. It is not built and run, which takes
// ten seconds of a processor and more: the helper library in it is driven by
// TestTheOfficialGoClientDrivesEveryOperation in the same way.
func (s *session) check(where, text string) {
	s.t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "main.go", text, 0)
	require.NoError(s.t, err, where)
	args := []string{"list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}"}
	if raceEnabled { // what is compiled already serves
		args = append(args, "-race")
	}
	for _, i := range file.Imports {
		args = append(args, strings.Trim(i.Path.Value, `"`))
	}
	out, err := exec.CommandContext(s.t.Context(), "go", args...).Output()
	require.NoError(s.t, err, where)
	compiled := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		compiled[name] = file
	}
	imports := importer.ForCompiler(files, "gc", func(name string) (io.ReadCloser, error) { return os.Open(compiled[name]) })
	_, err = (&types.Config{Importer: imports}).Check("main", files, []*ast.File{file}, nil)
	require.NoError(s.t, err, where)
}

// pattern is a regular expression of what a document says is printed, where "…"
// stands for anything.
func pattern(text string) string {
	return strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(spaces(text))), "…", "(?s:.*?)")
}

// spaces makes any space one.
func spaces(text string) string { return strings.Join(strings.Fields(text), " ") }

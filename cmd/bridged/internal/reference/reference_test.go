package reference_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/cmd/bridged/internal/reference"
)

// grammar is a command line with everything that matters to completions.
type grammar struct {
	Serve struct {
		Config string `placeholder:"FILE" help:"The file. Or none."`
	} `cmd:"" default:"withargs" help:"Run it. It goes on."`
	Letters struct {
		List struct {
			Topic []string `placeholder:"TOPIC" help:"Of this [topic]: the operator's."`
			All   bool     `help:"All of them."`
		} `cmd:"" default:"withargs" help:"List them."`
		Show struct {
			ID string `arg:"" help:"Its id."`
		} `cmd:"" help:"Show one."`
	} `cmd:"" help:"What wasn't sent."`
	Backup struct {
		File string `arg:"" help:"Where to."`
	} `cmd:"" help:".dots and \\backslashes."`
	Secret struct {
		Hush string `help:"Nothing."`
	} `cmd:"" hidden:"" help:"Not shown."`
}

type writer func(io.Writer, *kong.Node) error

func write(t *testing.T, form writer) string {
	t.Helper()
	parser, err := kong.New(&grammar{}, kong.Name("prog"), kong.Description("A program."))
	require.NoError(t, err)
	var text bytes.Buffer
	require.NoError(t, form(&text, parser.Model.Node))
	assert.NotContains(t, strings.ToLower(text.String()), "hush", "what is hidden is in none of them")
	return text.String()
}

// shell runs a script in a directory with one file, and returns the lines that it
// prints, sorted. The machine has to have the shell: .ci/install-test-tools.
func shell(t *testing.T, name, completion, script string) []string {
	t.Helper()
	dir, home := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a file.toml"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(home, "completion"), []byte(completion), 0o600))
	command := exec.CommandContext(t.Context(), name, "-c", script)
	command.Dir = dir
	command.Env = append(os.Environ(), "HOME="+home)
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
	lines := strings.FieldsFunc(string(out), func(r rune) bool { return r == '\n' })
	slices.Sort(lines)
	return lines
}

func TestBashCompletes(t *testing.T) {
	t.Parallel()
	completion := write(t, reference.Bash)
	for words, want := range map[string][]string{
		"''":                         {"--config", "--help", "backup", "letters", "serve"},
		"le":                         {"letters"},
		"serve --c":                  {"--config"},
		"--config ''":                {"a file.toml"},
		"serve --config = a":         {"a file.toml"},
		"serve --config =":           {"a file.toml"},
		"letters ''":                 {"--all", "--help", "--topic", "list", "show"},
		"letters list --all --to":    {"--topic"},
		"letters --topic ''":         nil,
		"letters show ''":            {"--help"},
		"backup a":                   {"a file.toml"},
		"backup -":                   {"--help"},
		"letters list --topic x --a": {"--all"},
	} {
		script := "source ~/completion; COMP_WORDS=(prog " + words + "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _prog; printf '%s\\n' \"${COMPREPLY[@]}\""
		assert.Equal(t, want, nilIfEmpty(shell(t, "bash", completion, script)), words)
	}
}

func TestFishCompletes(t *testing.T) {
	t.Parallel()
	completion := write(t, reference.Fish)
	for words, want := range map[string][]string{
		"":                        {"backup\t.dots and \\backslashes", "letters\tWhat wasn't sent", "serve\tRun it"},
		"serve --c":               {"--config\tThe file"},
		"letters ":                {"list\tList them", "show\tShow one"},
		"letters list --all --to": {"--topic\tOf this [topic]: the operator's"},
		"letters --topic ":        nil,
		"letters show -":          {"--help\tShow context-sensitive help"},
		"backup a":                {"a file.toml"},
		"serve --config a":        {"a file.toml"},
	} {
		got := shell(t, "fish", completion, "source ~/completion; complete -C 'prog "+words+"'")
		for i, line := range got { // older versions escape the names of files
			got[i] = strings.ReplaceAll(line, `a\ file`, "a file")
		}
		assert.Equal(t, want, nilIfEmpty(got), words)
	}
}

func nilIfEmpty(lines []string) []string {
	if len(lines) == 0 {
		return nil
	}
	return lines
}

// Zsh completes in a terminal only; what its own functions are given is looked at.
func TestZshIsToldWhatToComplete(t *testing.T) {
	t.Parallel()
	completion := write(t, reference.Zsh)
	assert.True(t, strings.HasPrefix(completion, "#compdef prog\n"), "the line that zsh finds it by")
	for words, want := range map[string][]string{
		"''":                {"*:command:_prog_commands", "--config=[The file]:file:_files", "--help[Show context-sensitive help]", "backup:.dots and \\backslashes", "letters:What wasn't sent", "serve:Run it"},
		"letters list --to": {"*--topic=[Of this \\[topic\\]\\: the operator's]:value: ", "--all[All of them]", "--help[Show context-sensitive help]"},
		"backup ''":         {"*:file:_files", "--help[Show context-sensitive help]"},
	} {
		script := `compdef() { }; _arguments() { print -rl -- "$@" $commands }; source ~/completion
words=(prog ` + words + `); CURRENT=$#words; _prog`
		slices.Sort(want)
		assert.Equal(t, want, shell(t, "zsh", completion, script), words)
	}
}

func TestTheManualIsWellFormed(t *testing.T) {
	t.Parallel()
	manual := write(t, func(w io.Writer, app *kong.Node) error { return reference.Manual(w, app, `1.2.3-rc "1"`) })
	assert.Contains(t, manual, `.TH PROG 1 "" "prog 1.2.3\-rc \(dq1\(dq"`)
	assert.Contains(t, manual, "\n.SS \"prog letters list [flags]\"\nList them.\n.TP\n.B \\-\\-topic=TOPIC,...\nOf this [topic]: the operator's.\n")
	assert.Contains(t, manual, "\n\\&.dots and \\ebackslashes.\n", "no line of text is a request")
	assert.NotContains(t, manual, "help=", "said once by --help itself")
}

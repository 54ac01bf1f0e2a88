package e2e

import (
	"bytes"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/markdown"
)

// Links lead to a file of the repository, and to a heading of it.
func TestDocs_LinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	all := documents(t)
	for from, d := range all {
		for _, l := range d.Links {
			if strings.Contains(l.Target, "://") || strings.HasPrefix(l.Target, "mailto:") {
				continue
			}
			target := resolved(from, l.Target)
			assert.True(t, exists(all, target), "%s:%d: there is no %s", from, l.Line, target)
		}
	}
}

// resolved is the target of a link in a document, from the repository's folder.
func resolved(from, target string) string {
	file, heading, inside := strings.Cut(target, "#")
	if file == "" {
		file = from
	} else {
		file = path.Join(path.Dir(from), file)
	}
	if inside {
		return file + "#" + heading
	}
	return file
}

func exists(all map[string]*markdown.Document, target string) bool {
	file, heading, inside := strings.Cut(target, "#")
	if plain, err := url.PathUnescape(file); err == nil {
		file = plain
	}
	if inside {
		return all[file] != nil && all[file].Anchors()[heading]
	}
	_, err := os.Stat(filepath.Join(root, file))
	return err == nil
}

// Each page is reached from the index, and so from the README.
func TestDocs_EachPageIsInTheIndex(t *testing.T) {
	t.Parallel()
	all := documents(t)
	linked := map[string]bool{"README.md": true, "docs/README.md": true, "CHANGELOG.md": true}
	for _, index := range []string{"README.md", "docs/README.md"} {
		for _, l := range all[index].Links {
			linked[resolved(index, strings.Split(l.Target, "#")[0])] = true
		}
	}
	for page := range all {
		if !strings.HasPrefix(page, "docs/decisions/") {
			assert.True(t, linked[page], "%s is not in docs/README.md", page)
		}
	}
}

// program is what the program's own help says of itself.
type program struct {
	t     *testing.T
	helps map[string]string // command → its help
}

func (p program) help(command string) string {
	p.t.Helper()
	if text, known := p.helps[command]; known {
		return text
	}
	args := strings.Fields(command + " --help")
	out, err := exec.CommandContext(p.t.Context(), binary, args...).Output()
	if err != nil {
		out = nil
	}
	p.helps[command] = string(out)
	return p.helps[command]
}

// The words of a command line in the documentation: the command, and its flags.
var (
	commandLine = regexp.MustCompile(`(?m)(?:^|[\s($])(?:bin/)?bridged((?: [a-z][a-z-]*)*)((?: +(?:\\\n)?[^|;&>#)\n]*)?)`)
	flagWord    = regexp.MustCompile(`(?:^|\s)(--[a-z][a-z-]*)`)
)

// complaints says which commands and flags of a text the program does not have.
func (p program) complaints(text string) (list []string) {
	p.t.Helper()
	for _, m := range commandLine.FindAllStringSubmatch(text, -1) {
		words := strings.Fields(m[1])
		command := ""
		for _, word := range words {
			if !regexp.MustCompile(`(?m)^  ` + regexp.QuoteMeta(strings.TrimSpace(command+" "+word)) + `( |$)`).MatchString(p.help("")) {
				if command == "" {
					list = append(list, "there is no command "+word)
				}
				break
			}
			command = strings.TrimSpace(command + " " + word)
		}
		for _, f := range flagWord.FindAllStringSubmatch(m[2], -1) {
			known := p.help(command)
			if command == "dead-letters" {
				known += p.help("dead-letters list")
			}
			if command == "" {
				known += p.help("serve")
			}
			if !regexp.MustCompile(f[1] + `\b`).MatchString(known) {
				list = append(list, "bridged "+command+" has no flag "+f[1])
			}
		}
	}
	return list
}

func TestDocs_CommandsAndFlagsExist(t *testing.T) {
	t.Parallel()
	p := program{t, map[string]string{}}
	for name, d := range documents(t) {
		if name == "CHANGELOG.md" { // which tells of the past too
			continue
		}
		for _, c := range d.Codes {
			if regexp.MustCompile(`^(bin/)?bridged( |$)`).MatchString(c.Text) {
				assert.Empty(t, p.complaints(c.Text), "%s:%d", name, c.Line)
			}
		}
		for _, b := range d.Blocks {
			if b.Language == "bash" || b.Language == "text" && strings.HasPrefix(b.Text, "bridged ") {
				assert.Empty(t, p.complaints(b.Text), "%s:%d", name, b.Line)
			}
		}
	}
	assert.Equal(t, []string{"there is no command fly"}, p.complaints("bridged fly"))
	assert.Equal(t, []string{"bridged token has no flag --identities"}, p.complaints("x=$(bin/bridged token --identities a) && bridged version"))
	assert.Empty(t, p.complaints("cd bridged-data && bridged dead-letters redrive --channel a 17"))
}

// keysOfExample are the keys of config.example.toml, those that are off included:
// "server.listen", "channels.twilio.account_sid".
func keysOfExample(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "config.example.toml"))
	require.NoError(t, err)
	keys := map[string]bool{}
	table := ""
	for line := range bytes.Lines(text) {
		line = bytes.TrimPrefix(bytes.TrimSpace(line), []byte("#"))
		if m := regexp.MustCompile(`^\[+([a-z_.]+)\]+`).FindSubmatch(line); m != nil {
			table = string(m[1])
			keys[table] = true
		} else if m := regexp.MustCompile(`^([A-Za-z_0-9]+) = `).FindSubmatch(line); m != nil {
			keys[table+"."+string(m[1])] = true
		}
	}
	return keys
}

// Where a key stands in prose: `media.dir`, `[opt_out]`, `[[numbers]] rate`.
var (
	dotted    = regexp.MustCompile(`^[a-z_]+(\.[a-z_]+)+$`)
	bracketed = regexp.MustCompile(`^\[+([a-z_.]+)\]+(?: ([a-z_]+))?`)
)

func TestDocs_ConfigurationKeysExist(t *testing.T) {
	t.Parallel()
	keys := keysOfExample(t)
	require.Contains(t, keys, "channels.twilio.account_sid")
	sections := map[string]bool{}
	for key := range keys {
		sections[strings.Split(key, ".")[0]] = true
	}
	known := func(key string) bool {
		return keys[key] || keys[strings.TrimSuffix(key, "_file")] || keys[key+"_file"]
	}
	for name, d := range documents(t) {
		if name == "CHANGELOG.md" || strings.HasPrefix(name, "docs/decisions/") {
			continue
		}
		for _, c := range d.Codes {
			key := ""
			if m := bracketed.FindStringSubmatch(c.Text); m != nil {
				isTable := strings.HasPrefix(c.Text, "[[") || strings.HasSuffix(c.Text, "]") || sections[m[1]]
				if key = m[1]; m[2] != "" {
					key += "." + m[2]
				}
				if !isTable {
					key = ""
				}
			} else if first := strings.Fields(c.Text)[0]; dotted.MatchString(first) && sections[strings.Split(first, ".")[0]] && !isFile(first) {
				key = first
			}
			if key != "" && !notKeys[key] {
				assert.True(t, known(key), "%s:%d: config.example.toml has no %s", name, c.Line, key)
			}
		}
	}
}

// notKeys look like keys of the configuration, and are something else.
var notKeys = map[string]bool{
	"media.state": true, // a column
}

func isFile(name string) bool {
	switch path.Ext(name) {
	case ".go", ".md", ".toml", ".db":
		return true
	}
	return false
}

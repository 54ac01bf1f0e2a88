package e2e

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/fakecarrier"
	"bridged/e2e/markdown"
)

// root is the repository's folder, seen from this package.
const root = ".."

// guide says how a document with commands is followed.
type guide struct {
	daemon  string                                        // started before the first block; empty: by a block with the remark "daemon", or not at all
	prepare func(t *testing.T, dir string) (env []string) // what the reader has before; optional
}

// guides are the documents whose commands are run.
var guides = map[string]guide{
	"README.md":                  {daemon: "make run"},
	"docs/getting-started.md":    {daemon: "make run"},
	"docs/operations.md":         {daemon: "make run"},
	"docs/search.md":             {daemon: "make run"},
	"docs/coming-from-twilio.md": {daemon: "make run", prepare: withTwilioItself},
	"docs/carriers/twilio.md":    {prepare: withTwilio},
	"docs/carriers/whatsapp.md":  {prepare: withCloud},
	"docs/carriers/telnyx.md":    {prepare: withTelnyx},
	"docs/carriers/bandwidth.md": {prepare: withBandwidth},
}

// withTwilioItself has the daemon of the test be Twilio as well: what the reader's
// programs ask of Twilio comes to it.
func withTwilioItself(t *testing.T, dir string) []string {
	t.Helper()
	library, err := filepath.Abs(filepath.Join(nodeDir, "node_modules", "twilio", "lib", "base", "RequestClient"))
	require.NoError(t, err)
	first := filepath.Join(dir, "first.cjs")
	require.NoError(t, os.WriteFile(first, []byte(`
const Client = require(`+strconv.Quote(library)+`);
const { request } = Client.prototype;
Client.prototype.request = function (options) {
  const { pathname, search } = new URL(options.uri);
  return request.call(this, { ...options, uri: process.env.DOCS_URL + pathname + search });
};
`), 0o600))
	return []string{"NODE_OPTIONS=--require=" + first}
}

// The carriers have the accounts that the documents use.

func withTwilio(t *testing.T, _ string) []string {
	t.Helper()
	c := fakecarrier.NewTwilio("AC00000000000000000000000000000001", "the-carriers-token")
	t.Cleanup(c.Close)
	return []string{"BRIDGED_CHANNELS_SMS_MAIN_TWILIO_API_BASE_URL=" + c.URL}
}

func withCloud(t *testing.T, _ string) []string {
	t.Helper()
	c := fakecarrier.NewCloud("100000000000000", "an-access-token", "an-app-secret")
	t.Cleanup(c.Close)
	return []string{"BRIDGED_CHANNELS_WA_MAIN_CLOUD_API_BASE_URL=" + c.URL}
}

func withTelnyx(t *testing.T, _ string) []string {
	t.Helper()
	c := fakecarrier.NewTelnyx("an-api-key")
	t.Cleanup(c.Close)
	return []string{"BRIDGED_CHANNELS_SMS_MAIN_TELNYX_API_BASE_URL=" + c.URL}
}

func withBandwidth(t *testing.T, _ string) []string {
	t.Helper()
	c := fakecarrier.NewBandwidth("5000000", "00000000-0000-0000-0000-000000000000",
		fakecarrier.Login{User: "bridged", Password: "an-api-password"}, fakecarrier.Login{User: "hooks", Password: "a-callback-password"})
	t.Cleanup(c.Close)
	return []string{"BRIDGED_CHANNELS_SMS_MAIN_BANDWIDTH_API_BASE_URL=" + c.URL}
}

// documents reads all of the project's documents.
func documents(t *testing.T) map[string]*markdown.Document {
	t.Helper()
	list := map[string]*markdown.Document{}
	add := func(path string) {
		d, err := markdown.Read(filepath.Join(root, path))
		require.NoError(t, err)
		d.Path = path
		list[path] = d
	}
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md"} {
		add(name)
	}
	require.NoError(t, fs.WalkDir(os.DirFS(root), "docs", func(path string, _ fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".md" {
			add(path)
		}
		return err
	}))
	return list
}

func TestDocs_TheirCommandsDoWhatTheySay(t *testing.T) {
	t.Parallel()
	require.DirExists(t, filepath.Join(nodeDir, "node_modules", "twilio"), "run .ci/install-test-tools, which installs the client")
	all := documents(t)
	for path, how := range guides {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, all, path)
			follow(t, how, all[path])
		})
	}
}

// What can be in a document, and which test looks at it. The languages of blocks
// that are files are looked at by the commands that name the file.
func TestDocs_EachBlockIsRunOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	for path, d := range documents(t) {
		_, followed := guides[path]
		for _, b := range d.Blocks {
			if b.NotRun() != "" {
				t.Logf("%s:%d is not run: %s", path, b.Line, b.NotRun())
				continue
			}
			if complaint := unlooked(path, b, d, followed); complaint != "" {
				t.Errorf("%s:%d: %s", path, b.Line, complaint)
			}
		}
	}
}

// unlooked says why no test looks at a block.
func unlooked(path string, b markdown.Block, d *markdown.Document, followed bool) string {
	const orMark = ", or write <!-- not run: REASON --> on the line above it"
	first, _, _ := strings.Cut(strings.TrimSpace(b.Text), " ")
	switch {
	case b.Remark != "" && b.File() == "" && b.Remark != "daemon" && b.Remark != "output":
		return "nobody knows the remark " + b.Remark
	case b.File() != "" && !followed:
		return path + " is not among the guides of e2e/docs_test.go" + orMark
	case b.File() != "":
		if !mentioned(d, b.File(), b.Line) {
			return "no command names the file " + b.File()
		}
		return ""
	}
	switch b.Language {
	case "bash", "go":
		if !followed {
			return path + " is not among the guides of e2e/docs_test.go: add it" + orMark
		}
	case "toml":
	case "json":
		if !json.Valid([]byte(b.Text)) {
			return "it is not JSON" + orMark
		}
	case "yaml":
		if path != alertsDocument {
			return "only the alerts are looked at" + orMark
		}
	case "nginx", "caddyfile":
		if path != proxyDocument {
			return "only those of " + proxyDocument + " are run" + orMark
		}
	case "text":
		if b.Remark == "" && (first == "bridged" || first == "curl" || first == "export") {
			return "this is a command: write bash behind the fence"
		}
	case "":
		return "write its language behind the fence: bash, toml, json, …, or text for what is only shown"
	default:
		return "nothing looks at " + b.Language + orMark
	}
	return ""
}

// mentioned says whether a command that is run names a file: the block below it.
func mentioned(d *markdown.Document, file string, line int) bool {
	for _, b := range d.Blocks {
		if b.Line > line && b.NotRun() == "" && b.Language == "bash" && strings.Contains(b.Text, file) {
			return true
		}
	}
	return false
}

func TestDocs_UnlookedBlocksAreFound(t *testing.T) {
	t.Parallel()
	parse := func(text string) *markdown.Document {
		d, err := markdown.Parse(strings.ReplaceAll(text, "'''", "```"))
		require.NoError(t, err)
		return d
	}
	for text, complaint := range map[string]string{
		"'''\nls\n'''": "write its language", "'''bash\nls\n'''": "is not among the guides",
		"'''text\nbridged version\n'''": "this is a command", "'''json\n{…}\n'''": "it is not JSON",
		"'''ruby\nputs\n'''": "nothing looks at ruby", "<!-- file: a.js -->\n'''js\n1\n'''": "is not among the guides",
		"<!-- hidden -->\n'''json\n{}\n'''": "nobody knows the remark", "'''nginx\nserver\n'''": "only those of",
	} {
		d := parse(text)
		assert.Contains(t, unlooked("a.md", d.Blocks[0], d, false), complaint, text)
	}
	d := parse("<!-- file: a.js -->\n'''js\n1\n'''\n\n'''bash\nnode b.js\n'''")
	assert.Equal(t, "no command names the file a.js", unlooked("a.md", d.Blocks[0], d, true))
	d = parse("<!-- file: a.js -->\n'''js\n1\n'''\n\n'''bash\nnode a.js\n'''\n\n'''json\n{}\n'''\n\n'''text\nx\n'''")
	for _, b := range d.Blocks {
		assert.Empty(t, unlooked("a.md", b, d, true))
	}
}

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// documentedInstallation is what the documents' fragments of a configuration are
// added to.
const documentedInstallation = `
[account]
sid = "AC0123456789abcdef0123456789abcdef"
auth_token = "anauthtoken"
[[channels]]
name = "sms-main"
type = "sms"
driver = "simulator"
numbers = ["+15550100001"]
[[channels]]
name = "wa-main"
type = "whatsapp"
driver = "simulator"
numbers = ["whatsapp:+15550100009"]
`

// Configurations are complete when they have an account. Others are added to one
// that is.
func TestDocs_ConfigurationsAreGood(t *testing.T) {
	t.Parallel()
	for path, d := range documents(t) {
		for _, b := range d.Blocks {
			if b.Language == "toml" && b.NotRun() == "" {
				out, err := checkConfig(t, b.Text)
				require.NoError(t, err, "%s:%d\n%s", path, b.Line, out)
				assert.NotContains(t, out, "warning", "%s:%d", path, b.Line)
			}
		}
	}
	out, err := checkConfig(t, "[server]\nlissten = \"a\"\n")
	require.Error(t, err)
	assert.Contains(t, out, "lissten")
}

// checkConfig has the program check a configuration, or a fragment of one.
func checkConfig(t *testing.T, text string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	text = regexp.MustCompile(`"([A-Z]{2})…"`).ReplaceAllString(text, `"${1}`+strings.Repeat("0", 32)+`"`)
	whole := map[string]any{}
	require.NoError(t, toml.Unmarshal([]byte(text), &whole), text)
	if whole["account"] == nil {
		part := whole
		whole = map[string]any{}
		require.NoError(t, toml.Unmarshal([]byte(documentedInstallation), &whole))
		merge(whole, part)
	}
	writeSecrets(t, dir, whole)
	file, err := toml.Marshal(whole)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bridged.toml"), file, 0o600))
	c := exec.CommandContext(t.Context(), binary, "check-config", "bridged.toml")
	c.Dir = dir
	out, err := c.CombinedOutput()
	return string(out), err
}

// merge adds a part to a whole. An entry of an array that has the name of one there
// is, and no driver, is more of that entry.
func merge(whole, part map[string]any) {
	for key, value := range part {
		have := whole[key]
		switch value := value.(type) {
		case map[string]any:
			if have, ok := have.(map[string]any); ok {
				merge(have, value)
				continue
			}
		case []any:
			if have, ok := have.([]any); ok {
				whole[key] = mergeLists(have, value)
				continue
			}
		}
		whole[key] = value
	}
}

func mergeLists(have, more []any) []any {
	for _, entry := range more {
		entry, isTable := entry.(map[string]any)
		merged := false
		for _, h := range have {
			if h, ok := h.(map[string]any); ok && isTable && entry["driver"] == nil && h["name"] == entry["name"] {
				merge(h, entry)
				merged = true
			}
		}
		if !merged {
			have = append(have, entry)
		}
	}
	return have
}

// writeSecrets makes the files that a configuration reads secrets from.
func writeSecrets(t *testing.T, dir string, in any) {
	t.Helper()
	switch in := in.(type) {
	case []any:
		for _, v := range in {
			writeSecrets(t, dir, v)
		}
	case map[string]any:
		for key, v := range in {
			if name, ok := v.(string); ok && strings.HasSuffix(key, "_file") && filepath.IsLocal(name) {
				require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700))
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("asecretoftests\n"), 0o600))
			}
			writeSecrets(t, dir, v)
		}
	}
}

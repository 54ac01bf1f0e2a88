package config

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const exampleFile = "../../../../config.example.toml"

func TestExample_loads(t *testing.T) {
	t.Parallel()
	c, err := Load(exampleFile, nil)
	require.NoError(t, err)
	for _, w := range c.Warnings() {
		assert.Contains(t, w.Text, "placeholder", "%s", w)
	}
}

// The example has every key of the types and no other. Settings that are off
// count: their lines begin with "#" and no space.
func TestExample_hasEveryKey(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(exampleFile)
	require.NoError(t, err)
	on := regexp.MustCompile(`(?m)^#([A-Za-z\[])`).ReplaceAll(data, []byte("$1"))
	root, _, err := parse(exampleFile, on)
	require.NoError(t, err)
	assert.ElementsMatch(t, schemaKeys(reflect.TypeFor[Config](), ""), treeKeys(root, ""))
}

// What the example gives a key that has a default is that default.
func TestExample_showsDefaults(t *testing.T) {
	t.Parallel()
	c, err := Load(exampleFile, nil)
	require.NoError(t, err)
	compareDefaults(t, reflect.ValueOf(c).Elem(), "")
	follows := Server{Listen: c.Server.Listen}
	assert.Equal(t, follows.urlOf(c.Server.Listen), c.Server.PublicURL)
	assert.False(t, c.Server.publicURLFollows, "it is written")
}

func compareDefaults(t *testing.T, table reflect.Value, path string) {
	t.Helper()
	for _, f := range fields(table.Type()) {
		v, at := table.Field(f.index), member(path, f.key)
		switch kindOf(f.typ) {
		case tableKind:
			compareDefaults(t, v, at)
		case optionalKind:
			if !v.IsNil() {
				compareDefaults(t, v.Elem(), at)
			}
		case tablesKind:
			for i := range v.Len() {
				compareDefaults(t, v.Index(i), element(at, i))
			}
		case scalarKind:
			if !f.required && f.key != "public_url" {
				assert.Equal(t, defaultOf(f).Interface(), v.Interface(), at)
			}
		case secretKind:
			if s, ok := v.Interface().(Secret); ok && f.fallback != "" {
				assert.Equal(t, f.fallback, s.Value(), at)
			}
		default: // a list or a map has no default
		}
	}
}

// schemaKeys lists the paths of all keys, those of lists without an index.
func schemaKeys(table reflect.Type, path string) []string {
	var keys []string
	for _, f := range fields(table) {
		at := member(path, f.key)
		keys = append(keys, at)
		switch kindOf(f.typ) {
		case tableKind:
			keys = append(keys, schemaKeys(f.typ, at)...)
		case optionalKind, tablesKind:
			keys = append(keys, schemaKeys(f.typ.Elem(), at)...)
		case secretKind:
			keys = append(keys, at+fileSuffix)
		case mapKind:
			keys = append(keys, at+".*")
		default: // has no keys below it
		}
	}
	return keys
}

// treeKeys lists the same of a document.
func treeKeys(node tree, path string) []string {
	var keys []string
	for key, value := range node {
		if path == "studio" {
			key = "*"
		}
		at := path + "." + key
		if path == "" {
			at = key
		}
		keys = append(keys, at)
		switch value := value.(type) {
		case tree:
			keys = append(keys, treeKeys(value, at)...)
		case []any:
			for _, entry := range value {
				if sub, ok := entry.(tree); ok {
					keys = append(keys, treeKeys(sub, at)...)
				}
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// The defaults in the tags are themselves without a mistake.
func TestDefaults_areValid(t *testing.T) {
	t.Parallel()
	checkDefaults(t, reflect.TypeFor[Config](), "")
}

func checkDefaults(t *testing.T, table reflect.Type, path string) {
	t.Helper()
	for _, f := range fields(table) {
		at := member(path, f.key)
		switch kindOf(f.typ) {
		case tableKind:
			checkDefaults(t, f.typ, at)
		case optionalKind, tablesKind:
			checkDefaults(t, f.typ.Elem(), at)
		case scalarKind:
			if f.fallback != "" {
				require.NoError(t, checkScalar(f.check, defaultOf(f)), at)
			}
		case secretKind:
			if f.fallback != "" {
				require.NoError(t, checkScalar(f.check, reflect.ValueOf(f.fallback)), at)
			}
		default: // has no default
		}
	}
}

// Whatever a file holds, loading it ends with a configuration or with mistakes,
// each of which has a line.
func FuzzLoad(f *testing.F) {
	example, err := os.ReadFile(exampleFile)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(example)
	f.Add([]byte("channels = [{name = 'a', twilio = [1]}, 2]\n[studio.x]\n"))
	f.Add([]byte("[[channels]]\n[channels.twilio]\n[[channels.numbers]]\n[server]\ntls.cert_file.x = 1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		root, lines, err := parse("f", data)
		var found KeyErrors
		if err == nil {
			_, err = read(newReader("f", lines), root, []string{"BRIDGED_SERVER_TLS_CERT_FILE=x", "BRIDGED_CHANNELS_A_TWILIO_AUTH_TOKEN=y"})
		}
		if err == nil {
			return
		}
		require.ErrorAs(t, err, &found)
		require.NotEmpty(t, found)
		for _, finding := range found {
			require.Positive(t, finding.Line, "%s", finding)
		}
	})
}

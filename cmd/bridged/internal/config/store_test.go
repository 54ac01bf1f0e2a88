package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/cmd/bridged/internal/config"
)

func TestStore_kinds(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ url, path, shown string }{
		"a file":              {"sqlite:data/b%20.db", "data/b%20.db", "sqlite:data/b%20.db"},
		"a host":              {"postgres://bridged@db.example/bridged", "", "postgres://bridged@db.example/bridged"},
		"the longer scheme":   {"postgresql://u@h/d", "", "postgresql://u@h/d"},
		"a password":          {"postgres://u:hunter2@h:5433/d", "", "postgres://u@h:5433/d"},
		"an encoded password": {"postgres://u:p%40%2F@h/d", "", "postgres://u@h/d"},
		"parameters":          {"postgres://h/d?user=u&password=hunter2&sslmode=require", "", "postgres://h/d"},
		"a socket":            {"postgres:///d?host=/run/postgresql", "", "postgres://%2Frun%2Fpostgresql/d"},
		"several hosts":       {"postgres://u@h1:5432,h2:5432/d", "", "postgres://u@h1:5432,h2:5432/d"},
		"all in parameters":   {"postgres://?host=h&dbname=d", "", "postgres://h/d"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := load(t, account+"[store]\nurl = \""+test.url+"\"\nmax_writers = 2\nmax_readers = 3\n")
			assert.Equal(t, test.url, c.Store.URL.Value())
			assert.Equal(t, test.path, c.Store.SQLitePath())
			assert.Equal(t, test.shown, c.Store.Redacted())
			assert.Equal(t, []int{2, 3}, []int{c.Store.MaxWriters, c.Store.MaxReaders})

			s, err := config.ParseStore(test.url)
			require.NoError(t, err)
			assert.Equal(t, test.url, s.URL.Value())
			assert.Equal(t, []int{8, 4}, []int{s.MaxWriters, s.MaxReaders}, "the defaults")
		})
	}
	_, err := config.ParseStore("postgres://u:hunter2@h")
	require.ErrorContains(t, err, "names no database")
	assert.NotContains(t, err.Error(), "hunter2")
	assert.Equal(t, "[redacted]", config.Store{URL: config.NewSecret("postgres://u:%hunter2")}.Redacted())
}

func TestStore_outOfAFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "url")
	require.NoError(t, os.WriteFile(file, []byte("postgres://u:hunter2@h/d\n"), 0o600))
	c := load(t, account+"[store]\nurl_file = \""+file+"\"\n")
	assert.Equal(t, "postgres://u:hunter2@h/d", c.Store.URL.Value())

	c = load(t, account+"[store]\nurl = \"sqlite:x\"\n", "BRIDGED_STORE_URL_FILE="+file)
	assert.Equal(t, "postgres://u:hunter2@h/d", c.Store.URL.Value(), "the variable is in force")

	require.NoError(t, os.WriteFile(file, []byte("postgres://u:hunter2@h\n"), 0o600))
	assert.Equal(t, []string{`bridged.toml:5: store.url_file: names no database: write "postgres://USER@HOST/DATABASE"`},
		mistakes(t, account+"[store]\nurl_file = \""+file+"\"\n"))
}

// The daemon holds the connections to the store that it was started with.
func TestStore_staysAtAReload(t *testing.T) {
	t.Parallel()
	path := write(t, account+"[store]\nurl = \"sqlite:old.db\"\n")
	c, err := config.Load(path, nil)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte(account+"[store]\nurl = \"postgres://u@h/d\"\n"), 0o600))
	require.NoError(t, c.ReloadSecrets())
	assert.Equal(t, "old.db", c.Store.SQLitePath())
}

func TestStore_warnsOfAPoolThatSQLiteDoesNotHave(t *testing.T) {
	t.Parallel()
	c := load(t, account+"[store]\nmax_writers = 8\nmax_readers = 5\n", "BRIDGED_STORE_MAX_WRITERS=2")
	require.Len(t, c.Warnings(), 2)
	assert.Equal(t, 6, c.Warnings()[0].Line)
	assert.Equal(t, "BRIDGED_STORE_MAX_WRITERS: store.max_writers: has no effect: it is for PostgreSQL, and store.url is a SQLite file", c.Warnings()[1].String())
	assert.Empty(t, load(t, account+"[store]\nurl = \"postgres://u@h/d\"\nmax_writers = 2\n").Warnings())
}

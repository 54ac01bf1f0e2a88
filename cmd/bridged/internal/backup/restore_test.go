package backup_test

import (
	"bytes"
	"context"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/archive"
	"bridged/cmd/bridged/internal/backup"
	"bridged/conversations"
	"bridged/store"
	"bridged/store/sqlite"
)

func TestARestoreMovesAsideWhatIsThere(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	whole := i.archive(t)
	to := newInstallation(t)
	require.NoError(t, to.db.Close())
	require.NoError(t, to.files.Close())
	require.NoError(t, os.WriteFile(to.Database+"-wal", []byte("of a crash"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(to.Media, "not-ours"), []byte("x"), 0o600))
	before := tree(t, to.dir)

	var occupied *backup.OccupiedError
	_, err := restore(t, to.Installation, whole, false)
	require.ErrorAs(t, err, &occupied)
	assert.Equal(t, before, tree(t, to.dir))

	done, err := restore(t, to.Installation, whole, true)
	require.NoError(t, err)
	const stamp = "replaced-20260501T120000.000Z"
	assert.Contains(t, done.Aside, to.Database+"."+stamp)
	assert.Contains(t, done.Aside, to.Database+"."+stamp+"-wal")
	after := tree(t, to.dir)
	for name, sum := range before {
		moved := name
		switch {
		case strings.HasPrefix(name, "bridged.db"):
			moved = "bridged.db." + stamp + strings.TrimPrefix(name, "bridged.db")
		case strings.HasPrefix(name, "media/") && name != "media/not-ours":
			moved = "media/" + stamp + strings.TrimPrefix(name, "media")
		}
		assert.Equal(t, sum, after[moved], "%s is not lost", name)
	}
	for _, id := range i.ids {
		assert.FileExists(t, filepath.Join(to.Media, string(id)[:6], string(id)))
	}
	assert.NoDirExists(t, filepath.Join(to.Media, "restoring"))

	again, err := restore(t, to.Installation, whole, true)
	require.ErrorContains(t, err, "in the way", "within the same millisecond")
	assert.Empty(t, again.Aside)
	assert.Equal(t, after, tree(t, to.dir))
}

// forge writes an archive of the installation's database that tells what it likes.
func forge(t *testing.T, i *installation, change func(*archive.Manifest), files func(*archive.Writer)) []byte {
	t.Helper()
	path, err := sqlite.Snapshot(t.Context(), i.Database, func(int64) error { return nil })
	require.NoError(t, err)
	defer func() { require.NoError(t, sqlite.RemoveSnapshot(path)) }()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	c, err := sqlite.OpenCopy(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	m := archive.Manifest{Made: epoch, DatabaseBytes: int64(len(text))}
	m.Schema, err = c.Schema(t.Context())
	require.NoError(t, err)
	m.Rows, err = c.Rows(t.Context())
	require.NoError(t, err)
	change(&m)
	var out bytes.Buffer
	w, err := archive.Create(&out, m)
	require.NoError(t, err)
	require.NoError(t, w.Database(bytes.NewReader(text)))
	files(w)
	require.NoError(t, w.Close())
	return out.Bytes()
}

// An archive that is not a sound backup changes nothing, nor does one of a newer
// program.
func TestARestoreThatIsRefusedChangesNothing(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	whole := i.archive(t)
	same := func(*archive.Manifest) {}
	absent := func(w *archive.Writer) {
		for _, id := range i.ids {
			require.NoError(t, w.Absent(string(id)))
		}
	}
	file := func(w *archive.Writer, id conversations.MediaID, text string) {
		require.NoError(t, w.File(archive.File{ID: string(id), Size: int64(len(text))}, "", strings.NewReader(text)))
	}
	to := newInstallation(t)
	require.NoError(t, to.db.Close())
	_, err := to.Restore(t.Context(), bytes.NewReader(forge(t, i, same, absent)), 1<<40, true, epoch)
	require.NoError(t, err, "a forged archive can be one that is taken")
	to = newInstallation(t)
	require.NoError(t, to.db.Close())
	before := tree(t, to.dir)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		what string
		text []byte
		want string
	}{
		{"a cut", whole[:len(whole)-600], "does not end where it should"},
		{"half of it", whole[:len(whole)/2], "cut off"},
		{"a flipped bit in a file", flipped(whole, len(whole)-5000), "not a whole backup"},
		{"a flipped bit in the database", flipped(whole, 200_000), ""},
		{"not a backup", []byte(strings.Repeat("nothing of the kind ", 100)), "not a whole backup"},
		{"a newer schema", forge(t, i, func(m *archive.Manifest) { m.Schema = 9999 }, absent), "newer schema"},
		{"another schema", forge(t, i, func(m *archive.Manifest) { m.Schema = 1 }, absent), "and the manifest says 1"},
		{"other rows", forge(t, i, func(m *archive.Manifest) { m.Rows["media"]++ }, absent), "not the rows"},
		{"a file too few", forge(t, i, same, func(*archive.Writer) {}), "files of messages are missing"},
		{"a file too many", forge(t, i, same, func(w *archive.Writer) { absent(w); file(w, "ffffffffffffffffffffffffffffffff", "x") }), "does not tell of the file"},
		{"a file of another time", forge(t, i, same, func(w *archive.Writer) { file(w, "00000000000000000000000000000000", "x") }), "does not tell of the file"},
	} {
		_, err := restore(t, to.Installation, c.text, true)
		require.ErrorContains(t, err, c.want, c.what)
		assert.Equal(t, before, tree(t, to.dir), c.what)
	}
	_, err = to.Restore(cancelled, bytes.NewReader(whole), int64(len(whole)), true, epoch)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, before, tree(t, to.dir))
}

// A restore that is killed leaves the installation as it was, and the next one is not
// in its way.
func TestARestoreThatWasKilledIsToldOf(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	whole := i.archive(t)
	to := at(t.TempDir())
	assert.Empty(t, to.Interrupted())
	require.NoError(t, os.MkdirAll(filepath.Join(to.Media, "restoring", "019a2b"), 0o700))
	require.NoError(t, os.WriteFile(to.Database+".restoring", []byte("half"), 0o600))
	assert.Contains(t, to.Interrupted(), "before it replaced anything")
	_, err := restore(t, to, whole, false)
	require.NoError(t, err)
	assert.Empty(t, to.Interrupted())
	assert.NoDirExists(t, filepath.Join(to.Media, "restoring"))
	require.NoError(t, os.WriteFile(to.Database+".replacing", []byte("{}"), 0o600))
	assert.Contains(t, to.Interrupted(), "is finished now")
}

// FuzzRestore gives whatever it likes to a restore, which survives it and leaves
// nothing of what it refuses.
func FuzzRestore(f *testing.F) {
	f.Add([]byte{}, uint16(0), byte(0))
	f.Add([]byte("manifest.json"), uint16(9), byte(1))
	steps, err := store.Schema()
	require.NoError(f, err)
	m := archive.Manifest{Made: epoch, Schema: steps, DatabaseBytes: 100, Rows: map[string]int64{}}
	var seed bytes.Buffer
	w, err := archive.Create(&seed, m)
	require.NoError(f, err)
	require.NoError(f, w.Database(strings.NewReader("SQLite format 3\x00"+strings.Repeat("\x00", 84))))
	require.NoError(f, w.Close())
	f.Add(seed.Bytes(), uint16(700), byte(8))
	f.Fuzz(func(t *testing.T, b []byte, where uint16, bit byte) {
		if len(b) > 0 {
			b = bytes.Clone(b)
			b[int(where)%len(b)] ^= bit
		}
		dir := t.TempDir()
		to := at(dir)
		_, err := to.Restore(t.Context(), io.MultiReader(bytes.NewReader(b)), int64(len(b)), false, epoch)
		require.Error(t, err, "none of these is a database with this schema")
		require.Equal(t, []string{".", "media"}, slices.Sorted(maps.Keys(tree(t, dir))))
	})
}

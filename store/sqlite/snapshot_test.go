package sqlite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/sqlite"
)

// anyRoom is a disk on which there is room for everything.
func anyRoom(int64) error { return nil }

// namesIn are the names of what is in a folder.
func namesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func openCopy(t *testing.T, path string) *sqlite.Copy {
	t.Helper()
	c, err := sqlite.OpenCopy(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func TestASnapshotIsTakenWhileMessagesAreStored(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a b%20#?.db")
	db := openFile(t, path)
	const before = 500
	for n := range before {
		require.NoError(t, db.Update(t.Context(), insertAnswer(strconv.Itoa(n))))
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	stored := make(chan int, 1)
	go func() {
		n := before
		var err error
		for ; err == nil && ctx.Err() == nil; n++ {
			err = db.Update(context.WithoutCancel(ctx), insertAnswer(strconv.Itoa(n)))
		}
		stored <- n
		ended <- err
	}()
	var asked int64
	to, err := sqlite.Snapshot(t.Context(), path, func(bytes int64) error { asked = bytes; return nil })
	require.NoError(t, err)
	stop()
	require.NoError(t, <-ended)

	info, err := os.Stat(to)
	require.NoError(t, err)
	assert.EqualValues(t, 0o600, info.Mode().Perm())
	assert.Equal(t, filepath.Dir(path), filepath.Dir(to), "it is never elsewhere than the store")
	assert.LessOrEqual(t, asked, 2*info.Size())
	assert.GreaterOrEqual(t, asked, info.Size()/2, "what it asks for is about what it takes")
	c := openCopy(t, to)
	require.NoError(t, c.Check(t.Context()))
	schema, err := c.Schema(t.Context())
	require.NoError(t, err)
	newest, err := store.Schema()
	require.NoError(t, err)
	assert.Equal(t, newest, schema)
	rows, err := c.Rows(t.Context())
	require.NoError(t, err)
	assert.GreaterOrEqual(t, rows["answers"], int64(before), "all that was stored before")
	assert.LessOrEqual(t, rows["answers"], int64(<-stored))
	assert.NotContains(t, rows, "search_words_data", "an index has no rows of its own")
	assert.NotContains(t, namesIn(t, filepath.Dir(path)), filepath.Base(to)+"-wal", "reading a copy leaves nothing")
	require.NoError(t, sqlite.RemoveSnapshot(to))
	require.NoError(t, sqlite.RemoveSnapshot(to), "it is removed already")
}

func TestASnapshotThatIsNotTakenLeavesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bridged.db")
	db := openFile(t, path)
	require.NoError(t, db.Update(t.Context(), insertAnswer("key")))
	before := namesIn(t, filepath.Dir(path))

	full := errors.New("no room")
	_, err := sqlite.Snapshot(t.Context(), path, func(int64) error { return full })
	require.ErrorIs(t, err, full)
	ctx, cancel := context.WithCancel(t.Context())
	_, err = sqlite.Snapshot(ctx, path, func(int64) error { cancel(); return nil })
	require.ErrorIs(t, err, context.Canceled)
	_, err = sqlite.Snapshot(t.Context(), filepath.Join(t.TempDir(), "none.db"), anyRoom)
	require.Error(t, err)
	assert.Equal(t, before, namesIn(t, filepath.Dir(path)))
	assert.True(t, hasAnswer(t, db, "key"))
}

func TestASnapshotThatACrashLeftIsRemovedAtTheNextStart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bridged.db")
	db := openFile(t, path)
	to, err := sqlite.Snapshot(t.Context(), path, anyRoom)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to+"-journal", []byte("x"), 0o600))
	kept := filepath.Join(filepath.Dir(path), "bridged.db.v1-20260102T030405Z.bak")
	require.NoError(t, os.WriteFile(kept, []byte("x"), 0o600))
	require.NoError(t, db.Close())
	openFile(t, path)
	assert.NoFileExists(t, to)
	assert.NoFileExists(t, to+"-journal")
	assert.FileExists(t, kept)
}

func TestACopyThatIsDamagedIsNotSound(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bridged.db")
	db := openFile(t, path)
	for n := range 200 {
		require.NoError(t, db.Update(t.Context(), insertAnswer(strconv.Itoa(n))))
	}
	to, err := sqlite.Snapshot(t.Context(), path, anyRoom)
	require.NoError(t, err)
	text, err := os.ReadFile(to)
	require.NoError(t, err)
	for i := len(text) / 2; i < len(text)/2+8192; i++ {
		text[i] ^= 0x55
	}
	require.NoError(t, os.WriteFile(to, text, 0o600))
	require.Error(t, openCopy(t, to).Check(t.Context()))
	require.NoError(t, os.WriteFile(to, []byte("no database"), 0o600))
	require.Error(t, openCopy(t, to).Check(t.Context()))
}

func TestACopyTellsOfTheFilesThatAreKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bridged.db")
	db := openFile(t, path)
	file := func(id string, state conversations.MediaState) conversations.MediaFile {
		return conversations.MediaFile{
			ID: conversations.MediaID(id), Service: "5e", ContentType: "image/png", Size: 3, SHA256: "aa" + id, State: state, Created: epoch, Updated: epoch,
		}
	}
	require.NoError(t, db.Update(t.Context(), func(tx *store.Tx) error {
		return errors.Join(tx.InsertMedia(file("0b", conversations.MediaKept)), tx.InsertMedia(file("0a", conversations.MediaKept)),
			tx.InsertMedia(file("0c", conversations.MediaFetching)), tx.InsertMedia(file("0d", conversations.MediaFailed)))
	}))
	to, err := sqlite.Snapshot(t.Context(), path, anyRoom)
	require.NoError(t, err)
	var ids []conversations.MediaID
	for f, err := range openCopy(t, to).Files(t.Context()) {
		require.NoError(t, err)
		assert.EqualValues(t, 3, f.Size)
		assert.Equal(t, "aa"+string(f.ID), f.SHA256)
		ids = append(ids, f.ID)
	}
	assert.Equal(t, []conversations.MediaID{"0a", "0b"}, ids)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var failed error
	for _, err := range openCopy(t, to).Files(ctx) {
		failed = err
	}
	require.ErrorIs(t, failed, context.Canceled)
}

package media_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/conversations"
	"bridged/media"
)

// epoch is when the files of these tests are made.
var epoch = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

const png = "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"

func open(t testing.TB, cfg media.Config) *media.Directory {
	t.Helper()
	if cfg.Path == "" {
		cfg.Path = filepath.Join(t.TempDir(), "made", "media")
	}
	if cfg.Owner == "" {
		cfg.Owner = "us"
	}
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return epoch }
	}
	d, err := media.OpenDirectory(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

// filesIn lists the files below a directory, but the one that says whose it is.
func filesIn(t testing.TB, dir string) (list []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && e.Name() != "installation" {
			list = append(list, path)
		}
		return err
	}))
	return list
}

func content(t testing.TB, d *media.Directory, id conversations.MediaID) string {
	t.Helper()
	file, err := d.Open(id)
	require.NoError(t, err)
	defer file.Close()
	text, err := io.ReadAll(file)
	require.NoError(t, err)
	return string(text)
}

func TestAFileIsKeptAsItCame(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := open(t, media.Config{Path: dir})
	for _, text := range []string{"a", png, strings.Repeat("x", 3071), strings.Repeat("x", 3072), strings.Repeat("yz", 50_000)} {
		// A reader may give little at a time, and its end together with the last of it.
		for _, r := range []io.Reader{
			strings.NewReader(text), iotest.DataErrReader(strings.NewReader(text)), iotest.HalfReader(strings.NewReader(text)),
		} {
			kept, err := d.Keep(r, "")
			require.NoError(t, err)
			sum := sha256.Sum256([]byte(text))
			assert.Equal(t, hex.EncodeToString(sum[:]), kept.SHA256)
			assert.EqualValues(t, len(text), kept.Size)
			assert.Equal(t, text, content(t, d, kept.ID))
		}
	}
	for _, path := range filesIn(t, dir) {
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		assert.True(t, conversations.ValidID(filepath.Base(path)), "a file is called by its ID alone: %s", path)
	}
}

func TestKeepIsTheInverseOfOpen(t *testing.T) {
	t.Parallel()
	d := open(t, media.Config{MaxBytes: 10_000})
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.SliceOfN(rapid.Byte(), 0, 12_000).Draw(rt, "file")
		kept, err := d.Keep(bytes.NewReader(text), "")
		switch {
		case len(text) == 0:
			assert.True(rt, conversations.InvalidParameter.Is(err), err)
		case len(text) > 10_000:
			assert.True(rt, conversations.FileTooLarge.Is(err), err)
		default:
			require.NoError(rt, err)
			assert.Equal(rt, string(text), content(t, d, kept.ID))
		}
	})
}

func TestWhatCannotBeKeptLeavesNothing(t *testing.T) {
	t.Parallel()
	broken := errors.New("hung up")
	for name, c := range map[string]struct {
		from   io.Reader
		stated string
		is     func(error) bool
	}{
		"empty":          {strings.NewReader(""), "", conversations.InvalidParameter.Is},
		"one too many":   {strings.NewReader(strings.Repeat("x", 5001)), "", conversations.FileTooLarge.Is},
		"endless":        {endless{}, "", conversations.FileTooLarge.Is},
		"no type":        {strings.NewReader("x"), "nonsense", conversations.MediaTypeInvalid.Is},
		"broken off":     {io.MultiReader(strings.NewReader(strings.Repeat("x", 4000)), iotest.ErrReader(broken)), "", isError(broken)},
		"soon":           {io.MultiReader(strings.NewReader("x"), iotest.ErrReader(broken)), "", isError(broken)},
		"shorter than":   {io.MultiReader(strings.NewReader("x"), iotest.ErrReader(io.ErrUnexpectedEOF)), "", isError(io.ErrUnexpectedEOF)},
		"at once":        {iotest.ErrReader(broken), "", isError(broken)},
		"later than all": {io.MultiReader(strings.NewReader(strings.Repeat("x", 5000)), iotest.ErrReader(broken)), "", isError(broken)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			d := open(t, media.Config{Path: dir, MaxBytes: 5000})
			_, err := d.Keep(c.from, c.stated)
			assert.True(t, c.is(err), "%v", err)
			require.NotErrorIs(t, err, conversations.ErrUnavailable)
			assert.Empty(t, filesIn(t, dir))
		})
	}
}

func isError(want error) func(error) bool {
	return func(err error) bool { return errors.Is(err, want) }
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestADiskThatTakesNoMoreIsNotTheSendersFault(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tight := true
	d := open(t, media.Config{Path: dir, Tight: func() bool { return tight }})
	_, err := d.Keep(strings.NewReader("x"), "")
	require.ErrorIs(t, err, conversations.ErrUnavailable)

	tight = false
	// A file where the folder should be: no file can be made below it.
	kept, err := d.Keep(strings.NewReader("x"), "")
	require.NoError(t, err)
	folder := string(kept.ID)[:6]
	require.NoError(t, os.RemoveAll(filepath.Join(dir, folder)))
	require.NoError(t, os.WriteFile(filepath.Join(dir, folder), nil, 0o600))
	_, err = d.Keep(strings.NewReader("x"), "")
	require.ErrorIs(t, err, conversations.ErrUnavailable)
}

func TestRemove(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), epoch
	d := open(t, media.Config{Path: dir, Now: func() time.Time { return now }})
	keep := func() conversations.MediaID {
		kept, err := d.Keep(strings.NewReader("text"), "")
		require.NoError(t, err)
		return kept.ID
	}
	first, second := keep(), keep()
	reading, err := d.Open(first)
	require.NoError(t, err)
	defer reading.Close()
	require.NoError(t, d.Remove(first))
	require.NoError(t, d.Remove(first), "again")
	require.NoError(t, d.Remove("ffffffffffffffffffffffffffffffff"), "and what never was")
	_, err = d.Open(first)
	assert.True(t, conversations.NotFound.Is(err), err)
	text, err := io.ReadAll(reading)
	require.NoError(t, err)
	assert.Equal(t, "text", string(text), "who is reading it reads it to the end")

	folder := filepath.Join(dir, string(second)[:6])
	assert.DirExists(t, folder)
	now = now.Add(24 * time.Hour)
	require.NoError(t, d.Remove(second))
	assert.NoDirExists(t, folder, "the last file takes its old folder along")
	assert.Equal(t, "text", content(t, d, keep()))
}

func TestFilesAreKeptSideBySide(t *testing.T) {
	t.Parallel()
	d := open(t, media.Config{})
	var wait sync.WaitGroup
	for n := range 20 {
		wait.Go(func() {
			text := strings.Repeat(string(rune('a'+n)), 10_000)
			kept, err := d.Keep(strings.NewReader(text), "")
			if assert.NoError(t, err) {
				file, err := d.Open(kept.ID)
				if assert.NoError(t, err) {
					got, err := io.ReadAll(file)
					assert.NoError(t, errors.Join(err, file.Close()))
					assert.Equal(t, text, string(got))
				}
			}
		})
	}
	wait.Wait()
}

// untouched gathers what Untouched gives.
func untouched(t testing.TB, d *media.Directory, since, until time.Time) (ids []conversations.MediaID) {
	t.Helper()
	require.NoError(t, d.Untouched(since, until, func(portion []conversations.MediaID) error {
		ids = append(ids, portion...)
		return nil
	}))
	return ids
}

func TestUntouched(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), epoch
	d := open(t, media.Config{Path: dir, Now: func() time.Time { return now }})
	assert.Empty(t, untouched(t, d, time.Time{}, epoch.AddDate(1, 0, 0)))
	touch := func(path string, at time.Time) { require.NoError(t, os.Chtimes(path, at, at)) }
	keep := func() conversations.MediaID {
		kept, err := d.Keep(strings.NewReader("text"), "")
		require.NoError(t, err)
		touch(filepath.Join(dir, string(kept.ID)[:6], string(kept.ID)), now)
		return kept.ID
	}
	old := keep()
	now = now.AddDate(0, 0, 2)
	fresh := keep()
	// One that was cut off, and what others have put there.
	folder := filepath.Join(dir, string(old)[:6])
	half := conversations.MediaID(string(old)[:6] + strings.Repeat("0", 26))
	for _, name := range []string{string(half) + ".part", "notes.txt", strings.Repeat("a", 32)} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), nil, 0o600))
		touch(filepath.Join(folder, name), epoch)
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "thumbs"), 0o700))

	assert.ElementsMatch(t, []conversations.MediaID{old, half, fresh}, untouched(t, d, time.Time{}, now.Add(time.Second)))
	assert.ElementsMatch(t, []conversations.MediaID{old, half}, untouched(t, d, time.Time{}, now))
	assert.Equal(t, []conversations.MediaID{fresh}, untouched(t, d, now, now.Add(time.Second)))

	stop := errors.New("enough")
	require.ErrorIs(t, d.Untouched(time.Time{}, now, func([]conversations.MediaID) error { return stop }), stop)

	require.NoError(t, d.Remove(half))
	assert.NoFileExists(t, filepath.Join(folder, string(half)+".part"))

	// To another installation none of this is its own.
	others := open(t, media.Config{Path: dir, Owner: "them"})
	assert.True(t, others.Foreign())
	assert.False(t, d.Foreign())
	assert.False(t, open(t, media.Config{Path: dir}).Foreign(), "ours, also when it is opened again")
	assert.Empty(t, untouched(t, others, time.Time{}, now.AddDate(1, 0, 0)))
}

func TestADirectoryThatCannotBeMade(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	_, err := media.OpenDirectory(media.Config{Path: path})
	assert.Error(t, err)
}

func TestAFileIsKeptUnderTheIDThatItHas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := open(t, media.Config{Path: dir, MaxBytes: 5000})
	for _, at := range []time.Time{epoch, epoch.AddDate(0, 0, -3)} { // also when its folder is an old one
		id := conversations.NewID[conversations.MediaID](at)
		for _, text := range []string{png, "a,b", strings.Repeat("x", 4000)} { // also when it is there already
			kept, err := d.KeepAs(id, strings.NewReader(text), "text/csv", 4000)
			require.NoError(t, err)
			assert.Equal(t, id, kept.ID)
			assert.Equal(t, text, content(t, d, id))
		}
		_, err := d.KeepAs(id, strings.NewReader(strings.Repeat("x", 4001)), "", 4000)
		require.True(t, conversations.FileTooLarge.Is(err), "%v", err)
		assert.Len(t, content(t, d, id), 4000, "the one that was there stays")
		require.NoError(t, d.Remove(id))
		assert.Empty(t, filesIn(t, dir))
	}
	id := conversations.NewID[conversations.MediaID](epoch)
	_, err := d.KeepAs(id, strings.NewReader(strings.Repeat("x", 5001)), "", conversations.MaxMediaBytes)
	require.True(t, conversations.FileTooLarge.Is(err), "%v", err)
	for _, nonsense := range []string{"", "nonsense; =", "image", "x/" + strings.Repeat("x", 300)} {
		kept, err := d.KeepAs(id, strings.NewReader(png), nonsense, 5000)
		require.NoError(t, err, "a carrier's nonsense does not lose the file")
		assert.Equal(t, "image/png", kept.ContentType)
	}
}

// Two processes may fetch the same file at once.
func TestAFileIsKeptByTwoAtOnce(t *testing.T) {
	t.Parallel()
	d := open(t, media.Config{})
	id := conversations.NewID[conversations.MediaID](epoch)
	text := strings.Repeat("0123456789", 50_000)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			_, err := d.KeepAs(id, strings.NewReader(text), "", 1<<20)
			assert.NoError(t, err)
		})
	}
	group.Wait()
	assert.Equal(t, text, content(t, d, id))
}

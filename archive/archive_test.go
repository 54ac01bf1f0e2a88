package archive_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/archive"
)

// id is the ID of the n-th file.
func id(n byte) string { return strings.Repeat("0", 30) + hex.EncodeToString([]byte{n}) }

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func manifest(database []byte) archive.Manifest {
	return archive.Manifest{
		Format: archive.Format, Program: "1.2.3", Schema: 40, Made: time.Date(2026, 11, 21, 17, 0, 0, 5000, time.UTC),
		DatabaseBytes: int64(len(database)), Rows: map[string]int64{"messages": 3, "media": 2},
	}
}

// content is what an archive holds: the bytes of its files by their IDs.
type content struct {
	manifest archive.Manifest
	database []byte
	files    map[string][]byte
	order    []string
	absent   []string
	altered  []string
}

func example() content {
	database := bytes.Repeat([]byte("a database"), 70)
	return content{
		manifest: manifest(database), database: database, order: []string{id(1), id(3)}, absent: []string{id(2)}, altered: []string{id(3)},
		files: map[string][]byte{id(1): []byte("a picture"), id(3): bytes.Repeat([]byte{0}, 512)},
	}
}

// write makes the archive of a content.
func (c content) write(t require.TestingT) []byte {
	var out bytes.Buffer
	w, err := archive.Create(&out, c.manifest)
	require.NoError(t, err)
	require.NoError(t, w.Database(bytes.NewReader(c.database)))
	for _, absent := range c.absent {
		require.NoError(t, w.Absent(absent))
	}
	for _, name := range c.order {
		told := sum(c.files[name])
		for _, altered := range c.altered {
			if altered == name {
				told = sum([]byte("as it was"))
			}
		}
		require.NoError(t, w.File(archive.File{ID: name, Size: int64(len(c.files[name]))}, told, bytes.NewReader(c.files[name])))
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

// read reads all of an archive.
func read(b []byte) (c content, err error) {
	r, err := archive.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return c, err
	}
	c.manifest, c.files = r.Manifest(), map[string][]byte{}
	var database bytes.Buffer
	if err := r.Database(&database); err != nil {
		return c, err
	}
	c.database = database.Bytes()
	for {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			c.absent, c.altered = r.Absent(), r.Altered()
			return c, nil
		}
		if err != nil {
			return c, err
		}
		var file bytes.Buffer
		got, err := r.File(&file)
		if err != nil {
			return c, err
		}
		if got != sum(file.Bytes()) || f.Size != int64(file.Len()) {
			return c, errors.New("the reader tells of another file than it gives")
		}
		c.order = append(c.order, f.ID)
		c.files[f.ID] = file.Bytes()
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := content{database: rapid.SliceOfN(rapid.Byte(), 1, 2000).Draw(t, "database"), files: map[string][]byte{}}
		c.manifest = manifest(c.database)
		c.absent, c.altered = []string{}, []string{}
		for n := range byte(rapid.IntRange(0, 5).Draw(t, "files")) {
			switch rapid.SampledFrom([]string{"there", "absent", "altered"}).Draw(t, "fate") {
			case "absent":
				c.absent = append(c.absent, id(n))
				continue
			case "altered":
				c.altered = append(c.altered, id(n))
			}
			c.order = append(c.order, id(n))
			c.files[id(n)] = rapid.SliceOfN(rapid.Byte(), 0, 1500).Draw(t, "file")
		}
		got, err := read(c.write(t))
		require.NoError(t, err)
		for name := range c.files { // an empty file is nil or not
			require.True(t, bytes.Equal(c.files[name], got.files[name]))
		}
		got.files = c.files
		require.Equal(t, c, got)
	})
}

func TestAnArchiveIsATarFile(t *testing.T) {
	t.Parallel()
	r := tar.NewReader(bytes.NewReader(example().write(t)))
	var names []string
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		names = append(names, h.Name)
		assert.EqualValues(t, 0o600, h.Mode)
	}
	assert.Equal(t, []string{"manifest.json", "bridged.db", "media/000000/" + id(1), "media/000000/" + id(3), "end.json"}, names)
}

// Whatever is cut off, changed or added shows.
func TestADamagedArchiveIsRefused(t *testing.T) {
	t.Parallel()
	whole := example().write(t)
	_, err := read(whole)
	require.NoError(t, err)
	for n := range whole {
		_, err := read(whole[:n])
		require.ErrorIs(t, err, archive.ErrDamaged, "cut off after %d bytes of %d", n, len(whole))
	}
	for n := range whole {
		flipped := bytes.Clone(whole)
		flipped[n] ^= 1 << (n % 8)
		_, err := read(flipped)
		require.ErrorIs(t, err, archive.ErrDamaged, "a flipped bit in byte %d of %d", n, len(whole))
	}
	_, err = read(append(bytes.Clone(whole), 0))
	require.ErrorContains(t, err, "does not end where it should")
}

// member is a member of a forged archive.
type member struct {
	header tar.Header
	body   string
}

// forged is a tar file that begins as a backup does.
func forged(t *testing.T, members ...member) []byte {
	t.Helper()
	text := `{"format":1,"program":"","schema":40,"made_at":"2026-11-21T17:00:00Z","database_bytes":4,"rows":{}}` + "\n"
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, m := range append([]member{{tar.Header{Name: "manifest.json"}, text}, {tar.Header{Name: "bridged.db"}, "data"}}, members...) {
		h := m.header
		if h.Format == tar.FormatUnknown {
			h.Format = tar.FormatGNU
		}
		if h.Typeflag == 0 {
			h.Typeflag = tar.TypeReg
		}
		if h.Size == 0 {
			h.Size = int64(len(m.body))
		}
		require.NoError(t, w.WriteHeader(&h))
		_, err := w.Write([]byte(m.body))
		require.NoError(t, err)
	}
	_ = w.Close() // a member that is shorter than it says is an error here
	return out.Bytes()
}

func TestAForgedMemberIsRefused(t *testing.T) {
	t.Parallel()
	name := "media/000000/" + id(1)
	for _, c := range []struct {
		what string
		with member
		want string
	}{
		{"a path to the outside", member{tar.Header{Name: "../../etc/cron.d/x"}, "x"}, "does not belong there"},
		{"an absolute path", member{tar.Header{Name: "/etc/passwd"}, "x"}, "does not belong there"},
		{"a path that leads out of media", member{tar.Header{Name: "media/../" + id(1)}, "x"}, "does not belong there"},
		{"another folder", member{tar.Header{Name: "media/000001/" + id(1)}, "x"}, "does not belong there"},
		{"capitals", member{tar.Header{Name: "media/ABCDEF/ABCDEF" + id(1)[6:]}, "x"}, "does not belong there"},
		{"a second database", member{tar.Header{Name: "bridged.db"}, "x"}, "does not belong there"},
		{"a link", member{tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, ""}, "does not write"},
		{"a hard link", member{tar.Header{Name: name, Typeflag: tar.TypeLink, Linkname: "/etc/passwd"}, ""}, "does not write"},
		{"a folder", member{tar.Header{Name: name, Typeflag: tar.TypeDir}, ""}, "does not write"},
		{"a device", member{tar.Header{Name: name, Typeflag: tar.TypeChar}, ""}, "does not write"},
		{"another format", member{tar.Header{Name: name, Format: tar.FormatPAX, PAXRecords: map[string]string{"BRIDGED.x": "y"}}, "x"}, "does not write"},
		{"a name that is continued", member{tar.Header{Name: strings.Repeat("x", 200)}, "x"}, "does not write"},
		{"an absurd size", member{tar.Header{Name: name, Size: 1 << 60}, "x"}, "cut off"},
		{"no end", member{tar.Header{Name: name}, "x"}, "cut off"},
		{"an absurd end", member{tar.Header{Name: "end.json"}, strings.Repeat(" ", 9<<20)}, "has 9437184 bytes"},
		{"an end that is no JSON", member{tar.Header{Name: "end.json"}, "{"}, "end.json cannot be read"},
		{"an end with more in it", member{tar.Header{Name: "end.json"}, `{"x":1}`}, "unknown field"},
		{"an end in other words", member{tar.Header{Name: "end.json"}, `{ }`}, "not as bridged writes it"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			_, err := read(forged(t, c.with))
			require.ErrorIs(t, err, archive.ErrDamaged)
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := read(forged(t, member{tar.Header{Name: name}, "x"}, member{tar.Header{Name: name}, "y"}))
	require.ErrorContains(t, err, "does not belong there", "the same file again")
}

func TestAnotherFormatIsRefused(t *testing.T) {
	t.Parallel()
	text := `{"format":2,"program":"","schema":40,"made_at":"2026-11-21T17:00:00Z","database_bytes":4,"rows":{}}` + "\n"
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	require.NoError(t, w.WriteHeader(&tar.Header{Format: tar.FormatGNU, Typeflag: tar.TypeReg, Name: "manifest.json", Size: int64(len(text))}))
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	_, err = read(out.Bytes())
	require.ErrorContains(t, err, "it is of format 2, and this program reads 1")
	_, err = read([]byte("SQLite format 3\x00" + strings.Repeat("x", 1000)))
	require.ErrorContains(t, err, "no tar header")
	_, err = read(nil)
	require.ErrorContains(t, err, "cut off after 0 bytes")
}

func TestFilesComeInOrderAndWhole(t *testing.T) {
	t.Parallel()
	c := example()
	w, err := archive.Create(io.Discard, c.manifest)
	require.NoError(t, err)
	require.ErrorContains(t, w.Database(strings.NewReader("short")), "became shorter")

	w, err = archive.Create(io.Discard, c.manifest)
	require.NoError(t, err)
	require.NoError(t, w.Database(bytes.NewReader(c.database)))
	require.NoError(t, w.File(archive.File{ID: id(2), Size: 1}, sum([]byte("x")), strings.NewReader("xyz")), "as many bytes as it had")
	require.ErrorContains(t, w.File(archive.File{ID: id(1), Size: 1}, "", strings.NewReader("x")), "not in its place")
	require.ErrorContains(t, w.File(archive.File{ID: "../x", Size: 1}, "", strings.NewReader("x")), "no ID")
	assert.Empty(t, w.Missing())
}

func TestAFolderThatIsGoneIsNoBackup(t *testing.T) {
	t.Parallel()
	w, err := archive.Create(io.Discard, manifest([]byte("x")))
	require.NoError(t, err)
	for range archive.MaxAbsent {
		require.NoError(t, w.Absent(id(1)))
	}
	require.ErrorContains(t, w.Absent(id(1)), "look at media.dir")
}

// A reader survives whatever it is given, and what it takes for whole is.
func FuzzRead(f *testing.F) {
	whole := example().write(f)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte("manifest.json"))
	f.Add(bytes.Repeat([]byte{0}, 2048))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := read(b)
		if err != nil {
			require.ErrorIs(t, err, archive.ErrDamaged)
			return
		}
		require.Len(t, c.database, int(c.manifest.DatabaseBytes))
		total := len(c.database)
		for name, file := range c.files {
			require.True(t, archive.ValidID(name))
			total += len(file)
		}
		require.Less(t, total, len(b))
	})
}

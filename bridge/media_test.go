package bridge_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/media"
)

// gallery is a world with a directory of files.
type gallery struct {
	*world

	dir   string
	files *media.Directory
}

func newGallery(t *testing.T) *gallery {
	t.Helper()
	g := &gallery{dir: t.TempDir()}
	g.world = newWorld(t, func(c *bridge.Config) {
		var err error
		g.files, err = media.OpenDirectory(media.Config{Path: g.dir, Owner: string(service), Now: c.Now})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, g.files.Close()) })
		c.Files = g.files
	})
	return g
}

// write puts a file on disk whose row is not committed.
func (g *gallery) write(text string) media.Kept {
	g.t.Helper()
	kept, err := g.files.Keep(strings.NewReader(text), "text/csv")
	require.NoError(g.t, err)
	return kept
}

// upload stores a file, which says that it is so large.
func (g *gallery) upload(size int64) conversations.MediaFile {
	g.t.Helper()
	kept := g.write("a,b")
	file, err := g.AddMedia(g.t.Context(), service, bridge.MediaFields{
		ID: kept.ID, Author: "sender", Category: conversations.CategoryMedia, ContentType: kept.ContentType,
		Filename: "a.csv", Size: size, SHA256: kept.SHA256,
	})
	require.NoError(g.t, err)
	return file
}

func (g *gallery) post(key conversations.ConversationKey, files ...conversations.MediaID) (conversations.Message, error) {
	return g.CreateMessage(g.t.Context(), system, service, key, bridge.MessageFields{Media: files})
}

// clean carries out the removals that are due.
func (g *gallery) clean() {
	g.t.Helper()
	for _, t := range g.tasks(bridge.TopicMedia) {
		require.NoError(g.t, g.RemoveFiles(g.t.Context(), t.seq, []byte(t.payload)))
	}
	require.Empty(g.t, g.tasks(bridge.TopicMedia))
}

// kept says whether a file is on disk, and its row in the store.
func (g *gallery) kept(id conversations.MediaID) (file, row bool) {
	g.t.Helper()
	content, err := g.files.Open(id)
	if file = err == nil; file {
		require.NoError(g.t, content.Close())
	}
	return file, g.count("SELECT count(*) FROM media WHERE id = $1", id) == 1
}

func (g *gallery) requireKept(id conversations.MediaID, file, row bool, why string) {
	g.t.Helper()
	haveFile, haveRow := g.kept(id)
	require.Equal(g.t, [2]bool{file, row}, [2]bool{haveFile, haveRow}, why)
}

func TestAMessageTakesItsFiles(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	key := g.conversation()
	first, second := g.upload(3), g.upload(4)
	m, err := g.CreateMessage(t.Context(), system, service, key, bridge.MessageFields{
		Body: ptr(""), Media: []conversations.MediaID{second.ID, first.ID},
	})
	require.NoError(t, err)
	assert.Nil(t, m.Body, "a message may be files only")
	assert.Equal(t, []conversations.Media{
		{ID: second.ID, ContentType: "text/csv", Filename: "a.csv", Size: 4, Category: "media"},
		{ID: first.ID, ContentType: "text/csv", Filename: "a.csv", Size: 3, Category: "media"},
	}, m.Media, "in the order that was asked for")
	stored, err := g.db.Message(t.Context(), key.ID, m.ID)
	require.NoError(t, err)
	assert.Equal(t, m.Media, stored.Media)
	file, err := g.db.Media(t.Context(), service, first.ID)
	require.NoError(t, err)
	assert.Equal(t, m.ID, file.Message)
	assert.Equal(t, key.ID, file.Conversation)

	both, err := g.CreateMessage(t.Context(), system, service, key, bridge.MessageFields{
		Body: ptr("look"), Media: []conversations.MediaID{g.upload(1).ID},
	})
	require.NoError(t, err)
	assert.Equal(t, "look", *both.Body)
	assert.EqualValues(t, 1, both.Index)
}

func TestFilesThatAMessageCannotTake(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	key := g.conversation()
	taken := g.upload(1)
	_, err := g.post(key, taken.ID)
	require.NoError(t, err)
	kept := g.write("x")
	elsewhere, err := g.AddMedia(t.Context(), "another", bridge.MediaFields{ID: kept.ID, Category: conversations.CategoryMedia})
	require.NoError(t, err)
	huge, small, twice := g.upload(conversations.MaxMediaBytes), g.upload(1), g.upload(1)
	for name, c := range map[string]struct {
		files []conversations.MediaID
		want  conversations.Fault
	}{
		"unknown":             {[]conversations.MediaID{"none"}, conversations.MediaUnknown},
		"of another service":  {[]conversations.MediaID{elsewhere.ID}, conversations.MediaUnknown},
		"taken":               {[]conversations.MediaID{taken.ID}, conversations.MediaTaken},
		"twice in it":         {[]conversations.MediaID{twice.ID, twice.ID}, conversations.MediaTaken},
		"too large in all":    {[]conversations.MediaID{huge.ID, small.ID}, conversations.MediaTooLarge},
		"one of them unknown": {[]conversations.MediaID{small.ID, "none"}, conversations.MediaUnknown},
	} {
		_, err := g.post(key, c.files...)
		refusal(t, c.want, err, name)
	}
	for _, f := range []conversations.MediaFile{huge, small, twice} {
		_, err := g.post(key, f.ID)
		require.NoError(t, err, "a refusal takes nothing")
	}
	assert.Equal(t, 4, g.count("SELECT count(*) FROM messages"))
}

// Page 32: "automatically garbage-collected unless it is attached within five
// minutes".
func TestAFileThatNobodyTakesIsRemoved(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	key := g.conversation()
	waits, taken := g.upload(1), g.upload(1)
	assert.Equal(t, []time.Time{start.Add(5 * time.Minute), start.Add(5 * time.Minute)}, g.due, "the pipeline is told when")
	_, err := g.post(key, taken.ID)
	require.NoError(t, err)

	g.clock.advance(5*time.Minute - time.Microsecond)
	next, err := g.Resume(t.Context())
	require.NoError(t, err)
	assert.Equal(t, start.Add(5*time.Minute), next)
	g.clean()
	g.requireKept(waits.ID, true, true, "its time is not up")

	g.clock.advance(time.Microsecond)
	_, err = g.post(key, waits.ID)
	refusal(t, conversations.MediaUnknown, err, "too late, also when nothing has been removed yet")
	next, err = g.Resume(t.Context())
	require.NoError(t, err)
	assert.Zero(t, next)
	g.requireKept(waits.ID, true, false, "the row goes first")
	g.crash()
	g.clean()
	g.requireKept(waits.ID, false, false, "and then the file, however the process ended between")
	g.requireKept(taken.ID, true, true, "a message has it")
}

func TestFilesGoWithTheirMessageOrConversation(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	key := g.conversation()
	first, second, third := g.upload(1), g.upload(1), g.upload(1)
	m, err := g.post(key, first.ID)
	require.NoError(t, err)
	_, err = g.post(key, second.ID, third.ID)
	require.NoError(t, err)

	require.NoError(t, g.DeleteMessage(t.Context(), system, service, key, m.ID))
	g.requireKept(first.ID, true, false, "the row goes with the message")
	g.crash()
	g.clean()
	g.requireKept(first.ID, false, false, "and the file after the commit")
	g.requireKept(second.ID, true, true, "of another message")

	require.NoError(t, g.DeleteConversation(t.Context(), system, service, key))
	assert.Len(t, g.tasks(bridge.TopicMedia), 1)
	g.clean()
	g.requireKept(second.ID, false, false, "with the conversation")
	g.requireKept(third.ID, false, false, "with the conversation")
}

func TestARemovalThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *bridge.Config) { c.Files = failing{} })
	require.ErrorIs(t, w.RemoveFiles(t.Context(), 1, []byte(strings.Repeat("0", 32))), errDisk)
	require.ErrorIs(t, w.Tidy(t.Context()), errDisk)
	require.ErrorIs(t, w.Tidy(t.Context()), errDisk, "it has to be done still")
}

var errDisk = errors.New("the disk is broken")

type failing struct{}

func (failing) Remove(conversations.MediaID) error { return errDisk }

func (failing) Untouched(time.Time, time.Time, func([]conversations.MediaID) error) error {
	return errDisk
}

func TestStraysAreSweptUp(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	ours := g.upload(1)
	_, err := g.post(g.conversation(), ours.ID)
	require.NoError(t, err)
	touch := func(id conversations.MediaID, at time.Time) {
		require.NoError(t, os.Chtimes(filepath.Join(g.dir, string(id)[:6], string(id)), at, at))
	}
	long := g.clock.now().Add(-2 * time.Hour)
	stray, fresh := g.write("left by a crash"), g.write("its row may follow")
	touch(ours.ID, long)
	touch(stray.ID, long)
	touch(fresh.ID, g.clock.now())
	require.NoError(t, g.Tidy(t.Context()))
	g.requireKept(stray.ID, false, false, "it belongs to nothing")
	g.requireKept(fresh.ID, true, false, "who knows")
	g.requireKept(ours.ID, true, true, "ours")

	// The next sweep comes in an hour, and looks at what is new.
	touch(fresh.ID, long)
	require.NoError(t, g.Tidy(t.Context()))
	g.requireKept(fresh.ID, true, false, "not yet")
	g.clock.advance(time.Hour)
	require.NoError(t, g.Tidy(t.Context()))
	g.requireKept(fresh.ID, false, false, "now")
}

func TestAnUploadUnderAnIdempotencyKeyIsStoredOnce(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	ctx := bridge.WithAnswer(t.Context(), "key", "print", func(any) (int, []byte) { return 201, []byte("first") })
	_, err := g.AddMedia(ctx, service, bridge.MediaFields{ID: g.write("x").ID, Category: conversations.CategoryMedia})
	require.NoError(t, err)
	var repeated *bridge.RepeatedError
	_, err = g.AddMedia(ctx, service, bridge.MediaFields{ID: g.write("x").ID, Category: conversations.CategoryMedia})
	require.ErrorAs(t, err, &repeated)
	assert.Equal(t, "first", string(repeated.Answer.Body))
	assert.Equal(t, 1, g.count("SELECT count(*) FROM media"))
}

package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/media"
)

// tailor is a Fitter that does to each file what its name says, and puts as many
// together as the rules allow.
type tailor struct {
	asked int
	err   error
	made  conversations.MediaID // what it has made of the last file
}

func (f *tailor) Fit(_ context.Context, files []conversations.Media, rules conversations.MediaRules) (fitted media.Fitted, err error) {
	f.asked++
	for _, m := range files {
		fit := media.Fit{Outcome: media.Outcome(strings.TrimSuffix(m.Filename, ".csv")), Media: m}
		switch fit.Outcome {
		case media.OutcomeConverted:
			if f.made == "" {
				f.made = conversations.NewID[conversations.MediaID](start)
			}
			fit.Media.ID, fit.Made, fit.SHA256 = f.made, true, "sum"
		case media.OutcomeFailed:
			fit.Code, fit.Reason = rules.TooLarge, "it is too large"
		case media.OutcomeKept, media.OutcomeLinked:
		}
		fitted.Files = append(fitted.Files, fit)
		if fit.Code != 0 || fit.Outcome == media.OutcomeLinked {
			continue
		}
		if n := len(fitted.Messages); n > 0 && len(fitted.Messages[n-1].Media) < rules.Count {
			fitted.Messages[n-1].Media = append(fitted.Messages[n-1].Media, fit.Media)
			continue
		}
		fitted.Messages = append(fitted.Messages, media.CarrierMessage{Media: []conversations.Media{fit.Media}, MaxText: rules.MaxText})
	}
	return fitted, f.err
}

// newTailor is a gallery whose files are made to fit by their names.
func newTailor(t *testing.T) (*gallery, *tailor) {
	t.Helper()
	g, f := newGallery(t), &tailor{}
	g.cfg.Files, g.cfg.Fitter = g.files, f
	g.Bridge = bridge.New(g.cfg)
	return g, f
}

// named stores a file of that name.
func (g *gallery) named(name string) conversations.MediaID {
	g.t.Helper()
	kept := g.write(name)
	file, err := g.AddMedia(g.t.Context(), service, bridge.MediaFields{
		ID: kept.ID, Author: "sender", Category: conversations.CategoryMedia, ContentType: kept.ContentType,
		Filename: name + ".csv", Size: kept.Size, SHA256: kept.SHA256,
	})
	require.NoError(g.t, err)
	return file.ID
}

// shown is a part as the cases of TestPlansOfMessagesWithFiles write it.
func shown(p bridge.Part) string {
	s := p.Text
	for _, m := range p.Media {
		s += "[" + strings.TrimSuffix(m.Filename, ".csv") + "]"
	}
	return s
}

// "All text and all media reach everybody … several messages where needed, one
// delivery" (contract, 7); two files go together here, and ten letters beside
// them.
func TestPlansOfMessagesWithFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, files string
		want        string // parts, with | between
		status      conversations.Status
		code        int
	}{
		{"hello", "kept", "hello[kept]", "sent", 0},
		{"", "kept", "[kept]", "sent", 0},
		{"0123456789", "kept", "0123456789[kept]", "sent", 0},
		{"0123456789a", "kept", "0123456789a|[kept]", "sent", 0},
		{"😀😀😀😀😀a", "kept", "😀😀😀😀😀a|[kept]", "sent", 0},
		{"one two three", "kept,converted,kept", "one|two|three|[kept][converted]|[kept]", "sent", 0},
		{"hello", "converted,kept,kept", "hello[converted][kept]|[kept]", "sent", 0},
		{"hello", "linked", "hello|LINK", "sent", 0},
		{"", "linked", "LINK", "sent", 0},
		{"", "linked,kept,linked", "LINK|LINK|[kept]", "sent", 0},
		{"hello", "failed", "hello", "failed", 30019},
		{"", "failed", "", "failed", 30019},
		{"", "kept,failed,kept,kept", "[kept][kept]|[kept]", "failed", 30019},
		{"hi", "failed,linked", "hi|LINK", "failed", 30019},
	} {
		t.Run(c.text+" "+c.files, func(t *testing.T) {
			t.Parallel()
			g, _ := newTailor(t)
			key := g.conversation(alice)
			f := bridge.MessageFields{Body: &c.text}
			for _, name := range strings.Split(c.files, ",") {
				f.Media = append(f.Media, g.named(name))
			}
			_, err := g.CreateMessage(t.Context(), system, service, key, f)
			require.NoError(t, err)
			var parts []string
			for sends := g.sends(); len(sends) > 0; sends = g.sends() {
				for claim := g.claim(sends[0], words); claim != nil; {
					parts = append(parts, shown(claim.Part))
					for _, m := range claim.Part.Media {
						assert.Equal(t, fileURL(m.ID, start.Add(24*time.Hour)), m.URL)
					}
					claim, err = g.Settle(t.Context(), *claim, g.accepted(), words)
					require.NoError(t, err)
				}
			}
			for i, p := range parts {
				if strings.HasPrefix(p, "https://bridged.example.com/") {
					parts[i] = "LINK"
				}
			}
			assert.Equal(t, c.want, strings.Join(parts, "|"))
			d := g.deliveries()[0]
			assert.Equal(t, c.status, d.Status)
			assert.Equal(t, c.code, d.ErrorCode)
			assert.Equal(t, conversations.ProgressDone, d.Progress)
			assert.Equal(t, c.code != 0, d.Reason != "")
			require.Len(t, d.Files, len(f.Media))
			for i, name := range strings.Split(c.files, ",") {
				assert.Equal(t, conversations.FileOutcome(name), d.Files[i].Outcome, "which of them happened is on the delivery")
				assert.Equal(t, f.Media[i], d.Files[i].File)
			}
		})
	}
}

// What was made of a message's files is the message's, and goes with it; the same
// for all who get it.
func TestWhatWasMadeOfFilesGoesWithTheirMessage(t *testing.T) {
	t.Parallel()
	g, f := newTailor(t)
	key := g.conversation(alice, bob)
	original := g.named("converted")
	f.made = g.write("smaller").ID
	m, err := g.post(key, original)
	require.NoError(t, err)
	require.Equal(t, []string{"", ""}, g.sendAll(whole))
	file, row := g.kept(f.made)
	assert.True(t, file && row)
	assert.Equal(t, 1, g.count("SELECT count(*) FROM media WHERE id = $1 AND message_id = $2 AND sha256 = 'sum'", f.made, m.ID))
	page, err := g.db.Messages(t.Context(), key.ID, conversations.Page{Size: 2})
	require.NoError(t, err)
	require.Len(t, page.Items[0].Media, 1, "the message shows what it was made with")
	assert.Equal(t, original, page.Items[0].Media[0].ID)

	require.NoError(t, g.DeleteMessage(t.Context(), system, service, key, m.ID))
	g.clean()
	for _, id := range []conversations.MediaID{original, f.made} {
		file, row = g.kept(id)
		assert.False(t, file || row)
	}
}

// The parts of a delivery stay what they are, whatever its files would be made
// into by now, also for the next process.
func TestFilesAreMadeToFitOnce(t *testing.T) {
	t.Parallel()
	g, f := newTailor(t)
	key := g.conversation(alice)
	_, err := g.post(key, g.named("kept"), g.named("converted"), g.named("kept"))
	require.NoError(t, err)
	claim := g.claimOnly(words)
	assert.Equal(t, "[kept][converted]", shown(claim.Part))
	next, err := g.Settle(t.Context(), claim, g.accepted(), words)
	require.NoError(t, err)
	g.settle(*next, refused)
	g.crash()
	g.clock.advance(bridge.DefaultRetry().Max)
	_, err = g.Resume(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "[kept]", shown(g.claimOnly(words).Part))
	assert.Equal(t, 1, f.asked)
}

// A line waits for the files of its first delivery; a task that was carried out
// already, or whose delivery is gone, changes nothing.
func TestPreparingAgainChangesNothing(t *testing.T) {
	t.Parallel()
	g, f := newTailor(t)
	key := g.conversation(alice)
	_, err := g.post(key, g.named("kept"))
	require.NoError(t, err)
	g.say(key, "x", "behind it")
	send := g.sends()[0]
	for range 2 {
		claim, err := g.Claim(t.Context(), send.seq, send.key, conversations.DeliveryID(send.payload), whole)
		require.NoError(t, err)
		assert.Nil(t, claim)
		assert.Empty(t, g.sends(), "nothing overtakes it")
	}
	tasks := g.tasks(bridge.TopicPrepare)
	require.NotEmpty(t, tasks)
	f.err = errors.New("the disk is broken")
	require.ErrorIs(t, g.Prepare(t.Context(), tasks[0].seq, []byte(tasks[0].payload)), f.err)
	f.err = nil
	assert.Equal(t, len(tasks), g.prepare())
	require.NoError(t, g.Prepare(t.Context(), tasks[0].seq, []byte(tasks[0].payload)))
	require.Len(t, g.sends(), 1, "one task, however often it was prepared")
	assert.Equal(t, []string{"", "behind it"}, g.sendAll(whole))

	_, err = g.post(key, g.named("kept"))
	require.NoError(t, err)
	send = g.sends()[0]
	_, err = g.Claim(t.Context(), send.seq, send.key, conversations.DeliveryID(send.payload), whole)
	require.NoError(t, err)
	tasks = g.tasks(bridge.TopicPrepare)
	require.NoError(t, g.DeleteConversation(t.Context(), system, service, key))
	require.NoError(t, g.Prepare(t.Context(), tasks[0].seq, []byte(tasks[0].payload)))
	assert.Empty(t, g.tasks(bridge.TopicPrepare))
}

// A file that is gone fails the delivery when all else was sent.
func TestAFileThatIsGoneFailsItsDelivery(t *testing.T) {
	t.Parallel()
	g, f := newTailor(t)
	f.err = fmt.Errorf("fit: %w", conversations.Refuse(conversations.NotFound, "the file is gone"))
	key := g.conversation(alice)
	body := "look"
	_, err := g.CreateMessage(t.Context(), system, service, key, bridge.MessageFields{Body: &body, Media: []conversations.MediaID{g.named("kept")}})
	require.NoError(t, err)
	assert.Equal(t, []string{"look"}, g.sendAll(whole))
	d := g.deliveries()[0]
	assert.Equal(t, conversations.StatusFailed, d.Status)
	assert.Equal(t, 12300, d.ErrorCode)
	assert.Contains(t, d.Reason, "not in the media directory")
}

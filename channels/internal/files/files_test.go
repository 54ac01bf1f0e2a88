package files_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"bridged/channels/internal/files"
	"bridged/conversations"
)

// The numbers of page 31, contract 7 and 8, and carriers.md §3 a.
func TestRules(t *testing.T) {
	t.Parallel()
	const mega, kilo = 1 << 20, 1 << 10
	mms, whatsapp, cloud := files.MMS(1600), files.WhatsApp(1600), files.Cloud(1024)
	for _, c := range []struct {
		kind                 string
		mms, whatsapp, cloud int64 // megabytes, 0 for a type that is not taken
		besideWhatsApp       int
	}{
		{"image/jpeg", 5, 16, 5, 1600},
		{"image/png", 5, 16, 5, 1600},
		{"image/gif", 5, 0, 0, 0},
		{"image/webp", 0, 0, 0, 0},
		{"image/heic", 0, 0, 0, 0},
		{"audio/mpeg", 5, 16, 16, 0},
		{"audio/amr", 5, 16, 16, 0},
		{"audio/ogg; codecs=opus", 0, 16, 16, 0},
		{"video/mp4", 5, 16, 16, 1600},
		{"video/3gpp", 0, 0, 16, 0},
		{"application/pdf", 5, 16, 100, 0},
		{"text/vcard", 0, 16, 0, 0},
		{"text/plain; charset=utf-8", 0, 0, 100, 0},
		{"application/zip", 0, 0, 0, 0},
	} {
		for i, rules := range []conversations.MediaRules{mms, whatsapp, cloud} {
			want := []int64{c.mms, c.whatsapp, c.cloud}[i]
			bytes, taken := rules.LimitFor(c.kind)
			assert.Equal(t, want > 0, taken, "%s %d", c.kind, i)
			assert.Equal(t, want*mega, bytes, "%s %d", c.kind, i)
		}
		assert.Equal(t, c.besideWhatsApp, whatsapp.TextBeside(c.kind), c.kind)
	}
	assert.Equal(t, []int{10, 30019, 12300}, []int{mms.Count, mms.TooLarge, mms.BadType})
	assert.Equal(t, []int{1, 63021, 63021}, []int{whatsapp.Count, whatsapp.TooLarge, whatsapp.BadType})
	assert.Equal(t, []int{1, 63021, 63021}, []int{cloud.Count, cloud.TooLarge, cloud.BadType})
	assert.EqualValues(t, 5*mega, mms.Total)
	assert.Zero(t, cloud.Total)
	assert.Equal(t, 1024, cloud.TextBeside("application/pdf"))
	assert.Zero(t, cloud.TextBeside("audio/mpeg"))
	lowered, _ := mms.Lowered(600 * kilo).LimitFor("image/gif")
	assert.EqualValues(t, 600*kilo, lowered)
}

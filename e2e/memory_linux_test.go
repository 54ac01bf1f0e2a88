//go:build !race

package e2e

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"bridged/e2e/fakecarrier"
)

// mostMemory is what the daemon may take while films go through it, in bytes.
const mostMemory = 100_000_000

// peakMemory is the most that the daemon ever had in memory, as the kernel counts.
func (w *world) peakMemory() int {
	w.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.PID()))
	require.NoError(w.t, err)
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(text)
	require.NotNil(w.t, found)
	kilobytes, err := strconv.Atoi(string(found[1]))
	require.NoError(w.t, err)
	return kilobytes << 10
}

// film is what passes for an MP4 of the 16 MB that WhatsApp takes.
func film() string {
	const beginning = "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
	return beginning + strings.Repeat("0123456789abcdef", 1<<20)[len(beginning):]
}

// download reads a file to its end, as a carrier does, and counts its bytes.
func download(target string) (int64, error) {
	answer, err := http.Get(target)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(io.Discard, answer.Body)
	if answer.StatusCode != http.StatusOK {
		err = errors.Join(err, errors.New(answer.Status))
	}
	return n, errors.Join(err, answer.Body.Close())
}

// "Peak memory while relaying ten 16 MB videos at once stays under 100 MB." Each
// comes from WhatsApp and goes to somebody on WhatsApp, as a film, and on SMS, as a
// link; all are fetched at once, by us from Meta, and by the carriers from us. It is
// not for the race detector, which takes several times the memory.
func TestTenFilmsAtOnceTakeLittleMemory(t *testing.T) {
	t.Parallel()
	const many = 10
	w := newWorld(t, setup{})
	content := film()
	together := make(chan struct{})
	asked := make(chan struct{}, 10*many)
	for i := range many {
		conversation := w.newConversation()
		w.join(conversation, fmt.Sprintf("whatsapp:+155503100%02d", i), whatsappProxy)
		w.join(conversation, fmt.Sprintf("whatsapp:+155503200%02d", i), whatsappProxy)
		w.join(conversation, fmt.Sprintf("+155502300%02d", i), smsProxy)
		w.cloud.Keep(fmt.Sprint("film", i), fakecarrier.File{
			Content: content, ContentType: "video/mp4", Wait: together, Asked: func() { asked <- struct{}{} },
		})
	}
	before := w.peakMemory()
	for i := range many {
		w.accepted(w.cloud.PostValue(t.Context(), w.URL+"/hooks/wa-main", map[string]any{"messages": []any{map[string]any{
			"id": fmt.Sprint("wamid.film", i), "from": fmt.Sprintf("155503100%02d", i), "timestamp": strconv.FormatInt(time.Now().Unix(), 10),
			"type": "video", "video": map[string]any{"id": fmt.Sprint("film", i), "mime_type": "video/mp4"},
		}}}))
	}
	for range many {
		<-asked
	}
	close(together) // all ten are half here
	eventually(t, func() bool { return len(w.cloud.Sent()) == many && len(w.twilio.Sent()) == many }, "all are sent")

	var links []string
	for _, s := range w.cloud.Sent() {
		links = append(links, regexp.MustCompile(`"type":"video".*"link":"([^"]+)"`).FindStringSubmatch(s.Raw)[1])
	}
	for i, s := range w.twilio.Sent() {
		links[i] = strings.ReplaceAll(links[i], `\u0026`, "&")
		links = append(links, s.Body)
	}
	require.Len(t, links, 2*many)
	sizes := make([]int64, len(links))
	var fetching errgroup.Group
	for i, link := range links {
		fetching.Go(func() (err error) {
			sizes[i], err = download(link)
			return err
		})
	}
	require.NoError(t, fetching.Wait())
	for i, n := range sizes {
		assert.EqualValues(t, len(content), n, links[i])
	}
	peak := w.peakMemory()
	t.Logf("peak RSS: %d MB before, %d MB after", before/1_000_000, peak/1_000_000)
	assert.Less(t, peak, mostMemory)
}

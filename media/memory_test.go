package media_test

import (
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/media"
)

// Not parallel, because it counts what the whole process allocates. All that was
// ever allocated is counted, so that it does not matter when memory is freed.
func TestALargeFileIsNeverInMemory(t *testing.T) {
	const size, bound = 64 << 20, 4 << 20
	d := open(t, media.Config{})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	kept, err := d.Keep(io.LimitReader(endless{}, size), "video/mp4")
	require.NoError(t, err)
	file, err := d.Open(kept.ID)
	require.NoError(t, err)
	n, err := io.Copy(io.Discard, file)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	runtime.ReadMemStats(&after)
	assert.EqualValues(t, size, n)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(bound))
}

// Not parallel for the same reason. All that converting a photograph of 12
// megapixels allocates is more than what it takes at any one time.
func TestAPhotographTakesLittleMemory(t *testing.T) {
	s := &shelf{}
	m := s.put(t, "", withEXIF(asJPEG(t, scene(4000, 3000), 92), 6))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fit := fitOn(t, s, m, mms().Lowered(1_000_000))
	runtime.ReadMemStats(&after)
	require.Equal(t, media.OutcomeConverted, fit.Outcome)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(100<<20))
	t.Logf("%d MB", (after.TotalAlloc-before.TotalAlloc)>>20)
}

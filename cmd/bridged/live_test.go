package main

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/api"
)

func TestTheSnapshotIsOfTheRegistryOfPrometheus(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 15, 0, 0, 0, time.UTC)
	m := newMetrics()
	snapshot := m.snapshots(func() time.Time { return now })
	m.watchBacklog(func() int { return 7 })
	m.Accepted("sms", 3, 1)
	m.Accepted("whatsapp", 2, 0)
	m.api("/v1/A", 200, 3*time.Millisecond)
	m.api("/v1/B", 200, 40*time.Millisecond)
	m.api("/v1/B", 500, 100*time.Hour)
	shown, err := snapshot()
	require.NoError(t, err)
	assert.Equal(t, now, shown.Started)
	family := func(name string) api.MetricFamily {
		for _, f := range shown.Families {
			assert.NotContains(t, f.Name, "go_", "those of Go's runtime are left out")
			if f.Name == name {
				return f
			}
		}
		require.Fail(t, "it is not there", name)
		return api.MetricFamily{}
	}
	assert.Equal(t, []api.MetricSeries{
		{Labels: map[string]string{"channel": "sms"}, Value: 3}, {Labels: map[string]string{"channel": "whatsapp"}, Value: 2},
	}, family("inbound_accepted_total").Series)
	assert.Equal(t, []api.MetricSeries{{Labels: map[string]string{}, Value: 7}}, family("backlog").Series)
	assert.Equal(t, []api.MetricSeries{
		{Labels: map[string]string{"status": "200"}, Value: 2}, {Labels: map[string]string{"status": "500"}, Value: 1},
	}, family("api_requests_total").Series, "routes are added up")
	took := family("api_seconds")
	require.Len(t, took.Series, 1)
	one := took.Series[0]
	assert.Len(t, one.Counts, len(took.Bounds)+1)
	assert.Equal(t, uint64(1), one.Counts[len(one.Counts)-1], "beyond the last bound")
	assert.InDelta(t, 360000.043, one.Sum, .001)
	assert.InDelta(t, .048, one.Quantiles["p50"], .017)
	assert.InDelta(t, took.Bounds[len(took.Bounds)-1], one.Quantiles["p99"], 1e-9)

	// What Prometheus is told is the same, and asking counts nothing.
	page := httptest.NewRecorder()
	m.handler().ServeHTTP(page, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	assert.Contains(t, page.Body.String(), `bridged_inbound_accepted_total{channel="sms"} 3`)
	assert.Equal(t, 2, strings.Count(page.Body.String(), "\nbridged_api_seconds_count"))
}

// A quantile lies in the bucket that the measured value of its rank is in.
func TestQuantilesLieInTheirBuckets(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		bounds := []float64{1, 2, 4, 8}
		counts := rapid.SliceOfN(rapid.Uint64Range(0, 5), 5, 5).Draw(t, "counts")
		shown := quantiles(bounds, counts)
		var total uint64
		for _, n := range counts {
			total += n
		}
		if total == 0 {
			assert.Nil(t, shown)
			return
		}
		for name, share := range map[string]float64{"p50": .5, "p95": .95, "p99": .99} {
			var below, lower float64
			for i, bound := range append(bounds, 8) {
				if below += float64(counts[i]); below >= share*float64(total) {
					assert.GreaterOrEqual(t, shown[name], lower, name)
					assert.LessOrEqual(t, shown[name], bound, name)
					break
				}
				lower = bound
			}
		}
		assert.LessOrEqual(t, shown["p50"], shown["p95"])
		assert.LessOrEqual(t, shown["p95"], shown["p99"])
	})
}

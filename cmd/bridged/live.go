package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"

	"bridged/api"
)

// metricPrefix begins the names of our own metrics: those of Go's runtime and of the
// process are for Prometheus alone.
const metricPrefix = "bridged_"

// routeLabel is left out of what the API shows: there is one histogram for each of a
// hundred routes. What differs in nothing else is added up.
const routeLabel = "route"

// snapshots returns a function that reads our own metrics from the registry that
// Prometheus reads. The clock says since when they count, which is now.
func (m *metrics) snapshots(now func() time.Time) func() (api.Metrics, error) {
	started := now()
	return func() (api.Metrics, error) {
		found, err := m.registry.Gather()
		if err != nil {
			return api.Metrics{}, fmt.Errorf("read the metrics: %w", err)
		}
		shown := api.Metrics{Date: now(), Started: started}
		for _, family := range found {
			if name, ours := strings.CutPrefix(family.GetName(), metricPrefix); ours {
				shown.Families = append(shown.Families, showFamily(name, family))
			}
		}
		return shown, nil
	}
}

func showFamily(name string, family *dto.MetricFamily) api.MetricFamily {
	shown := api.MetricFamily{Name: name, Kind: strings.ToLower(family.GetType().String()), Help: family.GetHelp()}
	var order []string
	byLabels := make(map[string]*api.MetricSeries)
	for _, m := range family.GetMetric() {
		labels := make(map[string]string)
		for _, l := range m.GetLabel() {
			if l.GetName() != routeLabel {
				labels[l.GetName()] = l.GetValue()
			}
		}
		key := labelsKey(labels)
		series := byLabels[key]
		if series == nil {
			series = &api.MetricSeries{Labels: labels}
			byLabels[key] = series
			order = append(order, key)
		}
		if h := m.GetHistogram(); h != nil {
			shown.Bounds = addHistogram(series, h)
		} else {
			series.Value += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	for _, key := range order {
		series := byLabels[key]
		series.Quantiles = quantiles(shown.Bounds, series.Counts)
		shown.Series = append(shown.Series, *series)
	}
	return shown
}

func labelsKey(labels map[string]string) string {
	var key strings.Builder
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		fmt.Fprintf(&key, "%q=%q,", name, labels[name])
	}
	return key.String()
}

// addHistogram adds a histogram, whose buckets count all that is below their bounds,
// to a series, whose buckets count what is in them alone. It returns the bounds.
func addHistogram(series *api.MetricSeries, h *dto.Histogram) (bounds []float64) {
	var below uint64
	counts := make([]uint64, 0, len(h.GetBucket())+1)
	for _, b := range h.GetBucket() {
		if math.IsInf(b.GetUpperBound(), 1) {
			continue
		}
		bounds = append(bounds, b.GetUpperBound())
		counts = append(counts, b.GetCumulativeCount()-below)
		below = b.GetCumulativeCount()
	}
	counts = append(counts, h.GetSampleCount()-below)
	if series.Counts == nil {
		series.Counts = make([]uint64, len(counts))
	}
	for i, n := range counts {
		series.Counts[i] += n
	}
	series.Sum += h.GetSampleSum()
	return bounds
}

// quantiles estimates the 50th, 95th and 99th of a hundred, as Prometheus's
// histogram_quantile does: evenly within a bucket, and beyond the last bound that
// bound. It returns nil where nothing was measured.
func quantiles(bounds []float64, counts []uint64) map[string]float64 {
	var total uint64
	for _, n := range counts {
		total += n
	}
	if total == 0 {
		return nil
	}
	shown := make(map[string]float64, 3)
	for name, share := range map[string]float64{"p50": .5, "p95": .95, "p99": .99} {
		shown[name] = quantile(share*float64(total), bounds, counts)
	}
	return shown
}

// quantile returns below which value so many of the measured ones are.
func quantile(rank float64, bounds []float64, counts []uint64) float64 {
	var below, lower float64
	for i, bound := range bounds {
		here := float64(counts[i])
		if here > 0 && below+here >= rank {
			return lower + (bound-lower)*(rank-below)/here
		}
		below, lower = below+here, bound
	}
	return lower
}

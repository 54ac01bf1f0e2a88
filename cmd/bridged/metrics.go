package main

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"bridged/bridge"
	"bridged/channels"
	"bridged/conversations"
	"bridged/store"
)

// metrics are the counters and histograms of /metrics. No label holds an
// address, a SID or anything else that a message could add to.
type metrics struct {
	registry *prometheus.Registry

	accepted, repeated, overRate, routed, settled, reports, hooks, requests, webhooks, removed *prometheus.CounterVec

	routeLag, deliveryLag, hookSeconds, requestSeconds, carrierSeconds, paceSeconds, webhookSeconds *prometheus.HistogramVec

	commitSeconds, commitOperations prometheus.Histogram
}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.accepted = m.counter("inbound_accepted_total", "Inbound messages that were stored.", "channel")
	m.repeated = m.counter("inbound_repeated_total", "Inbound messages that their carrier had delivered before.", "channel")
	m.overRate = m.counter("inbound_over_rate_total", "Inbound messages that were over their sender's rate.", "channel")
	m.routed = m.counter("inbound_routed_total", "Inbound messages by what became of them.", "channel", "result")
	m.routeLag = m.histogram("inbound_lag_seconds", "From storing an inbound message to appending it.", "channel")
	m.settled = m.counter("deliveries_settled_total", "Answers of carriers to deliveries: sent, failed, retry, unknown, dead.", "channel", "result")
	m.deliveryLag = m.histogram("delivery_lag_seconds", "From making a delivery to its being sent.", "channel")
	m.reports = m.counter("status_reports_total", "Status reports of carriers by what became of them.", "channel", "fate")
	m.hooks = m.counter("hook_requests_total", "Requests of carriers.", "channel", "result")
	m.hookSeconds = m.histogram("hook_seconds", "How long requests of carriers took.", "channel")
	m.requests = m.counter("api_requests_total", "Requests to the REST API.", "route", "status")
	m.requestSeconds = m.histogram("api_seconds", "How long requests to the REST API took.", "route")
	m.carrierSeconds = m.histogram("carrier_seconds", "How long requests to carriers took.", "channel", "verdict")
	m.paceSeconds = m.histogram("pace_seconds", "How long sends waited for their turn, of those that had to.", "channel", "by")
	m.webhooks = m.counter("webhook_calls_total", "Calls of webhooks that hear of events, by the kind of target.", "target", "outcome")
	m.webhookSeconds = m.histogram("webhook_seconds", "How long calls of webhooks that hear of events took.", "target", "outcome")
	m.removed = m.counter("retention_removed_total", "Messages, and files of messages, that were removed because they were older than they are kept.", "kind")
	m.commitSeconds = m.single("commit_seconds", "How long commits of the store took.", prometheus.ExponentialBuckets(0.00025, 2, 14))
	m.commitOperations = m.single("commit_operations", "How many operations shared a commit.", prometheus.ExponentialBuckets(1, 2, 10))
	return m
}

func (m *metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "bridged", Name: name, Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *metrics) histogram(name, help string, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "bridged", Name: name, Help: help,
		Buckets: prometheus.ExponentialBuckets(0.0005, 2, 18), // half a millisecond to a minute
	}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *metrics) single(name, help string, buckets []float64) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "bridged", Name: name, Help: help, Buckets: buckets})
	m.registry.MustRegister(h)
	return h
}

func (m *metrics) watchBacklog(count func() int) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "bridged", Name: "backlog", Help: "Inbound messages that are stored and not finished.",
	}, func() float64 { return float64(count()) }))
}

func (m *metrics) watchStreams(count func() int) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "bridged", Name: "event_streams", Help: "Clients that read the stream of events now.",
	}, func() float64 { return float64(count()) }))
}

func (m *metrics) watchWaiting(adapters []channels.Adapter, count func(channel string) int) {
	for _, a := range adapters {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: "bridged", Name: "pace_waiting", Help: "Sends that wait for their turn now.",
			ConstLabels: prometheus.Labels{"channel": a.Name()},
		}, func() float64 { return float64(count(a.Name())) }))
	}
}

// watchTime bounds the count of what waits.
const watchTime = 2 * time.Second

// watchNotices counts what webhooks have yet to hear, each time that somebody asks.
func (m *metrics) watchNotices(db *store.DB) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "bridged", Name: "webhook_backlog", Help: "What webhooks have yet to hear; -1 where the store cannot say.",
	}, func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), watchTime)
		defer cancel()
		n, err := db.CountTasks(ctx, bridge.TopicWebhooks)
		if err != nil {
			return -1
		}
		return float64(n)
	}))
}

func (m *metrics) told(kind, outcome string, took time.Duration) {
	m.webhooks.WithLabelValues(kind, outcome).Inc()
	m.webhookSeconds.WithLabelValues(kind, outcome).Observe(took.Seconds())
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Accepted implements bridge.Observer.
func (m *metrics) Accepted(channel string, fresh, repeated int) {
	m.accepted.WithLabelValues(channel).Add(float64(fresh))
	m.repeated.WithLabelValues(channel).Add(float64(repeated))
}

// OverRate implements bridge.Observer.
func (m *metrics) OverRate(channel string, messages int) {
	m.overRate.WithLabelValues(channel).Add(float64(messages))
}

// Routed implements bridge.Observer.
func (m *metrics) Routed(channel string, state conversations.InboundState, lag time.Duration) {
	result := "appended"
	switch state {
	case conversations.InboundUnrouted:
		result = "unrouted"
	case conversations.InboundDropped:
		result = "dropped"
	case conversations.InboundCalled:
		result = "webhook"
	case conversations.InboundObeyed:
		result = "keyword"
	case conversations.InboundPending, conversations.InboundAppended:
	}
	m.routed.WithLabelValues(channel, result).Inc()
	m.routeLag.WithLabelValues(channel).Observe(lag.Seconds())
}

// Settled implements bridge.Observer.
func (m *metrics) Settled(channel string, result bridge.Settlement, lag time.Duration) {
	m.settled.WithLabelValues(channel, string(result)).Inc()
	if result == bridge.SettledSent {
		m.deliveryLag.WithLabelValues(channel).Observe(lag.Seconds())
	}
}

// Reported implements bridge.Observer.
func (m *metrics) Reported(channel string, fate bridge.ReportFate) {
	m.reports.WithLabelValues(channel, string(fate)).Inc()
}

// Removed implements bridge.RemovalObserver.
func (m *metrics) Removed(kind string, n int) { m.removed.WithLabelValues(kind).Add(float64(n)) }

func (m *metrics) hook(channel, result string, took time.Duration) {
	m.hooks.WithLabelValues(channel, result).Inc()
	m.hookSeconds.WithLabelValues(channel).Observe(took.Seconds())
}

func (m *metrics) api(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.requestSeconds.WithLabelValues(route).Observe(took.Seconds())
}

func (m *metrics) sending(channel, verdict string, took time.Duration) {
	m.carrierSeconds.WithLabelValues(channel, verdict).Observe(took.Seconds())
}

func (m *metrics) paced(channel, by string, waited time.Duration) {
	m.paceSeconds.WithLabelValues(channel, by).Observe(waited.Seconds())
}

func (m *metrics) committed(operations int, took time.Duration) {
	m.commitOperations.Observe(float64(operations))
	m.commitSeconds.Observe(took.Seconds())
}

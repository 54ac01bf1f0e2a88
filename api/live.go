package api

import (
	"time"

	"bridged/conversations"
	"bridged/twilio"
)

// Metrics are what the process counts and measures of itself. Date is when, Started
// since when: counters begin anew with the process.
type Metrics struct {
	Date, Started time.Time
	Families      []MetricFamily
}

// MetricFamily is one metric: a counter, a gauge or a histogram.
type MetricFamily struct {
	Name, Kind, Help string
	Bounds           []float64 // of a histogram: the upper bounds of its buckets but the last
	Series           []MetricSeries
}

// MetricSeries is one metric under one set of labels.
type MetricSeries struct {
	Labels map[string]string
	Value  float64 // of a counter or gauge
	// Of a histogram: how many values are in each bucket, the last of which has no
	// bound, and their sum.
	Counts []uint64
	Sum    float64
	// Quantiles are estimated from the buckets, by "p50", "p95" and "p99"; nil where
	// nothing was measured.
	Quantiles map[string]float64
}

// live is a snapshot of the metrics. Times are in seconds.
type live struct {
	Date        string       `json:"date"`
	DateStarted string       `json:"date_started"`
	Metrics     []liveMetric `json:"metrics"`
}

type liveMetric struct {
	Name   string       `json:"name"`
	Type   string       `json:"type"`
	Help   string       `json:"help"`
	Bounds []float64    `json:"bounds,omitempty"`
	Series []liveSeries `json:"series"`
}

// liveSeries has a value, or what a histogram has.
type liveSeries struct {
	Labels    map[string]string  `json:"labels"`
	Value     *float64           `json:"value,omitempty"`
	Counts    []uint64           `json:"counts,omitempty"`
	Sum       *float64           `json:"sum,omitempty"`
	Quantiles map[string]float64 `json:"quantiles,omitempty"`
}

// fetchLive shows the metrics as they are now.
func (s *server) fetchLive(*call) (reply, error) {
	found, err := s.cfg.Metrics()
	return fetched(showLive, found, err)
}

func showLive(m Metrics) live {
	shown := live{Date: exactDate(m.Date), DateStarted: exactDate(m.Started), Metrics: make([]liveMetric, len(m.Families))}
	for i, f := range m.Families {
		one := liveMetric{Name: f.Name, Type: f.Kind, Help: f.Help, Bounds: f.Bounds, Series: make([]liveSeries, len(f.Series))}
		for j, series := range f.Series {
			one.Series[j] = liveSeries{Labels: series.Labels, Counts: series.Counts, Quantiles: series.Quantiles}
			if series.Counts != nil {
				one.Series[j].Sum = &series.Sum
			} else {
				one.Series[j].Value = &series.Value
			}
		}
		shown.Metrics[i] = one
	}
	return shown
}

// maxTraced bounds the deliveries of which a trace tells.
const maxTraced = 100

// messageTrace is the way of a message: when it was accepted from its carrier,
// appended to its conversation, and how each delivery went.
type messageTrace struct {
	MessageSID      string          `json:"message_sid"`
	ConversationSID string          `json:"conversation_sid"`
	ChatServiceSID  string          `json:"chat_service_sid"`
	Inbound         *inboundTrace   `json:"inbound"`
	DateAppended    string          `json:"date_appended"`
	Deliveries      []deliveryTrace `json:"deliveries"`
	MoreDeliveries  bool            `json:"more_deliveries"`
}

// inboundTrace is what the carrier brought. DateSent is by the carrier's clock.
type inboundTrace struct {
	Channel      string  `json:"channel"`
	ProviderID   string  `json:"provider_id"`
	DateSent     *string `json:"date_sent"`
	DateAccepted string  `json:"date_accepted"`
}

// deliveryTrace is when a delivery reached its stages; null is not yet, or not known.
type deliveryTrace struct {
	SID            string                `json:"sid"`
	ParticipantSID *string               `json:"participant_sid"`
	Channel        string                `json:"channel"`
	Address        conversations.Address `json:"address"`
	Status         *string               `json:"status"`
	ErrorCode      *int                  `json:"error_code"`
	Progress       string                `json:"progress"`
	Attempts       int                   `json:"attempts"`
	DateCreated    string                `json:"date_created"`
	DateStarted    *string               `json:"date_started"`
	DateSent       *string               `json:"date_sent"`
	DateDelivered  *string               `json:"date_delivered"`
	DateRead       *string               `json:"date_read"`
	DateFailed     *string               `json:"date_failed"`
	URL            string                `json:"url"`
}

func (s *server) traceMessage(c *call) (reply, error) {
	id, err := pathSID[conversations.MessageID](c, "Sid")
	if err != nil {
		return reply{}, err
	}
	found, err := s.cfg.Store.MessageTrace(c.Context(), id, maxTraced)
	return fetched(s.showTrace, found, err)
}

func (s *server) showTrace(t conversations.MessageTrace) messageTrace {
	shown := messageTrace{
		MessageSID:      twilio.SID(t.Message),
		ConversationSID: twilio.SID(t.Conversation),
		ChatServiceSID:  twilio.SID(t.Service),
		DateAppended:    exactDate(t.Appended),
		Deliveries:      make([]deliveryTrace, len(t.Deliveries)),
		MoreDeliveries:  t.More,
	}
	if r := t.Inbound; r != nil {
		shown.Inbound = &inboundTrace{
			Channel: r.Channel, ProviderID: r.ProviderID, DateSent: nullableExactDate(r.SentAt), DateAccepted: exactDate(r.Received),
		}
	}
	for i, d := range t.Deliveries {
		shown.Deliveries[i] = deliveryTrace{
			SID:            twilio.SID(d.ID),
			ParticipantSID: twilio.NullableSID(&d.Participant),
			Channel:        d.Channel,
			Address:        d.Address,
			Status:         twilio.NullableStatus(d.Status),
			ErrorCode:      twilio.NullableCode(d.ErrorCode),
			Progress:       progress(d.Progress),
			Attempts:       d.Attempts,
			DateCreated:    exactDate(d.Created),
			DateStarted:    nullableExactDate(d.Started),
			DateSent:       nullableExactDate(d.Sent),
			DateDelivered:  nullableExactDate(d.Delivered),
			DateRead:       nullableExactDate(d.Read),
			DateFailed:     nullableExactDate(d.Failed),
			URL:            s.operationsURL("deliveries/" + twilio.SID(d.ID)),
		}
	}
	return shown
}

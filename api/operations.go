package api

import (
	"strings"
	"time"

	"bridged/conversations"
	"bridged/twilio"
)

// delivery is everything that is known of a delivery, the carrier's own words
// included, which the reference's receipt leaves out.
type delivery struct {
	deliveryEntry
	Attempts      []attempt      `json:"attempts"`
	StatusReports []statusReport `json:"status_reports"`
}

// deliveryEntry is a delivery in a list. DeadLetterID is of what can be redriven, null
// where nothing can.
type deliveryEntry struct {
	SID               string                  `json:"sid"`
	AccountSID        string                  `json:"account_sid"`
	ConversationSID   *string                 `json:"conversation_sid"`
	MessageSID        *string                 `json:"message_sid"`
	ParticipantSID    *string                 `json:"participant_sid"`
	Channel           string                  `json:"channel"`
	Address           conversations.Address   `json:"address"`
	ProxyAddress      conversations.Address   `json:"proxy_address"`
	OtherAddresses    []conversations.Address `json:"other_addresses"`
	ChannelMessageSID *string                 `json:"channel_message_sid"`
	ProviderID        *string                 `json:"provider_id"`
	Status            *string                 `json:"status"`
	ErrorCode         *int                    `json:"error_code"`
	Progress          string                  `json:"progress"`
	Parts             int                     `json:"parts"`
	Segments          *int                    `json:"segments"`
	Way               *string                 `json:"way"`
	FallbackSID       *string                 `json:"fallback_content_sid"`
	DateDue           *string                 `json:"date_due"`
	Reason            *string                 `json:"reason"`
	Files             []sentFile              `json:"files"`
	DateCreated       string                  `json:"date_created"`
	DateUpdated       string                  `json:"date_updated"`
	DeadLetterID      *int64                  `json:"dead_letter_id"`
	URL               string                  `json:"url"`
}

// attempt is one try to hand one part of the message to the carrier.
type attempt struct {
	Number         int     `json:"number"`
	Part           int     `json:"part"`
	Outcome        string  `json:"outcome"`
	ProviderID     *string `json:"provider_id"`
	Status         *string `json:"status"`
	ErrorCode      *int    `json:"error_code"`
	CarrierCode    *string `json:"carrier_code"`
	CarrierMessage *string `json:"carrier_message"`
	Throttled      bool    `json:"throttled"`
	DateStarted    string  `json:"date_started"`
	DateEnded      *string `json:"date_ended"`
}

// statusReport is what the carrier reported, as it was received.
type statusReport struct {
	Channel        string  `json:"channel"`
	ProviderID     string  `json:"provider_id"`
	Status         *string `json:"status"`
	ErrorCode      *int    `json:"error_code"`
	CarrierCode    *string `json:"carrier_code"`
	CarrierMessage *string `json:"carrier_message"`
	DateReported   *string `json:"date_reported"`
	DateReceived   string  `json:"date_received"`
}

type unroutedMessage struct {
	ID           int64                   `json:"id"`
	Channel      string                  `json:"channel"`
	ProviderID   string                  `json:"provider_id"`
	From         conversations.Address   `json:"from"`
	To           conversations.Address   `json:"to"`
	Others       []conversations.Address `json:"others"`
	Body         string                  `json:"body"`
	Media        []unroutedMedia         `json:"media"`
	Reason       string                  `json:"reason"`
	Notes        []string                `json:"notes"`
	DateSent     *string                 `json:"date_sent"`
	DateReceived string                  `json:"date_received"`
}

type unroutedMedia struct {
	ContentType string `json:"content_type"`
	Filename    string `json:"filename"`
	Size        int64  `json:"size"`
}

func (s *server) fetchDelivery(c *call) (reply, error) {
	id, err := pathSID[conversations.DeliveryID](c, "Sid")
	if err != nil {
		return reply{}, err
	}
	found, err := s.cfg.Store.DeliveryDetail(c.Context(), id)
	return fetched(s.showDelivery, found, err)
}

func (s *server) listUnrouted(c *call) (reply, error) {
	return listed(c, twilio.MaxOperations, "unrouted", s.operationsURL("unrouted"), showUnrouted, s.cfg.Store.Unrouted)
}

func (s *server) operationsURL(name string) string {
	return strings.TrimRight(s.cfg.PublicURL, "/") + "/bridged/v1/" + name
}

func (s *server) showDelivery(d conversations.DeliveryDetail) delivery {
	shown := delivery{
		deliveryEntry: s.showDeliveryEntry(conversations.DeliveryEntry{Delivery: d.Delivery, Letter: d.Letter}),
		Attempts:      make([]attempt, len(d.Attempts)),
		StatusReports: make([]statusReport, len(d.Reports)),
	}
	for i, a := range d.Attempts {
		shown.Attempts[i] = showAttempt(a)
	}
	for i, r := range d.Reports {
		shown.StatusReports[i] = showReport(r)
	}
	return shown
}

func (s *server) showDeliveryEntry(d conversations.DeliveryEntry) deliveryEntry {
	shown := deliveryEntry{
		SID:               twilio.SID(d.ID),
		AccountSID:        s.cfg.Account.SID,
		ConversationSID:   twilio.NullableSID(&d.Conversation),
		ParticipantSID:    twilio.NullableSID(&d.Participant),
		Channel:           d.Channel,
		Address:           d.Address,
		ProxyAddress:      d.Proxy,
		OtherAddresses:    append([]conversations.Address{}, d.Others...),
		ChannelMessageSID: twilio.DeliverySID(d.Delivery),
		ProviderID:        nullable(d.ProviderID),
		Status:            twilio.NullableStatus(d.Status),
		ErrorCode:         twilio.NullableCode(d.ErrorCode),
		Progress:          progress(d.Progress),
		Parts:             d.Parts,
		Segments:          nullableCount(d.Segments),
		Way:               nullable(string(d.Way)),
		FallbackSID:       twilio.NullableSID(&d.Fallback),
		DateDue:           twilio.NullableDate(d.Due),
		Reason:            nullable(d.Reason),
		Files:             showSentFiles(d.Files),
		DateCreated:       twilio.Date(d.Created),
		DateUpdated:       twilio.Date(d.Updated),
		URL:               s.operationsURL("deliveries/" + twilio.SID(d.ID)),
	}
	if d.Conversation != "" { // a message that is in none is no resource
		shown.MessageSID = twilio.NullableSID(&d.Message)
	}
	if d.Letter != 0 {
		shown.DeadLetterID = &d.Letter
	}
	return shown
}

// progress names where a delivery stands.
func progress(p conversations.Progress) string {
	switch p {
	case conversations.ProgressHeld:
		return "held"
	case conversations.ProgressWaiting:
		return "waiting"
	case conversations.ProgressSending:
		return "sending"
	case conversations.ProgressRetry:
		return "retry"
	case conversations.ProgressUnknown:
		return "unknown"
	case conversations.ProgressDone:
		return "done"
	case conversations.ProgressDead:
		return "dead"
	case conversations.ProgressAlong:
		return "along"
	}
	return ""
}

func showAttempt(a conversations.Attempt) attempt {
	outcome := string(a.Outcome)
	if a.Outcome == conversations.OutcomePending {
		outcome = "pending"
	}
	return attempt{
		Number:         a.Number,
		Part:           a.Part,
		Outcome:        outcome,
		ProviderID:     nullable(a.ProviderID),
		Status:         twilio.NullableStatus(a.Status),
		ErrorCode:      twilio.NullableCode(a.ErrorCode),
		CarrierCode:    nullable(a.CarrierCode),
		CarrierMessage: nullable(a.Detail),
		Throttled:      a.Throttled,
		DateStarted:    exactDate(a.Started),
		DateEnded:      nullableExactDate(a.Ended),
	}
}

func showReport(r conversations.StatusRecord) statusReport {
	return statusReport{
		Channel:        r.Channel,
		ProviderID:     r.ProviderID,
		Status:         twilio.NullableStatus(r.Status),
		ErrorCode:      twilio.NullableCode(r.ErrorCode),
		CarrierCode:    nullable(r.CarrierCode),
		CarrierMessage: nullable(r.Detail),
		DateReported:   nullableExactDate(r.At),
		DateReceived:   exactDate(r.Received),
	}
}

func showUnrouted(r conversations.InboundRecord) unroutedMessage {
	shown := unroutedMessage{
		ID:           r.Seq,
		Channel:      r.Channel,
		ProviderID:   r.ProviderID,
		From:         r.From,
		To:           r.To,
		Others:       append([]conversations.Address{}, r.Others...),
		Body:         r.Body,
		Media:        make([]unroutedMedia, len(r.Media)),
		Reason:       r.Reason,
		Notes:        append([]string{}, r.Notes...),
		DateSent:     twilio.NullableDate(r.SentAt),
		DateReceived: twilio.Date(r.Received),
	}
	for i, m := range r.Media {
		// Where the carrier keeps the file is left out: its URL may hold a secret.
		shown.Media[i] = unroutedMedia{ContentType: m.ContentType, Filename: m.Filename, Size: m.Size}
	}
	return shown
}

// nullable shows a text that may be missing.
func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// exactDate keeps the fractions of a second: an operator compares these dates
// with a carrier's log.
func exactDate(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// nullableCount is null for what is not counted.
func nullableCount(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

func nullableExactDate(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return nullable(exactDate(t))
}

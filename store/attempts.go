package store

import (
	"time"

	"bridged/bindings"
	"bridged/conversations"
)

const attemptColumns = `a.number, a.part, a.outcome, a.provider_id, a.status, a.error_code, a.carrier_code, a.detail,
	a.throttled, a.started, a.ended`

// attemptRow is an attempt as its columns have it.
type attemptRow struct {
	conversations.Attempt
	provider       *string
	throttled      int
	started, ended int64
}

func (r *attemptRow) into() []any {
	a := &r.Attempt
	return []any{
		&a.Number, &a.Part, &a.Outcome, &r.provider, &a.Status, &a.ErrorCode, &a.CarrierCode, &a.Detail,
		&r.throttled, &r.started, &r.ended,
	}
}

func (r *attemptRow) attempt() conversations.Attempt {
	a := r.Attempt
	if r.provider != nil {
		a.ProviderID = *r.provider
	}
	a.Throttled = r.throttled != 0
	a.Started, a.Ended = fromMicros(r.started), fromMicros(r.ended)
	return a
}

func attemptsOf(q querier, d conversations.Delivery) ([]conversations.Attempt, error) {
	return all(q, func(s scanner) (conversations.Attempt, error) {
		var r attemptRow
		if err := s.Scan(r.into()...); err != nil {
			return conversations.Attempt{}, err
		}
		return r.attempt(), nil
	}, "SELECT "+attemptColumns+" FROM attempts a WHERE a.delivery_id = $1 ORDER BY a.number", d.ID)
}

// Attempts returns the attempts of a delivery, first to last.
func (tx *Tx) Attempts(d conversations.Delivery) ([]conversations.Attempt, error) {
	return attemptsOf(tx.querier, d)
}

// InsertAttempt stores a new attempt.
func (tx *Tx) InsertAttempt(d conversations.Delivery, a conversations.Attempt) error {
	return tx.run(`INSERT INTO attempts (delivery_id, number, channel, pair_key, part, outcome, provider_id, status,
		error_code, carrier_code, detail, started, ended, line) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		d.ID, a.Number, d.Channel, bindings.MatchKey(d.Address, d.Proxy), a.Part, a.Outcome, optionalText(a.ProviderID), a.Status, a.ErrorCode,
		a.CarrierCode, a.Detail, micros(a.Started), micros(a.Ended), groupLine(d))
}

// UpdateAttempt stores what can change.
func (tx *Tx) UpdateAttempt(d conversations.Delivery, a conversations.Attempt) error {
	return tx.run(`UPDATE attempts SET outcome = $3, provider_id = $4, status = $5, error_code = $6, carrier_code = $7,
		detail = $8, ended = $9, throttled = $10 WHERE delivery_id = $1 AND number = $2`,
		d.ID, a.Number, a.Outcome, optionalText(a.ProviderID), a.Status, a.ErrorCode, a.CarrierCode, a.Detail, micros(a.Ended),
		number(a.Throttled))
}

// groupLine is the line of a group message; nil for any other delivery.
func groupLine(d conversations.Delivery) *string {
	if len(d.Others) == 0 {
		return nil
	}
	return optionalText(bindings.LineKey(d))
}

func optionalText(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// FindAttempt returns the delivery and the attempt that the carrier knows by
// this id.
func (tx *Tx) FindAttempt(channel, providerID string) (conversations.Delivery, conversations.Attempt, error) {
	return tx.attemptWhere("a.channel = $1 AND a.provider_id = $2 LIMIT 1", channel, providerID)
}

// GroupLines returns the lines in which group messages to the pair are that no
// carrier's id is known of: under way, or of unknown outcome.
func (tx *Tx) GroupLines(pairKey string) ([]string, error) {
	return all(tx.querier, scanText, `SELECT DISTINCT a.line FROM attempts a
		WHERE a.pair_key = $1 AND a.line IS NOT NULL AND a.provider_id IS NULL AND a.outcome IN ('', 'unknown')`, pairKey)
}

// UnknownAttempt returns the oldest attempt at a pair in a line whose outcome is
// unknown still and that a report may be about, with its delivery: one that began after
// since, or that its delivery waits for.
func (tx *Tx) UnknownAttempt(r conversations.StatusRecord, to conversations.PairLine, since time.Time) (conversations.Delivery, conversations.Attempt, error) {
	return tx.attemptWhere(unknownToPair+" ORDER BY a.started LIMIT 1", to.Pair, r.Channel, micros(since), micros(r.Received), to.Line, r.Newest)
}

const unknownToPair = `a.pair_key = $1 AND a.outcome = 'unknown' AND a.provider_id IS NULL AND a.channel = $2
	AND a.started <= $4 AND (a.started >= $3 OR d.progress = 3) AND COALESCE(a.line, a.pair_key) = $5
	AND (d.seq <= $6 OR $6 < 0)`

// HasOtherUnknown says whether there is such an attempt of another delivery.
func (tx *Tx) HasOtherUnknown(r conversations.StatusRecord, to conversations.PairLine, since time.Time, but conversations.DeliveryID) (bool, error) {
	_, _, err := tx.attemptWhere(unknownToPair+" AND a.delivery_id <> $7 LIMIT 1",
		to.Pair, r.Channel, micros(since), micros(r.Received), to.Line, r.Newest, but)
	if conversations.NotFound.Is(err) {
		return false, nil
	}
	return err == nil, err
}

func (tx *Tx) attemptWhere(condition string, args ...any) (conversations.Delivery, conversations.Attempt, error) {
	var (
		d deliveryRow
		a attemptRow
	)
	err := tx.one("SELECT "+deliveryColumns+", "+attemptColumns+` FROM attempts a
		JOIN deliveries d ON d.id = a.delivery_id WHERE `+condition, args, append(d.into(), a.into()...)...)
	if err != nil {
		return conversations.Delivery{}, conversations.Attempt{}, notFound(err, "attempt")
	}
	delivery, err := d.delivery()
	return delivery, a.attempt(), err
}

const statusColumns = `s.seq, s.channel, s.provider_id, s.pair_key, s.status, s.error_code, s.carrier_code, s.detail,
	s.at, s.received, s.delivery_id, s.newest`

func scanStatus(s scanner) (conversations.StatusRecord, error) {
	var (
		r            conversations.StatusRecord
		delivery     *conversations.DeliveryID
		at, received int64
	)
	err := s.Scan(&r.Seq, &r.Channel, &r.ProviderID, &r.PairKey, &r.Status, &r.ErrorCode, &r.CarrierCode, &r.Detail,
		&at, &received, &delivery, &r.Newest)
	if delivery != nil {
		r.Delivery = *delivery
	}
	r.At, r.Received = fromMicros(at), fromMicros(received)
	return r, err
}

// InsertStatus stores a status report and sets its Seq and Newest.
func (tx *Tx) InsertStatus(r *conversations.StatusRecord) error {
	*tx.wrote = true
	return tx.one(`INSERT INTO statuses (channel, provider_id, pair_key, status, error_code, carrier_code, detail,
		at, received, delivery_id, newest)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, (SELECT COALESCE(MAX(seq), 0) FROM deliveries)) RETURNING seq, newest`,
		[]any{r.Channel, r.ProviderID, r.PairKey, r.Status, r.ErrorCode, r.CarrierCode, r.Detail, micros(r.At), micros(r.Received), orNull(r.Delivery)},
		&r.Seq, &r.Newest)
}

// FindStatus returns an accepted status report.
func (tx *Tx) FindStatus(seq int64) (conversations.StatusRecord, error) {
	r, err := first(tx.querier, scanStatus, "SELECT "+statusColumns+" FROM statuses s WHERE s.seq = $1", seq)
	return r, notFound(err, "status report")
}

// MatchStatus records which delivery a report is about.
func (tx *Tx) MatchStatus(seq int64, d conversations.DeliveryID) error {
	return tx.run("UPDATE statuses SET delivery_id = $2 WHERE seq = $1", seq, d)
}

// EarlyStatuses returns the reports of messages that are not known yet, in order
// of arrival: those of a provider id, and those of a pair that came after since.
func (tx *Tx) EarlyStatuses(channel, providerID, pairKey string, since time.Time) ([]conversations.StatusRecord, error) {
	return all(tx.querier, scanStatus, "SELECT "+statusColumns+` FROM statuses s
		WHERE s.channel = $1 AND s.provider_id = $2 AND s.delivery_id IS NULL
		UNION SELECT `+statusColumns+` FROM statuses s
		WHERE s.pair_key = $3 AND s.received >= $4 AND s.channel = $1 AND s.delivery_id IS NULL
		AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.channel = s.channel AND a.provider_id = s.provider_id)
		ORDER BY 1`,
		channel, providerID, pairKey, micros(since))
}

// DropStatuses removes up to limit reports from before t whose message never became
// known, and counts them by channel.
func (tx *Tx) DropStatuses(t time.Time, limit int) (map[string]int, error) {
	*tx.wrote = true
	channels, err := all(tx.querier, scanText, `DELETE FROM statuses WHERE delivery_id IS NULL AND received < $1 AND seq IN
		(SELECT seq FROM statuses WHERE delivery_id IS NULL AND received < $1 LIMIT $2) RETURNING channel`, micros(t), limit)
	if err != nil || len(channels) == 0 {
		return nil, err
	}
	counts := make(map[string]int)
	for _, c := range channels {
		counts[c]++
	}
	return counts, nil
}

package store

import (
	"time"

	"bridged/conversations"
)

// Answer returns the answer that is kept for an idempotency key.
func (tx *Tx) Answer(key string) (a conversations.Answer, ok bool, err error) {
	var at int64
	err = tx.one("SELECT fingerprint, status, body, created FROM answers WHERE request_key = $1", []any{key},
		&a.Fingerprint, &a.Status, &a.Body, &at)
	if conversations.NotFound.Is(notFound(err, "answer")) {
		return a, false, nil
	}
	a.At = fromMicros(at)
	return a, err == nil, err
}

// KeepAnswer keeps the answer to an idempotency key, in place of an older one.
func (tx *Tx) KeepAnswer(key string, a conversations.Answer) error {
	return tx.run(`INSERT INTO answers (request_key, fingerprint, status, body, created) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (request_key) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status,
		body = excluded.body, created = excluded.created`,
		key, a.Fingerprint, a.Status, a.Body, micros(a.At))
}

// ForgetAnswers removes up to limit answers from before t, and counts them.
func (tx *Tx) ForgetAnswers(t time.Time, limit int) (int, error) {
	*tx.wrote = true
	gone, err := all(tx.querier, scanText, `DELETE FROM answers WHERE created < $1 AND request_key IN
		(SELECT request_key FROM answers WHERE created < $1 LIMIT $2) RETURNING request_key`, micros(t), limit)
	return len(gone), err
}

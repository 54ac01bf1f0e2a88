package store

import (
	"bridged/conversations"
)

const callColumns = `c.seq, c.messaging_service_id, c.channel, c.provider_id, c.sender, c.receiver, c.profile_name, c.body, c.media, c.created, c.keyword`

func scanCall(s scanner) (conversations.InboundCall, error) {
	var (
		c       conversations.InboundCall
		media   *string
		created int64
	)
	m := &c.Message
	err := s.Scan(&c.Seq, &c.MessagingService, &m.Channel, &m.ProviderID, &m.From, &m.To, &m.ProfileName, &m.Body, &media, &created, &m.Keyword)
	if err != nil {
		return c, err
	}
	c.Created = fromMicros(created)
	m.Media, err = decodeList[conversations.Media](media)
	return c, err
}

// InsertInboundCall stores a call that has yet to be made, and sets its Seq.
func (tx *Tx) InsertInboundCall(c *conversations.InboundCall) error {
	media, err := encodeList(c.Message.Media)
	if err != nil {
		return err
	}
	m := c.Message
	c.Seq, err = tx.insert(`INSERT INTO inbound_calls (messaging_service_id, channel, provider_id, sender, receiver, profile_name, body, media, created, keyword)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING seq`,
		c.MessagingService, m.Channel, m.ProviderID, m.From, m.To, m.ProfileName, m.Body, media, micros(c.Created), m.Keyword)
	return err
}

// FindInboundCall returns a call that has yet to be made, and locks it.
func (tx *Tx) FindInboundCall(seq int64) (conversations.InboundCall, error) {
	c, err := first(tx.querier, scanCall, "SELECT "+callColumns+" FROM inbound_calls c WHERE c.seq = $1"+tx.forUpdate("c"), seq)
	return c, notFound(err, "inbound call")
}

// DeleteInboundCall removes a call that has been made.
func (tx *Tx) DeleteInboundCall(seq int64) error {
	return tx.run("DELETE FROM inbound_calls WHERE seq = $1", seq)
}

// InsertText stores a message that is in no conversation.
func (tx *Tx) InsertText(m conversations.Message) error {
	media, err := encodeList(m.Media)
	if err != nil {
		return err
	}
	return tx.run("INSERT INTO outbound_texts (id, body, media, created) VALUES ($1, $2, $3, $4)",
		m.ID, m.Body, media, micros(m.Created))
}

func findText(q querier, id conversations.MessageID) (conversations.Message, error) {
	m, err := first(q, func(s scanner) (conversations.Message, error) {
		var (
			m       conversations.Message
			media   *string
			created int64
		)
		if err := s.Scan(&m.ID, &m.Body, &media, &created); err != nil {
			return m, err
		}
		m.Created = fromMicros(created)
		m.Updated = m.Created
		var err error
		m.Media, err = decodeList[conversations.Media](media)
		return m, err
	}, "SELECT t.id, t.body, t.media, t.created FROM outbound_texts t WHERE t.id = $1", id)
	return m, notFound(err, "message")
}

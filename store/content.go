package store

import (
	"context"
	"encoding/json"
	"fmt"

	"bridged/conversations"
)

const contentColumns = `t.seq, t.id, t.friendly_name, t.language, t.variables, t.forms,
	t.approval_name, t.approval_category, t.approved, t.created, t.updated`

func scanContent(s scanner) (conversations.Content, error) {
	var (
		c                          conversations.Content
		a                          conversations.Approval
		variables, forms           string
		approved, created, updated int64
	)
	err := s.Scan(&c.Seq, &c.ID, &c.FriendlyName, &c.Language, &variables, &forms,
		&a.Name, &a.Category, &approved, &created, &updated)
	if err != nil {
		return c, err
	}
	c.Created, c.Updated = fromMicros(created), fromMicros(updated)
	if approved != 0 {
		a.At = fromMicros(approved)
		c.Approval = &a
	}
	if c.Variables, err = decodeValues(&variables); err != nil {
		return c, err
	}
	c.Forms, err = decodeList[conversations.ContentForm](&forms)
	return c, err
}

// encodeValues stores the values of variables as JSON.
func encodeValues(values map[string]string) (string, error) {
	if values == nil {
		values = map[string]string{}
	}
	b, err := json.Marshal(values)
	return string(b), err
}

func decodeValues(text *string) (values map[string]string, err error) {
	if text == nil {
		return nil, nil //nolint:nilnil // NULL stands for no values at all
	}
	if err = json.Unmarshal([]byte(*text), &values); err != nil {
		return nil, fmt.Errorf("decode stored variables: %w", err)
	}
	return values, nil
}

func findContent(q querier, id conversations.ContentID) (conversations.Content, error) {
	c, err := first(q, scanContent, "SELECT "+contentColumns+" FROM contents t WHERE t.id = $1", id)
	return c, notFound(err, "content")
}

// Content returns a content.
func (db *DB) Content(ctx context.Context, id conversations.ContentID) (conversations.Content, error) {
	return findContent(db.reader(ctx), id)
}

// Contents returns a page of the contents in the order of their creation.
func (db *DB) Contents(ctx context.Context, p conversations.Page) (conversations.Listing[conversations.Content], error) {
	return listed[conversations.Content]{
		columns: contentColumns, from: "FROM contents t WHERE 1 = 1", major: "t.seq", scan: scanContent,
		cursor: func(c conversations.Content) conversations.Cursor { return conversations.Cursor{Major: c.Seq} },
	}.page(db.reader(ctx), p)
}

// FindContent is Content within a commit.
func (tx *Tx) FindContent(id conversations.ContentID) (conversations.Content, error) {
	return findContent(tx.querier, id)
}

// InsertContent stores a new content and sets its Seq.
func (tx *Tx) InsertContent(c *conversations.Content) error {
	variables, err := encodeValues(c.Variables)
	if err != nil {
		return err
	}
	forms, err := encodeList(c.Forms)
	if err != nil {
		return err
	}
	a := approvalOf(*c)
	c.Seq, err = tx.insert(`INSERT INTO contents (id, friendly_name, language, variables, forms,
		approval_name, approval_category, approved, created, updated)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING seq`,
		c.ID, c.FriendlyName, c.Language, variables, forms,
		a.Name, a.Category, micros(a.At), micros(c.Created), micros(c.Updated))
	return err
}

// UpdateContent stores what can change: its approval.
func (tx *Tx) UpdateContent(c conversations.Content) error {
	a := approvalOf(c)
	return tx.run("UPDATE contents SET approval_name = $2, approval_category = $3, approved = $4, updated = $5 WHERE id = $1",
		c.ID, a.Name, a.Category, micros(a.At), micros(c.Updated))
}

// DeleteContent removes a content. Messages that were made of it keep its ID.
func (tx *Tx) DeleteContent(id conversations.ContentID) error {
	return tx.run("DELETE FROM contents WHERE id = $1", id)
}

func approvalOf(c conversations.Content) conversations.Approval {
	if c.Approval == nil {
		return conversations.Approval{}
	}
	return *c.Approval
}

// messageContent is what the columns of a message say of its content.
func messageContent(id *conversations.ContentID, variables *string) (*conversations.MessageContent, error) {
	if id == nil {
		return nil, nil //nolint:nilnil // most messages are made of no content
	}
	values, err := decodeValues(variables)
	return &conversations.MessageContent{ID: *id, Variables: values}, err
}

// contentColumnsOf is the reverse of messageContent.
func contentColumnsOf(m conversations.Message) (id *conversations.ContentID, variables *string, err error) {
	if m.Content == nil {
		return nil, nil, nil
	}
	text, err := encodeValues(m.Content.Variables)
	return &m.Content.ID, &text, err
}

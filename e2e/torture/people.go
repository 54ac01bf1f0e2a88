package main

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"bridged/e2e/fakecarrier"
	"bridged/e2e/torture/history"
)

// patience bounds every wait for the daemon to answer well again.
const patience = 2 * time.Minute

// written is a line of which it is known whether it was acknowledged.
type written struct {
	line
	acknowledged bool
}

// picture is the smallest that can be opened.
const picture = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89" +
	"\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00\x00IEND\xaeB`\x82"

// write has everybody write what the plan has for a step, and returns when all of it
// is acknowledged. Each writes one message after the other, and again what was not
// acknowledged.
func (w *world) write(ctx context.Context, lines []line) error {
	begun := time.Now()
	of := make(map[string][]line)
	for _, l := range lines {
		author := w.plan.author(l)
		of[author] = append(of[author], l)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		fault error
	)
	for _, list := range of {
		group.Go(func() {
			for _, l := range list {
				pause(ctx, time.Until(begun.Add(l.after)))
				err := w.writeOne(ctx, l)
				w.mu.Lock()
				w.written = append(w.written, written{l, err == nil})
				w.mu.Unlock()
				if err != nil {
					mu.Lock()
					fault = errors.Join(fault, fmt.Errorf("%s is not acknowledged: %w", l.token, err))
					mu.Unlock()
					return
				}
			}
		})
	}
	group.Wait()
	return fault
}

// errRefused is the end of a message that REST refuses because a webhook does.
var errRefused = errors.New("refused")

// writeOne writes a line until it is acknowledged.
func (w *world) writeOne(ctx context.Context, l line) error {
	send := w.post
	if l.person < 0 {
		send = w.create
	}
	if l.twice {
		w.writeTwice(ctx, l, send)
	}
	last := errNobody
	for ctx.Err() == nil {
		once, cancel := context.WithTimeout(ctx, 4*time.Second)
		err := send(once, l)
		cancel()
		if err == nil || errors.Is(err, errRefused) && l.refused {
			return nil
		}
		last = err
		w.count("requests repeated")
		pause(ctx, 30*time.Millisecond)
	}
	return last
}

// writeTwice is what goes before: a carrier that calls the hook beside the call that
// counts, or a client that does not wait for its answer.
func (w *world) writeTwice(ctx context.Context, l line, send func(context.Context, line) error) {
	if l.person < 0 {
		cut, cancel := context.WithTimeout(ctx, time.Duration(1+len(l.token)+int(l.after/ms)%15)*ms/2)
		defer cancel()
		_ = send(cut, l) // whether it came through is what nobody knows
		w.count("REST answers cut off")
		return
	}
	w.count("hooks called twice")
	both, cancel := context.WithTimeout(ctx, 2*time.Second)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer cancel()
		_ = send(both, l) // the other call counts
	}()
	_ = send(both, l)
	<-done
}

// text is what a line says.
func (l line) text() string {
	switch {
	case l.keyword != "":
		return l.keyword
	case l.long:
		return strings.Repeat(l.token+" says more than fits in one message. ", 50)
	}
	return l.token + " says hello"
}

// idOf is the carrier's id of an inbound message: the same each time it is told.
func idOf(token string) string {
	sum := md5.Sum([]byte(token))
	return hex.EncodeToString(sum[:])
}

// post calls the hook with a line of somebody outside chat.
func (w *world) post(ctx context.Context, l line) error {
	base, err := w.target()
	if err != nil {
		return err
	}
	p, r := w.plan.people[l.person], w.plan.rooms[l.room]
	hook, id := base+"/hooks/"+p.channel, idOf(l.token)
	var status int
	switch p.channel {
	case whatsappChannel:
		from := strings.TrimPrefix(p.address, "whatsapp:+")
		status, err = w.cloud.Post(ctx, hook, fakecarrier.Message{ID: "wamid." + id, From: from, Body: l.text()})
	case groupChannel:
		m := fakecarrier.Message{ID: id, From: p.address, To: groupProxy, Body: l.text()}
		for _, other := range r.people {
			if other != l.person {
				m.Others = append(m.Others, w.plan.people[other].address)
			}
		}
		status, err = w.bandwidth.Post(ctx, hook, m)
	default:
		m := fakecarrier.Message{ID: "SM" + id, From: p.address, To: smsProxy, Body: l.text()}
		if r.kind == stranger {
			m.To = strangerProxy
		}
		if l.picture {
			w.twilio.Keep(id, fakecarrier.File{Content: picture, ContentType: "image/png"})
			m.Extra = url.Values{"NumMedia": {strconv.Itoa(1)}, "MediaUrl0": {w.twilio.FileURL(id)}, "MediaContentType0": {"image/png"}}
		}
		status, err = w.twilio.Post(ctx, hook, m)
	}
	if err == nil && status/100 != 2 {
		err = fmt.Errorf("the hook answered %d", status)
	}
	return err
}

// create adds a line of a chat participant over REST.
func (w *world) create(ctx context.Context, l line) error {
	var answer struct {
		Code    int
		Message string
	}
	form := url.Values{"Author": {w.plan.rooms[l.room].agent}, "Body": {l.text()}}
	status, err := w.call(ctx, http.MethodPost, w.conversations[l.room].path+"/Messages", form, l.token, &answer)
	switch {
	case err != nil:
		return err
	case answer.Code == 50056:
		return errRefused
	case status != http.StatusCreated:
		return fmt.Errorf("REST answered %d: %s", status, answer.Message)
	}
	return nil
}

// history is what was written, author by author in order.
func (w *world) writtenSoFar() (list []history.Written) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.written {
		list = append(list, history.Written{
			Token: l.token, Author: w.plan.author(l.line), Conversation: w.conversations[l.room].id,
			Acknowledged: l.acknowledged, Refused: l.refused, Keyword: l.keyword != "",
		})
	}
	return list
}

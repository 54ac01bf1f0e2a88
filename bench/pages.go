package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// pageFigure is how long one kind of page takes.
type pageFigure struct {
	name string
	took latencies
}

// pageRepeats is how often a page is asked for.
const pageRepeats = 20

// measurePages asks for pages of lists, of searches and of the inbox.
func measurePages(ctx context.Context, s *stage) (list []pageFigure, err error) {
	for _, page := range []struct{ name, path string }{
		{"conversations, the first page of 50", "/v1/Conversations?PageSize=50"},
		{"inbox, the first page of 40", "/bridged/v1/inbox?PageSize=40"},
		{"inbox, only SMS", "/bridged/v1/inbox?PageSize=40&Channel=sms"},
		{"inbox, only closed conversations, of which there are none", "/bridged/v1/inbox?PageSize=40&State=closed"},
		{"deliveries, the first page of 50", "/bridged/v1/deliveries?PageSize=50"},
		{"search for an order's number", "/bridged/v1/search?Query=0000042"},
		{"search for a telephone number", "/bridged/v1/search?Query=15570000042"},
		{"search for a word that all messages have", "/bridged/v1/search?Query=gate"},
		{"search for the beginning of such a word", "/bridged/v1/search?Query=minu"},
		{"search for a phrase that all messages have", "/bridged/v1/search?Query=%22about+ten+minutes%22"},
		{"search for two words that are never together", "/bridged/v1/search?Query=0000042+0000043"},
	} {
		f := pageFigure{name: page.name}
		for range pageRepeats {
			took, _, err := s.page(ctx, s.URL+page.path)
			if err != nil {
				return nil, err
			}
			f.took = append(f.took, took)
		}
		list = append(list, f)
	}
	for _, walk := range []struct{ name, path string }{
		{"conversations, pages of 100 in the middle", "/v1/Conversations?PageSize=100"},
		{"inbox, pages of 100 in the middle", "/bridged/v1/inbox?PageSize=100"},
	} {
		f, err := s.walk(ctx, walk.name, walk.path)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, nil
}

// page asks for a page, and returns how long that took and where the next one is.
func (s *stage) page(ctx context.Context, address string) (took time.Duration, next string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	r.SetBasicAuth(account, authToken)
	start := time.Now()
	answer, err := s.client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	took = time.Since(start)
	if err != nil {
		return took, "", err
	}
	if answer.StatusCode != http.StatusOK {
		return took, "", fmt.Errorf("GET %s: %s: %s", address, answer.Status, text)
	}
	var page struct {
		Meta struct {
			Next string `json:"next_page_url"`
		}
	}
	err = json.Unmarshal(text, &page)
	return took, page.Meta.Next, err
}

// walk walks through half of a list, and returns how long the last pages took.
func (s *stage) walk(ctx context.Context, name, path string) (f pageFigure, err error) {
	const size = 100
	f.name = name
	next := s.URL + path
	for range max(len(s.pairs)/2/size/2, 1) {
		var took time.Duration
		if took, next, err = s.page(ctx, next); err != nil {
			return f, err
		}
		f.took = append(f.took, took)
		if next == "" {
			break
		}
	}
	f.took = f.took[max(0, len(f.took)-pageRepeats):]
	return f, nil
}

// tellPages tells how long each kind of page took, of all runs together.
func tellPages(s *section, seeds []*seeded, visits [][]visit) {
	head := []string{"page, p50 / p99 ms with as many messages in the store"}
	for _, seed := range seeds {
		head = append(head, thousands(seed.messages()))
	}
	var rows [][]string
	for k, page := range visits[0][0].pages {
		row := []string{page.name}
		for i := range seeds {
			var took latencies
			for _, v := range visits[i] {
				took = append(took, v.pages[k].took...)
			}
			row = append(row, took.both())
		}
		rows = append(rows, row)
	}
	s.note("Pages over HTTP, %d of each kind in every run:", pageRepeats)
	s.table(head, rows...)
}

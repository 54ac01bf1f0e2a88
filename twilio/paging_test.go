package twilio_test

import (
	"encoding/json"
	"math"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/conversations"
	"bridged/twilio"
)

const listURL = "https://bridged.example/v1/Conversations"

func readPage(t require.TestingT, query string, maxSize int) (twilio.PageRequest, error) {
	f, err := twilio.ParseForm(query)
	require.NoError(t, err)
	page := f.ReadPage(maxSize)
	return page, f.Err()
}

// meta is what a list says of itself.
func meta(t require.TestingT, p twilio.PageRequest, next, previous *conversations.Cursor) twilio.Meta {
	list := twilio.List(p, "numbers", listURL, conversations.Listing[int]{Items: []int{1, 2}, Next: next, Previous: previous},
		func(n int) int { return n })
	assert.Equal(t, []int{1, 2}, list["numbers"])
	return list["meta"].(twilio.Meta)
}

func TestPageSizes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		query string
		max   int
		want  int
	}{
		{"", 100, 50},
		{"", 20, 20},
		{"PageSize=1", 100, 1},
		{"PageSize=100", 100, 100},
		{"PageSize=101", 100, 100},
		{"PageSize=1000", 50, 50},
		{"PageSize=1000", 1000, 1000},
	} {
		page, err := readPage(t, tt.query, tt.max)
		require.NoError(t, err, tt.query)
		assert.Equal(t, tt.want, page.Page.Size, tt.query)
		assert.Nil(t, page.Page.After)
		assert.Nil(t, page.Page.Before)
	}
}

func TestPagesThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, query := range []string{
		"PageSize=0", "PageSize=-1", "PageSize=", "PageSize=ten", "PageSize=1.5", "PageSize=99999999999999999999",
		"Page=-1", "Page=x", "Page=2147483647", "Page=99999999999999999999",
		"PageToken=x", "PageToken=YQ", "PageToken=!!!", "PageToken=YgAAAAAAAAABAAAAAAAAAAAA", "PageToken=ZAAAAAAAAAABAAAAAAAAAAA",
	} {
		_, err := readPage(t, query, 100)
		require.Error(t, err, query)
		assert.Equal(t, 20001, twilio.FromError(err, "").Code, query)
	}
}

func TestMetaOfTheFirstPage(t *testing.T) {
	t.Parallel()
	page, err := readPage(t, "", 100)
	require.NoError(t, err)
	page.Keep("Order", "desc")
	page.Keep("StartDate", "a b&c")
	m := meta(t, page, &conversations.Cursor{Major: 7}, nil)
	const first = listURL + "?Order=desc&StartDate=a+b%26c&PageSize=50&Page=0"
	assert.Equal(t, first, m.FirstPageURL)
	assert.Equal(t, first, m.URL)
	assert.Nil(t, m.PreviousPageURL)
	require.NotNil(t, m.NextPageURL)
	assert.Contains(t, *m.NextPageURL, listURL+"?Order=desc&StartDate=a+b%26c&PageSize=50&Page=1&PageToken=")
	assert.Equal(t, 50, m.PageSize)
	assert.Equal(t, "numbers", m.Key)
}

func TestAnEmptyListIsNoNull(t *testing.T) {
	t.Parallel()
	page, err := readPage(t, "", 100)
	require.NoError(t, err)
	b, err := json.Marshal(twilio.List(page, "messages", listURL, conversations.Listing[int]{}, func(n int) int { return n }))
	require.NoError(t, err)
	assert.Contains(t, string(b), `"messages":[]`)
}

// TestNeighboursAreWhereTheyAreSaidToBe follows the URLs of a page's neighbours.
func TestNeighboursAreWhereTheyAreSaidToBe(t *testing.T) {
	t.Parallel()
	cursor := rapid.Custom(func(t *rapid.T) conversations.Cursor {
		any64 := rapid.Int64Range(math.MinInt64, math.MaxInt64)
		return conversations.Cursor{Major: any64.Draw(t, "major"), Minor: any64.Draw(t, "minor")}
	})
	follow := func(t *rapid.T, link *string) twilio.PageRequest {
		require.NotNil(t, link)
		u, err := url.Parse(*link)
		require.NoError(t, err)
		page, err := readPage(t, u.RawQuery, 100)
		require.NoError(t, err)
		page.Keep("Order", u.Query().Get("Order"))
		assert.Equal(t, *link, meta(t, page, nil, nil).URL, "a page names itself as it was asked for")
		return page
	}
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 100).Draw(t, "size")
		page, err := readPage(t, "Page=3&PageSize="+url.QueryEscape(jsonNumber(size)), 100)
		require.NoError(t, err)
		page.Keep("Order", "desc")
		next, previous := cursor.Draw(t, "next"), cursor.Draw(t, "previous")
		m := meta(t, page, &next, &previous)

		after := follow(t, m.NextPageURL)
		assert.Equal(t, conversations.Page{Size: size, After: &next}, after.Page)
		assert.Equal(t, 4, meta(t, after, nil, nil).Page)
		before := follow(t, m.PreviousPageURL)
		assert.Equal(t, conversations.Page{Size: size, Before: &previous}, before.Page)
		assert.Equal(t, 2, meta(t, before, nil, nil).Page)
	})
}

func jsonNumber(n int) string {
	b, _ := json.Marshal(n)
	return string(b)
}

package api_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"bridged/api"
	"bridged/bridge"
	"bridged/conversations"
)

// lettersWorld has verbs of dead letters that write down how they were called.
type lettersWorld struct {
	*world
	redriven  []int64
	filter    conversations.DeadLetterFilter
	after     int64
	discarded string
}

func (w *lettersWorld) Redrive(_ context.Context, letter int64) (conversations.DeadLetter, error) {
	w.redriven = append(w.redriven, letter)
	if letter != 3 {
		return conversations.DeadLetter{}, conversations.Refuse(conversations.Gone, "its message is gone")
	}
	return w.deadLetters[0], nil
}

func (w *lettersWorld) RedriveMany(_ context.Context, f conversations.DeadLetterFilter, after int64, limit int) (bridge.Redriven, error) {
	w.filter, w.after = f, after
	return bridge.Redriven{
		Taken: w.deadLetters, Last: int64(limit),
		Refused: []bridge.RefusedLetter{{Letter: conversations.DeadLetter{Seq: 9}, Reason: "why"}},
	}, nil
}

func (w *lettersWorld) Discard(_ context.Context, caller bridge.Caller, _ int64, reason string) (conversations.DeadLetter, error) {
	w.discarded = caller.By + ": " + reason
	l := w.deadLetters[0]
	l.Discarded, l.DiscardedBy, l.DiscardReason = at(2), caller.By, reason
	return l, nil
}

func newLettersWorld() (*lettersWorld, http.Handler) {
	w := &lettersWorld{world: newWorld()}
	w.deadLetters = []conversations.DeadLetter{{Seq: 3, Topic: "outbound.main", Channel: "main", Delivery: digits, Source: []byte("secret"), Created: at(1)}}
	c := config(w.world)
	c.Bridge = w
	return w, api.New(c)
}

func TestDeadLettersAreFiltered(t *testing.T) {
	t.Parallel()
	w, h := newLettersWorld()
	a := do(t, h, http.MethodGet, "/bridged/v1/dead-letters?Topic=fetch&Channel=main&ErrorCode=63019&Since=2024-05-01T10:00:00Z&State=Discarded", "")
	assert.Equal(t, http.StatusOK, a.status)
	assert.Equal(t, conversations.DeadLetterFilter{
		Topic: "fetch", Channel: "main", ErrorCode: 63019, Since: time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC), Discarded: true,
	}, w.letterFilter)
	assert.NotContains(t, a.body, "secret")
	for _, query := range []string{"ErrorCode=x", "Since=yesterday", "State=gone", "PageSize=0", "%zz"} {
		assert.Equal(t, http.StatusBadRequest, do(t, h, http.MethodGet, "/bridged/v1/dead-letters?"+query, "").status, query)
	}
}

func TestOneDeadLetter(t *testing.T) {
	t.Parallel()
	w, h := newLettersWorld()
	const path = "/bridged/v1/dead-letters/3"
	shown := do(t, h, http.MethodGet, path, "").json(t)
	assert.Equal(t, []any{"open", "main", public + path}, []any{shown["state"], shown["channel"], shown["url"]})
	a := do(t, h, http.MethodPost, path, "")
	assert.Equal(t, http.StatusAccepted, a.status)
	assert.Equal(t, shown, a.json(t))
	a = do(t, h, http.MethodPost, "/bridged/v1/dead-letters/4", "")
	assert.Equal(t, http.StatusGone, a.status)
	assert.Contains(t, a.json(t)["message"], "its message is gone")
	assert.Equal(t, []int64{3, 4}, w.redriven)

	a = do(t, h, http.MethodPost, path+"/discard", form("Reason", "nobody waits"))
	assert.Equal(t, http.StatusOK, a.status)
	assert.Equal(t, account+": nobody waits", w.discarded)
	shown = a.json(t)
	assert.Equal(t, []any{"discarded", "nobody waits", account, "2024-05-01T10:00:02Z"},
		[]any{shown["state"], shown["discard_reason"], shown["discarded_by"], shown["date_discarded"]})
	for _, id := range []string{"x", "99999999999999999999"} {
		assert.Equal(t, http.StatusNotFound, do(t, h, http.MethodGet, "/bridged/v1/dead-letters/"+id, "").status)
		assert.Equal(t, http.StatusNotFound, do(t, h, http.MethodPost, "/bridged/v1/dead-letters/"+id, "").status)
		assert.Equal(t, http.StatusNotFound, do(t, h, http.MethodPost, "/bridged/v1/dead-letters/"+id+"/discard", "Reason=x").status)
	}
	assert.Equal(t, http.StatusNotFound, do(t, h, http.MethodGet, "/bridged/v1/dead-letters/4", "").status)
}

func TestManyDeadLetters(t *testing.T) {
	t.Parallel()
	w, h := newLettersWorld()
	const path = "/bridged/v1/dead-letters"
	a := do(t, h, http.MethodPost, path, form("Channel", "main", "After", "2"))
	assert.Equal(t, http.StatusAccepted, a.status)
	assert.Equal(t, map[string]any{
		"redriven": []any{3.0}, "refused": []any{map[string]any{"id": 9.0, "reason": "why"}}, "after": 100.0,
	}, a.json(t))
	assert.Equal(t, conversations.DeadLetterFilter{Channel: "main"}, w.filter)
	assert.EqualValues(t, 2, w.after)
	assert.Equal(t, http.StatusAccepted, do(t, h, http.MethodPost, path, form("All", "true")).status)
	assert.Zero(t, w.filter)
	for _, body := range []string{"", "All=false", "All=maybe", "After=x&All=true", "ErrorCode=x"} {
		assert.Equal(t, http.StatusBadRequest, do(t, h, http.MethodPost, path, body).status, body)
	}
}

package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"bridged/api"
	"bridged/bridge"
	"bridged/conversations"
)

func TestOptOuts(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h := api.New(config(w))
	const list = "/bridged/v1/opt-outs"
	a := do(t, h, http.MethodPost, list, form("Address", "+15550001111", "ProxyAddress", "+15550002222"))
	assert.Equal(t, http.StatusCreated, a.status)
	want := map[string]any{
		"id": 1.0, "address": "+15550001111", "proxy_address": "+15550002222", "source": "operator",
		"date_created": "2024-05-01T10:00:03Z", "url": public + list + "/1",
	}
	assert.Equal(t, want, a.json(t))
	assert.Equal(t, bridge.Caller{Source: conversations.SourceAPI, By: account}, w.caller)
	assert.Equal(t, want, do(t, h, http.MethodGet, list+"/1", "").json(t))
	assert.Equal(t, []any{want}, do(t, h, http.MethodGet, list, "").json(t)["opt_outs"])

	assert.Equal(t, http.StatusNoContent, do(t, h, http.MethodDelete, list+"/1", "").status)
	assert.Empty(t, w.optOuts)
	for _, path := range []string{"/1", "/x", "/-1", "/99999999999999999999"} {
		assert.Equal(t, http.StatusNotFound, do(t, h, http.MethodGet, list+path, "").status, path)
		assert.Equal(t, http.StatusNotFound, do(t, h, http.MethodDelete, list+path, "").status, path)
	}
	for _, body := range []string{"", form("Address", "+15550001111"), form("ProxyAddress", "+15550002222")} {
		assert.Equal(t, http.StatusBadRequest, do(t, h, http.MethodPost, list, body).status, body)
	}
}

package api_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/api"
	"bridged/conversations"
)

// observe keeps the routes and statuses that are observed.
func observe(into *[]string) func(string, int, time.Duration) {
	return func(route string, status int, _ time.Duration) {
		*into = append(*into, fmt.Sprintf("%s %d", route, status))
	}
}

func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	h := api.New(config(newWorld()))
	for _, path := range []string{
		"/", "/v1", "/v1/", "/v1/Nothing", "/v1/Conversations/", "/v1//Conversations", "/v1/./Conversations", "/bridged/v1/",
		"/v1/Conversations/unknown", "/v1/Conversations/CH" + other, "/v1/Conversations/%ff", "/v1/Conversations/a%00",
		"/v1/Conversations/CH" + digits + "/Participants/nobody",
		"/v1/Conversations/CH" + digits + "/Messages/nothing",
		"/v1/Conversations/CH" + digits + "/Messages/IM" + other,
		"/v1/Conversations/CH" + digits + "/Messages/IM" + other + "/Receipts",
		"/v1/Conversations/CH" + digits + "/Messages/IM" + digits + "/Receipts/DY" + other,
		"/v1/Conversations/unknown/Messages",
		"/v1/Conversations/unknown/Participants",
		"/v1/Services/IS/Conversations",
		"/v1/Services/IS00000000000000000000000000000000/Conversations",
		"/v1/Services/IS" + other + "/Conversations/CH" + digits,
		"/bridged/v1/deliveries/DY" + other, "/bridged/v1/deliveries/x",
	} {
		a := do(t, h, http.MethodGet, path, "")
		assert.Equal(t, 404, a.status, path)
		v := a.json(t)
		assert.EqualValues(t, 20404, v["code"], path)
		assert.Equal(t, "The requested resource "+path+" was not found", v["message"])
		assert.Equal(t, "https://www.twilio.com/docs/errors/20404", v["more_info"])
		assert.EqualValues(t, 404, v["status"])
	}
}

func TestMethodsThatAreNotServed(t *testing.T) {
	t.Parallel()
	h := api.New(config(newWorld()))
	for path, allow := range map[string]string{
		"/v1/Conversations":                        "GET, HEAD, OPTIONS, POST",
		"/v1/Conversations/CH" + digits:            "DELETE, GET, HEAD, OPTIONS, POST",
		"/v1/Conversations/x/Messages/IM/Receipts": "GET, HEAD, OPTIONS",
		"/bridged/v1/dead-letters":                 "GET, HEAD, OPTIONS, POST",
	} {
		a := do(t, h, http.MethodPut, path, "")
		assert.Equal(t, 405, a.status, path)
		assert.Equal(t, allow, a.header.Get("Allow"), path)
		assert.EqualValues(t, 20004, a.json(t)["code"])
		a = do(t, h, http.MethodOptions, path, "")
		assert.Equal(t, 204, a.status, path)
		assert.Equal(t, allow, a.header.Get("Allow"), path)
		assert.Empty(t, a.body)
	}
	assert.Equal(t, 404, do(t, h, http.MethodOptions, "/v1/Nothing", "").status)
	assert.Equal(t, 401, do(t, h, http.MethodOptions, "/v1/Conversations", "", "Authorization", "").status)
}

func TestHead(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(api.New(config(newWorld())))
	t.Cleanup(s.Close)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, s.URL+"/v1/Conversations/CH"+digits, nil)
	require.NoError(t, err)
	r.SetBasicAuth(account, token)
	response, err := s.Client().Do(r)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, 200, response.StatusCode)
	assert.Positive(t, response.ContentLength)
}

func TestAPanicIsAnsweredWithoutItsCause(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.panics = true
	var log bytes.Buffer
	var routes []string
	cfg := config(w)
	cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	cfg.Observe = observe(&routes)
	a := do(t, api.New(cfg), http.MethodPost, "/v1/Conversations", "")
	assert.Equal(t, 500, a.status)
	assert.JSONEq(t, `{"code":20500,"message":"Internal Server Error","more_info":"https://www.twilio.com/docs/errors/20500","status":500}`, a.body)
	assert.Contains(t, log.String(), "a secret")
	assert.Contains(t, log.String(), "api.(*server)", "the log has the stack")
	assert.Equal(t, []string{"/v1/Conversations 500"}, routes)
}

func TestADroppedConnectionStaysDropped(t *testing.T) {
	t.Parallel()
	cfg := config(newWorld())
	cfg.Extra = map[string]http.Handler{"/bridged/v1/x": http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic(http.ErrAbortHandler)
	})}
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { do(t, api.New(cfg), http.MethodGet, "/bridged/v1/x", "") })
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err    error
		status int
		code   int
		logged bool
	}{
		{errors.New("disk on fire"), 500, 20500, true},
		{fmt.Errorf("commit: %w", conversations.ErrUnavailable), 503, 20503, true},
		{conversations.Refuse(conversations.ConversationClosed, "it is over"), 400, 50377, false},
		{conversations.Refuse(conversations.PairTaken, "%s", other), 409, 50416, false},
	} {
		w := newWorld()
		w.fail = tt.err
		var log bytes.Buffer
		cfg := config(w)
		cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
		h := api.New(cfg)
		for _, do := range []func() answer{
			func() answer {
				return do(t, h, http.MethodPost, "/v1/Conversations/CH"+digits+"/Participants", "Identity=a")
			},
			func() answer { return do(t, h, http.MethodDelete, "/v1/Conversations/CH"+digits, "") },
			func() answer { return do(t, h, http.MethodGet, "/v1/Conversations", "") },
			func() answer { return do(t, h, http.MethodGet, "/v1/Conversations/CH"+digits+"/Messages", "") },
		} {
			log.Reset()
			a := do()
			assert.Equal(t, tt.status, a.status)
			assert.EqualValues(t, tt.code, a.json(t)["code"])
			assert.Equal(t, tt.status == 503, a.header.Get("Retry-After") != "")
			assert.Equal(t, tt.logged, strings.Contains(log.String(), "request failed"))
			assert.NotContains(t, log.String(), digits, "a path may hold an address")
			assert.NotContains(t, a.body, "fire")
		}
	}
}

func TestTheTakenPairsConversationEndsTheMessage(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.fail = &conversations.Error{Fault: conversations.PairTaken, Detail: other}
	a := do(t, api.New(config(w)), http.MethodPost, "/v1/Conversations/CH"+digits+"/Participants", "MessagingBinding.Address=%2B1")
	assert.True(t, strings.HasSuffix(a.json(t)["message"].(string), " CH"+other), a.body)
}

func TestBodiesThatAreRefused(t *testing.T) {
	t.Parallel()
	h := api.New(config(newWorld()))
	a := do(t, h, http.MethodPost, "/v1/Conversations", "Attributes="+strings.Repeat("x", 1<<20))
	assert.Equal(t, 413, a.status)
	assert.EqualValues(t, 20413, a.json(t)["code"])
	for _, kind := range []string{"application/json", "multipart/form-data; boundary=x", ";"} {
		a = do(t, h, http.MethodPost, "/v1/Conversations", `{"a":1}`, "Content-Type", kind)
		assert.Equal(t, 400, a.status, kind)
		assert.EqualValues(t, 20001, a.json(t)["code"])
	}
	assert.Equal(t, 400, do(t, h, http.MethodPost, "/v1/Conversations", "FriendlyName=%zz").status)
	for _, kind := range []string{"", "application/x-www-form-urlencoded; charset=utf-8"} {
		assert.Equal(t, 201, do(t, h, http.MethodPost, "/v1/Conversations", "FriendlyName=a", "Content-Type", kind).status, kind)
	}
	assert.Equal(t, 201, do(t, h, http.MethodPost, "/v1/Conversations", "", "Content-Type", "application/json").status,
		"an empty body has no type")
}

func TestQueriesThatAreRefused(t *testing.T) {
	t.Parallel()
	h := api.New(config(newWorld()))
	const in = "/v1/Conversations/CH" + digits
	for path, code := range map[string]int{
		"/v1/Conversations?PageSize=0":                          20001,
		"/v1/Conversations?PageToken=x":                         20001,
		"/v1/Conversations?State=open":                          50378,
		"/v1/Conversations?StartDate=x":                         20001,
		"/v1/Conversations?EndDate=x":                           20001,
		"/v1/Conversations?%zz":                                 20001,
		in + "/Participants?PageSize=x":                         20001,
		in + "/Participants?%zz":                                20001,
		in + "/Messages?Order=up":                               20001,
		in + "/Messages?a;b":                                    20001,
		in + "/Messages/IM" + digits + "/Receipts?Page=-1":      20001,
		in + "/Messages/IM" + digits + "/Receipts?PageSize=%zz": 20001,
		"/bridged/v1/dead-letters?PageSize=0":                   20001,
		"/bridged/v1/unrouted?%zz":                              20001,
	} {
		a := do(t, h, http.MethodGet, path, "")
		assert.Equal(t, 400, a.status, path)
		assert.EqualValues(t, code, a.json(t)["code"], path)
	}
}

// FuzzRequests looks for a request that breaks a handler.
func FuzzRequests(f *testing.F) {
	for _, path := range []string{
		"/v1/Conversations?PageSize=2&PageToken=YQAAAAAAAAABAAAAAAAAAAA&StartDate=2024-05-01&State=closed",
		"/v1/Conversations/a%2Fb%20c", "/v1/Services/" + service + "/Conversations/CH" + digits + "/Messages?Order=desc",
		"/v1/Conversations/CH" + digits + "/Participants/al%20ice@example.com",
		"/v1/Conversations/CH" + digits + "/Messages/IM" + digits + "/Receipts/DY" + digits,
		"/bridged/v1/deliveries/DY" + digits, "//", "/v1/%2e%2e/x", "/bridged/v1/unrouted?Page=1",
	} {
		f.Add(uint8(0), path, "")
		f.Add(uint8(1), path, "FriendlyName=%F0%9F%98%80&Timers.Inactive=PT1M&DateCreated=2024-05-01&State=active&LastReadMessageIndex=null")
		f.Add(uint8(2), path, "MediaSid=ME"+digits)
	}
	h := api.New(config(newWorld()))
	f.Fuzz(func(t *testing.T, method uint8, target, body string) {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return // no client can ask for it
		}
		methods := []string{http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodHead, http.MethodConnect}
		r := httptest.NewRequestWithContext(t.Context(), methods[int(method)%len(methods)], "/", strings.NewReader(body))
		r.URL, r.RequestURI = u, target
		r.SetBasicAuth(account, token)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code >= 500 || rec.Code/100 == 3 {
			t.Fatalf("%d %s", rec.Code, rec.Body)
		}
	})
}

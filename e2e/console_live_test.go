package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/browser"
)

// A message passes while an operator watches: its stages come one after the other, each
// with the time that it took, and the rates and lags are drawn.
func TestConsole_liveShowsAMessagePassing(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	p := s.browse(browser.Options{})
	p.logIn()
	p.do(chromedp.Navigate(s.URL + "/console/live"))
	p.says(".ways .empty", "No messages yet")
	p.says(".live-status", "Updated")
	conversation := s.masked("Passing")

	s.writes(bob, whatsappProxy, "Watch me pass")
	p.says(".way-text", "Watch me pass")
	for _, stage := range []string{"accepted", "routed", "sent", "delivered"} {
		p.until(`document.querySelector('.way .stage[data-stage="` + stage + `"][data-state="done"]')`)
	}
	assert.Regexp(t, `^\+[\d.,]+ (ms|s)$`, eval[string](p, `document.querySelector('.stage[data-stage="sent"] .stage-took').textContent`))
	assert.Equal(t, "/console/inbox/"+conversation, eval[string](p, `document.querySelector(".way-name").pathname`))
	p.says(".way-name", "Passing")
	p.says(".way-receivers summary", "1 receiver")

	// The charts have drawn it, and tell it to those who cannot see them.
	drawn := func(title, more string) string {
		return `[...document.querySelectorAll(".chart-canvas")].some((e) => new RegExp("` + title + `.*` + more + `").test(e.getAttribute("aria-label")))`
	}
	p.until(drawn("Received", "[1-9.]+/s at most"))
	p.until(drawn("Sent", "[1-9.]+/s at most"))
	p.until(drawn("Queue lag", "[0-9.]+ m?s at most"))
	p.until(drawn("Send latency", "[0-9.]+ m?s at most"))
	p.until(drawn("Accept latency", "Commits to the store .*[0-9.]+ m?s at most"))
	assert.Positive(t, eval[int](p, `document.querySelectorAll(".chart-line, .chart-dot").length`))
	p.do(click(".chart-table summary"))
	p.until(`document.querySelector(".chart-table[open] tbody tr td")`)

	// One who cannot be reached.
	var set struct{ Address string }
	s.call(http.MethodPut, "/handsets/"+url.PathEscape(alice), `{"status":"undelivered","error_code":30003}`, &set)
	s.writes(bob, whatsappProxy, "And me?")
	p.says(".stage[data-stage=failed] .stage-more", "Unreachable destination handset (30003)")
	p.do(click(".page-head .button"))
	p.says(".live-status", "Paused")

	// A script gets the same.
	var list struct{ Messages []struct{ SID string } }
	s.liveAnswer("/v1/Conversations/"+conversation+"/Messages", &list)
	require.Len(t, list.Messages, 2)
	var trace struct {
		Inbound struct {
			Channel      string
			DateAccepted string `json:"date_accepted"`
		}
		DateAppended string `json:"date_appended"`
		Deliveries   []struct {
			Status   string
			DateSent string `json:"date_sent"`
		}
	}
	s.liveAnswer("/bridged/v1/messages/"+list.Messages[0].SID+"/trace", &trace)
	assert.NotEmpty(t, trace.Inbound.Channel)
	require.Len(t, trace.Deliveries, 1)
	assert.LessOrEqual(t, trace.Inbound.DateAccepted[:19], trace.DateAppended[:19])
	assert.LessOrEqual(t, trace.DateAppended[:19], trace.Deliveries[0].DateSent[:19])
	assert.Equal(t, "delivered", trace.Deliveries[0].Status)
	var snapshot struct {
		Metrics []struct {
			Name   string
			Series []struct{ Value float64 }
		}
	}
	s.liveAnswer("/bridged/v1/live", &snapshot)
	accepted := 0.0
	for _, m := range snapshot.Metrics {
		if m.Name == "inbound_accepted_total" {
			for _, one := range m.Series {
				accepted += one.Value
			}
		}
	}
	assert.InDelta(t, 2, accepted, 0)
}

// The page fits a phone, and goes on where it was when the server is back.
func TestConsole_liveFitsAPhone(t *testing.T) {
	t.Parallel()
	s := startDefault(t, t.TempDir())
	s.masked("A conversation with a name that is much too long for the line of a narrow screen")
	s.writes(bob, whatsappProxy, "Hello")
	p := s.browse(browser.Options{Width: 390, Height: 844, Touch: true})
	p.logIn()
	p.do(chromedp.Navigate(s.URL+"/console/live"), chromedp.WaitVisible(".way"))
	p.until(`document.querySelector(".chart-line, .chart-dot")`)
	p.do(click(".way-receivers summary"), click(".chart-table summary"))
	assert.True(t, eval[bool](p, "document.documentElement.scrollWidth <= innerWidth && document.querySelector('main').scrollWidth <= innerWidth"))
	p.do(chromedp.Reload(), chromedp.WaitVisible(".way"))
	p.until(`document.querySelectorAll(".chart-line, .chart-dot").length`)
}

// liveAnswer makes a request to the API and decodes its answer.
func (s *simulated) liveAnswer(path string, into any) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.URL+path, http.NoBody)
	require.NoError(s.t, err)
	r.SetBasicAuth(s.sid, s.token)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer answer.Body.Close()
	require.Equal(s.t, http.StatusOK, answer.StatusCode, path)
	require.NoError(s.t, json.NewDecoder(answer.Body).Decode(into))
}

package e2e

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// alertsDocument has the table of metrics, and the rules of alerts.
const alertsDocument = "docs/operations.md"

// lateMetrics are exposed only when something happens that takes longer than a test.
var lateMetrics = []string{"bridged_retention_removed_total"}

// family is what there is of a metric: its type, and the names of its labels.
type family struct{ kind, labels string }

// exposed reads the metrics of a text as Prometheus gets it.
func exposed(text string) map[string]family {
	list := map[string]family{}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+) (\S+)$`).FindAllStringSubmatch(text, -1) {
		list[m[1]] = family{kind: m[2]}
	}
	for _, m := range regexp.MustCompile(`(?m)^([a-z_]+?)(?:_count)?(?:\{(.*)\})? \S+$`).FindAllStringSubmatch(text, -1) {
		if f, known := list[m[1]]; known {
			var names []string
			for _, label := range regexp.MustCompile(`([a-z_]+)="`).FindAllStringSubmatch(m[2], -1) {
				names = append(names, label[1])
			}
			slices.Sort(names)
			f.labels = strings.Join(names, ", ")
			list[m[1]] = f
		}
	}
	return list
}

// documented reads the table of metrics.
func documented(text string) map[string]family {
	list := map[string]family{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(bridged_[a-z_]+)` \\| (counter|histogram|gauge) \\|([^|]*)\\|").FindAllStringSubmatch(text, -1) {
		names := strings.FieldsFunc(m[3], func(r rune) bool { return r == ',' || r == ' ' })
		slices.Sort(names)
		list[m[1]] = family{m[2], strings.Join(names, ", ")}
	}
	return list
}

// The table of metrics is what the daemon has once everything has happened to it.
func TestDocs_MetricsAreThoseThatTheDaemonHas(t *testing.T) {
	t.Parallel()
	listener := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(listener.Close)
	w := newWorld(t, setup{
		sqlite: true, channel: "rate = 1.0\n",
		config: "[limits]\nsender_rate = 0.001\nsender_burst = 1\n",
	})
	require.Equal(t, http.StatusOK, w.call(http.MethodPost, "/v1/Configuration/Webhooks",
		form("PostWebhookUrl", listener.URL, "Method", "POST", "Filters", "onMessageAdded"), nil))
	c := w.converse()
	w.aliceWrites("SM1", "hello")
	w.aliceWrites("SM1", "hello")
	w.aliceWrites("SM2", "too much")
	w.bobWrites("wamid.1", "hello yourself")
	w.write(c, "one")
	eventually(t, func() bool { return len(w.twilio.Sent()) > 0 }, "a send")
	w.accepted(w.twilio.Report(t.Context(), w.URL+"/hooks/sms-main/status", w.twilio.Sent()[0], "delivered", 0))

	document := read(t, alertsDocument)
	want := documented(document)
	require.Contains(t, want, "bridged_backlog")
	for _, name := range lateMetrics {
		delete(want, name)
	}
	own := func() map[string]family {
		text, err := w.Metrics(t.Context())
		require.NoError(t, err)
		list := exposed(text)
		maps.DeleteFunc(list, func(name string, _ family) bool { return !strings.HasPrefix(name, "bridged_") })
		return list
	}
	eventually(t, func() bool { return len(own()) >= len(want) }, "all metrics of %s; there are %v", alertsDocument, slices.Sorted(maps.Keys(own())))
	assert.Equal(t, want, own(), "the table in %s", alertsDocument)

	text, err := w.Metrics(t.Context())
	require.NoError(t, err)
	alertsAreGood(t, exposed(text))
}

// alertsAreGood requires that the alerts have the form of Prometheus's rules, and
// name metrics and labels that there are.
func alertsAreGood(t *testing.T, metrics map[string]family) {
	t.Helper()
	rule := regexp.MustCompile(`^      - alert: Bridged[A-Za-z]+\n        expr: .+\n(        for: \d+[mh]\n)?        labels: \{severity: (page|ticket)\}\n        annotations:\n          summary: .+\n$`)
	rules := 0
	for _, b := range documents(t)[alertsDocument].Blocks {
		if b.Language != "yaml" {
			continue
		}
		head, list, found := strings.Cut(b.Text, "    rules:\n")
		require.True(t, found)
		require.Equal(t, "groups:\n  - name: bridged\n", head)
		for _, text := range regexp.MustCompile(`(?m)^      - `).Split(list, -1)[1:] {
			rules++
			require.Regexp(t, rule, "      - "+text)
			for _, m := range regexp.MustCompile(`\b((?:bridged|process|go)_[a-z_]+)(?:\{([^}]*)\})?`).FindAllStringSubmatch(text, -1) {
				name := regexp.MustCompile(`_(bucket|count|sum)$`).ReplaceAllString(m[1], "")
				f, known := metrics[name]
				assert.True(t, known, "there is no metric %s", name)
				for _, label := range regexp.MustCompile(`([a-z_]+)=`).FindAllStringSubmatch(m[2], -1) {
					assert.Contains(t, strings.Split(f.labels, ", "), label[1], "a label of %s", name)
				}
			}
		}
	}
	assert.GreaterOrEqual(t, rules, 5)
}

// Labels of metrics in the code of other documents are looked at as well.
func TestDocs_MetricsThatAreNamedExist(t *testing.T) {
	t.Parallel()
	known := documented(read(t, alertsDocument))
	for name, d := range documents(t) {
		if name == "CHANGELOG.md" {
			continue
		}
		for _, c := range d.Codes {
			if m := regexp.MustCompile(`^bridged_[a-z_]+`).FindString(c.Text); m != "" {
				_, there := known[m]
				assert.True(t, there, "%s:%d: there is no metric %s", name, c.Line, m)
			}
		}
	}
}

func TestDocs_ExposedMetricsAreRead(t *testing.T) {
	t.Parallel()
	const text = "# HELP a_total x\n# TYPE a_total counter\na_total{b=\"x\",a=\"y\"} 1\n# TYPE s histogram\ns_bucket{c=\"1\",le=\"1\"} 2\ns_count{c=\"1\"} 2\n# TYPE g gauge\ng 0\n"
	assert.Equal(t, map[string]family{"a_total": {"counter", "a, b"}, "s": {"histogram", "c"}, "g": {"gauge", ""}}, exposed(text))
	assert.Equal(t, map[string]family{"bridged_x": {"gauge", "a, b"}}, documented("| `bridged_x` | gauge | b, a | text |\n"))
}

// read is the text of a document.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	return string(text)
}

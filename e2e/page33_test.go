package e2e

import (
	"encoding/csv"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// page33 is the table of the reference's page 33, which the tests of package webhooks
// have: of each event the names of its parameters, and whether one is always there.
// Those that every event has, and RetryCount of what was made, are added.
func page33(t *testing.T) map[string]map[string]bool {
	t.Helper()
	file, err := os.Open("../webhooks/testdata/page33.tsv")
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	lines := csv.NewReader(file)
	lines.Comma = '\t'
	rows, err := lines.ReadAll()
	require.NoError(t, err)
	table := map[string]map[string]bool{}
	for _, row := range rows[1:] {
		event, name, presence := row[0], row[1], row[2]
		if table[event] == nil {
			table[event] = map[string]bool{"AccountSid": true, "Source": true}
			if hasHappened(event) {
				table[event]["RetryCount"] = true
			}
		}
		table[event][name] = presence == "always"
	}
	require.Len(t, table, 23)
	return table
}

// hasHappened says whether an event is told after a change, and not asked before.
func hasHappened(event string) bool { return strings.HasSuffix(event, "ed") }

// fires makes a REST call that fires webhooks, and returns the SID of what it is about.
func (w *world) fires(method, path string, form ...string) (sid string) {
	w.t.Helper()
	status, shown := w.judged(method, path, formOf(form...))
	require.Less(w.t, status, http.StatusMultipleChoices, "%s %s: %s", method, path, shown.Message)
	return shown.SID
}

// changes makes something in a list, changes it and removes it.
func (w *world) changes(list string, create, update []string) {
	w.t.Helper()
	path := list + "/" + w.fires(http.MethodPost, list, create...)
	w.fires(http.MethodPost, path, update...)
	w.fires(http.MethodDelete, path)
}

// Every event of page 33 is told, or asked about, by a daemon that is driven from
// outside, with the parameters that the page lists and no others. Of an optional one
// there are calls with it and calls without it.
func TestEveryEventOfPage33HasTheParametersOfItsTable(t *testing.T) {
	t.Parallel()
	table := page33(t)
	h := newWebhook(t, takesAll)
	w := newWorld(t, setup{config: simulatedCarrier})
	w.autocreate(url.Values{})
	require.Equal(t, http.StatusCreated, w.call(http.MethodPost, "/v1/Configuration/Addresses",
		formOf("Type", "sms", "Address", officeNumber, "AutoCreation.Enabled", "true"), nil))
	filters := url.Values{"PreWebhookUrl": {h.URL + "/before"}, "PostWebhookUrl": {h.URL + "/after"}, "Filters": slices.Collect(maps.Keys(table))}
	require.Equal(t, http.StatusOK, w.call(http.MethodPost, "/v1/Configuration/Webhooks", filters, nil))

	// What a message makes: of two people, with a picture, and of three.
	w.aliceShows("MM00000000000000000000000000000001", "look", w.twilio.FileURL("gone"))
	w.handsetWrites(homebuyer, "hello", officeNumber, otherHomebuyer)

	// A conversation with everything, and what is in it.
	full := "/v1/Conversations/" + w.fires(http.MethodPost, "/v1/Conversations", "FriendlyName", "a name", "UniqueName", "unique", "Attributes", `{"a":1}`)
	w.fires(http.MethodPost, full+"/Participants", "Identity", "carol")
	w.fires(http.MethodPost, full+"/Participants", "MessagingBinding.Address", anotherOnSMS, "MessagingBinding.ProxyAddress", smsProxy)
	w.fires(http.MethodPost, full+"/Messages", "Body", "on its way", "Author", "carol")
	picture := w.uploaded(w.service(), "a.png").SID
	w.changes(full+"/Messages", []string{"Author", "carol", "MediaSid", picture}, []string{"Attributes", `{"a":1}`})
	w.changes(full+"/Messages", []string{"Body", "from the system"}, []string{"Body", "changed"})
	w.changes(full+"/Participants", []string{"Identity", "dave"}, []string{"LastReadMessageIndex", "0"})
	w.changes(full+"/Participants", []string{"MessagingBinding.Address", "+15550200078", "MessagingBinding.ProxyAddress", smsProxy}, []string{"Attributes", `{"a":1}`})
	eventually(t, func() bool { return slices.Contains(h.told("/after"), "onDeliveryUpdated") }, "what is on its way goes with its conversation")
	w.fires(http.MethodPost, full, "FriendlyName", "another name")
	w.fires(http.MethodPost, full, "State", "inactive")
	w.fires(http.MethodDelete, full)
	w.fires(http.MethodPost, "/v1/Users/carol", "FriendlyName", "Carol")

	// One with nothing, and a member of a group text.
	w.changes("/v1/Conversations", nil, []string{"Attributes", `{"a":1}`})
	group := "/v1/Conversations/" + w.fires(http.MethodPost, "/v1/Conversations") + "/Participants"
	w.changes(group, []string{"Identity", "erin", "MessagingBinding.ProjectedAddress", warehouseNumber}, []string{"Attributes", `{"a":1}`})

	var wrong []string
	defer func() {
		if t.Failed() {
			t.Log(strings.Join(wrong, "\n"))
		}
	}()
	eventually(t, func() bool {
		wrong = deviations(table, h.heard())
		return len(wrong) == 0
	}, "every event is as the page has it")
}

// deviations are how calls differ from the table.
func deviations(table map[string]map[string]bool, calls []webhookCall) (list []string) {
	with, heard := map[string]int{}, map[string]int{}
	for _, c := range calls {
		event := c.form.Get("EventType")
		heard[event]++
		if wanted := map[bool]string{true: "/after", false: "/before"}[hasHappened(event)]; c.path != wanted || c.token == "" {
			list = append(list, fmt.Sprintf("%s came to %s with the token %q", event, c.path, c.token))
		}
		for name := range c.form {
			with[event+" "+name]++
			if _, isListed := table[event][name]; !isListed {
				list = append(list, fmt.Sprintf("%s has %s, which is not listed", event, name))
			}
		}
	}
	for event, listed := range table {
		if heard[event] == 0 {
			list = append(list, event+" was not heard")
			continue
		}
		for name, always := range listed {
			n := with[event+" "+name]
			switch {
			case always && n < heard[event]:
				list = append(list, fmt.Sprintf("%s has %s in %d of %d calls", event, name, n, heard[event]))
			case !always && n == 0 && !isNever(event, name):
				list = append(list, fmt.Sprintf("%s never has %s", event, name))
			case !always && n == heard[event] && !isEverybodys(event, name):
				list = append(list, fmt.Sprintf("%s has %s in every call", event, name))
			}
		}
	}
	slices.Sort(list)
	return list
}

// isNever says whether an optional parameter is one that no such event has: a message
// that makes a conversation has no projected address.
func isNever(event, name string) bool {
	return strings.HasPrefix(event, "onConversationAdd") && name == "MessagingBinding.ProjectedAddress"
}

// isEverybodys says whether an optional parameter is one that every such event has: all
// users have an identity.
func isEverybodys(event, name string) bool {
	return strings.HasPrefix(event, "onUser") && name == "Identity"
}

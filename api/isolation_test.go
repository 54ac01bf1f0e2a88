package api_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/api"
	"bridged/conversations"
	"bridged/store"
)

// everyForm is a form that every operation takes which changes something.
const everyForm = "Permission=joinConversation&Target=trigger&Configuration.Triggers=a&Configuration.Url=https://example.com" +
	"&Identity=newcomer&Body=hello&Type=private"

// furniture makes one resource of each kind in a service and returns their SIDs, by
// the segment of the path that they stand behind.
func (in *installation) furniture(t *testing.T, service, suffix string) map[string]string {
	t.Helper()
	base := "/v1/Services/" + service
	made := func(path, form string, header ...string) string {
		a := do(t, in, http.MethodPost, path, form, header...)
		require.Equal(t, http.StatusCreated, a.status, "%s: %s", path, a.body)
		return a.json(t)["sid"].(string)
	}
	sids := map[string]string{"Services": service}
	c := made(base+"/Conversations", "FriendlyName=a&UniqueName=of-"+suffix)
	within := base + "/Conversations/" + c
	sids["Conversations"], sids["Channels"] = c, c
	sids["Participants"] = made(within+"/Participants", "Identity=somebody-"+suffix)
	made(within+"/Participants", "MessagingBinding.Address=%2B1555300"+url.QueryEscape(suffix)+"&MessagingBinding.ProxyAddress=%2B"+string(ourNumber[1:]))
	sids["Messages"] = made(within+"/Messages", "Body=hello&Author=somebody-"+suffix)
	sids["Receipts"] = in.sent(t, sids["Messages"])
	sids["Webhooks"] = made(within+"/Webhooks", "Target=trigger&Configuration.Triggers=a&Configuration.Url=https://example.com")
	sids["Users"] = do(t, in, http.MethodGet, base+"/Users/somebody-"+suffix, "").json(t)["sid"].(string)
	sids["Roles"] = made(base+"/Roles", "FriendlyName=a&Type=service&Permission=joinConversation")
	sids["Media"] = made(base+"/Media", "some text", "Content-Type", "text/plain")
	sids["Credentials"] = made("/v1/Credentials", "Type=fcm&Secret=a")
	sids["Content"] = made("/v1/Content", `{"language":"en","types":{"twilio/text":{"body":"a"}}}`, "Content-Type", "application/json")
	binding := conversations.PushBinding{
		ID: conversations.PushBindingID(strings.ToLower(c[2:])), Service: conversations.ServiceID(service[2:]), Identity: "user-" + suffix,
		Credential: conversations.CredentialID(sids["Credentials"][2:]), Endpoint: suffix, Type: conversations.PushFCM, Created: at(0), Updated: at(0),
	}
	require.NoError(t, in.db.Update(t.Context(), func(tx *store.Tx) error { return tx.EnsurePushBinding(&binding) }))
	sids["Bindings"] = "BS" + string(binding.ID)
	return sids
}

// sent has the one delivery of a message handed over, so that it has a receipt, and
// returns the receipt's SID.
func (in *installation) sent(t *testing.T, message string) string {
	t.Helper()
	deliveries := do(t, in, http.MethodGet, "/bridged/v1/messages/"+message+"/trace", "").json(t)["deliveries"].([]any)
	require.Len(t, deliveries, 1)
	sid := deliveries[0].(map[string]any)["sid"].(string)
	require.NoError(t, in.db.Update(t.Context(), func(tx *store.Tx) error {
		d, err := tx.FindDelivery(conversations.DeliveryID(sid[2:]))
		if err != nil {
			return err
		}
		d.Status, d.Progress, d.ProviderID = conversations.StatusSent, conversations.ProgressDone, message
		return tx.UpdateDelivery(d)
	}))
	return sid
}

// fill writes SIDs into a pattern, each behind the segment of its kind. A kind that
// furniture does not make fails the test: whoever adds a route adds it there.
func fill(t *testing.T, pattern string, sids map[string]string) string {
	t.Helper()
	installationWide := map[string]string{ // resources that no service has
		"Addresses": "IG" + digits, "deliveries": sids["Receipts"], "messages": sids["Messages"], "webhooks": "WH" + digits,
		"dead-letters": "1", "unrouted": "1", "opt-outs": "1",
		"erasures": digits,
	}
	segments := strings.Split(pattern, "/")
	for i, s := range segments {
		if !strings.HasPrefix(s, "{") {
			continue
		}
		sid, known := sids[segments[i-1]]
		if !known {
			sid, known = installationWide[segments[i-1]]
		}
		require.True(t, known, "%s: which resource is %s/%s?", pattern, segments[i-1], s)
		segments[i] = sid
	}
	return strings.Join(segments, "/")
}

// crossings are the ways to fill a pattern in which at least one SID is that of
// something of another service's.
func crossings(t *testing.T, pattern string, mine, theirs map[string]string) []string {
	t.Helper()
	segments := strings.Split(pattern, "/")
	var kinds []string // of the parameters, the service's own left out
	for i, s := range segments {
		if strings.HasPrefix(s, "{") && segments[i-1] != "Services" {
			kinds = append(kinds, segments[i-1])
		}
	}
	var paths []string
	for which := 1; which < 1<<len(kinds); which++ {
		sids := maps.Clone(mine)
		for i, kind := range kinds {
			if which&(1<<i) != 0 {
				sids[kind] = theirs[kind]
			}
		}
		paths = append(paths, fill(t, pattern, sids))
	}
	return paths
}

// What is in one service does not exist in the other: no path through a service,
// nor one without, finds it, changes it or deletes it, at whatever place of the path
// its SID stands; and no answer of a service's names it.
func TestServicesDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	p := newPremises(t)
	here, there := p.furniture(t, service, "1"), p.furniture(t, "IS"+other, "2")
	tried := 0
	for _, side := range []struct{ mine, theirs map[string]string }{{here, there}, {there, here}} {
		for pattern, allow := range api.Routes(p.Handler) {
			ofService := strings.HasPrefix(pattern, "/v1/Services/{ChatServiceSid}/") || strings.HasPrefix(pattern, "/v3/")
			if !ofService && side.mine["Services"] == service {
				ofService = isOfDefaultService(pattern)
			}
			if !ofService {
				continue
			}
			for method := range strings.SplitSeq(allow, ", ") {
				if method == http.MethodOptions {
					continue // what a path allows is no secret
				}
				for _, path := range crossings(t, pattern, side.mine, side.theirs) {
					a := do(t, p, method, path, everyForm)
					assert.Equal(t, http.StatusNotFound, a.status, "%s %s: %s", method, path, a.body)
					assert.EqualValues(t, 20404, a.json(t)["code"], "%s %s", method, path)
					tried++
				}
			}
			if !strings.Contains(allow, http.MethodGet) {
				continue
			}
			path := fill(t, pattern, side.mine)
			if strings.HasSuffix(path, "/ParticipantConversations") {
				path += "?Identity=somebody-1"
				if side.mine["Services"] == service {
					path = strings.Replace(path, "-1", "-2", 1)
				}
			}
			a := do(t, p, http.MethodGet, path, "")
			if a.status != http.StatusOK { // it is found, and came from no carrier
				assert.EqualValues(t, 50530, a.json(t)["code"], "%s: %s", path, a.body)
			}
			for kind, sid := range side.theirs {
				if kind != "Credentials" && kind != "Content" { // which are the account's
					assert.NotContains(t, a.body, sid, path)
				}
			}
		}
	}
	assert.Greater(t, tried, 100)
}

// isOfDefaultService says whether a pattern without a service names what a service
// has.
func isOfDefaultService(pattern string) bool {
	rest, ok := strings.CutPrefix(pattern, "/v1/")
	kind, _, _ := strings.Cut(rest, "/")
	switch kind {
	case "Conversations", "Users", "Roles", "ParticipantConversations", "ConversationWithParticipants":
		return ok
	}
	return false
}

// Nor can what is written into one service refer to the other.
func TestServicesDoNotReferToEachOther(t *testing.T) {
	t.Parallel()
	p := newPremises(t)
	here, there := p.furniture(t, service, "1"), p.furniture(t, "IS"+other, "2")
	base := "/v1/Services/" + service
	within := base + "/Conversations/" + here["Conversations"]
	for _, c := range []struct {
		path, form   string
		status, code int
	}{
		{within + "/Participants", "Identity=eve&RoleSid=" + there["Roles"], 404, 50109},
		{within + "/Participants/" + here["Participants"], "RoleSid=" + there["Roles"], 404, 50109},
		{base + "/Users", "Identity=eve&RoleSid=" + there["Roles"], 404, 50100},
		{base + "/Users/" + here["Users"], "RoleSid=" + there["Roles"], 404, 50100},
		{base + "/Configuration", "DefaultChatServiceRoleSid=" + there["Roles"], 404, 50100},
		{within + "/Messages", "MediaSid=" + there["Media"], 404, 50507},
	} {
		a := do(t, p, http.MethodPost, c.path, c.form)
		assert.Equal(t, c.status, a.status, "%s %s: %s", c.path, c.form, a.body)
		assert.EqualValues(t, c.code, a.json(t)["code"], "%s %s", c.path, c.form)
	}
}

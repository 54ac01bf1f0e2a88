package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// badInput is a parameter that an operation does not take as it is.
type badInput struct {
	form         string
	status, code int
}

// long is a text one character longer than names may be.
func long() string { return strings.Repeat("%C3%A9", 257) }

// attributesOf is a JSON text of n bytes.
func attributesOf(n int) string {
	return "Attributes=" + url.QueryEscape(`"`+strings.Repeat("x", n-2)+`"`)
}

// dates are wrong in the same way for every resource that has them.
func dates() []badInput {
	return []badInput{
		{"DateCreated=yesterday", 400, 50308},
		{"DateCreated=", 400, 50308},
		{"DateUpdated=2024-13-01", 400, 50309},
		{"Attributes=%7B%22a%22", 400, 50304},
		{"Attributes=", 400, 50304},
		{"Attributes=a+b", 400, 50304},
		{"Attributes=%ff", 400, 20001},
		{"Attributes=%zz", 400, 20001},
	}
}

func badConversations() []badInput {
	return append(dates(), []badInput{
		{"FriendlyName=" + long(), 400, 50003},
		{"UniqueName=" + long(), 400, 50004},
		{"UniqueName=CH" + digits, 400, 50390},
		{attributesOf(16<<10 + 1), 400, 50303},
		{"MessagingServiceSid=" + digits, 400, 50341},
		{"MessagingServiceSid=CH" + digits, 400, 50341},
		{"MessagingServiceSid=MG" + other, 400, 50341},
		{"State=open", 400, 50378},
		{"State=", 400, 50378},
		{"Timers.Inactive=1h", 400, 50379},
		{"Timers.Inactive=P1M", 400, 50379},
		{"Timers.Inactive=PT59S", 400, 50375},
		{"Timers.Closed=soon", 400, 50380},
		{"Timers.Closed=PT9M59S", 400, 50376},
	}...)
}

func badParticipants() []badInput {
	return append(dates(), []badInput{
		{attributesOf(4<<10 + 1), 400, 50303},
		{"RoleSid=RL", 404, 50109},
		{"RoleSid=RL" + strings.Repeat("0", 32), 404, 50109},
		{"RoleSid=MB" + digits, 404, 50109},
		{"LastReadMessageIndex=first", 400, 50421},
		{"LastReadMessageIndex=-1", 400, 50421},
		{"LastReadTimestamp=today", 400, 20001},
	}...)
}

func badMessages() []badInput {
	return append(dates(), []badInput{
		{"Body=" + strings.Repeat("x", 32<<10+1), 400, 50504},
		{"Author=" + long(), 400, 50310},
		{"Subject=" + long(), 400, 20001},
		{attributesOf(4<<10 + 1), 400, 50303},
	}...)
}

// Every operation that takes parameters refuses what is wrong with each, names
// the reference's code, and changes nothing.
func TestParametersThatAreRefused(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	const ours, theirs = "/v1/Conversations", "/v1/Services/" + service + "/Conversations"
	within := "/" + in.conversation
	for path, operation := range map[string]struct {
		valid string // what makes the request complete otherwise
		bad   []badInput
	}{
		"":     {"", append(badConversations(), badInput{"UniqueName=ours", 409, 50353}, badInput{"State=closed", 400, 50384})},
		within: {"", append(badConversations(), badInput{"UniqueName=taken", 409, 50353})},
		within + "/Participants": {"Identity=eve", append(badParticipants(), []badInput{
			{"Identity=" + long(), 400, 50207},
			{"Identity=ada", 409, 50433},
			{"MessagingBinding.Address=%2B15550000009", 400, 50211},
		}...)},
		within + "/Participants/" + in.chat:   {"", append(badParticipants(), badInput{"MessagingBinding.ProxyAddress=%2B15559990001", 400, 50441}, badInput{"Identity=eve", 400, 50444})},
		within + "/Participants/" + in.native: {"", append(badParticipants(), badInput{"Identity=eve", 400, 50211})},
		within + "/Messages": {"Body=a", append(badMessages(), []badInput{
			{"MediaSid=IM" + digits, 400, 50510},
			{"MediaSid=ME", 400, 50510},
			{"MediaSid=ME" + other, 404, 50507},
			{"ContentSid=HX" + other, 400, 50526},
		}...)},
		within + "/Messages/" + in.message: {"", badMessages()},
	} {
		if path == within {
			a := do(t, in, http.MethodPost, ours, "UniqueName=taken")
			assert.Equal(t, 201, a.status, a.body)
		}
		before := in.everything(t)
		for _, bad := range operation.bad {
			form := bad.form
			if name, _, _ := strings.Cut(form, "="); operation.valid != "" && !strings.HasPrefix(operation.valid, name+"=") {
				form += "&" + operation.valid
			}
			for _, base := range []string{ours, theirs} {
				a := do(t, in, http.MethodPost, base+path, form)
				what := base + path + " " + bad.form[:min(len(bad.form), 60)]
				assert.Equal(t, bad.status, a.status, "%s\n%s", what, a.body)
				assert.EqualValues(t, bad.code, a.json(t)["code"], "%s\n%s", what, a.body)
			}
		}
		assert.Equal(t, before, in.everything(t), "%s changed something", path)
	}
}

// everything is all that can be changed, as JSON.
func (in *installation) everything(t *testing.T) (bodies []string) {
	t.Helper()
	within := "/v1/Conversations/" + in.conversation
	for _, path := range []string{"/v1/Conversations", within + "/Participants", within + "/Messages"} {
		bodies = append(bodies, do(t, in, http.MethodGet, path, "").body)
	}
	return bodies
}

func TestParametersThatAreMissing(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	within := "/v1/Conversations/" + in.conversation
	for _, tt := range []struct {
		path, form string
		code       int
	}{
		{within + "/Participants", "", 20001},
		{within + "/Participants", "Attributes={}", 20001},
		{within + "/Participants", "Identity=", 50204},
		{within + "/Participants", "MessagingBinding.Address=", 50411},
		{within + "/Participants", "MessagingBinding.ProxyAddress=%2B15559990001", 50411},
		{within + "/Messages", "", 50503},
		{within + "/Messages", "Body=", 50503},
		{within + "/Messages", "Author=ada", 50503},
	} {
		a := do(t, in, http.MethodPost, tt.path, tt.form)
		assert.Equal(t, 400, a.status, "%s %s", tt.path, tt.form)
		assert.EqualValues(t, tt.code, a.json(t)["code"], "%s %s: %s", tt.path, tt.form, a.body)
	}
}

func TestParametersThatNobodyKnowsAreIgnored(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	within := "/v1/Conversations/" + in.conversation
	const nonsense = "Nonsense=1&friendlyname=x&Sid=CH" + other + "&State%5B%5D=open"
	for _, tt := range []struct {
		method, path, form string
		status             int
	}{
		{http.MethodPost, "/v1/Conversations", nonsense, 201},
		{http.MethodPost, within, nonsense, 200},
		{http.MethodPost, within + "/Participants", "Identity=eve&" + nonsense, 201},
		{http.MethodPost, within + "/Participants/eve", nonsense, 200},
		{http.MethodPost, within + "/Messages", "Body=a&" + nonsense, 201},
		{http.MethodPost, within + "/Messages/" + in.message, nonsense, 200},
		{http.MethodGet, "/v1/Conversations?" + nonsense, "", 200},
		{http.MethodGet, within + "?" + nonsense, "", 200},
		{http.MethodGet, within + "/Participants?" + nonsense, "", 200},
		{http.MethodGet, within + "/Messages/" + in.message + "/Receipts?" + nonsense, "", 200},
		{http.MethodDelete, within + "/Messages/" + in.message + "?" + nonsense, "", 204},
	} {
		a := do(t, in, tt.method, tt.path, tt.form)
		assert.Equal(t, tt.status, a.status, "%s %s: %s", tt.method, tt.path, a.body)
	}
}

// What is not there, or is another service's, is not found by any operation.
func TestSIDsThatNameNothingHere(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	elsewhere := "/v1/Services/IS" + other + "/Conversations/"
	const unknown, wrong = "/v1/Conversations/CH" + other, "/v1/Conversations/IM" + digits
	within := "/v1/Conversations/" + in.conversation
	var paths []string
	for _, c := range []string{unknown, wrong, "/v1/Conversations/" + in.foreign, "/v1/Conversations/theirs", elsewhere + in.conversation, elsewhere + "ours"} {
		paths = append(paths, c, c+"/Participants", c+"/Participants/"+in.chat, c+"/Participants/ada",
			c+"/Messages", c+"/Messages/"+in.message, c+"/Messages/"+in.message+"/Receipts", c+"/Messages/"+in.message+"/Receipts/DY"+digits)
	}
	paths = append(paths,
		within+"/Participants/MB"+other, within+"/Participants/nobody", within+"/Participants/IM"+digits,
		within+"/Messages/IM"+other, within+"/Messages/"+in.chat, within+"/Messages/x",
		within+"/Messages/IM"+other+"/Receipts", within+"/Messages/"+in.message+"/Receipts/DY"+other,
		"/v1/Services/IS"+strings.Repeat("0", 32)+"/Conversations", "/v1/Services/"+in.conversation+"/Conversations")
	before := in.everything(t)
	for _, path := range paths {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			a := do(t, in, method, path, "FriendlyName=a&Body=a&Identity=eve")
			if a.status == http.StatusMethodNotAllowed {
				continue
			}
			assert.Equal(t, 404, a.status, "%s %s: %s", method, path, a.body)
			assert.EqualValues(t, 20404, a.json(t)["code"], "%s %s", method, path)
		}
	}
	assert.Equal(t, before, in.everything(t))
}

package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// nodeDir is where .ci/install-test-tools installs the official client for Node.js.
const nodeDir = "testdata/node"

// The unmodified official client for Node.js uses every operation: its scenario is
// testdata/node/scenario.mjs.
func TestTheOfficialNodeClientDrivesEveryOperation(t *testing.T) {
	t.Parallel()
	require.DirExists(t, filepath.Join(nodeDir, "node_modules", "twilio"), "run .ci/install-test-tools, which installs the client")
	w := newWorld(t, setup{config: tourConfiguration})
	scenario := exec.CommandContext(t.Context(), "node", "scenario.mjs")
	scenario.Dir = nodeDir
	withDevices := w.registeredDevices()
	scenario.Env = append(os.Environ(), "BRIDGED_URL="+w.URL, "no_proxy=127.0.0.1",
		"ACCOUNT_SID="+account, "AUTH_TOKEN="+authToken, "LISTENER="+listener,
		"SERVICE_WITH_DEVICES="+withDevices, "HANDSETS="+alice+" "+secondHandset, "NUMBERS="+smsProxy+" "+secondProxy+" "+thirdProxy)
	var complaint strings.Builder
	scenario.Stderr = &complaint
	out, err := scenario.Output()
	require.NoError(t, err, complaint.String())
	var used [][2]string
	require.NoError(t, json.Unmarshal(out, &used))
	requireEveryOperation(t, used)
}

// requireEveryOperation requires that requests, each a method and a path, are of
// all operations.
func requireEveryOperation(t *testing.T, requests [][2]string) {
	t.Helper()
	operations := readReference(t)
	unused := maps.Clone(operations)
	for _, r := range requests {
		for name, o := range operations {
			if o.method == r[0] && matches(o.path, r[1]) {
				delete(unused, name)
			}
		}
	}
	require.Empty(t, slices.Sorted(maps.Keys(unused)), "the client does not use them")
}

// matches says whether a path is one of the template.
func matches(template, path string) bool {
	wanted, parts := strings.Split(template, "/"), strings.Split(path, "/")
	if len(wanted) != len(parts) {
		return false
	}
	for i, part := range wanted {
		if !strings.HasPrefix(part, "{") && part != parts[i] {
			return false
		}
	}
	return true
}

// recorder keeps what a client asks for.
type recorder struct {
	http.RoundTripper

	mu       sync.Mutex
	requests [][2]string
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	r.mu.Lock()
	r.requests = append(r.requests, [2]string{request.Method, request.URL.Path})
	r.mu.Unlock()
	return r.RoundTripper.RoundTrip(request)
}

// goClient is the unmodified official client for Go. It has one method for each
// operation, called like it, with the parts of the path and then the parameters.
type goClient struct {
	*world

	recorder
	api reflect.Value
}

func (w *world) goClient() *goClient {
	w.t.Helper()
	g := &goClient{world: w, recorder: recorder{RoundTripper: toDaemon(w.URL)}}
	g.api = reflect.ValueOf(allProducts(&g.recorder, account, authToken).ConversationsV1)
	return g
}

// try calls the client's method for an operation and returns what it does: a
// pointer to a resource, a slice of them, or nil.
func (g *goClient) try(operation string, path []string, set url.Values) (any, error) {
	g.t.Helper()
	method := g.api.MethodByName(operation)
	require.True(g.t, method.IsValid(), "the client has no method %s", operation)
	arguments := make([]reflect.Value, 0, len(path)+1)
	for _, part := range path {
		arguments = append(arguments, reflect.ValueOf(part))
	}
	if method.Type().NumIn() > len(path) {
		parameters := reflect.New(method.Type().In(len(path)).Elem())
		for name, values := range set {
			setParameter(g.t, parameters.Elem().FieldByName(strings.ReplaceAll(name, ".", "")), values)
		}
		arguments = append(arguments, parameters)
	}
	results := method.Call(arguments)
	err, _ := results[len(results)-1].Interface().(error)
	if len(results) == 1 {
		return nil, err
	}
	return results[0].Interface(), err
}

// setParameter sets a field of a struct of parameters, which is a pointer.
func setParameter(t *testing.T, field reflect.Value, values []string) {
	t.Helper()
	require.True(t, field.IsValid(), "the client has no parameter for %q", values)
	var value any
	switch field.Interface().(type) {
	case *string:
		value = values[0]
	case *[]string:
		value = values
	case *bool:
		value = values[0] == "true"
	case *int:
		n, err := strconv.Atoi(values[0])
		require.NoError(t, err)
		value = n
	case *time.Time:
		at, err := time.Parse(time.RFC3339, values[0])
		require.NoError(t, err)
		value = at
	}
	pointer := reflect.New(field.Type().Elem())
	pointer.Elem().Set(reflect.ValueOf(value))
	field.Set(pointer)
}

// do is try where nothing may go wrong.
func (g *goClient) do(operation string, path []string, set url.Values) any {
	g.t.Helper()
	v, err := g.try(operation, path, set)
	require.NoError(g.t, err, "%s %q", operation, path)
	return v
}

// sidOf returns the SID of a resource of the client, or of a pointer to one.
func sidOf(v any) string {
	return *reflect.Indirect(reflect.ValueOf(v)).FieldByName("Sid").Interface().(*string)
}

func sidsOf(list any) (sids []string) {
	for i, v := 0, reflect.ValueOf(list); i < v.Len(); i++ {
		sids = append(sids, sidOf(v.Index(i).Interface()))
	}
	return sids
}

// lifecycle is a resource that is made, found, changed and removed.
type lifecycle struct {
	noun   string
	in     []string             // the path to it
	set    func(n int) []string // pairs of names and values for the n-th
	change []string             // the same for an update; nil: it has none
}

// live makes three of a resource, finds each of them, over pages of one, changes
// one and removes them all.
func (g *goClient) live(l lifecycle) {
	g.t.Helper()
	at := func(sid string) []string { return append(slices.Clone(l.in), sid) }
	var made []string
	for n := range 3 {
		made = append(made, sidOf(g.do("Create"+l.noun, l.in, form(l.set(n)...))))
	}
	require.Equal(g.t, made[0], sidOf(g.do("Fetch"+l.noun, at(made[0]), nil)))
	if l.change != nil {
		require.Equal(g.t, made[1], sidOf(g.do("Update"+l.noun, at(made[1]), form(l.change...))))
	}
	pages := len(g.requests)
	listed := sidsOf(g.do("List"+l.noun, l.in, form("PageSize", "1")))
	require.Subset(g.t, listed, made, "all %s are listed", l.noun)
	require.GreaterOrEqual(g.t, len(g.requests)-pages, 3, "over several pages")
	for _, sid := range made {
		g.do("Delete"+l.noun, at(sid), nil)
		_, err := g.try("Fetch"+l.noun, at(sid), nil)
		refused(g.t, err, http.StatusNotFound, 20404)
	}
	require.NotSubset(g.t, append(sidsOf(g.do("List"+l.noun, l.in, nil)), ""), made)
}

// The unmodified official client for Go uses every operation.
func TestTheOfficialGoClientDrivesEveryOperation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{config: tourConfiguration})
	withDevices := w.registeredDevices()
	g := w.goClient()
	for _, device := range sidsOf(g.do("ListServiceBinding", []string{withDevices}, form("PageSize", "1"))) {
		g.do("FetchServiceBinding", []string{withDevices, device}, nil)
		g.do("DeleteServiceBinding", []string{withDevices, device}, nil)
	}
	require.Empty(t, g.do("ListServiceBinding", []string{withDevices}, nil))
	g.accountScenario(withDevices)
	g.serviceScenario("", nil, alice)
	g.serviceScenario("Service", []string{withDevices}, secondHandset)
	requireEveryOperation(t, g.requests)
}

// accountScenario uses what there is once in an account, or in a service.
func (g *goClient) accountScenario(service string) {
	numbers := []string{smsProxy, secondProxy, thirdProxy}
	g.live(lifecycle{noun: "Service", set: func(n int) []string { return []string{"FriendlyName", fmt.Sprint("service ", n)} }})
	g.live(lifecycle{noun: "Credential", change: []string{"FriendlyName", "renamed"}, set: func(n int) []string {
		return []string{"Type", "fcm", "FriendlyName", fmt.Sprint("credential ", n), "Secret", "a secret"}
	}})
	g.live(lifecycle{noun: "ConfigurationAddress", change: []string{"AutoCreation.Enabled", "true"}, set: func(n int) []string {
		return []string{"Type", "sms", "Address", numbers[n], "AutoCreation.Type", "webhook", "AutoCreation.WebhookUrl", listener}
	}})
	for _, noun := range []string{"Configuration", "ConfigurationWebhook"} {
		g.do("Update"+noun, nil, nil)
		g.do("Fetch"+noun, nil, nil)
	}
	for _, noun := range []string{"ServiceConfiguration", "ServiceNotification", "ServiceWebhookConfiguration"} {
		g.do("Update"+noun, []string{service}, nil)
		g.do("Fetch"+noun, []string{service}, nil)
	}
}

// serviceScenario uses a service's roles, users and conversations. The prefix of
// the operations and the path before theirs are those of one of their two forms.
func (g *goClient) serviceScenario(prefix string, base []string, handset string) {
	in := func(parts ...string) []string { return append(slices.Clone(base), parts...) }
	named := func(n int) []string { return []string{"FriendlyName", fmt.Sprint("name ", n)} }
	g.live(lifecycle{noun: prefix + "Role", in: base, change: []string{"Permission", "leaveConversation"}, set: func(n int) []string {
		return append(named(n), "Type", "conversation", "Permission", "sendMessage")
	}})
	g.live(lifecycle{noun: prefix + "User", in: base, change: []string{"FriendlyName", "renamed"}, set: func(n int) []string {
		return append(named(n), "Identity", fmt.Sprint("user ", n))
	}})
	g.live(lifecycle{noun: prefix + "Conversation", in: base, change: []string{"State", "inactive"}, set: named})

	c := sidOf(g.do("Create"+prefix+"Conversation", base, nil))
	g.live(lifecycle{noun: prefix + "ConversationParticipant", in: in(c), change: []string{"Attributes", `{"a":1}`}, set: func(n int) []string {
		return []string{"Identity", fmt.Sprint("participant ", n)}
	}})
	g.live(lifecycle{noun: prefix + "ConversationMessage", in: in(c), change: []string{"Body", "changed"}, set: func(n int) []string {
		return []string{"Author", "somebody", "Body", fmt.Sprint("message ", n)}
	}})
	g.live(lifecycle{noun: prefix + "ConversationScopedWebhook", in: in(c), change: []string{"Configuration.Method", "POST"}, set: func(int) []string {
		return []string{"Target", "webhook", "Configuration.Url", listener, "Configuration.Method", "GET", "Configuration.Filters", "onMessageAdded"}
	}})

	g.do("Create"+prefix+"ConversationParticipant", in(c), form("MessagingBinding.Address", handset, "MessagingBinding.ProxyAddress", smsProxy))
	message := sidOf(g.do("Create"+prefix+"ConversationMessage", in(c), form("Body", "to be delivered")))
	var receipts []string
	eventually(g.t, func() bool {
		receipts = sidsOf(g.do("List"+prefix+"ConversationMessageReceipt", in(c, message), nil))
		return len(receipts) == 1
	}, "the receipt")
	g.do("Fetch"+prefix+"ConversationMessageReceipt", in(c, message, receipts[0]), nil)

	g.do("Create"+prefix+"ConversationParticipant", in(c), form("Identity", "member"))
	g.do("Create"+prefix+"ConversationWithParticipants", base, form("Participant", `{"identity": "member"}`))
	mine := 0
	eventually(g.t, func() bool {
		mine = reflect.ValueOf(g.do("List"+prefix+"ParticipantConversation", base, form("Identity", "member", "PageSize", "1"))).Len()
		return mine == 2
	}, "the member is in both conversations")
	list := g.do("List"+prefix+"UserConversation", in("member"), form("PageSize", "1"))
	require.Equal(g.t, mine, reflect.ValueOf(list).Len())
	g.do("Update"+prefix+"UserConversation", in("member", c), form("NotificationLevel", "muted"))
	g.do("Fetch"+prefix+"UserConversation", in("member", c), nil)
	g.do("Delete"+prefix+"UserConversation", in("member", c), nil)
	_, err := g.try("Fetch"+prefix+"UserConversation", in("member", c), nil)
	require.Error(g.t, err)
	g.do("Delete"+prefix+"Conversation", in(c), nil)
}

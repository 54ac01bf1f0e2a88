package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/stretchr/testify/require"
)

// tour calls the reference's operations in a daemon, and checks each answer: its
// status and its body against the schema, its URLs by following them, and its
// structure against the reference's examples.
type tour struct {
	*world

	operations map[string]operation
	passed     map[string]*passage // by operation
	sent       map[string]bool     // the parameters that were, each with its operation
	followed   map[string]bool     // the URLs that were
	compared   map[string]bool     // the examples that were
	excuses    map[int]bool        // the exceptions that occurred
	wrong      []string            // all that is wrong
}

// passage is what happened to one operation.
type passage struct {
	statuses []int
	wrong    bool
}

// sids are the values of the parts of a path, by their names.
type sids map[string]string

// step is one call.
type step struct {
	op       string
	at       sids
	form     url.Values
	webhooks string // the X-Twilio-Webhook-Enabled header
	// The examples that show the answer, by the last part of their names. One that
	// the operation does not have is passed over: what operations are alike in both
	// of their forms, the examples are not.
	like []string
}

// do carries out a call and returns the JSON object that it answers.
func (c *tour) do(s step) object {
	c.t.Helper()
	o, known := c.operations[s.op]
	require.True(c.t, known, "no operation %s", s.op)
	for name := range s.form {
		require.Contains(c.t, o.parameters(), name, s.op)
		c.sent[s.op+" "+name] = true
	}
	status, body := c.send(o, s)
	p := c.passed[o.name]
	if p == nil {
		p = &passage{}
		c.passed[o.name] = p
	}
	if !slices.Contains(p.statuses, status) {
		p.statuses = append(p.statuses, status)
	}
	if err := o.check(status, body); err != nil {
		c.complain(o.name, err.Error())
	}
	var answer object
	if len(body) > 0 {
		require.NoError(c.t, json.Unmarshal(body, &answer), "%s: %s", s.op, body)
	}
	require.Less(c.t, status, http.StatusBadRequest, "%s %v: %s", s.op, s.form, body)
	c.echoes(o, s.form, answer)
	c.follow(o.name, answer)
	for _, name := range s.like {
		c.compare(o.name, fmt.Sprintf("%s.%d.%s", o.name, status, name), answer)
	}
	return answer
}

// complain records that an operation does something wrong.
func (c *tour) complain(operation, what string) {
	c.wrong = append(c.wrong, operation+": "+what)
	c.passed[operation].wrong = true
}

// send makes the request of a step.
func (c *tour) send(o operation, s step) (status int, body []byte) {
	c.t.Helper()
	parts := strings.Split(o.path, "/")
	for i, part := range parts {
		if name, isName := strings.CutPrefix(part, "{"); isName {
			name = strings.TrimSuffix(name, "}")
			require.NotEmpty(c.t, s.at[name], "%s needs %s", s.op, name)
			parts[i] = url.PathEscape(s.at[name])
		}
	}
	target, header := strings.Join(parts, "/"), http.Header{}
	if s.webhooks != "" {
		header.Set("X-Twilio-Webhook-Enabled", s.webhooks)
	}
	form := s.form
	if o.method != http.MethodPost && form != nil {
		target, form = target+"?"+form.Encode(), nil
	}
	answer := c.request(o.method, target, form, header)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(c.t, err)
	if len(body) > 0 {
		require.Equal(c.t, "application/json;charset=utf-8", answer.Header.Get("Content-Type"))
	}
	return answer.StatusCode, body
}

// echoes requires that a resource shows what was set: a parameter such as
// Configuration.Url as the property `configuration`, `url`. What is not shown under
// its own name is passed over.
func (c *tour) echoes(o operation, set url.Values, answer object) {
	if o.method != http.MethodPost {
		return
	}
	for name, values := range set {
		var shown any = answer
		for part := range strings.SplitSeq(name, ".") {
			in, _ := shown.(object)
			shown = in[snakeCase(part)]
		}
		var texts []string
		switch shown := shown.(type) {
		case nil, object:
			continue
		case []any:
			for _, one := range shown {
				texts = append(texts, fmt.Sprint(one))
			}
		default:
			texts = []string{fmt.Sprint(shown)}
		}
		if !strings.EqualFold(strings.Join(values, " "), strings.Join(texts, " ")) {
			c.complain(o.name, fmt.Sprintf("%s was set to %q and is shown as %q", name, values, texts))
		}
	}
}

// snakeCase turns FriendlyName into friendly_name.
func snakeCase(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// follow fetches all URLs of an answer: those of a resource and of its links, and
// those of a list, its neighbors and its entries. A resource's own URL must lead to
// the resource.
func (c *tour) follow(operation string, answer object) {
	c.t.Helper()
	c.followOne(operation, answer, "url", "")
	links, _ := answer["links"].(object)
	for name := range links {
		c.followOne(operation, links, name, "links/")
	}
	meta, isList := answer["meta"].(object)
	if !isList {
		return
	}
	for _, name := range []string{"url", "first_page_url", "previous_page_url", "next_page_url"} {
		c.followOne(operation, meta, name, "meta/")
	}
	key, _ := meta["key"].(string)
	entries, _ := answer[key].([]any)
	for _, entry := range entries {
		c.follow(operation, entry.(object))
	}
}

// followOne fetches one URL, if there is one.
func (c *tour) followOne(operation string, in object, name, place string) {
	c.t.Helper()
	target, _ := in[name].(string)
	if target == "" || c.followed[target] {
		return
	}
	c.followed[target] = true
	local, isLocal := strings.CutPrefix(target, c.URL)
	if !isLocal {
		c.complain(operation, place+name+" leads elsewhere: "+target)
		return
	}
	if path.Base(local) == "ParticipantConversations" {
		local += "?Identity=admin" // one must say whose (page 16)
	}
	var found object
	status := c.call(http.MethodGet, local, nil, &found)
	switch {
	case status == http.StatusMethodNotAllowed && path.Base(local) == "ConversationWithParticipants":
		// One can only make such conversations.
	case status == http.StatusNotFound && path.Base(local) == "ChannelMetadata" && found["code"] == 50530.0:
		// The message came from no channel (contract, 29).
	case status != http.StatusOK:
		c.complain(operation, fmt.Sprintf("%s%s answers %d: %s", place, name, status, target))
	case place == "" && (found["url"] != target || found["sid"] != in["sid"]):
		c.complain(operation, fmt.Sprintf("the URL %s leads to %v", target, found["url"]))
	}
}

// compare compares the structure of an answer with one of the reference's
// examples.
func (c *tour) compare(operation, name string, answer object) {
	c.t.Helper()
	example, err := readExample(name)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	require.NoError(c.t, err)
	c.compared[name] = true
	for _, difference := range differences("", example, answer) {
		if i := excused(name, difference); i >= 0 {
			c.excuses[i] = true
			continue
		}
		c.complain(operation, "unlike "+name+": "+difference)
	}
}

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
)

// The reference's own description of its interface, without its prose. Its files
// are facts that this repository keeps a copy of, so that its tests need nothing
// beside it.
const (
	referenceFile = "testdata/openapi/twilio_conversations_v1.json"
	examplesDir   = "testdata/examples"
)

// operation is one of the reference's operations.
type operation struct {
	name, method, path string
	*openapi3.Operation
}

// readReference reads all operations, by their names, and tightens what they
// answer.
func readReference(t *testing.T) map[string]operation {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromFile(referenceFile)
	require.NoError(t, err)
	list := map[string]operation{}
	for path, item := range document.Paths.Map() {
		for method, o := range item.Operations() {
			list[o.OperationID] = operation{name: o.OperationID, method: method, path: path, Operation: o}
			for _, answer := range o.Responses.Map() {
				if content := answer.Value.Content.Get("application/json"); content != nil {
					tighten(content.Schema.Value)
				}
			}
		}
	}
	return list
}

// tighten makes a schema accept only what has exactly its properties: all of them
// and no other. As it is written, the reference would accept an empty object.
func tighten(s *openapi3.Schema) {
	if s.Items != nil {
		tighten(s.Items.Value)
	}
	if s.Format == "uri-map" {
		link := openapi3.NewStringSchema()
		link.Format = "uri"
		s.AdditionalProperties = openapi3.AdditionalProperties{Schema: link.NewRef()}
	}
	if len(s.Properties) == 0 || len(s.Required) > 0 { // the latter has been here before
		return
	}
	s.Required = slices.Sorted(maps.Keys(s.Properties))
	s.AdditionalProperties = openapi3.AdditionalProperties{Has: new(bool)}
	for _, p := range s.Properties {
		tighten(p.Value)
	}
}

// The ways in which the reference writes dates and URLs. It shows no fractions of
// seconds.
var formats = map[string]openapi3.StringFormatValidator{
	"date-time": openapi3.NewCallbackValidator(func(s string) error {
		_, err := time.Parse("2006-01-02T15:04:05Z", s)
		return err
	}),
	"uri": openapi3.NewCallbackValidator(func(s string) error {
		u, err := url.Parse(s)
		if err == nil && (!u.IsAbs() || u.Host == "") {
			return fmt.Errorf("%q is not absolute", s)
		}
		return err
	}),
}

// schemaExceptions are the places in answers where the reference's own examples
// contradict its schema, by the operation and the JSON pointer. The example holds.
var schemaExceptions = map[string]string{
	"FetchServiceWebhookConfiguration /method": "the example fetchEmpty shows null where nothing was set, which the enum lacks",
}

// check says what is wrong with an answer to the operation: its status or its
// body.
func (o operation) check(status int, body []byte) error {
	answer := o.Responses.Status(status)
	if answer == nil {
		return fmt.Errorf("the reference knows no status %d here; the answer was %s", status, body)
	}
	content := answer.Value.Content.Get("application/json")
	if content == nil {
		if len(body) > 0 {
			return fmt.Errorf("there must be no body: %s", body)
		}
		return nil
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return fmt.Errorf("%w in %s", err, body)
	}
	err := content.Schema.Value.VisitJSON(value, openapi3.MultiErrors(), openapi3.VisitAsResponse(),
		openapi3.EnableFormatValidation(), openapi3.WithStringFormatValidators(formats))
	return errors.Join(o.unexpected(err)...)
}

// unexpected are the errors that schemaExceptions do not allow.
func (o operation) unexpected(err error) (list []error) {
	var several openapi3.MultiError
	if errors.As(err, &several) {
		for _, one := range several {
			list = append(list, o.unexpected(one)...)
		}
		return list
	}
	var one *openapi3.SchemaError
	switch {
	case err == nil:
	case !errors.As(err, &one):
		list = append(list, err)
	default:
		place := "/" + strings.Join(one.JSONPointer(), "/")
		if schemaExceptions[o.name+" "+place] == "" {
			list = append(list, fmt.Errorf("%s: %s, not %v", place, one.Reason, one.Value))
		}
	}
	return list
}

// parameters are the names of what the operation takes: in the form of a POST, and
// in the query of any other request.
func (o operation) parameters() (names []string) {
	if o.RequestBody != nil {
		return slices.Collect(maps.Keys(o.RequestBody.Value.Content.Get("application/x-www-form-urlencoded").Schema.Value.Properties))
	}
	for _, p := range o.Parameters {
		if p.Value.In == "query" {
			names = append(names, p.Value.Name)
		}
	}
	return names
}

func TestTheReferenceIsReadStrictly(t *testing.T) {
	t.Parallel()
	operations := readReference(t)
	require.Len(t, operations, 103)
	fetch := operations["FetchServiceConfiguration"]
	const good = `{"chat_service_sid": "ISaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "default_conversation_creator_role_sid": null,
		"default_conversation_role_sid": null, "default_chat_service_role_sid": null, "reachability_enabled": false,
		"url": "https://example.com/v1", "links": {"webhooks": "https://example.com/v1/Webhooks"}}`
	require.NoError(t, fetch.check(200, []byte(good)))
	for what, change := range map[string][2]string{
		"a SID of another kind":  {"ISaaaa", "CHaaaa"},
		"a short SID":            {"ISaaaa", "ISaaa"},
		"a missing property":     {`"default_chat_service_role_sid": null,`, ""},
		"an unknown property":    {`"url"`, `"uri": null, "url"`},
		"a boolean that is text": {"false", `"false"`},
		"a URL without a host":   {"https://example.com/v1", "/v1"},
		"a relative link":        {"https://example.com/v1/Webhooks", "/v1/Webhooks"},
		"no JSON":                {"{", "["},
	} {
		require.Error(t, fetch.check(200, bytes.Replace([]byte(good), []byte(change[0]), []byte(change[1]), 1)), what)
	}
	require.Error(t, fetch.check(201, []byte(good)), "a status that is not documented")
	require.Error(t, operations["DeleteRole"].check(204, []byte("{}")), "a body where there is none")
	require.Empty(t, fetch.parameters())
	require.ElementsMatch(t, []string{"PageSize", "Page", "PageToken"}, operations["ListRole"].parameters())
	require.ElementsMatch(t, []string{"FriendlyName", "Type", "Permission"}, operations["CreateRole"].parameters())
}

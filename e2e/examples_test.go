package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// object is a JSON object.
type object = map[string]any

// exampleNames lists the reference's examples, by operation. An example is named
// OPERATION.STATUS.NAME.
func exampleNames(t *testing.T) map[string][]string {
	t.Helper()
	files, err := os.ReadDir(examplesDir)
	require.NoError(t, err)
	list := map[string][]string{}
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), ".json")
		of, _, _ := strings.Cut(name, ".")
		list[of] = append(list[of], name)
	}
	return list
}

func readExample(name string) (v any, err error) {
	text, err := os.ReadFile(path.Join(examplesDir, name+".json"))
	if err != nil {
		return nil, err
	}
	return v, json.Unmarshal(text, &v)
}

// differences says in what the structure of an answer differs from that of the
// example: in the keys of objects and in the JSON types of values. Where the
// example shows null, anything may stand, for the schema says what; where it shows
// something, null may not. Of a list, each entry of the example must have one of
// the answer's like it, and an empty one is empty.
func differences(place string, example, answer any) (list []string) {
	switch example := example.(type) {
	case nil:
	case object:
		got, ok := answer.(object)
		if !ok {
			return []string{fmt.Sprintf("%s: %s instead of an object", place, kind(answer))}
		}
		for key := range got {
			if _, known := example[key]; !known {
				list = append(list, place+"/"+key+": not in the example")
			}
		}
		for _, key := range slices.Sorted(maps.Keys(example)) {
			value, present := got[key]
			if !present {
				list = append(list, place+"/"+key+": missing")
				continue
			}
			list = append(list, differences(place+"/"+key, example[key], value)...)
		}
	case []any:
		got, ok := answer.([]any)
		if !ok {
			return []string{fmt.Sprintf("%s: %s instead of a list", place, kind(answer))}
		}
		if len(example) == 0 && len(got) > 0 {
			return []string{place + ": not empty"}
		}
		for _, wanted := range example {
			list = append(list, nearest(place+"/*", wanted, got)...)
		}
	default:
		if kind(example) != kind(answer) {
			return []string{fmt.Sprintf("%s: %s instead of %s", place, kind(answer), kind(example))}
		}
		if wanted, isURL := shape(example, referenceHost); isURL {
			if got, _ := shape(answer, ""); got != wanted {
				return []string{fmt.Sprintf("%s: %s instead of %s", place, got, wanted)}
			}
		}
	}
	return list
}

// referenceHost begins the URLs of the reference's own resources.
const referenceHost = "https://conversations.twilio.com"

// What may differ in URLs: which resource it is, and who is looked up.
var (
	anySID    = regexp.MustCompile(`([A-Z]{2})[0-9a-f]{32}`)
	anyPerson = regexp.MustCompile(`(Identity|Address)=[^&]*`)
)

// shape is a URL without its host, which must begin with prefix, and without what
// may differ.
func shape(v any, prefix string) (string, bool) {
	s, _ := v.(string)
	_, rest, isURL := strings.Cut(s, "://")
	if !isURL || !strings.HasPrefix(s, prefix) {
		return s, false
	}
	_, path, _ := strings.Cut(rest, "/")
	return anyPerson.ReplaceAllString(anySID.ReplaceAllString("/"+path, "$1"), "$1"), true
}

// nearest says how the entry that is most like the wanted one differs from it.
func nearest(place string, wanted any, entries []any) (least []string) {
	least = []string{place + ": no entry"}
	for i, entry := range entries {
		if d := differences(place, wanted, entry); i == 0 || len(d) < len(least) {
			least = d
		}
	}
	return least
}

// kind names the JSON type of a value.
func kind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case float64:
		return "a number"
	case string:
		return "a text"
	case []any:
		return "a list"
	default:
		return "an object"
	}
}

// exampleExceptions are all ways in which the daemon's answers are known to differ
// from the reference's examples. The test fails for one that does not occur.
var exampleExceptions = []exampleException{
	{"Create*ConversationMessage.*", "/delivery: null instead of an object", "`delivery` is null until there is a receipt (contract, 12), and nothing is sent before the answer"},
	{"*User.*", "/is_online: null instead of a boolean", "null where the service's reachability is off, and for who never connected (pages 08 and 44)"},
	{"List*User.*", "/users/*/is_online: null instead of a boolean", "always null in a list (page 08)"},
	{"*.fetchByIdentity", "/messaging_binding: null instead of an object", "a participant with an identity has no address and no proxy address (page 06)"},
	{"CreateServiceConversationParticipant.201.createSms", "/identity: null instead of a text", "the example has the text \"null\"; that of the other form of the URL has null"},
	{"UpdateConversation.200.updateClosedState", "/timers/*: missing", "no timer runs in a closed conversation (page 35)"},
	{"Update*ConversationScopedWebhook.*", "/configuration/triggers: not in the example", "the keywords are shown as `filters`, as in the example, and also by the name by which they are set"},
	{"List*Role.200.readEmpty", "", "a service always has its default roles (page 09)"},
	{"CreateConfigurationAddress.201.createAmb", "", "no channel has addresses of the type apple"},
	{"CreateConfigurationAddress.201.createChat", "", "no channel has addresses of the type chat"},
	{"CreateConfigurationAddress.201.createEmail", "", "no channel has addresses of the type email"},
	{"CreateConfigurationAddress.201.createGmb", "", "no channel has addresses of the type gbm"},
	{"CreateConfigurationAddress.201.createMessenger", "", "no channel has addresses of the type messenger"},
	{"CreateConfigurationAddress.201.createRcs", "", "no channel has addresses of the type rcs"},
	{"Create*ConversationParticipant.201.createRcs*", "", "no channel has addresses of the type rcs"},
}

// exampleException is a difference, or the examples that no call can reproduce.
type exampleException struct {
	examples   string // a pattern, as in package path, of the examples' names
	difference string // a pattern of what differences says; empty: they are not called at all
	reason     string
}

// excused returns the index of the exception that a difference falls under, -1 if
// there is none. The difference "" is that the example was not called.
func excused(example, difference string) int {
	return slices.IndexFunc(exampleExceptions, func(e exampleException) bool {
		named, err := path.Match(e.examples, example)
		if err != nil {
			panic(err)
		}
		// Places are paths too, but a pattern is to match across their parts.
		same, err := path.Match(strings.ReplaceAll(e.difference, "/", "|"), strings.ReplaceAll(difference, "/", "|"))
		if err != nil {
			panic(err)
		}
		return named && same
	})
}

func TestDifferencesFromAnExampleAreFound(t *testing.T) {
	t.Parallel()
	const example = `{"u": "https://conversations.twilio.com/v1/Users/US0123456789abcdef0123456789abcdef?Identity=a&PageSize=50", "a": 1, "b": null, "c": {"d": "x"}, "e": [{"f": true}, {"g": "x"}], "h": [], "i": ["x"]}`
	for answer, expected := range map[string][]string{
		example: nil,
		`{"u": "http://127.0.0.1:8080/v1/Users/US00000000000000000000000000000000?Identity=b&PageSize=50", "a": 2, "b": {"z": 1}, "c": {"d": "y"}, "e": [{"g": "y"}, {"h": 1}, {"f": false}], "h": [], "i": ["y", "z"]}`: nil,
		`{"u": "http://127.0.0.1:8080/v1/Roles/RL00000000000000000000000000000000?Identity=b&PageSize=5", "a": null, "c": {}, "e": [{"f": "x"}], "h": [1], "i": [], "j": 1}`: {
			"/j: not in the example", "/a: null instead of a number", "/b: missing", "/c/d: missing",
			"/e/*/f: a text instead of a boolean", "/e/*/f: not in the example", "/e/*/g: missing", "/h: not empty", "/i/*: no entry",
			"/u: /v1/Roles/RL?Identity&PageSize=5 instead of /v1/Users/US?Identity&PageSize=50",
		},
		`[]`: {": a list instead of an object"},
	} {
		var wanted, got any
		require.NoError(t, json.Unmarshal([]byte(example), &wanted))
		require.NoError(t, json.Unmarshal([]byte(answer), &got))
		assert.Equal(t, expected, differences("", wanted, got), answer)
	}
}

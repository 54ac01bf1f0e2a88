package programmable

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"

	"bridged/conversations"
)

// contentSID is the SID of a content at Twilio in small letters, as the name of an
// approval may have no others.
var contentSID = regexp.MustCompile(`^hx[0-9a-f]{32}$`)

// ContentSID is the SID of a content of the account at Twilio that a content of ours
// is approved under; empty where its name is none.
func ContentSID(approved string) string {
	if !contentSID.MatchString(approved) {
		return ""
	}
	return "HX" + strings.TrimPrefix(approved, "hx")
}

// fillTemplate asks for a content of the account at Twilio, with all variables: it
// is Twilio who knows where in the template each belongs.
func fillTemplate(form url.Values, t conversations.Template) {
	form.Set("ContentSid", ContentSID(t.Name))
	if len(t.Values) == 0 {
		return
	}
	values, err := json.Marshal(t.Values)
	if err != nil { // cannot happen: texts
		return
	}
	form.Set("ContentVariables", string(values))
}

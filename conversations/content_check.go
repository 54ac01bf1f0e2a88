package conversations

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// The limits of contents, in characters. Page 45 has those of bodies, titles and
// subtitles; the dictionary of errors those of variables.
const (
	maxContentText      = 1600 // of a text or media body, and of all that page 45 says nothing about
	maxRichBody         = 1024 // of a quick reply and a list picker; also a card's title
	maxActionBody       = 640  // of a call to action
	maxSubtitle         = 60
	maxContentName      = 256
	maxContentChoices   = 10 // buttons, entries or files of one form
	maxVariableKey      = 16
	maxVariableValue    = 256
	maxVariables        = 27801 // keys and values of one message together
	maxTemplateName     = 512
	maxTemplateCategory = 64
)

var (
	language         = regexp.MustCompile(`^[A-Za-z]{2,3}([_-][0-9A-Za-z]{2,4})?$`)
	templateName     = regexp.MustCompile(`^[a-z0-9_]+$`)
	templateCategory = regexp.MustCompile(`^[A-Z_]+$`)
	variableKey      = regexp.MustCompile(`^[0-9A-Za-z_]+$`)
)

// Check refuses a content that has not what its types need, or more than they
// take (page 45). The error names the field and says what to change.
func (c Content) Check() error {
	k := &contentCheck{}
	if c.FriendlyName != nil {
		k.text("friendly_name", *c.FriendlyName, maxContentName)
	}
	if !language.MatchString(c.Language) {
		k.refuse("language must be a language code such as en or pt_BR")
	}
	k.variables(c.Variables)
	if len(c.Forms) == 0 {
		k.refuse("types must have at least one type, such as {\"twilio/text\":{\"body\":\"Hello\"}}")
	}
	for _, f := range c.Forms {
		k.form(f)
	}
	return k.err
}

// CheckVariables refuses what a message gives for the variables of its content
// where it is more than the reference takes (errors 50529, 50540 and 50541).
func CheckVariables(given map[string]string) error {
	total := 0
	for key, value := range given {
		keyLength, length := utf8.RuneCountInString(key), utf8.RuneCountInString(value)
		total += keyLength + length
		switch {
		case keyLength > maxVariableKey:
			return Refuse(ContentKeyTooLong, "a key has %d characters; at most %d are allowed", keyLength, maxVariableKey)
		case length > maxVariableValue:
			return Refuse(ContentValueTooLong, "the value of %q has %d characters; at most %d are allowed", key, length, maxVariableValue)
		case strings.ContainsRune(key+value, 0):
			return Refuse(ContentVariablesInvalid, "leave the NUL character out of %q", key)
		}
	}
	if total > maxVariables {
		return Refuse(ContentVariablesTooLong, "keys and values have %d characters; at most %d are allowed", total, maxVariables)
	}
	return nil
}

// Check refuses an approval that WhatsApp could not have given.
func (a Approval) Check() error {
	k := &contentCheck{}
	k.required("name", a.Name, maxTemplateName)
	k.required("category", a.Category, maxTemplateCategory)
	if !templateName.MatchString(a.Name) {
		k.refuse("name must be the template's name at WhatsApp, of small letters, digits and underscores")
	}
	if !templateCategory.MatchString(a.Category) {
		k.refuse("category must be one of WhatsApp's, such as UTILITY, MARKETING or AUTHENTICATION")
	}
	return k.err
}

// contentCheck keeps the first thing that is wrong.
type contentCheck struct{ err error }

func (k *contentCheck) refuse(format string, args ...any) {
	if k.err == nil {
		k.err = Refuse(InvalidParameter, format, args...)
	}
}

func (k *contentCheck) text(name, text string, limit int) {
	if n := utf8.RuneCountInString(text); n > limit {
		k.refuse("%s has %d characters; at most %d are allowed", name, n, limit)
	}
	if strings.ContainsRune(text, 0) {
		k.refuse("%s has a NUL character; leave it out", name)
	}
}

func (k *contentCheck) required(name, text string, limit int) {
	if strings.TrimSpace(text) == "" {
		k.refuse("%s is required and may not be empty", name)
	}
	k.text(name, text, limit)
}

func (k *contentCheck) variables(defaults map[string]string) {
	for key, value := range defaults {
		if !variableKey.MatchString(key) || len(key) > maxVariableKey {
			k.refuse("variables: a key is a number or a name of at most %d letters, digits and underscores", maxVariableKey)
		}
		k.text("variables."+key, value, maxVariableValue)
	}
}

// url checks where a file or a page is. It may begin with a variable.
func (k *contentCheck) url(name, url string) {
	k.required(name, url, maxContentText)
	if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") && !strings.HasPrefix(url, "{{") {
		k.refuse("%s must begin with https:// or http://", name)
	}
}

// count checks how many entries a list has.
func (k *contentCheck) count(name string, n, least int) {
	if n < least || n > maxContentChoices {
		k.refuse("%s has %d entries; it needs from %d to %d", name, n, least, maxContentChoices)
	}
}

func (k *contentCheck) form(f ContentForm) {
	at := "types." + string(f.Type)
	switch f.Type {
	case ContentText:
		k.required(at+".body", f.Body, maxContentText)
	case ContentMedia:
		k.required(at+".body", f.Body, maxContentText)
		k.media(at, f.Media)
	case ContentLocation:
		k.location(at, f)
	case ContentQuickReply:
		k.required(at+".body", f.Body, maxRichBody)
		k.actions(at, f, 1, "QUICK_REPLY")
	case ContentCallToAction:
		k.required(at+".body", f.Body, maxActionBody)
		k.actions(at, f, 1, "URL", "PHONE_NUMBER", "COPY_CODE", "VOICE_CALL", "VOICE_CALL_REQUEST", "REQUEST_CONTACT_INFO")
	case ContentListPicker:
		k.required(at+".body", f.Body, maxRichBody)
		k.required(at+".button", f.Button, maxContentText)
		k.items(at, f.Items)
	case ContentCard:
		k.required(at+".title", f.Title, maxRichBody)
		k.text(at+".subtitle", f.Subtitle, maxSubtitle)
		k.media(at, f.Media)
		k.actions(at, f, 0, "URL", "PHONE_NUMBER", "QUICK_REPLY", "COPY_CODE", "VOICE_CALL")
	default:
		k.refuse("types has the type %q; use some of %v", f.Type, ContentTypes())
	}
}

func (k *contentCheck) media(at string, urls []string) {
	k.count(at+".media", len(urls), 0)
	for i, url := range urls {
		k.url(fmt.Sprintf("%s.media[%d]", at, i), url)
	}
}

func (k *contentCheck) location(at string, f ContentForm) {
	for _, c := range []struct {
		name  string
		value *float64
		most  float64
	}{{"latitude", f.Latitude, 90}, {"longitude", f.Longitude, 180}} {
		if c.value == nil || !(*c.value >= -c.most && *c.value <= c.most) {
			k.refuse("%s.%s must be a number of degrees from -%g to %g", at, c.name, c.most, c.most)
		}
	}
	k.text(at+".label", f.Label, maxContentText)
	k.text(at+".address", f.Address, maxContentText)
	k.text(at+".id", f.PlaceID, maxContentText)
}

func (k *contentCheck) items(at string, items []ContentItem) {
	k.count(at+".items", len(items), 1)
	for i, item := range items {
		name := fmt.Sprintf("%s.items[%d]", at, i)
		k.required(name+".id", item.ID, maxContentText)
		k.required(name+".item", item.Item, maxContentText)
		k.text(name+".description", item.Description, maxContentText)
	}
}

// actions checks the buttons of a form, which may be of these types.
func (k *contentCheck) actions(at string, f ContentForm, least int, types ...string) {
	k.count(at+".actions", len(f.Actions), least)
	for i, a := range f.Actions {
		name := fmt.Sprintf("%s.actions[%d]", at, i)
		k.required(name+".title", a.Title, maxContentText)
		// Page 45 lists the type of a quick reply as required and leaves it out of
		// its own example: there is but one.
		if !slices.Contains(types, a.Type) && (a.Type != "" || f.Type != ContentQuickReply) {
			k.refuse("%s.type must be one of %s", name, strings.Join(types, ", "))
		}
		switch {
		case a.Type == "QUICK_REPLY" || f.Type == ContentQuickReply:
			k.required(name+".id", a.ID, maxContentText)
		case a.Type == "URL":
			k.url(name+".url", a.URL)
		case a.Type == "PHONE_NUMBER":
			k.required(name+".phone", a.Phone, maxContentText)
		case a.Type == "COPY_CODE":
			k.required(name+".code", a.Code, maxContentText)
		}
		for _, text := range []string{a.ID, a.URL, a.Phone, a.Code, a.WebviewSize} {
			k.text(name, text, maxContentText)
		}
	}
}

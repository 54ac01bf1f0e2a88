package conversations

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// OutboundContent is a content on its way to one person, with the values of its
// variables in their places.
type OutboundContent struct {
	Form     ContentForm
	Template *Template // nil unless the content is approved
}

// Template is what a channel has to be told of an approved content: the name, by
// which the channel knows its text, and the values of its variables.
type Template struct {
	Name     string
	Language string
	// Body are the values of the body's variables, those with a number for a name
	// first, in the order of the numbers (contract, 9).
	Body []TemplateValue
	// Values are those of all variables, by their names.
	Values map[string]string
	// Header is the URL of the file that the template begins with; empty for none.
	Header string
	// Buttons are the values of variables in the buttons' URLs, by the button's
	// place from 0.
	Buttons map[int]string
}

// TemplateValue is the value of one variable.
type TemplateValue struct {
	Name  string
	Value string
}

// Outbound makes what a channel gets of the content in a message with these values.
func (c Content) Outbound(values map[string]string) OutboundContent {
	form := c.Main()
	out := OutboundContent{Form: form.filled(values)}
	if c.Approval == nil {
		return out
	}
	t := &Template{Name: c.Approval.Name, Language: c.Language, Body: c.bodyValues(values), Values: maps.Clone(values)}
	if form.Type == ContentMedia || form.Type == ContentCard {
		if len(out.Form.Media) > 0 {
			t.Header = out.Form.Media[0]
		}
	}
	for i, a := range form.Actions {
		if name := lastVariable(a.URL); name != "" {
			if t.Buttons == nil {
				t.Buttons = make(map[int]string)
			}
			t.Buttons[i] = values[name]
		}
	}
	out.Template = t
	return out
}

// bodyValues are the values of a template's body: of all variables but those that
// stand only in a file's or a button's URL, which are parameters of their own.
func (c Content) bodyValues(values map[string]string) []TemplateValue {
	form := c.Main()
	elsewhere := make(map[string]bool)
	urls := slices.Clone(form.Media)
	for _, a := range form.Actions {
		urls = append(urls, a.URL)
	}
	for _, u := range urls {
		for _, name := range variablesOf(u) {
			elsewhere[name] = true
		}
	}
	for _, name := range variablesOf(form.Text()) {
		delete(elsewhere, name)
	}
	var body []TemplateValue
	for _, name := range slices.SortedFunc(maps.Keys(values), compareVariables) {
		if !elsewhere[name] {
			body = append(body, TemplateValue{Name: name, Value: values[name]})
		}
	}
	return body
}

// FirstVariable is the variable of the content's text that comes first by name;
// empty where the text has none.
func (c Content) FirstVariable() string {
	names := variablesOf(c.Main().Text())
	if len(names) == 0 {
		return ""
	}
	return slices.MinFunc(names, compareVariables)
}

// compareVariables orders numbers by their value, and names behind them.
func compareVariables(a, b string) int {
	n, errA := strconv.Atoi(a)
	m, errB := strconv.Atoi(b)
	switch {
	case errA == nil && errB == nil:
		return cmp.Or(cmp.Compare(n, m), strings.Compare(a, b))
	case errA == nil:
		return -1
	case errB == nil:
		return 1
	}
	return strings.Compare(a, b)
}

func variablesOf(text string) []string {
	var names []string
	for _, found := range placeholder.FindAllStringSubmatch(text, -1) {
		names = append(names, found[1])
	}
	return names
}

func lastVariable(text string) string {
	names := variablesOf(text)
	if len(names) == 0 {
		return ""
	}
	return names[len(names)-1]
}

// filled is the form with the values in the places of all of its variables.
func (f ContentForm) filled(values map[string]string) ContentForm {
	fill := func(s *string) { *s = Fill(*s, values) }
	for _, s := range []*string{&f.Body, &f.Title, &f.Subtitle, &f.Label, &f.Address, &f.PlaceID, &f.Button} {
		fill(s)
	}
	f.Media, f.Items, f.Actions = slices.Clone(f.Media), slices.Clone(f.Items), slices.Clone(f.Actions)
	for i := range f.Media {
		fill(&f.Media[i])
	}
	for i := range f.Items {
		for _, s := range []*string{&f.Items[i].ID, &f.Items[i].Item, &f.Items[i].Description} {
			fill(s)
		}
	}
	for i := range f.Actions {
		for _, s := range []*string{&f.Actions[i].Title, &f.Actions[i].ID, &f.Actions[i].URL, &f.Actions[i].Phone, &f.Actions[i].Code} {
			fill(s)
		}
	}
	return f
}

// Choice is one of the answers that a content offers.
type Choice struct {
	ID          string
	Title       string
	Description string
}

// Choices are the answers that the form offers, in their order. Buttons that open
// something are none.
func (f ContentForm) Choices() []Choice {
	var list []Choice
	for _, i := range f.Items {
		list = append(list, Choice{ID: i.ID, Title: i.Item, Description: i.Description})
	}
	for _, a := range f.Actions {
		if a.answers(f.Type) {
			list = append(list, Choice{ID: a.ID, Title: a.Title})
		}
	}
	return list
}

// answers says whether the button sends an answer.
func (a ContentAction) answers(of ContentType) bool {
	return a.Type == "QUICK_REPLY" || of == ContentQuickReply
}

// Written is the whole form as text: for a channel that has nothing else, its
// choices numbered so that somebody can answer with a number, its files and
// buttons as what they lead to.
func (f ContentForm) Written() string {
	all := []string{f.Text()}
	for n, c := range f.Choices() {
		line := fmt.Sprintf("%d. %s", n+1, c.Title)
		if c.Description != "" {
			line += " – " + c.Description
		}
		all = append(all, line)
	}
	for _, a := range f.Actions {
		if leads := cmp.Or(a.URL, a.Phone, a.Code); leads != "" && !a.answers(f.Type) {
			all = append(all, a.Title+": "+leads)
		}
	}
	return lines(append(all, f.Media...)...)
}

// Chosen finds which of the choices a text means: its number, or its title in any
// letter case.
func Chosen(choices []Choice, text string) (c Choice, ok bool) {
	text = strings.TrimSpace(text)
	if number := choiceNumber.FindStringSubmatch(text); number != nil {
		n, err := strconv.Atoi(number[1])
		if err == nil && n >= 1 && n <= len(choices) {
			return choices[n-1], true
		}
	}
	for _, c := range choices {
		if strings.EqualFold(c.Title, text) {
			return c, true
		}
	}
	return Choice{}, false
}

// choiceNumber is how people answer with a number: "2", "2.", "(2)", "#2".
var choiceNumber = regexp.MustCompile(`^[(#]?\s*([0-9]{1,2})\s*[.)]?$`)

// Attributes are how an inbound message shows which choice it is, of a list or of
// buttons.
func (c Choice) Attributes(ofList bool) map[string]any {
	choice := map[string]any{"id": c.ID, "title": c.Title}
	if !ofList {
		return map[string]any{"type": "button", "button": choice}
	}
	if c.Description != "" {
		choice["description"] = c.Description
	}
	return map[string]any{"type": "list", "list": choice}
}

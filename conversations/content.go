package conversations

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Content is a template of messages: one text in several forms, of which each
// channel takes the one that it can show (page 45).
type Content struct {
	Seq          int64 // order of creation in the store; pages are cut by it
	ID           ContentID
	FriendlyName *string
	Language     string            // such as "en" or "pt_BR"
	Variables    map[string]string // what stands for a variable that a message does not give
	Forms        []ContentForm     // one of each type at most
	Approval     *Approval         // nil until it is recorded
	Created      time.Time
	Updated      time.Time
}

// ContentType names the type of a form, in the reference's words (page 45).
type ContentType string

// The types of forms.
const (
	ContentText         ContentType = "twilio/text"
	ContentMedia        ContentType = "twilio/media"
	ContentLocation     ContentType = "twilio/location"
	ContentQuickReply   ContentType = "twilio/quick-reply"
	ContentCallToAction ContentType = "twilio/call-to-action"
	ContentListPicker   ContentType = "twilio/list-picker"
	ContentCard         ContentType = "twilio/card"
)

// ContentTypes lists the types of forms, the richest first: a message is made of
// the richest form that its content has.
func ContentTypes() []ContentType {
	return []ContentType{
		ContentCard, ContentListPicker, ContentQuickReply, ContentCallToAction,
		ContentLocation, ContentMedia, ContentText,
	}
}

// ContentForm is one form of a content. It has the fields of its type; the others
// are empty.
type ContentForm struct {
	Type      ContentType
	Body      string
	Title     string          // of a card
	Subtitle  string          // of a card
	Media     []string        // URLs
	Latitude  *float64        // of a location, in degrees
	Longitude *float64        // of a location, in degrees
	Label     string          // of a location
	Address   string          // of a location: where it is, in words
	PlaceID   string          // of a location: what a map service calls it
	Button    string          // of a list picker: what opens the list
	Items     []ContentItem   // of a list picker
	Actions   []ContentAction // its buttons
}

// ContentItem is an entry of a list picker.
type ContentItem struct {
	ID          string
	Item        string
	Description string
}

// ContentAction is a button. Which field belongs to it depends on its type.
type ContentAction struct {
	Type        string // such as "URL"; the one of a quick reply may be left out
	Title       string
	ID          string
	URL         string
	Phone       string
	Code        string
	WebviewSize string
}

// Approval records the name by which WhatsApp knows a content as a template. The
// review itself is between the operator and WhatsApp (contract, 9).
type Approval struct {
	Name     string
	Category string
	At       time.Time
}

// placeholder stands for a variable in a text: "{{1}}" or "{{ name }}".
var placeholder = regexp.MustCompile(`\{\{\s*([0-9A-Za-z_]{1,16})\s*\}\}`)

// Main returns the richest form.
func (c Content) Main() ContentForm {
	for _, t := range ContentTypes() {
		i := slices.IndexFunc(c.Forms, func(f ContentForm) bool { return f.Type == t })
		if i >= 0 {
			return c.Forms[i]
		}
	}
	return ContentForm{}
}

// Values returns what the variables are in a message that gives these: what it
// leaves out is as the content has it. A variable that neither of them has is
// refused, because nobody should be sent a text with a hole in it.
func (c Content) Values(given map[string]string) (map[string]string, error) {
	values := make(map[string]string, len(c.Variables)+len(given))
	maps.Copy(values, c.Variables)
	maps.Copy(values, given)
	for _, f := range c.Forms {
		for _, text := range f.texts() {
			for _, found := range placeholder.FindAllStringSubmatch(text, -1) {
				if _, ok := values[found[1]]; !ok {
					return nil, Refuse(ContentVariablesInvalid, "give a value for the variable %q, for which the content has none", found[1])
				}
			}
		}
	}
	return values, nil
}

// Render returns the text of the richest form with the values in the places of
// the variables.
func (c Content) Render(values map[string]string) string {
	return Fill(c.Main().Text(), values)
}

// Fill puts values in the places of a text's variables. A value that looks like a
// variable itself stays as it is, and so does a variable that has no value.
func Fill(text string, values map[string]string) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		if value, ok := values[placeholder.FindStringSubmatch(found)[1]]; ok {
			return value
		}
		return found
	})
}

// Text returns the form as a channel shows it that has nothing but text: its body,
// the title and subtitle of a card, the name and coordinates of a location.
func (f ContentForm) Text() string {
	switch f.Type {
	case ContentCard:
		return lines(f.Title, f.Subtitle)
	case ContentLocation:
		return lines(f.Label, f.Address, degrees(f.Latitude)+", "+degrees(f.Longitude))
	default:
		return f.Body
	}
}

func degrees(d *float64) string {
	if d == nil {
		return ""
	}
	return strconv.FormatFloat(*d, 'f', -1, 64)
}

func lines(texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), "\n")
}

// texts are all texts of the form in which variables may stand.
func (f ContentForm) texts() []string {
	all := append([]string{f.Body, f.Title, f.Subtitle, f.Label, f.Address, f.PlaceID, f.Button}, f.Media...)
	for _, i := range f.Items {
		all = append(all, i.ID, i.Item, i.Description)
	}
	for _, a := range f.Actions {
		all = append(all, a.Title, a.ID, a.URL, a.Phone, a.Code)
	}
	return all
}

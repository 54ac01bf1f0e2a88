package twilio

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"bridged/conversations"
)

// The Content API takes JSON where the rest of the reference takes forms.

// ParseContent reads the body of a request that makes a content (page 45). What
// its fields may hold is for conversations.Content.Check.
func ParseContent(body []byte) (conversations.Content, error) {
	var c conversations.Content
	v, err := decode[struct {
		FriendlyName *string                    `json:"friendly_name"`
		Language     string                     `json:"language"`
		Variables    json.RawMessage            `json:"variables"`
		Types        map[string]json.RawMessage `json:"types"`
	}]("", body)
	if err != nil {
		return c, err
	}
	c.FriendlyName, c.Language = v.FriendlyName, v.Language
	if len(v.Variables) > 0 && string(v.Variables) != "null" {
		if c.Variables, err = readValues(v.Variables); err != nil {
			return c, Invalid("variables %v", err)
		}
	}
	names := make([]string, 0, len(v.Types))
	for name := range v.Types {
		names = append(names, name)
	}
	slices.Sort(names) // so that the first error is always the same
	for _, name := range names {
		f, err := readContentForm(conversations.ContentType(name), v.Types[name])
		if err != nil {
			return c, err
		}
		c.Forms = append(c.Forms, f)
	}
	return c, nil
}

// ParseApproval reads the body of a request that records an approval.
func ParseApproval(body []byte) (conversations.Approval, error) {
	v, err := decode[struct {
		Name     string `json:"name"`
		Category string `json:"category"`
	}]("", body)
	return conversations.Approval{Name: v.Name, Category: v.Category}, err
}

var errValues = errors.New(`must be a JSON object whose values are texts, such as {"1":"Alice"}`)

// readValues reads an object of texts.
func readValues(text []byte) (map[string]string, error) {
	var object map[string]*string
	if err := json.Unmarshal(text, &object); err != nil || object == nil {
		return nil, errValues
	}
	values := make(map[string]string, len(object))
	for key, value := range object {
		if value == nil {
			return nil, errValues
		}
		values[key] = *value
	}
	return values, nil
}

// decode reads one JSON object into a T. The error names the field that is not of
// its type; at is where in the request the object stands, empty for the whole body.
func decode[T any](at string, text []byte) (v T, err error) {
	if !utf8.Valid(text) {
		return v, Invalid("the body is not UTF-8 text")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if err = d.Decode(&v); err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return v, requireObject(at, text)
		}
		return v, Invalid("the body has something after its JSON object")
	}
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mismatch) && at == "" && mismatch.Field == "":
		return v, Invalid("the body must be a JSON object")
	case errors.As(err, &mismatch):
		return v, Invalid("%s must be %s, not %s", strings.Trim(at+"."+mismatch.Field, "."), kindOf(mismatch.Type), mismatch.Value)
	case errors.Is(err, errDegrees):
		return v, Invalid("%s: %v", at, err)
	case errors.Is(err, io.EOF):
		return v, Invalid("the body is empty; send a JSON object")
	}
	return v, Invalid("the body is not JSON: %v", err)
}

// requireObject refuses a null, which decodes into anything.
func requireObject(at string, text []byte) error {
	if string(bytes.TrimSpace(text)) != "null" {
		return nil
	}
	if at == "" {
		at = "the body"
	}
	return Invalid("%s must be a JSON object", at)
}

// kindOf names what JSON is wanted for a Go type.
func kindOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Slice:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "an object"
	default:
		return fmt.Sprintf("a %s", t.Kind())
	}
}

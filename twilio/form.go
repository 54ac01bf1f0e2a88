package twilio

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"bridged/conversations"
)

// Form reads the parameters of a request. Each method returns nil when the
// parameter was not sent; one that was sent empty was sent. The first parameter
// that cannot be read is kept in Err, so that a whole form can be read before
// looking at it. Parameters that nothing reads are ignored, as the reference does.
type Form struct {
	values url.Values
	err    error
}

// ParseForm reads an application/x-www-form-urlencoded body or query.
func ParseForm(encoded string) (*Form, error) {
	values, err := url.ParseQuery(encoded)
	if err != nil {
		return nil, Invalid("the form encoding is broken")
	}
	return newForm(values)
}

func newForm(values url.Values) (*Form, error) {
	for name, all := range values {
		for _, v := range all {
			// Neither can be kept in a database's text nor be shown as JSON.
			if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
				return nil, Invalid("%s is not UTF-8 text", strings.ToValidUTF8(name, "?"))
			}
		}
	}
	return &Form{values: values}, nil
}

// Err returns what is wrong with the first parameter that could not be read.
func (f *Form) Err() error { return f.err }

func (f *Form) refuse(err error) {
	if f.err == nil {
		f.err = err
	}
}

// String returns a parameter as it was sent.
func (f *Form) String(name string) *string {
	all, ok := f.values[name]
	if !ok {
		return nil
	}
	return &all[0]
}

// Strings returns all values of a parameter that may be sent several times. Sent
// once and empty it is the empty list.
func (f *Form) Strings(name string) *[]string {
	all, ok := f.values[name]
	if !ok {
		return nil
	}
	if len(all) == 1 && all[0] == "" {
		all = []string{}
	}
	return &all
}

// Bool reads true or false, whose letters may be of either case.
func (f *Form) Bool(name string) *bool {
	s := f.String(name)
	if s == nil {
		return nil
	}
	b := strings.EqualFold(*s, "true")
	if !b && !strings.EqualFold(*s, "false") {
		f.refuse(Invalid("%s must be true or false", name))
		return nil
	}
	return &b
}

// Int reads a whole number.
func (f *Form) Int(name string) *int64 {
	s := f.String(name)
	if s == nil {
		return nil
	}
	n, err := strconv.ParseInt(*s, 10, 64)
	if err != nil {
		f.refuse(Invalid("%s must be a whole number", name))
		return nil
	}
	return &n
}

// Lower and Upper read a word whose letters may be of either case.
func (f *Form) Lower(name string) *string { return f.mapped(name, strings.ToLower) }

// Upper is Lower for words that are written in capitals.
func (f *Form) Upper(name string) *string { return f.mapped(name, strings.ToUpper) }

func (f *Form) mapped(name string, spell func(string) string) *string {
	s := f.String(name)
	if s == nil {
		return nil
	}
	word := spell(*s)
	return &word
}

// Texts reads a parameter whose values are of a type of the domain.
func Texts[T ~string](f *Form, name string) *[]T {
	all := f.Strings(name)
	if all == nil {
		return nil
	}
	list := make([]T, len(*all))
	for i, s := range *all {
		list[i] = T(s)
	}
	return &list
}

// Word reads a parameter that is a word of a type of the domain; its letters may
// be of either case.
func Word[T ~string](f *Form, name string) *T {
	s := f.Lower(name)
	if s == nil {
		return nil
	}
	word := T(*s)
	return &word
}

// Date reads an ISO 8601 date.
func (f *Form) Date(name string) *time.Time {
	return f.date(name, CodeInvalidParameter, "Invalid parameter", ParseDate)
}

// Until reads the end of a range of dates as ParseUntil does.
func (f *Form) Until(name string) *time.Time {
	return f.date(name, CodeInvalidParameter, "Invalid parameter", ParseUntil)
}

// Created reads DateCreated, which every resource has.
func (f *Form) Created() *time.Time {
	return f.date("DateCreated", 50308, "Invalid Date Created parameter", ParseDate)
}

// Updated reads DateUpdated, which every resource has.
func (f *Form) Updated() *time.Time {
	return f.date("DateUpdated", 50309, "Invalid Date Updated parameter", ParseDate)
}

func (f *Form) date(name string, code int, wrong string, parse func(string) (time.Time, error)) *time.Time {
	s := f.String(name)
	if s == nil {
		return nil
	}
	t, err := parse(*s)
	if err != nil {
		f.refuse(NewError(http.StatusBadRequest, code, "%s: %s is %v", wrong, name, err))
		return nil
	}
	return &t
}

// Timer reads the ISO 8601 duration of a timer.
func (f *Form) Timer(name string, fault conversations.Fault) *time.Duration {
	s := f.String(name)
	if s == nil {
		return nil
	}
	d, err := ParseTimer(*s)
	if err != nil {
		f.refuse(conversations.Refuse(fault, "%s is %v", name, err))
		return nil
	}
	return &d
}

// State reads the state of a conversation; its letters may be of either case.
func (f *Form) State(name string) *conversations.State {
	s := f.String(name)
	if s == nil {
		return nil
	}
	state := conversations.State(strings.ToLower(*s))
	switch state {
	case conversations.StateInitializing, conversations.StateActive,
		conversations.StateInactive, conversations.StateClosed:
		return &state
	}
	f.refuse(conversations.Refuse(conversations.StateInvalid,
		"%s must be initializing, active, inactive or closed", name))
	return nil
}

// Address reads an address or the word that removes it; package bridge decides
// what is an address.
func (f *Form) Address(name string) *conversations.Address {
	return (*conversations.Address)(f.String(name))
}

// ReadIndex reads the index of a message, or cleared where it is an explicit
// null. Node's client sends a null as an empty parameter.
func (f *Form) ReadIndex(name string) (index *int64, cleared bool) {
	s := f.String(name)
	switch {
	case s == nil:
		return nil, false
	case *s == "" || *s == "null":
		return nil, true
	}
	n, err := strconv.ParseInt(*s, 10, 64)
	if err != nil || n < 0 {
		f.refuse(conversations.Refuse(conversations.ReadIndexInvalid, "%s must be the index of a message or null", name))
		return nil, false
	}
	return &n, false
}

// The orders of a list.
const (
	Ascending  = "asc"
	Descending = "desc"
)

// Order reads the order of a list, whose letters may be of either case. It is
// empty where the parameter was not sent.
func (f *Form) Order(name string) string {
	s := f.String(name)
	if s == nil {
		return ""
	}
	order := strings.ToLower(*s)
	if order != Ascending && order != Descending {
		f.refuse(Invalid("%s must be asc or desc", name))
		return ""
	}
	return order
}

// MediaSIDs reads the SIDs of the files that a message is to have. The parameter
// may be there several times, once for each (contract, 7).
func (f *Form) MediaSIDs(name string) []conversations.MediaID {
	var ids []conversations.MediaID
	for _, sid := range f.values[name] {
		id, ok := ParseSID[conversations.MediaID](sid)
		if !ok {
			f.refuse(NewError(http.StatusBadRequest, 50510,
				"Invalid message media SID: %s must be ME and 32 hexadecimal digits", name))
			return nil
		}
		ids = append(ids, id)
	}
	return ids
}

// FormSID reads a parameter that is the SID of a T. Wrong is the error where it
// is none.
func FormSID[T ID](f *Form, name string, wrong error) *T {
	s := f.String(name)
	if s == nil {
		return nil
	}
	id, ok := ParseSID[T](*s)
	if !ok {
		f.refuse(wrong)
		return nil
	}
	return &id
}

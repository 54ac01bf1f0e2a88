package config

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"time"
)

// setScalar gives a field the value that go-toml found.
func setScalar(v reflect.Value, raw any) error {
	text, isString := raw.(string)
	if text8, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if !isString {
			return mustBe(v.Type(), raw)
		}
		return text8.UnmarshalText([]byte(text))
	}
	switch {
	case isDuration(v.Type()) && isString:
		d, err := time.ParseDuration(text)
		switch {
		case err != nil:
			return fmt.Errorf(`%q is no duration: write one like "500ms", "30s" or "1h30m"`, text)
		case d <= 0:
			return fmt.Errorf(`%q is not longer than nothing: write a duration above zero, like "30s"`, text)
		}
		v.SetInt(int64(d))
		return nil
	case isDuration(v.Type()):
		return mustBe(v.Type(), raw)
	}
	if n, ok := raw.(int64); ok && v.Kind() == reflect.Float64 {
		raw = float64(n) // TOML tells 1 from 1.0; a person does not
	}
	switch value := raw.(type) {
	case string:
		if v.Kind() == reflect.String {
			v.SetString(value)
			return nil
		}
	case int64:
		if v.Kind() == reflect.Int && !v.OverflowInt(value) {
			v.SetInt(value)
			return nil
		}
	case float64:
		if v.Kind() == reflect.Float64 {
			v.SetFloat(value)
			return nil
		}
	case bool:
		if v.Kind() == reflect.Bool {
			v.SetBool(value)
			return nil
		}
	}
	return mustBe(v.Type(), raw)
}

// rawScalar makes of a text, out of the environment or of a default, the value
// that go-toml would have found in a file.
func rawScalar(t reflect.Type, text string) (any, error) {
	var raw any
	var err error
	switch {
	case t.Kind() == reflect.Int:
		raw, err = strconv.ParseInt(text, 10, 64)
	case t.Kind() == reflect.Float64:
		raw, err = strconv.ParseFloat(text, 64)
	case t.Kind() == reflect.Bool:
		raw, err = strconv.ParseBool(text)
	default: // durations are int64, but written as strings
		return text, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%q must be %s", text, typeName(t))
	}
	return raw, nil
}

// mustBe is the error of a value of the wrong type.
func mustBe(t reflect.Type, raw any) error {
	want := "must be " + typeName(t) + ", not " + rawName(raw)
	_, isString := raw.(string)
	switch {
	case isDuration(t):
		return errors.New(want + `: write it like "30s"`)
	case isString:
		return errors.New(want + ": write it without quotes")
	case t.Kind() == reflect.String || isText(t):
		return errors.New(want + ": write it in quotes")
	}
	return errors.New(want)
}

// typeName says what a field holds.
func typeName(t reflect.Type) string {
	switch {
	case isDuration(t):
		return "a duration in quotes"
	case t.Kind() == reflect.Int:
		return "a whole number"
	case t.Kind() == reflect.Float64:
		return "a number"
	case t.Kind() == reflect.Bool:
		return "true or false"
	}
	return "a string"
}

// rawName says what a document holds. It never tells the value, which may be a
// secret that was written in the wrong place.
func rawName(raw any) string {
	switch raw.(type) {
	case string:
		return "a string"
	case int64:
		return "a whole number"
	case float64:
		return "a number with a fraction"
	case bool:
		return "true or false"
	case tree:
		return "a table"
	case []any:
		return "a list"
	}
	return "a date or a time"
}

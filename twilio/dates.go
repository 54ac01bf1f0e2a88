package twilio

import (
	"errors"
	"math"
	"strings"
	"time"

	"github.com/sosodev/duration"
)

// dateLayout is ISO 8601 in UTC without fractions, as every resource shows dates.
const dateLayout = "2006-01-02T15:04:05Z"

// Date writes a date. It is always in UTC and in whole seconds.
func Date(t time.Time) string { return t.UTC().Format(dateLayout) }

// NullableDate writes a date that may be missing; the zero time becomes null.
func NullableDate(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := Date(t)
	return &s
}

// ParseDate reads an ISO 8601 date and time, or a date alone, which is its
// midnight. A time without a zone is in UTC.
func ParseDate(s string) (time.Time, error) {
	t, _, err := parseDate(s)
	return t, err
}

func parseDate(s string) (t time.Time, wholeDay bool, err error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly} {
		t, err = time.Parse(layout, s)
		if err != nil {
			continue
		}
		// A zone can carry the year over the four digits that a date has.
		if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 {
			break
		}
		return t, layout == time.DateOnly, nil
	}
	return time.Time{}, false, errors.New("not an ISO 8601 date")
}

// ParseUntil reads the end of a range of dates and returns the first moment
// after it: the reference's ranges include their end, which is a whole day when
// only a day is given and else a whole second, the precision of what is shown.
func ParseUntil(s string) (time.Time, error) {
	t, wholeDay, err := parseDate(s)
	switch {
	case err != nil:
		return time.Time{}, err
	case wholeDay:
		return t.AddDate(0, 0, 1), nil
	}
	return t.Truncate(time.Second).Add(time.Second), nil
}

// maxTimer bounds a timer, so that the sum of two can be computed.
const maxTimer = 100 * 365 * 24 * time.Hour

// ParseTimer reads the ISO 8601 duration of a timer, in whole seconds. Units
// longer than a day have no fixed length and are refused (page 35).
func ParseTimer(s string) (time.Duration, error) {
	d, err := duration.Parse(s)
	if err != nil || strings.HasSuffix(s, "P") || strings.HasSuffix(s, "T") {
		return 0, errors.New("not an ISO 8601 duration")
	}
	if d.Years != 0 || d.Months != 0 || d.Weeks != 0 {
		return 0, errors.New("a duration in years, months or weeks; use days or smaller units, such as P30D for a month")
	}
	seconds := d.Days*24*3600 + d.Hours*3600 + d.Minutes*60 + d.Seconds
	if d.Negative || math.IsNaN(seconds) || seconds > maxTimer.Seconds() {
		return 0, errors.New("not a duration from 0 to 36500 days")
	}
	return time.Duration(int64(seconds)) * time.Second, nil
}

// NullableTimer writes the duration of a timer; one that is off becomes null.
func NullableTimer(d time.Duration) *string {
	if d == 0 {
		return nil
	}
	text := duration.Format(d)
	return &text
}

package twilio_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/twilio"
)

func TestDatesAreInUTCAndWholeSeconds(t *testing.T) {
	t.Parallel()
	berlin := time.FixedZone("", 2*3600)
	assert.Equal(t, "2024-05-01T10:00:00Z", twilio.Date(time.Date(2024, 5, 1, 12, 0, 0, 999, berlin)))
	assert.Nil(t, twilio.NullableDate(time.Time{}))
	assert.Equal(t, "2024-05-01T10:00:00Z", *twilio.NullableDate(time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC)))
}

func TestParseDate(t *testing.T) {
	t.Parallel()
	ten := time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Time{
		"2024-05-01T10:00:00Z":          ten,
		"2024-05-01T12:00:00+02:00":     ten,
		"2024-05-01T10:00:00":           ten,
		"2024-05-01T10:00:00.25Z":       ten.Add(250 * time.Millisecond),
		"2024-05-01":                    ten.Truncate(24 * time.Hour),
		"":                              {},
		"yesterday":                     {},
		"2024-13-01":                    {},
		"2024-05-01 10:00":              {},
		"9999-12-31T23:59:59-10:00":     {},
		"0000-01-01T00:00:00Z":          {},
		"2024-05-01T10:00:00Zzz":        {},
		"Wed, 01 May 2024 10:00:00 GMT": {},
	} {
		got, err := twilio.ParseDate(s)
		assert.Equal(t, want.IsZero(), err != nil, s)
		assert.True(t, want.Equal(got), "%s: %s", s, got)
	}
}

func TestARangeIncludesItsEnd(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"2024-02-28":              "2024-02-29T00:00:00Z",
		"2024-05-01T10:00:00Z":    "2024-05-01T10:00:01Z",
		"2024-05-01T10:00:00.25Z": "2024-05-01T10:00:01Z",
	} {
		until, err := twilio.ParseUntil(s)
		require.NoError(t, err)
		assert.Equal(t, want, twilio.Date(until))
		assert.Zero(t, until.Nanosecond())
	}
	_, err := twilio.ParseUntil("now")
	require.Error(t, err)
}

func TestADateReadsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-62135596800, 253402300799).Draw(t, "unix"), 0)
		back, err := twilio.ParseDate(twilio.Date(at))
		require.NoError(t, err)
		assert.True(t, at.Equal(back))
	})
}

func TestParseTimer(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]time.Duration{
		"PT5M":     5 * time.Minute,
		"PT60000S": 60000 * time.Second,
		"P180D":    180 * 24 * time.Hour,
		"P1DT2H":   26 * time.Hour,
		"PT1.5M":   90 * time.Second,
		"PT60.9S":  time.Minute,
		"PT0S":     0,
	} {
		d, err := twilio.ParseTimer(s)
		require.NoError(t, err, s)
		assert.Equal(t, want, d, s)
	}
	for _, s := range []string{
		"", "P", "PT", "5m", "300", "-PT5M", "PT-5M", "P1M", "P1Y", "P1W", "P1DT", "P36501D",
		"PT99999999999999999999999S", "null", "pt5m", "PT5",
	} {
		_, err := twilio.ParseTimer(s)
		require.Error(t, err, s)
	}
}

func FuzzParseTimer(f *testing.F) {
	for _, s := range []string{"PT5M", "P1DT2H3M4S", "-P1D", "PT..S", "PT9e9S"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := twilio.ParseTimer(s); err == nil && (d < 0 || d > 36500*24*time.Hour) {
			t.Fatalf("%q is %s", s, d)
		}
	})
}

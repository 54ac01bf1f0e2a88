package twilio_test

import (
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/twilio"
)

func parse(t *testing.T, encoded string) *twilio.Form {
	t.Helper()
	f, err := twilio.ParseForm(encoded)
	require.NoError(t, err)
	return f
}

func TestAParameterThatIsEmptyWasSent(t *testing.T) {
	t.Parallel()
	f := parse(t, "FriendlyName=&MessagingBinding.Address=whatsapp%3A%2B1555")
	require.NotNil(t, f.String("FriendlyName"))
	assert.Empty(t, *f.String("FriendlyName"))
	assert.Nil(t, f.String("UniqueName"))
	assert.Nil(t, f.String("friendlyname"), "names are case-sensitive")
	assert.Equal(t, conversations.Address("whatsapp:+1555"), *f.Address("MessagingBinding.Address"))
	assert.Nil(t, f.Address("MessagingBinding.ProxyAddress"))
	require.NoError(t, f.Err())
}

func TestFormsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, encoded := range []string{"Body=%zz", "Body=a;b", "Body=%ff", "Body=a%00b", "%ff=%ff"} {
		_, err := twilio.ParseForm(encoded)
		require.Error(t, err, encoded)
		assert.Equal(t, 400, twilio.FromError(err, "").Status)
	}
}

func TestTypedParameters(t *testing.T) {
	t.Parallel()
	f := parse(t, "DateCreated=2024-05-01T10:00:00Z&DateUpdated=2024-05-02&Timers.Inactive=PT5M&State=Active"+
		"&Order=DESC&LastReadMessageIndex=7&MediaSid=ME"+digits+"&RoleSid=RL"+digits+"&EndDate=2024-05-01")
	assert.Equal(t, "2024-05-01T10:00:00Z", twilio.Date(*f.Created()))
	assert.Equal(t, "2024-05-02T00:00:00Z", twilio.Date(*f.Updated()))
	assert.Equal(t, "2024-05-02T00:00:00Z", twilio.Date(*f.Until("EndDate")))
	assert.Equal(t, 5*time.Minute, *f.Timer("Timers.Inactive", conversations.TimerInactiveInvalid))
	assert.Equal(t, conversations.StateActive, *f.State("State"))
	assert.Equal(t, twilio.Descending, f.Order("Order"))
	index, cleared := f.ReadIndex("LastReadMessageIndex")
	assert.Equal(t, int64(7), *index)
	assert.False(t, cleared)
	assert.Equal(t, []conversations.MediaID{digits}, f.MediaSIDs("MediaSid"))
	assert.Equal(t, conversations.RoleID(digits), *twilio.FormSID[conversations.RoleID](f, "RoleSid", nil))
	require.NoError(t, f.Err())
}

func TestParametersThatWereNotSent(t *testing.T) {
	t.Parallel()
	f := parse(t, "")
	assert.Nil(t, f.Created())
	assert.Nil(t, f.Date("StartDate"))
	assert.Nil(t, f.Timer("Timers.Closed", conversations.TimerClosedInvalid))
	assert.Nil(t, f.State("State"))
	assert.Empty(t, f.Order("Order"))
	assert.Nil(t, f.MediaSIDs("MediaSid"))
	index, cleared := f.ReadIndex("LastReadMessageIndex")
	assert.Nil(t, index)
	assert.False(t, cleared)
	require.NoError(t, f.Err())
}

func TestAnExplicitNullClearsTheReadIndex(t *testing.T) {
	t.Parallel()
	for _, encoded := range []string{"LastReadMessageIndex=null", "LastReadMessageIndex="} {
		f := parse(t, encoded)
		index, cleared := f.ReadIndex("LastReadMessageIndex")
		assert.Nil(t, index)
		assert.True(t, cleared)
		require.NoError(t, f.Err())
	}
}

func TestParametersThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		encoded string
		read    func(*twilio.Form)
		code    int
	}{
		{"DateCreated=x", func(f *twilio.Form) { f.Created() }, 50308},
		{"DateUpdated=", func(f *twilio.Form) { f.Updated() }, 50309},
		{"StartDate=x", func(f *twilio.Form) { f.Date("StartDate") }, 20001},
		{"EndDate=x", func(f *twilio.Form) { f.Until("EndDate") }, 20001},
		{"Timers.Inactive=P1M", func(f *twilio.Form) { f.Timer("Timers.Inactive", conversations.TimerInactiveInvalid) }, 50379},
		{"Timers.Closed=", func(f *twilio.Form) { f.Timer("Timers.Closed", conversations.TimerClosedInvalid) }, 50380},
		{"State=open", func(f *twilio.Form) { f.State("State") }, 50378},
		{"Order=up", func(f *twilio.Form) { f.Order("Order") }, 20001},
		{"LastReadMessageIndex=-1", func(f *twilio.Form) { f.ReadIndex("LastReadMessageIndex") }, 50421},
		{"LastReadMessageIndex=x", func(f *twilio.Form) { f.ReadIndex("LastReadMessageIndex") }, 50421},
		{"MediaSid=x", func(f *twilio.Form) { f.MediaSIDs("MediaSid") }, 50510},
		{"MediaSid=ME" + digits + "&MediaSid=x", func(f *twilio.Form) { f.MediaSIDs("MediaSid") }, 50510},
		{"RoleSid=MB" + digits, func(f *twilio.Form) {
			twilio.FormSID[conversations.RoleID](f, "RoleSid", conversations.Refuse(conversations.RoleUnknown, ""))
		}, 50109},
	} {
		f := parse(t, tt.encoded)
		tt.read(f)
		assert.Equal(t, tt.code, twilio.FromError(f.Err(), "").Code, tt.encoded)
	}
}

func TestTheFirstMistakeIsTold(t *testing.T) {
	t.Parallel()
	f := parse(t, "State=open&DateCreated=x")
	f.State("State")
	f.Created()
	var refused *conversations.Error
	require.ErrorAs(t, f.Err(), &refused)
	assert.Equal(t, conversations.StateInvalid, refused.Fault)
}

// FuzzForm looks for a form that breaks a reader, or that a reader takes for
// something that cannot be kept or shown.
func FuzzForm(f *testing.F) {
	for _, encoded := range []string{
		"Name=&Name=b", "Name=2024-05-01T10:00:00.5%2B02:00", "Name=9999-12-31", "Name=PT1H30M", "Name=P1Y", "Name=P99999999999D",
		"Name=Active", "Name=null", "Name=9223372036854775808", "Name=DESC", "Name=ME" + digits, "Name=%ff", "a;b", "Name=%zz", "Name=a%00",
		"Page=1&PageSize=5000&PageToken=x", "Name=-PT1M", "Name=0000-01-01",
	} {
		f.Add(encoded)
	}
	f.Fuzz(func(t *testing.T, encoded string) {
		form, err := twilio.ParseForm(encoded)
		if err != nil {
			assert.Equal(t, 400, twilio.FromError(err, "").Status)
			return
		}
		if s := form.String("Name"); s != nil {
			assert.True(t, utf8.ValidString(*s))
			assert.NotContains(t, *s, "\x00")
		}
		for _, at := range []*time.Time{form.Date("Name"), form.Created(), form.Updated()} {
			if at == nil {
				continue
			}
			again, err := twilio.ParseDate(twilio.Date(*at))
			require.NoError(t, err, "what is shown can be sent")
			assert.True(t, again.Equal(at.Truncate(time.Second)))
			assert.True(t, time.UnixMicro(at.UnixMicro()).Equal(at.Truncate(time.Microsecond)), "it can be kept")
		}
		form.Until("Name")
		if d := form.Timer("Name", conversations.TimerInactiveInvalid); d != nil {
			assert.GreaterOrEqual(t, *d, time.Duration(0))
		}
		if index, cleared := form.ReadIndex("Name"); index != nil {
			assert.False(t, cleared)
			assert.GreaterOrEqual(t, *index, int64(0))
		}
		form.State("Name")
		assert.Contains(t, []string{"", twilio.Ascending, twilio.Descending}, form.Order("Name"))
		for _, id := range form.MediaSIDs("Name") {
			assert.True(t, conversations.ValidID(string(id)))
		}
		form.Bool("Name")
		form.Muted("Name")
		form.FlowSID("Name")
		form.AddressType("Name")
		assert.LessOrEqual(t, form.ReadPage(50).Page.Size, 50)
		if err := form.Err(); err != nil {
			assert.Equal(t, 400, twilio.FromError(err, "").Status)
		}
	})
}

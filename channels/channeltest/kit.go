// Package channeltest is the conformance kit for drivers: what every driver's
// tests run. A driver declares what it is (a Kit) and Run checks it: recorded
// payloads in, normal form out; messages out, HTTP requests expected; the
// meaning of every refusal and of everything that can go wrong on the way.
//
// Payloads stand in files under the driver's testdata/, whose README.md names
// where the form of each was read. A .form file has one parameter of the form on
// each line, percent-encoded; any other file is the body as it is.
//
// No real host is ever reached: the kit's HTTP client dials loopback addresses
// and nothing else.
package channeltest

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/conversations"
)

// What the kit calls the channel, and where it says that bridged is.
const (
	Name      = "channel-main"
	PublicURL = "https://relay.example.com"
)

// Env is what a driver is made with.
type Env struct {
	Name       string
	PublicURL  string
	APIBaseURL string // a server of the kit's, with a path
	HTTPClient *http.Client
	FileClient *http.Client // for files of inbound messages; it may be nil
}

// Kit declares a driver. Every field is required unless it says otherwise.
type Kit struct {
	New     func(Env) (channels.Adapter, error)
	Type    conversations.ChannelType
	MaxText int // 0 for a driver that is no channels.TextLimiter
	// Window is how long free text is allowed; 0 for a driver that is no
	// channels.Windower.
	Window time.Duration

	// Addresses are read with ParseAddress.
	Addresses []Address

	// Header is the name of the header with the carrier's signature and Sign adds
	// it to a request, as the carrier does. Both are left out by a driver that is
	// no channels.HookReceiver.
	Header string
	Sign   func(*channels.HookRequest)
	// Password says that the header proves who is calling and not what is said: it
	// is the same for every request.
	Password bool
	Hooks    []Hook
	// Malformed are bodies that are refused although their signature is right.
	Malformed []string
	// ReplyType and Reply are answered to every hook that is accepted.
	ReplyType, Reply string

	// Sends are handed over one by one; the first is used for all failures.
	Sends []Send
	// Accepted is the carrier's answer to them, which names AcceptedID.
	Accepted   Answer
	AcceptedID string
	Failures   []Failure
	// Fetch is how files of inbound messages are fetched; nil for a driver that is no
	// channels.MediaFetcher.
	Fetch *Fetch
}

// Address is an address as somebody writes it and as it is kept. An empty Want
// means that it is refused.
type Address struct {
	In   string
	Want conversations.Address
}

// Hook is a recorded payload and what it means.
type Hook struct {
	File     string // under testdata/
	Status   bool   // it comes to the status URL
	Messages []conversations.Inbound
	Statuses []conversations.StatusReport
}

// Send is a message and the one request that it becomes. What the request holds
// beyond what is declared here, the body apart, is not looked at; the body must
// be exactly Form or JSON, so nothing of the author can slip in.
type Send struct {
	Name   string
	Out    channels.Outbound
	Path   string            // below Env.APIBaseURL
	Header map[string]string // those that matter
	Form   url.Values
	JSON   string
}

// Answer is a carrier's answer.
type Answer struct {
	Status int
	Header map[string]string
	Body   string
}

// Failure is an answer that refuses a message, and what it means. Want.Detail
// and Want.After are compared too; Want.Cause is not.
type Failure struct {
	Name   string
	Answer Answer
	Want   channels.SendError
}

// Run checks the driver.
func Run(t *testing.T, k Kit) {
	t.Helper()
	t.Run("identity", func(t *testing.T) { t.Parallel(); k.identity(t) })
	t.Run("hooks", func(t *testing.T) { t.Parallel(); k.hooks(t) })
	t.Run("sends", func(t *testing.T) { t.Parallel(); k.sends(t) })
	t.Run("failures", func(t *testing.T) { t.Parallel(); k.failures(t) })
	t.Run("faults", func(t *testing.T) { t.Parallel(); k.faults(t) })
	t.Run("fetches", func(t *testing.T) { t.Parallel(); k.fetches(t) })
}

// adapter makes the driver for a server at apiBaseURL.
func (k Kit) adapter(tb testing.TB, apiBaseURL string) channels.Adapter {
	tb.Helper()
	client := LoopbackClient()
	tb.Cleanup(client.CloseIdleConnections)
	a, err := k.New(Env{Name: Name, PublicURL: PublicURL, APIBaseURL: apiBaseURL, HTTPClient: client})
	require.NoError(tb, err)
	return a
}

// identity checks what the driver says about itself.
func (k Kit) identity(t *testing.T) {
	a := k.adapter(t, nowhere)
	assert.Equal(t, Name, a.Name())
	assert.Equal(t, k.Type, a.Type())

	limiter, limited := a.(channels.TextLimiter)
	if assert.Equal(t, k.MaxText > 0, limited) && limited {
		assert.Equal(t, k.MaxText, limiter.MaxText())
	}
	windower, windowed := a.(channels.Windower)
	if assert.Equal(t, k.Window > 0, windowed) && windowed {
		assert.Equal(t, k.Window, windower.Window())
	}
	k.takesContents(t, a)
	require.NotEmpty(t, k.Addresses)
	for _, c := range k.Addresses {
		got, err := a.ParseAddress(c.In)
		assert.Equal(t, c.Want, got, "%q", c.In)
		if c.Want == "" {
			require.Error(t, err, "%q", c.In)
			continue
		}
		require.NoError(t, err, "%q", c.In)
		assert.Equal(t, k.Type, got.Type(), "%q", c.In)
		again, err := a.ParseAddress(string(got))
		require.NoError(t, err, "%q", c.In)
		assert.Equal(t, got, again, "what is kept is read as itself")
	}
}

// patience bounds what a test waits for, in case a driver hangs.
const patience = 30 * time.Second

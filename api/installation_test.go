package api_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bridged/api"
	"bridged/bridge"
	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

// The number that the installation of these tests owns, and who writes to it.
const (
	ourNumber  = conversations.Address("+15559990001")
	someNumber = "%2B1555000" // as a form has it
)

// oneNumber is a directory of channels with one number.
type oneNumber struct{}

func (oneNumber) Owner(proxy conversations.Address) (string, bool) { return "sms", proxy == ourNumber }

func (oneNumber) MediaRules(conversations.Address) (none conversations.MediaRules) { return none }
func (oneNumber) CarriesGroups(conversations.Address) bool                         { return false }

func (oneNumber) HasGroups() bool { return false }

func (oneNumber) Parse(a conversations.Address) (conversations.Address, error) {
	if !strings.HasPrefix(a.Local(), "+") || len(a.Local()) > 16 {
		return "", errors.New("a number begins with +")
	}
	return a, nil
}

// installation is the API over the real verbs and a real store, with two
// services in it: the default one, and one whose SID is IS and other.
type installation struct {
	http.Handler
	db *store.DB
	// The SIDs of a conversation, called "ours" by its unique name, and of what is
	// in it, in the default service.
	conversation, chat, native, message string
	foreign                             string // a conversation of the other service
}

func newInstallation(t testing.TB, configure ...func(*api.Config)) *installation {
	t.Helper()
	place := storetest.New(t)
	in := &installation{db: place.Open(t)}
	defaults := store.Defaults{
		Service: conversations.Service{
			ID: digits, FriendlyName: "ours", ConversationRole: digits, ConversationCreatorRole: other, UserRole: digits,
			Created: at(0), Updated: at(0),
		},
		MessagingService: digits,
	}
	_, err := in.db.EnsureDefaults(t.Context(), defaults)
	require.NoError(t, err)
	theirs := defaults.Service
	theirs.ID = other
	require.NoError(t, in.db.Update(t.Context(), func(tx *store.Tx) error { return tx.InsertService(&theirs) }))
	verbs := bridge.New(bridge.Config{
		Commit:            bridge.Commits(in.db.Update),
		CommitBeside:      bridge.Commits(in.db.UpdateBeside),
		Channels:          oneNumber{},
		MessagingServices: []conversations.MessagingServiceID{digits},
		Retry:             bridge.DefaultRetry(),
	})
	cfg := config(newWorld())
	cfg.Bridge, cfg.Store = verbs, in.db
	for _, f := range configure {
		f(&cfg)
	}
	in.Handler = api.New(cfg)
	in.furnish(t, "")
	return in
}

// restore brings the two services back, whatever was done to them, and takes the
// conversations away.
func (in *installation) restore(t testing.TB) {
	t.Helper()
	require.NoError(t, in.db.Update(t.Context(), func(tx *store.Tx) error {
		for _, id := range []conversations.ServiceID{digits, other} {
			_, err := tx.FindService(id)
			if conversations.NotFound.Is(err) {
				err = tx.InsertService(&conversations.Service{ID: id, ConversationRole: digits, ConversationCreatorRole: other, UserRole: digits})
			}
			if err != nil {
				return err
			}
			old, err := tx.ConversationsOf(id, 10_000)
			if err != nil {
				return err
			}
			for _, c := range old {
				if _, err := tx.DeleteConversation(c.ID, time.Now()); err != nil {
					return err
				}
			}
		}
		return tx.SetConfiguration(conversations.Configuration{Service: digits})
	}))
}

// furnish makes a conversation in each service, and what is in it. Its names and
// numbers end with suffix, as all of them have to be different.
func (in *installation) furnish(t testing.TB, suffix string) {
	t.Helper()
	made := func(path, form string) string {
		a := do(t, in, http.MethodPost, path, form)
		require.Equal(t, http.StatusCreated, a.status, a.body)
		return a.json(t)["sid"].(string)
	}
	in.conversation = made("/v1/Conversations", "UniqueName=ours"+suffix+"&FriendlyName=Ours")
	within := "/v1/Conversations/" + in.conversation
	in.chat = made(within+"/Participants", "Identity=ada")
	in.native = made(within+"/Participants", "MessagingBinding.Address="+someNumber+suffix+
		"&MessagingBinding.ProxyAddress=%2B"+string(ourNumber[1:]))
	in.message = made(within+"/Messages", "Author=ada&Body=hello")
	in.foreign = made("/v1/Services/IS"+other+"/Conversations", "UniqueName=theirs"+suffix)
}

package bridge

import (
	"context"
	"time"

	"bridged/autocreate"
	"bridged/conversations"
)

// Committer runs op within one durable commit and returns when that commit is
// on disk. Op sees its own writes and nobody else's in between; when it returns
// an error nothing that it wrote remains. It may be run again, so it must have no
// effect outside the Tx but assigning its results.
//
// conversations.ErrUnavailable is returned when the store cannot commit.
type Committer func(ctx context.Context, op func(Tx) error) error

// Commits makes a Committer of a store's own method, whose transaction type it
// need not know.
func Commits[T Tx](update func(context.Context, func(T) error) error) Committer {
	return func(ctx context.Context, op func(Tx) error) error {
		return update(ctx, func(tx T) error { return op(tx) })
	}
}

// Tx is what a verb sees of the store within one commit. Each part of it is
// declared for the verbs that need it. A row that is looked for and not there is
// a *conversations.Error with conversations.NotFound.
type Tx interface {
	InstallationRows
	ServiceRows
	RoleRows
	ConversationRows
	TimerRows
	ParticipantRows
	UserRows
	MembershipRows
	BindingRows
	AliasRows
	OptOutRows
	MessageRows
	MediaRows
	MediaUpkeepRows
	FetchRows
	FetchUpkeepRows
	ArrivalRows
	ContentRows
	InboundRows
	QuoteRows
	CallRows
	DeliveryRows
	DeadLetterRows
	NoticeRows
	WindowRows
	LineRows
	AttemptRows
	StatusRows
	Outbox
	Answers
	ImportRows
	WebhookRows
	AddressRows
	CredentialRows
	PushRows
	ErasureRows
	AgedRows

	// Lock waits for the named things and keeps them until the commit, first to
	// last. Only operations that may run beside others need it.
	Lock(names ...string) error

	// Reading makes a context whose queries of the store see what this commit does.
	Reading(ctx context.Context) context.Context
}

// InstallationRows are what holds for the whole account.
type InstallationRows interface {
	Configuration() (conversations.Configuration, error)
	SetConfiguration(c conversations.Configuration) error
}

// ServiceRows are the services.
type ServiceRows interface {
	FindService(id conversations.ServiceID) (conversations.Service, error)
	InsertService(s *conversations.Service) error
	UpdateService(s conversations.Service) error
	// DeleteService removes it with all that it has, but its users and its
	// conversations, of which it only frees the pairs.
	DeleteService(id conversations.ServiceID) error
	// ConversationsOf returns up to limit conversations of the service.
	ConversationsOf(id conversations.ServiceID, limit int) ([]conversations.Conversation, error)
}

// RoleRows are the roles of the services.
type RoleRows interface {
	FindRole(service conversations.ServiceID, id conversations.RoleID) (conversations.Role, error)
	InsertRole(r *conversations.Role) error
	UpdateRole(r conversations.Role) error
	// DeleteRole removes it; who had it gets the other one.
	DeleteRole(r conversations.Role, instead conversations.RoleID) error
}

// ConversationRows are the conversations.
type ConversationRows interface {
	// FindConversation returns a conversation of a service, and locks it.
	FindConversation(service conversations.ServiceID, key conversations.ConversationKey) (conversations.Conversation, error)
	// InsertConversation stores a new one; UniqueNameTaken when the name is.
	InsertConversation(c *conversations.Conversation) error
	// UpdateConversation stores all that can change, but NextIndex.
	UpdateConversation(c conversations.Conversation) error
	// DeleteConversation removes it with its participants, messages and
	// receipts; now is when. It returns the pairs from whose lines a delivery was
	// removed.
	DeleteConversation(id conversations.ConversationID, now time.Time) (pairKeys []string, err error)
	// NextIndex takes the next index of the conversation and stores what the
	// activity changes: the state and the timers' dates.
	NextIndex(c *conversations.Conversation) (int64, error)
}

// ParticipantRows are the participants.
type ParticipantRows interface {
	FindParticipant(c conversations.ConversationID, key conversations.ParticipantKey) (conversations.Participant, error)
	// Participants returns all participants of a conversation, oldest first.
	Participants(id conversations.ConversationID) ([]conversations.Participant, error)
	InsertParticipant(p *conversations.Participant) error
	UpdateParticipant(p conversations.Participant) error
	// AdvanceReadHorizon stores how far the participant has read, unless it is known
	// to have read as far already. It says whether it did.
	AdvanceReadHorizon(p conversations.Participant) (bool, error)
	// DeleteParticipant removes it and frees its pair.
	DeleteParticipant(p conversations.Participant) error
}

// UserRows are the users of the chat services.
type UserRows interface {
	FindUser(service conversations.ServiceID, key conversations.UserKey) (conversations.User, error)
	// EnsureUser stores the user unless its service has one of that identity.
	EnsureUser(u conversations.User) (created bool, err error)
	UpdateUser(u conversations.User) error
	// DeleteUser removes it, but not its participants.
	DeleteUser(u conversations.User) error
	// UsersOf returns up to limit users of the service.
	UsersOf(service conversations.ServiceID, limit int) ([]conversations.User, error)
}

// MembershipRows are the participants of one identity in all conversations of a
// service.
type MembershipRows interface {
	FindMembership(service conversations.ServiceID, identity string, key conversations.ConversationKey) (conversations.Membership, error)
	ParticipantsNamed(service conversations.ServiceID, identity string) ([]conversations.Participant, error)
	// CountLive returns in how many conversations that are not closed it is.
	CountLive(service conversations.ServiceID, identity string) (int, error)
}

// BindingRows are the live pairs: which participant a pair of addresses means.
type BindingRows interface {
	// BindPair gives the pair to the participant, or returns the ID of the
	// conversation that holds it.
	BindPair(matchKey string, p conversations.Participant) (holder conversations.ConversationID, err error)
	// PairHolder returns the conversation that holds the pair; empty where none does.
	PairHolder(matchKey string) (conversations.ConversationID, error)
	// BindGroup gives the number group to the conversation, or returns the ID of the
	// one that holds it; GroupHolder only looks.
	BindGroup(groupKey string, id conversations.ConversationID) (holder conversations.ConversationID, err error)
	GroupHolder(groupKey string) (conversations.ConversationID, error)
	FreeGroup(id conversations.ConversationID) error
	// ResolveGroup returns the conversation that holds the number group, and locks
	// it.
	ResolveGroup(groupKey string) (conversations.Conversation, error)
	// FreePairs frees the pairs and the number group of a whole conversation, which
	// is closed.
	FreePairs(id conversations.ConversationID) error
	// FreePair frees the pair of one participant.
	FreePair(id conversations.ParticipantID) error
	// Resolve returns the participant that holds the pair, and its conversation,
	// which it locks.
	Resolve(matchKey string) (conversations.Participant, conversations.Conversation, error)
}

// AliasRows are the other names of persons. They change only in a commit that is
// alone, so that they stand still while others run beside one another.
type AliasRows interface {
	// AliasRoot returns the number that a name is an alias of; empty where it is none.
	AliasRoot(name conversations.Address) (conversations.Address, error)
	// AliasesOf returns the names that are aliases of a number.
	AliasesOf(root conversations.Address) ([]conversations.Address, error)
	// SetAlias stores an alias, or that it is another number's from now on.
	SetAlias(a conversations.Alias) error
	// PairsOf returns the live pairs of participants whose own address is the name.
	PairsOf(name conversations.Address) ([]conversations.Pair, error)
	FindPair(matchKey string) (conversations.Pair, error)
	// MovePair gives a pair another match key, which must be free, and early status
	// reports about it too.
	MovePair(from, to string) error
	// InsertAliasConflict shows the operator a pair that was held twice.
	InsertAliasConflict(c *conversations.AliasConflict) error
}

// OptOutRows are the pairs to which nothing is sent, and what the keywords of
// inbound messages have changed.
type OptOutRows interface {
	// InsertOptOut stores that a pair is opted out, unless it is already.
	InsertOptOut(o *conversations.OptOut) (isNew bool, err error)
	IsOptedOut(matchKey string) (bool, error)
	FindOptOut(seq int64) (conversations.OptOut, error)
	OptOutOfPair(matchKey string) (conversations.OptOut, error)
	DeleteOptOut(matchKey string) (existed bool, err error)
	// OptOutsOfName returns the opt-outs of whom was known by a name.
	OptOutsOfName(name conversations.Address) ([]conversations.OptOut, error)
	// MoveOptOut gives an opt-out another match key. Where the other pair is opted out
	// too, one of the two is left.
	MoveOptOut(from, to string) error
	// SetKeyword records what an inbound message asked for and what that changed.
	SetKeyword(r conversations.InboundRecord) error
	// SpeakerNumber returns the number under which a participant without a name is
	// shown to the others of a conversation, which is locked. It stays theirs.
	SpeakerNumber(c conversations.ConversationID, p conversations.ParticipantID) (int64, error)
}

// MessageRows are the messages.
type MessageRows interface {
	FindMessage(c conversations.ConversationID, id conversations.MessageID) (conversations.Message, error)
	InsertMessage(m conversations.Message) error
	UpdateMessage(m conversations.Message) error
	// DeleteMessage removes it with its receipts. It returns the pairs from whose
	// lines a delivery was removed.
	DeleteMessage(m conversations.Message) (pairKeys []string, err error)
}

// MediaRows are the files that are kept.
type MediaRows interface {
	FindMedia(service conversations.ServiceID, id conversations.MediaID) (conversations.MediaFile, error)
	// InsertMedia stores a new file, which may be a message's already.
	InsertMedia(f conversations.MediaFile) error
	// AttachMedia stores which message has the file.
	AttachMedia(f conversations.MediaFile) error
	// DeleteMediaOf removes the files of a message, or of a whole conversation
	// where no message is given, and returns their IDs. None of them is fetched any
	// more.
	DeleteMediaOf(c conversations.ConversationID, m conversations.MessageID) ([]conversations.MediaID, error)
}

// MediaUpkeepRows are the files that nobody asks for any more.
type MediaUpkeepRows interface {
	// ExpireMedia removes up to limit files that were stored before t or at it and
	// that no message has. It returns their IDs, and when the next one was stored
	// (zero for none).
	ExpireMedia(t time.Time, limit int) (gone []conversations.MediaID, next time.Time, err error)
	// UnknownMedia returns those of the IDs that no row has.
	UnknownMedia(ids []conversations.MediaID) ([]conversations.MediaID, error)
}

// FetchRows are the files that are being fetched from carriers.
type FetchRows interface {
	InsertFetch(f conversations.Fetch) error
	FindFetch(id conversations.MediaID) (conversations.Fetch, error)
	// UpdateFetch stores the attempts and when the next one is due.
	UpdateFetch(f conversations.Fetch) error
	DeleteFetch(id conversations.MediaID) error
	// IsFetching says whether any file of a message is being fetched.
	IsFetching(c conversations.ConversationID, m conversations.MessageID) (bool, error)
}

// FetchUpkeepRows are those among them that wait for somebody to go on.
type FetchUpkeepRows interface {
	// DueFetches returns up to limit files whose next attempt is due, and when the
	// one after them is due (zero for none).
	DueFetches(now time.Time, limit int) (due []conversations.Fetch, next time.Time, err error)
	// StrandedFetches returns those that no task of the topic is for, and none is due.
	StrandedFetches(topic string) ([]conversations.Fetch, error)
}

// ArrivalRows are what changes when the files of a message have been fetched.
type ArrivalRows interface {
	// MediaOf returns the files of a message.
	MediaOf(c conversations.ConversationID, m conversations.MessageID) ([]conversations.MediaFile, error)
	// SettleMedia stores what came of fetching a file.
	SettleMedia(f conversations.MediaFile) error
	// SetMedia stores what a message shows of its files.
	SetMedia(m conversations.Message) error
	// HeldDeliveries returns the deliveries of a message that wait for its files.
	HeldDeliveries(c conversations.ConversationID, m conversations.MessageID) ([]conversations.Delivery, error)
	// EmptyDeliveries returns those that were through without an attempt, because none
	// of its files could be fetched.
	EmptyDeliveries(c conversations.ConversationID, m conversations.MessageID) ([]conversations.Delivery, error)
}

// ContentRows are the templates of messages.
type ContentRows interface {
	FindContent(id conversations.ContentID) (conversations.Content, error)
	InsertContent(c *conversations.Content) error
	// UpdateContent stores its approval.
	UpdateContent(c conversations.Content) error
	DeleteContent(id conversations.ContentID) error
}

// WebhookRows are the webhooks of single conversations.
type WebhookRows interface {
	FindWebhook(c conversations.ConversationID, id conversations.WebhookID) (conversations.Webhook, error)
	CountWebhooks(c conversations.ConversationID) (int, error)
	InsertWebhook(w *conversations.Webhook) error
	UpdateWebhook(w conversations.Webhook) error
	DeleteWebhook(id conversations.WebhookID) error
}

// AddressRows are the address configurations.
type AddressRows interface {
	FindAddressConfiguration(key autocreate.Key) (autocreate.Configuration, error)
	InsertAddressConfiguration(a *autocreate.Configuration) error
	UpdateAddressConfiguration(a autocreate.Configuration) error
	DeleteAddressConfiguration(id conversations.AddressConfigurationID) error
}

// CredentialRows are the credentials of push services.
type CredentialRows interface {
	FindCredential(id conversations.CredentialID) (conversations.Credential, error)
	InsertCredential(d *conversations.Credential) error
	UpdateCredential(d conversations.Credential) error
	// DeleteCredential removes it with the push bindings that use it.
	DeleteCredential(id conversations.CredentialID) error
}

// PushRows are the devices that get push notifications.
type PushRows interface {
	FindPushBinding(service conversations.ServiceID, id conversations.PushBindingID) (conversations.PushBinding, error)
	DeletePushBinding(id conversations.PushBindingID) error
}

// Outbox is what connects commits with the pipeline.
type Outbox interface {
	// Enqueue adds a task; the pipeline takes it up after the commit.
	Enqueue(t conversations.Task) error
	// Finish removes the task that was just carried out. A seq of 0 is none.
	Finish(seq int64) error
	// Record adds an event.
	Record(e conversations.Event) error
	// ForgetEvents removes up to limit of the first events: those from before t that
	// no reader has still to read, and those from before latest in any case. It says
	// whether there may be more.
	ForgetEvents(t, latest time.Time, limit int) (more bool, err error)
}

// Answers are the answers to requests that carried an idempotency key.
type Answers interface {
	// Answer returns the answer kept for the key.
	Answer(key string) (a conversations.Answer, ok bool, err error)
	KeepAnswer(key string, a conversations.Answer) error
	// ForgetAnswers removes up to limit of those from before t, and counts them.
	ForgetAnswers(t time.Time, limit int) (int, error)
}

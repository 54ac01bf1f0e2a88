// Package bridge holds the verbs of bridged: every command that changes
// something. The REST API, the carriers' hooks and the pipeline all come through
// here, and each verb is one commit of the store.
//
// A message goes through these verbs in this order:
//
//	Accept    a carrier's message is stored; the carrier may be answered
//	Route     the pair of addresses finds its participant …
//	          … and the message is appended, with a delivery for everybody else
//	BeginFetch, SettleFetch
//	          the files that came with it are fetched; its deliveries wait for them
//	Claim     a delivery is about to be handed to its carrier
//	Settle    the carrier's answer is recorded; the pair's next delivery may go
//	AcceptStatuses
//	          the carrier's status report is stored …
//	Advance   … and moves the delivery's receipt
//
// A message that enters over REST begins at CreateMessage, which appends it in
// the same way. The interfaces in store.go are what the verbs need of a store;
// package store satisfies them. What is enqueued for the pipeline is named in
// topics.go.
package bridge

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"bridged/conversations"
)

// Channels is the directory of the configured channels.
type Channels interface {
	// Owner returns the name of the channel that owns the proxy address.
	Owner(proxy conversations.Address) (channel string, ok bool)
	// Parse brings an address of any configured type into the form in which it
	// is kept, or says what is wrong with it.
	Parse(a conversations.Address) (conversations.Address, error)
	// MediaRules says which files go out from a proxy address.
	MediaRules(proxy conversations.Address) conversations.MediaRules
	// CarriesGroups says whether the channel that owns the number can carry group
	// MMS, and HasGroups whether any channel can.
	CarriesGroups(number conversations.Address) bool
	HasGroups() bool
}

// Pool is the senders of one messaging service.
type Pool struct {
	Service conversations.MessagingServiceID
	Senders []conversations.Address
	// Autocreate says that a message to one of them makes a conversation, where no
	// conversation takes it and the number itself says nothing (page 38).
	Autocreate bool
	// Webhook hears of the messages to them that nothing else takes (page 38).
	Webhook conversations.Listener // the zero one: none
}

// Space says whether there is room for more.
type Space interface {
	// Tight says whether the disk is nearly full.
	Tight() bool
}

// Config is what a Bridge needs. Every field is required unless its comment
// says otherwise.
type Config struct {
	Commit Committer
	// CommitBeside may run operations side by side; optional, Commit.
	CommitBeside Committer
	Channels     Channels
	// MessagingServices are those that a conversation may name; the first is the
	// default one, unless another is chosen (page 10).
	MessagingServices []conversations.MessagingServiceID
	// Pools are the senders of messaging services, and what they do with a message
	// that no conversation takes. Optional.
	Pools []Pool
	// Webhooks are those of single numbers, which hear of every message to them
	// (page 38). Optional.
	Webhooks map[conversations.Address]conversations.Listener
	// Before is the pre-action webhooks, which may amend or refuse a change (page 33).
	// Optional: nobody is asked.
	Before Before
	// Windows are the rules of the channels that allow free text only for a time, by
	// the channel's name. Optional.
	Windows map[string]WindowRule
	// FallbackIn reads from a conversation's attributes which template goes out in
	// the stead of free text; empty for none. Optional.
	FallbackIn func(attributes string) conversations.ContentID
	// Flows are the SIDs of the flows that can be called (contract, [studio]).
	Flows []string
	Retry RetryPolicy
	// OptOut says how keywords such as STOP are obeyed. Optional: they are not, but
	// whom an operator has opted out gets nothing.
	OptOut OptOutPolicy
	// Relay says who is told who speaks. Optional: nobody.
	Relay RelayPolicy
	// Backlog bounds the unfinished inbound messages; 0 means no bound.
	Backlog int
	// SenderRate bounds what one person sends to one of our numbers. Optional.
	SenderRate SenderRate
	// Shared says that other processes may work on the same store.
	Shared bool
	Space  Space // optional
	Files  Files // optional; there are none
	// Retention is how long messages and files are kept, which Aged lists; optional: for
	// good.
	Retention Retention
	Aged      Aged
	// Belongings are what there is of persons, who can be erased; optional. Types are
	// the types of addresses that a telephone number may be on, Forget is told whom to
	// forget who is remembered outside of the store, and EraseNow is called when there is
	// something for Erase. ErasePause is how long it waits before it looks again whether
	// anything is left; half a second where it is not set.
	Belongings Traces
	Types      []conversations.ChannelType
	Forget     func(conversations.Spellings)
	EraseNow   func()
	ErasePause time.Duration
	// EventRetention is how long events are kept that every reader has read; optional,
	// 4 hours.
	EventRetention time.Duration
	// MediaLife is how long a file may wait for its message; optional, 5 minutes
	// (page 32).
	MediaLife time.Duration
	// Fitter makes files fit the channels that they go out by, and FileURL makes the
	// URLs from which carriers fetch them, for FileURLLife. Without them no message
	// may have files.
	Fitter      Fitter
	FileURL     FileLinks
	FileURLLife time.Duration
	Now         func() time.Time // optional; time.Now
	Jitter      func() float64   // optional; random in [0,1)
	Log         *slog.Logger     // optional; discards
	// Observer is told what happens, for the metrics. Optional.
	Observer Observer
	// Due is called after a commit that set a due time, with that time. Optional.
	Due func(time.Time)
	// TimersDue is called after a commit that set a timer of a conversation by which
	// it may be due within a minute, with that time. Optional.
	TimersDue func(time.Time)
}

// Bridge carries out the verbs. It is safe for concurrent use.
type Bridge struct {
	cfg     Config
	backlog *backlog
	floods  *floods
	sweeps  sweeps
	walks   walks

	keywords keywords
}

// New makes a Bridge.
func New(cfg Config) *Bridge {
	cfg.setDefaults()
	return &Bridge{cfg: cfg, backlog: newBacklog(), floods: newFloods(cfg.SenderRate), keywords: cfg.OptOut.keywords()}
}

// now is the time of a change, in the precision in which it is stored.
func (b *Bridge) now() time.Time { return b.cfg.Now().UTC().Truncate(time.Microsecond) }

// owned says whether an address is a number of ours: one that a channel is
// configured with.
func (b *Bridge) owned(a conversations.Address) bool {
	_, owned := b.cfg.Channels.Owner(a)
	return owned
}

// commit runs op in the next commit. Op may run more than once: it must assign
// its results anew each time.
func (b *Bridge) commit(ctx context.Context, op func(Tx) error) error {
	return b.cfg.Commit(ctx, op)
}

// commitBeside is commit for the verbs that every message comes through. Others
// of them may be under way at the same time, but none that commits by commit:
// what those change, such as who is in a conversation, stands still meanwhile.
//
// What the verbs here change is kept apart by locks, always taken in this order:
// an idempotency key (lockOfAnswer); an inbound message, or a call of an inbound
// webhook, by finding it; the reports of its group message (lockOfCopies); its
// conversation, by finding it; files (lockOfMedia), sorted, or those of an
// inbound message (lockOfFiles); a carrier's message (lockOfMessage); the lines of
// pairs and groups (lockOfLine), sorted.
func (b *Bridge) commitBeside(ctx context.Context, op func(Tx) error) error {
	return b.cfg.CommitBeside(ctx, op)
}

// inOrder returns locks of one kind in the order in which every verb takes them, each
// once.
func inOrder(locks []string) []string {
	slices.Sort(locks)
	return slices.Compact(locks)
}

// lockOfAnswer is the lock of an idempotency key.
func lockOfAnswer(key string) string { return "answer " + key }

// lockOfCopies is the lock of all reports of one group message.
func lockOfCopies(copyKey string) string { return "copies " + copyKey }

// lockOfLine is the lock of a pair's line: its deliveries and their attempts.
func lockOfLine(pairKey string) string { return "line " + pairKey }

// lockOfMedia is the lock of a file that a message wants.
func lockOfMedia(id conversations.MediaID) string { return "media " + string(id) }

// lockOfFiles is the lock of a message's files while they are being fetched.
func lockOfFiles(m conversations.MessageID) string { return "files " + string(m) }

// lockOfMessage is the lock of what is known of a message by its carrier's id.
func lockOfMessage(channel, providerID string) string { return "message " + channel + " " + providerID }

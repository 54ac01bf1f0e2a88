// Package pipeline moves messages: it takes the tasks that commits left in the
// outbox and carries them out by the verbs of package bridge.
//
// This file is the way of a message after it was accepted, on one screen. The
// Router is watermill's; the Subscriber is the store's outbox, which gives out
// the tasks of one key one at a time and in order. A verb's commit removes its
// task, so the Ack that follows only lets the key go on; a handler that fails is
// tried again with growing pauses and becomes a dead letter in the end.
//
// Times are in timers.go: what is due goes out again, and what is kept for a time
// only is removed.
package pipeline

import (
	"github.com/ThreeDotsLabs/watermill/message"

	"bridged/bridge"
)

// How many tasks of one topic are carried out at once. Those that only change
// the store wait for its commits; those that send wait for a carrier.
const (
	commitsInFlight = 128
	sendsInFlight   = 256
	filesInFlight   = 4
	callsInFlight   = 64
	fetchesInFlight = 64 // each with a few small buffers
	// noticesInFlight is more than a few listeners that hang can hold.
	noticesInFlight = 1024
)

// route is one topic and what handles its tasks.
type route struct {
	topic    string
	handle   message.NoPublishHandlerFunc
	inFlight int
	patient  bool // a failure is the fault of somebody else's server
}

// routes is the table of all topics:
//
//	inbound             → Route: the pair finds its participant; append; deliveries
//	prepare             → Prepare: the files of a delivery are made to fit its channel
//	outbound.<channel>  → Claim → Adapter.Send → Settle, for each part
//	statuses            → Advance: the receipt of the delivery
//	populate            → Populate: the participants that a conversation is made with
//	purge               → PurgeService: what a deleted service has left
//	media               → RemoveFiles: of messages that are gone
//	calls               → OpenCall → InboundWebhooks.Call → CloseCall: the answer is obeyed
//	windows             → Reopen: what waits for a window that has opened
//	fetch               → BeginFetch → the carrier's file to our disk → SettleFetch
//	webhooks            → Notices.Tell: a listener hears what has happened
//
// Events are no topic: they are rows that their readers follow with a cursor. One of
// the readers makes the tasks of webhooks.
func (p *Pipeline) routes() []route {
	routes := []route{
		{topic: bridge.TopicInbound, handle: p.routeInbound, inFlight: commitsInFlight},
		{topic: bridge.TopicStatuses, handle: p.advanceStatus, inFlight: commitsInFlight},
		{topic: bridge.TopicPopulate, handle: p.carryOut(p.cfg.Verbs.Populate), inFlight: commitsInFlight},
		{topic: bridge.TopicPurge, handle: p.carryOut(p.cfg.Verbs.PurgeService), inFlight: 1}, // each commit is a long one
		{topic: bridge.TopicPrepare, handle: p.carryOut(p.cfg.Verbs.Prepare), inFlight: filesInFlight},
		{topic: bridge.TopicMedia, handle: p.carryOut(p.cfg.Verbs.RemoveFiles), inFlight: filesInFlight},
		{topic: bridge.TopicWindows, handle: p.carryOut(p.cfg.Verbs.Reopen), inFlight: commitsInFlight},
		{topic: bridge.TopicCalls, handle: p.callInbound, inFlight: callsInFlight, patient: true},
		{topic: bridge.TopicFetch, handle: p.fetch, inFlight: fetchesInFlight},
		{topic: bridge.TopicWebhooks, handle: p.tell, inFlight: noticesInFlight},
	}
	for _, adapter := range p.cfg.Adapters {
		routes = append(routes, route{topic: bridge.TopicOutbound(adapter.Name()), handle: p.send(adapter), inFlight: sendsInFlight})
	}
	return routes
}

package bridge

import (
	"strconv"

	"bridged/conversations"
)

// The topics of the outbox. pipeline/routes.go says what handles each.
const (
	TopicInbound  = "inbound"  // payload: seq of an accepted inbound message
	TopicStatuses = "statuses" // payload: seq of an accepted status report
	TopicPopulate = "populate" // payload: a population
	TopicPurge    = "purge"    // payload: ID of a deleted service
	TopicMedia    = "media"    // payload: IDs of files to be removed, one after the other
	TopicCalls    = "calls"    // payload: seq of a call of an inbound webhook
	TopicWindows  = "windows"  // payload: match key of a pair whose window has opened
	TopicPrepare  = "prepare"  // payload: ID of a delivery with files
	TopicFetch    = "fetch"    // payload: ID of a file that the carrier has
	TopicWebhooks = "webhooks" // payload: a notice, for one listener
	topicOutbound = "outbound."
)

// TopicOutbound is the topic of the deliveries that a channel carries; the
// payload is the delivery's ID.
func TopicOutbound(channel string) string { return topicOutbound + channel }

// seqTask is a task about a row, for who has the lease of the proxy address.
func seqTask(topic, key string, proxy conversations.Address, seq int64) conversations.Task {
	return conversations.Task{Topic: topic, Key: key, Lease: string(proxy), Payload: strconv.AppendInt(nil, seq, 10)}
}

func purgeTask(id conversations.ServiceID) conversations.Task {
	return conversations.Task{Topic: TopicPurge, Key: string(id), Payload: []byte(id)}
}

// fetchTask is a task of its own for each file: none waits for another.
func fetchTask(f conversations.Fetch) conversations.Task {
	return conversations.Task{Topic: TopicFetch, Key: string(f.File), Lease: string(f.Proxy), Payload: []byte(f.File)}
}

func sendTask(d conversations.Delivery, pairKey string) conversations.Task {
	return conversations.Task{Topic: TopicOutbound(d.Channel), Key: pairKey, Lease: string(d.Proxy), Payload: []byte(d.ID)}
}

// prepareTask is about a delivery that is the head of its line, so that none of
// the same pair is prepared beside it.
func prepareTask(d conversations.Delivery) conversations.Task {
	return conversations.Task{Topic: TopicPrepare, Key: string(d.ID), Lease: string(d.Proxy), Payload: []byte(d.ID)}
}

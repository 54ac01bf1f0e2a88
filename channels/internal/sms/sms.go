// Package sms holds what the drivers for SMS and MMS have in common whichever
// their carrier: how addresses are written, the reference's codes for what can
// become of a message, where its files are, and who else is in a group.
package sms

import (
	"errors"
	"strings"

	"bridged/channels"
	"bridged/conversations"
	"bridged/phone"
)

// The reference's codes of errors.tsv and page 31 that drivers translate their
// carriers' into.
const (
	CodeMedia         = 12300 // the type of a file, or a file that cannot be had
	CodeCredentials   = 20003 // the carrier does not know us
	CodeTooMany       = 20429 // too many requests
	CodeReceiver      = 21211 // no such number
	CodeOptedOut      = 21610 // the person wrote STOP
	CodeQueue         = 30001 // the carrier's queue is full
	CodeSuspended     = 30002 // our account, or its money
	CodeUnreachable   = 30003 // the handset is off or out of reach
	CodeBlocked       = 30004 // the receiver takes no messages from here
	CodeUnknownNumber = 30005 // nobody has the number
	CodeLandline      = 30006 // a landline, or a network that cannot be reached
	CodeFiltered      = 30007 // taken for spam
	CodeUnknown       = 30008 // nobody said why
	CodeNoMMS         = 30011 // the receiver takes no MMS
	CodeCongestion    = 30017 // the network has too much to do
	CodeTooLarge      = 30019 // too long or too large
	CodeRate          = 30022 // more than the campaign may send
	CodeSender        = 30024 // the number of ours may not send
	CodeDailyCap      = 30027 // more than the campaign may send in a day
	CodeUnverified    = 30032 // the toll-free number is not verified
	CodeCampaign      = 30033 // the campaign is suspended
	CodeUnregistered  = 30034 // the number belongs to no campaign
	CodePending       = 30035 // the number is still being set up
	CodeGroupSize     = 50436 // more members than a group may have
)

// MaxMediaText is the longest text beside files, in UTF-16 code units. Bandwidth
// recommends 1,000 characters for every network's sake ("What MMS message size
// limits must be adhered to?"); others publish none.
const MaxMediaText = 1000

// ParseAddress accepts a number in E.164 and a short code. Inbound messages may
// come from other addresses too, such as a sender's name; nobody can answer those.
func ParseAddress(s string) (conversations.Address, error) {
	s = strings.TrimSpace(s)
	if !phone.Valid(s) && !phone.ShortCode(s) {
		return "", errors.New("a number on SMS is + and 7 to 15 digits, or a short code of 3 to 8 digits")
	}
	return conversations.Address(s), nil
}

// MediaURLs are where the carrier finds the files of a message. A file without a
// URL is refused for good: the carrier could not fetch it.
func MediaURLs(out channels.Outbound) ([]string, error) {
	var urls []string
	for _, m := range out.Media {
		if m.URL == "" {
			return nil, &channels.SendError{
				Verdict: channels.Permanent, Code: CodeMedia, Detail: "a file has no URL that the carrier could fetch it from",
			}
		}
		urls = append(urls, m.URL)
	}
	return urls, nil
}

// Receivers are all who get a message: the person, then the others of a group.
func Receivers(out channels.Outbound) []string {
	list := []string{string(out.To)}
	for _, o := range out.Others {
		list = append(list, string(o))
	}
	return list
}

// Others are the further receivers of an inbound message, each once: all but the
// number of ours that got it and the person who sent it.
func Others(to, from conversations.Address, receivers []conversations.Address) []conversations.Address {
	var others []conversations.Address
	known := map[conversations.Address]bool{"": true, to: true, from: true}
	for _, r := range receivers {
		if !known[r] {
			known[r] = true
			others = append(others, r)
		}
	}
	return others
}

package cloud_test

import (
	"time"

	"bridged/channels/channeltest"
	"bridged/conversations"
)

// hooks are the recorded payloads and what they mean.
func hooks() []channeltest.Hook {
	reacted := in("6", "[reaction] 👍")
	two, stranger := in("5", "one of two contacts"), in("6", "another's contact")
	two.Names, stranger.Names = []conversations.Address{scoped, parent}, nil
	stranger.ProfileName = ""
	delivered := statuses()[1]
	delivered.Names = []conversations.Address{scoped}
	noTime := in("3", "only the contact says who")
	noTime.From, noTime.SentAt = scoped, time.Time{}
	noTime.Names = nil
	empty := in("2", "an empty one")
	empty.From, empty.SentAt, empty.Names = scoped, time.UnixMilli(1749416383005).UTC(), nil
	missing := in("1", "no number")
	missing.From, missing.Names = scoped, nil
	unclean := in("12", "ab")
	unclean.Notes = []string{"NUL characters were removed"}
	nameless := in("1", "a good one") // its profile makes no sense
	nameless.ProfileName = ""
	return []channeltest.Hook{
		{File: "text.json", Messages: list(in("1", "Does it come in another color? 😀"))},
		{File: "scoped.json", Messages: called("Ana", missing, empty, noTime)},
		{File: "names.json", Messages: append(called("Ana",
			in("1", "the message names both"),
			in("2", "the contact knows the id"),
			in("3", "the contact knows the number"),
			in("4", "only the contact says who"),
			two,
		), stranger), Statuses: []conversations.StatusReport{delivered}},
		{File: "media.json", Messages: list(
			in("1", "look", conversations.Media{
				ProviderID: "1000000001", ContentType: "image/jpeg",
				URL: "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1",
			}),
			in("2", "", conversations.Media{ProviderID: "1000000002", ContentType: "audio/ogg; codecs=opus"}),
			in("3", "", conversations.Media{ProviderID: "1000000003", ContentType: "video/mp4"}),
			in("4", "the invoice", conversations.Media{
				ProviderID: "1000000004", ContentType: "application/pdf", Filename: "invoice.pdf",
			}),
			in("5", "", conversations.Media{ProviderID: "1000000005", ContentType: "image/webp"}),
			in("6", "", conversations.Media{ProviderID: "1000000006", ContentType: "audio/ogg"}),
			in("7", unsupported),
		)},
		{File: "choices.json", Messages: list(
			in("1", "Yes, please"), in("2", "Tomorrow"), in("3", "Priority"), in("4", "Sent"), in("5", unsupported),
		)},
		{File: "others.json", Messages: list(
			in("1", "[location] 52.5,13.4 Alexanderplatz, 10178 Berlin"),
			in("2", "[location] -0.25,0"),
			in("3", "[location]"),
			in("4", "[contact] Ada Lovelace, +44 20 7946 0000\n[contact] Bob\n[contact] +1 555 010 0000"),
			in("5", "[contact]"),
			reacted,
			in("7", "[reaction removed]"),
			in("8", "[order] as soon as possible"),
			in("9", unsupported),
			in("10", unsupported),
			in("11", "to a group"),
			unclean,
			in("13", "[location] 1.5,2.5 Home"),
		)},
		{File: "silent.json"},
		{File: "statuses.json", Statuses: statuses()},
		{File: "neighbours.json", Messages: list(nameless)},
	}
}

const unsupported = "[unsupported message]"

func list(m ...conversations.Inbound) []conversations.Inbound { return m }

// called are messages of a person with a profile.
func called(name string, messages ...conversations.Inbound) []conversations.Inbound {
	for i := range messages {
		messages[i].ProfileName = name
	}
	return messages
}

// in is an inbound message as most of the recorded ones are: the number comes with
// the business-scoped id.
func in(n, body string, media ...conversations.Media) conversations.Inbound {
	return conversations.Inbound{
		Channel: channeltest.Name, ProviderID: "wamid.IN" + n, From: person, To: proxy, Body: body, Media: media,
		Names: []conversations.Address{scoped}, SentAt: time.Unix(1749416383, 0).UTC(),
		ProfileName: "Sheena Nelson",
	}
}

func statuses() []conversations.StatusReport {
	report := func(n string, s conversations.Status) conversations.StatusReport {
		return conversations.StatusReport{
			Channel: channeltest.Name, ProviderID: "wamid.OUT" + n, Status: s, Address: person, Proxy: proxy,
			At: time.Unix(1750857384, 0).UTC(),
		}
	}
	failed := func(n string, code int, carrierCode, detail string) conversations.StatusReport {
		r := report(n, conversations.StatusFailed)
		r.ErrorCode, r.CarrierCode, r.Detail = code, carrierCode, detail
		return r
	}
	read := report("1", conversations.StatusRead)
	read.Address = scoped
	return []conversations.StatusReport{
		report("1", conversations.StatusSent),
		report("1", conversations.StatusDelivered),
		read,
		failed("2", 63016, "131047", "Message failed to send because more than 24 hours have passed"),
		failed("3", 63024, "131026", "Message undeliverable"),
		failed("4", 63023, "999999", "New"),
		failed("5", 63023, "", ""),
		report("6", conversations.StatusRead),
	}
}

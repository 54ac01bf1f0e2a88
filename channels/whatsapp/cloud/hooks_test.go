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
			with(`{"sticker":{"animated":false},"type":"sticker"}`, in("5", "", conversations.Media{ProviderID: "1000000005", ContentType: "image/webp"})),
			in("6", "", conversations.Media{ProviderID: "1000000006", ContentType: "audio/ogg"}),
			in("7", unsupported),
		)},
		{File: "choices.json", Messages: list(
			answering("wamid.OUT", with(`{"button":{"id":"yes","title":"Yes, please"},"type":"button"}`, in("1", "Yes, please"))),
			with(`{"button":{"id":"b1","title":"Tomorrow"},"type":"button"}`, in("2", "Tomorrow")),
			with(`{"list":{"description":"next day","id":"l1","title":"Priority"},"type":"list"}`, in("3", "Priority")),
			with(`{"flow":{"body":"Sent","name":"flow","response_json":"{}"},"type":"flow"}`, in("4", "Sent")),
			with(`{"type":"unsupported","unsupported":{"type":"interactive"}}`, in("5", unsupported)),
		)},
		{File: "others.json", Messages: list(
			with(`{"location":{"address":"10178 Berlin","latitude":52.5,"longitude":13.4,"name":"Alexanderplatz","url":"https://example.com"},"type":"location"}`,
				in("1", "[location] 52.5,13.4 Alexanderplatz, 10178 Berlin")),
			with(`{"location":{"latitude":-0.25,"longitude":0},"type":"location"}`, in("2", "[location] -0.25,0")),
			with(`{"type":"location"}`, in("3", "[location]")),
			with(`{"contacts":{"contacts":[{"name":{"first_name":"Ada","formatted_name":"Ada Lovelace"},"phones":[{"phone":"+44 20 7946 0000","type":"WORK"}]},`+
				`{"name":{"first_name":"Bob"}},{"phones":[{"phone":"+1 555 010 0000"}]}]},"type":"contacts"}`,
				in("4", "[contact] Ada Lovelace, +44 20 7946 0000\n[contact] Bob\n[contact] +1 555 010 0000")),
			with(`{"type":"contacts"}`, in("5", "[contact]")),
			answering("wamid.OUT", with(`{"reaction":{"emoji":"👍"},"type":"reaction"}`, reacted)),
			answering("wamid.OUT", with(`{"type":"reaction"}`, in("7", "[reaction removed]"))),
			with(`{"order":{"catalog_id":"1","text":"as soon as possible"},"type":"order"}`, in("8", "[order] as soon as possible")),
			with(`{"type":"unsupported","unsupported":{"code":131051,"title":"Message type unknown","type":"poll_creation"}}`, in("9", unsupported)),
			with(`{"type":"unsupported","unsupported":{"type":"hologram"}}`, in("10", unsupported)),
			in("11", "to a group"),
			unclean,
			with(`{"location":{"latitude":1.5,"longitude":2.5,"name":"Home"},"type":"location"}`, in("13", "[location] 1.5,2.5 Home")),
		)},
		{File: "structured.json", Messages: structured()},
		{File: "silent.json", Messages: list(
			with(`{"system":{"type":"user_changed_number"},"type":"system"}`, unnamed(in("1", "[this person has a new number]"))),
			with(`{"type":"request_welcome"}`, unnamed(in("2", "[chat opened]"))),
		)},
		{File: "statuses.json", Statuses: statuses()},
		{File: "neighbours.json", Messages: list(nameless)},
	}
}

// structured are messages that are more than their text.
func structured() []conversations.Inbound {
	return list(
		with(`{"referral":{"body":"Summer succulents are here!","ctwa_clid":"Aff-n8ZTODiE79d22KtAwQKj9e","headline":"Chat with us","media_type":"image",`+
			`"source_id":"120226305854810726","source_type":"ad","source_url":"https://fb.me/3cr4Wqqkv"},"type":"referral"}`, in("1", "from an advertisement")),
		answering("wamid.OUT", in("2", "an answer")),
		answering("wamid.IN2", with(`{"type":"edit"}`, in("3", "[edited] a better answer"))),
		answering("wamid.IN2", with(`{"type":"revoke"}`, in("4", "[message deleted]"))),
		with(`{"type":"ephemeral"}`, in("5", "[disappearing message]")),
		with(`{"contacts":{"contacts":[{"emails":[{"email":"ada@example.com","type":"WORK"}],"name":{"first_name":"Ada","formatted_name":"Ada Lovelace"},`+
			`"org":{"company":"Engines"},"phones":[{"phone":"+44 20 7946 0000","type":"WORK"}]}]},"type":"contacts"}`,
			in("6", "[contact] Ada Lovelace, +44 20 7946 0000")),
		with(`{"order":{"catalog_id":"194836987003835","product_items":[{"currency":"USD","item_price":30,"product_retailer_id":"di9ozbzfi4","quantity":2}]},"type":"order"}`,
			in("7", "[order] 2 × di9ozbzfi4")),
		with(`{"sticker":{"animated":true},"type":"sticker"}`, in("8", "", conversations.Media{ProviderID: "1000000008", ContentType: "image/webp"})),
		with(`{"flow":{"body":"12 High Street","name":"address_message","response_json":"{\"city\":\"Berlin\"}"},"type":"flow"}`, in("9", "12 High Street")),
		with(`{"type":"unsupported","unsupported":{"code":131051,"title":"Message type unknown","type":"unsupported"}}`, in("10", unsupported)),
		with(`{"type":"edit"}`, in("11", "[edited]")),
		with(`{"type":"unsupported","unsupported":{"type":"unsupported"}}`, in("12", unsupported)),
	)
}

func with(attributes string, m conversations.Inbound) conversations.Inbound {
	m.Attributes = attributes
	return m
}

func answering(id string, m conversations.Inbound) conversations.Inbound {
	m.ReplyTo = id
	return m
}

// unnamed is a message without anything about who sent it but the number.
func unnamed(m conversations.Inbound) conversations.Inbound {
	m.Names, m.ProfileName = nil, ""
	return m
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

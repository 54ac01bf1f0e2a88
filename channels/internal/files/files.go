// Package files has the rules by which carriers take files, as far as several
// drivers share them.
package files

import "bridged/conversations"

// The reference's codes for files that a channel does not take (contract, 8).
const (
	codeMMSTooLarge = 30019 // content size exceeds the carrier's limit
	codeMMSType     = 12300 // invalid content type
	codeWhatsApp    = 63021 // channel invalid content error
)

const mega = 1 << 20

// The types of page 31, under the names that they are known by.
func jpegAndPNG() []string { return []string{"image/jpeg", "image/jpg", "image/png"} }

func mp3AndAMR() []string {
	return []string{"audio/mpeg", "audio/mp3", "audio/amr", "audio/amr-nb"}
}

// MMS are the rules of MMS: the types of page 31 and GIF, up to ten files, and 5
// MB for each and for all (contract, 7). What a number's carriers really take is
// often less, which is set for the number (max_mms_bytes).
func MMS(maxText int) conversations.MediaRules {
	types := append(jpegAndPNG(), "image/gif", "video/mp4", "application/pdf")
	return conversations.MediaRules{
		Count: 10, Total: 5 * mega, MaxText: maxText,
		Limits:   []conversations.MediaLimit{{Types: append(types, mp3AndAMR()...), Bytes: 5 * mega}},
		TooLarge: codeMMSTooLarge, BadType: codeMMSType,
	}
}

// WhatsApp are the rules of WhatsApp on Twilio: one file a message, of up to 16 MB
// (page 31), which names JPG, PNG, MP3, AMR, MP4 and PDF as some of the types.
// The others are what else WhatsApp takes of voices, documents and contacts
// (Twilio's guidance on WhatsApp media messages); text is beside pictures and
// films only.
func WhatsApp(maxText int) conversations.MediaRules {
	return conversations.MediaRules{
		Count: 1, Total: 16 * mega, MaxText: maxText,
		Limits: []conversations.MediaLimit{
			{Types: append(jpegAndPNG(), "video/mp4"), Bytes: 16 * mega},
			{Types: append(mp3AndAMR(), "audio/ogg", "audio/aac", "audio/3gpp"), Bytes: 16 * mega, NoText: true},
			{Types: append(documents(), "application/pdf", "text/vcard", "text/x-vcard"), Bytes: 16 * mega, NoText: true},
		},
		TooLarge: codeWhatsApp, BadType: codeWhatsApp,
	}
}

// Cloud are the rules of Meta's Cloud API (carriers.md §3 a): one file a message,
// with a limit for each kind. Stickers (image/webp) are not among them, since only
// pictures of one size pass for one: they go out as PNG.
func Cloud(maxText int) conversations.MediaRules {
	papers := append(documents(), "application/pdf", "text/plain", "application/msword",
		"application/vnd.ms-excel", "application/vnd.ms-powerpoint")
	return conversations.MediaRules{
		Count: 1, MaxText: maxText,
		Limits: []conversations.MediaLimit{
			{Types: jpegAndPNG(), Bytes: 5 * mega},
			{Types: []string{"video/mp4", "video/3gpp"}, Bytes: 16 * mega},
			{Types: []string{"audio/mpeg", "audio/amr", "audio/ogg", "audio/aac", "audio/mp4"}, Bytes: 16 * mega, NoText: true},
			{Types: papers, Bytes: 100 * mega},
		},
		TooLarge: codeWhatsApp, BadType: codeWhatsApp,
	}
}

// documents are those of the office formats of today.
func documents() []string {
	const office = "application/vnd.openxmlformats-officedocument."
	return []string{office + "wordprocessingml.document", office + "spreadsheetml.sheet", office + "presentationml.presentation"}
}

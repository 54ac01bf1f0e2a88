package api

import (
	"bridged/conversations"
	"bridged/twilio"
)

// sentFile is what became of a file of a message on its way to one person. The
// type, the name and the size are those of what goes, or of what the link leads
// to. The link itself is left out, because it opens the file without credentials.
type sentFile struct {
	SID         *string `json:"sid"`
	SentSID     *string `json:"sent_sid"`
	Outcome     string  `json:"outcome"`
	ContentType *string `json:"content_type"`
	Filename    *string `json:"filename"`
	Size        *int64  `json:"size"`
	ErrorCode   *int    `json:"error_code"`
	Reason      *string `json:"reason"`
}

// showSentFiles shows what became of a delivery's files, in the order of the
// message. There are none before the delivery was prepared.
func showSentFiles(files []conversations.SentFile) []sentFile {
	shown := make([]sentFile, len(files))
	for i, f := range files {
		shown[i] = sentFile{
			SID:         twilio.NullableSID(&f.File),
			SentSID:     twilio.NullableSID(&f.Sent.ID),
			Outcome:     string(f.Outcome),
			ContentType: nullable(f.Sent.ContentType),
			Filename:    nullable(f.Sent.Filename),
			ErrorCode:   twilio.NullableCode(f.Code),
			Reason:      nullable(f.Reason),
		}
		if f.Sent.Size != 0 { // it is not known of files that are elsewhere
			shown[i].Size = &f.Sent.Size
		}
		if f.Outcome == conversations.FileFailed { // what is told is of the file itself
			shown[i].SentSID = nil
		}
	}
	return shown
}

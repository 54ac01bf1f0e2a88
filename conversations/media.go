package conversations

import "time"

// The bounds of files (pages 31 and 32, and the limits that the client SDKs are
// told).
const (
	// MaxMediaBytes is how many bytes a file may have, and all files of one
	// message together (contract, 8).
	MaxMediaBytes = 150 << 20
	// MaxMediaOfMessage is how many files one message may have.
	MaxMediaOfMessage = 10
)

// AuthorOfUploads is the author of a file that came over REST (page 05).
const AuthorOfUploads = "sender"

// MediaCategory says what a file is to its message. The client SDKs name it; a
// file over REST is an attachment.
type MediaCategory string

// The categories of files.
const (
	CategoryMedia   MediaCategory = "media"   // an attachment
	CategoryBody    MediaCategory = "body"    // the message's text in another form
	CategoryHistory MediaCategory = "history" // earlier messages that are quoted
)

// Known says whether the category is one of the above.
func (c MediaCategory) Known() bool {
	return c == CategoryMedia || c == CategoryBody || c == CategoryHistory
}

// MediaState says whether the bytes of a file are here.
type MediaState string

// The states of a file. An uploaded one is kept from the beginning; one of an
// inbound message is fetched from its carrier first.
const (
	MediaKept     MediaState = ""         // they are
	MediaFetching MediaState = "fetching" // only the carrier has them yet
	MediaFailed   MediaState = "failed"   // they could not be fetched
	MediaRemoved  MediaState = "removed"  // they were, and are older than files are kept
)

// Settled says whether nothing more is expected of the file.
func (s MediaState) Settled() bool { return s != MediaFetching }

// MediaFile is a file that bridged keeps (page 05). It never changes, but for
// the message that it is attached to, and that it is fetched. Its bytes are
// outside of the store, and are found by its ID.
type MediaFile struct {
	ID               MediaID
	Service          ServiceID
	Author           string
	Category         MediaCategory
	ContentType      string
	Filename         string         // as it was named at the upload; empty for none
	Size             int64          // in bytes
	SHA256           string         // of the bytes, in hexadecimal digits
	Conversation     ConversationID // empty until it is attached
	Message          MessageID      // likewise
	State            MediaState
	Reason           string // of MediaFailed: why
	Created, Updated time.Time
}

// Attached says whether a message has the file.
func (f MediaFile) Attached() bool { return f.Message != "" }

// Media is the file as its message shows it.
func (f MediaFile) Media() Media {
	return Media{
		ID: f.ID, ContentType: f.ContentType, Filename: f.Filename, Size: f.Size, Category: f.Category, State: f.State,
	}
}

// Fetch is a file of an inbound message that is being fetched from its carrier.
type Fetch struct {
	File         MediaID
	Conversation ConversationID
	Message      MessageID
	Channel      string  // name of the channel that the message came by
	Proxy        Address // of ours, which the message was sent to
	Source       Media   // as the carrier told of it
	Attempts     int     // how many have failed
	Due          time.Time
	// Room is how many bytes the file may have, beside the others of its message.
	Room int64
}

package bridge

import (
	"encoding/json"
	"unicode/utf8"

	"bridged/conversations"
)

// The limits of page 31.
const (
	// maxName is in characters. It holds for friendly and unique names,
	// identities, addresses, authors and subjects alike.
	maxName = 256

	maxConversationAttributes = 16 << 10 // bytes
	maxAttributes             = 4 << 10  // bytes; of users, participants and messages
	maxBody                   = 32 << 10 // bytes (contract, 6)
	maxParticipants           = 1000
	maxNative                 = 50
	// maxLive is in how many conversations that are not closed one identity may be.
	maxLive = 1000
)

// emptyAttributes is what attributes are when they were never set.
const emptyAttributes = "{}"

// checkName refuses a text of more than maxName characters.
func checkName(s *string, fault conversations.Fault) error { return checkLength(s, maxName, fault) }

// checkLength refuses a text of more than limit characters.
func checkLength(s *string, limit int, fault conversations.Fault) error {
	if s == nil || utf8.RuneCountInString(*s) <= limit {
		return nil
	}
	return conversations.Refuse(fault, "it has %d characters; at most %d are allowed", utf8.RuneCountInString(*s), limit)
}

// checkAttributes refuses attributes that are no JSON or too long.
func checkAttributes(s *string, limit int) error {
	switch {
	case s == nil:
		return nil
	case len(*s) > limit:
		return conversations.Refuse(conversations.AttributesTooLong, "they have %d bytes; at most %d are allowed", len(*s), limit)
	case !json.Valid([]byte(*s)):
		return conversations.Refuse(conversations.AttributesNotJSON, "send a JSON text such as {\"topic\":\"feedback\"}")
	}
	return nil
}

// firstError returns the first of errs that is one.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// set stores *from in *to when a request gave it.
func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// setOptional stores from in *to when a request gave it.
func setOptional[T any](to **T, from *T) {
	if from != nil {
		*to = from
	}
}

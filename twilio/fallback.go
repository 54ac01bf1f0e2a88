package twilio

import (
	"encoding/json"

	"bridged/conversations"
)

// FallbackContent reads from a conversation's attributes which template goes out in
// the stead of free text where that is not allowed:
//
//	{"bridged": {"fallback_content_sid": "HX…"}}
//
// It is empty where they say nothing that can be read.
func FallbackContent(attributes string) conversations.ContentID {
	var said struct {
		Bridged struct {
			Fallback string `json:"fallback_content_sid"`
		} `json:"bridged"`
	}
	if json.Unmarshal([]byte(attributes), &said) != nil {
		return ""
	}
	id, ok := ParseSID[conversations.ContentID](said.Bridged.Fallback)
	if !ok {
		return ""
	}
	return id
}

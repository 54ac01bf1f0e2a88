package media

import (
	"mime"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"bridged/conversations"
)

// maxContentType bounds a type with its parameters, in bytes.
const maxContentType = 255

// ContentType is the type that a file is kept with: what its sender states, or
// what its first bytes say.
//
// Page 05 wants the type from the sender and makes nothing depend on it, so a
// file whose bytes are of another type is not refused. But carriers and browsers
// go by the bytes, and a record that contradicts them would only mislead. Hence:
//
//   - Where the sender states nothing (no type, or one that says nothing, or that
//     of a form, which is what curl sends by itself) the bytes decide.
//   - Where a picture, sound, film or PDF is stated and the bytes are plainly of
//     another type, they decide too.
//   - Else it is what the sender states: no bytes tell text/csv from text/plain.
//
// A type that cannot be read is refused with conversations.MediaTypeInvalid.
func ContentType(stated string, found *mimetype.MIME) (string, error) {
	stated = strings.TrimSpace(stated)
	if stated == "" {
		return found.String(), nil
	}
	kind, parameters, ok := readType(stated)
	if !ok {
		return "", conversations.Refuse(conversations.MediaTypeInvalid, "send the file's Content-Type, such as image/png")
	}
	if saysNothing(kind) || recognizable(kind) && plain(found) && !alike(kind, found) {
		return found.String(), nil
	}
	// Printed anew: what was parsed may have held other letters.
	if clean := mime.FormatMediaType(kind, parameters); clean != "" {
		return clean, nil
	}
	return kind, nil
}

// readType reads a type, if it is one.
func readType(stated string) (kind string, parameters map[string]string, ok bool) {
	kind, parameters, err := mime.ParseMediaType(stated)
	return kind, parameters, err == nil && len(stated) <= maxContentType && strings.Contains(kind, "/")
}

// saysNothing says whether a type leaves open what the file is.
func saysNothing(kind string) bool {
	switch kind {
	case "application/octet-stream", "binary/octet-stream", "application/x-www-form-urlencoded", "multipart/form-data":
		return true
	}
	return false
}

// recognizable says whether files of the type can be told by their first bytes.
func recognizable(kind string) bool {
	family, _, _ := strings.Cut(kind, "/")
	return family == "image" || family == "audio" || family == "video" || kind == "application/pdf"
}

// plain says whether the bytes are of a type of their own, and not of one that
// many others are made of.
func plain(found *mimetype.MIME) bool {
	switch base(found) {
	case "application/octet-stream", "text/plain", "text/xml", "application/json", "application/zip",
		"application/gzip", "application/x-ole-storage", "application/ogg":
		return false
	}
	return true
}

// alike says whether what was found is of the stated type. The same container
// holds sounds and films, and what is in it is not at the file's beginning.
func alike(kind string, found *mimetype.MIME) bool {
	if found.Is(kind) {
		return true
	}
	return moving(kind) && moving(base(found))
}

func moving(kind string) bool {
	return strings.HasPrefix(kind, "audio/") || strings.HasPrefix(kind, "video/")
}

func base(found *mimetype.MIME) string {
	kind, _, _ := strings.Cut(found.String(), ";")
	return kind
}

// Inline says whether a browser may show a file of the type by itself, because
// nothing in it can run: scripts in a page or a drawing would run as ours.
func Inline(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	family, _, _ := strings.Cut(kind, "/")
	switch family {
	case "image":
		return !strings.Contains(kind, "xml")
	case "audio", "video":
		return true
	}
	return kind == "text/plain"
}

package conversations

import "strings"

// MediaRules say which files a channel takes in one message of its carrier. What
// a message has beyond that goes in several.
type MediaRules struct {
	Count    int          // how many files; 0: any number
	Total    int64        // bytes of all files together; 0: any number
	Limits   []MediaLimit // by type; the first that names a type holds, another type is not taken
	MaxText  int          // UTF-16 code units of the text beside a file; 0: text goes by itself
	TooLarge int          // the reference's code where a file is too large (errors.tsv)
	BadType  int          // likewise where the channel does not take its type
}

// MediaLimit is how large files of some types may be.
type MediaLimit struct {
	Types  []string // content types without parameters; "image/*" is any image
	Bytes  int64
	NoText bool // whether no text may be beside such a file, whatever MaxText says
}

// LimitFor says whether the channel takes files of a type, and how many bytes such
// a file may have, which is never more than all files together may.
func (r MediaRules) LimitFor(contentType string) (bytes int64, taken bool) {
	limit, taken := r.limit(contentType)
	if taken && r.Total > 0 {
		return min(limit.Bytes, r.Total), true
	}
	return limit.Bytes, taken
}

// TextBeside is how long the text beside a file of the type may be, in UTF-16 code
// units; 0 where it must go by itself.
func (r MediaRules) TextBeside(contentType string) int {
	if limit, taken := r.limit(contentType); !taken || limit.NoText {
		return 0
	}
	return r.MaxText
}

func (r MediaRules) limit(contentType string) (MediaLimit, bool) {
	kind := MediaType(contentType)
	for _, limit := range r.Limits {
		for _, pattern := range limit.Types {
			family, whole := strings.CutSuffix(pattern, "*")
			if pattern == kind || whole && strings.HasPrefix(kind, family) {
				return limit, true
			}
		}
	}
	return MediaLimit{}, false
}

// Lowered are the rules where the files of one message may have no more than so
// many bytes together, and so none alone. With 0 they stay what they are.
func (r MediaRules) Lowered(maxBytes int64) MediaRules {
	if maxBytes <= 0 {
		return r
	}
	if r.Total == 0 || r.Total > maxBytes {
		r.Total = maxBytes
	}
	limits := make([]MediaLimit, len(r.Limits))
	for i, limit := range r.Limits {
		limit.Bytes = min(limit.Bytes, maxBytes)
		limits[i] = limit
	}
	r.Limits = limits
	return r
}

// MediaType is a content type in small letters and without its parameters.
func MediaType(contentType string) string {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(kind))
}

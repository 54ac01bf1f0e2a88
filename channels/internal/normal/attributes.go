package normal

import (
	"encoding/json"
	"strings"
)

// Attributes writes what of a message is more than text and files as the JSON object
// that is kept of it: its type, and the fields of the type. Empty fields are left
// out. NULs, which not every database stores, are removed.
func Attributes(kind string, fields map[string]any) string {
	all := map[string]any{"type": Text(kind)}
	if fields = clean(fields); len(fields) > 0 {
		all[Text(kind)] = fields
	}
	if written := encode(all); len(written) <= maxAttributes {
		return written
	}
	return encode(map[string]any{"type": Text(kind), "omitted": true})
}

// maxAttributes is how much is kept, in bytes. A message's attributes may have 32 KB
// in all (page 31).
const maxAttributes = 16 << 10

func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil { // cannot happen: it was decoded from JSON, or is texts
		return ""
	}
	return string(b)
}

// clean leaves out what is empty.
func clean(fields map[string]any) map[string]any {
	kept := make(map[string]any, len(fields))
	for name, v := range fields {
		if v = value(v); v != nil {
			kept[Text(name)] = v
		}
	}
	return kept
}

func value(v any) any {
	switch v := v.(type) {
	case string:
		if s := Text(v); strings.TrimSpace(s) != "" {
			return s
		}
		return nil
	case map[string]any:
		if inner := clean(v); len(inner) > 0 {
			return inner
		}
		return nil
	case []any:
		var list []any
		for _, e := range v {
			if e = value(e); e != nil {
				list = append(list, e)
			}
		}
		if len(list) == 0 {
			return nil
		}
		return list
	}
	return v
}

package twilio

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"

	"bridged/conversations"
)

// ExportKind is a kind of resource that can be imported.
type ExportKind string

// The kinds of resources that can be imported.
const (
	ExportedConversations ExportKind = "conversation"
	ExportedParticipants  ExportKind = "participant"
	ExportedMessages      ExportKind = "message"
)

const (
	// maxExported is how many bytes one resource of an export may have. The longest
	// message has half of it when every character of it is escaped.
	maxExported = 512 << 10
	// maxNesting is how deep lists of resources may be nested: an array of pages,
	// each with a list, has three levels.
	maxNesting = 8
)

// ExportEntry is one resource in a file of an export.
type ExportEntry struct {
	Place        string // where it is: "line 7" or "byte 123"
	Kind         ExportKind
	SID          string
	Conversation conversations.ConversationID // that it belongs to, where it says so
	Text         json.RawMessage              // what an import has a use for, as it was written
	Err          error                        // why it is no resource that can be imported; Text is not set
}

// ReadExport reads the resources of a file one after the other, with no more than
// one of them in memory. The file has the resources as they are or in arrays, or
// the REST API's pages with their lists; several values may follow one another.
// With lines each line is a value of its own, and one that is broken does not end
// the others. Otherwise the first mistake in the JSON ends the sequence as its
// error.
func ReadExport(r io.Reader, lines bool) iter.Seq2[ExportEntry, error] {
	return func(yield func(ExportEntry, error) bool) {
		in := bufio.NewReaderSize(r, 64<<10)
		if mark, err := in.Peek(3); err == nil && bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
			_, _ = in.Discard(3) // Windows begins UTF-8 files so
		}
		s := newExportScanner(yield)
		var err error
		if lines {
			err = s.lines(in)
		} else {
			err = s.values(in)
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(ExportEntry{}, err)
		}
	}
}

// errStopped says that the reader of the sequence wants no more.
var errStopped = errors.New("stopped")

type exportScanner struct {
	yield   func(ExportEntry, error) bool
	names   map[string]bool // what an import has a use for
	line    int             // 0: places are offsets
	decoder *json.Decoder
}

func newExportScanner(yield func(ExportEntry, error) bool) *exportScanner {
	s := &exportScanner{yield: yield, names: map[string]bool{}}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[exported]()) {
		s.names[f.Tag.Get("json")] = true
	}
	return s
}

// lines reads a value from each line.
func (s *exportScanner) lines(in *bufio.Reader) error {
	for {
		s.line++
		line, tooLong, err := readLine(in)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case tooLong:
			err = s.emit(ExportEntry{Err: fmt.Errorf("the line is longer than %d bytes", maxLine)})
		default:
			err = s.values(bytes.NewReader(line))
		}
		if err != nil && !errors.Is(err, errStopped) {
			err = s.emit(ExportEntry{Err: err})
		}
		if err != nil {
			return err
		}
	}
}

// maxLine bounds a line: a resource, with what an import has no use for.
const maxLine = 2 * maxExported

// readLine reads a line of any length, and keeps no more than maxLine of it.
func readLine(in *bufio.Reader) (line []byte, tooLong bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if tooLong = tooLong || len(line)+len(part) > maxLine; !tooLong {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && (len(line) > 0 || tooLong):
			return line, tooLong, nil
		default:
			return line, tooLong, err
		}
	}
}

// values reads values until the end.
func (s *exportScanner) values(in io.Reader) error {
	s.decoder = json.NewDecoder(in)
	for {
		token, err := s.decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = s.value(token, 0)
		}
		if err != nil {
			return s.broken(err)
		}
	}
}

// broken says where the JSON is broken.
func (s *exportScanner) broken(err error) error {
	switch {
	case errors.Is(err, errStopped):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON ends in the middle: the file was cut off")
	}
	return fmt.Errorf("the JSON is broken at byte %d: %w", s.decoder.InputOffset(), err)
}

// value reads what begins with a token.
func (s *exportScanner) value(token json.Token, depth int) error {
	switch {
	case depth > maxNesting:
		return fmt.Errorf("lists are nested deeper than %d levels", maxNesting)
	case token == json.Delim('['):
		for s.decoder.More() {
			next, err := s.decoder.Token()
			if err == nil {
				err = s.value(next, depth+1)
			}
			if err != nil {
				return err
			}
		}
		_, err := s.decoder.Token()
		return err
	case token == json.Delim('{'):
		return s.object(depth)
	}
	return s.emit(ExportEntry{Err: errors.New("it is no JSON object")})
}

// object reads an object whose beginning has been read: a page, whose lists it
// goes through, or a resource.
func (s *exportScanner) object(depth int) error {
	place := s.place()
	fields, isPage := map[string]json.RawMessage{}, false
	for s.decoder.More() {
		token, err := s.decoder.Token()
		if err != nil {
			return err
		}
		switch name, _ := token.(string); name {
		case "conversations", "participants", "messages", "meta":
			isPage = true
			err = s.list(name, depth)
		default:
			if !s.names[snake(name)] {
				err = s.skip()
				break
			}
			var raw json.RawMessage
			err = s.decoder.Decode(&raw)
			fields[name] = raw
		}
		if err != nil {
			return err
		}
	}
	if _, err := s.decoder.Token(); err != nil {
		return err
	}
	if isPage && len(fields) == 0 {
		return nil
	}
	return s.resource(place, fields)
}

// list goes through the list of a page.
func (s *exportScanner) list(name string, depth int) error {
	if name == "meta" {
		return s.skip()
	}
	token, err := s.decoder.Token()
	if err != nil {
		return err
	}
	return s.value(token, depth+1)
}

// skip reads over a value without keeping it.
func (s *exportScanner) skip() error {
	for depth := 0; ; {
		token, err := s.decoder.Token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			depth++
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// resource emits a resource.
func (s *exportScanner) resource(place string, fields map[string]json.RawMessage) error {
	entry := ExportEntry{Place: place}
	entry.SID = s.string(fields, "sid")
	entry.Conversation, _ = ParseSID[conversations.ConversationID](s.string(fields, "conversation_sid"))
	switch {
	case strings.HasPrefix(entry.SID, prefix[conversations.ConversationID]()):
		entry.Kind = ExportedConversations
		entry.Conversation, _ = ParseSID[conversations.ConversationID](entry.SID)
	case strings.HasPrefix(entry.SID, prefix[conversations.ParticipantID]()):
		entry.Kind = ExportedParticipants
	case strings.HasPrefix(entry.SID, prefix[conversations.MessageID]()):
		entry.Kind = ExportedMessages
	default:
		entry.Err = errors.New("its sid is not that of a conversation (CH), a participant (MB) or a message (IM)")
		return s.emit(entry)
	}
	text, err := json.Marshal(fields)
	switch {
	case err != nil:
		entry.Err = err
	case len(text) > maxExported:
		entry.Err = fmt.Errorf("it has %d bytes; at most %d are allowed", len(text), maxExported)
	default:
		entry.Text = text
	}
	return s.emit(entry)
}

// string is the value of a field, by the REST API's name; empty where there is no
// text.
func (s *exportScanner) string(fields map[string]json.RawMessage, want string) (text string) {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if snake(name) == want && json.Unmarshal(fields[name], &text) == nil {
			return text
		}
	}
	return ""
}

func (s *exportScanner) emit(e ExportEntry) error {
	if e.Place == "" {
		e.Place = s.place()
	}
	if !s.yield(e, nil) {
		return errStopped
	}
	return nil
}

func (s *exportScanner) place() string {
	if s.line > 0 {
		return fmt.Sprintf("line %d", s.line)
	}
	return fmt.Sprintf("byte %d", s.decoder.InputOffset())
}

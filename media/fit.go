package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"bridged/conversations"
)

// Outcome is what became of a file on its way to a channel (contract, 8).
type Outcome string

// The outcomes. Which of them a file had is on its delivery.
const (
	OutcomeKept      Outcome = "kept"      // as it was, but for metadata
	OutcomeConverted Outcome = "converted" // a picture in another size or format
	OutcomeLinked    Outcome = "linked"    // a link to it goes instead
	OutcomeFailed    Outcome = "failed"    // nothing goes
)

// Fit is what became of one file.
type Fit struct {
	Outcome Outcome
	// Media is what goes out, or what the link is to: the file that was given, or
	// one that was made of it. For OutcomeFailed it is the one that was given.
	Media conversations.Media
	// Made says whether Media is a file that was made of the one given. It is in the
	// directory, no row tells of it yet, and other calls may have got the same.
	Made   bool
	SHA256 string // of what was made, in hexadecimal digits
	// Code is the reference's for OutcomeFailed.
	Code int
	// Reason says in a sentence why it is not the file that was given.
	Reason string
}

// Fitted is what goes out of the files of one message.
type Fitted struct {
	// Files says what became of each, in the order in which they were given.
	Files []Fit
	// Messages are those that the carrier gets, in order, with the files that were
	// kept or converted. Each file is in one of them.
	Messages []CarrierMessage
}

// CarrierMessage is what goes out together.
type CarrierMessage struct {
	Media []conversations.Media
	// MaxText is how long the text beside these files may be, in UTF-16 code units;
	// 0 where it must go in a message of its own.
	MaxText int
}

// Files is where files are and go. A Directory is one.
type Files interface {
	Open(id conversations.MediaID) (io.ReadSeekCloser, error)
	Keep(r io.Reader, stated string) (Kept, error)
}

// Fitter makes files fit what a channel takes. It is safe for concurrent use; a
// process needs one only, since that is what bounds its memory: one picture at a
// time is decoded, which takes at most 256 MB, and 40 MB for a photograph of 12
// million pixels. Films and sounds are read piece by piece, other files never.
type Fitter struct {
	files  Files
	link   bool
	slot   chan struct{} // holds a token while a picture is worked on
	recent *recent
}

// NewFitter makes a Fitter. Link says whether a link goes in place of what does
// not fit (media.link_fallback).
func NewFitter(files Files, link bool) *Fitter {
	return &Fitter{files: files, link: link, slot: make(chan struct{}, 1), recent: newRecent()}
}

// Fit decides for each file of a message what the channel gets.
//
// A file that the channel takes is kept. Pictures and films lose their metadata,
// without being compressed anew: where a photograph was taken is nothing that a
// masked relay may hand to strangers. What is too large, or of a type that the channel
// does not take, is converted if it is a picture that can be decoded; see convert.
// Moving pictures are not, since they would stand still, unless nothing else is
// left: where no link may go they are converted to their first picture. A picture
// of more than MaxPixels is handed to nobody's telephone, however few bytes it
// has. HEIC cannot be decoded.
//
// The same files and rules lead to the same result, and for a while to the same
// files: a message to fifty people is converted once. An error is one of the
// directory or of ctx, and says nothing of the file; it is worth another try,
// unless it is conversations.NotFound.
func (f *Fitter) Fit(ctx context.Context, files []conversations.Media, rules conversations.MediaRules) (Fitted, error) {
	all := Fitted{Files: make([]Fit, 0, len(files))}
	for _, m := range files {
		fit, err := f.fit(ctx, m, rules)
		if err != nil {
			return Fitted{}, fmt.Errorf("fit file %s: %w", m.ID, err)
		}
		all.Files = append(all.Files, fit)
	}
	all.Messages = group(all.Files, rules)
	return all, nil
}

// fit decides for one file.
func (f *Fitter) fit(ctx context.Context, m conversations.Media, rules conversations.MediaRules) (Fit, error) {
	if err := ctx.Err(); err != nil {
		return Fit{}, err
	}
	switch family, _, _ := strings.Cut(conversations.MediaType(m.ContentType), "/"); family {
	case "image":
		return f.remembered(ctx, m, rules, (*picture).fit)
	case "audio", "video":
		return f.remembered(ctx, m, rules, (*picture).film)
	}
	if m.Size == 0 {
		size, err := f.measure(m.ID)
		if err != nil {
			return Fit{}, err
		}
		m.Size = size
	}
	limit, taken := rules.LimitFor(m.ContentType)
	if taken && m.Size <= limit {
		return Fit{Outcome: OutcomeKept, Media: m}, nil
	}
	return f.misfit(m, rules, ""), nil
}

// measure reads how many bytes a file has.
func (f *Fitter) measure(id conversations.MediaID) (int64, error) {
	file, err := f.files.Open(id)
	if err != nil {
		return 0, err
	}
	size, err := file.Seek(0, io.SeekEnd)
	return size, errors.Join(err, file.Close())
}

// misfit is a file that does not fit and cannot be made to.
func (f *Fitter) misfit(m conversations.Media, rules conversations.MediaRules, because string) Fit {
	fit := Fit{Outcome: OutcomeLinked, Media: m}
	limit, taken := rules.LimitFor(m.ContentType)
	code := rules.BadType
	switch {
	case !taken:
		fit.Reason = "the channel does not take files of type " + conversations.MediaType(m.ContentType)
	case m.Size > limit:
		code = rules.TooLarge
		fit.Reason = fmt.Sprintf("it has %d bytes, and the channel takes %d", m.Size, limit)
	}
	fit.Reason = strings.TrimPrefix(fit.Reason+"; "+because, "; ")
	fit.Reason = strings.TrimSuffix(fit.Reason, "; ")
	if !f.link {
		fit.Outcome, fit.Code = OutcomeFailed, code
	}
	return fit
}

// group puts files into messages of the carrier: as many into each as it takes,
// in order. Each file is as large as it may be by itself, and what does not go
// into one message goes into the next: several messages reach everybody, and
// smaller pictures would be worth less.
func group(files []Fit, rules conversations.MediaRules) (messages []CarrierMessage) {
	total := int64(0)
	for _, fit := range files {
		if fit.Outcome != OutcomeKept && fit.Outcome != OutcomeConverted {
			continue
		}
		text := rules.TextBeside(fit.Media.ContentType)
		total += fit.Media.Size
		if n := len(messages) - 1; n >= 0 &&
			(rules.Count <= 0 || len(messages[n].Media) < rules.Count) && (rules.Total <= 0 || total <= rules.Total) {
			messages[n].Media = append(messages[n].Media, fit.Media)
			messages[n].MaxText = min(messages[n].MaxText, text)
			continue
		}
		total = fit.Media.Size
		messages = append(messages, CarrierMessage{Media: []conversations.Media{fit.Media}, MaxText: text})
	}
	return messages
}

// made is the file that takes another's place in a message.
func made(m conversations.Media, kept Kept) conversations.Media {
	to := m
	to.ID, to.Size, to.URL, to.ProviderID = kept.ID, kept.Size, "", ""
	if conversations.MediaType(kept.ContentType) != conversations.MediaType(m.ContentType) {
		to.ContentType = kept.ContentType
	}
	to.Filename = renamed(m, to)
	return to
}

// renamed is the name of a file with the ending of what was made of it.
func renamed(m, to conversations.Media) string {
	kind := conversations.MediaType(to.ContentType)
	if m.Filename == "" || conversations.MediaType(m.ContentType) == kind {
		return m.Filename
	}
	return strings.TrimSuffix(m.Filename, path.Ext(m.Filename)) + extension(kind)
}

// extension is how the names of converted files end.
func extension(kind string) string {
	if kind == "image/png" {
		return ".png"
	}
	return ".jpg"
}

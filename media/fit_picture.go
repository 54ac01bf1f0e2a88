package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"bridged/conversations"
)

// remembered decides for a picture or a film, unless that was done a short time ago.
func (f *Fitter) remembered(ctx context.Context, m conversations.Media, rules conversations.MediaRules, decide func(*picture) (Fit, error)) (fit Fit, err error) {
	select {
	case f.slot <- struct{}{}:
		defer func() { <-f.slot }()
	case <-ctx.Done():
		return Fit{}, ctx.Err()
	}
	key := keyOf(m, rules)
	if fit, ok := f.recent.get(key); ok && f.there(fit) {
		fit.Media.Filename, fit.Media.Category = renamed(m, fit.Media), m.Category
		return fit, nil
	}
	file, err := f.files.Open(m.ID)
	if err != nil {
		return Fit{}, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	p := &picture{Fitter: f, ctx: ctx, rules: rules, media: m, file: file}
	if p.media.Size, err = file.Seek(0, io.SeekEnd); err != nil {
		return Fit{}, err
	}
	if fit, err = decide(p); err != nil {
		return Fit{}, err
	}
	f.recent.put(key, fit)
	return fit, nil
}

// there says whether the file of an earlier result is still in the directory.
func (f *Fitter) there(fit Fit) bool {
	file, err := f.files.Open(fit.Media.ID)
	return err == nil && file.Close() == nil
}

// picture is one that is being made to fit; or a film, which loses no more than its
// metadata.
type picture struct {
	*Fitter
	ctx   context.Context
	rules conversations.MediaRules
	media conversations.Media
	kind  string // what it is by its first bytes, or else what is stated
	file  io.ReadSeeker
	found *inspection
}

// fit decides for a picture.
func (p *picture) fit() (Fit, error) {
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return Fit{}, err
	}
	found, err := inspect(&cancelled{ctx: p.ctx, file: p.file})
	clean := err == nil
	if err != nil && !errors.Is(err, errBroken) {
		return Fit{}, err
	}
	p.found, p.kind = found, conversations.MediaType(p.media.ContentType)
	if found.format != "" {
		p.kind = "image/" + found.format
	}
	head, reason := p.head()
	if reason != nil && !errors.Is(reason, errUnreadable) {
		return Fit{}, reason
	}
	if p.keeps(head, reason != nil) && clean {
		return p.kept(OutcomeKept)
	}
	if reason == nil && (!found.animated || !p.link) {
		fit, err := p.convert(head)
		if err == nil || !errors.Is(err, errUnreadable) {
			return fit, err
		}
		reason = err
	}
	return p.misfit(reason, clean)
}

// keeps says whether the channel takes the picture as it is, without metadata.
func (p *picture) keeps(head header, unreadable bool) bool {
	limit, taken := p.rules.LimitFor(p.kind)
	switch {
	case !taken || p.found.size > limit:
		return false
	case unreadable:
		return p.found.format == "" // of a known format, it is broken
	}
	// The metadata of a TIFF only goes by converting it.
	return head.pixels(p.found) <= MaxPixels && head.format != "tiff"
}

// open reads the picture without its metadata, which also helps the decoder over
// what does not belong into it, from its beginning.
func (p *picture) open() (io.Reader, error) {
	if p.found.format != "" {
		return &cancelled{ctx: p.ctx, file: p.found.open(readerAt{p.file})}, nil
	}
	_, err := p.file.Seek(0, io.SeekStart)
	return &cancelled{ctx: p.ctx, file: p.file}, err
}

// head reads the beginning of the file.
func (p *picture) head() (header, error) {
	from, err := p.open()
	if err != nil {
		return header{}, err
	}
	return readHeader(from)
}

// kept is the picture without its metadata.
func (p *picture) kept(outcome Outcome) (Fit, error) {
	if !p.found.changed || p.found.size == 0 {
		return Fit{Outcome: outcome, Media: p.media}, nil
	}
	kept, err := p.files.Keep(p.found.open(readerAt{p.file}), p.kind)
	if err != nil {
		return Fit{}, err
	}
	return Fit{Outcome: outcome, Media: made(p.media, kept), Made: true, SHA256: kept.SHA256, Reason: "its metadata was removed"}, nil
}

// convert makes another file of the picture; errUnreadable where there is none.
func (p *picture) convert(head header) (Fit, error) {
	var lim limits
	lim.jpeg, _ = p.rules.LimitFor("image/jpeg")
	lim.png, _ = p.rules.LimitFor("image/png")
	if lim == (limits{}) {
		return Fit{}, fmt.Errorf("%w: the channel takes no picture that it could be converted to", errUnreadable)
	}
	if head.format == "tiff" {
		p.found.orientation = tiffOrientation(p.file)
	}
	from, err := p.open()
	if err != nil {
		return Fit{}, err
	}
	picture, err := decode(from, head, p.found)
	if err != nil {
		return Fit{}, err
	}
	small, ok := convert(picture, p.found, p.media.Size, lim)
	if !ok {
		return Fit{}, fmt.Errorf("%w: it would be too small to see", errUnreadable)
	}
	kept, err := p.files.Keep(bytes.NewReader(small.data), small.contentType)
	if err != nil {
		return Fit{}, err
	}
	fit := Fit{Outcome: OutcomeConverted, Media: made(p.media, kept), Made: true, SHA256: kept.SHA256}
	fit.Reason = fmt.Sprintf("it had %d bytes of type %s", p.media.Size, p.kind)
	return fit, nil
}

// misfit links to the picture, also then without its metadata, or fails.
func (p *picture) misfit(reason error, clean bool) (Fit, error) {
	because := ""
	switch {
	case reason != nil:
		because = reason.Error()
	case p.found.animated:
		because = "a moving picture would stand still"
	}
	fit := p.Fitter.misfit(p.media, p.rules, because)
	if fit.Outcome == OutcomeFailed || !clean {
		return fit, nil
	}
	cleaned, err := p.kept(OutcomeLinked)
	cleaned.Reason = fit.Reason
	return cleaned, err
}

// cancelled reads a file until nobody waits for what becomes of it.
type cancelled struct {
	ctx  context.Context
	file io.Reader
}

// Read implements io.Reader.
func (c *cancelled) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.file.Read(p)
}

// readerAt reads one file from several places, one after the other.
type readerAt struct{ file io.ReadSeeker }

// ReadAt implements io.ReaderAt.
func (r readerAt) ReadAt(p []byte, at int64) (int, error) {
	if _, err := r.file.Seek(at, io.SeekStart); err != nil {
		return 0, err
	}
	return io.ReadFull(r.file, p)
}

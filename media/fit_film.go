package media

import (
	"errors"
	"io"
)

// film decides for a film or a sound. It is never decoded or made smaller; but where
// and when it was taken goes, as with pictures.
func (p *picture) film() (Fit, error) {
	found, err := p.inspectFilm()
	if errors.Is(err, errBroken) {
		found, err = &inspection{}, nil // it stays as it is
	}
	if err != nil {
		return Fit{}, err
	}
	p.found, p.kind = found, p.media.ContentType
	limit, taken := p.rules.LimitFor(p.media.ContentType)
	if !taken || p.media.Size > limit {
		return p.misfit(nil, true)
	}
	return p.kept(OutcomeKept)
}

// inspectFilm reads a file to its end if it is one of those that can have tags.
func (p *picture) inspectFilm() (*inspection, error) {
	head := make([]byte, 8)
	_, err := readerAt{p.file}.ReadAt(head, 0)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || err == nil && !isBoxes(head) {
		return &inspection{}, nil
	}
	if err != nil {
		return nil, err
	}
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return inspect(&cancelled{ctx: p.ctx, file: p.file})
}

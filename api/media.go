package api

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"time"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/media"
	"bridged/twilio"
)

// uploadMedia stores the file that is the request's body (page 05). The body is
// the file itself or, from browsers, a form with one file in it.
func (s *server) uploadMedia(w http.ResponseWriter, c *call) error {
	q, err := c.query()
	if err != nil {
		return err
	}
	fields := bridge.MediaFields{Author: conversations.AuthorOfUploads, Category: conversations.CategoryMedia}
	if category := q.String("Category"); category != nil {
		if fields.Category = conversations.MediaCategory(*category); !fields.Category.Known() {
			return twilio.Invalid("Category must be media, body or history")
		}
	}
	up, err := openUpload(w, c.Request)
	if err != nil {
		return err
	}
	name := up.filename
	if given := q.String("Filename"); given != nil {
		name = *given
	}
	if fields.Filename, err = media.Filename(name); err != nil {
		return err
	}
	kept, err := s.cfg.Files.Keep(up.body, up.contentType)
	if err != nil {
		return brokenOff(err)
	}
	fields.ID, fields.ContentType, fields.Size, fields.SHA256 = kept.ID, kept.ContentType, kept.Size, kept.SHA256
	answer, err := s.addMedia(c, up, fields)
	if err != nil {
		return err
	}
	answer.write(w)
	return nil
}

// addMedia commits the row of a file that has been written. The file is removed
// again when there is none.
func (s *server) addMedia(c *call, up upload, fields bridge.MediaFields) (answer reply, err error) {
	committed := false
	defer func() {
		if !committed {
			err = errors.Join(err, s.cfg.Files.Remove(fields.ID))
		}
	}()
	if err := up.check(fields.Size); err != nil {
		return reply{}, brokenOff(err)
	}
	c.body = []byte(fields.SHA256) // stands for the body that an Idempotency-Key is for
	return carryOut(c, http.StatusCreated, shown(s.showMedia(c)), func(ctx context.Context) (conversations.MediaFile, error) {
		file, err := s.cfg.Bridge.AddMedia(ctx, c.scope.Service, fields)
		committed = err == nil
		return file, err
	})
}

// brokenOff makes an error of the request out of one of its body.
func brokenOff(err error) error {
	var refused *conversations.Error
	var wire *twilio.Error
	if errors.As(err, &refused) || errors.As(err, &wire) || errors.Is(err, conversations.ErrUnavailable) {
		return err
	}
	return twilio.Invalid("the request's body broke off, or is no form as its Content-Type says")
}

func (s *server) fetchMedia(c *call) (reply, error) {
	file, err := s.mediaFile(c)
	return fetched(s.showMedia(c), file, err)
}

// mediaFile finds the file that the path names.
func (s *server) mediaFile(c *call) (conversations.MediaFile, error) {
	id, err := pathSID[conversations.MediaID](c, "Sid")
	if err != nil {
		return conversations.MediaFile{}, err
	}
	return s.cfg.Store.Media(c.Context(), c.scope.Service, id)
}

// showMedia is the function that shows a file, with a fresh temporary URL.
func (s *server) showMedia(c *call) func(conversations.MediaFile) twilio.MediaFile {
	return func(f conversations.MediaFile) twilio.MediaFile {
		p := s.cfg.Links.Permit(f.ID, media.TemporaryLife)
		return c.scope.MediaFile(f, twilio.DirectMediaURL(s.cfg.PublicURL, f.ID, p.Expires, p.Signature))
	}
}

func (s *server) fetchMediaContent(w http.ResponseWriter, c *call) error {
	file, err := s.mediaFile(c)
	if err != nil {
		return err
	}
	return s.serveFile(w, c.Request, file)
}

// fetchDirect gives a file to whoever has a URL that permits it. It asks for no
// credentials; a permission that is not ours, or whose time is up, is answered
// 403, whether there is such a file or not.
func (s *server) fetchDirect(w http.ResponseWriter, r *http.Request) {
	if err := s.direct(w, r); err != nil {
		s.refuse(w, r, err)
	}
}

func (s *server) direct(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		return twilio.NewError(http.StatusMethodNotAllowed, twilio.CodeMethodNotAllowed, "Method not allowed")
	}
	query := r.URL.Query()
	id, isSID := twilio.ParseSID[conversations.MediaID](r.PathValue("Sid"))
	expires, err := strconv.ParseInt(query.Get(twilio.DirectExpires), 10, 64)
	permission := media.Permission{Expires: expires, Signature: query.Get(twilio.DirectSignature)}
	if !isSID || err != nil || !s.cfg.Links.Permits(id, permission) {
		return twilio.NewError(http.StatusForbidden, twilio.CodeForbidden,
			"Forbidden: this URL has expired or was altered; fetch the media resource again for a new one")
	}
	file, err := s.cfg.Store.AnyMedia(r.Context(), id)
	if err != nil {
		return err
	}
	return s.serveFile(w, r, file)
}

// serveFile answers with a file, or the range of it that is asked for. What a
// browser could run as a page of ours is given to be saved, not to be shown.
func (s *server) serveFile(w http.ResponseWriter, r *http.Request, f conversations.MediaFile) error {
	if err := missing(f); err != nil {
		return err
	}
	content, err := s.cfg.Files.Open(f.ID)
	if err != nil {
		if conversations.NotFound.Is(err) {
			s.log.ErrorContext(r.Context(), "a file is missing in media.dir", "file", string(f.ID))
		}
		return err
	}
	defer content.Close() //nolint:errcheck // it was only read
	h := w.Header()
	h.Set("Content-Type", f.ContentType)
	h.Set("Content-Disposition", disposition(f))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private")
	h.Set("ETag", `"`+f.SHA256+`"`)
	http.ServeContent(w, r, "", f.Created.Truncate(time.Second), content)
	return nil
}

// missing says why the bytes of a file are not here, nil when they are.
func missing(f conversations.MediaFile) error {
	switch f.State {
	case conversations.MediaKept:
		return nil
	case conversations.MediaFetching:
		return twilio.NewError(http.StatusNotFound, twilio.CodeNotFound,
			"The file is still being fetched from its carrier; ask again later")
	case conversations.MediaRemoved:
		return twilio.NewError(http.StatusNotFound, twilio.CodeNotFound,
			"The file was removed on %s: it was older than files are kept here", twilio.Date(f.Updated))
	default:
		return twilio.NewError(http.StatusNotFound, twilio.CodeNotFound,
			"The file could not be fetched from its carrier: %s", f.Reason)
	}
}

// disposition says whether the file is shown or saved, and under which name.
func disposition(f conversations.MediaFile) string {
	kind := "attachment"
	if media.Inline(f.ContentType) {
		kind = "inline"
	}
	if f.Filename == "" {
		return kind
	}
	if header := mime.FormatMediaType(kind, map[string]string{"filename": f.Filename}); header != "" {
		return header
	}
	return kind
}

package simulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	"bridged/channels"
	"bridged/conversations"
)

// filesPath begins the paths of the files that handsets have sent.
const filesPath = base + "/media/"

// maxFile bounds one file that a handset sends, in bytes: as WhatsApp does.
const maxFile = 16 << 20

// ownFile is the path of a file that the carrier keeps, as media_urls names it.
var ownFile = regexp.MustCompile(`^` + filesPath + `([0-9a-f]{32})$`)

// file is a photo, or whatever else a handset sends.
type file struct {
	id      string
	content []byte
}

// album is the latest files of all handsets. The caller holds Carrier.mu.
type album struct {
	most  int // bytes of all of them
	bytes int
	byID  map[string]file
	ids   []string // the oldest first
}

func (s *album) add(f file) {
	if s.byID == nil {
		s.byID = make(map[string]file)
	}
	s.byID[f.id], s.ids, s.bytes = f, append(s.ids, f.id), s.bytes+len(f.content)
	for s.bytes > s.most && len(s.ids) > 1 {
		s.bytes -= len(s.byID[s.ids[0]].content)
		delete(s.byID, s.ids[0])
		s.ids = s.ids[1:]
	}
}

// Keep takes a file that a handset is about to send, and returns the path by which
// media_urls names it. The oldest files go when there are too many.
func (c *Carrier) Keep(content []byte) (string, error) {
	switch {
	case len(content) == 0:
		return "", invalid("the body is empty: it must be the file")
	case len(content) > maxFile:
		return "", invalid("the file has more than %d bytes", maxFile)
	}
	f := file{id: c.cfg.NewID(), content: content}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.files.add(f)
	return filesPath + f.id, nil
}

// fileAt returns the file at a path.
func (c *Carrier) fileAt(path string) (file, bool) {
	found := ownFile.FindStringSubmatch(path)
	if found == nil {
		return file{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f, ok := c.files.byID[found[1]]
	return f, ok
}

// FetchMedia implements channels.MediaFetcher: the files that the carrier keeps are
// in its memory, all others are fetched as those of any channel.
func (a *Adapter) FetchMedia(ctx context.Context, m conversations.Media) (io.ReadCloser, error) {
	if strings.HasPrefix(m.URL, filesPath) {
		f, ok := a.carrier.fileAt(m.URL)
		if !ok {
			return nil, &channels.SendError{Verdict: channels.Permanent, Detail: "the simulated carrier does not have the file any more"}
		}
		return io.NopCloser(bytes.NewReader(f.content)), nil
	}
	if a.carrier.cfg.Elsewhere == nil {
		return nil, &channels.SendError{Verdict: channels.Permanent, Detail: "the simulated carrier fetches no files from elsewhere"}
	}
	return a.carrier.cfg.Elsewhere.FetchMedia(ctx, m)
}

type fileJSON struct {
	URL         string `json:"url"`
	ContentType string `json:"content_type"`
	Size        int    `json:"size"`
}

func (c *Carrier) postFile(w http.ResponseWriter, r *http.Request) {
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxFile))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		fail(w, http.StatusRequestEntityTooLarge, 20413, fmt.Sprintf("the file has more than %d bytes", maxFile))
		return
	case err != nil:
		c.failWith(w, r, invalid("the file broke off"))
		return
	}
	path, err := c.Keep(content)
	if err != nil {
		c.failWith(w, r, err)
		return
	}
	answer(w, http.StatusCreated, fileJSON{URL: path, ContentType: http.DetectContentType(content), Size: len(content)})
}

// getFile shows a file to whoever looks at a handset. What it says it is counts for
// nothing: the type is sniffed, and a page among them can do nothing.
func (c *Carrier) getFile(w http.ResponseWriter, r *http.Request) {
	f, ok := c.fileAt(r.URL.Path)
	if !ok {
		fail(w, http.StatusNotFound, 20404, fmt.Sprintf("The requested resource %s was not found", r.URL.Path))
		return
	}
	kind, h := http.DetectContentType(f.content), w.Header()
	h.Set("Content-Type", kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "private, max-age=3600")
	if head, _, _ := strings.Cut(kind, "/"); head != "image" && head != "audio" && head != "video" {
		h.Set("Content-Disposition", "attachment")
	}
	_, _ = w.Write(f.content) // a client that left cannot be told
}

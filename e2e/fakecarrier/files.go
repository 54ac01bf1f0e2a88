package fakecarrier

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// File is a file of an inbound message, which the carrier keeps.
type File struct {
	Content     string
	ContentType string
	Status      int    // not 0: this status instead of the file
	Location    string // of Status, when that is a redirect
	// Wait, where it is not nil, holds the second half back until it is closed.
	Wait <-chan struct{}
	// Asked is called when somebody asks for the file. Optional.
	Asked func()
}

// Keep keeps a file under a name.
func (c *Carrier) Keep(name string, f File) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.files == nil {
		c.files = make(map[string]File)
	}
	c.files[name] = f
}

func (c *Carrier) file(name string) (File, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f, ok := c.files[name]
	return f, ok
}

// give answers with a file.
func (c *Carrier) give(w http.ResponseWriter, r *http.Request, name string) {
	f, ok := c.file(name)
	if ok && f.Asked != nil {
		f.Asked()
	}
	switch {
	case !ok:
		w.WriteHeader(http.StatusNotFound)
		return
	case f.Status != 0:
		if f.Location != "" {
			w.Header().Set("Location", f.Location)
		}
		w.WriteHeader(f.Status)
		return
	}
	w.Header().Set("Content-Type", f.ContentType)
	half := len(f.Content) / 2
	_, _ = io.WriteString(w, f.Content[:half])
	if f.Wait != nil {
		_ = http.NewResponseController(w).Flush()
		select {
		case <-f.Wait:
		case <-r.Context().Done():
			return
		}
	}
	_, _ = io.WriteString(w, f.Content[half:])
}

// FileURL is where the fake has a file.
func (t *Twilio) FileURL(name string) string { return t.URL + t.filePath() + name }

func (t *Twilio) filePath() string {
	return "/2010-04-01/Accounts/" + t.account + "/Messages/MM00000000000000000000000000000000/Media/"
}

// serveFile answers a request for a file, if it is one.
func (t *Twilio) serveFile(w http.ResponseWriter, r *http.Request) (isFile bool) {
	name, isFile := strings.CutPrefix(r.URL.Path, t.filePath())
	if !isFile || r.Method != http.MethodGet {
		return false
	}
	if user, password, _ := r.BasicAuth(); user != t.account || password != t.token {
		w.WriteHeader(http.StatusUnauthorized)
		return true
	}
	t.give(w, r, name)
	return true
}

// bytesPath begins the paths at which Meta's fake has bytes.
const bytesPath = "/whatsapp_business/attachments/"

// serveFile answers a request for a file or for where it is, if it is one. The
// name of a file is Meta's id.
func (c *Cloud) serveFile(w http.ResponseWriter, r *http.Request) (isFile bool) {
	if r.Method != http.MethodGet {
		return false
	}
	if r.Header.Get("Authorization") != "Bearer "+c.token {
		w.WriteHeader(http.StatusUnauthorized)
		return true
	}
	if name, isBytes := strings.CutPrefix(r.URL.Path, bytesPath); isBytes {
		c.give(w, r, name)
		return true
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	f, ok := c.file(name)
	if !ok {
		http.Error(w, `{"error":{"message":"(#100) Unsupported get request","type":"GraphMethodException","code":100}}`, http.StatusBadRequest)
		return true
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"messaging_product":"whatsapp","url":%q,"mime_type":%q,"sha256":"%x","file_size":"%d","id":%q}`,
		c.URL+bytesPath+name, f.ContentType, sha256.Sum256([]byte(f.Content)), len(f.Content), name)
	return true
}

package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed static templates
var embedded embed.FS

// assets are the static files. Their URLs have a version in them, which is made of
// the contents of all, so that a browser may keep them for good; and modules, which
// import one another by relative URLs, always come from one version.
type assets struct {
	version string
	files   map[string]asset // by path below static/
}

type asset struct {
	contentType    string
	plain, gzipped []byte
}

// loadAssets reads the embedded files, and compresses them once.
func loadAssets(files fs.FS) (*assets, error) {
	a := &assets{files: map[string]asset{}}
	sum := sha256.New()
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) == ".md" {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(sum, "%s %d\n", name, len(content)) // hashes take everything
		_, _ = sum.Write(content)
		packed, err := compressed(content)
		if err != nil {
			return err
		}
		a.files[name] = asset{contentType: typeOf(name), plain: content, gzipped: packed}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the console's files: %w", err)
	}
	a.version = hex.EncodeToString(sum.Sum(nil))[:16]
	return a, nil
}

func compressed(content []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(content)
	err = errors.Join(err, w.Close()) // which writes the rest
	return b.Bytes(), err
}

// typeOf is the media type of a file by its name. The machine's own table of types
// is not asked: it may call a module something that browsers refuse to run.
func typeOf(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json":
		return "application/json"
	}
	return mime.TypeByExtension(path.Ext(name))
}

// path is the URL's path of a file.
func (a *assets) path(name string) string { return Prefix + "static/" + a.version + "/" + name }

// has says whether there is such a file.
func (a *assets) has(name string) bool {
	_, ok := a.files[name]
	return ok
}

// ServeHTTP answers {version}/{name}. A page that is open while the program changes
// may ask for files of the version before: it gets those that there are, but not to
// keep.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	file, ok := a.files[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", file.contentType)
	h.Set("Cache-Control", "no-cache")
	h.Add("Vary", "Accept-Encoding")
	if r.PathValue("version") == a.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	tag := `"` + a.version + `"`
	h.Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	content := file.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && len(file.gzipped) < len(file.plain) {
		h.Set("Content-Encoding", "gzip")
		content = file.gzipped
	}
	h.Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = io.Copy(w, bytes.NewReader(content)) // who has hung up cannot be told so
}

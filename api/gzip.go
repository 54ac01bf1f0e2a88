package api

import (
	"compress/gzip"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"bridged/twilio"
)

const (
	codingGzip     = "gzip"
	codingIdentity = "identity"
	// gzipFrom is how many bytes an answer has at least for compressing to be
	// worth it: what is shorter travels in one packet anyway.
	gzipFrom = 1024
	// gzipETag ends the tag of an answer that is compressed: its bytes are not
	// those that the tag was made of.
	gzipETag = `-gzip"`
)

// gzipPool keeps compressors, which are large. Speed comes first: the daemon has
// other things to do, and JSON becomes small anyway.
func gzipPool() *sync.Pool {
	return &sync.Pool{New: func() any {
		w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
		if err != nil {
			panic(err) // the level is one of the package's own
		}
		return w
	}}
}

// wantsGzip says whether the client prefers gzip to the plain answer (RFC 9110,
// 12.5.3).
func wantsGzip(r *http.Request) bool {
	quality := map[string]float64{}
	for item := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		coding, parameters, _ := strings.Cut(item, ";")
		q := 1.0
		if name, value, ok := strings.Cut(parameters, "="); ok && strings.EqualFold(strings.TrimSpace(name), "q") {
			var err error
			if q, err = strconv.ParseFloat(strings.TrimSpace(value), 64); err != nil || !(q >= 0 && q <= 1) {
				q = 0 // what cannot be read is not wanted
			}
		}
		coding = strings.ToLower(strings.TrimSpace(coding))
		if coding == "x-gzip" {
			coding = codingGzip
		}
		quality[coding] = q
	}
	q, named := quality[codingGzip]
	if !named {
		q = quality["*"]
	}
	return q > 0 && q >= quality[codingIdentity]
}

// gzipWriter compresses an answer where that is worth it, which it decides when
// enough is written, or something is to be sent at once, or all is written.
type gzipWriter struct {
	http.ResponseWriter
	pool    *sync.Pool
	status  int // 0 while the handler has not said it
	held    []byte
	decided bool
	gz      *gzip.Writer // nil: what is written goes on as it is
}

// WriteHeader implements http.ResponseWriter.
func (w *gzipWriter) WriteHeader(status int) {
	switch {
	case w.decided || w.status != 0: // for net/http to complain about
		w.ResponseWriter.WriteHeader(status)
	case status == http.StatusSwitchingProtocols:
		w.decided = true
		w.ResponseWriter.WriteHeader(status)
	case status < http.StatusOK:
		w.ResponseWriter.WriteHeader(status)
	default:
		w.status = status
	}
}

// Write implements http.ResponseWriter.
func (w *gzipWriter) Write(b []byte) (int, error) {
	if w.decided {
		return w.pass(b)
	}
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.held = append(w.held, b...)
	if len(w.held) < gzipFrom {
		return len(b), nil
	}
	return len(b), w.decide(true)
}

func (w *gzipWriter) pass(b []byte) (int, error) {
	if w.gz != nil {
		return w.gz.Write(b)
	}
	return w.ResponseWriter.Write(b)
}

// decide sends the header, and what was held back.
func (w *gzipWriter) decide(worth bool) error {
	w.decided = true
	h := w.Header()
	if len(w.held) > 0 && h.Get("Content-Type") == "" && h.Get("Content-Encoding") == "" {
		h.Set("Content-Type", http.DetectContentType(w.held)) // as net/http would, of the plain bytes
	}
	if worth && w.compressible(h) {
		w.gz, _ = w.pool.Get().(*gzip.Writer)
		w.gz.Reset(w.ResponseWriter)
		h.Set("Content-Encoding", codingGzip)
		h.Del("Content-Length")
		h.Del("Accept-Ranges")
		if tag := h.Get("ETag"); strings.HasPrefix(tag, `"`) {
			h.Set("ETag", strings.TrimSuffix(tag, `"`)+gzipETag)
		}
	}
	if w.status != 0 {
		w.ResponseWriter.WriteHeader(w.status)
	}
	if len(w.held) == 0 {
		return nil
	}
	_, err := w.pass(w.held)
	w.held = nil
	return err
}

// compressible says whether compressing can make the answer smaller, and is
// allowed.
func (w *gzipWriter) compressible(h http.Header) bool {
	switch {
	case w.status == http.StatusNoContent, w.status == http.StatusNotModified, w.status == http.StatusPartialContent,
		h.Get("Content-Encoding") != "":
		return false
	}
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return false
	}
	switch kind {
	case typeEventStream:
		return false // each of many clients would have a compressor for hours
	case "application/json", "application/javascript", "application/xml", "image/svg+xml":
		return true
	}
	return strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "+json") || strings.HasSuffix(kind, "+xml")
}

// FlushError sends what is written so far, for http.ResponseController.
func (w *gzipWriter) FlushError() error {
	if !w.decided {
		if w.status == 0 {
			w.status = http.StatusOK
		}
		if err := w.decide(true); err != nil {
			return err
		}
	}
	if w.gz != nil {
		if err := w.gz.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Close sends the rest. Nothing may be written after it.
func (w *gzipWriter) Close() (err error) {
	if !w.decided && w.status != 0 { // else nothing was answered, or the connection is another's now
		err = w.decide(false)
	}
	if w.gz != nil {
		err = errors.Join(err, w.gz.Close())
		w.pool.Put(w.gz)
		w.gz = nil
	}
	return err
}

// Unwrap lets http.ResponseController reach what is behind.
func (w *gzipWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// refuseCoding refuses a body that is compressed: forms are short, and what is
// unpacked could be of any size.
func refuseCoding(w http.ResponseWriter, r *http.Request) error {
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, codingIdentity) {
		w.Header().Set("Accept-Encoding", codingIdentity)
		return twilio.NewError(http.StatusUnsupportedMediaType, twilio.CodeInvalidParameter,
			"Unsupported Media Type: send the body as it is, without Content-Encoding")
	}
	return nil
}

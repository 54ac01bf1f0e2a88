package api

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"time"

	"bridged/conversations"
	"bridged/twilio"
)

const (
	// uploadIdle is how long an upload may stand still. The server's own limit for
	// a whole request is meant for small ones.
	uploadIdle = 30 * time.Second
	// uploadTime is how long a whole upload may take.
	uploadTime = time.Hour
	// formOverhead is how many bytes a form may have beside its file.
	formOverhead = 1 << 20
)

// upload is a file on its way in.
type upload struct {
	body        io.Reader
	contentType string // as its sender states it; may be empty
	filename    string // likewise
	// check says, once the file has been read, whether that was all of it and
	// nothing else.
	check func(size int64) error
}

// openUpload begins to read the file of a request.
func openUpload(w http.ResponseWriter, r *http.Request) (upload, error) {
	size, stated, err := contentSize(r)
	if err != nil {
		return upload{}, err
	}
	if max(r.ContentLength, size) > conversations.MaxMediaBytes+formOverhead {
		return upload{}, conversations.Refuse(conversations.FileTooLarge,
			"a file may have at most %d bytes", conversations.MaxMediaBytes)
	}
	start := time.Now()
	body := &patientReader{r: r.Body, deadline: http.NewResponseController(w).SetReadDeadline, until: start.Add(uploadTime)}
	declared := r.Header.Get("Content-Type")
	if kind, parameters, err := mime.ParseMediaType(declared); err == nil && kind == "multipart/form-data" {
		return openForm(multipart.NewReader(body, parameters["boundary"]))
	}
	_, parameters, _ := mime.ParseMediaType(r.Header.Get("Content-Disposition"))
	check := func(got int64) error {
		if stated && got != size {
			return twilio.Invalid("Content-Size says %d bytes, but %d came", size, got)
		}
		return nil
	}
	return upload{body: body, contentType: declared, filename: parameters["filename"], check: check}, nil
}

// contentSize reads the header in which page 05 has the file's size.
func contentSize(r *http.Request) (size int64, stated bool, err error) {
	text := r.Header.Get("Content-Size")
	if text == "" {
		return 0, false, nil
	}
	size, err = strconv.ParseInt(text, 10, 64)
	if err != nil || size < 0 {
		return 0, false, twilio.Invalid("Content-Size must be the number of bytes of the file")
	}
	return size, true, nil
}

// openForm finds the file in a form, which has exactly one.
func openForm(form *multipart.Reader) (upload, error) {
	part, err := nextFile(form)
	if err != nil {
		return upload{}, brokenOff(err)
	}
	if part == nil {
		return upload{}, twilio.Invalid("the form has no file in it")
	}
	check := func(int64) error {
		more, err := nextFile(form)
		if err == nil && more != nil {
			return twilio.Invalid("the form has several files in it: upload each by itself")
		}
		return err
	}
	return upload{body: part, contentType: part.Header.Get("Content-Type"), filename: part.FileName(), check: check}, nil
}

// nextFile skips fields that are no file. It returns nil at the form's end.
func nextFile(form *multipart.Reader) (*multipart.Part, error) {
	for skipped := int64(0); ; {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil, nil //nolint:nilnil // no further file is no error
		}
		if err != nil {
			return nil, err
		}
		if part.FileName() != "" {
			return part, nil
		}
		n, err := io.Copy(io.Discard, io.LimitReader(part, formOverhead))
		if err != nil {
			return nil, err
		}
		if skipped += n; skipped >= formOverhead {
			return nil, twilio.Invalid("the form's fields are too long")
		}
	}
}

// patientReader reads a request's body for as long as something comes.
type patientReader struct {
	r        io.Reader
	deadline func(time.Time) error
	until    time.Time
}

// Read implements io.Reader.
func (p *patientReader) Read(b []byte) (int, error) {
	next := time.Now().Add(uploadIdle)
	if next.After(p.until) {
		next = p.until
	}
	// What is no connection, such as a test's, has no deadlines.
	if err := p.deadline(next); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return p.r.Read(b)
}

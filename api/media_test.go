package api_test

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/api"
	"bridged/bridge"
	"bridged/conversations"
	"bridged/media"
)

const (
	mediaList = "/v1/Services/" + service + "/Media"
	png       = "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"
)

// gallery is an API over a directory of files.
type gallery struct {
	*world

	t     *testing.T
	dir   string
	now   time.Time // of the signed URLs
	files *media.Directory
	h     http.Handler
}

func newGallery(t *testing.T) *gallery {
	t.Helper()
	g := &gallery{world: newWorld(), t: t, dir: t.TempDir(), now: at(0)}
	var err error
	g.files, err = media.OpenDirectory(media.Config{Path: g.dir, MaxBytes: 1000})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, g.files.Close()) })
	cfg := config(g.world)
	cfg.Files = g.files
	cfg.Links, err = media.NewSigner(media.NewKey(), func() time.Time { return g.now })
	require.NoError(t, err)
	g.h = api.New(cfg)
	return g
}

// send makes a request with a body of any kind.
func (g *gallery) send(method, target string, body io.Reader, header ...string) answer {
	g.t.Helper()
	r := httptest.NewRequestWithContext(g.t.Context(), method, strings.TrimPrefix(target, public), body)
	r.SetBasicAuth(account, token)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if r.Header.Get("Anonymous") != "" {
		r.Header.Del("Authorization")
	}
	rec := httptest.NewRecorder()
	g.h.ServeHTTP(rec, r)
	return answer{rec.Code, rec.Header(), rec.Body.String()}
}

func (g *gallery) upload(body, query string, header ...string) answer {
	g.t.Helper()
	return g.send(http.MethodPost, mediaList+query, strings.NewReader(body), header...)
}

// onDisk counts the files.
func (g *gallery) onDisk() int {
	g.t.Helper()
	list, err := filepath.Glob(filepath.Join(g.dir, "*", "*"))
	require.NoError(g.t, err)
	return len(list)
}

func TestUploadAndFetch(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	a := g.upload(png, "?Filename=car%20%C3%A9.png&Category=body", "Content-Type", "image/png", "Content-Size", "16")
	require.Equal(t, 201, a.status, a.body)
	record := a.json(t)
	sid, _ := record["sid"].(string)
	url := public + mediaList + "/" + sid
	links, _ := record["links"].(map[string]any)
	direct, _ := links["content_direct_temporary"].(string)
	assert.Equal(t, map[string]any{
		"sid": sid, "account_sid": account, "service_sid": service, "date_created": "2024-05-01T10:00:08Z",
		"date_updated": "2024-05-01T10:00:08Z", "channel_sid": nil, "message_sid": nil, "size": 16.0, "content_type": "image/png",
		"filename": "car é.png", "file_name": "car é.png", "author": "sender", "category": "body", "url": url,
		"links": map[string]any{"content": url + "/Content", "content_direct_temporary": direct},
	}, record)

	g.media[0].Conversation, g.media[0].Message = digits, digits
	record = g.send(http.MethodGet, url, nil).json(t)
	assert.Equal(t, []any{"CH" + digits, "IM" + digits}, []any{record["channel_sid"], record["message_sid"]})

	for name, a := range map[string]answer{
		"with credentials":        g.send(http.MethodGet, url+"/Content", nil),
		"by the signed URL alone": g.send(http.MethodGet, direct, nil, "Anonymous", "1"),
	} {
		assert.Equal(t, 200, a.status, name)
		assert.Equal(t, png, a.body, name)
		assert.Equal(t, "image/png", a.header.Get("Content-Type"), name)
		assert.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"), name)
		assert.Equal(t, "inline; filename*=utf-8''car%20%C3%A9.png", a.header.Get("Content-Disposition"), name)
		assert.Contains(t, a.header.Get("Content-Security-Policy"), "sandbox", name)
	}
	part := g.send(http.MethodGet, direct, nil, "Anonymous", "1", "Range", "bytes=1-3")
	assert.Equal(t, []any{206, "PNG", "bytes 1-3/16"}, []any{part.status, part.body, part.header.Get("Content-Range")})
	head := g.send(http.MethodHead, direct, nil, "Anonymous", "1")
	assert.Equal(t, []any{200, "16"}, []any{head.status, head.header.Get("Content-Length")})
	assert.Equal(t, 304, g.send(http.MethodGet, direct, nil, "If-None-Match", head.header.Get("ETag")).status)
	assert.Equal(t, 405, g.send(http.MethodPost, direct, nil).status)

	require.NoError(t, g.files.Remove(g.media[0].ID))
	assert.Equal(t, 404, g.send(http.MethodGet, url+"/Content", nil).status, "a file that is lost")
}

func TestSignedURLs(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	first, second := g.upload("first", "").json(t), g.upload("second", "").json(t)
	link := func(record map[string]any) string {
		s, _ := record["links"].(map[string]any)["content_direct_temporary"].(string)
		return s
	}
	get := func(target string) answer { return g.send(http.MethodGet, target, nil, "Anonymous", "1") }
	good := link(first)
	require.Equal(t, 200, get(good).status)
	path, query, _ := strings.Cut(good, "?")
	otherPath, _, _ := strings.Cut(link(second), "?")
	for name, target := range map[string]string{
		"of another file":     otherPath + "?" + query,
		"without a signature": path,
		"of nothing":          strings.Replace(path, "ME", "MX", 1) + "?" + query,
		"a later end":         strings.Replace(good, "expires=1", "expires=2", 1),
		"no end":              strings.Replace(good, "expires=", "expires=x", 1),
		"altered":             good[:len(good)-1] + string("01"[(good[len(good)-1]-'0'+1)&1]),
		"cut":                 good[:len(good)-2],
	} {
		a := get(target)
		assert.Equal(t, 403, a.status, name)
		assert.EqualValues(t, 20403, a.json(t)["code"], name)
	}
	g.now = at(0).Add(299 * time.Second)
	assert.Equal(t, 200, get(good).status)
	g.now = at(0).Add(300 * time.Second)
	assert.Equal(t, 403, get(good).status, "its time is up (page 32)")
	fresh := link(g.send(http.MethodGet, mediaList+"/"+first["sid"].(string), nil).json(t))
	assert.Equal(t, 200, get(fresh).status)
	g.media = nil
	assert.Equal(t, 404, get(fresh).status, "the file is gone")
}

func TestWhatCouldRunIsNotShown(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	for _, c := range []struct{ stated, body, kind string }{
		{"text/html", "<html><script>alert(1)</script>", "text/html"},
		{"image/png", "<html><script>alert(1)</script>", "text/html; charset=utf-8"},
		{"image/svg+xml; charset=utf-8", "<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml; charset=utf-8"},
		{"application/pdf", "%PDF-1.7", "application/pdf"},
		{"", "\x00\x01", "application/octet-stream"},
	} {
		a := g.upload(c.body, "?Filename="+`%22%0d%0aX-Evil:1%3b.html`, "Content-Type", c.stated)
		require.Equal(t, 201, a.status, a.body)
		a = g.send(http.MethodGet, a.json(t)["url"].(string)+"/Content", nil)
		assert.Equal(t, c.kind, a.header.Get("Content-Type"))
		assert.Equal(t, `attachment; filename="\"X-Evil:1;.html"`, a.header.Get("Content-Disposition"))
		assert.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"))
		assert.Empty(t, a.header.Get("X-Evil"))
	}
}

// form makes a form of fields (without a file's name) and files.
func multipartForm(t *testing.T, parts ...[3]string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		header := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="x"`}}
		if p[0] != "" {
			header.Set("Content-Disposition", `form-data; name="x"; filename="`+p[0]+`"`)
		}
		if p[1] != "" {
			header.Set("Content-Type", p[1])
		}
		part, err := w.CreatePart(header)
		require.NoError(t, err)
		_, err = part.Write([]byte(p[2]))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String(), w.FormDataContentType()
}

func TestAFormHasOneFile(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	body, kind := multipartForm(t, [3]string{"", "", "a field"}, [3]string{"../car.png", "image/png", png}, [3]string{"", "", "another"})
	a := g.upload(body, "", "Content-Type", kind)
	require.Equal(t, 201, a.status, a.body)
	assert.Equal(t, []any{"car.png", "image/png", 16.0}, []any{a.json(t)["filename"], a.json(t)["content_type"], a.json(t)["size"]})
	require.Equal(t, 1, g.onDisk())

	two, twoKind := multipartForm(t, [3]string{"a", "", "1"}, [3]string{"b", "", "2"})
	none, noneKind := multipartForm(t, [3]string{"", "", "a field"})
	long, longKind := multipartForm(t, [3]string{"", "", strings.Repeat("x", 2<<20)}, [3]string{"a", "", "1"})
	for name, c := range map[string][2]string{
		"two files": {two, twoKind}, "no file": {none, noneKind}, "a long field": {long, longKind},
		"cut off": {body[:len(body)-30], kind}, "cut off early": {body[:20], kind}, "no boundary": {body, "multipart/form-data"},
	} {
		a := g.upload(c[0], "", "Content-Type", c[1])
		assert.Equal(t, 400, a.status, name)
		assert.EqualValues(t, 20001, a.json(t)["code"], name)
	}
	assert.Equal(t, 1, g.onDisk(), "what is refused leaves nothing")
	assert.Len(t, g.media, 1)
}

func TestRefusedUploads(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	for name, c := range map[string]struct {
		target       string
		body         string
		header       [2]string
		status, code int
	}{
		"nothing":                {mediaList, "", [2]string{}, 400, 20001},
		"too large":              {mediaList, strings.Repeat("x", 1001), [2]string{}, 413, 20413},
		"far too large":          {mediaList, "x", [2]string{"Content-Size", "999999999999"}, 413, 20413},
		"another size":           {mediaList, "xyz", [2]string{"Content-Size", "4"}, 400, 20001},
		"no size":                {mediaList, "xyz", [2]string{"Content-Size", "-"}, 400, 20001},
		"no type":                {mediaList, "xyz", [2]string{"Content-Type", "nonsense"}, 400, 50511},
		"no category":            {mediaList + "?Category=x", "xyz", [2]string{}, 400, 20001},
		"a long name":            {mediaList + "?Filename=" + strings.Repeat("x", 257), "xyz", [2]string{}, 400, 20001},
		"a long key":             {mediaList, "xyz", [2]string{"Idempotency-Key", strings.Repeat("x", 256)}, 400, 20001},
		"no service":             {"/v1/Services/ISx/Media", "xyz", [2]string{}, 404, 20404},
		"an unknown service":     {"/v1/Services/IS" + strings.Repeat("0", 32) + "/Media", "xyz", [2]string{}, 404, 20404},
		"without the service":    {"/v1/Media", "xyz", [2]string{}, 404, 20404},
		"without credentials":    {mediaList, "xyz", [2]string{"Anonymous", "1"}, 401, 20003},
		"a file is immutable":    {mediaList + "/ME" + digits, "xyz", [2]string{}, 405, 20004},
		"so are its bytes":       {mediaList + "/ME" + digits + "/Content", "xyz", [2]string{}, 405, 20004},
		"a name that is no text": {mediaList + "?Filename=%ff", "xyz", [2]string{}, 400, 20001},
	} {
		a := g.send(http.MethodPost, c.target, strings.NewReader(c.body), c.header[0], c.header[1])
		assert.Equal(t, c.status, a.status, name)
		assert.EqualValues(t, c.code, a.json(t)["code"], name)
	}
	hungUp := io.MultiReader(strings.NewReader("x"), iotest.ErrReader(errors.New("hung up")))
	assert.Equal(t, 400, g.send(http.MethodPost, mediaList, hungUp).status)
	assert.Equal(t, 405, g.send(http.MethodGet, mediaList, nil).status, "page 05 has no list")

	g.fail = conversations.ErrUnavailable
	assert.Equal(t, 503, g.upload("xyz", "").status)
	g.fail = &bridge.RepeatedError{Answer: conversations.Answer{Status: 201, Body: []byte(`{"sid":"first"}`)}}
	assert.JSONEq(t, `{"sid":"first"}`, g.upload("xyz", "", "Idempotency-Key", "k").body)
	g.fail = nil
	require.NoError(t, os.RemoveAll(g.dir))
	assert.Equal(t, 503, g.upload("xyz", "").status, "the disk is at fault")
	assert.Empty(t, g.media)
	assert.Zero(t, g.onDisk())
}

func TestUnknownMedia(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	sid := g.upload("x", "").json(t)["sid"].(string)
	for _, target := range []string{
		mediaList + "/ME" + digits, mediaList + "/ME" + digits + "/Content", mediaList + "/x", mediaList + "/x/Content",
		"/v1/Services/IS" + other + "/Media/" + sid, "/v1/Services/IS" + other + "/Media/" + sid + "/Content",
	} {
		a := g.send(http.MethodGet, target, nil)
		assert.Equal(t, 404, a.status, target)
		assert.EqualValues(t, 20404, a.json(t)["code"], target)
	}
	assert.Equal(t, 401, g.send(http.MethodGet, mediaList+"/"+sid+"/Content", nil, "Anonymous", "1").status)
}

func TestAFileWhoseBytesAreNotHere(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	record := g.upload(png, "").json(t)
	links, _ := record["links"].(map[string]any)
	for state, want := range map[conversations.MediaState]string{
		conversations.MediaFetching: "still being fetched",
		conversations.MediaFailed:   "could not be fetched from its carrier: the file's host answered 404 %s",
	} {
		g.media[0].State, g.media[0].Reason = state, ""
		if state == conversations.MediaFailed {
			g.media[0].Reason = "the file's host answered 404 %s"
		}
		for _, link := range []string{"content", "content_direct_temporary"} {
			target, _ := links[link].(string)
			a := g.send(http.MethodGet, target, nil)
			assert.Equal(t, 404, a.status)
			assert.Contains(t, a.body, want)
			assert.Contains(t, a.body, `"code":20404`)
		}
		target, _ := record["url"].(string)
		shown := g.send(http.MethodGet, target, nil).json(t)
		assert.Equal(t, string(state), shown["state"])
		assert.Equal(t, g.media[0].Reason != "", shown["reason"] == g.media[0].Reason)
	}
}

package media_test

import (
	"strings"
	"testing"

	"github.com/gabriel-vasile/mimetype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/conversations"
	"bridged/media"
)

const (
	jpeg = "\xff\xd8\xff\xe0\x00\x10JFIF"
	html = "<!DOCTYPE html><html><script>alert(1)</script></html>"
	svg  = `<svg xmlns="http://www.w3.org/2000/svg"></svg>`
	mp4  = "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
	pdf  = "%PDF-1.7\n"
	ogg  = "OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00"
)

func TestContentType(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ stated, bytes, want string }{
		// Nothing is stated.
		{"", png, "image/png"},
		{"", "just text", "text/plain; charset=utf-8"},
		{"", "\x00\x01\x02", "application/octet-stream"},
		{"application/octet-stream", jpeg, "image/jpeg"},
		{"application/x-www-form-urlencoded", png, "image/png"},
		{"binary/octet-stream", "\x00\x01", "application/octet-stream"},
		// What is stated fits.
		{"image/png", png, "image/png"},
		{"IMAGE/PNG", png, "image/png"},
		{"image/svg+xml; charset=utf-8", svg, "image/svg+xml; charset=utf-8"},
		{"application/pdf", pdf, "application/pdf"},
		{"video/mp4", mp4, "video/mp4"},
		{"audio/mp4", mp4, "audio/mp4"},
		{"audio/ogg; codecs=opus", ogg, "audio/ogg; codecs=opus"},
		{"video/3gpp", mp4, "video/3gpp"},
		// The bytes cannot tell.
		{"text/csv", "a,b\n1,2", "text/csv"},
		{"image/png", "not a picture, but who knows", "image/png"},
		{"image/x-new", "\x00\x01\x02", "image/x-new"},
		{"application/vnd.example+json", `{"a":1}`, "application/vnd.example+json"},
		{"application/vnd.android.package-archive", "PK\x03\x04", "application/vnd.android.package-archive"},
		{"text/vcard", "BEGIN:VCARD\nEND:VCARD", "text/vcard"},
		// The bytes are of another type.
		{"image/png", jpeg, "image/jpeg"},
		{"image/jpg", jpeg, "image/jpeg"},
		{"image/png", html, "text/html; charset=utf-8"},
		{"image/png", svg, "image/svg+xml"},
		{"image/jpeg", pdf, "application/pdf"},
		{"application/pdf", png, "image/png"},
		{"audio/mpeg", html, "text/html; charset=utf-8"},
	} {
		got, err := media.ContentType(c.stated, mimetype.Detect([]byte(c.bytes)))
		require.NoError(t, err, c.stated)
		assert.Equal(t, c.want, got, "%s of %.12q", c.stated, c.bytes)
	}
	for _, stated := range []string{"nonsense", "image/", "/png", "image/png; =", "a b/c", "image/png\r\nX: y", "x/" + strings.Repeat("y", 300)} {
		_, err := media.ContentType(stated, mimetype.Detect([]byte(png)))
		assert.True(t, conversations.MediaTypeInvalid.Is(err), "%q: %v", stated, err)
	}
}

func TestAContentTypeIsFitForAHeader(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		stated := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z]{1,9}/[a-z+.]{1,9}(; ?[a-z]{1,4}=("[^"]{0,9}"|[a-z]{1,4})){0,2}`)).Draw(t, "stated")
		got, err := media.ContentType(stated, mimetype.Detect(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")))
		if err != nil {
			return
		}
		assert.NotEmpty(t, got)
		assert.NotRegexp(t, `[^\x20-\x7e\t]`, got)
		again, err := media.ContentType(got, mimetype.Detect([]byte("x")))
		require.NoError(t, err)
		assert.NotEmpty(t, again)
	})
}

func TestInline(t *testing.T) {
	t.Parallel()
	for kind, inline := range map[string]bool{
		"image/png": true, "image/jpeg": true, "audio/ogg; codecs=opus": true, "video/mp4": true, "text/plain; charset=utf-8": true,
		"image/svg+xml": false, "image/svg+xml; charset=utf-8": false, "text/html": false, "application/xhtml+xml": false,
		"text/xml": false, "application/pdf": false, "application/javascript": false, "application/octet-stream": false,
		"nonsense": false, "": false,
	} {
		assert.Equal(t, inline, media.Inline(kind), kind)
	}
}

func TestFilename(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"":                                     "",
		"car.jpg":                              "car.jpg",
		" my car.jpg ":                         "my car.jpg",
		"voiture été 🚗.jpg":                    "voiture été 🚗.jpg",
		"../../etc/passwd":                     "passwd",
		`C:\Users\ada\car.jpg`:                 "car.jpg",
		"a\r\nSet-Cookie: x=y.jpg":             "aSet-Cookie: x=y.jpg",
		"car\x00.jpg":                          "car.jpg",
		"\u202egpj.exe":                        "gpj.exe",
		"..":                                   "",
		"/":                                    "",
		"/etc/passwd":                          "passwd",
		`..\..\boot.ini`:                       "boot.ini",
		"..%2f..%2fetc%2fpasswd":               "..%2f..%2fetc%2fpasswd",
		`a"; filename="b.exe`:                  `a"; filename="b.exe`,
		"a\u2066b\u200fc\u061c.jpg":            "abc.jpg",
		"\x1b[2Jcar\x7f.jpg\u0085":             "[2Jcar.jpg",
		". . /..":                              "",
		strings.Repeat("é", 256):               strings.Repeat("é", 256),
		"x/" + strings.Repeat("./", 300) + "y": "y",
	} {
		got, err := media.Filename(given)
		require.NoError(t, err, given)
		assert.Equal(t, want, got, "%q", given)
	}
	for _, given := range []string{"\xff.jpg", strings.Repeat("x", 257)} {
		_, err := media.Filename(given)
		assert.True(t, conversations.InvalidParameter.Is(err), "%q: %v", given, err)
	}
}

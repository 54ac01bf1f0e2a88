package media_test

import (
	"mime"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/media"
)

// FuzzNames reads what files are called and said to be. A name leads nowhere else, and
// a type can be written into a header and never makes a browser run what was sent.
func FuzzNames(f *testing.F) {
	for _, name := range []string{"a.png", "../../etc/passwd", `C:\a\b.txt`, "..", "", "a\x00b", "\u202egnp.exe", "a\r\nb", strings.Repeat("é", 257), "\xff"} {
		f.Add(name, "image/png", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"))
		f.Add(name, "text/html; charset=\"a\r\nb\"", []byte("<html><script>"))
		f.Add(name, "image/svg+xml", []byte("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"))
		f.Add(name, "", []byte("\x00\x00\x00\x18ftypmp42"))
	}
	f.Fuzz(func(t *testing.T, name, stated string, bytes []byte) {
		if kept, err := media.Filename(name); err == nil {
			require.True(t, utf8.ValidString(kept))
			require.False(t, strings.ContainsAny(kept, `/\`) || strings.ContainsFunc(kept, unicode.IsControl), "%q", kept)
			require.False(t, kept == "." || kept == "..")
			require.LessOrEqual(t, utf8.RuneCountInString(kept), 256)
			again, err := media.Filename(kept)
			require.NoError(t, err)
			require.Equal(t, kept, again)
		} else {
			require.True(t, conversations.InvalidParameter.Is(err))
		}
		kind, err := media.ContentType(stated, mimetype.Detect(bytes))
		if err != nil {
			require.True(t, conversations.MediaTypeInvalid.Is(err))
			return
		}
		require.False(t, strings.ContainsFunc(kind, func(r rune) bool { return r < ' ' || r > '~' }), "%q", kind)
		base, _, err := mime.ParseMediaType(kind)
		require.NoError(t, err, "%q", kind)
		if media.Inline(kind) {
			for _, runs := range []string{"html", "xml", "javascript", "ecmascript", "pdf"} {
				require.NotContains(t, base, runs, "a browser would run it")
			}
		}
	})
}

// FuzzPermission looks for a signed URL that nobody signed.
func FuzzPermission(f *testing.F) {
	f.Add("0123456789abcdef0123456789abcdef", int64(1<<40), strings.Repeat("0", 64))
	f.Add("", int64(-1), "")
	now := time.Unix(1700000000, 0)
	s, err := media.NewSigner(media.NewKey(), func() time.Time { return now })
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, id string, expires int64, signature string) {
		file := conversations.MediaID(id)
		require.False(t, s.Permits(file, media.Permission{Expires: expires, Signature: signature}))
		good := s.PermitUntil(file, time.Unix(expires, 0))
		require.Equal(t, expires > now.Unix(), s.Permits(file, good))
		good.Expires++
		require.False(t, s.Permits(file, good), "it lives no longer than it was given")
		require.False(t, s.Permits(file+"0", media.Permission{Expires: expires, Signature: good.Signature}))
	})
}

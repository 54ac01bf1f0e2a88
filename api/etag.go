package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"

	"bridged/bridge"
	"bridged/twilio"
)

// tagOf is the ETag of an answer: it changes whenever the JSON does. It is a
// strong one, and so the compressed answer's is another (gzip.go).
func tagOf(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

// matchTag finds tag in a list of If-Match or If-None-Match, in the form that it
// has there: of the plain or of the compressed answer, which change together. A
// weak tag counts where weak says so (RFC 9110, 8.8.3.2).
func matchTag(list []string, tag string, weak bool) (found string, ok bool) {
	for item := range strings.SplitSeq(strings.Join(list, ","), ",") {
		item = strings.TrimSpace(item)
		if item == "*" {
			return tag, true
		}
		if weak {
			item = strings.TrimPrefix(item, "W/")
		}
		if item == tag || strings.TrimSuffix(item, gzipETag)+`"` == tag {
			return item, true
		}
	}
	return "", false
}

// validate gives an answer its ETag. A client that has the answer to its query
// already is told only that, with 304.
func (a reply) validate(w http.ResponseWriter, r *http.Request) reply {
	if a.status != http.StatusOK && a.status != http.StatusCreated || len(a.body) == 0 {
		return a
	}
	tag := tagOf(a.body)
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		if known := r.Header.Values("If-None-Match"); len(known) > 0 {
			if found, ok := matchTag(known, tag, true); ok {
				w.Header().Set("ETag", found)
				return reply{status: http.StatusNotModified}
			}
		}
	}
	w.Header().Set("ETag", tag)
	return a
}

// condition adds the request's If-Match to the context of its verb: the resource
// must still be as one of the tags says. What it is now the path's own query
// tells, asked within the commit of the change.
func (c *call) condition(ctx context.Context) context.Context {
	tags := c.Header.Values("If-Match")
	if len(tags) == 0 {
		return ctx
	}
	return bridge.WithCondition(ctx, func(ctx context.Context) error {
		if c.fetch == nil {
			return errPrecondition()
		}
		query := *c
		query.Request = c.WithContext(ctx)
		query.Method, query.URL, query.body = http.MethodGet, &url.URL{Path: c.URL.Path, RawPath: c.URL.RawPath}, nil
		now, err := c.fetch(&query)
		if err != nil {
			return err // what is not there is 404, with a condition or without
		}
		if _, ok := matchTag(tags, tagOf(now.body), false); !ok {
			return errPrecondition()
		}
		return nil
	})
}

func errPrecondition() error {
	return twilio.NewError(http.StatusPreconditionFailed, twilio.CodePreconditionFailed,
		"Precondition Failed: the resource is not as If-Match says; fetch it, and send the ETag that it has now")
}

package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
)

// requestIDHeader names a request in its answer, as the reference's API does.
const requestIDHeader = "Twilio-Request-Id"

type requestIDKey struct{}

// Identified gives every request an ID of its own, "RQ" and 32 hexadecimal
// digits, which its answer has as Twilio-Request-Id and a LogHandler writes. One
// that comes with the request is not believed, whoever sends it: it could be that
// of another.
func Identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, identified(w, r)) })
}

// identified is r with an ID, which w tells. It stays as it is where it has one.
func identified(w http.ResponseWriter, r *http.Request) *http.Request {
	if requestID(r.Context()) != "" {
		return r
	}
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	id := "RQ" + hex.EncodeToString(random[:])
	w.Header().Set(requestIDHeader, id)
	return r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id))
}

// requestID is the ID of the request that a context is of; empty without one.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// LogHandler makes a log whose lines about a request have its ID.
func LogHandler(next slog.Handler) slog.Handler {
	if already, ok := next.(logHandler); ok {
		return already
	}
	return logHandler{next}
}

type logHandler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h logHandler) Handle(ctx context.Context, line slog.Record) error {
	if id := requestID(ctx); id != "" {
		line = line.Clone()
		line.AddAttrs(slog.String("request_id", id))
	}
	return h.Handler.Handle(ctx, line)
}

// WithAttrs implements slog.Handler.
func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h logHandler) WithGroup(name string) slog.Handler { return logHandler{h.Handler.WithGroup(name)} }

package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"

	"bridged/bridge"
	"bridged/twilio"
)

// maxIdempotencyKey is how many bytes an Idempotency-Key may have.
const maxIdempotencyKey = 255

// carryOut calls a verb and shows its result. Where the request has an
// Idempotency-Key the verb is carried out at most once for it: a repeat gets the
// first answer again, byte for byte.
func carryOut[T any](c *call, status int, show func(T) any, verb func(context.Context) (T, error)) (reply, error) {
	ctx, err := c.once(func(result any) (int, []byte) {
		shown, isT := result.(T)
		if !isT {
			e := twilio.Internal()
			return e.Status, encode(e)
		}
		return status, encode(show(shown))
	})
	if err != nil {
		return reply{}, err
	}
	result, err := verb(ctx)
	if err != nil {
		return repeated(err)
	}
	return reply{status, encode(show(result))}, nil
}

// remove calls a verb that leaves nothing to show.
func remove(c *call, verb func(context.Context) error) (reply, error) {
	ctx, err := c.once(func(any) (int, []byte) { return http.StatusNoContent, nil })
	if err != nil {
		return reply{}, err
	}
	if err := verb(ctx); err != nil {
		return repeated(err)
	}
	return reply{status: http.StatusNoContent}, nil
}

// once makes the context of the request's verb.
func (c *call) once(render func(result any) (int, []byte)) (context.Context, error) {
	key := c.Header.Get("Idempotency-Key")
	switch {
	case key == "":
		return c.condition(c.Context()), nil
	case len(key) > maxIdempotencyKey:
		return nil, twilio.Invalid("Idempotency-Key may have at most %d characters", maxIdempotencyKey)
	}
	return bridge.WithAnswer(c.condition(c.Context()), c.scope.Account+" "+key, c.fingerprint(), render), nil
}

// fingerprint tells one request from another that carries the same key.
func (c *call) fingerprint() string {
	h := sha256.New()
	for _, part := range []string{c.Method, c.URL.EscapedPath(), string(c.body)} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// repeated answers as before what was carried out before.
func repeated(err error) (reply, error) {
	var before *bridge.RepeatedError
	if errors.As(err, &before) {
		return reply{before.Answer.Status, before.Answer.Body}, nil
	}
	return reply{}, err
}

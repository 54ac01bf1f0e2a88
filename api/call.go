package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/twilio"
)

// maxBody bounds what a request may send. The longest body and attributes of a
// message, percent-encoded, are a tenth of it.
const maxBody = 1 << 20

// call is a request as a handler sees it: authenticated, with its service found
// and its body read.
type call struct {
	*http.Request
	scope  twilio.Scope
	caller bridge.Caller
	body   []byte
	fetch  handler // what GET on the same path is answered by; nil without one
}

// handler answers one method of one path.
type handler func(*call) (reply, error)

// serve prepares the call and hands it over.
func (s *server) serve(w http.ResponseWriter, r *http.Request, who string, h, fetch handler) (reply, error) {
	scope, err := s.scope(r)
	if err != nil {
		return reply{}, err
	}
	c := &call{Request: r, scope: scope, caller: bridge.Caller{Source: conversations.SourceAPI, By: who}, fetch: fetch}
	if c.caller.Webhooks, err = webhooksEnabled(r); err != nil {
		return reply{}, err
	}
	if err := s.limit(c); err != nil {
		return reply{}, err
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		if err := refuseCoding(w, r); err != nil {
			return reply{}, err
		}
		if c.body, err = readBody(w, r); err != nil {
			return reply{}, err
		}
	}
	return h(c)
}

// scope finds the service that the request names, or the default one.
func (s *server) scope(r *http.Request) (twilio.Scope, error) {
	scope := twilio.Scope{PublicURL: s.cfg.PublicURL, Account: s.cfg.Account.SID}
	sid := r.PathValue("ChatServiceSid")
	if sid == "" {
		service, err := s.cfg.Store.DefaultService(r.Context())
		scope.Service = service.ID
		return scope, err
	}
	id, ok := twilio.ParseSID[conversations.ServiceID](sid)
	if !ok {
		return scope, errNotFound()
	}
	service, err := s.cfg.Store.Service(r.Context(), id)
	scope.Service, scope.ThroughService = service.ID, true
	return scope, err
}

// errNotFound is the error of a path whose SID is none.
func errNotFound() error { return &conversations.Error{Fault: conversations.NotFound} }

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	from := http.MaxBytesReader(w, r.Body, maxBody)
	if r.ContentLength > maxBody { // its sender need not write all that
		return nil, errTooLarge()
	}
	body, err := io.ReadAll(from)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, errTooLarge()
	case err != nil:
		return nil, twilio.Invalid("the request's body broke off")
	}
	return body, nil
}

func errTooLarge() error {
	return twilio.NewError(http.StatusRequestEntityTooLarge, twilio.CodeTooLarge,
		"Request Entity Too Large: at most %d bytes are accepted", maxBody)
}

// form reads the body's parameters. A body without a type is taken for a form,
// which is the only type that the reference knows outside the Content API.
func (c *call) form() (*twilio.Form, error) {
	if len(c.body) > 0 {
		if err := c.requireType("application/x-www-form-urlencoded"); err != nil {
			return nil, err
		}
	}
	return twilio.ParseForm(string(c.body))
}

// requireType refuses a body that is declared to be of another type.
func (c *call) requireType(want string) error {
	declared := c.Header.Get("Content-Type")
	if kind, _, err := mime.ParseMediaType(declared); declared != "" && (err != nil || kind != want) {
		return twilio.Invalid("the body must be %s", want)
	}
	return nil
}

// query reads the parameters in the URL.
func (c *call) query() (*twilio.Form, error) { return twilio.ParseForm(c.URL.RawQuery) }

// conversationKey is the conversation that a path below it names.
func (c *call) conversationKey() conversations.ConversationKey {
	return twilio.ParseConversationKey(c.PathValue("ConversationSid"))
}

// pathSID reads a SID from the path. Where there is none nothing can be found.
func pathSID[T twilio.ID](c *call, name string) (T, error) {
	id, ok := twilio.ParseSID[T](c.PathValue(name))
	if !ok {
		return "", errNotFound()
	}
	return id, nil
}

// reply is an answer: its status and its JSON, which is nil for an answer
// without content.
type reply struct {
	status int
	body   []byte
}

// ok is the reply to a query.
func ok(v any) reply { return reply{http.StatusOK, encode(v)} }

func (a reply) write(w http.ResponseWriter) {
	if len(a.body) > 0 {
		w.Header().Set("Content-Type", "application/json;charset=utf-8")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // who has hung up cannot be told so
}

// encode writes JSON as the reference does, with <, > and & as they are.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // the resources are plain structs, which encoding/json cannot refuse
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

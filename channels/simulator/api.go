package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"bridged/conversations"
)

// base is where the handler is mounted.
const base = "/bridged/v1/simulator"

// maxNamed bounds how many handsets one request names.
const maxNamed = 100

// retryAfter is what a sender is asked to wait while nothing is accepted, in seconds.
const retryAfter = "5"

// Handler serves the carrier's HTTP API. It expects whole paths, from
// /bridged/v1/simulator/ on, and does not authenticate: the wiring mounts it
// behind what does.
func (c *Carrier) Handler() http.Handler {
	mux := http.NewServeMux()
	for path, methods := range map[string]methods{
		base + "/messages":                    {http.MethodPost: c.postMessage},
		base + "/media":                       {http.MethodPost: c.postFile},
		filesPath + "{id}":                    {http.MethodGet: c.getFile},
		base + "/numbers":                     {http.MethodGet: c.listNumbers},
		base + "/handsets":                    {http.MethodGet: c.listHandsets},
		base + "/handsets/{address}":          {http.MethodGet: c.getHandset, http.MethodPut: c.putHandset},
		base + "/handsets/{address}/messages": {http.MethodGet: c.listMessages},
	} {
		mux.Handle(path, methods)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, 20404, fmt.Sprintf("The requested resource %s was not found", r.URL.Path))
	})
	return mux
}

// methods is what one path does by method.
type methods map[string]http.HandlerFunc

// ServeHTTP implements http.Handler. The mux would answer a wrong method in
// plain text.
func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if serve, ok := m[method]; ok {
		serve(w, r)
		return
	}
	w.Header().Set("Allow", strings.Join(slices.Sorted(maps.Keys(m)), ", "))
	fail(w, http.StatusMethodNotAllowed, 20004, "Method not allowed")
}

func (c *Carrier) postMessage(w http.ResponseWriter, r *http.Request) {
	var request draftJSON
	if err := decode(w, r, &request); err != nil {
		c.failWith(w, r, err)
		return
	}
	id, err := c.Originate(r.Context(), request.draft())
	if err != nil {
		c.failWith(w, r, err)
		return
	}
	answer(w, http.StatusCreated, idJSON{ID: id})
}

// listNumbers lists the proxy addresses that handsets can write to, by address.
func (c *Carrier) listNumbers(w http.ResponseWriter, _ *http.Request) {
	list := numbersJSON{Numbers: []numberJSON{}}
	c.mu.Lock()
	for a, channel := range c.proxies {
		list.Numbers = append(list.Numbers, numberJSON{Address: a, Type: a.Type(), Channel: channel})
	}
	c.mu.Unlock()
	slices.SortFunc(list.Numbers, func(a, b numberJSON) int { return strings.Compare(string(a.Address), string(b.Address)) })
	answer(w, http.StatusOK, list)
}

// listHandsets lists the handsets that were heard of or, with Address, those that
// are named, whether they were heard of or not.
func (c *Carrier) listHandsets(w http.ResponseWriter, r *http.Request) {
	known, err := c.named(r.URL.Query()["Address"])
	if err != nil {
		c.failWith(w, r, err)
		return
	}
	list := handsetsJSON{Handsets: make([]handsetJSON, 0, len(known))}
	for _, h := range known {
		list.Handsets = append(list.Handsets, renderHandset(h))
	}
	answer(w, http.StatusOK, list)
}

// named returns the handsets with these addresses; all that were heard of for none.
func (c *Carrier) named(addresses []string) ([]Handset, error) {
	if len(addresses) == 0 {
		return c.Handsets(), nil
	}
	if len(addresses) > maxNamed {
		return nil, invalid("Address is given more than %d times", maxNamed)
	}
	var list []Handset
	for _, raw := range addresses {
		a, err := parseAny(raw)
		if err != nil {
			return nil, invalid("Address is malformed: %v", err)
		}
		list = append(list, c.Handset(a))
	}
	return list, nil
}

func (c *Carrier) getHandset(w http.ResponseWriter, r *http.Request) {
	if a, ok := c.handsetOf(w, r); ok {
		answer(w, http.StatusOK, renderHandset(c.Handset(a)))
	}
}

func (c *Carrier) listMessages(w http.ResponseWriter, r *http.Request) {
	if a, ok := c.handsetOf(w, r); ok {
		answer(w, http.StatusOK, renderMessages(c.Messages(a)))
	}
}

func (c *Carrier) putHandset(w http.ResponseWriter, r *http.Request) {
	a, ok := c.handsetOf(w, r)
	if !ok {
		return
	}
	var request behaviourJSON
	if err := decode(w, r, &request); err != nil {
		c.failWith(w, r, err)
		return
	}
	b, err := request.behaviour()
	if err != nil {
		c.failWith(w, r, err)
		return
	}
	if _, err = c.SetBehaviour(a, b); err != nil {
		c.failWith(w, r, invalid("%v", err))
		return
	}
	answer(w, http.StatusOK, renderHandset(c.Handset(a)))
}

// handsetOf returns the handset that the path names, or answers that it is none.
// Every well-formed address is a handset: one that was never heard of has an
// empty thread and the default behaviour.
func (c *Carrier) handsetOf(w http.ResponseWriter, r *http.Request) (conversations.Address, bool) {
	a, err := parseAny(r.PathValue("address"))
	switch {
	case err != nil:
		c.failWith(w, r, invalid("the path names no handset: %v", err))
		return "", false
	case c.owner(a) != "":
		c.failWith(w, r, invalid("the path names a proxy address of bridged, and no handset"))
		return "", false
	}
	return a, true
}

// failWith answers an error.
func (c *Carrier) failWith(w http.ResponseWriter, r *http.Request, err error) {
	sentence, input := asInput(err)
	switch {
	case input:
		fail(w, http.StatusBadRequest, 20001, sentence)
	case isTooLarge(err):
		fail(w, http.StatusRequestEntityTooLarge, 20413, fmt.Sprintf("the body has more than %d bytes", maxRequest))
	case unavailable(err):
		w.Header().Set("Retry-After", retryAfter)
		fail(w, http.StatusServiceUnavailable, 20503, "the message cannot be accepted now; send it again later")
	default:
		c.cfg.Log.ErrorContext(r.Context(), "a request to the simulated carrier failed", "error", err)
		fail(w, http.StatusInternalServerError, 20500, "Internal Server Error")
	}
}

// unavailable says whether the same request can succeed later.
func unavailable(err error) bool {
	for _, e := range []error{
		conversations.ErrUnavailable, conversations.ErrBacklogFull, errNotConnected, context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

type errorJSON struct {
	Code     int    `json:"code"`
	Message  string `json:"message"`
	MoreInfo string `json:"more_info"`
	Status   int    `json:"status"`
}

func fail(w http.ResponseWriter, status, code int, message string) {
	answer(w, status, errorJSON{
		Code: code, Message: message, Status: status,
		MoreInfo: fmt.Sprintf("https://www.twilio.com/docs/errors/%d", code),
	})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // the status is out: a client that left cannot be told
}

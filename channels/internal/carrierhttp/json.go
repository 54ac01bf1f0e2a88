package carrierhttp

import (
	"context"
	"encoding/json"
	"net/http"

	"bridged/channels"
)

// JSONSend is a message on its way to a carrier that speaks JSON.
type JSONSend struct {
	URL    string
	Header http.Header // the credentials
	Body   any
	// Refusal reads an answer that is no success.
	Refusal func(Answer) *channels.SendError
	// Unsendable is the reference's code of a body that is no JSON.
	Unsendable int
}

// SendJSON hands a message over and reads the carrier's acceptance into accepted.
// It returns the id that the carrier has given to it, which id finds in there; the
// error is a *channels.SendError.
func SendJSON[T any](ctx context.Context, client *http.Client, s JSONSend, id func(T) string) (channels.Sent, error) {
	body, err := json.Marshal(s.Body)
	if err != nil {
		return channels.Sent{}, &channels.SendError{Verdict: channels.Permanent, Code: s.Unsendable, Cause: err}
	}
	header := s.Header.Clone()
	header.Set("Content-Type", "application/json")
	header.Set("Accept", "application/json")
	answer, err := Post(ctx, client, Request{URL: s.URL, Header: header, Body: body})
	if err != nil {
		return channels.Sent{}, err
	}
	if answer.Status < 200 || answer.Status > 299 {
		return channels.Sent{}, s.Refusal(answer)
	}
	var accepted T
	if json.Unmarshal(answer.Body, &accepted) != nil || id(accepted) == "" {
		return channels.Sent{}, Nonsense()
	}
	return channels.Sent{ProviderID: id(accepted)}, nil
}

// Bearer is a header with a token as the credentials.
func Bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

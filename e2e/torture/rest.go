package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"bridged/e2e/torture/history"
)

// conversation is a room as it was made.
type conversation struct {
	id   string // as the store has it; empty for those of strangers
	path string // of its resource
}

// call makes a request over REST of which the webhooks hear, and decodes its answer.
func (w *world) call(ctx context.Context, method, path string, form url.Values, key string, into any) (status int, err error) {
	base, err := w.target()
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequestWithContext(ctx, method, base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, err
	}
	r.SetBasicAuth(account, authToken)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Twilio-Webhook-Enabled", "true")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && into != nil {
		err = json.Unmarshal(body, into)
	}
	return answer.StatusCode, err
}

// must is a call that has to succeed: there are no faults yet, or no more.
func (w *world) must(ctx context.Context, method, path string, into any, form ...string) error {
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Add(form[i], form[i+1])
	}
	var answer json.RawMessage
	status, err := w.call(ctx, method, path, values, "", &answer)
	if err == nil && status/100 != 2 {
		err = fmt.Errorf("%s %s: %d %s", method, path, status, answer)
	}
	if err == nil && into != nil {
		err = json.Unmarshal(answer, into)
	}
	return err
}

// sid is what most answers are read for.
type sid struct{ SID string }

// furnish makes the conversations of the plan.
func (w *world) furnish(ctx context.Context) error {
	var service sid
	err := errors.Join(
		w.must(ctx, http.MethodPost, "/v1/Configuration/Webhooks", nil, "Method", "POST", "PostWebhookUrl", w.listener.URL+"/post",
			"Filters", "onMessageAdded", "Filters", "onConversationAdded", "Filters", "onConversationStateUpdated"),
		w.must(ctx, http.MethodPost, "/v1/Configuration/Addresses", nil, "Type", "sms", "Address", strangerProxy, "AutoCreation.Enabled", "true"),
		w.must(ctx, http.MethodPost, "/v1/Services", &service, "FriendlyName", "with a question"),
	)
	if err != nil {
		return err
	}
	err = w.must(ctx, http.MethodPost, "/v1/Services/"+service.SID+"/Configuration/Webhooks", nil, "Method", "POST",
		"PreWebhookUrl", w.listener.URL+"/pre", "PostWebhookUrl", w.listener.URL+"/post",
		"Filters", "onMessageAdd", "Filters", "onMessageAdded", "Filters", "onConversationStateUpdated")
	for _, r := range w.plan.rooms {
		path := "/v1/Conversations"
		if r.kind == asked {
			path = "/v1/Services/" + service.SID + path[len("/v1"):]
		}
		var c conversation
		if r.kind != stranger && err == nil {
			c, err = w.furnishRoom(ctx, path, r)
		}
		w.conversations = append(w.conversations, c)
	}
	return err
}

func (w *world) furnishRoom(ctx context.Context, path string, r room) (conversation, error) {
	var made sid
	if err := w.must(ctx, http.MethodPost, path, &made); err != nil {
		return conversation{}, err
	}
	c := conversation{bare(made.SID), path + "/" + made.SID}
	join := func(form ...string) error { return w.must(ctx, http.MethodPost, c.path+"/Participants", nil, form...) }
	var err error
	switch {
	case r.kind == group:
		err = join("Identity", r.agent, "MessagingBinding.ProjectedAddress", groupProxy)
	case r.agent != "":
		err = join("Identity", r.agent)
	}
	for _, n := range r.people {
		p := w.plan.people[n]
		switch p.channel {
		case groupChannel:
			err = errors.Join(err, join("MessagingBinding.Address", p.address))
		case whatsappChannel:
			err = errors.Join(err, join("MessagingBinding.Address", p.address, "MessagingBinding.ProxyAddress", whatsappProxy))
		default:
			err = errors.Join(err, join("MessagingBinding.Address", p.address, "MessagingBinding.ProxyAddress", smsProxy))
		}
	}
	return c, err
}

// closeStranger closes the conversation that routing has made for a stranger, if there
// is one: the next message makes another.
func (w *world) closeStranger(ctx context.Context, p person) error {
	var list struct {
		Conversations []struct {
			Conversation string `json:"conversation_sid"`
			State        string `json:"conversation_state"`
		}
	}
	if _, err := w.call(ctx, http.MethodGet, "/v1/ParticipantConversations?"+url.Values{"Address": {p.address}}.Encode(), nil, "", &list); err != nil {
		return err
	}
	for _, c := range list.Conversations {
		if c.State == "closed" {
			continue
		}
		if status, err := w.call(ctx, http.MethodPost, "/v1/Conversations/"+c.Conversation, url.Values{"State": {"closed"}}, "", nil); err != nil || status != http.StatusOK {
			return err // another step tries it again
		}
		w.count("conversations closed")
	}
	return nil
}

// everyReceipt is of how many messages one has its receipts looked at over REST.
const everyReceipt = 25

// show reads what REST shows of all messages of the conversations that the store has.
func (w *world) show(ctx context.Context, left history.Store) (shown []history.Shown, err error) {
	for _, c := range left.Conversations {
		next := "/v1/Conversations/CH" + c.ID + "/Messages?PageSize=100"
		for _, made := range w.conversations {
			if made.id == c.ID {
				next = made.path + "/Messages?PageSize=100"
			}
		}
		for next != "" {
			if shown, next, err = w.showPage(ctx, next, shown); err != nil {
				return nil, err
			}
		}
	}
	return shown, nil
}

func (w *world) showPage(ctx context.Context, path string, shown []history.Shown) ([]history.Shown, string, error) {
	var page struct {
		Messages []struct {
			SID      string
			Delivery map[string]any
			Links    struct {
				Receipts string `json:"delivery_receipts"`
			}
		}
		Meta struct {
			Next *string `json:"next_page_url"`
		}
	}
	if err := w.must(ctx, http.MethodGet, path, &page); err != nil {
		return nil, "", err
	}
	for _, m := range page.Messages {
		s := history.Shown{Message: bare(m.SID), Summary: m.Delivery}
		if len(shown)%everyReceipt == 0 && m.Delivery != nil {
			var list struct {
				Receipts []struct{ Status string } `json:"delivery_receipts"`
			}
			if err := w.must(ctx, http.MethodGet, pathOf(m.Links.Receipts)+"?PageSize=100", &list); err != nil {
				return nil, "", err
			}
			s.Receipts = []string{}
			for _, r := range list.Receipts {
				s.Receipts = append(s.Receipts, r.Status)
			}
		}
		shown = append(shown, s)
	}
	if page.Meta.Next == nil {
		return shown, "", nil
	}
	return shown, pathOf(*page.Meta.Next), nil
}

// pathOf is the path and the query of a URL.
func pathOf(absolute string) string {
	u, err := url.Parse(absolute)
	if err != nil {
		return absolute
	}
	return u.RequestURI()
}

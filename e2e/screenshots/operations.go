package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

// operations are what an operator has to look after: numbers that make conversations,
// messages that went nowhere, and one that was given up.
func (s *story) operations(ctx context.Context) error {
	for _, form := range []url.Values{
		{"Type": {"sms"}, "Address": {otherProxy}, "FriendlyName": {"Front desk"}, "AutoCreation.Enabled": {"true"}, "AutoCreation.Type": {"webhook"}, "AutoCreation.WebhookUrl": {"https://desk.example.com/bridged"}, "AutoCreation.WebhookFilters": {"onMessageAdded"}},
		{"Type": {"sms"}, "Address": {"+15550100004"}, "AutoCreation.Enabled": {"false"}},
	} {
		if err := s.post(ctx, "/v1/Configuration/Addresses", form, nil); err != nil {
			return err
		}
	}
	for from, text := range map[string]string{"+447700900456": "Is this still the number of the flower shop?", "+4915123450000": "Hello? I would like to order for Friday."} {
		body := fmt.Sprintf(`{"from":%q,"to":["+15550100003"],"body":%q}`, from, text)
		if err := s.call(ctx, http.MethodPost, "/bridged/v1/simulator/messages", "application/json", strings.NewReader(body), nil); err != nil {
			return err
		}
	}
	return s.givenUp(ctx)
}

// givenUp is a message whose carrier refused until it was given up.
func (s *story) givenUp(ctx context.Context) error {
	c, err := s.converse(ctx, "Order 1039", map[string]string{"+33612345999": smsProxy})
	if err != nil {
		return err
	}
	if err := s.call(ctx, http.MethodPut, "/bridged/v1/simulator/handsets/"+url.PathEscape("+33612345999"), "application/json",
		strings.NewReader(`{"refuse":{"kind":"retry","code":30006,"times":3}}`), nil); err != nil {
		return err
	}
	if err := s.say(ctx, c, "Jonas", "Your parcel is at the shop."); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		var list struct {
			Letters []json.RawMessage `json:"dead_letters"`
		}
		if err := s.call(ctx, http.MethodGet, "/bridged/v1/dead-letters", "", nil, &list); err != nil || len(list.Letters) > 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("nothing was given up: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// openDelivery shows the attempts of the delivery that can be redriven.
func openDelivery() chromedp.Action {
	return chromedp.Tasks{
		chromedp.Click("tr:has(.check input) .open-row"), chromedp.WaitVisible(".attempts .words"),
	}
}

// openConfiguration shows the form of an address configuration.
func openConfiguration() chromedp.Action {
	return chromedp.Tasks{
		chromedp.Click(`tr[data-address="` + otherProxy + `"] .cell-actions .button`), chromedp.WaitVisible("dialog .checks"),
	}
}

package main

import (
	"fmt"
	"net/http"
	"slices"

	"bridged/channels"
	"bridged/channels/simulator"
	"bridged/channels/sms/bandwidth"
	"bridged/channels/sms/telnyx"
	sms "bridged/channels/sms/twilio"
	"bridged/channels/whatsapp/cloud"
	whatsapp "bridged/channels/whatsapp/twilio"
	"bridged/cmd/bridged/internal/config"
	"bridged/conversations"
	"bridged/guard"
)

// newAdapter makes the adapter of one configured channel. A new driver is one
// more line here.
func newAdapter(c config.Channel, publicURL string, carrier *simulator.Carrier, private []string) (channels.Adapter, error) {
	switch c.Type + "/" + c.Driver {
	case "sms/twilio":
		return sms.New(sms.Config{Name: c.Name, PublicURL: publicURL, AccountSID: c.Twilio.AccountSID, AuthToken: c.Twilio.AuthToken.Value, APIBaseURL: c.Twilio.APIBaseURL, FileClient: fileClient(private, c.Twilio.APIBaseURL)})
	case "sms/telnyx":
		return telnyx.New(telnyx.Config{Name: c.Name, PublicURL: publicURL, APIKey: c.Telnyx.APIKey.Value, PublicKey: c.Telnyx.PublicKey, Numbers: addresses(c.Numbers), APIBaseURL: c.Telnyx.APIBaseURL})
	case "sms/bandwidth":
		return bandwidth.New(bandwidth.Config{Name: c.Name, AccountID: c.Bandwidth.AccountID, ApplicationID: c.Bandwidth.ApplicationID, Username: c.Bandwidth.Username, Password: c.Bandwidth.Password.Value, CallbackUsername: c.Bandwidth.CallbackUsername, CallbackPassword: c.Bandwidth.CallbackPassword.Value, APIBaseURL: c.Bandwidth.APIBaseURL, FileClient: fileClient(private, c.Bandwidth.APIBaseURL)})
	case "whatsapp/twilio":
		return whatsapp.New(whatsapp.Config{Name: c.Name, PublicURL: publicURL, AccountSID: c.Twilio.AccountSID, AuthToken: c.Twilio.AuthToken.Value, APIBaseURL: c.Twilio.APIBaseURL, FileClient: fileClient(private, c.Twilio.APIBaseURL)})
	case "whatsapp/cloud":
		return cloud.New(cloud.Config{Name: c.Name, Number: addresses(c.Numbers)[0], PhoneNumberID: c.Cloud.PhoneNumberID, AccessToken: c.Cloud.AccessToken.Value, AppSecret: c.Cloud.AppSecret.Value, VerifyToken: c.Cloud.VerifyToken.Value, UserIDField: c.Cloud.UserIDField, APIBaseURL: c.Cloud.APIBaseURL, FileClient: fileClient(private, c.Cloud.APIBaseURL)})
	case "sms/simulator", "whatsapp/simulator":
		return carrier.Channel(c.Name, conversations.ChannelType(c.Type), addresses(c.Numbers)), nil
	}
	// The configuration refuses drivers that are not in the list above.
	return nil, fmt.Errorf("channel %s: no driver %q of type %q", c.Name, c.Driver, c.Type)
}

// fileClient makes the client that fetches files of inbound messages: from public
// addresses, from the hosts that the operator names, and from the carrier's own.
func fileClient(private []string, apiBaseURL string) *http.Client {
	return guard.NewClient(guard.Config{Trusted: append(slices.Clone(private), guard.HostOf(apiBaseURL))})
}

// newDirectory makes the adapters of all configured channels.
func newDirectory(cfg *config.Config, carrier *simulator.Carrier) (*channels.Directory, error) {
	directory := channels.NewDirectory()
	for _, c := range cfg.Channels {
		adapter, err := newAdapter(c, cfg.Server.PublicURL, carrier, cfg.Media.PrivateHosts)
		if err != nil {
			return nil, fmt.Errorf("channel %s: %w", c.Name, err)
		}
		if err := directory.Add(adapter, addresses(c.Numbers)); err != nil {
			return nil, err
		}
	}
	for _, n := range cfg.Numbers {
		number, err := directory.Parse(conversations.Address(n.Address))
		if err != nil {
			return nil, fmt.Errorf("number %s: %w", n.Address, err)
		}
		directory.LimitMedia(number, int64(n.MaxMMSBytes))
	}
	return directory, nil
}

func addresses(numbers []string) []conversations.Address {
	list := make([]conversations.Address, len(numbers))
	for i, n := range numbers {
		list[i] = conversations.Address(n)
	}
	return list
}

package twilio

import "bridged/conversations"

// Credential is the credential resource (page 19), without its secrets.
type Credential struct {
	SID          string  `json:"sid"`
	AccountSID   string  `json:"account_sid"`
	FriendlyName *string `json:"friendly_name"`
	Type         string  `json:"type"`
	Sandbox      string  `json:"sandbox"` // "True" or "False", as the reference writes it
	DateCreated  string  `json:"date_created"`
	DateUpdated  string  `json:"date_updated"`
	URL          string  `json:"url"`
}

// CredentialsURL is the URL of the list of credentials.
func (s Scope) CredentialsURL() string { return s.AccountURL("Credentials") }

// Credential shows a credential.
func (s Scope) Credential(d conversations.Credential) Credential {
	shown := Credential{
		SID:          SID(d.ID),
		AccountSID:   s.Account,
		FriendlyName: d.FriendlyName,
		Type:         string(d.Type),
		Sandbox:      "False",
		DateCreated:  Date(d.Created),
		DateUpdated:  Date(d.Updated),
		URL:          s.CredentialsURL() + "/" + SID(d.ID),
	}
	if d.Sandbox {
		shown.Sandbox = "True"
	}
	return shown
}

// Binding is one device that gets push notifications (page 18).
type Binding struct {
	SID            string   `json:"sid"`
	AccountSID     string   `json:"account_sid"`
	ChatServiceSID string   `json:"chat_service_sid"`
	DateCreated    string   `json:"date_created"`
	DateUpdated    string   `json:"date_updated"`
	Endpoint       string   `json:"endpoint"`
	Identity       string   `json:"identity"`
	BindingType    string   `json:"binding_type"`
	CredentialSID  *string  `json:"credential_sid"`
	MessageTypes   []string `json:"message_types"`
	URL            string   `json:"url"`
}

// Binding shows a device that gets push notifications.
func (s Scope) Binding(b conversations.PushBinding) Binding {
	return Binding{
		SID:            SID(b.ID),
		AccountSID:     s.Account,
		ChatServiceSID: SID(b.Service),
		DateCreated:    Date(b.Created),
		DateUpdated:    Date(b.Updated),
		Endpoint:       b.Endpoint,
		Identity:       b.Identity,
		BindingType:    string(b.Type),
		CredentialSID:  NullableSID(&b.Credential),
		MessageTypes:   append([]string{}, b.MessageTypes...),
		URL:            s.URL("Bindings/" + SID(b.ID)),
	}
}

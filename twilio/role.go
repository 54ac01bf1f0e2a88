package twilio

import "bridged/conversations"

// Role is the role resource (page 09).
type Role struct {
	SID            string                     `json:"sid"`
	AccountSID     string                     `json:"account_sid"`
	ChatServiceSID string                     `json:"chat_service_sid"`
	FriendlyName   string                     `json:"friendly_name"`
	Type           string                     `json:"type"`
	Permissions    []conversations.Permission `json:"permissions"`
	DateCreated    string                     `json:"date_created"`
	DateUpdated    string                     `json:"date_updated"`
	URL            string                     `json:"url"`
}

// Role shows a role.
func (s Scope) Role(r conversations.Role) Role {
	return Role{
		SID:            SID(r.ID),
		AccountSID:     s.Account,
		ChatServiceSID: SID(r.Service),
		FriendlyName:   r.FriendlyName,
		Type:           string(r.Type),
		Permissions:    r.Permissions,
		DateCreated:    Date(r.Created),
		DateUpdated:    Date(r.Updated),
		URL:            s.URL("Roles/" + SID(r.ID)),
	}
}

package conversations

import "time"

// PushType is a service that carries push notifications (page 39).
type PushType string

// The push services, and the connection of a client SDK that is online.
const (
	PushAPN      PushType = "apn"
	PushFCM      PushType = "fcm"
	PushGCM      PushType = "gcm"
	PushTwilsock PushType = "twilsock"
)

// Credential is what a push service knows the operator by (page 19). Its secrets
// are never shown.
type Credential struct {
	Seq              int64
	ID               CredentialID
	FriendlyName     *string
	Type             PushType
	Sandbox          bool   // of Apple's service
	Certificate      string // PEM, for APN
	PrivateKey       string // PEM, for APN
	APIKey           string // for GCM
	Secret           string // for FCM
	Created, Updated time.Time
}

// PushBinding is one device of a user that gets push notifications (page 18).
// Client SDKs make it.
type PushBinding struct {
	Seq              int64
	ID               PushBindingID
	Service          ServiceID
	Credential       CredentialID
	Identity         string
	Endpoint         string // unique to the app on the device
	Type             PushType
	MessageTypes     []string
	Created, Updated time.Time
}

// PushBindingFilter narrows a list of push bindings. What is empty does not
// filter.
type PushBindingFilter struct {
	Types      []PushType
	Identities []string
}

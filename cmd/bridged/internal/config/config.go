package config

import (
	"net/netip"
	"sync"
	"time"
)

// Config is a configuration that holds no mistake. It does not change after
// loading, with one exception: ReloadSecrets gives its secrets new values.
type Config struct {
	Server            Server             `toml:"server"`
	Admin             Admin              `toml:"admin"`
	Account           Account            `toml:"account"`
	Store             Store              `toml:"store"`
	Media             Media              `toml:"media"`
	Log               Log                `toml:"log"`
	Channels          []Channel          `toml:"channels"`
	Numbers           []Number           `toml:"numbers"`
	MessagingServices []MessagingService `toml:"messaging_services"`
	Webhooks          Webhooks           `toml:"webhooks"`
	Retry             Retry              `toml:"retry"`
	Limits            Limits             `toml:"limits"`
	OptOut            OptOut             `toml:"opt_out"`
	Relay             Relay              `toml:"relay"`
	Events            Events             `toml:"events"`
	Retention         Retention          `toml:"retention"`
	Sinks             []Sink             `toml:"sinks"`
	// Studio maps the SID of a flow to the URL that gets its calls.
	Studio map[string]string `toml:"studio" later:"true"`

	// FirstStart says that the credentials of the embedded default were made by
	// this load, so that nobody has seen them yet.
	FirstStart bool `toml:"-"`

	warnings []Finding
	// again repeats the load that made this configuration.
	again    func() (*Config, error)
	reloadMu sync.Mutex
}

// Server is the public HTTP server.
type Server struct {
	// Listen is host:port, or unix:PATH; see SocketPath.
	Listen string `toml:"listen" default:"127.0.0.1:8080" check:"listen:socket"`
	// PublicURL has no slash at its end. Where it is not written it follows
	// Listen; see Bound.
	PublicURL      string    `toml:"public_url" check:"base_url"`
	TrustedProxies []Network `toml:"trusted_proxies"`
	// CORSOrigins are the origins whose pages may call the REST API.
	CORSOrigins []Origin `toml:"cors_origins"`
	TLS         TLS      `toml:"tls"`

	publicURLFollows bool
}

// TLS names the certificate of the public server.
type TLS struct {
	CertFile string `toml:"cert_file"`
	KeyFile  string `toml:"key_file"`
}

// Enabled says whether the public server speaks HTTPS.
func (t TLS) Enabled() bool { return t.CertFile != "" }

// Admin is the server of health checks and metrics.
type Admin struct {
	Listen string `toml:"listen" default:"127.0.0.1:8081" check:"listen"`
}

// Account is the one account of the installation.
type Account struct {
	SID       string   `toml:"sid" required:"true" check:"sid:AC"`
	AuthToken Secret   `toml:"auth_token" required:"true"`
	APIKeys   []APIKey `toml:"api_keys"`
}

// APIKey is a pair of credentials that may be used in the account's place.
type APIKey struct {
	SID    string `toml:"sid" required:"true" check:"sid:SK"`
	Secret Secret `toml:"secret" required:"true"`
}

// Store says where the data is kept.
type Store struct {
	// URL is "sqlite:PATH" or "postgres://…". It is a secret because the latter
	// may hold a password; Redacted is what may be shown of it.
	URL Secret `toml:"url" default:"sqlite:bridged-data/bridged.db" check:"store" reload:"no"`
	// MaxWriters and MaxReaders bound what goes to PostgreSQL at once: transactions
	// that write, one of them for what has to be alone, and queries.
	MaxWriters int `toml:"max_writers" default:"8" check:"min:2"`
	MaxReaders int `toml:"max_readers" default:"4" check:"min:1"`
}

// Media says where files are kept, and how carriers get at them.
type Media struct {
	Dir           string        `toml:"dir" default:"bridged-data/media" check:"nonempty"`
	UnattachedTTL time.Duration `toml:"unattached_ttl" default:"5m"`
	LinkFallback  bool          `toml:"link_fallback" default:"true"`
	CarrierURLTTL time.Duration `toml:"carrier_url_ttl" default:"24h"`
	// PrivateHosts may have any address when files of inbound messages are fetched
	// from them: "host" or "host:port".
	PrivateHosts []string `toml:"private_hosts"`
}

// Log says what the log looks like.
type Log struct {
	Format string `toml:"format" default:"text" check:"oneof:text,json"`
	Level  string `toml:"level" default:"info" check:"oneof:debug,info,warn,error"`
}

// Channel is an account at a carrier, with the proxy addresses that it owns. Of
// the driver tables only the one of its driver is not nil.
type Channel struct {
	Name    string   `toml:"name" required:"true" check:"name"`
	Type    string   `toml:"type" required:"true" check:"oneof:sms,whatsapp"`
	Driver  string   `toml:"driver" required:"true"`
	Numbers []string `toml:"numbers" required:"true"`
	// Rate and PairRate bound, in requests to the carrier per second, what the whole
	// channel sends, and what goes to one person from one number; 0 is no bound. So
	// many of the bursts may go at once.
	Rate      float64 `toml:"rate" check:"positive"`
	Burst     int     `toml:"burst" default:"1" check:"min:1"`
	PairRate  float64 `toml:"pair_rate" check:"positive"`
	PairBurst int     `toml:"pair_burst" default:"1" check:"min:1"`
	// SmartEncoding makes typographic marks plain where that saves segments.
	SmartEncoding bool `toml:"smart_encoding" default:"false"`
	// OptOut says who deals with STOP; empty: as channels of this type do.
	OptOut string `toml:"opt_out" check:"oneof:carrier,bridged,off"`

	// FallbackContentSID is the template that goes out in the stead of free text
	// while a window is closed. ResendWhenOpen says that what could not go out does
	// when the person writes.
	FallbackContentSID string `toml:"fallback_content_sid" check:"sid:HX"`
	ResendWhenOpen     bool   `toml:"resend_when_open"`

	Twilio    *Twilio    `toml:"twilio"`
	Cloud     *Cloud     `toml:"cloud"`
	Telnyx    *Telnyx    `toml:"telnyx"`
	Bandwidth *Bandwidth `toml:"bandwidth"`
	Simulator *Simulator `toml:"simulator"`
}

// Twilio is the table of driver twilio, of both types.
type Twilio struct {
	AccountSID string `toml:"account_sid" required:"true" check:"sid:AC"`
	AuthToken  Secret `toml:"auth_token" required:"true"`
	APIBaseURL string `toml:"api_base_url" default:"https://api.twilio.com" check:"base_url"`
}

// Cloud is the table of driver cloud: the WhatsApp Business Cloud API.
type Cloud struct {
	PhoneNumberID string `toml:"phone_number_id" required:"true"`
	AccessToken   Secret `toml:"access_token" required:"true"`
	AppSecret     Secret `toml:"app_secret" required:"true"`
	VerifyToken   Secret `toml:"verify_token" required:"true"`
	// UserIDField is the field that a business-scoped id is sent in.
	UserIDField string `toml:"user_id_field" default:"to" check:"oneof:to,recipient"`
	APIBaseURL  string `toml:"api_base_url" default:"https://graph.facebook.com/v23.0" check:"base_url"`
}

// Telnyx is the table of driver telnyx.
type Telnyx struct {
	APIKey     Secret `toml:"api_key" required:"true"`
	PublicKey  string `toml:"public_key" required:"true" check:"ed25519"`
	APIBaseURL string `toml:"api_base_url" default:"https://api.telnyx.com/v2" check:"base_url"`
}

// Bandwidth is the table of driver bandwidth.
type Bandwidth struct {
	AccountID        string `toml:"account_id" required:"true"`
	ApplicationID    string `toml:"application_id" required:"true"`
	Username         string `toml:"username" required:"true"`
	Password         Secret `toml:"password" required:"true"`
	CallbackUsername string `toml:"callback_username" required:"true"`
	CallbackPassword Secret `toml:"callback_password" required:"true"`
	APIBaseURL       string `toml:"api_base_url" default:"https://messaging.bandwidth.com/api/v2" check:"base_url"`
}

// Simulator is the table of driver simulator. It has no key, and may be left
// out.
type Simulator struct{}

// Number holds what is particular to one number that a channel owns.
type Number struct {
	Address                string `toml:"address" required:"true"`
	InboundWebhook         string `toml:"inbound_webhook" check:"webhook"`
	InboundWebhookMethod   string `toml:"inbound_webhook_method" default:"POST" check:"oneof:POST,GET"`
	InboundFallbackWebhook string `toml:"inbound_fallback_webhook" check:"webhook"`
	MaxMMSBytes            int    `toml:"max_mms_bytes" default:"5000000" check:"min:1"`
	// Rate and Burst are as those of a channel, for this number.
	Rate  float64 `toml:"rate" check:"positive"`
	Burst int     `toml:"burst" default:"1" check:"min:1"`
}

// MessagingService is a pool of senders. The first is the default one.
type MessagingService struct {
	SID            string   `toml:"sid" required:"true" check:"sid:MG"`
	Senders        []string `toml:"senders"`
	Autocreate     bool     `toml:"autocreate"`
	InboundWebhook string   `toml:"inbound_webhook" check:"webhook"`
}

// Webhooks says how webhooks of every kind are called.
type Webhooks struct {
	// RetryFor is how long after an event its webhooks are still called again.
	RetryFor time.Duration `toml:"retry_for" default:"4h"`
	// FallbackURL is told of the events that a webhook has not taken.
	FallbackURL string `toml:"fallback_url" check:"webhook"`
	// DenyPrivateNetworks says that only addresses of the public internet are called.
	DenyPrivateNetworks bool `toml:"deny_private_networks" default:"false"`
	// CAFile names certificates, in PEM, of authorities that are believed beside the
	// system's.
	CAFile string `toml:"ca_file" check:"ca_file"`
}

// Retry says how sends to carriers are repeated.
type Retry struct {
	First         time.Duration `toml:"first" default:"5s"`
	Max           time.Duration `toml:"max" default:"1h"`
	Attempts      int           `toml:"attempts" default:"8" check:"min:1"`
	UnknownWait   time.Duration `toml:"unknown_wait" default:"30s"`
	ResendUnknown bool          `toml:"resend_unknown" default:"true"`
	SendTimeout   time.Duration `toml:"send_timeout" default:"15s"`
}

// Limits bounds what the installation takes on.
type Limits struct {
	// ActionsPerSecond bounds the REST API's writes to each conversation and
	// service, as page 31 has it; 0 is no bound.
	ActionsPerSecond int `toml:"actions_per_second" default:"0" check:"min:0"`
	Backlog          int `toml:"backlog" default:"1000000" check:"min:1"`
	// Connections bounds how many clients of server.listen may be connected at once.
	Connections int `toml:"connections" default:"4096" check:"min:1"`
	// SenderRate bounds, in messages per second, what one person sends to one of
	// our numbers; 0 is no bound. SenderBurst may come at once.
	SenderRate  float64 `toml:"sender_rate" default:"0" check:"notnegative"`
	SenderBurst int     `toml:"sender_burst" default:"20" check:"min:1"`
}

// OptOut are the keywords of people who want no more messages, and our answers to
// them on channels with opt_out = "bridged". An empty list is the usual one.
type OptOut struct {
	Stop       []string `toml:"stop"`
	Start      []string `toml:"start"`
	Help       []string `toml:"help"`
	StopReply  string   `toml:"stop_reply" default:"You get no more messages from this number. Reply START to get them again."`
	StartReply string   `toml:"start_reply" default:"You get messages from this number again. Reply STOP to end them."`
	HelpReply  string   `toml:"help_reply"`
}

// Relay says in which conversations people are told who speaks.
type Relay struct {
	Prefix         bool     `toml:"prefix" default:"false"`
	PrefixServices []string `toml:"prefix_services"`
}

// Network is an address or a network, such as "10.0.0.0/8".
type Network struct{ netip.Prefix }

// Warnings returns what is no mistake and yet does not do what it seems to, in
// the order of the file.
func (c *Config) Warnings() []Finding { return c.warnings }

package twilio

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"bridged/conversations"
)

// The codes of what can be wrong with an Access Token.
const (
	CodeTokenInvalid   = 20101
	CodeTokenHeader    = 20102
	CodeTokenIssuer    = 20103
	CodeTokenExpired   = 20104
	CodeTokenEarly     = 20105
	CodeTokenGrants    = 20106
	CodeTokenSignature = 20107
	CodeTokenTooLong   = 20157
)

// The bounds of an Access Token.
const (
	// MaxTokenTTL is the longest life of a token (page 55).
	MaxTokenTTL = 24 * time.Hour
	// MaxIdentity is how many characters an identity may have (page 31).
	MaxIdentity = 256
	// tokenLeeway is by how much the clock of the machine that signs may be ahead
	// of this one. The end of a token has no leeway: it is this clock's.
	tokenLeeway = time.Minute
	// maxToken is in bytes. A token with an identity of the greatest length and
	// every grant has a tenth of it.
	maxToken = 16 << 10
	// tokenContent is the `cty` of the header.
	tokenContent = "twilio-fpa;v=1" //nolint:gosec // a media type, and no secret
	// lastSecond is the end of the year 9999. A date beyond it is none.
	lastSecond = 253402300799
)

// AccessToken is what an Access Token says: that a program which knows the secret
// of an API key lets its bearer be a user of a chat service (pages 55 and 56).
type AccessToken struct {
	ID             string // `jti`
	Key            string // the SID of the API key whose secret signs it
	Account        string // the account's SID
	Identity       string
	Service        conversations.ServiceID
	DeploymentRole string // a SID, where the token names one; likewise below
	PushCredential string
	Endpoint       string
	Issued         time.Time // zero where the token does not say so
	NotBefore      time.Time // likewise
	Expires        time.Time
}

// tokenClaims are the claims as they travel. The grants are read by themselves,
// so that it can be told what is wrong with a token.
type tokenClaims struct {
	jwt.RegisteredClaims
	Grants json.RawMessage `json:"grants"`
}

type tokenGrants struct {
	Identity string     `json:"identity,omitempty"`
	Chat     *chatGrant `json:"chat,omitempty"`
	// IPMessaging is how older helper libraries name the chat grant.
	IPMessaging *chatGrant `json:"ip_messaging,omitempty"`
}

type chatGrant struct {
	ServiceSID        string `json:"service_sid,omitempty"`
	EndpointID        string `json:"endpoint_id,omitempty"`
	DeploymentRoleSID string `json:"deployment_role_sid,omitempty"`
	PushCredentialSID string `json:"push_credential_sid,omitempty"`
}

// Sign makes the token that the official client SDKs take, signed with the secret
// of its API key. It lives from now until t.Expires; t.ID and t.Issued follow
// from now where they are empty. What the verification would refuse is an *Error.
func (t AccessToken) Sign(secret string, now time.Time) (string, error) {
	now = now.Truncate(time.Second)
	if t.Issued.IsZero() {
		t.Issued = now
	}
	if t.ID == "" {
		t.ID = fmt.Sprintf("%s-%d", t.Key, now.Unix())
	}
	grants := tokenGrants{Identity: t.Identity, Chat: &chatGrant{
		ServiceSID: SID(t.Service), EndpointID: t.Endpoint,
		DeploymentRoleSID: t.DeploymentRole, PushCredentialSID: t.PushCredential,
	}}
	if err := checkGrants(grants); err != nil {
		return "", err
	}
	if err := checkLife(t, now); err != nil {
		return "", err
	}
	text, err := json.Marshal(grants)
	if err != nil {
		return "", fmt.Errorf("write the grants: %w", err)
	}
	claims := tokenClaims{Grants: text, RegisteredClaims: jwt.RegisteredClaims{
		ID: t.ID, Issuer: t.Key, Subject: t.Account,
		IssuedAt: jwt.NewNumericDate(t.Issued), ExpiresAt: jwt.NewNumericDate(t.Expires),
	}}
	if !t.NotBefore.IsZero() {
		claims.NotBefore = jwt.NewNumericDate(t.NotBefore)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims)
	token.Header["cty"] = tokenContent
	return token.SignedString([]byte(secret))
}

// TokenVerifier says whether Access Tokens are to be believed.
type TokenVerifier struct {
	Account string // the account's SID
	// Keys are the secrets of the API keys by their SIDs, asked for with every
	// token, because they can be reloaded. An empty secret signs nothing.
	Keys func() map[string]string
	Now  func() time.Time
}

// Verify reads a token and checks all of it: form and header, issuer and subject,
// signature, life, and grants. The error is an *Error with the reference's code.
// Whether the service exists is for the caller to see.
func (v TokenVerifier) Verify(text string) (AccessToken, error) {
	// Line ends are no part of a token, but a decoder of base64 skips them.
	if len(text) > maxToken || strings.ContainsAny(text, "\r\n") {
		return AccessToken{}, refuseToken(CodeTokenInvalid, "Invalid Access Token")
	}
	var claims tokenClaims
	parser := jwt.NewParser(jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation())
	if _, err := parser.ParseWithClaims(text, &claims, func(t *jwt.Token) (any, error) { return v.secret(t, claims) }); err != nil {
		return AccessToken{}, tokenError(err)
	}
	t := AccessToken{ID: claims.ID, Key: claims.Issuer, Account: claims.Subject}
	if err := t.readLife(claims, v.Now()); err != nil {
		return AccessToken{}, err
	}
	if err := t.readGrants(claims.Grants); err != nil {
		return AccessToken{}, err
	}
	return t, nil
}

// secret finds the secret that a token should be signed with, and checks what
// leads there.
func (v TokenVerifier) secret(t *jwt.Token, claims tokenClaims) (any, error) {
	if _, ok := t.Method.(*jwt.SigningMethodHMAC); !ok {
		return nil, refuseToken(CodeTokenHeader, "Invalid Access Token header: alg must be HS256, HS384 or HS512")
	}
	if t.Header["typ"] != "JWT" || t.Header["cty"] != tokenContent {
		return nil, refuseToken(CodeTokenHeader, "Invalid Access Token header: typ must be JWT and cty %s", tokenContent)
	}
	secret := v.Keys()[claims.Issuer]
	if secret == "" || claims.Subject != v.Account {
		return nil, refuseToken(CodeTokenIssuer, "Invalid Access Token issuer/subject: iss must be an API key of this installation and sub its account")
	}
	return []byte(secret), nil
}

// tokenError gives a failure of the parser the reference's code.
func tokenError(err error) error {
	var refused *Error
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return refuseToken(CodeTokenSignature, "Invalid Access Token signature")
	case errors.Is(err, jwt.ErrTokenUnverifiable):
		return refuseToken(CodeTokenHeader, "Invalid Access Token header: alg must be HS256, HS384 or HS512")
	}
	return refuseToken(CodeTokenInvalid, "Invalid Access Token")
}

// refuseToken makes the error of a token that is not believed. The dictionary's
// statuses are unverified; whoever has no valid token is not authenticated, and
// 401 is what the client SDKs take for final.
func refuseToken(code int, format string, args ...any) *Error {
	return NewError(http.StatusUnauthorized, code, format, args...)
}

// readLife reads the dates of a token and checks them against now.
func (t *AccessToken) readLife(c tokenClaims, now time.Time) error {
	for _, date := range []struct {
		claim *jwt.NumericDate
		into  *time.Time
		code  int
		wrong string
	}{
		{c.ExpiresAt, &t.Expires, CodeTokenExpired, "Access Token expired or expiration date invalid"},
		{c.NotBefore, &t.NotBefore, CodeTokenEarly, "Access Token not yet valid"},
		{c.IssuedAt, &t.Issued, CodeTokenInvalid, "Invalid Access Token"},
	} {
		switch {
		case date.claim == nil:
		case date.claim.Unix() < 0 || date.claim.Unix() > lastSecond:
			return refuseToken(date.code, "%s", date.wrong)
		default:
			*date.into = date.claim.UTC()
		}
	}
	return checkLife(*t, now)
}

func checkLife(t AccessToken, now time.Time) error {
	last := now
	if !t.Issued.IsZero() && t.Issued.Before(now) {
		last = t.Issued
	}
	switch {
	case !t.Expires.After(now): // where there is none, too
		return refuseToken(CodeTokenExpired, "Access Token expired or expiration date invalid")
	case t.NotBefore.After(now.Add(tokenLeeway)):
		return refuseToken(CodeTokenEarly, "Access Token not yet valid")
	case t.Expires.After(last.Add(MaxTokenTTL + tokenLeeway)):
		return refuseToken(CodeTokenTooLong, "Expiration Time Exceeds Maximum Time Allowed: at most 24 hours")
	}
	return nil
}

func (t *AccessToken) readGrants(text json.RawMessage) error {
	var grants tokenGrants
	if err := json.Unmarshal(text, &grants); err != nil {
		return refuseToken(CodeTokenGrants, "Invalid Access Token grants")
	}
	if grants.Chat == nil {
		grants.Chat = grants.IPMessaging
	}
	if err := checkGrants(grants); err != nil {
		return err
	}
	t.Identity = grants.Identity
	t.Service, _ = ParseSID[conversations.ServiceID](grants.Chat.ServiceSID)
	t.Endpoint = grants.Chat.EndpointID
	t.DeploymentRole = grants.Chat.DeploymentRoleSID
	t.PushCredential = grants.Chat.PushCredentialSID
	return nil
}

func checkGrants(g tokenGrants) error {
	const wrong = "Invalid Access Token grants: "
	switch {
	case g.Identity == "":
		return refuseToken(CodeTokenGrants, wrong+"identity is missing")
	case utf8.RuneCountInString(g.Identity) > MaxIdentity:
		return refuseToken(CodeTokenGrants, wrong+"identity has more than %d characters", MaxIdentity)
	case !utf8.ValidString(g.Identity) || strings.ContainsRune(g.Identity, 0):
		return refuseToken(CodeTokenGrants, wrong+"identity is not UTF-8 text")
	case g.Chat == nil:
		return refuseToken(CodeTokenGrants, wrong+"chat is missing")
	}
	if _, ok := ParseSID[conversations.ServiceID](g.Chat.ServiceSID); !ok {
		return refuseToken(CodeTokenGrants, wrong+"chat.service_sid must be IS and 32 hexadecimal digits")
	}
	return nil
}

package twilio_test

import (
	"encoding/base64"
	"maps"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	twiliojwt "github.com/twilio/twilio-go/client/jwt"
	"pgregory.net/rapid"

	"bridged/conversations"
	"bridged/twilio"
)

const (
	tokenDigits  = "0123456789abcdef0123456789abcdef"
	tokenAccount = "AC" + tokenDigits
	tokenKey     = "SK" + tokenDigits
	tokenSecret  = "a secret of some length"
)

func verifier(now time.Time) twilio.TokenVerifier {
	return twilio.TokenVerifier{
		Account: tokenAccount,
		Keys:    func() map[string]string { return map[string]string{tokenKey: tokenSecret, "SKempty": ""} },
		Now:     func() time.Time { return now },
	}
}

func anAccessToken(expires time.Time) twilio.AccessToken {
	return twilio.AccessToken{Key: tokenKey, Account: tokenAccount, Identity: "al ice@example.com", Service: tokenDigits, Expires: expires}
}

func TestAccessToken_asTheReferenceHasIt(t *testing.T) {
	t.Parallel()
	now := time.Unix(1700000000, 999)
	text, err := anAccessToken(now.Add(time.Hour)).Sign(tokenSecret, now)
	require.NoError(t, err)
	parts := strings.Split(text, ".")
	require.Len(t, parts, 3)
	for i, want := range []string{
		`{"alg":"HS256","typ":"JWT","cty":"twilio-fpa;v=1"}`,
		`{"jti":"` + tokenKey + `-1700000000","iss":"` + tokenKey + `","sub":"` + tokenAccount + `","iat":1700000000,"exp":1700003600,
		"grants":{"identity":"al ice@example.com","chat":{"service_sid":"IS` + tokenDigits + `"}}}`,
	} {
		got, err := base64.RawURLEncoding.DecodeString(parts[i])
		require.NoError(t, err)
		assert.JSONEq(t, want, string(got))
	}
}

func TestAccessToken_isTakenByTheHelperLibrary(t *testing.T) {
	t.Parallel()
	now := time.Now() // which is the library's clock
	text, err := anAccessToken(now.Add(time.Hour)).Sign(tokenSecret, now)
	require.NoError(t, err)
	var library twiliojwt.AccessToken
	read, err := library.FromJwt(text, tokenSecret)
	require.NoError(t, err)
	assert.Equal(t, []string{tokenAccount, tokenKey, "al ice@example.com"}, []string{read.AccountSid, read.SigningKeySid, read.Identity})
	assert.Equal(t, "twilio-fpa;v=1", read.Headers()["cty"])
	var chat *twiliojwt.ChatGrant
	for _, grant := range read.Grants { // its decoder turns "identity" into a nil grant
		if g, ok := grant.(*twiliojwt.ChatGrant); ok {
			chat = g
		}
	}
	require.NotNil(t, chat)
	assert.Equal(t, "IS"+tokenDigits, chat.ServiceSid)
	_, err = library.FromJwt(text, "another secret")
	require.Error(t, err)
}

func TestTokenVerifier_takesWhatTheHelperLibraryMakes(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, grant := range map[string]twiliojwt.BaseGrant{
		"chat": &twiliojwt.ChatGrant{ServiceSid: "IS" + tokenDigits, EndpointID: "device", DeploymentRoleSid: "RL1", PushCredentialSid: "CR1"},
		"ip_messaging": &twiliojwt.IpMessagingGrant{
			ServiceSid: "IS" + tokenDigits, EndpointID: "device", DeploymentRoleSid: "RL1", PushCredentialSid: "CR1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made := twiliojwt.CreateAccessToken(twiliojwt.AccessTokenParams{
				AccountSid: tokenAccount, SigningKeySid: tokenKey, Secret: tokenSecret, Identity: "bob", Ttl: 7200, Region: "de1",
				Grants: []twiliojwt.BaseGrant{grant, &twiliojwt.VideoGrant{Room: "attic"}},
			})
			text, err := made.ToJwt()
			require.NoError(t, err)
			read, err := verifier(now).Verify(text)
			require.NoError(t, err)
			assert.Equal(t, twilio.AccessToken{
				ID: read.ID, Key: tokenKey, Account: tokenAccount, Identity: "bob", Service: tokenDigits,
				DeploymentRole: "RL1", PushCredential: "CR1", Endpoint: "device", NotBefore: read.NotBefore, Expires: read.Expires,
			}, read)
			assert.True(t, strings.HasPrefix(read.ID, tokenKey+"-"))
			assert.WithinDuration(t, now.Add(2*time.Hour), read.Expires, time.Minute)
		})
	}
}

// claimsOf are the claims of a good token at now.
func claimsOf(now time.Time) jwt.MapClaims {
	return jwt.MapClaims{
		"jti": "id", "iss": tokenKey, "sub": tokenAccount, "exp": now.Add(time.Hour).Unix(),
		"grants": map[string]any{"identity": "bob", "chat": map[string]any{"service_sid": "IS" + tokenDigits}},
	}
}

func TestTokenVerifier_refuses(t *testing.T) {
	t.Parallel()
	now := time.Unix(1700000000, 0)
	in := func(d time.Duration) int64 { return now.Add(d).Unix() }
	grants := func(v any) jwt.MapClaims { return jwt.MapClaims{"grants": v} }
	chat := map[string]any{"service_sid": "IS" + tokenDigits}
	tests := map[string]struct {
		claims jwt.MapClaims // laid over good ones; nil takes a claim away
		header map[string]any
		method jwt.SigningMethod
		secret any
		code   int // 0: accepted
	}{
		"nothing wrong":              {},
		"HS512, as Node can":         {method: jwt.SigningMethodHS512},
		"no signature":               {method: jwt.SigningMethodNone, secret: jwt.UnsafeAllowNoneSignatureType, code: 20102},
		"wrong cty":                  {header: map[string]any{"cty": "twilio-fpa;v=2"}, code: 20102},
		"no cty":                     {header: map[string]any{"cty": nil}, code: 20102},
		"wrong typ":                  {header: map[string]any{"typ": "JWS"}, code: 20102},
		"unknown algorithm":          {header: map[string]any{"alg": "HS1"}, code: 20102},
		"another algorithm is named": {header: map[string]any{"alg": "HS384"}, code: 20107},
		"another secret":             {secret: []byte("guessed"), code: 20107},
		"unknown key":                {claims: jwt.MapClaims{"iss": "SK0"}, code: 20103},
		"key without secret":         {claims: jwt.MapClaims{"iss": "SKempty"}, secret: []byte{}, code: 20103},
		"no key":                     {claims: jwt.MapClaims{"iss": nil}, code: 20103},
		"another account":            {claims: jwt.MapClaims{"sub": "AC0"}, code: 20103},
		"claims are no text":         {claims: jwt.MapClaims{"iss": 7}, code: 20101},
		"expired now":                {claims: jwt.MapClaims{"exp": in(0)}, code: 20104},
		"a second left":              {claims: jwt.MapClaims{"exp": in(time.Second)}},
		"no end":                     {claims: jwt.MapClaims{"exp": nil}, code: 20104},
		"end beyond all dates":       {claims: jwt.MapClaims{"exp": 1e300}, code: 20104},
		"end before all dates":       {claims: jwt.MapClaims{"exp": -5}, code: 20104},
		"a day":                      {claims: jwt.MapClaims{"exp": in(24 * time.Hour)}},
		"two days":                   {claims: jwt.MapClaims{"exp": in(48 * time.Hour)}, code: 20157},
		"two days, one gone":         {claims: jwt.MapClaims{"iat": in(-24 * time.Hour), "exp": in(24 * time.Hour)}, code: 20157},
		"made in the future":         {claims: jwt.MapClaims{"iat": in(48 * time.Hour), "exp": in(49 * time.Hour)}, code: 20157},
		"made at no time":            {claims: jwt.MapClaims{"iat": math.MaxInt64}, code: 20101},
		"from now on":                {claims: jwt.MapClaims{"nbf": in(0)}},
		"by a clock that is ahead":   {claims: jwt.MapClaims{"nbf": in(time.Minute)}},
		"from later on":              {claims: jwt.MapClaims{"nbf": in(2 * time.Minute)}, code: 20105},
		"from beyond all dates":      {claims: jwt.MapClaims{"nbf": 1e300}, code: 20105},
		"no grants":                  {claims: grants(nil), code: 20106},
		"grants are a list":          {claims: grants([]string{"chat"}), code: 20106},
		"no identity":                {claims: grants(map[string]any{"chat": chat}), code: 20106},
		"identity is a number":       {claims: grants(map[string]any{"identity": 5, "chat": chat}), code: 20106},
		"identity is long":           {claims: grants(map[string]any{"identity": strings.Repeat("é", 256), "chat": chat})},
		"identity is too long":       {claims: grants(map[string]any{"identity": strings.Repeat("é", 257), "chat": chat}), code: 20106},
		"identity is no text":        {claims: grants(map[string]any{"identity": "a\x00", "chat": chat}), code: 20106},
		"no chat":                    {claims: grants(map[string]any{"identity": "bob"}), code: 20106},
		"no service":                 {claims: grants(map[string]any{"identity": "bob", "chat": map[string]any{}}), code: 20106},
		"service is none":            {claims: grants(map[string]any{"identity": "bob", "chat": map[string]any{"service_sid": "CH" + tokenDigits}}), code: 20106},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			claims := claimsOf(now)
			maps.Copy(claims, test.claims)
			maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
			if test.method == nil {
				test.method = jwt.SigningMethodHS256
			}
			if test.secret == nil {
				test.secret = []byte(tokenSecret)
			}
			token := jwt.NewWithClaims(test.method, claims)
			token.Header["cty"] = "twilio-fpa;v=1"
			maps.Copy(token.Header, test.header)
			text, err := token.SignedString(test.secret)
			require.NoError(t, err)
			_, err = verifier(now).Verify(text)
			if test.code == 0 {
				require.NoError(t, err)
				return
			}
			var refused *twilio.Error
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, []int{401, test.code}, []int{refused.Status, refused.Code}, refused.Message)
			assert.NotContains(t, refused.Message, tokenSecret)
		})
	}
	for _, text := range []string{"", "a", "a.b", "a.b.c", "a.b.c.d", "e30.e30.", "bnVsbA.bnVsbA.", strings.Repeat("a", 1<<20)} {
		var refused *twilio.Error
		_, err := verifier(now).Verify(text)
		require.ErrorAs(t, err, &refused)
		assert.Contains(t, []int{20101, 20102}, refused.Code)
	}
}

func TestAccessToken_isNotMadeWhereItWouldBeRefused(t *testing.T) {
	t.Parallel()
	now := time.Unix(1700000000, 0)
	good := anAccessToken(now.Add(twilio.MaxTokenTTL))
	_, err := good.Sign(tokenSecret, now)
	require.NoError(t, err)
	for code, spoil := range map[int]func(*twilio.AccessToken){
		20104: func(a *twilio.AccessToken) { a.Expires = now },
		20105: func(a *twilio.AccessToken) { a.NotBefore = now.Add(time.Hour) },
		20106: func(a *twilio.AccessToken) { a.Identity = "" },
		20157: func(a *twilio.AccessToken) { a.Expires = now.Add(twilio.MaxTokenTTL + time.Hour) },
	} {
		bad := good
		spoil(&bad)
		_, err := bad.Sign(tokenSecret, now)
		var refused *twilio.Error
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, code, refused.Code)
	}
}

// Whatever is signed is read again as it was, and with any byte changed it is
// not believed.
func TestAccessToken_property(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "now"), 0).UTC()
		name := rapid.StringN(1, 256, -1).Filter(func(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) })
		made := twilio.AccessToken{
			Key: tokenKey, Account: tokenAccount,
			Identity:       name.Draw(t, "identity"),
			Service:        conversations.ServiceID(rapid.StringMatching(`[0-9a-f]{32}`).Draw(t, "service")),
			Endpoint:       rapid.StringMatching(`[a-z]{0,9}`).Draw(t, "endpoint"),
			DeploymentRole: rapid.SampledFrom([]string{"", "RL" + tokenDigits}).Draw(t, "role"),
			PushCredential: rapid.SampledFrom([]string{"", "CR" + tokenDigits}).Draw(t, "credential"),
			Expires:        now.Add(time.Duration(rapid.IntRange(1, 86400).Draw(t, "life")) * time.Second),
		}
		text, err := made.Sign(tokenSecret, now)
		require.NoError(t, err)
		read, err := verifier(now).Verify(text)
		require.NoError(t, err)
		made.ID, made.Issued = read.ID, now
		require.Equal(t, made, read)

		at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		other := rapid.Byte().Filter(func(b byte) bool { return b != text[at] }).Draw(t, "byte")
		_, err = verifier(now).Verify(text[:at] + string([]byte{other}) + text[at+1:])
		require.Error(t, err)
		_, err = verifier(now).Verify(text[:at] + text[at+1:])
		require.Error(t, err, "a byte less")
		_, err = verifier(now).Verify(text[:at] + string([]byte{other}) + text[at:])
		require.Error(t, err, "a byte more")
	})
}

package sign

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the scheme is Twilio's; an HMAC does not need collision resistance
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// bodyParam is the query parameter that covers a body which is no form.
const bodyParam = "bodySHA256"

// Form returns the X-Twilio-Signature of a form sent to rawURL, the full URL as
// it was configured: scheme, host, port where it names one, path and query. A
// request without a body, such as a GET, has no params. The values of a repeated
// parameter are sorted and each is counted once.
//
// Twilio's Go library checks only the first value of a repeated parameter, so a
// sender that wants to be understood by all libraries repeats none.
func Form(token, rawURL string, params map[string][]string) string {
	return base64.StdEncoding.EncodeToString(formSum(token, rawURL, params, allValues))
}

// VerifyForm says whether signature is the X-Twilio-Signature of a form received
// at rawURL. Senders disagree on two points, and each way is accepted: whether
// the URL names the port, and whether a repeated parameter counts once or with
// all its values.
func VerifyForm(token, rawURL string, params map[string][]string, signature string) bool {
	got, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || token == "" {
		return false
	}
	ok := false
	for _, u := range portVariants(rawURL) {
		ok = hmac.Equal(got, formSum(token, u, params, allValues)) || ok
		ok = hmac.Equal(got, formSum(token, u, params, firstValue)) || ok
	}
	return ok
}

// JSON returns the URL to send body to, which is rawURL with the body's hash in
// its query, and the X-Twilio-Signature of the two.
func JSON(token, rawURL string, body []byte) (signedURL, signature string) {
	separator := "?"
	if strings.Contains(rawURL, "?") {
		separator = "&"
	}
	signedURL = rawURL + separator + bodyParam + "=" + bodyHash(body)
	return signedURL, Form(token, signedURL, nil)
}

// VerifyJSON says whether signature is the X-Twilio-Signature of body received
// at rawURL, whose query must hold the body's hash.
func VerifyJSON(token, rawURL string, body []byte, signature string) bool {
	u, err := url.Parse(rawURL)
	if err != nil {
		return false
	}
	covered := hmac.Equal([]byte(u.Query().Get(bodyParam)), []byte(bodyHash(body)))
	return VerifyForm(token, rawURL, nil, signature) && covered
}

func bodyHash(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// formSum is the HMAC over the URL and, sorted by name in byte order, each
// parameter's name and the values that choose picks, without separators.
func formSum(token, rawURL string, params map[string][]string, choose func([]string) []string) []byte {
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(rawURL))
	for _, name := range slices.Sorted(maps.Keys(params)) {
		for _, value := range choose(params[name]) {
			mac.Write([]byte(name))
			mac.Write([]byte(value))
		}
	}
	return mac.Sum(nil)
}

// allValues is how Twilio's Node library reads a repeated parameter.
func allValues(values []string) []string {
	if len(values) < 2 {
		return values
	}
	return slices.Compact(slices.Sorted(slices.Values(values)))
}

// firstValue is how Twilio's Go library reads a repeated parameter.
func firstValue(values []string) []string {
	return values[:min(len(values), 1)]
}

// portVariants returns rawURL as it is and once more without its port or, where
// it names none, with its scheme's. It works on the text: parsing and printing a
// URL may change how its path is escaped, and the signature covers the letters.
func portVariants(rawURL string) []string {
	scheme, rest, ok := strings.Cut(rawURL, "://")
	if !ok {
		return []string{rawURL}
	}
	host, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host, path = rest[:i], rest[i:]
	}
	// The port's colon is the last one, and behind the ] of an IPv6 address and
	// the @ of user information.
	colon := strings.LastIndexByte(host, ':')
	switch {
	case colon > strings.LastIndexAny(host, "]@"):
		host = host[:colon]
	case strings.EqualFold(scheme, "https"):
		host += ":443"
	case strings.EqualFold(scheme, "http"):
		host += ":80"
	}
	return []string{rawURL, scheme + "://" + host + path}
}

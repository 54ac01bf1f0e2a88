// Package sign makes and checks the signatures that travel with webhooks, ours
// and the carriers'. It knows how a signature is computed and nothing of what
// is signed; it imports nothing of the project.
//
// Three schemes:
//
//   - Twilio's X-Twilio-Signature: base64 of HMAC-SHA1 over the URL and the
//     form's parameters, keyed with the account's auth token. A JSON body is
//     covered by a parameter bodySHA256 in the URL's query.
//   - Meta's X-Hub-Signature-256: "sha256=" and the hexadecimal HMAC-SHA256 of
//     the raw body, keyed with the app secret.
//   - Telnyx's telnyx-signature-ed25519: base64 of the Ed25519 signature over the
//     timestamp and the raw body, made with a key of Telnyx's.
//
// Every check compares in constant time, and none accepts an empty secret: a
// secret that somebody forgot to configure must not be one that everybody knows.
package sign

package e2e

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/fakecarrier"
	"bridged/sign"
)

// wire is a connection to the daemon without an HTTP client in between.
type wire struct {
	net.Conn

	t      *testing.T
	reader *bufio.Reader
}

func (w *world) dial(base string) *wire {
	w.t.Helper()
	c, err := (&net.Dialer{}).DialContext(w.t.Context(), "tcp", strings.TrimPrefix(base, "http://"))
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = c.Close() })
	require.NoError(w.t, c.SetDeadline(time.Now().Add(patience)))
	return &wire{Conn: c, t: w.t, reader: bufio.NewReader(c)}
}

// say writes as much as the daemon takes: it may have hung up.
func (c *wire) say(text string) { _, _ = io.WriteString(c, text) }

// hear reads an answer.
func (c *wire) hear() (status int, body string) {
	c.t.Helper()
	status, body, err := c.tryToHear()
	require.NoError(c.t, err)
	return status, body
}

// tryToHear reads an answer, if one comes: who goes on writing what is not read may
// find the connection reset before it is there.
func (c *wire) tryToHear() (status int, body string, err error) {
	answer, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

// isReset says whether the daemon has closed the connection on who wrote too much.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// lines are the head of a request, with the account's credentials.
func lines(request string, headers ...string) string {
	headers = append([]string{request, "Host: x", "Authorization: Basic " + basic(account, authToken)}, headers...)
	return strings.Join(headers, "\r\n") + "\r\n\r\n"
}

func basic(user, password string) string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(user, password)
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Basic ")
}

func chunked(text string) string { return fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(text), text) }

const (
	forms     = "Content-Type: application/x-www-form-urlencoded"
	inChunks  = "Transfer-Encoding: chunked"
	closing   = "Connection: close"
	creating  = "POST /v1/Conversations HTTP/1.1"
	messaging = "POST /hooks/sms-main HTTP/1.1"
)

// hostile is what comes over the wire, and the status of its answer.
type hostile struct {
	request string
	status  int
}

// hostileRequests are what nobody should write, by what is wrong with them.
func (w *world) hostileRequests() map[string]hostile {
	return map[string]hostile{
		"no HTTP":                         {"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\r\n\r\n", 400},
		"another version":                 {"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 505},
		"HTTP/2 without TLS":              {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
		"HTTP/1.0":                        {lines("GET /v1/Conversations HTTP/1.0"), 200},
		"two hosts":                       {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
		"no host":                         {"GET / HTTP/1.1\r\n\r\n", 400},
		"a long header":                   {lines("GET /v1/Conversations HTTP/1.1", "X: "+strings.Repeat("x", 200_000)), 431},
		"many headers":                    {lines("GET /v1/Conversations HTTP/1.1", strings.Repeat("X: y\r\n", 50_000)+closing), 431},
		"a long line":                     {lines("GET /" + strings.Repeat("x", 200_000) + " HTTP/1.1"), 431},
		"a space in a header's name":      {lines("GET / HTTP/1.1", "X y: z"), 400},
		"a NUL in a header":               {lines("GET / HTTP/1.1", "X: \x00"), 400},
		"a folded header":                 {lines("GET /v1/Conversations HTTP/1.1", "X: y", " z", closing), 200},
		"a length that is none":           {lines(creating, "Content-Length: x"), 400},
		"a negative length":               {lines(creating, "Content-Length: -1"), 400},
		"a length beyond all numbers":     {lines(creating, "Content-Length: 99999999999999999999"), 400},
		"two lengths":                     {lines(creating, "Content-Length: 1", "Content-Length: 2"), 400},
		"a length and chunks":             {lines(creating, forms, "Content-Length: 3", inChunks, closing) + chunked("FriendlyName=x"), 201},
		"a great length":                  {lines(creating, forms, "Content-Length: 9223372036854775807") + "x", 413},
		"a great length of a hook":        {lines(messaging, "Content-Length: 9223372036854775807") + "x", 413},
		"a great length of a file":        {lines("POST /v1/Services/"+w.service()+"/Media HTTP/1.1", "Content-Length: 9223372036854775807") + "x", 413},
		"a great length of a login":       {"POST /console/login HTTP/1.1\r\nHost: x\r\n" + forms + "\r\n" + closing + "\r\nContent-Length: 99999\r\n\r\n" + strings.Repeat("x", 99_999), 400},
		"chunks that never end":           {lines(creating, forms, inChunks) + endless(), 413},
		"a hook whose chunks never end":   {lines(messaging, forms, inChunks) + endless(), 413},
		"a chunk that is none":            {lines(creating, forms, inChunks) + "zz\r\n", 400},
		"a chunk of endless length":       {lines(creating, forms, inChunks) + strings.Repeat("f", 100) + "\r\n", 400},
		"a chunk of endless extensions":   {lines(creating, forms, inChunks) + "1;" + strings.Repeat("x", 100_000) + "\r\nx\r\n", 400},
		"another encoding":                {lines(creating, "Transfer-Encoding: gzip"), 501},
		"a compressed body":               {lines(creating, forms, "Content-Encoding: gzip", "Content-Length: 1", closing) + "x", 415},
		"an expectation":                  {lines(creating, forms, "Expect: the-moon", "Content-Length: 0"), 417},
		"a path with NUL":                 {lines("GET /v1/Conversations/%00 HTTP/1.1"), 404},
		"a path that is no UTF-8":         {lines("GET /v1/Conversations/%ff%fe HTTP/1.1"), 404},
		"a path upward":                   {lines("GET /v1/../../../etc/passwd HTTP/1.1"), 404},
		"a path upward, encoded":          {lines("GET /v1/Services/%2e%2e%2f%2e%2e%2fetc%2fpasswd HTTP/1.1"), 404},
		"a file upward":                   {lines("GET /v1/Services/" + w.service() + "/Media/..%2f..%2fbridged.db HTTP/1.1"), 404},
		"the console's files upward":      {lines("GET /console/assets/..%2f..%2f..%2fetc%2fpasswd HTTP/1.1"), 404},
		"a percent sign":                  {lines("GET /v1/% HTTP/1.1"), 400},
		"another's address in the line":   {lines("GET http://169.254.169.254/latest/meta-data HTTP/1.1"), 404},
		"a proxy's CONNECT":               {"CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: 169.254.169.254:80\r\n\r\n", 401},
		"a method of its own":             {lines("BREW /v1/Conversations HTTP/1.1"), 405},
		"a form of 100,000 keys":          {post(creating, forms, strings.Repeat("a=&", 100_000)), 400},
		"a form with a NUL":               {post(creating, forms, "FriendlyName=%00"), 400},
		"a form that is no UTF-8":         {post(creating, forms, "FriendlyName=%ff"), 400},
		"a form that is broken":           {post(creating, forms, "FriendlyName=%zz"), 400},
		"a parameter twice":               {post(creating, forms, "FriendlyName=a&FriendlyName=b"), 201},
		"deep JSON":                       {post("POST /v1/Content HTTP/1.1", "Content-Type: application/json", strings.Repeat("[", 500_000)), 400},
		"deep attributes":                 {post(creating, forms, "Attributes="+strings.Repeat("[", 15_000)), 400},
		"JSON with a key twice":           {post("POST /bridged/v1/import HTTP/1.1", "Content-Type: application/json", `{"a":1,"a":2}`), 400},
		"a hook of 100,000 keys":          {w.signedForm(strings.Repeat("a=&", 100_000)), 400},
		"a hook of deep JSON":             {w.signedJSON(strings.Repeat(`{"entry":`, 100_000)), 400},
		"a hook of long numbers":          {w.signedJSON(`{"object":"whatsapp_business_account","entry":` + strings.Repeat("9", 500_000) + `}`), 400},
		"a hook with a message in chunks": {w.signedInChunks("MessageSid=" + fakecarrier.NewSID() + "&From=%2B15550209999&To=" + url.QueryEscape(smsProxy) + "&Body=hi"), 200},
	}
}

// Whatever comes over the wire is answered with a status that says what is wrong, or
// not at all, and the next client is served as ever.
func TestHTTPThatNobodyShouldWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	for name, c := range w.hostileRequests() {
		wire := w.dial(w.URL)
		go wire.say(c.request)
		status, body, err := wire.tryToHear()
		if len(c.request) > 100_000 && isReset(err) {
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, c.status, status, "%s: %.300s", name, body)
		assert.NotRegexp(t, `goroutine|panic|runtime error`, body, name)
		if status >= 400 && strings.HasPrefix(body, "{") {
			var e struct{ Code, Status int }
			require.NoError(t, json.Unmarshal([]byte(body), &e), name)
			assert.Equal(t, status, e.Status, name)
			assert.NotZero(t, e.Code, name)
		}
	}
	assert.Equal(t, http.StatusOK, w.readiness())
	assert.Equal(t, http.StatusOK, w.call(http.MethodGet, "/v1/Conversations", nil, nil))
	assert.NotContains(t, w.Log(), "panicked")
}

// endless is a body in chunks, of more than any is read of.
func endless() string {
	const size = 64 << 10
	return strings.Repeat(fmt.Sprintf("%x\r\n%s\r\n", size, strings.Repeat("x", size)), 80)
}

func post(request, contentType, body string) string {
	return lines(request, contentType, closing, fmt.Sprintf("Content-Length: %d", len(body))) + body
}

// signature is that of Twilio of a form at the SMS hook.
func (w *world) signature(form string) string {
	values, err := url.ParseQuery(form)
	require.True(w.t, err == nil || values != nil)
	return "X-Twilio-Signature: " + sign.Form(carrierKey, w.URL+"/hooks/sms-main", values)
}

func (w *world) signedForm(form string) string {
	return lines(messaging, forms, w.signature(form), closing, fmt.Sprintf("Content-Length: %d", len(form))) + form
}

func (w *world) signedInChunks(form string) string {
	return lines(messaging, forms, w.signature(form), inChunks, closing) + chunked(form)
}

func (w *world) signedJSON(text string) string {
	return post("POST /hooks/wa-main HTTP/1.1", "Content-Type: application/json\r\nX-Hub-Signature-256: "+sign.Hub(cloudKey, []byte(text)), text)
}

func TestRequestsInOnePacketAreAnsweredInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	c := w.dial(w.URL)
	c.say(lines(creating, forms, "Content-Length: 18") + "FriendlyName=first" +
		lines("GET /v1/nothing HTTP/1.1") + lines("GET /v1/Conversations HTTP/1.1"))
	for _, want := range []struct {
		status int
		body   string
	}{{201, `"friendly_name":"first"`}, {404, "20404"}, {200, `"friendly_name":"first"`}} {
		status, body := c.hear()
		assert.Equal(t, want.status, status)
		assert.Contains(t, body, want.body)
	}
}

// Every operation that takes a body takes one of a megabyte at most.
func TestNoOperationTakesAnEndlessBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	service := w.service()
	n, answered := 0, 0
	for _, o := range readReference(t) {
		if o.method != http.MethodPost {
			continue
		}
		n++
		path := strings.ReplaceAll(o.path, "{ChatServiceSid}", service)
		path = regexp.MustCompile(`\{[A-Za-z]+\}`).ReplaceAllString(path, "CH00000000000000000000000000000000")
		c := w.dial(w.URL)
		go c.say(lines("POST "+path+" HTTP/1.1", forms, inChunks) + endless())
		status, body, err := c.tryToHear()
		if isReset(err) {
			continue
		}
		require.NoError(t, err, path)
		answered++
		assert.Equal(t, http.StatusRequestEntityTooLarge, status, path)
		assert.Contains(t, body, `"code":20413`, path)
	}
	assert.Greater(t, n, 30)
	assert.Greater(t, answered, n/2)
}

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/daemon"
	"bridged/sign"
)

// proxyDocument has the configurations of reverse proxies.
const proxyDocument = "docs/reverse-proxy.md"

// proxyHost is the name under which the documents have bridged.
const proxyHost = "bridge.example.com"

// proxies are the languages of the document's blocks, and how each is started.
var proxies = map[string]func(p *proxy, block string) *exec.Cmd{
	"caddyfile": (*proxy).caddy,
	"nginx":     (*proxy).nginx,
}

// proxy is a reverse proxy with a configuration of the documentation, in which only
// the port, the certificate and where bridged listens are others.
type proxy struct {
	*http.Client

	t                *testing.T
	dir, port        string
	certificate, key string // files
	backend          string // host:port
	complaint        daemon.Buffer
}

// proxyOf starts a proxy in front of a backend.
func proxyOf(t *testing.T, language, backend string) *proxy {
	t.Helper()
	p := &proxy{t: t, dir: t.TempDir(), port: freePort(t), backend: backend}
	roots := p.makeCertificate()
	var block string
	for _, b := range documents(t)[proxyDocument].Blocks {
		if b.Language == language {
			block = b.Text
		}
	}
	require.Contains(t, block, "127.0.0.1:8080", "the document has no configuration of %s", language)
	command := proxies[language](p, strings.ReplaceAll(block, "127.0.0.1:8080", backend))
	command.Dir, command.Stderr = p.dir, &p.complaint
	command.Env = append(os.Environ(), "HOME="+p.dir, "XDG_DATA_HOME="+p.dir, "XDG_CONFIG_HOME="+p.dir)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
	})
	local := "127.0.0.1:" + p.port
	p.Client = &http.Client{Timeout: patience, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, local)
		},
	}}
	t.Cleanup(p.CloseIdleConnections)
	eventually(t, func() bool {
		c, err := net.Dial("tcp", local)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	}, "%s listens", language)
	return p
}

// freePort is a port that nobody uses now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return port
}

// makeCertificate writes a certificate for the documents' name, and returns who
// believes it.
func (p *proxy) makeCertificate() *x509.CertPool {
	p.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(p.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: proxyHost}, DNSNames: []string{proxyHost},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(p.t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(p.t, err)
	write := func(name, kind string, content []byte) string {
		file := filepath.Join(p.dir, name)
		require.NoError(p.t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600))
		return file
	}
	p.certificate, p.key = write("fullchain.pem", "CERTIFICATE", der), write("privkey.pem", "PRIVATE KEY", secret)
	roots := x509.NewCertPool()
	certificate, err := x509.ParseCertificate(der)
	require.NoError(p.t, err)
	roots.AddCert(certificate)
	return roots
}

func (p *proxy) caddy(block string) *exec.Cmd {
	block = strings.Replace(block, proxyHost+" {", fmt.Sprintf("%s:%s {\n\ttls %s %s", proxyHost, p.port, p.certificate, p.key), 1)
	block = "{\n\tadmin off\n\tauto_https disable_redirects\n\tdefault_bind 127.0.0.1\n}\n" + block
	return exec.Command(p.program("caddy"), "run", "--adapter", "caddyfile", "--config", p.write("Caddyfile", block))
}

func (p *proxy) nginx(block string) *exec.Cmd {
	block = strings.Replace(block, "listen 443", "listen 127.0.0.1:"+p.port, 1)
	block = regexp.MustCompile(`/etc/letsencrypt/live/`+proxyHost+`/(\w+\.pem)`).ReplaceAllString(block, p.dir+"/$1")
	var places strings.Builder
	for _, name := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&places, "%s_temp_path %s;\n", name, filepath.Join(p.dir, name))
	}
	block = fmt.Sprintf("daemon off;\nmaster_process off;\npid %s/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n%s%s}\n", p.dir, &places, block)
	return exec.Command(p.program("nginx"), "-e", "stderr", "-p", p.dir, "-c", p.write("nginx.conf", block))
}

func (p *proxy) write(name, text string) string {
	p.t.Helper()
	file := filepath.Join(p.dir, name)
	require.NoError(p.t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// program finds a program on the machine, or where .ci/install-test-tools puts it.
func (p *proxy) program(name string) string {
	p.t.Helper()
	unpacked, err := filepath.Abs(filepath.Join(root, "bin", "proxies"))
	require.NoError(p.t, err)
	for _, place := range []string{name, "/usr/sbin/" + name, unpacked + "/usr/bin/" + name, unpacked + "/usr/sbin/" + name} {
		if found, err := exec.LookPath(place); err == nil {
			return found
		}
	}
	require.Fail(p.t, "there is no "+name, "run .ci/install-test-tools")
	return ""
}

// ask makes a request to the public URL, through the proxy.
func (p *proxy) ask(method, path string, header http.Header, body []byte) *http.Response {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, "https://"+proxyHost+path, bytes.NewReader(body))
	require.NoError(p.t, err)
	if header != nil {
		r.Header = header
	}
	if strings.HasPrefix(path, "/v1/") || strings.HasPrefix(path, "/bridged/") {
		r.SetBasicAuth(account, authToken)
	}
	answer, err := p.Do(r)
	require.NoError(p.t, err, p.complaint.String())
	p.t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

// hook posts a message of Alice's as Twilio does, signed over the given URL.
func (p *proxy) hook(query, id, signed string) int {
	p.t.Helper()
	form := url.Values{"MessageSid": {id}, "AccountSid": {carrierSID}, "From": {alice}, "To": {smsProxy}, "Body": {"through " + query}, "NumMedia": {"0"}}
	return p.ask(http.MethodPost, "/hooks/sms-main"+query, http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "X-Twilio-Signature": {sign.Form(carrierKey, signed, form)},
	}, []byte(form.Encode())).StatusCode
}

func TestDocs_ReverseProxiesPassWhatTheyShould(t *testing.T) {
	t.Parallel()
	for language := range proxies {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, setup{sqlite: true, server: "public_url = \"https://" + proxyHost + "\"\ntrusted_proxies = [\"127.0.0.1\"]\n"})
			listen := regexp.MustCompile(`ready" .*listen=(\S+)`).FindStringSubmatch(w.Log())
			require.NotNil(t, listen, w.Log())
			p := proxyOf(t, language, listen[1])
			p.passesSignedHooks()
			p.passesEvents()
			p.passesFiles()
			answer := p.ask(http.MethodGet, "/console/", nil, nil)
			page, err := readAll(answer.Body)
			require.NoError(t, err)
			assert.Equal(t, http.StatusOK, answer.StatusCode)
			assert.Contains(t, page, "<form", "the page to log in")
			for _, path := range []string{"/", "/metrics", "/healthz", "/readyz", "/debug/pprof/", "/console/../metrics"} {
				answer := p.ask(http.MethodGet, path, nil, nil)
				assert.Equal(t, http.StatusNotFound, answer.StatusCode, path)
				assert.Empty(t, answer.Header.Get("Twilio-Request-Id"), "%s does not come to bridged", path)
			}
		})
	}
}

// passesSignedHooks requires that a signature over the public URL is good, and no other.
func (p *proxy) passesSignedHooks() {
	const public = "https://" + proxyHost + "/hooks/sms-main"
	assert.Equal(p.t, http.StatusOK, p.hook("", "SM1", public))
	assert.Equal(p.t, http.StatusOK, p.hook("?a=%2Fb&c=d%20e&a=", "SM2", public+"?a=%2Fb&c=d%20e&a="))
	assert.Equal(p.t, http.StatusForbidden, p.hook("", "SM3", "http://127.0.0.1:"+p.port+"/hooks/sms-main"))
	assert.Equal(p.t, http.StatusForbidden, p.hook("?x=1", "SM4", public))
	assert.Equal(p.t, http.StatusForbidden, p.ask(http.MethodPost, "/hooks/sms-main", nil, []byte("x=1")).StatusCode)
}

// passesEvents requires that an event comes while the stream goes on.
func (p *proxy) passesEvents() {
	stream := p.ask(http.MethodGet, "/bridged/v1/events", http.Header{"Accept": {"text/event-stream"}}, nil)
	require.Equal(p.t, http.StatusOK, stream.StatusCode)
	lines := bufio.NewScanner(stream.Body)
	require.True(p.t, lines.Scan(), "the stream says at once where it begins")
	made := p.ask(http.MethodPost, "/v1/Conversations", nil, nil)
	require.Equal(p.t, http.StatusCreated, made.StatusCode)
	for lines.Scan() {
		if lines.Text() == "event: onConversationAdded" {
			return
		}
	}
	require.NoError(p.t, lines.Err(), "the event does not come")
	require.Fail(p.t, "the stream has ended")
}

// passesFiles requires that a file goes in that is longer than proxies take unasked.
func (p *proxy) passesFiles() {
	answer := p.ask(http.MethodGet, "/v1/Configuration", nil, nil)
	text, err := readAll(answer.Body)
	require.NoError(p.t, err)
	service := regexp.MustCompile(`"default_chat_service_sid":"(IS\w+)"`).FindStringSubmatch(text)
	require.NotNil(p.t, service, text)
	file := make([]byte, 24<<20)
	_, err = rand.Read(file)
	require.NoError(p.t, err)
	answer = p.ask(http.MethodPost, "/v1/Services/"+service[1]+"/Media", http.Header{"Content-Type": {"application/octet-stream"}}, file)
	text, err = readAll(answer.Body)
	require.NoError(p.t, err)
	require.Equal(p.t, http.StatusCreated, answer.StatusCode, text)
	media := regexp.MustCompile(`"sid":"(ME\w+)"`).FindStringSubmatch(text)
	require.NotNil(p.t, media, text)
	answer = p.ask(http.MethodGet, "/v1/Services/"+service[1]+"/Media/"+media[1]+"/Content", nil, nil)
	_, _ = io.Copy(io.Discard, answer.Body)
}

// A client that changes to another protocol, as websockets do, gets there.
func TestDocs_ReverseProxiesPassWebsockets(t *testing.T) {
	t.Parallel()
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" || !strings.EqualFold(r.Header.Get("Connection"), "upgrade") || r.URL.Path != "/v3/wsconnect" {
			http.Error(w, "no upgrade", http.StatusBadRequest)
			return
		}
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, both, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		line, _ := both.ReadString('\n')
		_, _ = io.WriteString(conn, "echo "+line)
	}))
	t.Cleanup(backend.Close)
	for language := range proxies {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			p := proxyOf(t, language, backend.Listener.Addr().String())
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+proxyHost+"/v3/wsconnect", http.NoBody)
			require.NoError(t, err)
			r.Header.Set("Connection", "Upgrade")
			r.Header.Set("Upgrade", "websocket")
			answer, err := p.Transport.RoundTrip(r) // a Client with a timeout hides the way to write
			require.NoError(t, err, p.complaint.String())
			defer answer.Body.Close()
			require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode, p.complaint.String())
			both, isBoth := answer.Body.(io.ReadWriteCloser)
			require.True(t, isBoth)
			_, err = io.WriteString(both, "hello\n")
			require.NoError(t, err)
			line, err := bufio.NewReader(both).ReadString('\n')
			require.NoError(t, err)
			assert.Equal(t, "echo hello\n", line)
		})
	}
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"bridged/e2e/daemon"
	"bridged/e2e/fakecarrier"
)

// The credentials of the benchmark. They open nothing but it.
const (
	account    = "AC00000000000000000000000000000000"
	authToken  = "bench-account-token"
	carrierSID = "AC11111111111111111111111111111111"
	carrierKey = "bench-carrier-token"
	phoneID    = "106500000000001"
	cloudToken = "bench-cloud-token"
	cloudKey   = "bench-cloud-secret"
)

// stage is a running daemon between its two fake carriers, with conversations.
type stage struct {
	*daemon.Daemon

	options options
	url     string // of its store

	dir    string
	twilio *fakecarrier.Twilio
	cloud  *fakecarrier.Cloud
	pairs  []pair
	client *http.Client
}

// newStage starts everything. Received is told of every message that a fake
// carrier gets.
func newStage(ctx context.Context, o options, received func(s fakecarrier.Sent, isCloud bool)) (_ *stage, err error) {
	s := &stage{
		options: o,
		twilio:  fakecarrier.NewTwilio(carrierSID, carrierKey),
		cloud:   fakecarrier.NewCloud(phoneID, cloudToken, cloudKey),
		pairs:   makePairs(o.conversations),
		client:  &http.Client{},
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	s.twilio.Received = func(m fakecarrier.Sent) { received(m, false) }
	s.cloud.Received = func(m fakecarrier.Sent) { received(m, true) }
	if s.dir, err = os.MkdirTemp("", "bridged-bench-"); err != nil {
		return nil, err
	}
	if o.seed != nil {
		s.pairs, s.url = o.seed.pairs(), "sqlite:"+filepath.Join(s.dir, "bridged.db")
		if err := o.seed.copyTo(ctx, s.dir); err != nil {
			return nil, err
		}
	} else if s.url, err = o.databases.fresh(ctx, s.dir); err != nil {
		return nil, err
	}
	if err := s.start(ctx); err != nil || o.seed != nil {
		return s, err
	}
	return s, s.converse(ctx)
}

// start starts the daemon on its folder.
func (s *stage) start(ctx context.Context) error {
	file := filepath.Join(s.dir, "bridged.toml")
	if err := os.WriteFile(file, []byte(s.config()+s.options.config), 0o600); err != nil {
		return err
	}
	binary, err := filepath.Abs(s.options.binary)
	if err != nil {
		return err
	}
	s.Daemon, err = daemon.Start(ctx, daemon.Options{
		Binary: binary, Dir: s.dir, Args: []string{"serve", "--config", file}, Env: []string{"BRIDGED_STORE_URL=" + s.url},
	})
	return err
}

func (s *stage) config() string {
	return fmt.Sprintf(`
[server]
listen = "127.0.0.1:0"
[admin]
listen = "127.0.0.1:0"
[account]
sid = %q
auth_token = %q
[[channels]]
name = "sms"
type = "sms"
driver = "twilio"
numbers = [%q]
[channels.twilio]
account_sid = %q
auth_token = %q
api_base_url = %q
[[channels]]
name = "whatsapp"
type = "whatsapp"
driver = "cloud"
numbers = [%q]
[channels.cloud]
phone_number_id = %q
access_token = %q
app_secret = %q
verify_token = "bench-verify"
api_base_url = %q
[[numbers]]
address = %q
max_mms_bytes = %d
`, account, authToken, smsProxy, carrierSID, carrierKey, s.twilio.URL, whatsappProxy, phoneID, cloudToken, cloudKey, s.cloud.URL,
		smsProxy, mmsLimit)
}

// converse makes the conversations over REST.
func (s *stage) converse(ctx context.Context) error {
	for i := 0; i < len(s.pairs); i += 2 {
		var c struct{ SID string }
		if err := s.rest(ctx, "/v1/Conversations", url.Values{}, &c); err != nil {
			return err
		}
		for _, p := range s.pairs[i : i+2] {
			form := url.Values{
				"MessagingBinding.Address":      {string(p.person)},
				"MessagingBinding.ProxyAddress": {string(p.proxy)},
			}
			if err := s.rest(ctx, "/v1/Conversations/"+c.SID+"/Participants", form, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *stage) rest(ctx context.Context, path string, form url.Values, into any) error {
	return s.post(ctx, path, form, http.StatusCreated, into)
}

func (s *stage) post(ctx context.Context, path string, form url.Values, want int, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.SetBasicAuth(account, authToken)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != want {
		return fmt.Errorf("POST %s: %s: %s", path, answer.Status, body)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(body, into)
}

// send delivers the n-th message to the daemon as its carrier would, and requires that
// it is accepted.
func (s *stage) send(ctx context.Context, n int64) error {
	status, err := s.deliver(ctx, n)
	switch {
	case err != nil:
		return err
	case status == http.StatusServiceUnavailable:
		return errTurnedAway
	case status != http.StatusOK:
		return fmt.Errorf("the hook answered %d", status)
	}
	return nil
}

// deliver delivers the n-th message, which has the same id each time, and returns how
// the hook answered.
func (s *stage) deliver(ctx context.Context, n int64) (status int, err error) {
	p := s.pairs[int(n)%len(s.pairs)]
	m := fakecarrier.Message{From: p.person.Local(), To: p.proxy.Local(), Body: body(n)}
	if p.proxy == smsProxy {
		m.ID = fmt.Sprintf("SM%032x", n)
		return s.twilio.Post(ctx, s.URL+"/hooks/sms", m)
	}
	m.ID = "wamid." + strconv.FormatInt(n, 10)
	m.From = strings.TrimPrefix(m.From, "+")
	return s.cloud.Post(ctx, s.URL+"/hooks/whatsapp", m)
}

// errTurnedAway says that the daemon has no room for a message now.
var errTurnedAway = errors.New("the hook answered 503")

// use is what a daemon has done since its start.
type use struct {
	commits   float64
	processor float64 // seconds
}

// used reads what the daemon has used.
func (s *stage) used(ctx context.Context) (u use, err error) {
	if u.commits, err = s.metric(ctx, "bridged_commit_operations_count"); err != nil {
		return u, err
	}
	u.processor, err = s.metric(ctx, "process_cpu_seconds_total")
	return u, err
}

// metric reads a metric of the daemon that has no labels.
func (s *stage) metric(ctx context.Context, name string) (float64, error) {
	text, err := s.Metrics(ctx)
	if err != nil {
		return 0, err
	}
	found := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(text)
	if found == nil {
		return 0, fmt.Errorf("the daemon does not tell %s", name)
	}
	return strconv.ParseFloat(found[1], 64)
}

// memory reads one of the daemon's sizes from the kernel, in bytes: VmRSS, the resident
// set, or VmHWM, the largest that it has been.
func (s *stage) memory(name string) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.PID()))
	if err != nil {
		return 0, err
	}
	found := regexp.MustCompile(name + `:\s+(\d+) kB`).FindSubmatch(text)
	if found == nil {
		return 0, fmt.Errorf("the kernel does not tell %s", name)
	}
	kilobytes, err := strconv.Atoi(string(found[1]))
	return kilobytes << 10, err
}

// close stops everything and removes its files.
func (s *stage) close() error {
	var err error
	if s.Daemon != nil {
		err = s.Stop()
	}
	s.twilio.Close()
	s.cloud.Close()
	return errors.Join(err, s.options.databases.drop(context.Background(), s.url), os.RemoveAll(s.dir))
}

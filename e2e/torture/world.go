package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"bridged/e2e/daemon"
	"bridged/e2e/fakecarrier"
	"bridged/store/storetest/pgserver"
)

// The credentials of a run. They open nothing but it.
const (
	account    = "AC00000000000000000000000000000000"
	authToken  = "torture-account-token"
	carrierSID = "AC11111111111111111111111111111111"
	carrierKey = "torture-carrier-token"
	phoneID    = "106500000000001"
	cloudToken = "torture-cloud-token"
	cloudKey   = "torture-cloud-secret"
)

// The channels, and our numbers.
const (
	smsChannel      = "sms-main"
	whatsappChannel = "wa-main"
	groupChannel    = "sms-group"

	smsProxy      = "+15550100001"
	strangerProxy = "+15550100002" // autocreation makes conversations of what comes to it
	whatsappProxy = "whatsapp:+15550100009"
	groupProxy    = "+14155559001"
)

// world is the daemon with everything around it.
type world struct {
	o    options
	plan *plan
	dir  string // of all that the run keeps
	url  string // of the store

	twilio        *fakecarrier.Twilio
	cloud         *fakecarrier.Cloud
	bandwidth     *fakecarrier.Bandwidth
	faults        *carrierFaults
	reporter      *reporter
	listener      *listener
	server        *pgserver.Server // nil on SQLite
	disk          *disk
	log           *os.File
	conversations []conversation // by room

	mu      sync.Mutex
	written []written
	running []*process
	tally   map[string]int
	turn    atomic.Int64
}

// process is a daemon and the folder that it works in.
type process struct {
	*daemon.Daemon

	dir string
}

// newWorld makes everything but the daemon.
func newWorld(ctx context.Context, o options, p *plan) (_ *world, err error) {
	w := &world{o: o, plan: p, tally: make(map[string]int)}
	if w.dir, err = os.MkdirTemp(o.dir, "bridged-torture-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close(false))
		}
	}()
	if w.disk, err = newDisk(filepath.Join(w.dir, "data"), o.crashes); err != nil {
		return nil, err
	}
	if w.log, err = os.Create(filepath.Join(w.dir, "bridged.log")); err != nil {
		return nil, err
	}
	w.url = "sqlite:" + filepath.Join(w.disk.path, "bridged.db")
	if o.store == "postgres" {
		if w.server, err = pgserver.Start(ctx, pgserver.Options{}); err != nil {
			return nil, err
		}
		if w.url, err = w.server.CreateDatabase(ctx, ""); err != nil {
			return nil, err
		}
	}
	w.twilio = fakecarrier.NewTwilio(carrierSID, carrierKey)
	w.cloud = fakecarrier.NewCloud(phoneID, cloudToken, cloudKey)
	w.bandwidth = fakecarrier.NewBandwidth("5000000", "an-application",
		fakecarrier.Login{User: "api", Password: "torture-api"}, fakecarrier.Login{User: "hooks", Password: "torture-hooks"})
	w.faults = newCarrierFaults(p.seed)
	w.reporter = newReporter(w)
	for name, c := range w.carriers() {
		c.KeepRaw = true
		c.Fault = func(s fakecarrier.Sent) fakecarrier.Fault { return w.faults.decide(name, s) }
		c.Received = func(s fakecarrier.Sent) { w.reporter.received(name, s) }
	}
	w.listener = newListener(p)
	if err := w.shiftClock(0); err != nil {
		return nil, err
	}
	return w, os.WriteFile(w.file(), []byte(w.configuration()), 0o600)
}

func (w *world) carriers() map[string]*fakecarrier.Carrier {
	return map[string]*fakecarrier.Carrier{
		smsChannel: &w.twilio.Carrier, whatsappChannel: &w.cloud.Carrier, groupChannel: &w.bandwidth.Carrier,
	}
}

func (w *world) file() string      { return filepath.Join(w.dir, "bridged.toml") }
func (w *world) clockFile() string { return filepath.Join(w.dir, "clock") }

// shiftClock has the clock of the daemon jump to so far from the true time.
func (w *world) shiftClock(by time.Duration) error {
	next := w.clockFile() + ".next"
	return errors.Join(os.WriteFile(next, []byte(by.String()), 0o600), os.Rename(next, w.clockFile()))
}

// configuration is that of the daemons. Pauses are short, so that a run takes
// minutes, and no delivery is given up before the faults stop.
func (w *world) configuration() string {
	return fmt.Sprintf(`
[server]
listen = "127.0.0.1:0"
[admin]
listen = "127.0.0.1:0"
[account]
sid = %q
auth_token = %q
[store]
url = %q
[media]
dir = %q
[retry]
first = "50ms"
max = "500ms"
attempts = 200
unknown_wait = "300ms"
send_timeout = "1s"
[[channels]]
name = %q
type = "sms"
numbers = [%q, %q]
driver = "twilio"
[channels.twilio]
account_sid = %q
auth_token = %q
api_base_url = %q
[[channels]]
name = %q
type = "whatsapp"
numbers = [%q]
driver = "cloud"
[channels.cloud]
phone_number_id = %q
access_token = %q
app_secret = %q
verify_token = "a-verify-token"
api_base_url = %q
[[channels]]
name = %q
type = "sms"
numbers = [%q]
driver = "bandwidth"
[channels.bandwidth]
account_id = "5000000"
application_id = "an-application"
username = "api"
password = "torture-api"
callback_username = "hooks"
callback_password = "torture-hooks"
api_base_url = %q
`, account, authToken, w.url, filepath.Join(w.disk.path, "media"),
		smsChannel, smsProxy, strangerProxy, carrierSID, carrierKey, w.twilio.URL,
		whatsappChannel, whatsappProxy, phoneID, cloudToken, cloudKey, w.cloud.URL,
		groupChannel, groupProxy, w.bandwidth.URL)
}

// launch starts a daemon in the first folder that no other one works in, and does not
// wait for it.
func (w *world) launch() (*process, error) {
	dir := filepath.Join(w.dir, "one")
	for _, p := range w.processes() {
		if p.dir == dir {
			dir = filepath.Join(w.dir, "two")
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	d, err := daemon.Launch(daemon.Options{
		Binary: w.o.binary, Dir: dir, Args: []string{"serve", "--config", w.file()},
		Env: []string{"TORTURE_CLOCK=" + w.clockFile()}, LogTo: w.log,
	})
	return &process{d, dir}, err
}

// start starts a daemon, which then gets its share of the load.
func (w *world) start(ctx context.Context) error {
	p, err := w.launch()
	if err != nil {
		return err
	}
	if err := p.Ready(ctx); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running = append(w.running, p)
	return nil
}

// leave takes a daemon out: it gets no load any more.
func (w *world) leave(p *process) {
	w.mu.Lock()
	defer w.mu.Unlock()
	kept := w.running[:0:0]
	for _, other := range w.running {
		if other != p {
			kept = append(kept, other)
		}
	}
	w.running = kept
}

func (w *world) processes() []*process {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]*process(nil), w.running...)
}

// main is the daemon that is there all the time, but for the faults.
func (w *world) main() *process { return w.processes()[0] }

var errNobody = errors.New("no daemon is running")

// target is where to reach a daemon: one after the other.
func (w *world) target() (string, error) {
	list := w.processes()
	if len(list) == 0 {
		return "", errNobody
	}
	return list[int(w.turn.Add(1))%len(list)].URL, nil
}

func (w *world) count(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tally[what]++
}

// alive fails when a daemon has ended that nobody has ended.
func (w *world) alive() error {
	for _, p := range w.processes() {
		select {
		case <-p.Ended():
			return fmt.Errorf("a daemon ended by itself: %w", p.Wait())
		default:
		}
	}
	return nil
}

// close ends all that the run has started. Its folder goes, unless somebody will want
// to look at it.
func (w *world) close(keep bool) (err error) {
	for _, p := range w.processes() {
		err = errors.Join(err, p.Kill())
		w.leave(p)
	}
	if w.reporter != nil {
		w.reporter.close()
	}
	if w.listener != nil {
		w.listener.close()
	}
	if w.twilio != nil {
		w.twilio.Close()
		w.cloud.Close()
		w.bandwidth.Close()
	}
	if w.server != nil {
		if keep {
			err = errors.Join(err, exec.Command("pg_dump", "--file", filepath.Join(w.dir, "database.sql"), w.url).Run())
		}
		err = errors.Join(err, w.server.Close())
	}
	if keep && w.listener != nil {
		err = errors.Join(err, w.keepCalls())
	}
	if w.log != nil {
		err = errors.Join(err, w.log.Close())
	}
	if w.disk != nil {
		err = errors.Join(err, w.disk.close(keep))
	}
	if !keep && err == nil {
		err = os.RemoveAll(w.dir)
	}
	return err
}

// keepCalls writes down what the webhooks were told and what carriers were sent, for
// whoever looks for what went wrong.
func (w *world) keepCalls() error {
	told, _ := w.listener.heard()
	text, err := json.MarshalIndent(map[string]any{"told": told, "sends": w.sends(), "reports": w.reporter.reports()}, "", " ")
	return errors.Join(err, os.WriteFile(filepath.Join(w.dir, "calls.json"), text, 0o600))
}

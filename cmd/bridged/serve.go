package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	"bridged/cmd/bridged/internal/config"
	"bridged/console"
)

const (
	// drainTime is how long requests that are being answered may take at the
	// stop; then the pipeline gets its share of the 30 seconds of the contract.
	drainTime = 4 * time.Second
	// readHeaderTime bounds how long a client may take to say what it wants.
	readHeaderTime = 10 * time.Second
	readTime       = time.Minute // for a whole request
	idleTime       = 2 * time.Minute
	// adminWriteTime bounds an answer of admin.listen, whose longest are profiles.
	adminWriteTime = 5 * time.Minute
	// maxHeader bounds the headers of a request, in bytes. A longer one is answered 431.
	maxHeader = 64 << 10
	// maxStreams bounds the requests that one connection of HTTP/2 may carry at once.
	maxStreams = 100
)

// heapRoom is memory, in bytes, that nobody touches, so that the system never gives it,
// but which counts as used when the next garbage collection is due: at twice what is
// used. The daemon uses some 10 MB, and under load it would else collect many times a
// second, which takes a fifth of the processor's time. A larger percentage would do the
// same, but also where much is used, and memory short.
const heapRoom = 32 << 20

// serve runs the daemon until the context ends, and then finishes what is in
// flight. The supervisor is told.
func serve(ctx context.Context, cfg *config.Config, watcher *supervisor, log *slog.Logger, stdout io.Writer) (err error) {
	room := make([]byte, heapRoom)
	defer runtime.KeepAlive(room)
	show := cfg.FirstStart
	defer func() {
		if show { // the start failed, but the credentials are made and will not be shown again
			err = errors.Join(err, cfg.PrintCredentials(stdout, cfg.Server.PublicURL+console.Prefix))
		}
	}()
	public, err := listen(ctx, "server.listen", cfg.Server.Listen)
	if err != nil {
		return err
	}
	defer public.Close() //nolint:errcheck // the server has closed it, or nobody used it
	cfg.Server.Bound(public.Addr())
	admin, err := listen(ctx, "admin.listen", cfg.Admin.Listen)
	if err != nil {
		return err
	}
	defer admin.Close() //nolint:errcheck // likewise

	certificate, err := loadCertificate(cfg.Server.TLS)
	if err != nil {
		return err
	}
	d, err := newDaemon(ctx, cfg, clock(), log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if show {
		show = false
		if err := cfg.PrintCredentials(stdout, d.console.OneTimeURL()); err != nil {
			return err
		}
	}
	stopReload := reloadOnHangup(cfg, certificate, watcher, log)
	defer stopReload()

	servers := newServers(d, bounded(public, mostConnections(cfg.Limits.Connections, log), log), certificate, log)
	failed := make(chan error, 2)
	go func() { failed <- servers.public() }()
	go func() { failed <- servers.adminServer.Serve(admin) }()
	build, _ := debug.ReadBuildInfo()
	log.Info("bridged is ready", "public_url", cfg.Server.PublicURL, "listen", public.Addr().String(),
		"admin", admin.Addr().String(), "version", versionName(version, build))
	defer watcher.serving(d.alive)()

	select {
	case <-ctx.Done():
		log.Info("stopping")
	case err = <-failed:
	}
	watcher.tell(stateStopping)
	// Intake stops first; the deferred close then finishes what is in flight.
	servers.shutdown(log)
	return err
}

// servers are the two HTTP servers.
type servers struct {
	publicServer, adminServer *http.Server
	clients                   *connections // of the public one
	tls                       bool
}

// newServers makes the servers. The public one answers as many requests at once as it
// may have connections.
func newServers(d *daemon, clients *connections, certificate *atomic.Pointer[tls.Certificate], log *slog.Logger) servers {
	newServer := func(h http.Handler) *http.Server {
		return &http.Server{
			Handler:           h,
			ReadHeaderTimeout: readHeaderTime,
			ReadTimeout:       readTime,
			IdleTimeout:       idleTime,
			MaxHeaderBytes:    maxHeader,
			HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		}
	}
	s := servers{
		publicServer: newServer(&crowd{next: d.publicHandler(), most: int64(clients.most), isCrowded: clients.isCrowded, streamTime: streamTime}),
		adminServer:  newServer(d.adminHandler()),
		clients:      clients, tls: certificate != nil,
	}
	s.adminServer.WriteTimeout = adminWriteTime
	s.publicServer.ConnState = clients.follow
	s.publicServer.RegisterOnShutdown(d.endFeeds)
	if s.tls {
		s.publicServer.TLSConfig = &tls.Config{
			MinVersion:     tls.VersionTLS12,
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate.Load(), nil },
		}
	}
	return s
}

func (s servers) public() error {
	if s.tls {
		return s.publicServer.ServeTLS(s.clients, "", "")
	}
	return s.publicServer.Serve(s.clients)
}

func (s servers) shutdown(log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	for _, server := range []*http.Server{s.publicServer, s.adminServer} {
		if err := server.Shutdown(ctx); err != nil {
			log.Warn("requests were cut off at the stop", "error", err)
			_ = server.Close()
		}
	}
}

// loadCertificate reads the certificate of the public server; nil without TLS.
func loadCertificate(c config.TLS) (*atomic.Pointer[tls.Certificate], error) {
	if !c.Enabled() {
		return nil, nil //nolint:nilnil // no TLS is no error
	}
	certificate, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("server.tls: %w", err)
	}
	current := new(atomic.Pointer[tls.Certificate])
	current.Store(&certificate)
	return current, nil
}

// reloadOnHangup reads secrets and the certificate again at SIGHUP. What is
// wrong with the new ones is logged, and the old ones stay.
func reloadOnHangup(cfg *config.Config, certificate *atomic.Pointer[tls.Certificate], watcher *supervisor, log *slog.Logger) (stop func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range hangups {
			watcher.tell(stateReloading)
			if err := reload(cfg, certificate); err != nil {
				log.Error("reload failed; the old secrets stay", "error", err)
			} else {
				log.Info("secrets and certificates are reloaded")
			}
			watcher.tell(stateReady)
		}
	}()
	return func() {
		signal.Stop(hangups)
		close(hangups)
		<-done
	}
}

func reload(cfg *config.Config, certificate *atomic.Pointer[tls.Certificate]) error {
	fresh, err := loadCertificate(cfg.Server.TLS)
	if err != nil {
		return err
	}
	if err := cfg.ReloadSecrets(); err != nil {
		return err
	}
	if fresh != nil {
		certificate.Store(fresh.Load())
	}
	return nil
}

package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"

	"bridged/api"
	"bridged/channels"
	"bridged/channels/hooks"
	"bridged/console"
	"bridged/store"
	"bridged/webhooks"
)

// wireHandlers makes the handlers of carriers' hooks, of the console and of the API.
func (d *daemon) wireHandlers(directory *channels.Directory, defaults store.Defaults) (err error) {
	d.hooks, err = hooks.New(hooks.Config{
		PublicURL: d.cfg.Server.PublicURL,
		Channels:  directory.Adapters(),
		Acceptor:  d.bridge,
		Observer:  d.metrics.hook,
		Logger:    d.log,
	})
	if err != nil {
		return err
	}
	d.console, err = console.New(console.Config{
		AuthToken: d.cfg.Account.AuthToken.Value,
		PublicURL: d.cfg.Server.PublicURL,
		Client:    trusted(d.cfg.Server.TrustedProxies).Client,
		Log:       d.log,
	})
	if err != nil {
		return err
	}
	d.api = api.New(api.Config{
		Session: d.console.Session,
		Account: api.Credentials{
			SID:       d.cfg.Account.SID,
			AuthToken: d.cfg.Account.AuthToken.Value,
			APIKeys:   d.apiKeys,
		},
		PublicURL:         d.cfg.Server.PublicURL,
		MessagingServices: messagingServices(d.cfg, defaults),
		Numbers:           numbersOf(d.cfg, directory),
		Bridge:            d.bridge,
		Store:             d.store,
		Files:             d.files,
		Links:             d.links,
		Targets:           webhooks.NewOverview(d.dispatcher, d.store),
		Metrics:           d.metrics.snapshots(d.now),
		Backups:           d.backups(),
		Now:               d.now,
		Log:               d.log,
		Extra:             map[string]http.Handler{"/bridged/v1/simulator/": d.carrier.Handler()},
		Observe:           d.metrics.api,
		Stopping:          d.stopping,

		Origins:          d.origins(),
		ActionsPerSecond: d.cfg.Limits.ActionsPerSecond,
	})
	return nil
}

// origins are those whose pages may call the API.
func (d *daemon) origins() []string {
	list := make([]string, len(d.cfg.Server.CORSOrigins))
	for i, o := range d.cfg.Server.CORSOrigins {
		list[i] = string(o)
	}
	return list
}

func (d *daemon) apiKeys() map[string]string {
	keys := make(map[string]string, len(d.cfg.Account.APIKeys))
	for _, k := range d.cfg.Account.APIKeys {
		keys[k.SID] = k.Secret.Value()
	}
	return keys
}

// publicHandler serves server.listen.
func (d *daemon) publicHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(hooks.Prefix, d.hooks)
	mux.Handle(console.Prefix, d.console)
	mux.Handle("/", d.api)
	served := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if clean := path.Clean(r.URL.Path); r.URL.Path == clean || r.URL.Path == clean+"/" {
			mux.ServeHTTP(w, r)
			return
		}
		d.api.ServeHTTP(w, r) // which finds nothing there; the mux would redirect
	})
	return api.Identified(accessLog{next: caught{served, d.log}, proxies: trusted(d.cfg.Server.TrustedProxies), log: d.log})
}

// caught tells of a handler that panics. The API answers what panics in it; of anything
// else the line is cut, so that a carrier comes again.
type caught struct {
	next http.Handler
	log  *slog.Logger
}

// ServeHTTP implements http.Handler.
func (c caught) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if err, ok := cause.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			c.log.ErrorContext(r.Context(), "handler panicked",
				"method", r.Method, "path", head(r.URL.Path), "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
		}
		panic(http.ErrAbortHandler)
	}()
	c.next.ServeHTTP(w, r)
}

package console

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
)

// Prefix is where the console is served.
const Prefix = "/console/"

// maxForm bounds the forms that the console itself takes: a login.
const maxForm = 16 << 10

// contentPolicy is what a page may do: run and load what comes from here, and show
// the files that its operator is about to send. Nothing inline runs.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
	"media-src 'self' blob:; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Config is what the console needs.
type Config struct {
	// AuthToken returns the account's secret, with which operators log in.
	AuthToken func() string
	// PublicURL is where browsers find the console.
	PublicURL string
	// Client tells who sent a request, to count its attempts to log in.
	Client func(*http.Request) string
	Now    func() time.Time // optional; time.Now
	Log    *slog.Logger     // optional; discards
}

// Console serves the pages, and says who is logged in.
type Console struct {
	cfg       Config
	mux       *http.ServeMux
	assets    *assets
	pages     []page
	templates *template.Template
	sessions  *sessions
	attempts  *attempts
	once      once
	origins   *http.CrossOriginProtection
}

// New makes the console.
func New(cfg Config) (*Console, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	public, err := url.Parse(cfg.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("the public URL: %w", err)
	}
	static, err := fs.Sub(embedded, "static")
	if err != nil {
		return nil, fmt.Errorf("open the console's files: %w", err)
	}
	c := &Console{
		cfg: cfg, mux: http.NewServeMux(), attempts: newAttempts(cfg.Now), origins: http.NewCrossOriginProtection(),
		sessions: newSessions(cfg.AuthToken, public.Scheme == "https", cfg.Now),
	}
	if err := c.origins.AddTrustedOrigin(public.Scheme + "://" + public.Host); err != nil {
		return nil, fmt.Errorf("the public URL: %w", err)
	}
	if c.assets, err = loadAssets(static); err != nil {
		return nil, err
	}
	c.pages = pages(c.assets)
	functions := template.FuncMap{"asset": c.assets.path, "icon": c.icon, "has": c.assets.has}
	if c.templates, err = template.New("").Funcs(functions).ParseFS(embedded, "templates/*.html"); err != nil {
		return nil, fmt.Errorf("read the console's templates: %w", err)
	}
	c.mux.HandleFunc("GET "+Prefix+"{$}", c.serveHome)
	c.mux.HandleFunc("GET "+Prefix+"login", c.serveLogin)
	c.mux.HandleFunc("POST "+Prefix+"login", c.logIn)
	c.mux.HandleFunc("POST "+Prefix+"logout", c.logOut)
	c.mux.HandleFunc("GET "+Prefix+"session", c.serveSession)
	c.mux.Handle("GET "+Prefix+"static/{version}/{name...}", c.assets)
	c.mux.HandleFunc("GET "+Prefix, c.servePage)
	return c, nil
}

// Session says whether a request comes from a browser that is logged in. What a
// page of another origin sent counts for nothing (net/http, CrossOriginProtection).
func (c *Console) Session(r *http.Request) bool {
	_, ok := c.sessions.read(r)
	return ok && c.origins.Check(r) == nil
}

// OneTimeURL makes a link that logs in once, in the next 24 hours, and until the
// program ends. A link made before becomes worthless.
func (c *Console) OneTimeURL() string {
	return strings.TrimRight(c.cfg.PublicURL, "/") + Prefix + "login?once=" + c.once.make(c.cfg.Now())
}

// ServeHTTP implements http.Handler.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	if err := c.origins.Check(r); err != nil {
		http.Error(w, "This request came from a page of another origin. Open the console itself and try again.", http.StatusForbidden)
		return
	}
	c.mux.ServeHTTP(w, r)
}

// serveHome leads to the first page, or lets a visitor log in (contract, 25).
func (c *Console) serveHome(w http.ResponseWriter, r *http.Request) {
	if _, ok := c.sessions.read(r); !ok {
		c.showLogin(w, http.StatusOK, loginPage{Next: Prefix})
		return
	}
	http.Redirect(w, r, Prefix+c.pages[0].Name, http.StatusSeeOther)
}

// servePage serves the shell of a page. What stands behind the page's name in the
// path is for its module.
func (c *Console) servePage(w http.ResponseWriter, r *http.Request) {
	name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, Prefix), "/")
	for _, p := range c.pages {
		if p.Name != name {
			continue
		}
		current, ok := c.sessions.read(r)
		if !ok {
			c.showLogin(w, http.StatusOK, loginPage{Next: r.URL.RequestURI()})
			return
		}
		c.sessions.renew(w, current)
		c.render(w, http.StatusOK, "shell.html", shellPage{Page: p, Pages: c.pages})
		return
	}
	http.NotFound(w, r)
}

// serveSession says whether the browser is still logged in, and keeps it so while
// it is in use.
func (c *Console) serveSession(w http.ResponseWriter, r *http.Request) {
	current, ok := c.sessions.read(r)
	if !ok {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	c.sessions.renew(w, current)
	w.WriteHeader(http.StatusNoContent)
}

// serveLogin shows the login page, or logs in by the link of the first start.
func (c *Console) serveLogin(w http.ResponseWriter, r *http.Request) {
	secret := r.URL.Query().Get("once")
	if secret == "" {
		c.showLogin(w, http.StatusOK, loginPage{Next: Prefix})
		return
	}
	if wait := c.attempts.take(c.cfg.Client(r)); wait > 0 {
		c.tooMany(w, loginPage{Next: Prefix}, wait)
		return
	}
	if r.Method == http.MethodHead || !c.once.use(secret, c.cfg.Now()) {
		c.showLogin(w, http.StatusOK, loginPage{Next: Prefix, Problem: "This link was used before, or has expired. Log in with the auth token."})
		return
	}
	c.attempts.forget(c.cfg.Client(r))
	c.cfg.Log.InfoContext(r.Context(), "the console's one-time link was used", "client", c.cfg.Client(r))
	c.sessions.begin(w)
	// A redirect would be part of a navigation that began elsewhere, and the browser
	// would withhold the new cookie from it; this page begins one of its own.
	c.render(w, http.StatusOK, "welcome.html", shellPage{Page: c.pages[0]})
}

// logIn checks the auth token.
func (c *Console) logIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		c.showLogin(w, http.StatusBadRequest, loginPage{Next: Prefix, Problem: "The form did not arrive whole. Try again."})
		return
	}
	shown := loginPage{Next: within(r.PostForm.Get("next"))}
	client := c.cfg.Client(r)
	if wait := c.attempts.take(client); wait > 0 {
		c.tooMany(w, shown, wait)
		return
	}
	given := strings.TrimSpace(r.PostForm.Get("token"))
	switch {
	case given == "":
		shown.Problem = "Enter the auth token of the account."
	case !matches(given, c.cfg.AuthToken()):
		shown.Problem = "This is not the auth token of the account."
		c.cfg.Log.WarnContext(r.Context(), "a login to the console failed", "client", client)
	default:
		c.attempts.forget(client)
		c.sessions.begin(w)
		http.Redirect(w, r, shown.Next, http.StatusSeeOther)
		return
	}
	c.showLogin(w, http.StatusForbidden, shown)
}

// matches compares digests, so that the time tells nothing, not even the length. A
// token that is not configured matches nothing.
func matches(given, want string) bool {
	g, w := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(g[:], w[:]) == 1 && want != ""
}

// within returns a path of the console, whatever it is given.
func within(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || strings.ContainsAny(next, "\\\t\r\n") ||
		!strings.HasPrefix(path.Clean(u.Path)+"/", Prefix) || strings.HasPrefix(next, "//") {
		return Prefix
	}
	return u.RequestURI()
}

func (c *Console) logOut(w http.ResponseWriter, r *http.Request) {
	c.sessions.end(w, r)
	w.Header().Set("Clear-Site-Data", `"cache"`)
	http.Redirect(w, r, Prefix, http.StatusSeeOther)
}

// loginPage is what the login page shows. Next is where it leads to.
type loginPage struct{ Next, Problem string }

// shellPage is what the shell shows.
type shellPage struct {
	Page  page
	Pages []page
}

func (c *Console) showLogin(w http.ResponseWriter, status int, p loginPage) {
	c.render(w, status, "login.html", p)
}

func (c *Console) tooMany(w http.ResponseWriter, p loginPage, wait time.Duration) {
	seconds := int(math.Ceil(wait.Seconds()))
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	p.Problem = fmt.Sprintf("Too many attempts. Try again in %d seconds.", seconds)
	c.showLogin(w, http.StatusTooManyRequests, p)
}

func (c *Console) render(w http.ResponseWriter, status int, name string, data any) {
	var b strings.Builder
	if err := c.templates.ExecuteTemplate(&b, name, data); err != nil {
		c.cfg.Log.Error("a page of the console cannot be made", "template", name, "error", err)
		http.Error(w, "Internal server error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(b.String())) // who has hung up cannot be told so
}

// icon is the URL of a drawing of the sprite.
func (c *Console) icon(name string) string { return c.assets.path("icons.svg") + "#" + name }

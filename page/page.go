package page

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Options says what a Page is made of.
type Options struct {
	Listen   string       // host:port
	Names    []string     // further host names of the box, in the owner's network
	Dir      string       // where the certificate and the passwords' hashes are kept
	Language string       // of the texts; English where there are none in it
	API      http.Handler // of the box; docs/api.md
	Log      *slog.Logger

	// Code is one of the owner's own, as good as one that was spoken; "": there is none.
	Code string

	// Speak says the code of the first visit in the room. nil: there is no loudspeaker.
	Speak func(ctx context.Context, code string) error

	Now func() time.Time // nil: the machine's
}

// Page serves the house page.
type Page struct {
	options  Options
	log      *slog.Logger
	now      func() time.Time
	hosts    hosts
	access   *access
	presence presence
	listener net.Listener
	tls      tls.Certificate
	words    words
	pages    map[string]*template.Template
	static   map[string]asset
	handler  http.Handler
	notes    notes

	pace   *limit // of all requests
	tries  *limit // of passwords and codes
	trying *limit // the same, of everybody together
	codes  *limit // of codes that are spoken
}

// New opens the port and what is kept in Options.Dir. It serves nothing yet.
func New(o Options) (*Page, error) {
	p := &Page{options: o, log: o.Log, now: o.Now, hosts: ownHosts(o.Names), notes: notes{texts: map[string]string{}},
		pace: newLimit(240, 25*time.Millisecond), tries: newLimit(5, 30*time.Second), trying: newLimit(30, 5*time.Second), codes: newLimit(3, time.Minute)}
	if p.now == nil {
		p.now = time.Now
	}
	p.presence.now, p.presence.own = p.now, o.Code
	var err error
	if p.access, err = openAccess(o.Dir, p.now); err != nil {
		return nil, err
	}
	if p.tls, err = certificate(o.Dir, p.hosts); err != nil {
		return nil, err
	}
	if err := p.prepare(); err != nil {
		return nil, err
	}
	p.handler = p.guard(p.routes())
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("open house page: %w", err)
	}
	p.listener = l
	return p, nil
}

// Address is where the page is served.
func (p *Page) Address() net.Addr { return p.listener.Addr() }

// Fingerprint is the SHA-256 of the box's certificate, as browsers show it.
func (p *Page) Fingerprint() string { return fingerprint(p.tls) }

// Owned says whether the owner's password has been set.
func (p *Page) Owned() bool { return p.access.owned() }

// Code is a new code for setting the owner's password. Whoever gets it must be the owner:
// it is for the command line of the box.
func (p *Page) Code() string { return p.presence.next() }

// Forget forgets the owner's password, and whoever was let in.
func (p *Page) Forget() error { return p.access.disown() }

// Handler answers requests as Run does, without a port.
func (p *Page) Handler() http.Handler { return p.handler }

// Run serves until ctx ends.
func (p *Page) Run(ctx context.Context) error {
	server := &http.Server{
		Handler: p.handler, BaseContext: func(net.Listener) context.Context { return ctx },
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{p.tls}, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		// What is written in vain, or is no TLS, is the visitor's affair.
		ErrorLog: slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
	}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	if err := server.ServeTLS(&door{Listener: p.listener, networks: ownNetworks, known: p.hosts.known}, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve house page: %w", err)
	}
	return nil
}

// routes are the pages, and who may see them.
func (p *Page) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /static/{name}", p.serveStatic)
	mux.HandleFunc("/api/v1/", p.serveAPI)
	mux.HandleFunc("GET /api/openapi.json", p.may(Guest, p.serveOpenAPI))

	mux.HandleFunc("GET /welcome", p.welcome)
	mux.HandleFunc("POST /welcome/code", p.speakCode)
	mux.HandleFunc("POST /welcome", p.setOwner)
	mux.HandleFunc("GET /login", p.loginPage)
	mux.HandleFunc("POST /login", p.login)
	mux.HandleFunc("POST /logout", p.may(Guest, p.logout))

	mux.HandleFunc("GET /{$}", p.may(Guest, p.nowPage))
	mux.HandleFunc("POST /ask", p.may(Owner, p.ask))
	mux.HandleFunc("POST /mute", p.may(Owner, p.mute))
	mux.HandleFunc("GET /history", p.may(Owner, p.historyPage))
	mux.HandleFunc("GET /history/{n}", p.may(Owner, p.requestPage))
	mux.HandleFunc("POST /history/{n}/undo", p.may(Owner, p.undo))
	mux.HandleFunc("POST /history/{n}/name", p.may(Owner, p.teachName))
	mux.HandleFunc("POST /history/{n}/sentence", p.may(Owner, p.makeSentence))
	mux.HandleFunc("GET /home", p.may(Guest, p.homePage))
	mux.HandleFunc("POST /home/area", p.may(Owner, p.assignRoom))
	mux.HandleFunc("POST /home/approve", p.may(Owner, p.approve))
	mux.HandleFunc("GET /timers", p.may(Guest, p.timersPage))
	mux.HandleFunc("POST /timers/stop", p.may(Owner, p.stopRinging))
	mux.HandleFunc("POST /timers/cancel", p.may(Owner, p.cancelEntry))
	mux.HandleFunc("POST /lists", p.may(Owner, p.changeList))
	mux.HandleFunc("GET /voice", p.may(Owner, p.voicePage))
	mux.HandleFunc("POST /voice/volume", p.may(Owner, p.setVolume))
	mux.HandleFunc("POST /voice/sensitivity", p.may(Owner, p.setSensitivity))
	mux.HandleFunc("POST /voice/say", p.may(Owner, p.sayAloud))
	mux.HandleFunc("POST /voice/enrol", p.may(Owner, p.enrol))
	mux.HandleFunc("POST /voice/enrol/stop", p.may(Owner, p.stopEnrolling))
	mux.HandleFunc("POST /voice/words/forget", p.may(Owner, p.forgetWord))
	mux.HandleFunc("GET /models", p.may(Owner, p.modelsPage))
	mux.HandleFunc("POST /models/pull", p.may(Owner, p.fetchModel))
	mux.HandleFunc("POST /models/use", p.may(Owner, p.chooseModel))
	mux.HandleFunc("POST /models/pull/stop", p.may(Owner, p.stopFetching))
	mux.HandleFunc("GET /siblings", p.may(Owner, p.siblingsPage))
	mux.HandleFunc("POST /siblings/pair", p.may(Owner, p.pair))
	mux.HandleFunc("POST /siblings/revoke", p.may(Owner, p.revoke))
	mux.HandleFunc("GET /settings", p.may(Owner, p.settingsPage))
	mux.HandleFunc("POST /settings", p.may(Owner, p.changeSettings))
	mux.HandleFunc("GET /system", p.may(Owner, p.systemPage))
	mux.HandleFunc("POST /system/update/check", p.may(Owner, p.checkUpdate))
	mux.HandleFunc("POST /system/update/install", p.may(Owner, p.installUpdate))
	mux.HandleFunc("POST /system/password", p.may(Owner, p.changePassword))
	mux.HandleFunc("POST /system/guests", p.may(Owner, p.changeGuests))
	mux.HandleFunc("POST /system/tokens", p.may(Owner, p.makeToken))
	mux.HandleFunc("POST /system/tokens/drop", p.may(Owner, p.takeToken))
	mux.HandleFunc("POST /system/sessions/end", p.may(Owner, p.endSession))
	mux.HandleFunc("POST /system/sentences/erase", p.may(Owner, p.eraseSentence))
	mux.HandleFunc("POST /system/backup", p.may(Owner, p.backup))
	mux.HandleFunc("POST /system/restore", p.may(Owner, p.restore))
	mux.HandleFunc("POST /system/erase", p.may(Owner, p.eraseAll))
	mux.HandleFunc("POST /system/learned/erase", p.may(Owner, p.eraseLearned))
	mux.HandleFunc("/", p.may(Guest, func(w http.ResponseWriter, r *http.Request) {
		p.refuse(w, r, http.StatusNotFound, "refused.nothing")
	}))
	return mux
}

package appliance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/cricket-home/cricket/home/permission"
	"github.com/cricket-home/cricket/page"
)

// Page says where the house page is served.
type Page struct {
	Listen   string   `toml:"listen"`
	CodeFile string   `toml:"code_file"`
	Names    []string `toml:"names"`
}

// code is what is in the file; "" where there is none.
func (p Page) code() (string, error) {
	if p.CodeFile == "" {
		return "", nil
	}
	data, err := os.ReadFile(p.CodeFile)
	if err != nil {
		return "", fmt.Errorf("read the code of the house page: %w", err)
	}
	code := strings.TrimSpace(string(data))
	if utf8.RuneCountInString(code) < page.ShortestCode {
		return "", fmt.Errorf("the code of the house page in %s must have at least %d characters", p.CodeFile, page.ShortestCode)
	}
	return code, nil
}

func (p Page) validate(fault func(string, ...any)) {
	if _, _, err := net.SplitHostPort(p.Listen); err != nil && p.Listen != "" {
		fault("'page.listen' must be host:port or empty, not %q", p.Listen)
	}
	for _, name := range p.Names {
		if name == "" || strings.ContainsAny(name, "/: ") {
			fault("'page.names': %q must be a host name without a port", name)
		}
	}
}

// housePage is the box's part of the house page.
type housePage struct {
	page  *page.Page // nil: it is off, or cannot be
	fault error      // why it cannot be
}

// openPage opens the house page of a box that keeps anything. One that cannot be opened
// is told by the doctor, and is no reason not to switch lights.
func (b *Box) openPage() error {
	c := b.config.Page
	if !b.options.Keep || c.Listen == "" {
		return nil
	}
	o := page.Options{Listen: c.Listen, Names: c.Names, Dir: filepath.Join(b.options.StateDir, "page"), Language: b.config.Language,
		API: b.handler(permission.Page), Log: b.log.With("part", "page")}
	code, err := c.code()
	if err != nil {
		b.log.Error("nobody can set the owner's password by that code", "err", err)
	}
	o.Code = code
	if b.hasLoudspeaker() {
		o.Speak = func(ctx context.Context, code string) error {
			return b.speech.Speak(ctx, b.house.Now().Home.PairingCode(code), ownVolume)
		}
	}
	p, err := page.New(o)
	if err != nil {
		b.page.fault = err
		b.log.Error("there is no house page", "err", err)
		return nil
	}
	b.page.page = p
	return nil
}

// runPage does not end the box where the page ends.
func (b *Box) runPage(ctx context.Context) error {
	if err := b.page.page.Run(ctx); err != nil && ctx.Err() == nil {
		b.log.Error("there is no house page any more", "err", err)
		<-ctx.Done()
	}
	return nil
}

// PageState is what `cricket page` prints.
type PageState struct {
	Addresses   []string `json:"addresses"`      // to type into a browser
	Fingerprint string   `json:"fingerprint"`    // of the certificate, SHA-256
	Owned       bool     `json:"owned"`          // the owner's password has been set
	Code        string   `json:"code,omitempty"` // by which it can be set, within ten minutes
}

var errNoPage = errors.New("the house page is off: page.listen in config.toml")

// servePage answers what only the command line may ask about the page.
func (b *Box) servePage(mux *http.ServeMux) {
	handle := func(pattern string, f func(w http.ResponseWriter, p *page.Page)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case b.page.fault != nil:
				http.Error(w, b.page.fault.Error(), http.StatusServiceUnavailable)
			case b.page.page == nil:
				http.Error(w, errNoPage.Error(), http.StatusServiceUnavailable)
			default:
				f(w, b.page.page)
			}
		})
	}
	handle("GET /page", func(w http.ResponseWriter, p *page.Page) { writeJSON(w, pageState(p)) })
	handle("POST /page/code", func(w http.ResponseWriter, p *page.Page) {
		s := pageState(p)
		if !s.Owned {
			s.Code = p.Code()
		}
		writeJSON(w, s)
	})
	handle("POST /page/forget", func(w http.ResponseWriter, p *page.Page) {
		if err := p.Forget(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
}

func pageState(p *page.Page) PageState {
	return PageState{Addresses: p.Links(), Fingerprint: p.Fingerprint(), Owned: p.Owned()}
}

// checkPage says whether the house page is there.
func (b *Box) checkPage() []Finding {
	f := Finding{Part: "page"}
	switch {
	case b.page.fault != nil:
		f.Text, f.Hint = b.page.fault.Error(), "choose another port in 'page.listen' of config.toml, or make its files readable: ls -l "+filepath.Join(b.options.StateDir, "page")
	case b.page.page == nil:
		return nil
	default:
		f.OK, f.Text = true, "the house page is at "+strings.Join(b.page.page.Links(), ", ")
		if !b.page.page.Owned() {
			f.Text += "; nobody has set its password yet"
		}
	}
	return []Finding{f}
}

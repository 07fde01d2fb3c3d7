package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"
)

//go:embed templates static words
var embedded embed.FS

// asset is a file of static, as it is sent.
type asset struct {
	kind           string
	plain, zipped  []byte
	fingerprintOf8 string
}

// words are the texts of one language, by key.
type words map[string]string

func readWords(language string) (words, error) {
	data, err := embedded.ReadFile("words/" + language + ".yaml")
	if errors.Is(err, fs.ErrNotExist) {
		data, err = embedded.ReadFile("words/en.yaml")
	}
	if err != nil {
		return nil, fmt.Errorf("read words of the house page: %w", err)
	}
	var w words
	if err := yaml.Unmarshal(data, &w); err != nil {
		return nil, fmt.Errorf("read words of the house page: %w", err)
	}
	return w, nil
}

// say is the text of a key; args take the places of %s and %d.
func (w words) say(key string, args ...any) (string, error) {
	text, ok := w[key]
	if !ok {
		return "", fmt.Errorf("the house page has no words for %q", key)
	}
	if len(args) > 0 {
		return fmt.Sprintf(text, args...), nil
	}
	return text, nil
}

// state is a device's state as people read it: a window is open, and not on.
func (w words) state(d device) string {
	for _, key := range []string{"state." + d.Domain + "." + d.Class + "." + d.State, "state." + d.State} {
		if text, ok := w[key]; ok {
			return text
		}
	}
	return d.State
}

// prepare parses the templates and packs what is static.
func (p *Page) prepare() error {
	var err error
	if p.words, err = readWords(p.options.Language); err != nil {
		return err
	}
	p.static = map[string]asset{}
	links := map[string]string{}
	files, err := fs.ReadDir(embedded, "static")
	if err != nil {
		return fmt.Errorf("prepare house page: %w", err)
	}
	for _, f := range files {
		a, err := readAsset(f.Name())
		if err != nil {
			return fmt.Errorf("prepare house page: %w", err)
		}
		p.static[f.Name()] = a
		links[f.Name()] = "/static/" + f.Name() + "?" + a.fingerprintOf8
	}
	functions := template.FuncMap{
		"t":      p.words.say,
		"static": func(name string) string { return links[name] },
		"clock":  func(t time.Time) string { return t.Local().Format("15:04") },
		"moment": func(t time.Time) string { return t.Local().Format("2 Jan 15:04:05") },
		"iso":    func(t time.Time) string { return t.Format(time.RFC3339) },
		"ms":     milliseconds,
		"figure": func(x float64) string { return fmt.Sprintf("%.3g", x) },
		"state":  p.words.state,
		"size":   megabytes,
		"isTrue": func(b *bool) bool { return *b },
		"link": func(to, words, page string) link {
			return link{to, words, page == words || page == "request" && words == "history"}
		},
		"join": strings.Join,
	}
	p.pages = map[string]*template.Template{}
	shared, err := template.New("").Funcs(functions).ParseFS(embedded, "templates/shared/*.html")
	if err != nil {
		return fmt.Errorf("prepare house page: %w", err)
	}
	pages, err := fs.Glob(embedded, "templates/*.html")
	if err != nil {
		return fmt.Errorf("prepare house page: %w", err)
	}
	for _, file := range pages {
		one, err := shared.Clone()
		if err == nil {
			one, err = one.ParseFS(embedded, file)
		}
		if err != nil {
			return fmt.Errorf("prepare house page: %w", err)
		}
		p.pages[strings.TrimSuffix(path.Base(file), ".html")] = one
	}
	return nil
}

func readAsset(name string) (asset, error) {
	data, err := embedded.ReadFile("static/" + name)
	if err != nil {
		return asset{}, err
	}
	var zipped bytes.Buffer
	z, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		return asset{}, err
	}
	z.Write(data)
	if err := z.Close(); err != nil {
		return asset{}, err
	}
	sum := sha256.Sum256(data)
	kind := mime.TypeByExtension(path.Ext(name))
	if path.Ext(name) == ".webmanifest" {
		kind = "application/manifest+json"
	}
	return asset{kind: kind, plain: data, zipped: zipped.Bytes(), fingerprintOf8: hex.EncodeToString(sum[:4])}, nil
}

// serveStatic sends a file that is always the same under the same address.
func (p *Page) serveStatic(w http.ResponseWriter, r *http.Request) {
	a, ok := p.static[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", a.kind)
	if r.URL.RawQuery == a.fingerprintOf8 {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	w.Header().Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(a.zipped)
		return
	}
	w.Write(a.plain)
}

// link is one to another page.
type link struct {
	To, Words string
	Here      bool // it is the page that is shown
}

// view is what every template gets.
type view struct {
	Page   string // the template's name
	Role   Role
	Status status
	Note   string // what came of the last thing that was asked for
	Live   bool   // the script follows the box's events
	Data   any
}

// show renders a page.
func (p *Page) show(w http.ResponseWriter, r *http.Request, code int, name string, data any) {
	v := visitOf(r)
	page := view{Page: name, Role: v.role, Data: data, Live: v.role == Owner, Note: p.notes.take(v.session.Hash)}
	if v.role != Nobody {
		if err := p.get(r.Context(), "/status", nil, &page.Status); err != nil {
			p.log.Error("the house page does not know how the box is", "err", err)
		}
	}
	var out bytes.Buffer
	if err := p.pages[name].ExecuteTemplate(&out, "frame", page); err != nil {
		p.log.Error("a page was not made", "page", name, "err", err)
		http.Error(w, "this page could not be made; the log of the box says why", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Vary", "Accept-Encoding, Cookie")
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.WriteHeader(code)
		w.Write(out.Bytes())
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	w.WriteHeader(code)
	z := gzip.NewWriter(w)
	z.Write(out.Bytes())
	z.Close()
}

// refuse shows why something is not to be had; key is of words.
func (p *Page) refuse(w http.ResponseWriter, r *http.Request, code int, key string) {
	p.show(w, r, code, "refused", key)
}

// fail shows what the box said when it could not do something.
func (p *Page) fail(w http.ResponseWriter, r *http.Request, err error) {
	p.show(w, r, http.StatusBadGateway, "failed", err.Error())
}

// done goes back to a page, with what the box said if it refused.
func (p *Page) done(w http.ResponseWriter, r *http.Request, err error, to string) {
	if err != nil {
		p.notes.put(visitOf(r).session.Hash, err.Error())
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// notes are texts for the next page of a session. They are not in the page's address,
// where anybody could write them.
type notes struct {
	mu    sync.Mutex
	texts map[string]string
}

func (n *notes) put(session, text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.texts) > maxSessions { // of sessions that are over
		clear(n.texts)
	}
	n.texts[session] = text
}

func (n *notes) take(session string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	text := n.texts[session]
	delete(n.texts, session)
	return text
}

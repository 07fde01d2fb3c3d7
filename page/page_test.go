package page

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// box is an API that answers what a test lays down, and keeps what it was asked to do.
type box struct {
	mu      sync.Mutex
	answers map[string]any // by path
	did     []string       // "POST /path form"
}

func (b *box) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.Method == http.MethodPost {
		body, _ := io.ReadAll(r.Body)
		b.did = append(b.did, "POST "+r.URL.Path+" "+string(body))
		json.NewEncoder(w).Encode(map[string]string{"reply": "Done."})
		return
	}
	answer, ok := b.answers[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	json.NewEncoder(w).Encode(answer)
}

// things are JSON of no special kind.
type things = map[string]any

// newBox is a small home, in which the words are people's.
func newBox() *box {
	device := things{"id": "light.lamp", "name": "Lamp", "aliases": []string{"bulb"}, "area": "kitchen", "domain": "light", "state": "on", "speakable": true, "movable": true}
	return &box{answers: map[string]any{
		"/status":       things{"name": "Kitchen Cricket", "room": "Kitchen", "mode": "idle", "hears": true, "devices": 1, "rooms": 1, "broker_connected": true, "broker": "tcp://x"},
		"/why":          []things{{"n": 1, "time": time.Unix(0, 0), "text": "turn on the secret lamp", "intent": "HassTurnOn", "tier": "template", "confidence": 1, "actions": []things{{"topic": "t", "payload": "ON", "confirmed": true}}, "reply": "Lamp on.", "ms": things{"total": 3}}},
		"/ring":         []things{{"id": 4, "kind": "timer", "name": "pizza", "state": "running", "left_s": 61, "length_s": 600}},
		"/lists":        []things{{"name": "shopping", "items": []things{{"text": "milk", "done": false}}}},
		"/home/devices": things{"areas": []things{{"id": "kitchen", "name": "Kitchen"}}, "devices": []things{device}, "floors": []things{}, "faults": []things{}},
		"/home/pending": []things{},
		"/doctor":       []things{{"part": "broker", "ok": true, "text": "fine"}},
		"/learned":      []things{},
		"/sentences":    []things{},
		"/logs":         []string{"level=INFO msg=listening"},

		"/home/permissions": []things{{"n": 1, "text": "locks need a yes"}},
		"/voice":            things{"hears": true, "speaks": true, "words": []things{{"word": "open sesame", "person": "ali"}}},
		"/voice/enrol":      things{},
		"/models":           []things{{"id": "a", "purpose": "stt", "title": "A", "installed": true, "used": true, "speed": 2.5}},
		"/models/pull":      things{},
		"/settings":         things{"language": "en", "fixed": []string{}, "languages": []string{"en", "de"}, "rooms": []string{"Kitchen"}},
	}}
}

// visitor is a browser without a screen.
type caller struct {
	t      *testing.T
	page   *Page
	from   string
	cookie string
	token  string
}

// open is a page with an API behind it. Passwords cost nothing, and the time is the test's.
func open(t *testing.T, api http.Handler) (*Page, *time.Time) {
	t.Helper()
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	p, err := New(Options{Listen: "127.0.0.1:0", Names: []string{"cricket.example.net"}, Dir: t.TempDir(), Language: "en", API: api,
		Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.listener.Close() })
	p.access.rounds = 1
	return p, &now
}

const (
	ownPassword   = "correct horse"
	guestPassword = "come in and sit"
)

// owned is a page whose owner has set passwords, and the owner's browser.
func owned(t *testing.T, api http.Handler) (*Page, *caller, *time.Time) {
	t.Helper()
	p, now := open(t, api)
	if err := p.access.own(ownPassword); err != nil {
		t.Fatal(err)
	}
	if err := p.access.letGuests(guestPassword); err != nil {
		t.Fatal(err)
	}
	c := &caller{t: t, page: p, from: "192.168.1.20:5000"}
	c.login(ownPassword)
	return p, c, now
}

func (c *caller) login(password string) {
	c.t.Helper()
	w := c.post("/login", url.Values{"password": {password}})
	for _, cookie := range w.Result().Cookies() {
		if cookie.Name == cookieName {
			c.cookie = cookie.Value
		}
	}
	if w.Code != http.StatusSeeOther || c.cookie == "" {
		c.t.Fatalf("login: %d %s", w.Code, w.Body)
	}
}

// send makes a request; edit changes it first.
func (c *caller) send(method, path string, form url.Values, edit func(*http.Request)) *httptest.ResponseRecorder {
	c.t.Helper()
	r := httptest.NewRequestWithContext(context.Background(), method, "https://192.168.1.2:7430"+path, strings.NewReader(form.Encode()))
	r.RemoteAddr = c.from
	if method != http.MethodGet {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "https://192.168.1.2:7430")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if c.cookie != "" {
		r.AddCookie(&http.Cookie{Name: cookieName, Value: c.cookie})
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if edit != nil {
		edit(r)
	}
	w := httptest.NewRecorder()
	c.page.Handler().ServeHTTP(w, r)
	return w
}

func (c *caller) get(path string) *httptest.ResponseRecorder { return c.send("GET", path, nil, nil) }
func (c *caller) post(path string, form url.Values) *httptest.ResponseRecorder {
	return c.send("POST", path, form, nil)
}

package page

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// openAPI describes the API; a test of appliance checks it against the server.
//
//go:embed openapi.json
var openAPI []byte

// ofGuests are the questions that the API answers guests: nothing of what was said.
var ofGuests = map[string]bool{"/status": true, "/home/devices": true, "/ring": true, "/lists": true}

// serveAPI answers programs, and the page's own script, with the box's API.
func (p *Page) serveAPI(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/api/v1")
	switch v := visitOf(r); {
	case v.role == Nobody:
		w.Header().Set("WWW-Authenticate", `Bearer realm="cricket"`)
		http.Error(w, "log in, or send a token of the System page: Authorization: Bearer TOKEN", http.StatusUnauthorized)
		return
	case v.role == Guest && !(r.Method == http.MethodGet && ofGuests[path]):
		http.Error(w, "guests may not ask for this", http.StatusForbidden)
		return
	}
	http.StripPrefix("/api/v1", p.options.API).ServeHTTP(w, r)
}

func (p *Page) serveOpenAPI(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Write(openAPI)
}

// refusal is the API's answer that is not 200.
type refusal struct {
	status int
	text   string
}

func (e *refusal) Error() string { return e.text }

// get asks the API and decodes its JSON.
func (p *Page) get(ctx context.Context, path string, query url.Values, into any) error {
	return p.call(ctx, http.MethodGet, path+"?"+query.Encode(), "", nil, into)
}

// post has the API do something. Where into is not nil, its answer is JSON.
func (p *Page) post(ctx context.Context, path string, form url.Values, into any) error {
	return p.call(ctx, http.MethodPost, path, "application/x-www-form-urlencoded", []byte(form.Encode()), into)
}

// call makes one request of the API in this process.
func (p *Page) call(ctx context.Context, method, path, kind string, body []byte, into any) error {
	answer, err := p.send(ctx, method, path, kind, body)
	if err != nil || into == nil {
		return err
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("read answer of the box to %s: %w", path, err)
	}
	return nil
}

// send makes one request and returns what is answered. One that is not 200 is a *refusal.
func (p *Page) send(ctx context.Context, method, path, kind string, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask the box: %w", err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	a := answer{header: http.Header{}, status: http.StatusOK}
	p.options.API.ServeHTTP(&a, r)
	if a.status != http.StatusOK {
		return nil, &refusal{a.status, strings.TrimSpace(a.body.String())}
	}
	return a.body.Bytes(), nil
}

// answer is what the API writes, in memory.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }
func (a *answer) Flush()                      {} // all of it is read at the end

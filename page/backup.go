package page

import (
	"net/http"
	"strings"
)

// backup hands the box's backup to the browser, which keeps it as a file.
func (p *Page) backup(w http.ResponseWriter, r *http.Request) {
	if r.PostFormValue("passphrase") != r.PostFormValue("again") {
		p.told(w, r, "backup.differ")
		return
	}
	form := form(r, "passphrase").Encode()
	ask, err := http.NewRequestWithContext(r.Context(), http.MethodPost, "/backup", strings.NewReader(form))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	ask.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	a := answer{header: http.Header{}, status: http.StatusOK}
	p.options.API.ServeHTTP(&a, ask)
	if a.status != http.StatusOK {
		p.done(w, r, &refusal{a.status, strings.TrimSpace(a.body.String())}, "/system")
		return
	}
	for _, name := range []string{"Content-Type", "Content-Disposition"} {
		w.Header().Set(name, a.header.Get(name))
	}
	w.Write(a.body.Bytes())
}

// restore hands a backup to the box, which restarts with it.
func (p *Page) restore(w http.ResponseWriter, r *http.Request) {
	ask, err := http.NewRequestWithContext(r.Context(), http.MethodPost, "/restore", r.Body)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	ask.Header.Set("Content-Type", r.Header.Get("Content-Type"))
	a := answer{header: http.Header{}, status: http.StatusOK}
	p.options.API.ServeHTTP(&a, ask)
	if a.status != http.StatusOK {
		p.done(w, r, &refusal{a.status, strings.TrimSpace(a.body.String())}, "/system")
		return
	}
	p.show(w, r, http.StatusOK, "restarts", "restore")
}

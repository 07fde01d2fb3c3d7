package page

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// siblings is what the API says of the mesh.
type siblings struct {
	Name     string    `json:"name"`
	Home     string    `json:"home"`
	Revoked  bool      `json:"revoked"`
	Siblings []sibling `json:"siblings"`

	Off       string `json:"-"` // why there is no mesh
	OwnerCode string `json:"-"` // of a home that has just begun; to be read this once
}

type sibling struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Connected bool       `json:"connected"`
	Address   string     `json:"address"`
	Reached   *time.Time `json:"reached"`
	Voucher   string     `json:"voucher"`
	Fault     string     `json:"fault"`
}

func (p *Page) siblingsPage(w http.ResponseWriter, r *http.Request) { p.siblings(w, r, "") }

func (p *Page) siblings(w http.ResponseWriter, r *http.Request, ownerCode string) {
	v := siblings{OwnerCode: ownerCode}
	err := p.get(r.Context(), "/mesh", nil, &v)
	if refused, ok := errors.AsType[*refusal](err); ok {
		v.Off = refused.text
	} else if err != nil {
		p.fail(w, r, err)
		return
	}
	p.show(w, r, http.StatusOK, "siblings", v)
}

// pair takes the code that another box shows.
func (p *Page) pair(w http.ResponseWriter, r *http.Request) {
	if !p.mayTry(w, r) {
		return
	}
	if r.PostFormValue("code") == "" { // without one, this box would show its own and wait
		p.done(w, r, nil, "/siblings")
		return
	}
	var line struct {
		Paired    string `json:"paired"`
		OwnerCode string `json:"owner_code"`
		Error     string `json:"error"`
	}
	answer, err := p.send(r.Context(), http.MethodPost, "/mesh/pair", "application/x-www-form-urlencoded", []byte(form(r, "code", "address").Encode()))
	if err == nil {
		lines := bytes.Split(bytes.TrimSpace(answer), []byte("\n"))
		err = json.Unmarshal(lines[len(lines)-1], &line)
	}
	if err == nil && line.Error != "" {
		err = errors.New(line.Error)
	}
	if err != nil || line.OwnerCode == "" {
		p.done(w, r, err, "/siblings")
		return
	}
	p.siblings(w, r, line.OwnerCode)
}

// revoke takes a box out of the home, for whoever has the home's owner code.
func (p *Page) revoke(w http.ResponseWriter, r *http.Request) {
	if !p.mayTry(w, r) {
		return
	}
	body, err := json.Marshal(map[string]any{"ids": []string{r.PostFormValue("id")}, "code": r.PostFormValue("code")})
	if err == nil {
		err = p.call(r.Context(), http.MethodPost, "/mesh/revoke", "application/json", body, nil)
	}
	p.done(w, r, err, "/siblings")
}

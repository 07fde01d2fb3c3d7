package page

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
)

// nowView is what the box does now, and what it did last.
type nowView struct {
	Last   *request
	Before []request
	Next   []planned
	Rooms  []room
}

// lately is how many requests the page Now tells of.
const lately = 6

func (p *Page) nowPage(w http.ResponseWriter, r *http.Request) {
	var v nowView
	if visitOf(r).role == Owner { // what was said is for the owner only
		var last []request
		if err := p.get(r.Context(), "/why", url.Values{"n": {strconv.Itoa(lately)}}, &last); err != nil {
			p.fail(w, r, err)
			return
		}
		if len(last) > 0 {
			v.Last, v.Before = &last[0], last[1:]
		}
	}
	if err := p.get(r.Context(), "/ring", nil, &v.Next); err != nil {
		p.fail(w, r, err)
		return
	}
	v.Next = v.Next[:min(len(v.Next), 3)]
	var h house
	if err := p.get(r.Context(), "/home/devices", nil, &h); err != nil {
		p.fail(w, r, err)
		return
	}
	v.Rooms = h.Areas
	p.show(w, r, http.StatusOK, "now", v)
}

// ask has the box do what was typed, as if it had been said.
func (p *Page) ask(w http.ResponseWriter, r *http.Request) {
	body, err := json.Marshal(map[string]string{"text": r.PostFormValue("text"), "room": r.PostFormValue("room")})
	if err == nil {
		err = p.call(r.Context(), http.MethodPost, "/ask", "application/json", body, nil)
	}
	p.done(w, r, err, "/")
}

func (p *Page) mute(w http.ResponseWriter, r *http.Request) {
	p.done(w, r, p.post(r.Context(), "/mute", form(r, "on"), nil), "/")
}

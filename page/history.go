package page

import (
	"net/http"
	"net/url"
	"strconv"
)

// remembered is how many requests the box looks back; older ones are forgotten.
const remembered = 200

func (p *Page) historyPage(w http.ResponseWriter, r *http.Request) {
	var all []request
	if err := p.get(r.Context(), "/why", url.Values{"n": {strconv.Itoa(remembered)}}, &all); err != nil {
		p.fail(w, r, err)
		return
	}
	p.show(w, r, http.StatusOK, "history", all)
}

// requestView is one request, and what can be taught by it.
type requestView struct {
	request
	Newest  bool // it can be taken back
	Devices []device
}

// find looks for a request by its number.
func (p *Page) find(r *http.Request) (found request, newest, ok bool, err error) {
	var all []request
	if err := p.get(r.Context(), "/why", url.Values{"n": {strconv.Itoa(remembered)}}, &all); err != nil {
		return request{}, false, false, err
	}
	n, _ := strconv.Atoi(r.PathValue("n")) // no request has the number 0
	for i, q := range all {
		if q.Number == n {
			return q, i == 0, true, nil
		}
	}
	return request{}, false, false, nil
}

func (p *Page) requestPage(w http.ResponseWriter, r *http.Request) {
	q, newest, ok, err := p.find(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if !ok {
		p.refuse(w, r, http.StatusNotFound, "history.forgotten")
		return
	}
	var h house
	if err := p.get(r.Context(), "/home/devices", nil, &h); err != nil {
		p.fail(w, r, err)
		return
	}
	v := requestView{request: q, Newest: newest && len(q.Actions) > 0 && q.Due == ""}
	for _, d := range h.Devices {
		if d.Speakable {
			d.Area = h.roomName(d.Area)
			v.Devices = append(v.Devices, d)
		}
	}
	p.show(w, r, http.StatusOK, "request", v)
}

// undo takes back what a request did, which must be the last.
func (p *Page) undo(w http.ResponseWriter, r *http.Request) {
	q, newest, ok, err := p.find(r)
	switch {
	case err != nil:
	case !ok || !newest:
		p.refuse(w, r, http.StatusConflict, "history.late")
		return
	default:
		err = p.post(r.Context(), "/undo", url.Values{"room": {q.Room}}, nil)
	}
	p.done(w, r, err, "/")
}

// teachName gives a device a name that people use.
func (p *Page) teachName(w http.ResponseWriter, r *http.Request) {
	var answer struct {
		Reply string `json:"reply"`
	}
	err := p.post(r.Context(), "/learned/name", form(r, "name", "device"), &answer)
	if err == nil {
		p.notes.put(visitOf(r).session.Hash, answer.Reply)
	}
	p.done(w, r, err, "/history/"+url.PathEscape(r.PathValue("n")))
}

// makeSentence makes a custom sentence of what was said.
func (p *Page) makeSentence(w http.ResponseWriter, r *http.Request) {
	err := p.post(r.Context(), "/sentences", form(r, "text", "means", "room"), nil)
	if err == nil {
		var text string
		if text, err = p.words.say("sentence.made", r.PostFormValue("text"), r.PostFormValue("means")); err == nil {
			p.notes.put(visitOf(r).session.Hash, text)
		}
	}
	p.done(w, r, err, "/history/"+url.PathEscape(r.PathValue("n")))
}

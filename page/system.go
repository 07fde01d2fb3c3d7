package page

import (
	"errors"
	"net/http"
	"strings"
)

type finding struct {
	Part string `json:"part"`
	OK   bool   `json:"ok"`
	Text string `json:"text"`
	Hint string `json:"hint"`
}

type learnedItem struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// Browser is the name of a session's browser and system, as far as they are known; "" where neither is.
func (s session) Browser() string {
	var out []string
	for _, names := range [][][2]string{
		{{"Firefox/", "Firefox"}, {"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}}, // those before a name copy it
		{{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"}},
	} {
		for _, n := range names {
			if strings.Contains(s.Agent, n[0]) {
				out = append(out, n[1])
				break
			}
		}
	}
	return strings.Join(out, ", ")
}

// ownSentence is a custom sentence that was made here.
type ownSentence struct {
	Text  string `json:"text"`
	Means string `json:"means"`
}

// update is what the API says of updates.
type update struct {
	Installed string `json:"installed"`
	Latest    string `json:"latest"`
	Doing     string `json:"doing"`
	Percent   *int   `json:"percent"`
	Step      string `json:"step"`
	Fault     string `json:"fault"`
	Last      *struct {
		Version string `json:"version"`
		Result  string `json:"result"`
		Fault   string `json:"fault"`
	} `json:"last"`

	Off string `json:"-"` // why this box is not updated from here
}

type systemView struct {
	Update      update
	Sentences   []ownSentence
	Faults      []finding
	Fine        []finding
	Learned     []learnedItem
	Sessions    []session
	Mine        string // hash of the session that looks
	Tokens      []token
	Guests      bool
	Log         []string
	Fingerprint string
	NewToken    string // to be read this once
}

// Erasable is what can be erased at once.
func (systemView) Erasable() []string { return []string{"learned", "shared"} }

func (p *Page) systemPage(w http.ResponseWriter, r *http.Request) { p.system(w, r, "") }

func (p *Page) system(w http.ResponseWriter, r *http.Request, newToken string) {
	v := systemView{Fingerprint: p.Fingerprint(), Mine: visitOf(r).session.Hash, NewToken: newToken}
	var all []finding
	err := p.get(r.Context(), "/doctor", nil, &all)
	if err == nil {
		err = p.get(r.Context(), "/learned", nil, &v.Learned)
	}
	if err == nil {
		err = p.get(r.Context(), "/sentences", nil, &v.Sentences)
	}
	if err == nil {
		err = p.get(r.Context(), "/logs", nil, &v.Log)
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	err = p.get(r.Context(), "/update", nil, &v.Update)
	if refused, ok := errors.AsType[*refusal](err); ok {
		v.Update.Off = refused.text
	} else if err != nil {
		p.fail(w, r, err)
		return
	}
	for _, f := range all {
		if f.OK {
			v.Fine = append(v.Fine, f)
		} else {
			v.Faults = append(v.Faults, f)
		}
	}
	v.Sessions, v.Tokens, v.Guests = p.access.who()
	p.show(w, r, http.StatusOK, "system", v)
}

// changePassword sets another password of the owner, who must know the one there is. All
// browsers must log in again.
func (p *Page) changePassword(w http.ResponseWriter, r *http.Request) {
	if !p.mayTry(w, r) {
		return
	}
	if p.access.role(r.PostFormValue("old")) != Owner {
		p.told(w, r, "login.wrong")
		return
	}
	if r.PostFormValue("password") != r.PostFormValue("again") {
		p.told(w, r, "password.differ")
		return
	}
	if err := p.access.reown(r.PostFormValue("password")); err != nil {
		p.passwordFault(w, r, err)
		return
	}
	p.tries.forgive(visitOf(r).from)
	p.enter(w, r, Owner, "/")
}

// changeGuests sets the guests' password, or without one lets no guest in.
func (p *Page) changeGuests(w http.ResponseWriter, r *http.Request) {
	if err := p.access.letGuests(r.PostFormValue("password")); err != nil {
		p.passwordFault(w, r, err)
		return
	}
	p.told(w, r, "system.saved")
}

func (p *Page) passwordFault(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, errShort):
		p.told(w, r, "password.short")
	case errors.Is(err, errLong):
		p.told(w, r, "password.long")
	default:
		p.done(w, r, err, "/system")
	}
}

// told goes back to System with a text of words.
func (p *Page) told(w http.ResponseWriter, r *http.Request, key string) {
	text, err := p.words.say(key)
	if err == nil {
		p.notes.put(visitOf(r).session.Hash, text)
	}
	p.done(w, r, err, "/system")
}

// makeToken makes a token, and shows it this once.
func (p *Page) makeToken(w http.ResponseWriter, r *http.Request) {
	name, role := r.PostFormValue("name"), Guest
	if r.PostFormValue("role") == string(Owner) {
		role = Owner
	}
	if name == "" {
		p.told(w, r, "tokens.nameless")
		return
	}
	key, err := p.access.newToken(name, role)
	if err != nil {
		p.done(w, r, err, "/system")
		return
	}
	p.system(w, r, key)
}

func (p *Page) takeToken(w http.ResponseWriter, r *http.Request) {
	p.done(w, r, p.access.dropToken(r.PostFormValue("hash")), "/system")
}

func (p *Page) endSession(w http.ResponseWriter, r *http.Request) {
	p.done(w, r, p.access.leave(r.PostFormValue("hash")), "/system")
}

func (p *Page) eraseLearned(w http.ResponseWriter, r *http.Request) {
	p.done(w, r, p.post(r.Context(), "/learned/erase", form(r, "id"), nil), "/system")
}

// eraseAll forgets all that was learned, or erases what the boxes of the home share.
func (p *Page) eraseAll(w http.ResponseWriter, r *http.Request) {
	path, known := map[string]string{"learned": "/learned/erase", "shared": "/mesh/erase"}[r.PostFormValue("what")]
	if !known {
		p.refuse(w, r, http.StatusNotFound, "refused.nothing")
		return
	}
	if err := p.post(r.Context(), path, form(r, "all"), nil); err != nil {
		p.done(w, r, err, "/system")
		return
	}
	p.told(w, r, "erase.done")
}

func (p *Page) eraseSentence(w http.ResponseWriter, r *http.Request) {
	p.done(w, r, p.post(r.Context(), "/sentences/erase", form(r, "text"), nil), "/system")
}

// checkUpdate asks whether there is a newer version.
func (p *Page) checkUpdate(w http.ResponseWriter, r *http.Request) {
	p.done(w, r, p.post(r.Context(), "/update/check", nil, nil), "/system")
}

// installUpdate begins to install the newest version.
func (p *Page) installUpdate(w http.ResponseWriter, r *http.Request) {
	p.done(w, r, p.post(r.Context(), "/update/newest", nil, nil), "/system")
}

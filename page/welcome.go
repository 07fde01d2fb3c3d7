package page

import (
	"errors"
	"net/http"
	"net/url"
	"time"
)

// welcomeView is the first visit.
type welcomeView struct {
	Speaks bool   // the box has a loudspeaker to say the code
	Own    bool   // the owner has a code of their own, which may be words
	Spoken bool   // it was said just now
	Fault  string // a key of words
}

// welcome is the page that sets the owner's password. It is there only until that is set.
func (p *Page) welcome(w http.ResponseWriter, r *http.Request) {
	if p.access.owned() {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	p.show(w, r, http.StatusOK, "welcome", welcomeView{Speaks: p.options.Speak != nil, Own: p.options.Code != ""})
}

// speakCode has the box say the code that shows who is in the room.
func (p *Page) speakCode(w http.ResponseWriter, r *http.Request) {
	v := welcomeView{Speaks: p.options.Speak != nil, Own: p.options.Code != ""}
	switch {
	case p.access.owned():
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	case !v.Speaks:
		v.Fault = "welcome.silent"
	default:
		if wait, ok := p.codes.allow(everybody, p.now()); !ok {
			tooMany(w, wait)
			return
		}
		if err := p.options.Speak(r.Context(), p.presence.next()); err != nil {
			p.log.Error("the code of the house page was not spoken", "err", err)
			v.Fault = "welcome.unspoken"
		} else {
			v.Spoken = true
		}
	}
	p.show(w, r, http.StatusOK, "welcome", v)
}

// setOwner sets the owner's password, for whoever knows the code, and lets them in.
func (p *Page) setOwner(w http.ResponseWriter, r *http.Request) {
	if p.access.owned() {
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	}
	if !p.mayTry(w, r) {
		return
	}
	v := welcomeView{Speaks: p.options.Speak != nil, Own: p.options.Code != "", Spoken: true}
	password := r.PostFormValue("password")
	switch {
	case password != r.PostFormValue("again"):
		v.Fault = "password.differ"
	case !p.presence.isOwn(r.PostFormValue("code")) && !p.presence.is(r.PostFormValue("code")):
		v.Fault = "welcome.wrong"
	default:
		switch err := p.access.own(password); {
		case errors.Is(err, errShort):
			v.Fault = "password.short"
		case errors.Is(err, errLong):
			v.Fault = "password.long"
		case err != nil:
			p.fail(w, r, err)
			return
		default:
			p.presence.over()
			p.log.Info("the house page has an owner")
			p.enter(w, r, Owner, "/settings")
			return
		}
	}
	p.show(w, r, http.StatusUnprocessableEntity, "welcome", v)
}

// loginPage asks for the password.
func (p *Page) loginPage(w http.ResponseWriter, r *http.Request) {
	switch {
	case !p.access.owned():
		http.Redirect(w, r, "/welcome", http.StatusSeeOther)
	case visitOf(r).role != Nobody:
		http.Redirect(w, r, "/", http.StatusSeeOther)
	default:
		p.show(w, r, http.StatusOK, "login", "")
	}
}

// login lets in whoever knows a password.
func (p *Page) login(w http.ResponseWriter, r *http.Request) {
	if !p.mayTry(w, r) {
		return
	}
	role := p.access.role(r.PostFormValue("password"))
	if role == Nobody {
		p.log.Warn("somebody tried a wrong password of the house page", "from", visitOf(r).from)
		p.show(w, r, http.StatusUnauthorized, "login", "login.wrong")
		return
	}
	p.tries.forgive(visitOf(r).from)
	p.enter(w, r, role, "/")
}

// mayTry says whether one more password or code may be tried now, and else answers.
func (p *Page) mayTry(w http.ResponseWriter, r *http.Request) bool {
	wait, ok := p.tries.allow(visitOf(r).from, p.now())
	if ok {
		wait, ok = p.trying.allow(everybody, p.now())
	}
	if !ok {
		tooMany(w, wait)
	}
	return ok
}

// enter begins a session of the browser that asks, which goes on to a page.
func (p *Page) enter(w http.ResponseWriter, r *http.Request, role Role, to string) {
	key, err := p.access.enter(role, r.UserAgent())
	if err != nil {
		p.fail(w, r, err)
		return
	}
	setCookie(w, key, sessionTime)
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func setCookie(w http.ResponseWriter, key string, age time.Duration) {
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: key, Path: "/", MaxAge: int(age.Seconds()), Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode})
}

func (p *Page) logout(w http.ResponseWriter, r *http.Request) {
	if err := p.access.leave(visitOf(r).session.Hash); err != nil {
		p.fail(w, r, err)
		return
	}
	setCookie(w, "", -time.Second)
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// form takes some fields out of what was sent, to hand on.
func form(r *http.Request, fields ...string) url.Values {
	out := url.Values{}
	for _, f := range fields {
		out.Set(f, r.PostFormValue(f))
	}
	return out
}

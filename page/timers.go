package page

import (
	"fmt"
	"net/http"
	"time"
)

// planned is a timer, an alarm, a reminder or a command for later.
type planned struct {
	ID     int        `json:"id"`
	Kind   string     `json:"kind"`
	Name   string     `json:"name"`
	Room   string     `json:"room"`
	State  string     `json:"state"`
	Left   float64    `json:"left_s"`
	Length float64    `json:"length_s"`
	Due    *time.Time `json:"due"`
	Repeat bool       `json:"repeat"`
}

// Remains is the time that is left, as a clock shows it.
func (e planned) Remains() string {
	s := int(max(e.Left, 0))
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// Gone is how much of a countdown is over, in thousandths.
func (e planned) Gone() int {
	if e.Length <= 0 {
		return 0
	}
	return int(1000 * min(max(1-e.Left/e.Length, 0), 1))
}

// Counts says that the time left is shown running.
func (e planned) Counts() bool { return e.State == "running" }

type list struct {
	Name  string `json:"name"`
	Items []item `json:"items"`
}

type item struct {
	Text string `json:"text"`
	Done bool   `json:"done"`
}

type timersView struct {
	Planned []planned
	Ringing bool
	Lists   []list
}

func (p *Page) timersPage(w http.ResponseWriter, r *http.Request) {
	var v timersView
	err := p.get(r.Context(), "/ring", nil, &v.Planned)
	if err == nil {
		err = p.get(r.Context(), "/lists", nil, &v.Lists)
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	for _, e := range v.Planned {
		v.Ringing = v.Ringing || e.State == "ringing"
	}
	p.show(w, r, http.StatusOK, "timers", v)
}

func (p *Page) stopRinging(w http.ResponseWriter, r *http.Request) {
	p.done(w, r, p.post(r.Context(), "/ring/stop", nil, nil), "/timers")
}

func (p *Page) cancelEntry(w http.ResponseWriter, r *http.Request) {
	p.done(w, r, p.post(r.Context(), "/ring/cancel", form(r, "id"), nil), "/timers")
}

// changeList adds an item to a list, or says that it is done, or takes it off.
func (p *Page) changeList(w http.ResponseWriter, r *http.Request) {
	p.done(w, r, p.post(r.Context(), "/lists", form(r, "list", "item", "do"), nil), "/timers")
}

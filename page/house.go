package page

import (
	"net/http"
)

// house is what the API says of the home.
type house struct {
	Floors  []floor    `json:"floors"`
	Areas   []room     `json:"areas"`
	Devices []device   `json:"devices"`
	Faults  []unusable `json:"faults"`
}

type floor struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type room struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Aliases []string `json:"aliases"`
	Floor   string   `json:"floor"`
	Devices []device `json:"-"`
}

type device struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Aliases   []string `json:"aliases"`
	Taught    []string `json:"taught"`
	Area      string   `json:"area"`
	Domain    string   `json:"domain"`
	Class     string   `json:"device_class"`
	State     string   `json:"state"`
	Unit      string   `json:"unit"`
	Offline   bool     `json:"offline"`
	Speakable bool     `json:"speakable"`
	Why       string   `json:"why"`     // it is not
	Movable   bool     `json:"movable"` // its room is not written in home.toml
}

// On says that its state is one that people look for.
func (d device) On() bool {
	switch d.State {
	case "on", "open", "opening", "unlocked", "playing", "heat", "cool", "heat_cool", "cleaning", "triggered", "home":
		return true
	}
	return false
}

type unusable struct {
	Topic  string `json:"topic"`
	Entity string `json:"entity"`
	Reason string `json:"reason"`
}

type pending struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Area  string `json:"area"`
	Topic string `json:"topic"`
	Text  string `json:"text"`
}

// rule is a row of the permissions.
type rule struct {
	Text   string   `json:"text"`
	Where  string   `json:"where"`
	Faults []string `json:"faults"`
}

func (h house) roomName(id string) string {
	for _, a := range h.Areas {
		if a.ID == id {
			return a.Name
		}
	}
	return ""
}

// homeView is the home, room by room.
type homeView struct {
	house
	Rooms    []room // those with devices in them; the last has those that are in none
	Hidden   []device
	Pending  []pending
	Rules    []rule
	Speaking int
}

func (p *Page) homePage(w http.ResponseWriter, r *http.Request) {
	var v homeView
	if err := p.get(r.Context(), "/home/devices", nil, &v.house); err != nil {
		p.fail(w, r, err)
		return
	}
	if visitOf(r).role == Owner {
		err := p.get(r.Context(), "/home/pending", nil, &v.Pending)
		if err == nil {
			err = p.get(r.Context(), "/home/permissions", nil, &v.Rules)
		}
		if err != nil {
			p.fail(w, r, err)
			return
		}
	}
	for _, a := range append(v.Areas, room{}) {
		for _, d := range v.Devices {
			switch {
			case d.Area != a.ID:
			case d.Speakable:
				a.Devices = append(a.Devices, d)
				v.Speaking++
			default:
				v.Hidden = append(v.Hidden, d)
			}
		}
		if len(a.Devices) > 0 || a.ID != "" {
			v.Rooms = append(v.Rooms, a)
		}
	}
	p.show(w, r, http.StatusOK, "home", v)
}

// assignRoom puts a device into a room.
func (p *Page) assignRoom(w http.ResponseWriter, r *http.Request) {
	p.done(w, r, p.post(r.Context(), "/home/area", form(r, "device", "area"), nil), "/home")
}

// approve takes in a device that waits.
func (p *Page) approve(w http.ResponseWriter, r *http.Request) {
	p.done(w, r, p.post(r.Context(), "/home/approve", form(r, "id"), nil), "/home")
}

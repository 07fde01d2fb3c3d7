package page

import (
	"net/http"
	"slices"
)

// settings are what the API says of how the box is set up.
type settings struct {
	Language  string   `json:"language"`
	Room      string   `json:"room"`
	Broker    string   `json:"broker"`
	Username  string   `json:"username"`
	QuietFrom string   `json:"quiet_from"`
	QuietTo   string   `json:"quiet_to"`
	Fixed     []string `json:"fixed"`
	Languages []string `json:"languages"`
	Rooms     []string `json:"rooms"`
	Unsettled string   `json:"unsettled"`
}

// Stands says that config.toml sets something, so that it is not set here.
func (s settings) Stands(name string) bool { return slices.Contains(s.Fixed, name) }

// Where is the kind of broker: "" for the box's own, "discover", or "address".
func (s settings) Where() string {
	if s.Broker == "" || s.Broker == "discover" {
		return s.Broker
	}
	return "address"
}

func (p *Page) settingsPage(w http.ResponseWriter, r *http.Request) {
	var v settings
	if err := p.get(r.Context(), "/settings", nil, &v); err != nil {
		p.fail(w, r, err)
		return
	}
	p.show(w, r, http.StatusOK, "settings", v)
}

// changeSettings sets all of them. The box restarts with them.
func (p *Page) changeSettings(w http.ResponseWriter, r *http.Request) {
	f := form(r, "language", "room", "username", "password", "quiet_from", "quiet_to")
	switch where := r.PostFormValue("where"); where {
	case "address":
		f.Set("broker", r.PostFormValue("address"))
	default:
		f.Set("broker", where)
	}
	if err := p.post(r.Context(), "/settings", f, nil); err != nil {
		p.done(w, r, err, "/settings")
		return
	}
	p.show(w, r, http.StatusOK, "restarts", "settings")
}

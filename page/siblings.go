package page

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"
)

// siblings is what the API says of the mesh.
type siblings struct {
	Name     string    `json:"name"`
	Home     string    `json:"home"`
	Revoked  bool      `json:"revoked"`
	Siblings []sibling `json:"siblings"`

	Boxes     []meshBox `json:"-"` // this one first
	Map       []spot    `json:"-"` // the same, on the map
	MapHigh   int       `json:"-"`
	Off       string    `json:"-"` // why there is no mesh
	OwnerCode string    `json:"-"` // of a home that has just begun; to be read this once
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

// meshBox is a box of the home as the API says.
type meshBox struct {
	ID          string  `json:"id"`
	Name        string  `json:"name"`
	Room        string  `json:"room"`
	Connected   bool    `json:"connected"`
	RoundTrip   float64 `json:"round_trip_ms"`
	Model       string  `json:"model"`
	AnswerSpeed float64 `json:"answer_speed"`
	Queue       int     `json:"queue"`
	Paused      bool    `json:"paused"`
	Answered    int     `json:"answered"`
}

// spot is where a box is on the map, in its units; the middle is this box.
type spot struct {
	meshBox
	X, Y         int
	TripX, TripY int // where the round trip is told
	Label, Trip  string
}

const (
	mapWide = 640 // in units of the map
	mapMost = 12  // siblings whose names still have room
	mapName = 16  // letters of a name
)

// mapHigh is how high a map of so many boxes is: up to three lie in a row.
func mapHigh(boxes int) int {
	if boxes <= 3 {
		return 200
	}
	return 360
}

// mapOf is the map of boxes: siblings in a circle around this one. It is empty where there
// are none, or too many.
func mapOf(boxes []meshBox) []spot {
	if len(boxes) < 2 || len(boxes) > mapMost+1 {
		return nil
	}
	all, high := make([]spot, len(boxes)), mapHigh(len(boxes))
	for i, b := range boxes {
		s := spot{meshBox: b, X: mapWide / 2, Y: high / 2, Label: b.Name}
		if i > 0 {
			sin, cos := math.Sincos(2*math.Pi*float64(i-1)/float64(len(boxes)-1) + math.Pi)
			s.X += int(math.Round(cos * 0.38 * mapWide))
			s.Y += int(math.Round(sin * 0.34 * float64(high)))
		}
		s.TripX, s.TripY = (s.X+mapWide/2)/2, (s.Y+high/2)/2
		if letters := []rune(b.Name); len(letters) > mapName {
			s.Label = string(letters[:mapName-1]) + "…"
		}
		if b.Connected && b.RoundTrip > 0 {
			s.Trip = fmt.Sprintf("%.3g ms", b.RoundTrip)
		}
		all[i] = s
	}
	return all
}

func (p *Page) siblingsPage(w http.ResponseWriter, r *http.Request) { p.siblings(w, r, "") }

func (p *Page) siblings(w http.ResponseWriter, r *http.Request, ownerCode string) {
	v := siblings{OwnerCode: ownerCode}
	err := p.get(r.Context(), "/mesh", nil, &v)
	if err == nil {
		err = p.get(r.Context(), "/mesh/boxes", nil, &v.Boxes)
	}
	if refused, ok := errors.AsType[*refusal](err); ok {
		v.Off = refused.text
	} else if err != nil {
		p.fail(w, r, err)
		return
	}
	v.Map, v.MapHigh = mapOf(v.Boxes), mapHigh(len(v.Boxes))
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

package permission

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Verdict is what a row says.
type Verdict string

const (
	Allow   Verdict = "allow"
	Confirm Verdict = "confirm" // after a yes
	Code    Verdict = "code"    // after the spoken code
	Refuse  Verdict = "refuse"
)

// Source is where a request came from. A request that does not say is trusted least.
type Source string

const (
	Voice   Source = "voice"   // spoken to this box
	CLI     Source = "cli"     // typed by whoever may open the control socket
	Page    Source = "page"    // typed on the house page, or sent by a program, with the owner's password or token
	MQTT    Source = "mqtt"    // text on a topic: anybody who reaches the broker may have written it
	Wyoming Source = "wyoming" // a Wyoming client
	Hermes  Source = "hermes"  // a Rhasspy satellite
	Sibling Source = "sibling" // another box
	Planned Source = "planned" // nobody: what is told of a command for later that was due
)

// MayConfirm says whether somebody is there who can say yes, or the code.
func (s Source) MayConfirm() bool { return s == Voice || s == CLI || s == Page }

// What an action does to a device, as far as rows tell such things apart.
const (
	Open   = "open"
	Close  = "close"
	Unlock = "unlock"
	Lock   = "lock"
	Disarm = "disarm"
	Arm    = "arm"
)

// Action is one thing that would be done.
type Action struct {
	Device string // id; "" where the intent is for no device
	Class  string // its device_class
	Intent string // HassTurnOn, CricketUndo, ...
	Does   string // Open, ...; or ""
}

// Domain is the part of the device's id before the dot.
func (a Action) Domain() string {
	domain, _, _ := strings.Cut(a.Device, ".")
	return domain
}

// guards says whether the action could open the house, or end its watch. Of a
// lock, an alarm or a door to the street only what secures it is free.
func (a Action) guards() bool {
	switch a.Domain() {
	case "lock":
		return a.Does != Lock
	case "alarm_control_panel":
		return a.Does != Arm
	case "cover":
		return a.Does == Open && (a.Class == "garage" || a.Class == "gate" || a.Class == "door")
	}
	return false
}

// Asker is who wants it.
type Asker struct {
	Source   Source
	Room     string // area id of the room that heard it, or ""
	RoomName string
	Later    bool // it is carried out when it is due, and nobody may be there
}

// Row is one row of the table. What it leaves out it does not ask about.
type Row struct {
	Devices []string `toml:"devices"` // ids
	Domains []string `toml:"domains"` // "lock", or with the device class "cover.garage"
	Intents []string `toml:"intents"` // Home Assistant's names, or open, close, lock, unlock, arm, disarm
	Rooms   []string `toml:"rooms"`   // ids or names of the room that heard it
	Sources []Source `toml:"sources"`
	Hours   string   `toml:"hours"` // "22:00-07:00", by the home's clock
	Then    Verdict  `toml:"then"`
	Where   string   `toml:"-"` // "config.toml:12"; "" for a row that every home has
}

// Table is the owner's rows. The zero Table has none.
type Table struct {
	Rows    []Row
	HasCode bool // the owner has set a code: what every home asks a yes for, it asks the code for
}

// Judgement is what the table says of one action.
type Judgement struct {
	Verdict Verdict
	Row     Row
	Number  int  // of the row, from 1; the rows of Default count on
	Unasked bool // a Refuse that is a Confirm or Code for somebody who can be asked
}

// String is which row said what, for cricket why.
func (j Judgement) String() string {
	where := "that every home has"
	if j.Row.Where != "" {
		where = "of " + j.Row.Where
	}
	text := fmt.Sprintf("%s, by row %d %s", j.Verdict, j.Number, where)
	if j.Unasked {
		text += fmt.Sprintf(" (%s, and nobody there can be asked)", j.Row.Then)
	}
	return text
}

// Judge is the first row that fits. The zero time is a clock that is not known.
func (t Table) Judge(a Action, who Asker, at time.Time) Judgement {
	for i, r := range t.All() {
		if !r.fits(a, who, at) {
			continue
		}
		j := Judgement{Verdict: r.Then, Row: r, Number: i + 1}
		if (r.Then == Confirm || r.Then == Code) && (!who.Source.MayConfirm() || who.Later) || r.Then == Code && !t.HasCode {
			j.Verdict, j.Unasked = Refuse, true
		}
		return j
	}
	panic("permission: the last row of Default fits everything")
}

// All is the owner's rows with those that every home has after them.
func (t Table) All() []Row { return append(slices.Clip(t.Rows), t.Default()...) }

// Default is the rows that every home has.
func (t Table) Default() []Row {
	asks := Confirm
	if t.HasCode {
		asks = Code
	}
	return []Row{
		{Domains: []string{"lock"}, Intents: []string{Lock}, Then: Allow},
		{Domains: []string{"alarm_control_panel"}, Intents: []string{Arm}, Then: Allow},
		{Domains: []string{"lock", "alarm_control_panel"}, Then: asks},
		{Domains: []string{"cover.garage", "cover.gate", "cover.door"}, Intents: []string{Open}, Then: asks},
		{Then: Allow},
	}
}

func (r Row) fits(a Action, who Asker, at time.Time) bool {
	among := func(list []string, values ...string) bool {
		return len(list) == 0 || slices.ContainsFunc(list, func(s string) bool {
			return slices.ContainsFunc(values, func(v string) bool { return v != "" && strings.EqualFold(s, v) })
		})
	}
	class := ""
	if a.Class != "" {
		class = a.Domain() + "." + a.Class
	}
	if r.Where != "" && r.Then == Allow && a.guards() && len(r.Devices)+len(r.Domains) == 0 && !slices.Contains(r.Intents, a.Does) {
		return false // "everything" leaves out what opens the house: that is to be named
	}
	return among(r.Devices, a.Device) && among(r.Domains, a.Domain(), class) && among(r.Intents, a.Intent, a.Does) &&
		among(r.Rooms, who.Room, who.RoomName) &&
		(len(r.Sources) == 0 || slices.Contains(r.Sources, who.Source)) && r.holds(at)
}

// holds says whether it is within the row's hours.
func (r Row) holds(at time.Time) bool {
	if r.Hours == "" {
		return true
	}
	if at.IsZero() {
		return r.Then != Allow
	}
	from, to, ok := span(r.Hours)
	if !ok { // Fault says so where the row is read
		return r.Then != Allow
	}
	minute := at.Hour()*60 + at.Minute()
	if from < to {
		return from <= minute && minute < to
	}
	return from <= minute || minute < to
}

// span is "22:00-07:00" in minutes since midnight.
func span(hours string) (from, to int, ok bool) {
	a, b, found := strings.Cut(hours, "-")
	start, err := time.Parse("15:04", strings.TrimSpace(a))
	end, err2 := time.Parse("15:04", strings.TrimSpace(b))
	if !found || err != nil || err2 != nil || start.Equal(end) {
		return 0, 0, false
	}
	minutes := func(t time.Time) int { return t.Hour()*60 + t.Minute() }
	return minutes(start), minutes(end), true
}

// String is the row in words, for people.
func (r Row) String() string {
	var parts []string
	list := func(name string, values []string) {
		if len(values) > 0 {
			parts = append(parts, name+" "+strings.Join(values, ", "))
		}
	}
	list("devices", r.Devices)
	list("domains", r.Domains)
	list("intents", r.Intents)
	list("rooms", r.Rooms)
	if len(r.Sources) > 0 {
		var sources []string
		for _, s := range r.Sources {
			sources = append(sources, string(s))
		}
		list("sources", sources)
	}
	if r.Hours != "" {
		parts = append(parts, "hours "+r.Hours)
	}
	if len(parts) == 0 {
		parts = []string{"everything"}
	}
	return strings.Join(parts, "; ") + ": " + string(r.Then)
}

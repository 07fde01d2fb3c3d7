package home

import (
	"time"

	"github.com/cricket-home/cricket/home/permission"
	"github.com/cricket-home/cricket/home/schedule"
)

// Setting is what a plan depends on beside the home and the intent.
type Setting struct {
	Room   string // id or name of the area that heard it, or ""
	Now    schedule.Now
	Place  schedule.Place
	Book   schedule.Book
	Volume int // how loud the box itself speaks, 0..100
	Past   Past
	Source Source
	Later  bool // it was asked for before, and is due now
	Table  permission.Table
	Locked time.Duration // for which no code is taken, or 0

	grant Grant
}

// Source is where a request came from. The zero Source is trusted least.
type Source = permission.Source

const (
	InTheRoom = permission.Voice
	ByMQTT    = permission.MQTT
	Planned   = permission.Planned
)

// At is the setting of a request spoken to a box that has a clock, and has
// nothing planned yet.
func At(room string, now time.Time) Setting {
	return Setting{Room: room, Now: schedule.Now{Wall: now, Known: true}, Source: InTheRoom}
}

// Past is what happened before in the room that heard.
type Past struct {
	Text    string            // what was said last
	Planned string            // what was due since, and not asked for then
	Reply   string            // what the house said last
	Before  []*Device         // the devices of the last request that did something, as they were before it
	Undo    []schedule.Change // what takes its changes of the book back
	Volume  *int              // how loud the box spoke before it, where it changed that
	Misses  int               // how many requests in a row were not understood
}

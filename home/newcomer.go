package home

import (
	"slices"

	"github.com/cricket-home/cricket/intent"
)

// WithNewcomers is the home with those who wait for the owner's approval. They
// are no devices: what opens the house can be named, so that a request for it
// is told why nothing happens; what takes the name of another cannot.
func (h *Home) WithNewcomers(waiting []Newcomer) *Home {
	if slices.Equal(h.waiting, waiting) {
		return h
	}
	n := *h
	n.waiting = waiting
	n.guarded = n.guards()
	return &n
}

// Newcomers are those who wait for the owner's approval.
func (h *Home) Newcomers() []Newcomer { return h.waiting }

// opens says whether a newcomer waits since it opens the house, and takes no name.
func (n Newcomer) opens() bool { return n.Reason == OpensHouse || n.Reason == Rewired }

// newcomer finds one of those who can be named.
func (h *Home) newcomer(id string) (Newcomer, bool) {
	for _, n := range h.waiting {
		if n.ID == id && n.opens() {
			return n, true
		}
	}
	return Newcomer{}, false
}

// newcomers are the names of those who wait because they open the house. One
// that is called like anything in the home is not heard of.
func (h *Home) newcomers() []intent.Entity {
	var out []intent.Entity
	for _, n := range h.waiting {
		if !n.opens() || h.called(n.Name) {
			continue
		}
		out = append(out, intent.Entity{ID: n.ID, Name: n.Name, Area: h.room(n.Area)})
	}
	return out
}

// called says whether anything in the home has a name.
func (h *Home) called(name string) bool {
	if _, ok := h.Area(name); ok {
		return true
	}
	if _, ok := h.Floor(name); ok {
		return true
	}
	return slices.ContainsFunc(h.Devices, func(d *Device) bool { return named(name, d.Name, d.Aliases) }) ||
		slices.ContainsFunc(h.Groups, func(g Group) bool { return named(name, g.Name, g.Aliases) })
}

// newcomer is the name of what an intent is for, where that waits for approval.
func (s speaker) newcomer(in intent.Intent) (string, bool) {
	name := ""
	for _, id := range in.Targets {
		n, ok := s.home.newcomer(id)
		if !ok {
			return "", false
		}
		name = n.Name
	}
	return name, name != ""
}

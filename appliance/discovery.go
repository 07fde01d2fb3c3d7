package appliance

import (
	"slices"
	"strings"
	"time"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/mqtt"
)

// A new home, and a resolver of its names, cost as much as the home has devices,
// so announcements are taken in together: once none has come for quietTime, or
// burstTime after the first of them.
const (
	quietTime = 50 * time.Millisecond
	burstTime = 500 * time.Millisecond
)

// Discover takes a discovery message. It returns when the message is in the
// inbox.
func (h *House) Discover(m mqtt.Message) { h.post(func() { h.discover(m) }) }

// DiscoverHomie takes a message of mqtt.HomieFilter; those that are no
// discovery are left to Hear.
func (h *House) DiscoverHomie(m mqtt.Message) {
	if strings.Contains(m.Topic, "/$") {
		h.post(func() {
			if h.homie.Take(m) {
				h.news = true
				h.gather()
			}
		})
	}
}

func (h *House) discover(m mqtt.Message) {
	d, err := h.announced.Take(h.prefix, m)
	if err != nil { // ErrNotDiscovery: somebody else's topic
		return
	}
	h.note(d)
}

// note puts what was announced into the batch, and tells trust of it.
func (h *House) note(d mqtt.Discovery) {
	h.trust.Quiet(d.Topic, d.Held)
	for _, unique := range d.Removed {
		h.trust.Gone(unique)
	}
	for _, e := range d.Entities {
		h.trust.Took(e, e.ID)
	}
	h.batch = append(h.batch, d)
	h.gather()
}

// gather puts off taking in for those that come right behind.
func (h *House) gather() {
	now := time.Now()
	if h.began.IsZero() {
		h.began = now
	}
	h.burst.Reset(min(quietTime, h.began.Add(burstTime).Sub(now)))
}

// admit says whether an entity may be taken in at once.
func (h *House) admit(e mqtt.Entity) bool {
	if e.IsOutside() { // whoever gave the token has exposed it
		return true
	}
	return h.trust.Admit(h.Now().Home, e, h.announced.Moving)
}

// takeIn makes the home what was announced since the last time.
func (h *House) takeIn() {
	if h.news { // what a Homie device says of itself comes in many messages
		h.news = false
		for _, d := range h.homie.Changed() {
			h.note(h.announced.Note(d))
		}
		snapshot := *h.Now()
		snapshot.Alerts = h.homie.Alerts()
		h.current.Store(&snapshot)
	}
	h.began = time.Time{}
	if len(h.batch) == 0 {
		return
	}
	if slices.ContainsFunc(h.batch, func(d mqtt.Discovery) bool { return len(d.Removed) > 0 }) {
		for _, d := range h.announced.Admitted() { // what they waited for may be gone
			h.note(d)
		}
	}
	next := h.Now().Home.After(h.batch...).WithNewcomers(h.trust.Waiting())
	faulty := h.announced.Doubles()
	for _, d := range h.batch {
		for _, unique := range d.Removed {
			h.unfollow(unique)
			delete(h.states, unique)
		}
		for _, e := range d.Entities {
			h.unfollow(e.UniqueID)
			h.follow(e)
		}
		faulty = faulty || len(d.Faults) > 0 || h.faulty[d.Topic]
		h.faulty[d.Topic] = len(d.Faults) > 0
	}
	h.batch = nil
	faults := h.Now().Faults
	if faulty {
		faults = h.announced.Faults()
	}
	h.swap(next, faults)
	h.rebuild()
	h.keepTrust()
}

// rebuild binds the sentences to the home's names in a goroutine of its own,
// one at a time: names that change meanwhile wait for the next. Names that are
// what they were need none.
func (h *House) rebuild() {
	if h.stale = h.building; h.building {
		return
	}
	names := h.Now().Home.Names()
	if len(h.reworded) == 0 && sameNames(names, h.bound) {
		return
	}
	h.building, h.bound = true, names
	h.rewording, h.reworded = h.reworded, nil
	sentences := h.sentences
	go func() { h.resolved <- sentences.Bind(names) }()
}

// sameNames reports whether two homes are spoken of alike. States are asked for
// with each sentence.
func sameNames(a, b intent.Names) bool {
	return slices.EqualFunc(a.Entities, b.Entities, func(a, b intent.Entity) bool {
		return a.ID == b.ID && a.Name == b.Name && a.Area == b.Area && a.DeviceClass == b.DeviceClass && slices.Equal(a.Aliases, b.Aliases) &&
			slices.Equal(a.Features, b.Features) && slices.Equal(a.Members, b.Members)
	}) && slices.EqualFunc(a.Areas, b.Areas, func(a, b intent.Area) bool {
		return a.ID == b.ID && a.Name == b.Name && a.Floor == b.Floor && slices.Equal(a.Aliases, b.Aliases)
	}) && slices.EqualFunc(a.Floors, b.Floors, func(a, b intent.Floor) bool {
		return a.ID == b.ID && a.Name == b.Name && slices.Equal(a.Aliases, b.Aliases)
	})
}

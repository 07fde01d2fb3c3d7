package home

import (
	"slices"
	"strings"

	"github.com/cricket-home/cricket/home/learned"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/mqtt"
)

// WithLearned is the home with the names that people have taught, by device. What is
// called so by the owner, or in the house page, keeps its name for itself.
func (h *Home) WithLearned(names map[string][]string) *Home {
	n := *h
	n.learned = names
	return &n
}

// taught are the names that people have taught for a device or group.
func (h *Home) taught(id string) []string {
	return slices.DeleteFunc(slices.Clone(h.learned[id]), func(name string) bool {
		return slices.ContainsFunc(h.Devices, func(d *Device) bool {
			return d.ID != id && d.owner != nil && named(name, d.Name, d.Aliases)
		}) || slices.ContainsFunc(h.Groups, func(g Group) bool { return g.ID != id && named(name, g.Name, g.Aliases) })
	})
}

// Guarded says whether a device or group opens the house, or watches over it.
func (h *Home) Guarded(id string) bool {
	ids := []string{id}
	if g, ok := h.Group(id); ok {
		ids = g.Members
	}
	return slices.ContainsFunc(ids, func(id string) bool {
		d, ok := h.Device(id)
		return !ok || d.Domain() == "lock" || d.Domain() == "alarm_control_panel" || opensHouse(d)
	})
}

// Find is what a repaired intent is, as learning sees it: room heard it, at an hour of
// the day, or -1.
func (h *Home) Find(in intent.Intent, room string, hour int) learned.Find {
	f := learned.Find{Intent: in.Name, Devices: len(in.Targets), Named: text(in, "name") != "", Hour: hour, Confidence: in.Confidence, Here: len(in.Targets) > 0}
	for i, id := range in.Targets {
		domain, _, _ := strings.Cut(id, ".")
		if f.Domain = domain; i > 0 && !strings.HasPrefix(in.Targets[0], domain+".") {
			f.Domain = ""
			break
		}
	}
	area, ok := h.Area(room)
	for _, id := range in.Targets {
		d, found := h.Device(id)
		f.Here = f.Here && ok && found && d.Area == area.ID
	}
	return f
}

// Teaching is a change of the names that people use.
type Teaching struct {
	Name   string
	Device string // id; "": nothing is called so any more
}

// teach is what becomes of "call the floor lamp the disco lamp". A name that anything has
// already is not given to another: nobody would know what is meant.
func (s speaker) teach(in intent.Intent) part {
	name := text(in, "called")
	if !s.at.Source.MayConfirm() {
		return refused(in, NotAllowed, s.say("permission.refused"))
	}
	taken := func(id string) bool {
		return slices.ContainsFunc(s.home.learned[id], func(n string) bool { return strings.EqualFold(n, name) })
	}
	if in.Name == "CricketForgetName" {
		for id := range s.home.learned {
			if taken(id) {
				return part{in: in, answer: s.say("learned.forgotten", "name", name), teaching: &Teaching{Name: name}}
			}
		}
		return refused(in, CannotDo, s.say("learned.no_name", "name", name))
	}
	if len(in.Targets) != 1 {
		return refused(in, UnknownDevice, s.say("refused.device"))
	}
	id := in.Targets[0]
	label := ""
	if d, ok := s.home.Device(id); ok {
		label = s.object(s.label(d))
	} else if g, ok := s.home.Group(id); ok {
		label = s.object(g.Name)
	} else {
		return refused(in, UnknownDevice, s.say("refused.device"))
	}
	if s.home.called(name) || !taken(id) && s.home.means(name) {
		return refused(in, CannotDo, s.say("learned.taken", "name", name))
	}
	return part{in: in, answer: s.say("learned.name", "what", label, "name", name), teaching: &Teaching{Name: name, Device: id}}
}

// means says whether people have taught a name for anything.
func (h *Home) means(name string) bool {
	for _, names := range h.learned {
		if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
			return true
		}
	}
	return false
}

// Offer is what is said of a habit, and what it is an offer of; false where it could not
// be carried out now, or would need a yes by the table of permissions anyway.
func (h *Home) Offer(habit learned.Habit, at Setting) (in intent.Intent, text string, ok bool) {
	in = intent.Intent{Name: habit.Intent, Slots: map[string]any{}, Targets: []string{habit.Device}, Tier: intent.Template, Confidence: 1}
	plan := h.Plan(in, at)
	s := speaker{home: h, replies: h.replies, room: h.room(at.Room), at: at}
	what := s.outcome(plan)
	if plan.Refusal != "" || plan.Question != nil || len(plan.Actions) == 0 || what == "" {
		return in, "", false
	}
	for _, a := range plan.Actions {
		if d, found := h.Device(a.Device); !found || d.Known() && confirmed(a, d) {
			return in, "", false
		}
	}
	return in, s.sentence(s.say("habit.offer", "what", what)), true
}

// confirmed says whether a device is already what an action would make it.
func confirmed(a Action, d *Device) bool {
	return a.Want.Value != "" && mqtt.Confirms(a.Want, d.Reported())
}

// Habitual says whether a plan is something that can be a habit: one of a few intents,
// without other values, carried out on one device that opens nothing.
func (h *Home) Habitual(in intent.Intent, p Plan) (device string, ok bool) {
	if in.Name != "HassTurnOn" && in.Name != "HassTurnOff" || len(in.Targets) != 1 || len(in.Also) > 0 || len(p.Actions) == 0 || p.Refusal != "" || p.Question != nil {
		return "", false
	}
	if _, found := h.Device(in.Targets[0]); !found || h.Guarded(in.Targets[0]) {
		return "", false
	}
	return in.Targets[0], true
}

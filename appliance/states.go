package appliance

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/cricket-home/cricket/mqtt"
)

// maxLearned is how many state messages make one new home where more of them wait.
const maxLearned = 256

// told is a state that a device told.
type told struct {
	unique string
	state  mqtt.State
}

// apply gives a message to an entity that follows its topic. The home has it
// after learn.
func (h *House) apply(unique string, m mqtt.Message) {
	d, ok := h.Now().Home.DeviceOf(unique)
	if !ok {
		return
	}
	state, err := d.Entity.Apply(h.states[unique], m)
	if err != nil && h.misheard.note(d.ID, m.Topic, err) {
		h.log.Warn("state not understood, further messages like it are only counted", "device", d.ID, "topic", m.Topic, "err", err)
	}
	h.states[unique] = state
	if state.Value != "" {
		h.heard[unique] = true
	}
	h.told = append(h.told, told{unique, state})
}

// learn takes what devices have told into the home, all of it at once, and then
// says to those who wait for it, in the order in which it came.
func (h *House) learn() {
	if len(h.told) == 0 {
		return
	}
	states := make(map[string]mqtt.State, len(h.told))
	home := h.Now().Home
	for _, t := range h.told {
		if d, ok := home.DeviceOf(t.unique); ok {
			states[d.ID] = t.state
		}
	}
	h.swap(home.WithStates(states), h.Now().Faults)
	for _, t := range h.told {
		if d, ok := home.DeviceOf(t.unique); ok {
			for w := range h.watches {
				w.see(d.ID, t.state)
			}
		}
	}
	h.told = h.told[:0]
}

// misheard counts messages that are not understood, by device and what they
// were about, so that a device that talks nonsense does not fill the log.
type misheard map[[2]string]*nonsense

type nonsense struct {
	device, topic, reason string // of the first
	count                 int
}

// note counts an error of Entity.Apply. It reports whether anything of it is new.
func (m *misheard) note(device, topic string, err error) bool {
	errs := []error{err}
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		errs = all.Unwrap()
	}
	news := false
	for _, err := range errs {
		role := ""
		if state, ok := errors.AsType[*mqtt.StateError](err); ok {
			role, err = state.Role, state.Err
		}
		if *m == nil {
			*m = misheard{}
		}
		n, known := (*m)[[2]string{device, role}]
		if !known {
			n = &nonsense{device: device, topic: topic, reason: err.Error()}
			(*m)[[2]string{device, role}] = n
			news = true
		}
		n.count++
	}
	return news
}

// notUnderstood lists what devices said that was not understood, most often first.
func (h *House) notUnderstood(ctx context.Context) []nonsense {
	var out []nonsense
	if err := h.do(ctx, func() {
		for _, n := range h.misheard {
			out = append(out, *n)
		}
	}); err != nil {
		return nil // the house has ended
	}
	slices.SortFunc(out, func(a, b nonsense) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.device, b.device), cmp.Compare(a.topic, b.topic))
	})
	return out
}

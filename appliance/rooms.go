package appliance

import (
	"slices"
	"sync"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/intent"
)

// contextTime is how long what was said before counts for what is said next:
// "only the left one", "yes".
const contextTime = 30 * time.Second

// rooms remembers, for each room, what was said and done there last.
type rooms struct {
	mu   sync.Mutex
	last map[string]talk // by Box.dialogue
	with map[string]talk // by person, where one is known: it goes along from room to room
}

// talk is the past of one room.
type talk struct {
	home.Past
	context intent.Context
	time    time.Time // of the request that context is about
	level   float64   // how loud whoever called was, in dB; 0 where nobody spoke
}

// of is the past of a room, or of a person if that is newer. What a follow-up may refer to is left out when it
// is too old.
func (r *rooms) of(room, person string, now time.Time) talk {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.last[room]
	if with := r.with[person]; person != "" && with.time.After(t.time) {
		t = with
	}
	if now.Sub(t.time) > contextTime {
		t.context = intent.Context{}
	}
	return t
}

// put remembers the newest past of a room.
func (r *rooms) put(room, person string, t talk) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == nil {
		r.last, r.with = map[string]talk{}, map[string]talk{}
	}
	if person != "" {
		r.with[person] = t
	}
	r.last[room] = t
}

// next is the past after one more request, whose reply was r's.
func (t talk) next(r Result, in intent.Intent, plan home.Plan, now time.Time) talk {
	t.Misses, t.Planned = t.Misses+1, ""
	if in.Refusal == "" || in.Refusal == intent.Ambiguous {
		t.Misses = 0
	}
	switch in.Name {
	case "CricketRepeat", "CricketWhatHeard", "CricketWhy": // they are about what was before them
		return t
	}
	t.Reply = r.Reply
	switch {
	case r.Due != "":
		t.Planned = r.Planned
		return t
	case r.Transcript != nil:
		t.Text = *r.Transcript
	default:
		t.Text = r.Text
	}
	if in.Refusal == intent.NotRecognized || in.Refusal == intent.NotCommand {
		return t // what was asked may still be answered
	}
	t.context.Open, t.context.Asks, t.time = in.Open, intent.AsksWhich, now
	if said := t.context.Exchange; in.Asks {
		t.context.Exchange = &intent.Exchange{Text: t.Text, Question: r.Reply}
		if said != nil {
			t.context.Exchange.Text = said.Text + ". " + t.Text
		}
	} else {
		t.context.Exchange = nil
	}
	if plan.Open != nil {
		t.context.Open, t.context.Asks = plan.Open, plan.Asks
	}
	switch {
	case in.Refusal != "" || r.Plan != "":
	case in.Name != "CricketUndo":
		t.context.Last = &in
	case len(in.Also) > 0: // "I meant the bedroom": what was done instead
		t.context.Last = &in.Also[0]
	default: // what was undone is nothing to go on from
		t.context.Last = nil
	}
	return t
}

// answered puts what "yes" is an answer to in its place: the one thing that was
// asked about, or what was understood and only not sure. Else it is asked again.
func (t talk) answered(in intent.Intent) intent.Intent {
	open := t.context.Open
	if in.Name != "CricketYes" || open == nil {
		return in
	}
	if len(open.Targets) == 1 || open.Tier == intent.Repair || open.Doubtful || t.context.Asks != intent.AsksWhich {
		return *open
	}
	return intent.Intent{Refusal: intent.Ambiguous, Candidates: open.Targets, Open: open}
}

// past is what an intent may refer to. "Why did the hall lamp go off?" is about
// the last thing, in any room, that was done with the hall lamp; who asks by MQTT is
// not told what was said in a room.
func (b *Box) past(h *home.Home, in intent.Intent, before home.Past, source home.Source) home.Past {
	if in.Name != "CricketWhy" || len(in.Targets) == 0 || source != "" && !source.MayConfirm() {
		return before
	}
	before.Text, before.Planned, before.Reply = "", "", ""
	devices := slices.Clone(in.Targets)
	for _, id := range in.Targets {
		if g, ok := h.Group(id); ok {
			devices = append(devices, g.Members...)
		}
	}
	for _, r := range b.results.Last(kept) { // the newest first
		if slices.ContainsFunc(r.Actions, func(a Action) bool { return slices.Contains(devices, a.Device) }) {
			before.Text, before.Planned, before.Reply = r.Text, r.Planned, r.Reply
			if r.Transcript != nil {
				before.Text = *r.Transcript
			}
			break
		}
	}
	return before
}

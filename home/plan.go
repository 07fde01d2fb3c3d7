package home

import (
	"slices"
	"time"

	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/mqtt"
)

// Refusal says why a plan, or one of its intents, does nothing.
type Refusal string

const (
	NotUnderstood     Refusal = "not_understood"     // the intent was itself a refusal
	Ambiguous         Refusal = "ambiguous"          // several devices fit; the reply asks which
	UnknownDevice     Refusal = "unknown_device"     // an id that this home does not have
	CannotDo          Refusal = "cannot_do"          // the device has no such ability
	NeedsConfirmation Refusal = "needs_confirmation" // opens the house to the street: locks, garage doors
	Offline           Refusal = "offline"            // the device is not there, or has never announced itself
	NotApproved       Refusal = "not_approved"       // it is new, opens the house, and waits for the owner's approval
	NoClock           Refusal = "no_clock"           // the box does not know the time
	NotAllowed        Refusal = "not_allowed"        // the owner's table of permissions refuses it
)

// Plan is what an intent does in a home.
type Plan struct {
	Actions  []Action
	Changes  []schedule.Change // of the book, to be made when the actions are published
	Announce string            // to be said aloud by other boxes, or ""
	In       string            // the area id of those that Announce is for; "" for all
	Volume   *int              // how loud the box itself is to speak, 0..100; nil: as before
	Reply    string            // said when every action is confirmed, or at once where there is none
	Confirms bool              // Reply only says that everything was done
	Seen     bool              // Confirms, and whoever is in the room sees so anyway
	Refusal  Refusal
	Open     *intent.Intent // what Reply asks about, or nil
	Asks     intent.Asked   // what the answer to it is
	Question *Question      // what Reply asks a yes or the code for, or nil
	Judged   []Judged       // what the table of permissions said
	Teaching *Teaching      // of a name, or nil

	parts []part // what Reply was made from, for Outcome
	room  string // area id

	locked time.Duration
}

// Action is one service call on one device and the messages that carry it out.
type Action struct {
	Device   string // id
	Call     mqtt.Call
	Messages []mqtt.Message
	Want     mqtt.State // what the device's topics say when it is done; zero where it has no state to confirm
}

// part is what one intent of a sentence came to: either an answer or what was
// done and what was not.
type part struct {
	in         intent.Intent
	answer     string // a clause
	done       []deed
	exceptions []exception
	refusal    Refusal // of an answer that is one
	asks       *question
	question   *Question
	judged     []Judged
	teaching   *Teaching

	actions    []Action
	changes    []schedule.Change
	announce   string
	announceIn string // area id
	volume     *int
}

// question is an intent that something is missing of, and what.
type question struct {
	open intent.Intent
	asks intent.Asked
}

// deed is what becomes of one device.
type deed struct {
	device *Device
	state  string // "on", "at 40 percent"
	verb   bool   // the state needs "is" or "are" before it
}

// exception is a reason for not acting, with the devices it holds for.
type exception struct {
	key     string // of replies
	devices []*Device
	color   string // for cannot.color_name
	number  string // for cannot.range
}

// Plan says what an intent does in this home and what the house replies.
// Nothing is ever done twice: a plan has one action per device and intent.
func (h *Home) Plan(in intent.Intent, at Setting) Plan {
	s := speaker{home: h, replies: h.replies, room: h.room(at.Room), at: at}
	var parts []part
	all := flat(in)
	for _, one := range all {
		if one.Name == "CricketUndo" {
			s.at.Past.Before = besides(at.Past.Before, all)
		}
		if !defers(parts, one) && !takesNothingBack(parts, one) {
			parts = append(parts, s.part(one))
		}
	}
	if in.Refusal != "" && in.Refusal != intent.Ambiguous && at.Past.Misses%2 == 1 {
		parts = append(parts, part{in: in, answer: s.hint(), refusal: NotUnderstood})
	}
	return s.plan(parts)
}

// takesNothingBack says whether a command for later would only take back what a part
// before it has refused: why is said once.
func takesNothingBack(parts []part, in intent.Intent) bool {
	if in.Command == nil || len(in.Command.Targets) == 0 || len(in.Command.Also) > 0 {
		return false
	}
	return slices.ContainsFunc(parts, func(p part) bool {
		return len(p.done) == 0 && p.question == nil && len(p.exceptions) > 0 && slices.Equal(p.in.Targets, in.Command.Targets)
	})
}

// plan puts the parts of a sentence together.
func (s speaker) plan(parts []part) Plan {
	p := Plan{room: s.room, parts: parts, locked: s.at.Locked, Question: together(parts)}
	if p.Question != nil && p.Question.Code && p.locked > 0 {
		p.Question = nil
	}
	for _, part := range parts {
		p.Judged = append(p.Judged, part.judged...)
		p.Actions = append(p.Actions, part.actions...)
		p.Changes = append(p.Changes, part.changes...)
		if part.announce != "" {
			p.Announce, p.In = part.announce, part.announceIn
		}
		if part.volume != nil {
			p.Volume = part.volume
		}
		if part.teaching != nil {
			p.Teaching = part.teaching
		}
		if q := part.asks; q != nil && p.Open == nil {
			p.Open, p.Asks = &q.open, q.asks
		}
	}
	p.Reply = s.reply(p.parts, nil)
	p.Refusal = refusal(p.parts)
	p.Confirms, p.Seen = s.confirms(p.parts)
	return p
}

// Outcome is the reply when some of a plan's devices did not confirm. Several
// parts and devices: "Four of five lights are off; the hall lamp does not answer."
func (h *Home) Outcome(p Plan, unconfirmed []string) string {
	s := speaker{home: h, replies: h.replies, room: p.room, at: Setting{Locked: p.locked}}
	return s.reply(p.parts, unconfirmed)
}

// besides are the devices as they were that no request acts on: what is taken back
// and then done again to some of them needs no way there and back. Where they all
// are, they are all taken back.
func besides(before []*Device, requests []intent.Intent) []*Device {
	acted := func(d *Device) bool {
		return slices.ContainsFunc(requests, func(in intent.Intent) bool { return slices.Contains(in.Targets, d.ID) })
	}
	if rest := slices.DeleteFunc(slices.Clone(before), acted); len(rest) > 0 {
		return rest
	}
	return before
}

// flat is an intent followed by those of the same sentence.
func flat(in intent.Intent) []intent.Intent {
	also := in.Also
	in.Also = nil
	all := []intent.Intent{in}
	for _, one := range also {
		all = append(all, flat(one)...)
	}
	return all
}

func (s speaker) part(in intent.Intent) part {
	if in.Refusal != "" {
		return s.notUnderstood(in)
	}
	if name, ok := s.newcomer(in); ok {
		return refused(in, NotApproved, s.say("refused.newcomer", "name", s.lower(name)))
	}
	if commands[in.Name] && !s.ownVolume(in) {
		return s.command(in)
	}
	p, ok := s.permits(in)
	if !ok {
		return p
	}
	done := s.other(in)
	done.judged = append(p.judged, done.judged...)
	return done
}

// other is what becomes of an intent that is not for devices.
func (s speaker) other(in intent.Intent) part {
	p := part{in: in}
	if s.ownVolume(in) {
		return s.setOwnVolume(in)
	}
	if p, ok := s.later(in); ok {
		return p
	}
	if p, ok := s.lists(in); ok {
		return p
	}
	switch in.Name {
	case "HassGetState":
		p.answer, p.refusal = s.stateAnswer(in)
	case "HassClimateGetTemperature":
		p.answer, p.refusal = s.temperatureAnswer(in)
	case "HassGetWeather":
		p.answer, p.refusal = s.weatherAnswer(in)
	case "HassGetCurrentTime", "HassGetCurrentDate":
		switch {
		case !s.at.Now.Known:
			p.answer, p.refusal = s.say("clock.unknown"), NoClock
		case in.Name == "HassGetCurrentTime":
			p.answer = s.clock(s.at.Now.Wall)
		default:
			p.answer = s.date(s.at.Now.Wall)
		}
	case "CricketSun":
		p.answer, p.refusal = s.sunAnswer(in)
	case "HassRespond":
		if p.answer = text(in, "response"); p.answer == "" {
			p.answer = s.say("nevermind")
		}
	case "CricketTeachName", "CricketForgetName":
		return s.teach(in)
	case "HassBroadcast":
		return s.broadcast(in)
	case "HassNevermind", "CricketNo":
		p.answer = s.say("nevermind")
	case "CricketYes": // what it could be an answer to is put in its place before
		p.answer, p.refusal = s.say("nothing.asked"), CannotDo
	default:
		return s.past(in)
	}
	return p
}

// refused is a part that does nothing and says why.
func refused(in intent.Intent, why Refusal, answer string) part {
	return part{in: in, refusal: why, answer: answer}
}

// asked is a part that does nothing until somebody says what is missing.
func asked(in intent.Intent, what intent.Asked, text string) part {
	return part{in: in, refusal: Ambiguous, answer: text, asks: &question{in, what}}
}

// text is a slot that is text, or "".
func text(in intent.Intent, slot string) string {
	v, _ := in.Slots[slot].(string)
	return v
}

// notUnderstood is the reply to a refusal of the intent stage.
func (s speaker) notUnderstood(in intent.Intent) part {
	p := part{in: in, refusal: NotUnderstood}
	switch in.Refusal {
	case intent.Ambiguous:
		p.refusal = Ambiguous
		p.answer = s.question(in.Candidates)
		if in.Open != nil && (in.Open.Tier == intent.Repair || in.Open.Doubtful) { // understood, but not surely
			if what := s.outcome(s.home.Plan(*in.Open, s.at)); what != "" {
				p.answer = s.say("refused.unsure", "what", what)
			}
		}
	case intent.NotCommand:
		p.answer = s.say("refused.not_command")
	default:
		p.answer = s.say("refused.not_understood")
		if place := s.place(in); place != "" {
			p.answer = s.say("refused.not_understood.place", "place", place[1:])
		}
	}
	return p
}

// question asks which of several devices was meant.
func (s speaker) question(ids []string) string {
	var choices []string
	for _, id := range ids {
		if g, ok := s.home.Group(id); ok {
			choices = append(choices, s.object(g.Name))
		} else if d, ok := s.home.Device(id); ok {
			choices = append(choices, s.object(s.label(d)))
		}
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(choices)))
	switch {
	case len(choices) == 0:
		return s.say("refused.not_understood")
	case len(distinct) < len(choices), len(choices) > 4:
		return s.say("refused.ambiguous.many", "number", s.number(len(choices)))
	}
	return s.say("refused.ambiguous", "choices", s.either(choices))
}

// refusal is why a part of a plan did nothing, of the first that did so, or ""
// where each acted or answered.
func refusal(parts []part) Refusal {
	for _, p := range parts {
		switch {
		case len(p.done) > 0 || p.answer != "" && p.refusal == "":
			continue
		case p.refusal != "":
			return p.refusal
		case slices.ContainsFunc(p.exceptions, func(e exception) bool { return e.key == waits || e.key == "confirm.remote" || e.key == "confirm.there" }):
			return NeedsConfirmation
		case slices.ContainsFunc(p.exceptions, func(e exception) bool { return e.key == "permission.device" }):
			return NotAllowed
		case slices.ContainsFunc(p.exceptions, func(e exception) bool { return e.key == "silent" }):
			return Offline
		}
		return CannotDo
	}
	return ""
}

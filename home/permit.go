package home

import (
	"slices"
	"strings"
	"time"

	"github.com/cricket-home/cricket/home/permission"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/mqtt"
)

// Judged is what the table of permissions said of one thing that was asked for.
type Judged struct {
	What string // a device's id and what would be done to it, or the intent
	permission.Judgement
}

// Question is what a plan leaves undone until somebody says yes, or the code. Its
// answer goes to Home.Confirmed.
type Question struct {
	Code    bool // the code is asked for
	steps   []asking
	intents []intent.Intent // those that are for no device
	then    []intent.Intent // what is planned once that is done: closing again in five minutes
}

// asking is one call that waits for a yes.
type asking struct {
	in       intent.Intent
	device   string // id
	step     step
	messages string // as they were when it was asked
}

// Grant is what somebody has said yes to: these messages, and no others.
type Grant struct {
	code     bool
	messages map[string]bool
	intents  map[string]bool
}

// Confirmed is the plan of what was asked about, once somebody has said yes, or
// the code. Everything is looked at anew: a device that is gone, that is sent
// something else by now, or that is judged otherwise, is not acted on.
func (h *Home) Confirmed(q Question, at Setting) Plan {
	at.grant = Grant{code: q.Code, messages: map[string]bool{}, intents: map[string]bool{}}
	for _, a := range q.steps {
		at.grant.messages[a.device+"\n"+a.messages] = true
	}
	for _, in := range q.intents {
		at.grant.intents[in.Name] = true
	}
	s := speaker{home: h, replies: h.replies, room: h.room(at.Room), at: at}
	var parts []part
	for _, a := range q.steps {
		d, ok := h.Device(a.device)
		if !ok {
			parts = append(parts, refused(a.in, UnknownDevice, s.say("refused.device")))
			continue
		}
		if len(parts) == 0 || parts[len(parts)-1].in.Name != a.in.Name || parts[len(parts)-1].answer != "" {
			in := a.in
			in.Targets = nil
			parts = append(parts, part{in: in})
		}
		p := &parts[len(parts)-1]
		p.in.Targets = append(p.in.Targets, a.device)
		s.act(p, d, a.step, exception{})
	}
	for _, in := range q.intents {
		parts = append(parts, s.part(in))
	}
	if slices.ContainsFunc(parts, func(p part) bool { return len(p.actions) > 0 }) {
		for _, in := range q.then {
			parts = append(parts, s.part(in))
		}
	}
	return s.plan(parts)
}

// defers leaves a command for later to the question of a part before it, where that
// asks about all that the command is for: who says no plans nothing.
func defers(parts []part, in intent.Intent) bool {
	if in.Command == nil || len(in.Command.Also) > 0 || len(in.Command.Targets) == 0 {
		return false
	}
	for _, p := range parts {
		asks := func(id string) bool {
			return p.question != nil && slices.ContainsFunc(p.question.steps, func(a asking) bool { return a.device == id })
		}
		if !slices.ContainsFunc(in.Command.Targets, func(id string) bool { return !asks(id) }) {
			p.question.then = append(p.question.then, in)
			return true
		}
	}
	return false
}

// permits asks the table about an intent that is for no device. Where it is not
// simply allowed, that is the part of the plan.
func (s speaker) permits(in intent.Intent) (p part, ok bool) {
	p = part{in: in}
	j := s.judge(&p, permission.Action{Intent: in.Name}, in.Name)
	switch {
	case j.Verdict == permission.Allow || s.at.grant.intents[in.Name] && (j.Verdict == permission.Confirm || s.at.grant.code && j.Verdict == permission.Code):
		return p, true
	case j.Verdict == permission.Refuse:
		p.refusal, p.answer = NotAllowed, s.say("permission.refused")
	default:
		p.refusal = NeedsConfirmation
		p.question = &Question{Code: j.Verdict == permission.Code, intents: []intent.Intent{in}}
	}
	return p, false
}

// permit asks the table about a call on a device: "" or why not. Where the device
// is not there, nobody is asked for a yes.
func (s speaker) permit(p *part, d *Device, st step, messages []mqtt.Message, there bool) exception {
	a := permission.Action{Device: d.ID, Class: d.DeviceClass, Intent: p.in.Name, Does: does(st.call)}
	j := s.judge(p, a, d.ID+" "+st.call.Service)
	sent := written(messages)
	switch {
	case j.Verdict == permission.Allow:
		return exception{}
	case j.Unasked && letsIn(a.Does):
		return exception{key: "confirm.remote"}
	case j.Unasked:
		return exception{key: "confirm.there"}
	case j.Verdict == permission.Refuse:
		return exception{key: "permission.device"}
	case s.at.grant.messages[d.ID+"\n"+sent] && (j.Verdict == permission.Confirm || s.at.grant.code):
		return exception{}
	}
	if !there {
		return exception{}
	}
	if p.question == nil {
		p.question = &Question{}
	}
	p.question.Code = p.question.Code || j.Verdict == permission.Code
	p.question.steps = append(p.question.steps, asking{in: p.in, device: d.ID, step: st, messages: sent})
	return exception{key: waits}
}

// waits is the exception of what is asked about first.
const waits = "waits"

func (s speaker) judge(p *part, a permission.Action, what string) permission.Judgement {
	at := s.at.Now.Wall
	if !s.at.Now.Known {
		at = time.Time{}
	}
	who := permission.Asker{Source: s.at.Source, Room: s.room, Later: s.at.Later}
	if area, ok := s.home.Area(s.room); ok && s.room != "" {
		who.RoomName = area.Name
	}
	j := s.at.Table.Judge(a, who, at)
	p.judged = append(p.judged, Judged{what, j})
	return j
}

// does is what a call does, in the words of a table of permissions.
func does(c mqtt.Call) string {
	switch service := c.Service; {
	case service == "lock", service == "unlock":
		return service
	case strings.HasPrefix(service, "open_"):
		return permission.Open
	case strings.HasPrefix(service, "close_"):
		return permission.Close
	case strings.HasPrefix(service, "set_") && strings.HasSuffix(service, "_position"):
		if v, ok := number(c.Data["position"]); ok && v == 0 {
			return permission.Close
		}
		return permission.Open
	case service == "alarm_disarm":
		return permission.Disarm
	case strings.HasPrefix(service, "alarm_arm"):
		return permission.Arm
	}
	return ""
}

// letsIn says whether that lets somebody in, or past.
func letsIn(does string) bool {
	return does == permission.Unlock || does == permission.Open || does == permission.Disarm
}

// written is messages as one text, to tell whether they are the same.
func written(messages []mqtt.Message) string {
	var b strings.Builder
	for _, m := range messages {
		b.WriteString(m.Topic + "\n" + string(m.Payload) + "\n")
	}
	return b.String()
}

// together is one question for all that parts of a sentence ask about, or nil.
func together(parts []part) *Question {
	var all *Question
	for _, p := range parts {
		if p.question == nil {
			continue
		}
		if all == nil {
			all = &Question{}
		}
		all.Code = all.Code || p.question.Code
		all.steps = append(all.steps, p.question.steps...)
		all.intents = append(all.intents, p.question.intents...)
		all.then = append(all.then, p.question.then...)
	}
	return all
}

// ask words a question: "unlock the front door? Say yes."
func (s speaker) ask(q *Question) string {
	var what []string
	named := func(word string, say func(name string) string) {
		var devices []*Device
		for _, a := range q.steps {
			if d, ok := s.home.Device(a.device); ok && does(a.step.call) == word {
				devices = append(devices, d)
			}
		}
		if len(devices) > 0 {
			name, _ := s.which(devices)
			what = append(what, say(name))
		}
	}
	named(permission.Unlock, func(name string) string { return s.say("confirm.unlock", "what", name) })
	named(permission.Open, func(name string) string { return s.say("confirm.open", "what", name) })
	named(permission.Disarm, func(name string) string { return s.say("confirm.disarm", "what", name) })
	var rest part
	for _, a := range q.steps {
		d, ok := s.home.Device(a.device)
		if ok && !letsIn(does(a.step.call)) {
			rest.in = a.in
			rest.done = append(rest.done, deed{device: d, state: a.step.state, verb: a.step.verb})
		}
	}
	clauses, _ := s.deeds(rest, nil)
	what = append(what, clauses...)
	if len(q.intents) > 0 {
		what = append(what, s.say("confirm.intent"))
	}
	if q.Code && s.at.Locked > 0 {
		return s.home.locked(s.at.Locked)
	}
	if q.Code {
		return s.say("confirm.code", "what", s.list(what))
	}
	return s.say("confirm.yes", "what", s.list(what))
}

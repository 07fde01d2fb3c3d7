package home

import (
	"strconv"

	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/mqtt"
)

// past is what becomes of intents about what was said and done before, and of
// questions about what there is to say.
func (s speaker) past(in intent.Intent) part {
	before := s.at.Past
	p := part{in: in}
	switch in.Name {
	case "CricketUndo":
		return s.undo(in)
	case "CricketRepeat":
		if p.answer = before.Reply; p.answer == "" {
			return refused(in, CannotDo, s.say("past.nothing"))
		}
	case "CricketWhatHeard":
		if before.Text == "" {
			return refused(in, CannotDo, s.say("past.nothing"))
		}
		p.answer = s.say("past.heard", "text", before.Text)
	case "CricketWhy":
		switch {
		case len(in.Targets) > 0 && before.Text == "" && before.Planned == "":
			devices, _ := s.expand(in.Targets)
			if len(devices) == 0 {
				return refused(in, UnknownDevice, s.say("refused.device"))
			}
			what, _ := s.which(devices)
			p.answer = s.say("past.not_me", "what", what)
		case before.Planned != "":
			p.answer = s.say("past.planned", "what", before.Planned, "reply", before.Reply)
		case before.Text != "":
			p.answer = s.say("past.why", "text", before.Text, "reply", before.Reply)
		default:
			return refused(in, CannotDo, s.say("past.nothing"))
		}
	case "CricketHelp":
		p.answer = s.say("help", "example", s.example())
	case "CricketDescribe":
		return s.describe(in)
	default:
		return refused(in, CannotDo, s.say("refused.intent"))
	}
	return p
}

// hint is for somebody who was not understood twice.
func (s speaker) hint() string { return s.say("hint", "example", s.example()) }

// example is a command that would be understood in this room.
func (s speaker) example() string {
	var first *Device
	for _, d := range s.home.Devices {
		if !d.Exposed || !switched[d.Domain()] {
			continue
		}
		if first == nil || first.Area != s.room && d.Area == s.room {
			first = d
		}
	}
	if first == nil {
		return s.say("example.time")
	}
	return s.say("example.device", "what", s.object(s.label(first)))
}

// describe tells what is in a room; where that is much, how many of each kind.
func (s speaker) describe(in intent.Intent) part {
	room := text(in, "area")
	if room == "" {
		room = s.room
	}
	area, ok := s.home.Area(room)
	if !ok {
		return asked(in, intent.AsksArea, s.say("describe.where"))
	}
	place := s.inRoom(area.Name)
	devices := s.scope(map[string]any{"area": area.ID})
	if len(devices) == 0 {
		return part{in: in, answer: s.say("nothing.there.mixed", "place", place)}
	}
	within := s
	within.room = area.ID // so that no name repeats the room
	things := within.names(devices)
	if len(devices) > 8 {
		things = nil
		count := map[string]int{}
		for _, d := range devices {
			count[s.kindOf(d)]++
		}
		for _, kind := range keys(count) {
			things = append(things, s.counted(kind, count[kind]))
		}
	}
	return part{in: in, answer: s.say("describe", "place", place[1:], "things", s.list(things))}
}

// undo brings back what the last request in this room changed. What has no state
// to go back to (a scene, a button) stays and is told.
func (s speaker) undo(in intent.Intent) part {
	before := s.at.Past
	if len(before.Before)+len(before.Undo) == 0 && before.Volume == nil {
		return refused(in, CannotDo, s.say("undo.nothing"))
	}
	p := part{in: in, changes: before.Undo, volume: before.Volume}
	if len(before.Before) == 0 {
		p.answer = s.undone(before.Undo)
		return p
	}
	for _, was := range before.Before {
		d, ok := s.home.Device(was.ID)
		if !ok {
			continue
		}
		calls, why := restore(d, was)
		if why.key != "" {
			p.except(d, why)
			continue
		}
		for i, c := range calls {
			st := step{call: c, state: s.restored(c, was), verb: true}
			done := len(p.done)
			s.act(&p, d, st, exception{})
			if len(p.done) == done {
				break
			}
			if i > 0 { // one deed for each device
				p.done = p.done[:done]
			}
		}
	}
	if len(p.done)+len(p.exceptions) == 0 {
		return refused(in, CannotDo, s.say("undo.nothing"))
	}
	return p
}

// undone tells what becomes of the book when changes are taken back: things on
// lists, timers, alarms and reminders. Where that is much, only that it is done.
func (s speaker) undone(changes []schedule.Change) string {
	keys := map[schedule.ItemChange]string{schedule.Add: "list.added", schedule.Drop: "list.removed", schedule.Complete: "list.completed"}
	var clauses []string
	for i, c := range changes {
		switch {
		case len(changes) > most:
			return s.say("undo.done")
		case c.List != "":
			if i > 0 && changes[i-1].List == c.List && changes[i-1].Do == c.Do {
				continue // said with the one before it
			}
			var items []string
			for _, same := range changes[i:] {
				if same.List != c.List || same.Do != c.Do {
					break
				}
				items = append(items, same.Item)
			}
			clauses = append(clauses, s.say(keys[c.Do], "item", s.list(items), "list", s.listName(c.List)))
		case c.Remove != 0:
			if e, ok := s.at.Book.Entry(c.Remove); ok {
				clauses = append(clauses, s.say("cancelled.is", "what", s.entryLabel(e)))
			}
		case c.Restore != nil:
			clauses = append(clauses, s.entryStatus(*c.Restore))
		case c.Put != nil:
			clauses = append(clauses, s.entryStatus(*c.Put))
		}
	}
	if len(clauses) == 0 {
		return s.say("undo.done")
	}
	return s.say("undo.what", "what", s.list(clauses))
}

// restore is the calls that bring a device back to the state it had.
func restore(d, was *Device) ([]mqtt.Call, exception) {
	cannot := exception{key: "cannot.undo"}
	if !was.Known() {
		return nil, cannot
	}
	attribute := func(name string) (float64, bool) { return number(was.Attributes[name]) }
	one := func(service string, data map[string]any) ([]mqtt.Call, exception) {
		return []mqtt.Call{call(service, data)}, exception{}
	}
	if calls := settled(d, was); len(calls) > 0 && was.State == d.State {
		return calls, exception{}
	}
	switch domain := d.Domain(); domain {
	case "light":
		if was.State == "off" {
			return one("turn_off", nil)
		}
		data := map[string]any{}
		if v, ok := attribute("brightness"); ok && d.can("brightness") {
			data["brightness"] = v
		}
		kelvin, white := attribute("color_temp_kelvin")
		switch rgb := was.Attributes["rgb_color"]; {
		case white && kelvin > 0 && d.can("color_temp"):
			data["color_temp_kelvin"] = kelvin
		case rgb != nil && d.can("color"):
			data["rgb_color"] = rgb
		}
		return one("turn_on", data)
	case "humidifier":
		if v, ok := attribute("humidity"); ok && d.can("humidity") && v != d.Attributes["humidity"] {
			return one("set_humidity", map[string]any{"humidity": v})
		}
		if was.State == "off" {
			return one("turn_off", nil)
		}
		return one("turn_on", nil)
	case "switch", "siren", "media_player", "script":
		switch was.State {
		case "on":
			return one("turn_on", nil)
		case "off":
			return one("turn_off", nil)
		}
	case "fan":
		v, ok := attribute("percentage")
		swung, swings := was.Attributes["oscillating"].(bool)
		switch {
		case swings && d.can("oscillate") && d.Attributes["oscillating"] != swung:
			return one("oscillate", map[string]any{"oscillating": swung})
		case was.State == "off":
			return one("turn_off", nil)
		case ok && v > 0 && d.can("percentage"):
			return one("set_percentage", map[string]any{"percentage": v})
		}
		return one("turn_on", nil)
	case "cover", "valve":
		closed := was.State == "closed" || was.State == "closing"
		v, ok := attribute("current_position")
		tilt, tilts := attribute("current_tilt_position")
		tilted, _ := number(d.Attributes["current_tilt_position"])
		switch {
		case tilts && d.can("tilt") && tilted != tilt:
			return one("set_cover_tilt_position", map[string]any{"tilt_position": tilt})
		case closed:
			return one("close_"+domain, nil)
		case ok && d.can("position"):
			return one("set_"+domain+"_position", map[string]any{"position": v})
		}
		return one("open_"+domain, nil)
	case "lock":
		if was.State == "locked" {
			return one("lock", nil)
		}
		return one("unlock", nil)
	case "climate":
		var calls []mqtt.Call
		if v, ok := attribute("temperature"); ok && v != d.Attributes["temperature"] {
			calls = append(calls, call("set_temperature", map[string]any{"temperature": v}))
		}
		if was.State != d.State {
			calls = append(calls, call("set_hvac_mode", map[string]any{"hvac_mode": was.State}))
		}
		if len(calls) > 0 {
			return calls, exception{}
		}
	case "water_heater":
		if v, ok := attribute("temperature"); ok && v != d.Attributes["temperature"] {
			return one("set_temperature", map[string]any{"temperature": v})
		}
		if was.State != d.State {
			return one("set_operation_mode", map[string]any{"operation_mode": was.State})
		}
	case "number":
		if v, err := strconv.ParseFloat(was.State, 64); err == nil {
			return one("set_value", map[string]any{"value": v})
		}
	case "select":
		return one("select_option", map[string]any{"option": was.State})
	case "vacuum", "lawn_mower":
		if was.State == "docked" || was.State == "off" {
			if domain == "vacuum" {
				return one("return_to_base", nil)
			}
			return one("dock", nil)
		}
	}
	return nil, cannot
}

// Before are the devices of a plan as they are before it, for Past.
func (h *Home) Before(p Plan) []*Device {
	var out []*Device
	seen := map[string]bool{}
	for _, a := range p.Actions {
		if d, ok := h.Device(a.Device); ok && !seen[d.ID] {
			seen[d.ID] = true
			out = append(out, d)
		}
	}
	return out
}

// Ring is what is said aloud while an entry of the book rings.
func (h *Home) Ring(e schedule.Entry) string {
	s := speaker{home: h, replies: h.replies, room: e.Room}
	switch {
	case e.Kind == schedule.Reminder:
		return s.sentence(s.say("ring.reminder", "message", e.Name))
	case e.Kind == schedule.Alarm && e.Name != "":
		return s.sentence(s.say("ring.alarm", "what", s.the(s.say("alarm.named", "name", e.Name))))
	case e.Kind == schedule.Alarm:
		return s.sentence(s.say("ring.alarm", "what", s.the(s.say("alarm"))))
	}
	return s.sentence(s.say("ring.timer", "what", s.the(s.timerName(e))))
}

// Missed is what is said about an entry whose time passed while the box was off.
func (h *Home) Missed(e schedule.Entry, now schedule.Now) string {
	s := speaker{home: h, replies: h.replies, room: e.Room, at: Setting{Now: now}}
	what := s.entryLabel(e)
	if e.Kind == schedule.Command {
		what = e.Name
	}
	return s.sentence(s.say("ring.missed", "what", what))
}

// Unkept is what is said about a command that was not carried out because the
// book could not be written: it might have been done twice.
func (h *Home) Unkept(e schedule.Entry) string {
	s := speaker{home: h, replies: h.replies, room: e.Room}
	return s.sentence(s.say("down.book.command", "what", e.Name))
}

package home

import (
	"slices"
	"strconv"
	"strings"

	"github.com/cricket-home/cricket/intent"
)

// stateAnswer answers HassGetState from what is known. The intent's response
// key says what was asked, in Home Assistant's words: one, one_yesno, any, all,
// which, how_many; without one it follows from the slots.
func (s speaker) stateAnswer(in intent.Intent) (string, Refusal) {
	devices, missing := s.expand(in.Targets)
	if missing {
		return s.say("refused.device"), UnknownDevice
	}
	if len(in.Targets) == 0 {
		devices = s.scope(in.Slots)
	}
	asked, _ := in.Slots["state"].(string)
	if len(devices) == 0 {
		if kind := s.askedKind(in); kind != "" {
			return s.say("nothing.there", "things", s.things(kind, 2), "place", s.place(in)), UnknownDevice
		}
		return s.say("nothing.there.mixed", "place", s.place(in)), UnknownDevice
	}
	if setting, ok := in.Slots["setting"].(string); ok {
		return s.settingAnswer(devices, setting, asked), ""
	}
	question := in.Response
	one := len(devices) == 1
	if question == "count" {
		return s.say("count.there", "things", s.counted(s.kind(devices), len(devices)), "place", s.place(in)), ""
	}
	switch {
	case asked == "":
		question = "one"
	case one && question == "one_yesno":
	case one && (question == "" || question == "one" || question == "any" || question == "all"):
		question = "one_yesno"
	case question == "one_yesno" && (len(in.Targets) == 1 || resting(asked)): // of a group, or "the lights are off"
		question = "all"
	case question == "one_yesno":
		question = "any"
	case question == "" || question == "one":
		question = "which"
	}
	var known, unknown []*Device
	for _, d := range devices {
		if d.Known() {
			known = append(known, d)
		} else {
			unknown = append(unknown, d)
		}
	}
	if len(known) == 0 {
		return s.say("unknown", "why", s.unknown(unknown)), ""
	}
	var answer string
	switch question {
	case "one":
		answer = s.each(known)
	case "one_yesno":
		answer = s.yesNo(known[0], asked)
	case "all":
		answer = s.allAre(known, asked, in)
	default:
		answer = s.some(question, known, asked, in)
	}
	if len(unknown) > 0 {
		what, _ := s.which(unknown)
		answer = s.say("unknown.some", "answer", answer, "what", what)
	}
	return answer, ""
}

// resting says that a state is the one in which nothing needs to be seen to:
// whoever asks whether "the windows are closed" means each of them.
func resting(state string) bool { return state == "off" || state == "closed" || state == "locked" }

// scope are the exposed devices that an intent's slots describe.
func (s speaker) scope(slots map[string]any) []*Device {
	text := func(key string) string { v, _ := slots[key].(string); return v }
	area, hasArea := s.home.Area(text("area"))
	floor, hasFloor := s.home.Floor(text("floor"))
	var out []*Device
	for _, d := range s.home.Devices {
		switch {
		case !d.Exposed,
			hasArea && d.Area != area.ID,
			hasFloor && s.floorOf(d) != floor.ID,
			!fits(slots["domain"], d.Domain()),
			!fits(slots["device_class"], d.DeviceClass),
			text("name") != "" && text("name") != "all" && !named(text("name"), d.Name, d.Aliases):
		default:
			out = append(out, d)
		}
	}
	return out
}

// fits says whether a value is the one, or one of those, that a slot asks for.
func fits(slot any, value string) bool {
	switch slot := slot.(type) {
	case string:
		return slot == "" || slot == value
	case []any:
		return slices.Contains(slot, any(value))
	case []string:
		return slices.Contains(slot, value)
	}
	return true
}

// askedKind is the kind of things that a question is about, or "".
func (s speaker) askedKind(in intent.Intent) string {
	domain, _ := in.Slots["domain"].(string)
	class, _ := in.Slots["device_class"].(string)
	for _, k := range []string{domain + "." + class, "binary_sensor." + class, "cover." + class, domain} {
		if s.Things[k] != [2]string{} {
			return k
		}
	}
	return ""
}

// word is how a state of a device is said: "on" of a window sensor is "open".
func (s speaker) word(d *Device, state string) string {
	for _, key := range []string{d.Domain() + "." + d.DeviceClass + "." + state, d.Domain() + "." + state, state} {
		if w, ok := s.States[key]; ok {
			return w
		}
	}
	return strings.ReplaceAll(state, "_", " ")
}

// is says whether a device is in the state that was asked for, by Home
// Assistant's word or by ours.
func (s speaker) is(d *Device, asked string) bool {
	if d.Domain() == "climate" && asked == "on" { // its state is what it does
		return d.State != "off"
	}
	return strings.EqualFold(d.State, asked) || strings.EqualFold(s.word(d, d.State), asked)
}

// status is all that is worth saying about a device's state.
func (s speaker) status(d *Device) string {
	attribute := func(name string) (float64, bool) { return number(d.Attributes[name]) }
	word := s.word(d, d.State)
	switch d.Domain() {
	case "light":
		if v, ok := attribute("brightness"); ok && d.State == "on" && d.can("brightness") {
			return s.say("on.at", "value", s.say("percent", "number", strconv.Itoa(int(v*100/255+0.5))))
		}
	case "cover", "valve":
		if v, ok := attribute("current_position"); ok && v > 0 && v < 100 && d.State == "open" {
			return s.say("part.open", "value", s.say("percent", "number", s.figure(v)))
		}
	case "fan":
		if v, ok := attribute("percentage"); ok && v > 0 && d.State == "on" {
			return s.say("on.at", "value", s.say("percent", "number", s.figure(v)))
		}
	case "climate", "water_heater":
		set, ok := attribute("temperature")
		if !ok || d.State == "off" {
			return word
		}
		said := s.say("degrees", "number", s.figure(set))
		if now, ok := attribute("current_temperature"); ok {
			return s.say("climate.now", "value", said, "now", s.say("degrees", "number", s.figure(now)))
		}
		return s.say("set.to", "value", said)
	case "number", "select":
		return s.say("set.to", "value", word)
	case "sensor":
		return s.measured(d)
	}
	return word
}

// measured is a sensor's value with its unit: "21.5 degrees".
func (s speaker) measured(d *Device) string {
	v, err := strconv.ParseFloat(d.State, 64)
	if err != nil {
		return s.word(d, d.State)
	}
	unit, _ := d.Attributes["unit_of_measurement"].(string)
	if d.Entity != nil && d.Entity.Unit != "" {
		unit = d.Entity.Unit
	}
	n := 2
	if v == 1 {
		n = 1
	}
	said, ok := s.Units[unit]
	switch {
	case unit == "%":
		return s.say("percent", "number", s.figure(v))
	case ok:
		return s.figure(v) + " " + said[plural(n)]
	case unit != "":
		return s.figure(v) + " " + unit
	}
	return s.figure(v)
}

// each tells the states of some devices, one by one where they are few.
func (s speaker) each(devices []*Device) string {
	var clauses []string
	if len(devices) <= most {
		for _, d := range devices {
			what, several := s.which([]*Device{d})
			clauses = append(clauses, s.say(isAre("be", several), "what", what, "state", s.agree(s.status(d), []*Device{d})))
		}
		return s.list(clauses)
	}
	var states []string
	for _, d := range devices {
		if w := s.word(d, d.State); !slices.Contains(states, w) {
			states = append(states, w)
		}
	}
	for _, state := range states {
		var those []*Device
		for _, d := range devices {
			if s.word(d, d.State) == state {
				those = append(those, d)
			}
		}
		clauses = append(clauses, s.count(those, state, ""))
	}
	return s.list(clauses)
}

// count is "three lights are on".
func (s speaker) count(devices []*Device, state, place string) string {
	n := len(devices)
	return s.say(isAre("some", n > 1), "things", s.counted(s.kind(devices), n), "state", s.agree(state, devices), "place", apart(state, place))
}

func (s speaker) yesNo(d *Device, asked string) string {
	key, state := "no", d.State
	if s.is(d, asked) {
		key, state = "yes", asked
	}
	what, several := s.which([]*Device{d})
	return s.say(key, "answer", s.say(isAre("be", several), "what", what, "state", s.agree(s.word(d, state), []*Device{d})))
}

func (s speaker) split(devices []*Device, asked string) (are, others []*Device) {
	for _, d := range devices {
		if s.is(d, asked) {
			are = append(are, d)
		} else {
			others = append(others, d)
		}
	}
	return are, others
}

// allAre answers "are all the lights off?".
func (s speaker) allAre(devices []*Device, asked string, in intent.Intent) string {
	are, others := s.split(devices, asked)
	state := s.word(devices[0], asked)
	switch {
	case len(others) == 0 && s.kind(are) == "":
		return s.say("yes", "answer", s.say("all.mixed", "state", state, "place", s.place(in)))
	case len(others) == 0:
		return s.say("yes", "answer", s.say("all", "things", s.things(s.kind(are), 2), "state", s.agree(state, are), "place", s.place(in)))
	}
	what, several := s.which(others)
	return s.say("no", "answer", s.say(isAre("not", several), "what", what, "state", s.agree(state, others)))
}

// some answers "are any windows open?", "which lights are on?" and "how many
// doors are locked?".
func (s speaker) some(question string, devices []*Device, asked string, in intent.Intent) string {
	are, _ := s.split(devices, asked)
	state := s.word(devices[0], asked)
	kind, place := s.kind(devices), s.place(in)
	var answer string
	switch {
	case len(are) == 0 && kind == "":
		return s.say("none.mixed", "state", state, "place", place)
	case len(are) == 0:
		return s.say("none", "things", s.things(kind, 2), "state", s.agree(state, devices), "place", apart(state, place))
	case question == "how_many":
		return s.count(are, state, place)
	case len(are) == 1:
		what, several := s.which(are)
		answer = s.say(isAre("be", several), "what", what, "state", s.agree(state, are))
	case len(are) <= most+1 || question == "which" && len(are) <= mostAsked:
		answer = s.say("some.list", "answer", s.count(are, state, place), "which", s.list(s.names(are)))
	case question == "which":
		answer = s.say("some.list", "answer", s.count(are, state, place), "which", s.list(s.places(are)))
	default:
		answer = s.count(are, state, place)
	}
	if question == "any" {
		answer = s.say("yes", "answer", answer)
	}
	return answer
}

// mostAsked bounds the devices that are named to who asks which: of more, only the rooms.
const mostAsked = 8

// places are the rooms of some devices, "in the kitchen"; those that are in none are named.
func (s speaker) places(devices []*Device) (out []string) {
	for _, d := range devices {
		place := s.names([]*Device{d})[0]
		if area, ok := s.home.Area(d.Area); ok {
			place = strings.TrimSpace(s.inRoom(area.Name))
		}
		if !slices.Contains(out, place) {
			out = append(out, place)
		}
	}
	return out
}

// apart puts a comma between a state and a place that begins as it ends: "on, on the first floor".
func apart(state, place string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(place), " ")
	if first != "" && (state == first || strings.HasSuffix(state, " "+first)) {
		return "," + place
	}
	return place
}

// weatherAnswer answers HassGetWeather from a weather device, if there is one.
func (s speaker) weatherAnswer(in intent.Intent) (string, Refusal) {
	devices, _ := s.expand(in.Targets)
	if len(devices) == 0 {
		devices = s.scope(map[string]any{"domain": "weather", "name": in.Slots["name"]})
	}
	if len(devices) == 0 {
		return s.say("weather.none"), UnknownDevice
	}
	if !devices[0].Known() {
		return s.say("unknown", "why", s.unknown(devices[:1])), ""
	}
	return s.each(devices[:1]), ""
}

// unknown says why the states of some devices are not known.
func (s speaker) unknown(devices []*Device) string {
	what, several := s.which(devices)
	if slices.ContainsFunc(devices, func(d *Device) bool { return d.Offline }) {
		return s.say(isAre("silent", several), "what", what)
	}
	return s.say(isAre("unknown.state", several), "what", what)
}

// temperatureAnswer answers HassClimateGetTemperature from a thermostat, or
// from a thermometer where the place has no thermostat.
func (s speaker) temperatureAnswer(in intent.Intent) (string, Refusal) {
	devices, missing := s.expand(in.Targets)
	if missing {
		return s.say("refused.device"), UnknownDevice
	}
	if len(in.Targets) == 0 {
		devices = s.thermometers(in)
	}
	var silent []*Device
	for _, d := range devices {
		degrees, ok := s.degrees(d)
		if !ok {
			silent = append(silent, d)
			continue
		}
		if in.Slots["outside"] != nil {
			return s.say("temperature.outside", "value", degrees), ""
		}
		place := ""
		if a, ok := s.home.Area(d.Area); ok && a.ID != s.room {
			place = s.inRoom(a.Name)
		}
		if place == "" {
			return s.say("temperature.here", "value", degrees), ""
		}
		return s.say("temperature.place", "value", degrees, "place", place), ""
	}
	if len(silent) > 0 {
		return s.say("unknown", "why", s.unknown(silent)), ""
	}
	if place := s.place(in); place != "" {
		return s.say("temperature.none", "place", place), UnknownDevice
	}
	return s.say("temperature.none.here"), UnknownDevice
}

// degrees is the temperature that a thermostat or a sensor measures.
func (s speaker) degrees(d *Device) (string, bool) {
	if d.Offline {
		return "", false
	}
	if d.Domain() == "sensor" {
		if d.DeviceClass != "temperature" || !d.Known() {
			return "", false
		}
		return s.measured(d), true
	}
	v, ok := number(d.Attributes["current_temperature"])
	if !ok {
		return "", false
	}
	return s.say("degrees", "number", s.figure(v)), true
}

// thermometers measure the temperature of the place that an intent names, else
// of the room that heard it, else of the home; thermostats come first.
func (s speaker) thermometers(in intent.Intent) []*Device {
	return s.here(in, func(d *Device) bool {
		return isClimate(d) || d.Domain() == "sensor" && d.DeviceClass == "temperature"
	})
}

func isClimate(d *Device) bool { return d.Domain() == "climate" }

// here are the devices of a kind that an intent's slots describe; where they
// name no place, those of the room that heard it, else all of the home.
// Thermostats, which are of every kind asked for here, stand first.
func (s speaker) here(in intent.Intent, kind func(*Device) bool) []*Device {
	find := func(area any) (thermostats []*Device) {
		var others []*Device
		for _, d := range s.scope(map[string]any{"area": area, "floor": in.Slots["floor"], "name": in.Slots["name"]}) {
			switch {
			case isClimate(d):
				thermostats = append(thermostats, d)
			case kind(d):
				others = append(others, d)
			}
		}
		return append(thermostats, others...)
	}
	if in.Slots["area"] == nil && in.Slots["floor"] == nil && in.Slots["name"] == nil {
		if found := find(s.room); len(found) > 0 {
			return found
		}
	}
	return find(in.Slots["area"])
}

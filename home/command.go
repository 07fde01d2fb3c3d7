package home

import (
	"math"
	"slices"
	"strings"

	"github.com/cricket-home/cricket/home/permission"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/mqtt"
)

// commands are the intents that make one call on each of their devices.
var commands = map[string]bool{
	"HassTurnOn": true, "HassTurnOff": true, "HassToggle": true, "HassLightSet": true, "HassSetPosition": true,
	"HassFanSetSpeed": true, "HassClimateSetTemperature": true, "HassMediaPause": true, "HassMediaUnpause": true,
	"HassMediaNext": true, "HassMediaPrevious": true, "HassMediaPlayerMute": true, "HassMediaPlayerUnmute": true,
	"HassSetVolume": true, "HassSetVolumeRelative": true, "HassMediaSearchAndPlay": true, "HassVacuumStart": true,
	"HassVacuumReturnToBase": true, "HassVacuumCleanArea": true, "HassLawnMowerStartMowing": true, "HassLawnMowerDock": true,
	"CricketSelectOption": true, "CricketSetNumber": true, "HassStopMoving": true,
	"CricketSetTilt": true, "CricketOscillate": true, "CricketArmAlarm": true,
	"HassHumidifierSetpoint": true, "CricketSetMode": true, "CricketSetDirection": true,
}

// domainOf is the domain of the devices that an intent means where it names none.
func domainOf(name string) string {
	switch {
	case name == "HassClimateSetTemperature":
		return "climate"
	case name == "HassStopMoving", name == "CricketSetTilt":
		return "cover"
	case name == "HassHumidifierSetpoint":
		return "humidifier"
	case name == "CricketOscillate", name == "CricketSetDirection":
		return "fan"
	case name == "CricketArmAlarm":
		return "alarm_control_panel"
	case strings.HasPrefix(name, "HassMedia"), strings.HasPrefix(name, "HassSetVolume"):
		return "media_player"
	case strings.HasPrefix(name, "HassVacuum"):
		return "vacuum"
	case strings.HasPrefix(name, "HassLawnMower"):
		return "lawn_mower"
	}
	return ""
}

// step is the call that an intent makes on one device, and what the device is
// when it is done.
type step struct {
	call  mqtt.Call
	state string
	verb  bool // the state needs "is" or "are" before it
}

// command makes the actions of one intent. Devices that cannot take part are
// exceptions of the part and keep nobody else from acting.
func (s speaker) command(in intent.Intent) part {
	p := part{in: in}
	ids := in.Targets
	if domain := domainOf(in.Name); len(ids) == 0 && domain != "" {
		found := s.nearest(in, domain)
		for _, d := range found {
			ids = append(ids, d.ID)
		}
		if len(found) == 0 {
			return refused(in, UnknownDevice, s.say("nothing.there", "things", s.things(domain, 2), "place", s.place(in)))
		}
		if len(found) > 1 && in.Slots["area"] == nil && in.Slots["floor"] == nil {
			if area, _ := s.common(found); area.ID == "" || domain != "climate" {
				in.Targets = ids
				return asked(in, intent.AsksWhich, s.question(ids))
			}
		}
	}
	devices, missing := s.expand(ids)
	if len(devices) == 0 || missing {
		p.refusal = UnknownDevice
		p.answer = s.say("refused.device")
		if name := text(in, "name"); name != "" && name != "all" {
			p.answer = s.say("refused.device.name", "name", s.lower(name))
		}
		return p
	}
	if by, _, relative := lampStep(in); relative {
		devices = litFirst(devices, by)
	}
	for _, d := range devices {
		st, why := s.step(d, in)
		s.act(&p, d, st, why)
	}
	return p
}

// lampStep is by how much a lamp is to be brighter, or darker where it is below 0;
// half: by half of what it is.
func lampStep(in intent.Intent) (by float64, half, relative bool) {
	if text(in, "brightness_step") == "half" {
		return -1, true, true
	}
	by, relative = number(in.Slots["brightness_step"])
	return by, false, relative
}

// litFirst are the lamps that "dimmer" and "brighter" are about: those that are
// on, where any is. Where these are as bright as they go, brighter is the others.
func litFirst(devices []*Device, by float64) []*Device {
	var lit, dark []*Device
	full := true
	for _, d := range devices {
		if d.Domain() == "light" && d.State == "off" {
			dark = append(dark, d)
			continue
		}
		lit = append(lit, d)
		v, ok := number(d.Attributes["brightness"])
		full = full && (!d.can("brightness") || ok && v >= 255)
	}
	if len(lit) == 0 || by > 0 && full && len(dark) > 0 {
		return dark
	}
	return lit
}

// act adds what one device is to do to a part, or why it does not.
func (s speaker) act(p *part, d *Device, st step, why exception) {
	var messages []mqtt.Message
	if why.key == "" {
		switch {
		case d.Entity == nil || d.Offline:
			why.key = "silent"
		default:
			var err error
			if messages, err = d.Entity.Messages(st.call); err != nil {
				why.key = "cannot.do" // what it announced has no topic for the call
			} else if s.home.deputy(d, messages) {
				why.key = "cannot.deputy"
			}
		}
		if not := s.permit(p, d, st, messages, why.key == ""); not.key != "" {
			why = not
		}
	}
	if why.key != "" {
		p.except(d, why)
		return
	}
	if opensHouse(d) && letsIn(does(st.call)) || does(st.call) == permission.Disarm {
		messages = twice(messages)
	}
	p.done = append(p.done, deed{device: d, state: st.state, verb: st.verb})
	p.actions = append(p.actions, Action{Device: d.ID, Call: st.call, Messages: messages, Want: d.Entity.Want(st.call)})
}

// twice is messages that a broker passes on only when it is told so once more (QoS 2):
// one that stood still, and goes on when everybody has gone to bed, opens nothing.
func twice(messages []mqtt.Message) []mqtt.Message {
	out := slices.Clone(messages)
	for i := range out {
		out[i].QoS = 2
	}
	return out
}

// expand turns ids of devices and groups into devices, each once, in order.
func (s speaker) expand(ids []string) (devices []*Device, missing bool) {
	seen := map[string]bool{}
	for _, id := range ids {
		members := []string{id}
		if g, ok := s.home.Group(id); ok {
			members = g.Members
		}
		for _, m := range members {
			d, ok := s.home.Device(m)
			if _, waits := s.home.newcomer(m); waits {
				continue
			}
			if !ok {
				missing = true
			} else if !seen[m] {
				seen[m] = true
				devices = append(devices, d)
			}
		}
	}
	return devices, missing
}

func (p *part) except(d *Device, why exception) {
	i := slices.IndexFunc(p.exceptions, func(e exception) bool { return e.key == why.key })
	if i < 0 {
		i = len(p.exceptions)
		p.exceptions = append(p.exceptions, why)
	}
	p.exceptions[i].devices = append(p.exceptions[i].devices, d)
}

func (s speaker) step(d *Device, in intent.Intent) (step, exception) {
	switch in.Name {
	case "HassTurnOn":
		return s.turnOn(d)
	case "HassTurnOff":
		return s.turnOff(d)
	case "HassLightSet":
		return s.lightSet(d, in)
	case "HassSetPosition":
		return s.setPosition(d, in)
	case "HassFanSetSpeed":
		return s.fanSpeed(d, in)
	case "HassClimateSetTemperature":
		return s.setTemperature(d, in)
	case "HassToggle":
		return s.toggle(d)
	case "HassStopMoving":
		if domain := d.Domain(); domain == "cover" || domain == "valve" {
			return step{call: call("stop_"+domain, nil), state: s.States["stop"]}, exception{}
		}
		return step{}, exception{key: "cannot.do"}
	case "HassHumidifierSetpoint":
		return s.setHumidity(d, in)
	case "CricketSetTilt":
		return s.setTilt(d, in)
	case "CricketOscillate":
		return s.oscillate(d, in)
	case "CricketSetMode":
		return s.setMode(d, in)
	case "CricketSetDirection":
		return s.setDirection(d, in)
	case "CricketArmAlarm":
		return s.arm(d, in)
	case "HassSetVolume", "HassSetVolumeRelative":
		return s.setVolume(d, in)
	case "CricketSelectOption":
		return s.selectOption(d, in)
	case "CricketSetNumber":
		return s.setNumber(d, in)
	}
	return s.serve(d, in)
}

func call(service string, data map[string]any) mqtt.Call {
	return mqtt.Call{Service: service, Data: data}
}

// switched are the domains whose devices turn on and off.
var switched = map[string]bool{
	"light": true, "switch": true, "fan": true, "media_player": true, "siren": true, "humidifier": true, "climate": true,
	"water_heater": true, "input_boolean": true, "automation": true, "remote": true,
}

// opensHouse says whether opening a device lets somebody in from the street.
func opensHouse(d *Device) bool {
	switch d.Domain() {
	case "lock":
		return true
	case "cover":
		return d.DeviceClass == "garage" || d.DeviceClass == "gate" || d.DeviceClass == "door"
	}
	return false
}

// turnOn is Home Assistant's meaning of "on": covers and valves open, locks lock.
func (s speaker) turnOn(d *Device) (step, exception) {
	domain := d.Domain()
	switch {
	case switched[domain]:
		return step{call: call("turn_on", nil), state: s.States["turn_on"]}, exception{}
	case domain == "cover", domain == "valve":
		return step{call: call("open_"+domain, nil), state: s.States["open"]}, exception{}
	case domain == "lock":
		return step{call: call("lock", nil), state: s.States["lock"]}, exception{}
	case domain == "scene", domain == "script":
		return step{call: call("turn_on", nil), state: s.States[domain+".turn_on"]}, exception{}
	case domain == "button", domain == "input_button":
		return step{call: call("press", nil), state: s.States["button.press"]}, exception{}
	case domain == "vacuum":
		return step{call: call("start", nil), state: s.States["start"]}, exception{}
	case domain == "lawn_mower":
		return step{call: call("start_mowing", nil), state: s.States["start_mowing"]}, exception{}
	}
	return step{}, exception{key: "cannot.turn_on"}
}

// turnOff is Home Assistant's meaning of "off": covers and valves close, locks unlock.
func (s speaker) turnOff(d *Device) (step, exception) {
	domain := d.Domain()
	switch {
	case switched[domain]:
		return step{call: call("turn_off", nil), state: s.States["turn_off"]}, exception{}
	case domain == "cover", domain == "valve":
		return step{call: call("close_"+domain, nil), state: s.States["close"]}, exception{}
	case domain == "lock":
		return step{call: call("unlock", nil), state: s.States["unlock"]}, exception{}
	case domain == "alarm_control_panel":
		return step{call: call("alarm_disarm", nil), state: s.States["alarm_disarm"]}, exception{}
	case domain == "script":
		return step{call: call("turn_off", nil), state: s.States["script.turn_off"]}, exception{}
	case domain == "vacuum":
		return step{call: call("return_to_base", nil), state: s.States["return_to_base"]}, exception{}
	case domain == "lawn_mower":
		return step{call: call("dock", nil), state: s.States["return_to_base"]}, exception{}
	}
	return step{}, exception{key: "cannot.turn_off"}
}

// white is what a lamp that only changes between warm and cold white shows for "white".
const white = 4000 // K

func (s speaker) lightSet(d *Device, in intent.Intent) (step, exception) {
	data := map[string]any{}
	var state string
	if said, ok := in.Slots["color"].(string); ok {
		name, rgb, known := color(said)
		switch {
		case !known:
			return step{}, exception{key: "cannot.color_name", color: said}
		case d.can("color"):
			data["rgb_color"] = []any{float64(rgb[0]), float64(rgb[1]), float64(rgb[2])}
		case name == "white" && d.can("color_temp"):
			data["color_temp_kelvin"] = float64(white)
		default:
			return step{}, exception{key: "cannot.color"}
		}
		state = s.color(name)
	}
	if kelvin, ok := number(in.Slots["temperature"]); ok {
		if !d.can("color_temp") {
			return step{}, exception{key: "cannot.color_temp"}
		}
		data["color_temp_kelvin"] = kelvin
		state = s.say("at", "value", s.say("kelvin", "number", s.figure(kelvin)))
	}
	percent, ok := number(in.Slots["brightness"])
	if by, half, relative := lampStep(in); relative && d.Domain() == "light" {
		if !d.can("brightness") {
			return step{}, exception{key: "cannot.brightness"}
		}
		now, known := number(d.Attributes["brightness"])
		if d.State == "off" {
			if by < 0 {
				return step{}, exception{key: isOff}
			}
			now, known = 0, true
		}
		if !known && by < 0 && d.State == "on" { // what does not say how bright it is, is as bright as it goes
			now, known = 255, true
		}
		if half {
			by = -math.Round(now * 100 / 255 / 2)
		}
		var why exception
		// What is on stays on: darker than one percent is off.
		if percent, why = stepped(d, math.Round(now*100/255), known, by, 1, 100); why.key != "" {
			return step{}, why
		}
		ok = true
	}
	if ok {
		said := s.say("percent", "number", s.figure(percent))
		switch {
		case percent < 0 || percent > 100:
			return step{}, exception{key: "cannot.range", number: said}
		case percent == 0 && d.Domain() == "light":
			return s.turnOff(d)
		case d.State == "on" && past(in, d.Attributes["brightness"], 255, percent) != "":
			return step{}, exception{key: past(in, d.Attributes["brightness"], 255, percent), number: said}
		case !d.can("brightness"):
			return step{}, exception{key: "cannot.brightness"}
		case in.Slots["color"] != nil:
			state = s.say("color.at", "color", state, "value", said)
		default:
			state = s.say("at", "value", said)
		}
		data["brightness_pct"] = percent
	}
	if len(data) == 0 || d.Domain() != "light" {
		return step{}, exception{key: "cannot.do"}
	}
	return step{call: call("turn_on", data), state: state, verb: true}, exception{}
}

// can says whether a device has an ability. A light with colour or warm and
// cold white can be dimmed.
func (d *Device) can(feature string) bool {
	if slices.Contains(d.Features, feature) {
		return true
	}
	return feature == "brightness" && (slices.Contains(d.Features, "color") || slices.Contains(d.Features, "color_temp"))
}

func (s speaker) setPosition(d *Device, in intent.Intent) (step, exception) {
	percent, ok := number(in.Slots["position"])
	domain := d.Domain()
	if by, relative := number(in.Slots["position_step"]); relative && d.can("position") {
		now, known := number(d.Attributes["current_position"])
		var why exception
		if percent, why = stepped(d, now, known, by, 0, 100); why.key != "" {
			return step{}, why
		}
		ok = true
	}
	said := s.say("percent", "number", s.figure(percent))
	switch {
	case !ok || domain != "cover" && domain != "valve":
		return step{}, exception{key: "cannot.position"}
	case percent < 0 || percent > 100:
		return step{}, exception{key: "cannot.range", number: said}
	case d.can("position"):
		service := "set_" + domain + "_position"
		return step{call: call(service, map[string]any{"position": percent}), state: s.say("at", "value", said), verb: true}, exception{}
	case percent == 0:
		return s.turnOff(d)
	case percent == 100:
		return s.turnOn(d)
	}
	return step{}, exception{key: "cannot.position"}
}

func (s speaker) fanSpeed(d *Device, in intent.Intent) (step, exception) {
	percent, ok := number(in.Slots["percentage"])
	if by, relative := number(in.Slots["percentage_step"]); relative && d.can("percentage") {
		now, known := number(d.Attributes["percentage"])
		if d.State == "off" {
			now, known = 0, true
		}
		var why exception
		if percent, why = stepped(d, now, known, by, 1, 100); why.key != "" {
			return step{}, why
		}
		ok = true
	}
	said := s.say("percent", "number", s.figure(percent))
	switch {
	case !ok || d.Domain() != "fan" || !d.can("percentage"):
		return step{}, exception{key: "cannot.speed"}
	case percent < 0 || percent > 100:
		return step{}, exception{key: "cannot.range", number: said}
	case percent == 0:
		return s.turnOff(d)
	}
	return step{call: call("set_percentage", map[string]any{"percentage": percent}), state: s.say("at", "value", said), verb: true}, exception{}
}

func (s speaker) setTemperature(d *Device, in intent.Intent) (step, exception) {
	degrees, ok := number(in.Slots["temperature"])
	by, relative := number(in.Slots["temperature_step"])
	if !ok && !relative || d.Domain() != "climate" && d.Domain() != "water_heater" {
		return step{}, exception{key: "cannot.temperature"}
	}
	lowest, highest := 7.0, 35.0 // °C, Home Assistant's defaults
	if d.Entity != nil && d.Entity.Max > 0 {
		lowest, highest = d.Entity.Min, d.Entity.Max
	}
	if v, ok := number(d.Attributes["min_temp"]); ok {
		lowest = v
	}
	if v, ok := number(d.Attributes["max_temp"]); ok {
		highest = v
	}
	if relative && d.State == "off" {
		return step{}, exception{key: isOff} // it would be set, and nobody the warmer
	}
	if relative {
		now, known := number(d.Attributes["temperature"])
		var why exception
		if degrees, why = stepped(d, now, known, by, lowest, highest); why.key != "" {
			return step{}, why
		}
	}
	said := s.say("degrees", "number", s.figure(degrees))
	if degrees < lowest || degrees > highest {
		return step{}, exception{key: "cannot.range", number: said}
	}
	return step{call: call("set_temperature", map[string]any{"temperature": degrees}), state: s.say("set.to", "value", said)}, exception{}
}

func (s speaker) setHumidity(d *Device, in intent.Intent) (step, exception) {
	percent, ok := number(in.Slots["humidity"])
	if !ok || d.Domain() != "humidifier" || !d.can("humidity") {
		return step{}, exception{key: "cannot.humidity"}
	}
	said := s.say("percent", "number", s.figure(percent))
	if d.Entity != nil && (percent < d.Entity.Min || percent > d.Entity.Max) {
		return step{}, exception{key: "cannot.range", number: said}
	}
	return step{call: call("set_humidity", map[string]any{"humidity": percent}), state: s.say("set.to", "value", said)}, exception{}
}

// isOff is why what is off gets neither darker nor warmer.
const isOff = "off"

// stepped is a value after a relative change, within its range. Of a device that
// has not said how it is set nobody can tell.
func stepped(d *Device, now float64, known bool, by, lowest, highest float64) (float64, exception) {
	switch {
	case !known || !d.Known():
		return 0, exception{key: "unknown.level"}
	case by > 0 && now >= highest:
		return 0, exception{key: "cannot.higher"}
	case by < 0 && now <= lowest:
		return 0, exception{key: "cannot.lower"}
	}
	return min(max(now+by, lowest), highest), exception{}
}

// number reads a value that came from TOML or JSON.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	}
	return 0, false
}

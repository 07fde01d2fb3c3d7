package mqtt

import (
	"slices"
	"strings"
)

// homieThing is one entity of a Homie device, in Home Assistant's words.
type homieThing struct {
	platform string
	object   string // stands in for a unique id
	label    string // for faults
	config   map[string]any
	targets  bool // its topics have a $target beside them
}

// homieReader turns a description into things.
type homieReader struct {
	d      homieDescription
	out    []homieThing
	shared map[string]int // how many single properties have this name
}

// things are the entities of a device. A node whose type or name says that it
// is a lamp, a blind or a thermostat becomes one entity with the properties
// that belong to it; every other property is an entity of its own.
func (d homieDescription) things() []homieThing {
	r := &homieReader{d: d, shared: map[string]int{}}
	for i := range d.nodes {
		r.node(&d.nodes[i])
	}
	for _, n := range d.nodes {
		for _, p := range n.properties {
			if !p.used {
				r.shared[strings.ToLower(p.called())]++
			}
		}
	}
	for i := range d.nodes {
		for j := range d.nodes[i].properties {
			if p := &d.nodes[i].properties[j]; !p.used {
				r.single(&d.nodes[i], p)
			}
		}
	}
	return r.out
}

// Words of types, names and ids that tell what a node or a property is, in the
// languages that Cricket speaks. One of less than four letters must stand alone.
var (
	lightWords = []string{"light", "lamp", "bulb", "dimmer", "led", "licht", "leuchte", "verlichting", "lumière", "lumiere", "lampe",
		"luz", "lámpara", "lampara", "bombilla", "ışık", "isik", "lamba"}
	garageWords  = []string{"garage", "garagentor", "garaje", "garaj"}
	gateWords    = []string{"gate", "portail", "poort", "hoftor"}
	doorWords    = []string{"door", "deur", "porte", "puerta", "kapı", "haustür"}
	coverWords   = []string{"cover", "shutter", "blind", "curtain", "shade", "awning", "roller", "rollladen", "rollo", "jalousie", "vorhang", "markise", "volet", "store", "rideau", "persiana", "cortina", "gordijn", "rolluik", "perde", "panjur"}
	lockWords    = []string{"lock", "schloss", "serrure", "cerradura", "slot", "kilit"}
	fanWords     = []string{"fan", "ventilator", "ventilateur", "ventilador", "vantilatör", "lüfter"}
	climateWords = []string{"thermostat", "climate", "heating", "heater", "hvac", "radiator", "heizung", "termostat", "chauffage", "verwarming", "calefacción", "ısıtma"}
	valveWords   = []string{"valve", "ventil", "vanne", "válvula", "kraan", "vana"}
	sirenWords   = []string{"siren", "sirene", "sirène", "sirena"}
	outletWords  = []string{"outlet", "socket", "plug", "steckdose", "prise", "enchufe", "stopcontact", "priz"}

	brightnessWords = []string{"brightness", "dim", "dimmer", "level", "intensity", "helligkeit", "luminosité", "brillo", "helderheid", "parlaklık", "value"}
	whiteWords      = []string{"temperature", "temp", "ct", "kelvin", "mired", "mirek", "white", "warmth"}
	effectWords     = []string{"effect", "scene", "program", "mode", "animation", "pattern"}
	positionWords   = []string{"position", "level", "opening", "percent", "value"}
	moveWords       = []string{"action", "command", "control", "state", "move", "cmd", "direction"}
	targetWords     = []string{"target", "setpoint", "set", "desired", "soll", "consigne"}
	diagnosisWords  = []string{"rssi", "uptime", "signal", "wifi", "freeheap", "heap", "ip", "firmware", "version", "lastseen", "linkquality", "lqi"}
)

// says reports whether a text has one of the words.
func says(text string, words []string) bool {
	text = strings.ToLower(text)
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == '-' || r == '_' || r == ' ' || r == '/' || r == '.' })
	for _, w := range words {
		if len(w) >= 4 && strings.Contains(text, w) || slices.Contains(parts, w) {
			return true
		}
	}
	return false
}

// is reports whether a node is one of those that the words name: by its type,
// its id or its name, or, where the device has no other node, by the device's name.
func (r *homieReader) is(n *homieNode, words []string) bool {
	return says(n.kind, words) || says(n.id, words) || says(n.name, words) || len(r.d.nodes) == 1 && (says(r.d.name, words) || says(r.d.id, words))
}

// called is what a property is called by.
func (p *homieProperty) called() string {
	if p.name != "" {
		return p.name
	}
	return strings.ReplaceAll(p.id, "-", " ")
}

func (p *homieProperty) is(words []string) bool { return says(p.id, words) || says(p.name, words) }

func (p *homieProperty) percent() bool {
	return p.number() && (p.unit == "%" || p.low != nil && p.high != nil && *p.low == 0 && *p.high == 100)
}

func (p *homieProperty) number() bool { return p.datatype == "integer" || p.datatype == "float" }

func (p *homieProperty) degrees() bool {
	u := strings.TrimSpace(p.unit)
	return p.number() && (u == "°C" || u == "°F" || u == "ºC" || u == "ºF" || u == "C" || u == "F" || u == "°")
}

// find returns the first property of a node that is not used yet and fits; one
// that is named by the words is taken before the others.
func (n *homieNode) find(words []string, fits func(p *homieProperty) bool) *homieProperty {
	for _, named := range []bool{true, false} {
		for i := range n.properties {
			p := &n.properties[i]
			if !p.used && fits(p) && (!named || p.is(words)) {
				return p
			}
		}
	}
	return nil
}

// switchable finds the property that turns a node on and off.
func (n *homieNode) switchable() *homieProperty {
	return n.find([]string{"on", "power", "state", "switch", "relay"}, func(p *homieProperty) bool {
		return p.datatype == "boolean" && p.settable && p.retained
	})
}

// node adds the compound entity of a node, if it is one.
func (r *homieReader) node(n *homieNode) {
	color := n.find(nil, func(p *homieProperty) bool { return p.datatype == "color" && p.settable })
	switch {
	case r.is(n, lockWords) && r.lock(n):
	case r.is(n, garageWords) && r.cover(n, "garage"), r.is(n, gateWords) && r.cover(n, "gate"), r.is(n, doorWords) && r.cover(n, "door"):
	case r.is(n, coverWords) && r.cover(n, ""):
	case r.is(n, climateWords) && r.climate(n):
	case (color != nil || r.is(n, lightWords)) && r.light(n, color):
	case r.is(n, fanWords) && r.fan(n):
	case r.is(n, valveWords) && r.valve(n):
	}
}

// add adds an entity. used are the properties that it is made of.
func (r *homieReader) add(platform, object, name string, config map[string]any, used ...*homieProperty) {
	device := map[string]any{"identifiers": []any{r.d.base}, "name": r.d.name}
	if r.d.name == "" {
		device["name"] = strings.ReplaceAll(r.d.id, "-", " ")
	}
	if r.d.parent != "" {
		device["via_device"] = homieRoot + "/5/" + r.d.parent
	}
	config["device"], config["unique_id"], config["name"] = device, r.d.base+"/"+object, nil
	if name != "" && !strings.EqualFold(name, r.d.name) {
		config["name"] = name
	}
	if _, given := config["qos"]; !given {
		config["qos"] = 1.0
	}
	five := false
	for _, p := range used {
		if p != nil {
			p.used, five = true, p.five
		}
	}
	r.out = append(r.out, homieThing{platform: platform, object: object, label: object, config: config, targets: five})
}

// compound adds the entity that a node is.
func (r *homieReader) compound(platform string, n *homieNode, config map[string]any, used ...*homieProperty) {
	name := n.name
	if name == "" {
		name = strings.ReplaceAll(n.id, "-", " ")
	}
	if len(r.d.nodes) == 1 && r.d.name != "" {
		name = "" // it is the device
	}
	r.add(platform, n.id, name, config, used...)
}

func (p *homieProperty) set() string { return p.topic + "/set" }

// switched are the topics and payloads of a boolean.
func (p *homieProperty) switched() map[string]any {
	return map[string]any{"command_topic": p.set(), "state_topic": p.topic, "payload_on": "true", "payload_off": "false"}
}

func (r *homieReader) lock(n *homieNode) bool {
	p := n.find([]string{"lock", "locked", "unlock"}, func(p *homieProperty) bool { return p.datatype == "boolean" && p.settable })
	if p != nil {
		locked, unlocked := "true", "false"
		if p.is([]string{"unlock", "open", "unlocked"}) {
			locked, unlocked = unlocked, locked
		}
		r.compound("lock", n, map[string]any{
			"command_topic": p.set(), "state_topic": p.topic, "payload_lock": locked, "payload_unlock": unlocked,
			"state_locked": locked, "state_unlocked": unlocked,
		}, p)
		return true
	}
	lock, unlock := "", ""
	p = n.find(nil, func(p *homieProperty) bool {
		if p.datatype != "enum" || !p.settable {
			return false
		}
		lock, unlock = p.option("lock", "locked", "close", "closed"), p.option("unlock", "unlocked", "open", "opened")
		return lock != "" && unlock != ""
	})
	if p == nil {
		return false
	}
	config := map[string]any{
		"command_topic": p.set(), "state_topic": p.topic, "payload_lock": lock, "payload_unlock": unlock,
		"state_locked": lock, "state_unlocked": unlock,
	}
	told := n.find(nil, func(p *homieProperty) bool { return p.datatype == "enum" && !p.settable && p.option("locked") != "" })
	if told != nil {
		config["state_topic"], config["state_locked"], config["state_unlocked"] = told.topic, told.option("locked"), told.option("unlocked", "open")
		for _, key := range []string{"locking", "unlocking", "jammed"} {
			if word := told.option(key); word != "" {
				config["state_"+key] = word
			}
		}
	}
	r.compound("lock", n, config, p, told)
	return true
}

// option is the first of the words that an enum has, in the enum's own spelling.
func (p *homieProperty) option(words ...string) string {
	for _, w := range words {
		for _, o := range p.options {
			if strings.EqualFold(o, w) {
				return o
			}
		}
	}
	return ""
}

func (r *homieReader) cover(n *homieNode, class string) bool {
	config := map[string]any{}
	if class != "" {
		config["device_class"] = class
	} else if class = r.coverClass(n); class != "" {
		config["device_class"] = class
	}
	position := n.find(positionWords, func(p *homieProperty) bool { return p.percent() && p.settable })
	if position != nil {
		config["set_position_topic"], config["position_topic"] = position.set(), position.topic
		config["position_closed"], config["position_open"] = position.ends()
	}
	moves := n.find(moveWords, func(p *homieProperty) bool {
		return p.datatype == "enum" && p.settable && p.option("open", "up") != "" && p.option("close", "down", "closed") != ""
	})
	var told *homieProperty
	if moves == nil {
		if flag := n.find(nil, func(p *homieProperty) bool { return p.datatype == "boolean" && p.settable }); flag != nil && position == nil {
			open, closed := "true", "false"
			if flag.is([]string{"close", "closed"}) {
				open, closed = closed, open
			}
			config["command_topic"], config["state_topic"] = flag.set(), flag.topic
			config["payload_open"], config["payload_close"], config["payload_stop"] = open, closed, nil
			config["state_open"], config["state_closed"] = open, closed
			moves = flag
		}
	} else {
		config["command_topic"] = moves.set()
		config["payload_open"], config["payload_close"] = moves.option("open", "up"), moves.option("close", "down", "closed")
		config["payload_stop"] = nil
		if stop := moves.option("stop", "stopped", "halt"); stop != "" {
			config["payload_stop"] = stop
		}
		if position == nil && moves.retained {
			told = moves
		}
	}
	if moves == nil && position == nil {
		return false
	}
	if state := n.find(nil, func(p *homieProperty) bool {
		return p.datatype == "enum" && !p.settable && p.option("open", "opened") != "" && p.option("closed", "close") != ""
	}); state != nil {
		told = state
	}
	if told != nil && told.datatype == "enum" {
		config["state_topic"] = told.topic
		for key, words := range map[string][]string{
			"state_open": {"open", "opened", "up"}, "state_closed": {"closed", "close", "down"}, "state_opening": {"opening"},
			"state_closing": {"closing"}, "state_stopped": {"stopped", "stop", "halt"},
		} {
			if word := told.option(words...); word != "" {
				config[key] = word
			}
		}
	}
	r.compound("cover", n, config, position, moves, told)
	return true
}

// coverClass is Home Assistant's class of a cover that opens no house.
func (r *homieReader) coverClass(n *homieNode) string {
	for _, class := range []string{"shutter", "blind", "curtain", "awning", "shade"} {
		if r.is(n, []string{class}) {
			return class
		}
	}
	return ""
}

// ends are the values of an empty and a full range.
func (p *homieProperty) ends() (low, high float64) {
	low, high = 0, 100
	if p.low != nil {
		low = *p.low
	}
	if p.high != nil {
		high = *p.high
	}
	if low >= high {
		low, high = 0, 100
	}
	return low, high
}

func (r *homieReader) fan(n *homieNode) bool {
	power := n.switchable()
	if power == nil {
		return false
	}
	config := power.switched()
	speed := n.find([]string{"speed", "level"}, func(p *homieProperty) bool { return p.number() && p.settable && (p.percent() || p.high != nil) })
	if speed != nil {
		low, high := speed.ends()
		config["percentage_command_topic"], config["percentage_state_topic"] = speed.set(), speed.topic
		config["speed_range_min"], config["speed_range_max"] = max(low, 1), high
	}
	mode := n.find([]string{"mode", "preset"}, func(p *homieProperty) bool { return p.datatype == "enum" && p.settable })
	if mode != nil {
		config["preset_mode_command_topic"], config["preset_mode_state_topic"] = mode.set(), mode.topic
		config["preset_modes"] = mode.choices()
	}
	r.compound("fan", n, config, power, speed, mode)
	return true
}

func (p *homieProperty) choices() []any {
	var out []any
	for _, o := range p.options {
		out = append(out, o)
	}
	return out
}

func (r *homieReader) climate(n *homieNode) bool {
	target := n.find(targetWords, func(p *homieProperty) bool { return p.degrees() && p.settable })
	if target == nil {
		return false
	}
	config := map[string]any{"temperature_command_topic": target.set(), "temperature_state_topic": target.topic}
	if target.low != nil && target.high != nil {
		config["min_temp"], config["max_temp"] = *target.low, *target.high
	}
	if target.step != nil {
		config["temp_step"] = *target.step
	} else if target.datatype == "float" {
		config["temp_step"] = 0.5
	}
	config["temperature_unit"] = "C"
	if strings.HasSuffix(target.unit, "F") {
		config["temperature_unit"] = "F"
	}
	now := n.find([]string{"current", "temperature", "measured", "actual", "ist"}, func(p *homieProperty) bool { return p.degrees() && !p.settable })
	if now != nil {
		config["current_temperature_topic"] = now.topic
	}
	mode := n.find([]string{"mode"}, func(p *homieProperty) bool {
		return p.datatype == "enum" && p.settable && !slices.ContainsFunc(p.options, func(o string) bool { return !climateModes[o] })
	})
	if mode != nil {
		config["mode_command_topic"], config["mode_state_topic"], config["modes"] = mode.set(), mode.topic, mode.choices()
	} else {
		config["modes"] = []any{}
	}
	power := n.switchable()
	if power != nil {
		config["power_command_topic"], config["payload_on"], config["payload_off"] = power.set(), "true", "false"
	}
	r.compound("climate", n, config, target, now, mode, power)
	return true
}

// climateModes are Home Assistant's: other modes are a select of their own.
var climateModes = map[string]bool{"off": true, "heat": true, "cool": true, "auto": true, "heat_cool": true, "dry": true, "fan_only": true}

func (r *homieReader) valve(n *homieNode) bool {
	p := n.switchable()
	if p == nil {
		return false
	}
	r.compound("valve", n, map[string]any{
		"command_topic": p.set(), "state_topic": p.topic, "payload_open": "true", "payload_close": "false",
		"state_open": "true", "state_closed": "false",
	}, p)
	return true
}

// single adds the entity that one property is.
func (r *homieReader) single(n *homieNode, p *homieProperty) {
	name, node := p.called(), n.name
	if node == "" {
		node = strings.ReplaceAll(n.id, "-", " ")
	}
	alone := len(n.properties) == 1
	switch {
	case alone && len(r.d.nodes) == 1 && p.settable:
		name = "" // it is the device
	case alone && p.datatype == "boolean":
		name = node // "Relay 1" says more than its property "on"
	case r.shared[strings.ToLower(name)] > 1:
		name = node + " " + name
	}
	config := map[string]any{"state_topic": p.topic}
	platform := ""
	switch settable := p.settable; p.datatype {
	case "boolean":
		switch {
		case settable && !p.retained:
			platform, config = "button", map[string]any{"command_topic": p.set(), "payload_press": "true", "qos": 0.0}
		case settable && (r.is(n, sirenWords) || p.is(sirenWords)):
			platform, config = "siren", p.switched()
			config["command_template"] = "{{ value }}"
		case settable:
			platform, config = "switch", p.switched()
			if r.is(n, outletWords) {
				config["device_class"] = "outlet"
			}
		case !p.retained:
			return // an event: somebody pressed a button
		default:
			platform = "binary_sensor"
			config["payload_on"], config["payload_off"] = "true", "false"
			config["device_class"] = p.binaryClass(n)
		}
	case "integer", "float":
		platform = "sensor"
		if settable {
			platform = "number"
			config["command_topic"] = p.set()
			config["min"], config["max"] = p.ends()
			config["step"] = 1.0
			if p.datatype == "float" {
				config["step"] = 0.1
			}
			if p.step != nil {
				config["step"] = *p.step
			}
		}
		config["unit_of_measurement"], config["device_class"] = p.measures(n)
	case "enum":
		switch {
		case settable && !p.retained && len(p.options) == 1:
			platform, config = "button", map[string]any{"command_topic": p.set(), "payload_press": p.options[0], "qos": 0.0}
		case settable:
			platform = "select"
			config["command_topic"], config["options"] = p.set(), p.choices()
		case !p.retained:
			return
		default:
			platform = "sensor"
		}
	case "color":
		return // a color that no lamp shows
	default:
		platform = "sensor"
		if settable {
			platform = "text"
			config["command_topic"] = p.set()
		}
		if p.datatype == "datetime" {
			config["device_class"] = "timestamp"
		}
	}
	if p.is(diagnosisWords) {
		config["entity_category"] = "diagnostic"
	}
	if config["device_class"] == "" {
		delete(config, "device_class")
	}
	r.add(platform, n.id+"/"+p.id, name, config, p)
}

// binaryClass is Home Assistant's class of what a read-only boolean tells.
func (p *homieProperty) binaryClass(n *homieNode) string {
	for _, class := range []struct {
		name  string
		words []string
	}{
		{"motion", []string{"motion", "pir", "bewegung", "mouvement", "beweging", "movimiento", "hareket"}},
		{"occupancy", []string{"occupancy", "presence", "occupied"}},
		{"window", []string{"window", "fenster", "fenêtre", "raam", "ventana", "pencere"}},
		{"garage_door", garageWords},
		{"door", doorWords},
		{"moisture", []string{"leak", "water", "flood", "moisture", "wet"}},
		{"smoke", []string{"smoke", "rauch", "fumée", "rook", "humo", "duman"}},
		{"gas", []string{"gas"}},
		{"vibration", []string{"vibration"}},
		{"tamper", []string{"tamper"}},
		{"battery", []string{"battery", "lowbat"}},
		{"opening", []string{"contact", "open", "opening"}},
	} {
		if p.is(class.words) || says(n.kind, class.words) || says(n.id, class.words) || says(n.name, class.words) {
			return class.name
		}
	}
	return ""
}

// measures is the unit of a number as Home Assistant writes it, and the class of
// what it measures.
func (p *homieProperty) measures(n *homieNode) (unit, class string) {
	unit = strings.ReplaceAll(strings.TrimSpace(p.unit), "º", "°")
	switch unit {
	case "#":
		return "", ""
	case "°C", "°F", "K":
		return unit, "temperature"
	case "%":
		switch {
		case p.is([]string{"humidity", "humid", "feuchte", "humidité", "humedad", "vocht", "nem"}):
			return unit, "humidity"
		case p.is([]string{"battery", "batterie", "batería", "batterij", "pil"}):
			return unit, "battery"
		}
		if says(n.kind, []string{"humidity"}) {
			return unit, "humidity"
		}
		return unit, ""
	case "lx", "lux":
		return "lx", "illuminance"
	case "Pa", "hPa", "kPa", "mbar", "bar", "psi":
		return unit, "pressure"
	case "W", "kW":
		return unit, "power"
	case "Wh", "kWh":
		return unit, "energy"
	case "V":
		return unit, "voltage"
	case "A":
		return unit, "current"
	case "ppm":
		if p.is([]string{"co2", "carbon"}) {
			return unit, "carbon_dioxide"
		}
	case "dB":
		return unit, "sound_pressure"
	}
	return unit, ""
}

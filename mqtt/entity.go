package mqtt

import (
	"errors"
	"fmt"
	"maps"
	"strings"
)

// Entity is one thing that announced itself by discovery: a lamp, a switch of
// a power strip, the temperature of a sensor. ParseDiscovery makes it; it is
// not changed afterwards, and any goroutine may use it.
type Entity struct {
	ID          string         // domain.object, as in Home Assistant; Announced keeps it unique
	Platform    string         // "light", "switch", ...: the domain of ID
	UniqueID    string         // platform/unique_id: Home Assistant's ids are unique in one platform only
	Name        string         // its own name, or its device's where it has none
	DeviceName  string         // "" where no device was given
	Area        string         // the device's suggested_area, or ""
	DeviceClass string         // as in Home Assistant: window, motion, outlet, ...
	Unit        string         // unit_of_measurement, or the climate's temperature_unit
	Features    []string       // what it can do beyond on and off: brightness, color, color_temp, effect, position, stop, percentage, mode, preset_mode, fan_mode, swing_mode, direction, oscillate, temperature
	Options     []string       // the choices of a select, effects of a light, presets of a fan, modes of a climate
	Min, Max    float64        // number: its range; climate: degrees; light with color_temp: kelvin; else 0
	Step        float64        // number and climate
	Hidden      bool           // a setting or a diagnosis, or disabled by default: not for speech unless its owner says so
	Config      map[string]any // the config with its keys written out, unknown keys too
	Source      string         // the discovery topic

	readings []reading          // what to make of its topics
	commands map[string]command // by role
	qos      byte
	outside  bool // no broker serves it
}

// reading is one topic that the entity follows, and what its messages are about.
type reading struct {
	Filter   string
	Role     string // "state", "brightness", "availability", ...
	Template template
	// for availability only
	On, Off string
}

// command is where a role's commands go, and how they are written.
type command struct {
	Topic    string
	Template template
}

// Has reports whether the entity has a feature.
func (e *Entity) Has(feature string) bool {
	for _, f := range e.Features {
		if f == feature {
			return true
		}
	}
	return false
}

// Topics returns the topic filters to follow for the entity's state,
// attributes and availability, each once.
func (e *Entity) Topics() []string {
	var topics []string
	seen := make(map[string]bool, len(e.readings))
	for _, r := range e.readings {
		if !seen[r.Filter] {
			seen[r.Filter] = true
			topics = append(topics, r.Filter)
		}
	}
	return topics
}

// Apply returns the state after a message on one of the entity's topics. s is
// not changed. A message that cannot be understood is an error, and the state
// that comes back has what could be; it joins a *StateError for each thing that
// the message is about. One on a foreign topic changes nothing.
func (e *Entity) Apply(s State, m Message) (State, error) {
	p := &payload{text: string(m.Payload)}
	next := s
	copied := false
	var errs []error
	for _, r := range e.readings {
		if r.Filter != m.Topic && !matches(r.Filter, m.Topic) {
			continue
		}
		if len(m.Payload) == 0 {
			continue // a retained message was erased: it says nothing
		}
		text, err := r.Template.render(p)
		if errors.Is(err, errUndefined) {
			continue // this message is about something else
		}
		if err != nil {
			errs = append(errs, &StateError{Entity: e.ID, Role: r.Role, Err: err})
			continue
		}
		if !copied {
			copied = true
			next.Attributes = maps.Clone(s.Attributes)
			if next.Attributes == nil {
				next.Attributes = map[string]any{}
			}
		}
		switch r.Role {
		case "availability":
			e.available(&next, r, text)
		case "lifecycle":
			e.available(&next, reading{Filter: r.Filter, On: "online", Off: "offline"}, e.lifecycle(text))
		case "attributes":
			err = attributes(&next, text)
		default:
			if role, ahead := strings.CutPrefix(r.Role, "target "); ahead {
				err = e.aim(&next, role, text)
			} else {
				err = platforms(e.Platform, e.schema()).apply(e, &next, r.Role, text)
			}
		}
		if err != nil {
			errs = append(errs, &StateError{Entity: e.ID, Role: r.Role, Err: err})
		}
	}
	if copied {
		reach(&next)
	}
	if copied && len(next.Attributes) == 0 {
		next.Attributes = nil
	}
	return next, errors.Join(errs...)
}

// StateError is a message of an entity that cannot be understood.
type StateError struct {
	Entity string // id
	Role   string // what the message is about: "state", "brightness", ...
	Err    error
}

func (e *StateError) Error() string { return fmt.Sprintf("read %s of %s: %v", e.Role, e.Entity, e.Err) }
func (e *StateError) Unwrap() error { return e.Err }

// available notes what one availability topic said and weighs all of them.
// A topic that has said nothing yet does not make the entity offline.
func (e *Entity) available(s *State, r reading, text string) {
	var online bool
	switch text {
	case r.On:
		online = true
	case r.Off:
	default:
		return
	}
	said := maps.Clone(s.Online)
	if said == nil {
		said = map[string]bool{}
	}
	said[r.Filter] = online
	s.Online = said

	switch e.text("availability_mode", "latest") {
	case "all":
		s.Offline = false
		for _, on := range said {
			s.Offline = s.Offline || !on
		}
	case "any":
		s.Offline = true
		for _, on := range said {
			s.Offline = s.Offline && !on
		}
	default:
		s.Offline = !online
	}
}

// owned are attributes that come from topics of their own.
var owned = map[string]bool{
	"brightness": true, "rgb_color": true, "color_temp_kelvin": true, "effect": true,
	"percentage": true, "preset_mode": true, "oscillating": true, "direction": true, "current_position": true, "current_tilt_position": true,
	"temperature": true, "current_temperature": true, "fan_mode": true, "swing_mode": true, "swing_horizontal_mode": true, "fan_speed": true, "hvac_action": true,
	"humidity": true, "current_humidity": true, "mode": true, "installed_version": true, "latest_version": true,
}

// attributes merges a JSON object into the attributes.
func attributes(s *State, text string) error {
	p := payload{text: text}
	v, err := p.json()
	if err != nil {
		return err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("the attributes are not a JSON object")
	}
	for k, v := range m {
		if owned[k] {
			continue
		}
		if n, ok := number(v); ok {
			if _, text := v.(string); !text {
				v = n
			}
		}
		s.Attributes[k] = v
	}
	return nil
}

// unknown reports whether a payload says that the state is not known.
func unknown(text string) bool {
	switch text {
	case "", "None", "unknown", "unavailable":
		return true
	}
	return false
}

// follows reports whether some topic tells the role.
func (e *Entity) follows(role string) bool {
	for _, r := range e.readings {
		if r.Role == role {
			return true
		}
	}
	return false
}

// takes reports whether the role has a command topic.
func (e *Entity) takes(role string) bool {
	_, ok := e.commands[role]
	return ok
}

// schema tells a light's ways of speaking apart.
func (e *Entity) schema() string { return strings.ToLower(e.text("schema", "")) }

// text returns a value of the config as Home Assistant reads it: true is "True".
func (e *Entity) text(key, fallback string) string {
	v, ok := e.Config[key]
	if !ok || v == nil {
		return fallback
	}
	if n, ok := v.(float64); ok {
		return numeral(n)
	}
	return show(v)
}

func (e *Entity) number(key string, fallback float64) float64 {
	if n, ok := number(e.Config[key]); ok {
		return n
	}
	return fallback
}

func (e *Entity) flag(key string) bool {
	v, err := boolean(e.Config[key])
	return err == nil && v
}

// boolean reads a flag the way people write them.
func boolean(v any) (bool, error) {
	switch v := v.(type) {
	case nil:
		return false, nil
	case bool:
		return v, nil
	case float64:
		return v != 0, nil
	case string:
		switch strings.ToLower(v) {
		case "true", "yes", "on", "enable", "1":
			return true, nil
		case "false", "no", "off", "disable", "0", "":
			return false, nil
		}
	}
	return false, fmt.Errorf("must be true or false")
}

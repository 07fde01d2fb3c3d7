package mqtt

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of a discovery payload. The largest that real devices send are some
// tens of kilobytes, nested five deep.
const (
	maxDiscovery = 256 << 10 // bytes
	maxDepth     = 16
)

// ErrNotDiscovery says that a topic is not one of discovery: not
// <prefix>/<component>/[<node>/]<object>/config.
var ErrNotDiscovery = errors.New("not a discovery topic")

// Discovery is what one discovery message says.
type Discovery struct {
	Topic    string
	Entities []Entity // all that the topic announces now: what it announced before and is not here is gone
	Held     []Entity // what Announced.Admit does not let in
	Removed  []string // unique ids that are gone. A message alone does not tell: only Announced.Take fills it
	Faults   []Fault  // what was skipped, and why
	Moving   bool     // migrate_discovery: the topic's entities stay until another topic announces them
}

// Fault is something of a discovery message that cannot be used.
type Fault struct {
	Topic  string
	Entity string // the component or name, or "" for the whole message
	Reason string // plain words
}

func (f Fault) String() string {
	if f.Entity == "" {
		return f.Topic + ": " + f.Reason
	}
	return f.Topic + ": " + f.Entity + ": " + f.Reason
}

var (
	nodeForm = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)
	kindForm = regexp.MustCompile(`^[a-zA-Z0-9_]+$`)
)

// inherited are the keys of a device payload that its components take over
// unless they have their own.
var inherited = []string{
	"availability", "availability_mode", "availability_template", "availability_topic",
	"payload_available", "payload_not_available", "state_topic", "command_topic",
}

// ParseDiscovery reads a discovery message under a prefix ("homeassistant").
// The only error is ErrNotDiscovery, for topics that are about something else;
// whatever is wrong with a payload is in Faults, and what is right is in
// Entities. An empty payload announces nothing.
func ParseDiscovery(prefix string, m Message) (Discovery, error) {
	return parseDiscovery(prefix, m, templates{})
}

func parseDiscovery(prefix string, m Message, known templates) (Discovery, error) {
	d := Discovery{Topic: m.Topic}
	rest, under := strings.CutPrefix(m.Topic, prefix+"/")
	if !under {
		return d, fmt.Errorf("read %q: %w", shorten(m.Topic), ErrNotDiscovery)
	}
	parts := strings.Split(rest, "/")
	n := len(parts)
	if n < 3 || n > 4 || parts[n-1] != "config" || !kindForm.MatchString(parts[0]) {
		return d, fmt.Errorf("read %q: %w", shorten(m.Topic), ErrNotDiscovery)
	}
	for _, id := range parts[1 : n-1] {
		if !nodeForm.MatchString(id) {
			d.fault("", "the topic's ids may have letters, digits, - and _ only")
			return d, nil
		}
	}
	if len(m.Payload) == 0 {
		return d, nil
	}
	root, err := object(m.Payload)
	if err != nil {
		d.fault("", err.Error())
		return d, nil
	}
	root = expand(root, entityKeys)
	if moving, err := boolean(root["migrate_discovery"]); err == nil && moving {
		d.Moving = true
		return d, nil
	}
	if parts[0] == "device" {
		d.device(root, known)
		return d, nil
	}
	resolve(root)
	if err := shared(root); err != nil {
		d.fault("", err.Error())
		return d, nil
	}
	d.add(parts[0], strings.Join(parts[1:n-1], "_"), "", root, known)
	return d, nil
}

func (d *Discovery) fault(entity, reason string) {
	d.Faults = append(d.Faults, Fault{Topic: shorten(d.Topic), Entity: shorten(entity), Reason: reason})
}

// object decodes a payload within the limits.
func object(data []byte) (map[string]any, error) {
	if len(data) > maxDiscovery {
		return nil, fmt.Errorf("the payload has %d bytes, %d are allowed", len(data), maxDiscovery)
	}
	if !utf8.Valid(data) {
		return nil, errors.New("the payload is not UTF-8")
	}
	if deep(data) {
		return nil, fmt.Errorf("the payload is nested deeper than %d", maxDepth)
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return nil, fmt.Errorf("the payload is not JSON: %w", err)
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("the payload is not a JSON object")
	}
	return m, nil
}

// deep reports whether JSON text nests deeper than maxDepth.
func deep(data []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			if depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// resolve puts the base topic in for ~ at the start or end of topics.
func resolve(m map[string]any) {
	base, ok := m["~"].(string)
	delete(m, "~")
	entries, _ := m["availability"].([]any)
	if one, single := m["availability"].(map[string]any); single {
		entries = []any{one}
	}
	list := make([]any, len(entries))
	for i, entry := range entries {
		list[i] = entry
		if e, isObject := entry.(map[string]any); isObject {
			e = expand(e, entityKeys)
			if ok {
				tilde(e, base)
			}
			list[i] = e
		}
	}
	if len(entries) > 0 {
		m["availability"] = list
	}
	if ok {
		tilde(m, base)
	}
}

func tilde(m map[string]any, base string) {
	for key, v := range m {
		s, isText := v.(string)
		if !isText || !strings.HasSuffix(key, "topic") {
			continue
		}
		if rest, found := strings.CutPrefix(s, "~"); found {
			m[key] = base + rest
		} else if rest, found := strings.CutSuffix(s, "~"); found {
			m[key] = rest + base
		}
	}
}

// shared expands and checks device and origin, which a single config and a
// device payload have alike.
func shared(root map[string]any) error {
	for key, keys := range map[string]map[string]string{"device": deviceKeys, "origin": originKeys} {
		v, given := root[key]
		if !given || v == nil {
			delete(root, key)
			continue
		}
		m, ok := v.(map[string]any)
		if !ok {
			return fmt.Errorf("%s must be an object", key)
		}
		root[key] = expand(m, keys)
	}
	return nil
}

// device reads the device form: several components with one device.
func (d *Discovery) device(root map[string]any, known templates) {
	if err := shared(root); err != nil {
		d.fault("", err.Error())
		return
	}
	device, _ := root["device"].(map[string]any)
	origin, _ := root["origin"].(map[string]any)
	components, ok := root["components"].(map[string]any)
	switch {
	case device == nil:
		d.fault("", "device is missing")
	case empty(device["identifiers"]) && empty(device["connections"]):
		d.fault("", "device has neither identifiers nor connections")
	case origin == nil:
		d.fault("", "origin is missing")
	case empty(origin["name"]):
		d.fault("", "origin has no name")
	case !ok:
		d.fault("", "components is missing or not an object")
	}
	if len(d.Faults) > 0 {
		return
	}
	resolve(root) // its own topics; a ~ is not passed down
	for _, id := range slices.Sorted(maps.Keys(components)) {
		m, ok := components[id].(map[string]any)
		if !ok {
			d.fault(id, "the component is not an object")
			continue
		}
		c := expand(m, entityKeys)
		platform, ok := c["platform"].(string)
		if !ok || platform == "" {
			d.fault(id, "platform is missing")
			continue
		}
		if len(c) == 1 {
			continue // only its platform: the component is removed
		}
		resolve(c)
		for _, key := range inherited {
			if _, own := c[key]; own {
				continue
			}
			if key == "availability" && c["availability_topic"] != nil || key == "availability_topic" && c["availability"] != nil {
				continue // one way of telling it excludes the other
			}
			if v, given := root[key]; given {
				c[key] = v
			}
		}
		c["device"] = device
		c["origin"] = origin
		if empty(c["unique_id"]) {
			if p := platforms(platform, ""); p.build != nil {
				d.fault(id, "unique_id is missing")
				continue
			}
		}
		d.add(platform, id, id, c, known)
	}
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	}
	return false
}

// add builds one entity from an expanded config. object stands in for a unique
// id; label names the component in faults, where the entity's own name does not.
func (d *Discovery) add(kind, object, label string, config map[string]any, known templates) {
	e := Entity{Platform: kind, Config: config, Source: d.Topic, commands: map[string]command{}}
	b := &builder{e: &e, templates: known}
	named := b.names(object)
	if label == "" {
		label = named
	}
	p := platforms(kind, e.schema())
	why, silent := unspoken[kind]
	switch {
	case silent:
		d.fault(label, why)
		return
	case p.build == nil:
		d.fault(label, fmt.Sprintf("the platform %q is not known", shorten(kind)))
		return
	}
	b.common()
	p.build(b)
	if len(b.errs) > 0 {
		d.fault(label, reasons(b.errs))
		return
	}
	if len(b.lost) > 0 {
		d.fault(label, reasons(b.lost))
	}
	d.Entities = append(d.Entities, e)
}

// reasons joins errors on one line.
func reasons(errs []error) string {
	var out []string
	for _, err := range errs {
		out = append(out, strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return strings.Join(out, "; ")
}

package home

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"regexp"

	"github.com/pelletier/go-toml/v2"
)

var (
	plainID  = regexp.MustCompile(`^[a-z0-9_]+$`)
	deviceID = regexp.MustCompile(`^[a-z0-9_]+\.[a-z0-9_]+$`)
	language = regexp.MustCompile(`^[a-z]{2,3}(-[A-Z]{2})?$`)
)

// Parse reads a HOME.toml; name is the file's name for messages. No data is an
// empty home. The error is Faults: all of them, each with line, key and rule.
func Parse(name string, data []byte) (*Home, error) {
	doc := &document{file: name, data: data}
	root, err := doc.parse()
	if err != nil {
		return nil, err
	}
	h := &Home{Language: "en"}
	if l := root.text("language"); l != "" {
		if !language.MatchString(l) {
			root.fault("language", "must be a language code, like \"en\" or \"pt-BR\"")
		}
		h.Language = l
	}
	floors, areas, devices := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, t := range root.tables("floor") {
		f := Floor{ID: t.id(floors), Name: t.name("name"), Aliases: t.texts("aliases")}
		t.done()
		h.Floors = append(h.Floors, f)
	}
	for _, t := range root.tables("area") {
		a := Area{ID: t.id(areas), Name: t.name("name"), Aliases: t.texts("aliases"), Floor: t.one("floor", "floor", floors)}
		t.done()
		h.Areas = append(h.Areas, a)
	}
	for _, t := range root.tables("device") {
		d := &Device{
			ID: t.deviceID(devices), Name: t.name("name"), Aliases: t.texts("aliases"), Area: t.one("area", "area", areas),
			DeviceClass: t.text("device_class"), State: t.text("state"), Features: t.texts("features"),
			Attributes: t.object("attributes"), Exposed: t.yes("exposed", true), Discovery: t.object("discovery"),
		}
		t.done()
		d.owner = d
		h.Devices = append(h.Devices, d)
	}
	members := map[string]bool{}
	for _, d := range h.Devices {
		members[d.ID] = true
	}
	for _, t := range root.tables("group") {
		g := Group{
			ID: t.deviceID(devices), Name: t.name("name"), Aliases: t.texts("aliases"),
			Area: t.one("area", "area", areas), Members: t.texts("members"),
		}
		for i, m := range g.Members {
			t.exists(fmt.Sprintf("members[%d]", i), "device", m, members)
		}
		t.done()
		h.Groups = append(h.Groups, g)
	}
	root.done()
	if err := doc.err(); err != nil {
		return nil, err
	}
	if h.replies, err = loadReplies(h.Language); err != nil {
		return nil, err
	}
	h.index()
	h.own, h.ownNames = h, h.ownerNames()
	return h, nil
}

// id is a table's own id: lower case, unlike the others.
func (t *table) id(taken map[string]bool) string {
	return t.identity(plainID, `must be lower case letters, digits and underscores, like "living_room"`, taken)
}

func (t *table) deviceID(taken map[string]bool) string {
	return t.identity(deviceID, `must be domain.object in lower case letters, digits and underscores, like "light.hall_lamp"`, taken)
}

func (t *table) identity(form *regexp.Regexp, rule string, taken map[string]bool) string {
	before := len(t.doc.faults)
	id := t.name("id")
	switch {
	case len(t.doc.faults) > before:
	case !form.MatchString(id):
		t.fault("id", "%s", rule)
	case taken[id]:
		t.fault("id", "is taken; every id names one thing")
	default:
		taken[id] = true
	}
	return id
}

// one is the id of something that must exist, or "".
func (t *table) one(key, kind string, there map[string]bool) string {
	id := t.text(key)
	if id != "" {
		t.exists(key, kind, id, there)
	}
	return id
}

func (t *table) exists(key, kind, id string, there map[string]bool) {
	if there[id] {
		return
	}
	if near := nearest(id, keys(there)); near != "" {
		t.fault(key, "no %s %q; did you mean %q?", kind, id, near)
	} else {
		t.fault(key, "no %s %q", kind, id)
	}
}

// printed is a HOME.toml as TOML prints it.
type printed struct {
	Language string          `toml:"language"`
	Floors   []printedFloor  `toml:"floor,omitempty"`
	Areas    []printedArea   `toml:"area,omitempty"`
	Devices  []printedDevice `toml:"device,omitempty"`
	Groups   []printedGroup  `toml:"group,omitempty"`
}

type printedFloor struct {
	ID      string   `toml:"id"`
	Name    string   `toml:"name"`
	Aliases []string `toml:"aliases,omitempty"`
}

type printedArea struct {
	ID      string   `toml:"id"`
	Name    string   `toml:"name"`
	Aliases []string `toml:"aliases,omitempty"`
	Floor   string   `toml:"floor,omitempty"`
}

type printedDevice struct {
	ID          string         `toml:"id"`
	Name        string         `toml:"name"`
	Aliases     []string       `toml:"aliases,omitempty"`
	Area        string         `toml:"area,omitempty"`
	DeviceClass string         `toml:"device_class,omitempty"`
	State       string         `toml:"state,omitempty"`
	Features    []string       `toml:"features,omitempty"`
	Attributes  map[string]any `toml:"attributes,inline,omitempty"`
	Exposed     *bool          `toml:"exposed,omitempty"`
	Discovery   map[string]any `toml:"discovery,inline,omitempty"`
}

type printedGroup struct {
	ID      string   `toml:"id"`
	Name    string   `toml:"name"`
	Aliases []string `toml:"aliases,omitempty"`
	Area    string   `toml:"area,omitempty"`
	Members []string `toml:"members,omitempty"`
}

// TOML prints the home, with everything that is known of it by now, in the
// format that Parse reads.
func (h *Home) TOML() ([]byte, error) {
	p := printed{Language: h.Language}
	for _, f := range h.Floors {
		p.Floors = append(p.Floors, printedFloor(f))
	}
	for _, a := range h.Areas {
		p.Areas = append(p.Areas, printedArea(a))
	}
	for _, g := range h.Groups {
		p.Groups = append(p.Groups, printedGroup(g))
	}
	for _, d := range h.Devices {
		one := printedDevice{
			ID: d.ID, Name: d.Name, Aliases: d.Aliases, Area: d.Area, DeviceClass: d.DeviceClass, State: d.State,
			Features: d.Features, Attributes: whole(d.described()), Discovery: whole(d.Discovery),
		}
		if !d.Exposed {
			one.Exposed = &d.Exposed
		}
		p.Devices = append(p.Devices, one)
	}
	var out bytes.Buffer
	if err := toml.NewEncoder(&out).Encode(p); err != nil {
		return nil, fmt.Errorf("print home as TOML: %w", err)
	}
	return out.Bytes(), nil
}

// described are the attributes with what the entity announced about its values,
// so that the printed device can be served by the demo as it is.
func (d *Device) described() map[string]any {
	facts := map[string]any{}
	if e := d.Entity; e != nil {
		switch d.Domain() {
		case "sensor":
			if e.Unit != "" {
				facts["unit_of_measurement"] = e.Unit
			}
		case "select":
			var options []any
			for _, o := range e.Options {
				options = append(options, o)
			}
			facts["options"] = options
		case "number":
			facts["min"], facts["max"], facts["step"] = e.Min, e.Max, e.Step
		case "climate":
			facts["min_temp"], facts["max_temp"] = e.Min, e.Max
		}
	}
	maps.Copy(facts, d.Attributes)
	return facts
}

// whole turns the whole numbers of a JSON object into TOML integers.
func whole(m map[string]any) map[string]any {
	if m == nil {
		return nil
	}
	out := make(map[string]any, len(m))
	for k, v := range m {
		if v != nil { // a JSON null, which TOML cannot say
			out[k] = integer(v)
		}
	}
	return out
}

func integer(v any) any {
	switch v := v.(type) {
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int64(v)
		}
	case map[string]any:
		return whole(v)
	case []any:
		out := make([]any, 0, len(v))
		for _, e := range v {
			if e != nil {
				out = append(out, integer(e))
			}
		}
		return out
	}
	return v
}

package home

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cricket-home/cricket/mqtt"
)

// Registry is what Home Assistant knows of a home's floors, areas, devices and
// entities: its files core.floor_registry, core.area_registry,
// core.device_registry and core.entity_registry. A list that was not imported is
// nil. Its JSON is the file that cricket home import writes.
type Registry struct {
	Floors   []RegistryFloor  `json:"floors,omitempty"`
	Areas    []RegistryArea   `json:"areas,omitempty"`
	Devices  []RegistryDevice `json:"devices,omitempty"`
	Entities []RegistryEntity `json:"entities,omitempty"`
}

// FromHomeAssistant begins the unique id of an entity that Home Assistant serves; its
// entity id there follows.
const FromHomeAssistant = "hass/"

// RegistryFloor is an entry of core.floor_registry.
type RegistryFloor struct {
	ID      string    `json:"floor_id"`
	Name    string    `json:"name"`
	Aliases []*string `json:"aliases,omitempty"`
}

// RegistryArea is an entry of core.area_registry.
type RegistryArea struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Aliases []*string `json:"aliases,omitempty"`
	Floor   *string   `json:"floor_id,omitempty"`
}

// RegistryDevice is an entry of core.device_registry.
type RegistryDevice struct {
	ID       string  `json:"id"`
	Area     *string `json:"area_id,omitempty"`
	Name     *string `json:"name_by_user,omitempty"`
	Disabled *string `json:"disabled_by,omitempty"`
}

// RegistryEntity is an entry of core.entity_registry.
type RegistryEntity struct {
	ID       string    `json:"entity_id"`
	Unique   any       `json:"unique_id"` // text, or a number of an old integration
	Platform string    `json:"platform"`  // the integration: "mqtt"
	Device   *string   `json:"device_id,omitempty"`
	Area     *string   `json:"area_id,omitempty"`
	Name     *string   `json:"name,omitempty"`
	Aliases  []*string `json:"aliases,omitempty"` // null stands for the entity's own name
	Class    *string   `json:"device_class,omitempty"`
	Disabled *string   `json:"disabled_by,omitempty"`
	Hidden   *string   `json:"hidden_by,omitempty"`
	Options  struct {
		Conversation struct {
			Expose *bool `json:"should_expose,omitempty"`
		} `json:"conversation"`
	} `json:"options"`
}

// ParseRegistry reads one of Home Assistant's registry files; name is the
// file's name for messages. The error names the file and each key that is wrong.
func ParseRegistry(name string, data []byte) (Registry, error) {
	var r Registry
	var file struct {
		Key  string                     `json:"key"`
		Data map[string]json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return r, fmt.Errorf("%s: %w", name, jsonFault("", err))
	}
	c := &registryCheck{file: name}
	switch file.Key {
	case "core.floor_registry":
		r.Floors = listOf[RegistryFloor](c, file.Data, "floors")
		for i, f := range r.Floors {
			at := fmt.Sprintf("data.floors[%d].", i)
			c.one(at+"floor_id", f.ID)
			c.text(at+"name", f.Name)
			c.aliases(at, f.Aliases)
		}
	case "core.area_registry":
		r.Areas = listOf[RegistryArea](c, file.Data, "areas")
		for i, a := range r.Areas {
			at := fmt.Sprintf("data.areas[%d].", i)
			c.one(at+"id", a.ID)
			c.text(at+"name", a.Name)
			c.aliases(at, a.Aliases)
		}
	case "core.device_registry":
		r.Devices = listOf[RegistryDevice](c, file.Data, "devices")
		for i, d := range r.Devices {
			at := fmt.Sprintf("data.devices[%d].", i)
			c.one(at+"id", d.ID)
			c.optional(at+"name_by_user", d.Name)
		}
	case "core.entity_registry":
		r.Entities = listOf[RegistryEntity](c, file.Data, "entities")
		for i, e := range r.Entities {
			at := fmt.Sprintf("data.entities[%d].", i)
			c.one(at+"entity_id", e.ID)
			if e.ID != "" && !deviceID.MatchString(e.ID) {
				c.fault(at+"entity_id", fmt.Sprintf("must be domain.object, not %q", e.ID))
			}
			if e.Unique == nil {
				c.fault(at+"unique_id", "is missing")
			}
			c.text(at+"platform", e.Platform)
			c.optional(at+"name", e.Name)
			c.aliases(at, e.Aliases)
		}
	case "":
		c.fault("key", "is missing: this is no registry of Home Assistant")
	default:
		c.fault("key", fmt.Sprintf("is %q: only core.area_registry, core.device_registry, core.entity_registry and core.floor_registry can be imported", file.Key))
	}
	if err := errors.Join(c.errs...); err != nil {
		return Registry{}, err
	}
	return r, nil
}

// registryCheck gathers what is wrong with one file.
type registryCheck struct {
	file string
	errs []error
	ids  map[string]bool
}

// listOf reads the list of a file; it is nil where an entry is no such thing.
func listOf[T any](c *registryCheck, data map[string]json.RawMessage, list string) []T {
	raw, ok := data[list]
	if !ok {
		c.fault("data."+list, "is missing")
		return nil
	}
	var entries []json.RawMessage
	if err := json.Unmarshal(raw, &entries); err != nil {
		c.errs = append(c.errs, fmt.Errorf("%s: %w", c.file, jsonFault("data."+list, err)))
		return nil
	}
	out := make([]T, 0, len(entries))
	for i, entry := range entries {
		var one T
		if err := json.Unmarshal(entry, &one); err == nil {
			out = append(out, one)
		} else if len(c.errs) < maxRegistryFaults {
			c.errs = append(c.errs, fmt.Errorf("%s: %w", c.file, jsonFault(fmt.Sprintf("data.%s[%d]", list, i), err)))
		}
	}
	if len(out) < len(entries) {
		return nil
	}
	return out
}

// maxRegistryFaults is how many faults of a file are worth reading.
const maxRegistryFaults = 10

func (c *registryCheck) fault(key, rule string) {
	if len(c.errs) < maxRegistryFaults {
		c.errs = append(c.errs, fmt.Errorf("%s: '%s' %s", c.file, key, rule))
	}
}

// one checks an id: that it is there, and once.
func (c *registryCheck) one(key, id string) {
	if c.text(key, id); id == "" {
		return
	}
	if c.ids[id] {
		c.fault(key, fmt.Sprintf("%q is there twice", id))
	}
	if c.ids == nil {
		c.ids = map[string]bool{}
	}
	c.ids[id] = true
}

func (c *registryCheck) text(key, s string) {
	if strings.TrimSpace(s) == "" {
		c.fault(key, "is missing")
	} else if oneLine(s) != s {
		c.fault(key, "must be one line, without spaces around it")
	}
}

func (c *registryCheck) optional(key string, s *string) {
	if s != nil && *s != "" {
		c.text(key, *s)
	}
}

func (c *registryCheck) aliases(at string, aliases []*string) {
	for i, a := range aliases {
		if a != nil && oneLine(*a) == "" {
			c.fault(fmt.Sprintf("%saliases[%d]", at, i), "is empty")
		}
	}
}

// jsonFault says where a JSON document is not what it should be.
func jsonFault(under string, err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		key := strings.Trim(under+"."+wrong.Field, ".")
		if key == "" {
			return fmt.Errorf("must be an object, not %s", wrong.Value)
		}
		return fmt.Errorf("'%s' must be %s, not %s", key, kindOf(wrong.Type.Kind().String()), wrong.Value)
	}
	return fmt.Errorf("not JSON: %w", err)
}

func kindOf(goKind string) string {
	switch goKind {
	case "string":
		return "a text"
	case "bool":
		return "true or false"
	case "slice":
		return "a list"
	}
	return "an object"
}

// With is the registry with the lists of another put in for its own.
func (r Registry) With(newer Registry) Registry {
	if newer.Floors != nil {
		r.Floors = newer.Floors
	}
	if newer.Areas != nil {
		r.Areas = newer.Areas
	}
	if newer.Devices != nil {
		r.Devices = newer.Devices
	}
	if newer.Entities != nil {
		r.Entities = newer.Entities
	}
	return r
}

// OpenRegistry reads what Save wrote.
func OpenRegistry(data []byte) (Registry, error) {
	var r Registry
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return r, d.Decode(&r)
}

// Save is the registry as OpenRegistry reads it.
func (r Registry) Save() ([]byte, error) { return json.Marshal(r) }

// registry is a Registry by what entities are looked up with.
type registry struct {
	byUnique map[string]record // mqtt.Entity.UniqueID
	byID     map[string]record // of entities of other integrations
	names    map[string]string // kindAndName of what the user named, to mqtt.Entity.UniqueID
	rooms    map[string]string // area ids of the home, by the id of a device that stands there
}

// RoomOfDevice is the area id of the room in which a device of Home Assistant's stands, by its id
// there, or "".
func (h *Home) RoomOfDevice(id string) string {
	if h.registry == nil {
		return ""
	}
	return h.registry.rooms[id]
}

// record is what a registry says of one entity; what it does not say is empty.
type record struct {
	id      string
	name    string
	aliases []string
	device  string // what the user calls its device
	area    string // area id of the home
	class   string
	hidden  bool
	shown   bool // the owner has exposed it, whatever it is
}

// exposed is whether the entity may be spoken to, where otherwise is what it
// says of itself.
func (r record) exposed(otherwise bool) bool {
	return !r.hidden && (otherwise || r.shown)
}

// of finds what the registry says of an entity. A nil registry says nothing.
func (r *registry) of(e mqtt.Entity) (record, bool) {
	if r == nil {
		return record{}, false
	}
	if found, ok := r.byUnique[e.UniqueID]; ok {
		return found, true
	}
	id := e.ID
	if e.IsOutside() { // its id here may be another one, its own was taken
		id = strings.TrimPrefix(e.UniqueID, FromHomeAssistant)
	}
	found, ok := r.byID[id]
	return found, ok
}

// calls is the id of the entity that the user calls so, if that is another one.
func (r *registry) calls(called, unique string) (string, bool) {
	if r == nil {
		return "", false
	}
	holder, ok := r.names[called]
	return r.byUnique[holder].id, ok && holder != unique
}

// WithRegistry is the home with what was imported from Home Assistant, instead
// of what was before. Floors and areas of HOME.toml win over those of the same
// id or name.
func (h *Home) WithRegistry(r Registry) *Home {
	n := *h.own
	n.own, n.waiting, n.learned, n.rooms = h.own, h.waiting, h.learned, h.rooms
	n.Floors, n.Areas = slices.Clip(n.Floors), slices.Clip(n.Areas)
	floors, areas := map[string]string{}, map[string]string{}
	for _, f := range r.Floors {
		if same, ok := n.Floor(f.Name); ok {
			floors[f.ID] = same.ID
			continue
		}
		id := freeID(f.ID, func(id string) bool { return slices.ContainsFunc(n.Floors, func(f Floor) bool { return f.ID == id }) })
		floors[f.ID] = id
		n.Floors = append(n.Floors, Floor{ID: id, Name: f.Name, Aliases: aliasesOf(f.Aliases)})
	}
	for _, a := range r.Areas {
		floor := floors[value(a.Floor)]
		if i := slices.IndexFunc(n.Areas, func(own Area) bool { return own.ID == a.ID || named(a.Name, own.Name, own.Aliases) }); i >= 0 {
			areas[a.ID] = n.Areas[i].ID
			if n.Areas[i].Floor == "" && floor != "" {
				n.Areas = slices.Clone(n.Areas)
				n.Areas[i].Floor = floor
			}
			continue
		}
		id := freeID(a.ID, func(id string) bool { return slices.ContainsFunc(n.Areas, func(a Area) bool { return a.ID == id }) })
		areas[a.ID] = id
		n.Areas = append(n.Areas, Area{ID: id, Name: a.Name, Aliases: aliasesOf(a.Aliases), Floor: floor})
	}
	n.registry = r.index(areas)

	var all mqtt.Discovery
	for _, d := range h.Devices {
		if d.Entity != nil {
			all.Entities = append(all.Entities, *d.Entity)
		}
	}
	next := (&n).After(all)
	for _, d := range h.Devices {
		if d.Entity != nil {
			if moved, ok := next.DeviceOf(d.Entity.UniqueID); ok {
				next = next.WithState(moved.ID, d.Reported())
			}
		}
	}
	return next
}

// index looks the entities up; areas are the registry's area ids to the home's.
func (r Registry) index(areas map[string]string) *registry {
	devices := make(map[string]RegistryDevice, len(r.Devices))
	for _, d := range r.Devices {
		devices[d.ID] = d
	}
	out := &registry{byUnique: map[string]record{}, byID: map[string]record{}, names: map[string]string{}, rooms: map[string]string{}}
	for _, d := range r.Devices {
		if room := areas[value(d.Area)]; room != "" {
			out.rooms[d.ID] = room
		}
	}
	for _, e := range r.Entities {
		d := devices[value(e.Device)]
		one := record{
			id: e.ID, name: value(e.Name), aliases: aliasesOf(e.Aliases), device: value(d.Name), class: value(e.Class),
			area:   areas[value(e.Area)],
			hidden: e.Disabled != nil || e.Hidden != nil || d.Disabled != nil,
		}
		if one.area == "" {
			one.area = areas[value(d.Area)]
		}
		if expose := e.Options.Conversation.Expose; expose != nil {
			one.hidden, one.shown = one.hidden || !*expose, *expose
		}
		if e.Platform != "mqtt" {
			out.byID[e.ID] = one
			continue
		}
		domain, _, _ := strings.Cut(e.ID, ".")
		unique := domain + "/" + fmt.Sprint(e.Unique)
		out.byUnique[unique] = one
		for _, name := range append(aliasesOf(e.Aliases), one.name) {
			if name != "" {
				out.names[kindAndName(domain, one.class, name)] = unique
			}
		}
	}
	return out
}

// value is what a pointer points to, on one line; "" for nil.
func value(s *string) string {
	if s == nil {
		return ""
	}
	return oneLine(*s)
}

func aliasesOf(list []*string) []string {
	var out []string
	for _, a := range list {
		if a != nil {
			out = append(out, oneLine(*a))
		}
	}
	return out
}

// freeID is an id in our form that is not taken.
func freeID(id string, taken func(string) bool) string {
	base := slug(id)
	if base == "" {
		base = "place"
	}
	id = base
	for n := 2; taken(id); n++ {
		id = fmt.Sprintf("%s_%d", base, n)
	}
	return id
}

package home

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/cricket-home/cricket/mqtt"
)

// Home is one immutable snapshot of a home. Its fields and everything under
// them are for reading; Parse makes a Home and the With… methods make changed
// copies that share what did not change.
type Home struct {
	Language string // "en"
	Floors   []Floor
	Areas    []Area
	Devices  []*Device // in the order of HOME.toml, then of discovery
	Groups   []Group

	byID     map[string]int      // device id to its place in Devices
	byEntity map[string]int      // unique id of an entity to its device's place
	byOwner  map[string]int      // Device.UniqueID of the devices of HOME.toml to their places
	ownNames map[string]string   // kind and name, as calling has them, of the owner's devices and groups to their ids
	found    map[string]bool     // ids of areas that came by discovery
	registry *registry           // what was imported, or nil
	waiting  []Newcomer          // by id
	guarded  map[string]bool     // topics, as guards has them
	own      *Home               // as Parse made it
	learned  map[string][]string // names that people have taught, by id
	rooms    map[string]string   // unique ids of entities to the names of the rooms that people put them in
	replies  replies
}

// Floor is a storey.
type Floor struct {
	ID, Name string
	Aliases  []string
}

// Area is a room.
type Area struct {
	ID, Name string
	Aliases  []string
	Floor    string // floor id, or ""
}

// Group is several devices under one name.
type Group struct {
	ID, Name string
	Aliases  []string
	Area     string   // area id, or ""
	Members  []string // device ids
}

// Device is one thing that can be spoken to or asked about.
type Device struct {
	ID          string // domain.object
	Name        string
	Aliases     []string
	Area        string // area id, or ""
	DeviceClass string // as in Home Assistant: window, motion, garage, ...
	State       string // as in Home Assistant; "" = not known
	Features    []string
	Attributes  map[string]any // values as in JSON: string, float64, bool, []any, map[string]any
	Exposed     bool           // may be named in a sentence
	Offline     bool           // its availability topics say that it is not there
	Discovery   map[string]any // the discovery payload that HOME.toml gives, or nil
	Entity      *mqtt.Entity   // what it announced by MQTT; nil until known

	online map[string]bool // what each availability topic said last
	owner  *Device         // as HOME.toml has it; nil for a device known only by discovery
	placed bool            // somebody says where it is; else Area is a guess from its name or its parent
}

// Domain is the part of the id before the dot: "light", "cover", ...
func (d *Device) Domain() string {
	domain, _, _ := strings.Cut(d.ID, ".")
	return domain
}

// Object is the part of the id after the dot.
func (d *Device) Object() string {
	_, object, _ := strings.Cut(d.ID, ".")
	return object
}

// Reported is the device's state in the form that mqtt.Entity.Apply takes.
func (d *Device) Reported() mqtt.State {
	return mqtt.State{Value: d.State, Attributes: d.Attributes, Offline: d.Offline, Online: d.online}
}

// Known says whether the device's state is known.
func (d *Device) Known() bool {
	return !d.Offline && d.State != "" && d.State != "unknown" && d.State != "unavailable"
}

// Device finds a device by its id.
func (h *Home) Device(id string) (*Device, bool) {
	i, ok := h.byID[id]
	if !ok {
		return nil, false
	}
	return h.Devices[i], true
}

// DeviceOf finds the device that the entity with this unique id is.
func (h *Home) DeviceOf(uniqueID string) (*Device, bool) {
	i, ok := h.byEntity[uniqueID]
	if !ok {
		return nil, false
	}
	return h.Devices[i], true
}

// Group finds a group by its id.
func (h *Home) Group(id string) (Group, bool) {
	i := slices.IndexFunc(h.Groups, func(g Group) bool { return g.ID == id })
	if i < 0 {
		return Group{}, false
	}
	return h.Groups[i], true
}

// Area finds an area by its id, its name or an alias, in any case.
func (h *Home) Area(name string) (Area, bool) {
	for _, a := range h.Areas {
		if a.ID == name {
			return a, true
		}
	}
	for _, a := range h.Areas {
		if named(name, a.Name, a.Aliases) {
			return a, true
		}
	}
	return Area{}, false
}

// Floor finds a floor by its id, its name or an alias, in any case.
func (h *Home) Floor(name string) (Floor, bool) {
	for _, f := range h.Floors {
		if f.ID == name || named(name, f.Name, f.Aliases) {
			return f, true
		}
	}
	return Floor{}, false
}

func named(said, name string, aliases []string) bool {
	return strings.EqualFold(said, name) ||
		slices.ContainsFunc(aliases, func(a string) bool { return strings.EqualFold(said, a) })
}

// WithState is WithStates for one device.
func (h *Home) WithState(id string, s mqtt.State) *Home {
	return h.WithStates(map[string]mqtt.State{id: s})
}

// WithStates is the home with new states of devices, by id. States that change
// nothing, and ids that the home does not have, return the same snapshot.
func (h *Home) WithStates(states map[string]mqtt.State) *Home {
	n := h
	for id, s := range states {
		i, ok := h.byID[id]
		if !ok {
			continue
		}
		old := h.Devices[i]
		if old.State == s.Value && old.Offline == s.Offline && maps.Equal(old.online, s.Online) && sameAttributes(old.Attributes, s.Attributes) {
			continue
		}
		if n == h {
			// Only the slice of pointers is copied, 8 bytes per device, so that a
			// house full of chatty sensors costs little.
			c := *h
			n = &c
			n.Devices = slices.Clone(h.Devices)
		}
		d := *old
		d.State, d.Attributes, d.Offline, d.online = s.Value, s.Attributes, s.Offline, s.Online
		n.Devices[i] = &d
	}
	return n
}

func sameAttributes(a, b map[string]any) bool {
	if len(a) == 0 && len(b) == 0 {
		return true
	}
	return reflect.DeepEqual(a, b)
}

// index rebuilds the maps after devices were added or removed.
func (h *Home) index() {
	h.byID = make(map[string]int, len(h.Devices))
	h.byEntity = make(map[string]int)
	h.byOwner = make(map[string]int)
	for i, d := range h.Devices {
		h.byID[d.ID] = i
		if d.owner != nil {
			h.byOwner[d.UniqueID()] = i
		}
		if d.Entity != nil {
			h.byEntity[d.Entity.UniqueID] = i
		}
	}
}

// room is the area id of what a caller names as the room that heard.
func (h *Home) room(name string) string {
	if a, ok := h.Area(name); ok {
		return a.ID
	}
	return ""
}

// keys are a map's keys in order.
func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

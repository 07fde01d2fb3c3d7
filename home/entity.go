package home

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/cricket-home/cricket/mqtt"
)

// UniqueID is the unique_id of the discovery payload that stands for the
// device: the one of its discovery table, else one made from its id. An entity
// that announces itself by it is this device, whatever its platform.
func (d *Device) UniqueID() string {
	for _, key := range []string{"unique_id", "uniq_id"} {
		if id, ok := d.Discovery[key].(string); ok && id != "" {
			return id
		}
	}
	return "cricket." + d.ID
}

// WithEntity is the home with an entity that announced itself. What HOME.toml
// says of the device wins; the entity says what it can do. A new device gets
// its area from the suggestion, or from a room's name at the start of its own
// name, and the area is made if the home has none of that name.
func (h *Home) WithEntity(e mqtt.Entity) *Home {
	if i, ok := h.place(e); ok {
		return h.merged(i, e)
	}
	n := *h
	d := &Device{ID: n.free(e.ID), Exposed: !e.Hidden}
	d.Name, d.Aliases = entityNames(e)
	d.Area = n.areaOf(e, d.Name)
	if a, ok := n.Area(d.Area); ok && d.Area != "" {
		if rest, ok := after(d.Name, a.Name); ok {
			d.Aliases = append(d.Aliases, rest)
		}
	}
	d.take(e)
	n.Devices = append(slices.Clone(h.Devices), d)
	n.index()
	return &n
}

// WithoutEntity is the home after an entity took its announcement back. A
// device of HOME.toml stays, unreachable; another one goes.
func (h *Home) WithoutEntity(uniqueID string) *Home {
	i, ok := h.byEntity[uniqueID]
	if !ok {
		return h
	}
	n := *h
	n.Devices = slices.Clone(h.Devices)
	if owner := h.Devices[i].owner; owner != nil {
		n.Devices[i] = owner
	} else {
		n.Devices = slices.Delete(n.Devices, i, i+1)
	}
	n.index()
	return &n
}

// place finds the device that an entity is.
func (h *Home) place(e mqtt.Entity) (int, bool) {
	if i, ok := h.byEntity[e.UniqueID]; ok {
		return i, true
	}
	unique, _ := e.Config["unique_id"].(string)
	for i, d := range h.Devices {
		if d.owner != nil && unique != "" && d.UniqueID() == unique {
			return i, true
		}
	}
	if i, ok := h.byID[e.ID]; ok && h.Devices[i].Entity == nil {
		return i, true
	}
	return 0, false
}

// merged replaces what is known from discovery of the device at place i. Its
// state stays: the entity may only have announced itself again.
func (h *Home) merged(i int, e mqtt.Entity) *Home {
	old := h.Devices[i]
	d := *old
	n := *h
	if d.owner != nil {
		d.Area, d.DeviceClass, d.Features = d.owner.Area, d.owner.DeviceClass, d.owner.Features
	} else {
		d.Name, d.Aliases = entityNames(e)
		d.Area, d.DeviceClass, d.Features, d.Exposed = "", "", nil, !e.Hidden
	}
	if d.Area == "" {
		d.Area = n.areaOf(e, d.Name)
	}
	if a, ok := n.Area(d.Area); ok && d.owner == nil {
		if rest, ok := after(d.Name, a.Name); ok {
			d.Aliases = append(d.Aliases, rest)
		}
	}
	d.take(e)
	n.Devices = slices.Clone(h.Devices)
	n.Devices[i] = &d
	if old.Entity == nil || old.Entity.UniqueID != e.UniqueID {
		n.index()
	}
	return &n
}

// take sets what the entity alone decides.
func (d *Device) take(e mqtt.Entity) {
	d.Entity = &e
	if d.DeviceClass == "" {
		d.DeviceClass = e.DeviceClass
	}
	if len(e.Features) > 0 {
		d.Features = e.Features
	}
}

// entityNames is how Home Assistant names an entity (its device's name, then
// its own), with its own name alone as an alias.
func entityNames(e mqtt.Entity) (name string, aliases []string) {
	own, device := oneLine(e.Name), oneLine(e.DeviceName)
	if own == "" {
		own = device
	}
	if own == "" {
		_, object, _ := strings.Cut(e.ID, ".")
		own = strings.ReplaceAll(object, "_", " ")
	}
	if _, ok := after(own, device); ok || device == "" || strings.EqualFold(own, device) {
		return own, nil
	}
	return device + " " + own, []string{own}
}

// oneLine makes a name that came from outside fit for one line of TOML.
func oneLine(s string) string {
	s = strings.ToValidUTF8(s, " ")
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

// after is what follows a prefix of whole words, in any case: the "lamp" of
// "Kitchen lamp" after "kitchen".
func after(name, prefix string) (string, bool) {
	if prefix == "" || len(name) <= len(prefix) || !strings.EqualFold(name[:len(prefix)], prefix) {
		return "", false
	}
	rest := strings.TrimSpace(strings.TrimPrefix(name[len(prefix):], "'s"))
	if rest == "" || name[len(prefix)] != ' ' && name[len(prefix)] != '\'' {
		return "", false
	}
	return rest, true
}

// rooms are names that a device's name may start with to be in a room that the
// home has not got yet. Longer names stand before those that they start with.
var rooms = []string{
	"Living room", "Dining room", "Sitting room", "Utility room", "Laundry room", "Guest room", "Play room", "Bedroom",
	"Main bedroom", "Master bedroom", "Guest bedroom", "Bathroom", "Kitchen", "Hallway", "Hall", "Landing", "Office",
	"Study", "Nursery", "Garage", "Garden", "Attic", "Loft", "Basement", "Cellar", "Conservatory", "Lounge", "Porch", "Terrace",
}

// areaOf finds the area of an entity, and adds it to the home, which is a copy
// of the caller's own, if need be. "" is an entity without a place.
func (h *Home) areaOf(e mqtt.Entity, name string) string {
	suggested := oneLine(e.Area)
	if suggested == "" {
		longest := ""
		for _, a := range h.Areas {
			for _, said := range append([]string{a.Name}, a.Aliases...) {
				if _, ok := after(name, said); ok && len(said) > len(longest) {
					longest, suggested = said, a.ID
				}
			}
		}
	}
	if suggested == "" {
		for _, r := range rooms {
			if _, ok := after(name, r); ok && len(r) > len(suggested) {
				suggested = r
			}
		}
	}
	if suggested == "" {
		return ""
	}
	if a, ok := h.Area(suggested); ok {
		return a.ID
	}
	id := slug(suggested)
	if id == "" {
		id = "room"
	}
	for n, base := 2, id; slices.ContainsFunc(h.Areas, func(a Area) bool { return a.ID == id }); n++ {
		id = fmt.Sprintf("%s_%d", base, n)
	}
	h.Areas = append(slices.Clip(h.Areas), Area{ID: id, Name: suggested})
	return id
}

// free is the id, with a number behind it where another device has it.
func (h *Home) free(id string) string {
	domain, object, _ := strings.Cut(id, ".")
	if object = slug(object); object == "" { // a name in letters of another script
		object = slug(domain)
	}
	id = slug(domain) + "." + object
	taken := func(id string) bool {
		_, device := h.byID[id]
		_, group := h.Group(id)
		return device || group
	}
	for n, base := 2, id; taken(id); n++ {
		id = fmt.Sprintf("%s_%d", base, n)
	}
	return id
}

// slug is a text as an id: lower case letters, digits and single underscores.
func slug(text string) string {
	var out strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			out.WriteRune(r)
		case out.Len() > 0 && !strings.HasSuffix(out.String(), "_"):
			out.WriteByte('_')
		}
	}
	return strings.TrimSuffix(out.String(), "_")
}

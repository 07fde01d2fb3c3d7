package home

import (
	"fmt"
	"maps"
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

// WithEntity is the home with one entity more, as After has it.
func (h *Home) WithEntity(e mqtt.Entity) *Home {
	return h.After(mqtt.Discovery{Entities: []mqtt.Entity{e}})
}

// WithoutEntity is the home after an entity took its announcement back, as
// After has it.
func (h *Home) WithoutEntity(uniqueID string) *Home {
	return h.After(mqtt.Discovery{Removed: []string{uniqueID}})
}

// After is the home after discovery messages: their Removed are gone, then
// their Entities are there. What HOME.toml says of a device wins, then what the
// registry says; the entity says what it can do. A new device gets its area from
// the suggestion, or from a room's name inside its own, or from the device that
// it hangs on; the area is made if the home has none of that name, and goes with
// its last device. A device of HOME.toml that took its announcement back stays,
// unreachable; another one goes.
func (h *Home) After(discoveries ...mqtt.Discovery) *Home {
	n := h
	for _, d := range discoveries {
		for _, unique := range d.Removed {
			if i, ok := n.byEntity[unique]; ok {
				n = n.opened(h)
				n.remove(i)
			}
		}
		for _, e := range d.Entities {
			n = n.opened(h)
			n.add(e)
		}
	}
	if n != h {
		n.furnish()
	}
	return n
}

// opened is a copy of h that may be changed, made once.
func (n *Home) opened(h *Home) *Home {
	if n != h {
		return n
	}
	c := *h
	c.Devices, c.Areas = slices.Clone(h.Devices), slices.Clone(h.Areas)
	c.byID, c.byEntity, c.found = maps.Clone(h.byID), maps.Clone(h.byEntity), maps.Clone(h.found)
	if c.found == nil {
		c.found = map[string]bool{}
	}
	return &c
}

// remove takes the entity of the device at place i away. A device that goes
// leaves a gap until furnish.
func (n *Home) remove(i int) {
	d := n.Devices[i]
	delete(n.byEntity, d.Entity.UniqueID)
	if d.owner != nil {
		n.Devices[i] = d.owner
		return
	}
	delete(n.byID, d.ID)
	n.Devices[i] = nil
}

// add takes an entity in.
func (n *Home) add(e mqtt.Entity) {
	record, listed := n.registry.of(e)
	i, there := n.find(e)
	d := &Device{}
	if there {
		*d = *n.Devices[i] // its state stays: the entity may only have announced itself again
	} else {
		id := e.ID
		if listed && n.idIsFree(record.id) {
			id = record.id
		}
		d.ID = n.free(id)
		i = len(n.Devices)
		n.Devices = append(n.Devices, nil)
	}
	if d.Entity != nil {
		delete(n.byEntity, d.Entity.UniqueID)
	}
	d.Entity = &e
	n.settle(d)
	n.Devices[i] = d
	n.byID[d.ID], n.byEntity[e.UniqueID] = i, i
}

// settle works out what is said of a device: by its owner, else by the registry,
// else by the entity itself.
func (n *Home) settle(d *Device) {
	e := *d.Entity
	record, listed := n.registry.of(e)
	class, features := "", []string(nil)
	area := ""
	if d.owner != nil {
		class, features, area = d.owner.DeviceClass, d.owner.Features, d.owner.Area
	} else {
		if e.DeviceName = oneLine(e.DeviceName); record.device != "" {
			e.DeviceName = record.device
			if strings.EqualFold(oneLine(e.Name), oneLine(d.Entity.DeviceName)) {
				e.Name = record.device // it was called after its device
			}
		}
		d.Name, d.Aliases = entityNames(e)
		if record.name != "" {
			d.Name, d.Aliases = record.name, nil
		}
		d.Exposed = !e.Hidden
		if listed {
			d.Aliases = append(slices.Clip(d.Aliases), record.aliases...)
			d.Exposed = record.exposed(d.Exposed)
			class = record.class
		}
	}
	if put := n.rooms[d.Entity.UniqueID]; area == "" && put != "" {
		if area = n.room(put); area == "" {
			area = n.newArea(put)
		}
	}
	if area == "" && record.area != "" {
		area = record.area
	}
	if area == "" {
		if suggested := oneLine(e.Area); suggested != "" {
			area = n.room(suggested)
			if area == "" {
				area = n.newArea(suggested)
			}
		}
	}
	d.placed = area != ""
	if area == "" {
		area = n.guess(d.Name)
	}
	d.Area = area
	n.shorten(d)
	if d.DeviceClass = class; class == "" {
		d.DeviceClass = e.DeviceClass
	}
	if d.Features = features; len(e.Features) > 0 {
		d.Features = e.Features
	}
}

// shorten adds the device's name without its room's to the aliases.
func (n *Home) shorten(d *Device) {
	a, ok := n.Area(d.Area)
	if !ok || d.Area == "" || d.owner != nil {
		return
	}
	for _, said := range append([]string{a.Name}, a.Aliases...) {
		if rest, ok := n.inside(d.Name, said); ok && !named(rest, d.Name, d.Aliases) {
			d.Aliases = append(slices.Clip(d.Aliases), rest)
			return
		}
	}
}

// furnish closes gaps, gives rooms to those that hang on another device or are
// called after a room that has come since, and drops rooms that came by
// discovery and have nothing in them any more.
func (n *Home) furnish() {
	if slices.Contains(n.Devices, nil) {
		n.Devices = slices.DeleteFunc(n.Devices, func(d *Device) bool { return d == nil })
		n.index()
	}
	parents := n.parents()
	for i, d := range n.Devices {
		if d.Entity == nil || d.placed {
			continue
		}
		area := n.guess(d.Name)
		if area == "" {
			area = parents[via(*d.Entity)]
		}
		if area == d.Area {
			continue
		}
		c := *d
		c.Area = area
		if c.owner == nil {
			c.Aliases = nil // of the room that it is not in
			placed := c.placed
			n.settle(&c)
			c.Area, c.placed = area, placed
			n.shorten(&c)
		}
		n.Devices[i] = &c
	}
	n.guarded = n.guards()
	used := map[string]bool{}
	for _, d := range n.Devices {
		used[d.Area] = true
	}
	n.Areas = slices.DeleteFunc(n.Areas, func(a Area) bool {
		empty := n.found[a.ID] && !used[a.ID]
		if empty {
			delete(n.found, a.ID)
		}
		return empty
	})
}

// deviceIDs are the identifiers of an entity's device, with what they are of.
func deviceIDs(e mqtt.Entity) []string {
	device, _ := e.Config["device"].(map[string]any)
	var out []string
	switch ids := device["identifiers"].(type) {
	case string:
		out = append(out, ids)
	case []any:
		for _, id := range ids {
			if text, ok := id.(string); ok {
				out = append(out, text)
			}
		}
	}
	connections, _ := device["connections"].([]any)
	for _, c := range connections {
		if pair, ok := c.([]any); ok && len(pair) == 2 {
			out = append(out, fmt.Sprint(pair[0], ":", pair[1]))
		}
	}
	return out
}

// via is the identifier of the device that an entity's device hangs on, or "".
func via(e mqtt.Entity) string {
	device, _ := e.Config["device"].(map[string]any)
	id, _ := device["via_device"].(string)
	return id
}

// parents are the rooms of devices that others hang on. A bridge stands
// anywhere: the room of its lamps is not its own.
func (n *Home) parents() map[string]string {
	wanted := map[string]bool{}
	for _, d := range n.Devices {
		if d.Entity != nil && !d.placed && d.Area == "" {
			wanted[via(*d.Entity)] = true
		}
	}
	delete(wanted, "")
	out := map[string]string{}
	if len(wanted) == 0 {
		return out
	}
	for _, d := range n.Devices {
		if d.Entity == nil || !d.placed || isBridge(*d.Entity) {
			continue
		}
		for _, id := range deviceIDs(*d.Entity) {
			if wanted[id] && out[id] == "" {
				out[id] = d.Area
			}
		}
	}
	return out
}

func isBridge(e mqtt.Entity) bool {
	device, _ := e.Config["device"].(map[string]any)
	for _, key := range []string{"name", "model", "manufacturer"} {
		text, _ := device[key].(string)
		for _, word := range strings.Fields(strings.ToLower(text)) {
			switch word {
			case "bridge", "hub", "gateway", "coordinator", "controller":
				return true
			}
		}
	}
	return false
}

// find finds the device that an entity is.
func (n *Home) find(e mqtt.Entity) (int, bool) {
	if i, ok := n.byEntity[e.UniqueID]; ok {
		return i, true
	}
	if d, ok := n.ownersDevice(e); ok {
		return n.byID[d.ID], true
	}
	if i, ok := n.byID[e.ID]; ok && n.Devices[i].Entity == nil {
		return i, true
	}
	return 0, false
}

// ownersDevice finds the device of HOME.toml that an entity is: by its unique id, else
// by its entity id where no other entity is that device already.
func (h *Home) ownersDevice(e mqtt.Entity) (*Device, bool) {
	if unique, _ := e.Config["unique_id"].(string); unique != "" {
		if i, ok := h.byOwner[unique]; ok {
			return h.Devices[i], true
		}
	}
	i, ok := h.byID[e.ID]
	if !ok || h.Devices[i] == nil || h.Devices[i].owner == nil {
		return nil, false
	}
	return h.Devices[i], h.Devices[i].Entity == nil || h.Devices[i].Entity.UniqueID == e.UniqueID
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

// unseen are characters that nobody sees, and that change what others look like: where
// the text runs backwards, what is left out. Those that join letters belong to scripts.
func unseen(r rune) bool {
	return unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d'
}

// oneLine makes a name that came from outside fit for one line of TOML.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unseen(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, " "))
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

// guess is the room whose name is inside a device's, the longest that there is;
// a usual room that the home has not got is made.
func (n *Home) guess(name string) string {
	longest, area := "", ""
	for _, a := range n.Areas {
		for _, said := range append([]string{a.Name}, a.Aliases...) {
			if len(said) <= len(longest) {
				continue
			}
			if _, ok := n.inside(name, said); ok {
				longest, area = said, a.ID
			}
		}
	}
	if area != "" {
		return area
	}
	usual := n.place().rooms
	if usual == nil {
		usual = places["en"].rooms
	}
	for _, r := range usual {
		if len(r) > len(longest) {
			if _, ok := n.inside(name, r); ok {
				longest = r
			}
		}
	}
	if longest == "" {
		return ""
	}
	return n.newArea(longest)
}

// newArea makes a room, and returns its id.
func (n *Home) newArea(name string) string {
	id := slug(name)
	if id == "" {
		id = "room"
	}
	for i, base := 2, id; slices.ContainsFunc(n.Areas, func(a Area) bool { return a.ID == id }); i++ {
		id = fmt.Sprintf("%s_%d", base, i)
	}
	n.Areas = append(n.Areas, Area{ID: id, Name: name})
	n.found[id] = true
	return id
}

// free is the id, with a number behind it where another device has it.
func (h *Home) free(id string) string {
	return h.freeOf(id, func(string) bool { return false })
}

// freeOf is free, of others as well.
func (h *Home) freeOf(id string, others func(id string) bool) string {
	domain, object, _ := strings.Cut(id, ".")
	if object = slug(object); object == "" { // a name in letters of another script
		object = slug(domain)
	}
	id = slug(domain) + "." + object
	for n, base := 2, id; !h.idIsFree(id) || others(id); n++ {
		id = fmt.Sprintf("%s_%d", base, n)
	}
	return id
}

func (h *Home) idIsFree(id string) bool {
	_, device := h.byID[id]
	_, group := h.Group(id)
	return !device && !group && id != ""
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

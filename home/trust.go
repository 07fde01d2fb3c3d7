package home

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/cricket-home/cricket/mqtt"
)

// Reason says why a newcomer waits for the owner.
type Reason string

const (
	OpensHouse  Reason = "opens_house" // a lock, a door or gate to the street, an alarm panel
	Rewired     Reason = "rewired"     // the same, approved: it has other topics, templates or payloads now
	TakesUnique Reason = "unique_id"   // another topic has announced this unique id
	TakesID     Reason = "entity_id"   // it asks for the entity id of another device
	TakesName   Reason = "name"        // a sentence cannot tell it from another device: the same name, with the room or without
)

// Newcomer is an entity that has announced itself and waits for the owner.
type Newcomer struct {
	ID     string // the entity id that it has while it waits: no other device's
	Name   string
	Area   string // what it suggests, or ""
	Device string // the name of its device, or ""
	Topic  string
	Unique string
	Reason Reason
	Rival  string // the entity id of the device whose name, id or unique id it takes, or ""

	called, wiring string
	commands       string // the topics of its commands, on one line each, where it opens the house
}

// Known is what is remembered of an entity that was taken in, so that after a
// restart it is told from one that only says that it is the same.
type Known struct {
	Unique string `json:"unique_id"`
	ID     string `json:"id"`
	Topic  string `json:"topic"`
	Called string `json:"called"`           // kind, name and suggested area, as compared
	Also   string `json:"also,omitempty"`   // its other names, a line each, as compared
	Device string `json:"device,omitempty"` // its device's identifiers
	Opens  bool   `json:"opens,omitempty"`  // it opens the house
	Wiring string `json:"wiring,omitempty"` // then: mqtt.Entity.Wiring
}

// Approval is the owner's word for one entity. It holds for the topic that it
// was given for, and for what takes a name, for that name; for what opens the
// house, as long as that speaks and is spoken to alike.
type Approval struct {
	Unique string `json:"unique_id"`
	Topic  string `json:"topic"`
	Called string `json:"called"`
	Wiring string `json:"wiring,omitempty"` // of what opens the house: mqtt.Entity.Wiring
	Name   string `json:"name"`             // for people who read the file
}

// Trust decides which of the entities that announce themselves are taken in at
// once, and which wait for the owner. It belongs to one goroutine.
//
// What is first to have a name or an id keeps it, over restarts too; what opens
// the house is never taken in by itself, in an empty home neither, unless
// home.toml has it.
type Trust struct {
	known    map[string]Known    // by unique id
	approved map[string]Approval // by unique id and topic
	names    map[string][]string // what is said for a device to the unique ids of those who have it, the first first
	ids      map[string]string   // entity id to unique id
	waiting  map[string]Newcomer // by unique id and topic
	changed  bool
}

// NewTrust returns the trust that was given before.
func NewTrust(known []Known, approved []Approval) *Trust {
	t := &Trust{
		known: map[string]Known{}, approved: map[string]Approval{}, names: map[string][]string{}, ids: map[string]string{},
		waiting: map[string]Newcomer{},
	}
	for _, k := range known {
		t.remember(k)
	}
	for _, a := range approved {
		t.approved[a.Unique+"\n"+a.Topic] = a
	}
	t.changed = false
	return t
}

// Known is what was taken in, and Approved what the owner has approved, to be
// kept; both in order.
func (t *Trust) Known() []Known {
	return slices.SortedFunc(maps.Values(t.known), func(a, b Known) int { return cmp.Compare(a.Unique, b.Unique) })
}

// Approved is what the owner has approved.
func (t *Trust) Approved() []Approval {
	return slices.SortedFunc(maps.Values(t.approved), func(a, b Approval) int {
		return cmp.Or(cmp.Compare(a.Unique, b.Unique), cmp.Compare(a.Topic, b.Topic))
	})
}

// Changed reports whether there is something new to be kept since the last call.
func (t *Trust) Changed() bool {
	changed := t.changed
	t.changed = false
	return changed
}

// Waiting is who waits, by id.
func (t *Trust) Waiting() []Newcomer {
	return slices.SortedFunc(maps.Values(t.waiting), func(a, b Newcomer) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Topic, b.Topic)) })
}

// Admit says whether an entity may be taken in. h has the owner's word; moving
// says whether a topic has said that its entities move to another one.
func (t *Trust) Admit(h *Home, e mqtt.Entity, moving func(topic string) bool) bool {
	key := e.UniqueID + "\n" + e.Source
	reason, rival := t.suspect(h, e, moving)
	if reason == "" {
		delete(t.waiting, key)
		return true
	}
	n := Newcomer{
		Area: oneLine(e.Area), Device: oneLine(e.DeviceName), Topic: e.Source, Unique: e.UniqueID, Reason: reason, Rival: rival,
		called: calling(e), wiring: wiring(e),
	}
	if opens(e) {
		n.commands = strings.Join(e.CommandTopics(), "\n")
	}
	n.Name, _ = entityNames(e)
	n.ID = t.waitingID(h, e, key)
	t.waiting[key] = n
	return false
}

// waitingID is an id that no device and no other newcomer has.
func (t *Trust) waitingID(h *Home, e mqtt.Entity, key string) string {
	if before, ok := t.waiting[key]; ok {
		return before.ID
	}
	return h.freeOf(e.ID, func(id string) bool {
		for _, n := range t.waiting {
			if n.ID == id {
				return true
			}
		}
		return t.ids[id] != ""
	})
}

// suspect is why an entity is not taken in at once, and the entity id of the
// device that it would pass for.
func (t *Trust) suspect(h *Home, e mqtt.Entity, moving func(string) bool) (Reason, string) {
	approval, approved := t.approved[e.UniqueID+"\n"+e.Source]
	k, known := t.known[e.UniqueID]
	called, wires := calling(e), wiring(e)
	if approved && approval.Called == called && approval.Wiring == wires ||
		known && k.Topic == e.Source && k.Called == called && k.Opens == opens(e) && k.Wiring == wires {
		return "", ""
	}
	if known && k.Topic != e.Source && !moving(k.Topic) {
		return TakesUnique, k.ID
	}
	if opens(e) && (approved && approval.Wiring != wires || known && k.Opens && k.Wiring != wires) {
		return Rewired, k.ID
	}
	owner, owned := h.ownersDevice(e)
	if holder := t.ids[e.ID]; holder != "" && holder != e.UniqueID && (owned && owner.ID == e.ID || asks(e)) {
		return TakesID, e.ID
	}
	if owned {
		return "", ""
	}
	if opens(e) && !approved {
		return OpensHouse, ""
	}
	if id, ok := t.takes(h, e); ok {
		return TakesName, id
	}
	return "", ""
}

// asks says whether an entity asks for its id in so many words.
func asks(e mqtt.Entity) bool {
	return e.Config["default_entity_id"] != nil || e.Config["object_id"] != nil
}

// opens says whether an entity can let somebody into the house, or guards it.
func opens(e mqtt.Entity) bool {
	return e.Platform == "alarm_control_panel" || opensHouse(&Device{ID: e.Platform + ".x", DeviceClass: e.DeviceClass})
}

// wiring is that of what opens the house; of anything else it may change.
func wiring(e mqtt.Entity) string {
	if !opens(e) {
		return ""
	}
	return e.Wiring()
}

// calling is what an entity is called, as far as a sentence can tell it from
// others. What is not for speech takes no name.
func calling(e mqtt.Entity) string {
	if e.Hidden {
		return ""
	}
	name, _ := entityNames(e)
	return kindAndName(e.Platform, e.DeviceClass, name) + "\n" + alike(oneLine(e.Area))
}

// kindAndName is a name in the namespace that it has: what acts has one, what
// tells something one for each kind.
func kindAndName(platform, class, name string) string {
	kind := platform
	switch kind {
	case "sensor", "binary_sensor":
		kind += " " + class
	case "light", "switch", "fan", "cover", "lock", "valve", "climate", "humidifier", "water_heater", "vacuum", "lawn_mower",
		"siren", "media_player", "alarm_control_panel", "group":
		kind = "act"
	}
	return kind + "\n" + alike(name)
}

// ownerNames are the names that HOME.toml gives.
func (h *Home) ownerNames() map[string]string {
	out := map[string]string{}
	for _, d := range h.Devices {
		for _, name := range append([]string{d.Name}, d.Aliases...) {
			out[kindAndName(d.Domain(), d.DeviceClass, name)] = d.ID
		}
	}
	for _, g := range h.Groups {
		for _, name := range append([]string{g.Name}, g.Aliases...) {
			out[kindAndName("group", "", name)] = g.ID
		}
	}
	return out
}

// takes is the id of the device whose name an entity has, as its own or as an
// alias: one that HOME.toml or the registry calls so, or one that announced
// itself before.
func (t *Trust) takes(h *Home, e mqtt.Entity) (string, bool) {
	if e.Hidden {
		return "", false
	}
	area := alike(oneLine(e.Area))
	name, aliases := entityNames(e)
	for _, said := range append([]string{name}, aliases...) {
		called := kindAndName(e.Platform, e.DeviceClass, said)
		forms := []string{withRoom(called, area)}
		switch {
		case said != name: // another's other names are free for it: every bridge has its "LED"
		case area == "":
			forms = append(forms, anyRoom(called), asAlias(called))
		default: // "kitchen lamp", in the hall
			forms = append(forms, called, asAlias(withRoom(called, area)))
		}
		for _, form := range forms {
			if id, ok := t.holder(form, e); ok {
				return id, true
			}
		}
		id, ok := h.ownNames[called]
		if !ok {
			id, ok = h.registry.calls(called, e.UniqueID)
		}
		if !ok {
			continue
		}
		d, isDevice := h.Device(id)
		switch {
		case !isDevice: // a group, or one that has not announced itself
			return id, true
		case d.Entity != nil && (d.Entity.UniqueID == e.UniqueID || identifiers(*d.Entity) != "" && identifiers(*d.Entity) == identifiers(e)):
		case d.Area == "" || area == "" || d.Area == h.room(oneLine(e.Area)):
			return id, true
		}
	}
	return "", false
}

// withRoom is what a device is said to be with its room before its name, which may be
// there already: "Lamp" in the kitchen and "Kitchen lamp" are one name. called is of
// kindAndName, area as alike makes it.
func withRoom(called, area string) string {
	kind, name, _ := strings.Cut(called, "\n")
	if area == "" || strings.HasPrefix(name, area+" ") {
		return called
	}
	return kind + "\n" + area + " " + name
}

// anyRoom is the form under which a name is found whatever the room.
func anyRoom(called string) string { return called + "\n" }

// asAlias is the form under which a device is found that has this among its other names.
func asAlias(called string) string { return called + "\n\n" }

// forms are what is said for a device that was taken in.
func (k Known) forms() []string {
	cut := strings.LastIndexByte(k.Called, '\n')
	if cut < 0 {
		return nil
	}
	called, area := k.Called[:cut], k.Called[cut+1:]
	out := []string{withRoom(called, area), anyRoom(called)}
	kind, _, _ := strings.Cut(called, "\n")
	for name := range strings.SplitSeq(k.Also, "\n") {
		if name != "" {
			out = append(out, asAlias(withRoom(kind+"\n"+name, area)))
		}
	}
	return out
}

// holder is the id of the device that had what is said for an entity before it.
func (t *Trust) holder(form string, e mqtt.Entity) (string, bool) {
	for _, unique := range t.names[form] {
		if unique == e.UniqueID {
			break
		}
		if other := t.known[unique]; other.Device == "" || other.Device != identifiers(e) || other.Opens { // anybody can say that they are its device
			return other.ID, true
		}
	}
	return "", false
}

// identifiers are those of an entity's device, on one line; "" where it has none.
func identifiers(e mqtt.Entity) string {
	return strings.Join(deviceIDs(e), "\n")
}

// Took remembers an entity that was taken in, under the id that it has.
func (t *Trust) Took(e mqtt.Entity, id string) {
	var also []string
	if _, aliases := entityNames(e); !e.Hidden {
		for _, name := range aliases {
			also = append(also, alike(name))
		}
	}
	t.remember(Known{Unique: e.UniqueID, ID: id, Topic: e.Source, Called: calling(e), Also: strings.Join(also, "\n"), Device: identifiers(e), Opens: opens(e), Wiring: wiring(e)})
}

func (t *Trust) remember(k Known) {
	if t.known[k.Unique] == k {
		return
	}
	t.forget(k.Unique)
	t.known[k.Unique] = k
	for _, form := range k.forms() {
		t.names[form] = append(t.names[form], k.Unique)
	}
	t.ids[k.ID] = k.Unique
	t.changed = true
}

// Gone forgets an entity that took its announcement back. An approval stays:
// bridges take back and announce again when they restart. What opens the house is not
// forgotten, so that nobody has its name, or comes back as it and is another.
func (t *Trust) Gone(unique string) {
	if k, ok := t.known[unique]; ok && !k.Opens {
		t.forget(unique)
		t.changed = true
	}
}

func (t *Trust) forget(unique string) {
	k, ok := t.known[unique]
	if !ok {
		return
	}
	delete(t.known, unique)
	if t.ids[k.ID] == unique {
		delete(t.ids, k.ID)
	}
	for _, form := range k.forms() {
		left := slices.DeleteFunc(t.names[form], func(u string) bool { return u == unique })
		if t.names[form] = left; len(left) == 0 {
			delete(t.names, form)
		}
	}
}

// Quiet takes the newcomers of a topic off the list: they are no longer
// announced, or are about to be looked at again.
func (t *Trust) Quiet(topic string, still []mqtt.Entity) {
	maps.DeleteFunc(t.waiting, func(_ string, n Newcomer) bool {
		return n.Topic == topic && !slices.ContainsFunc(still, func(e mqtt.Entity) bool { return e.UniqueID == n.Unique })
	})
}

// Approve notes the owner's word for the newcomer of an id. What it takes the
// place of is forgotten where present says that it is no longer announced.
func (t *Trust) Approve(id string, present func(unique string) bool) (Newcomer, bool) {
	for key, n := range t.waiting {
		if n.ID != id {
			continue
		}
		t.approved[key] = Approval{Unique: n.Unique, Topic: n.Topic, Called: n.called, Wiring: n.wiring, Name: n.Name}
		t.changed = true
		if holder := t.ids[n.Rival]; holder != "" && (holder == n.Unique || !present(holder)) {
			t.forget(holder)
		}
		return n, true
	}
	return Newcomer{}, false
}

package mqtt

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// homieRoot is the topic under which devices of the Homie convention live.
const homieRoot = "homie"

// HomieFilter covers everything that devices of the Homie convention say.
const HomieFilter = homieRoot + "/#"

// Limits of what Homie devices may announce. The largest known are bridges
// with some hundred properties.
const (
	maxHomieDevices    = 2048
	maxHomieAttributes = 4096    // of one device
	maxHomieProperties = 1024    // of one device
	maxHomieText       = 1 << 10 // bytes of an attribute
	maxHomieList       = 8 << 10 // bytes of $nodes, $properties and $format
)

// Homie puts together what devices of the Homie convention announce, versions
// 3 and 4 (an attribute per topic) and 5 (one JSON description). It belongs to
// one goroutine. The zero value is ready.
//
// A device is announced once its $state has left init; while it goes through
// init again, what it was stays. Its entities follow $state: lost and
// disconnected are offline, and so is sleeping for what takes commands.
//
// Retained attributes come one by one in any order, so Changed is worth asking
// only when no further message waits.
type Homie struct {
	devices map[string]*homieDevice // by base topic: homie/lamp, homie/5/lamp
	touched map[string]bool         // base topics that have news
}

// homieDevice is what is known of a device.
type homieDevice struct {
	base       string
	id         string
	state      string            // $state
	attributes map[string]string // versions 3 and 4: "$name", "lamp/$type", "lamp/power/$datatype"
	described  []byte            // version 5: $description
	alerts     map[string]string // version 5: $alert
	overfull   bool              // it has sent more attributes than are kept

	things []homieThing // what was announced last
	faults []Fault
	root   string // version 5: the root device that they hang on
}

// Take notes a message about what a device is: a topic with a $ level. It
// reports whether it was one.
func (h *Homie) Take(m Message) bool {
	rest, under := strings.CutPrefix(m.Topic, homieRoot+"/")
	if !under || !strings.Contains(rest, "/$") {
		return false
	}
	levels := strings.Split(rest, "/")
	base := levels[0]
	if base == "5" {
		base, levels = base+"/"+levels[1], levels[1:]
	}
	if !nodeForm.MatchString(levels[0]) {
		return false
	}
	base = homieRoot + "/" + base
	d := h.devices[base]
	if d == nil {
		if len(m.Payload) == 0 || len(h.devices) >= maxHomieDevices {
			return true
		}
		d = &homieDevice{base: base, id: levels[0], attributes: map[string]string{}, alerts: map[string]string{}}
	}
	if !d.take(levels[1:], m.Payload) {
		return true
	}
	if h.devices == nil {
		h.devices, h.touched = map[string]*homieDevice{}, map[string]bool{}
	}
	h.devices[base] = d
	h.touched[base] = true
	return true
}

// five reports whether the device speaks version 5.
func (d *homieDevice) five() bool { return strings.HasPrefix(d.base, homieRoot+"/5/") }

// take notes an attribute, and reports whether it was one that says what the
// device is.
func (d *homieDevice) take(levels []string, payload []byte) bool {
	text := string(payload)
	switch last := levels[len(levels)-1]; {
	case !utf8.ValidString(text):
		return false
	case len(levels) == 1 && last == "$state":
		d.state = text
		return true
	case d.five() && len(levels) == 1 && last == "$description":
		d.described = payload[:min(len(payload), maxDiscovery+1)]
		return true
	case d.five() && len(levels) == 2 && levels[0] == "$alert":
		delete(d.alerts, last)
		if text != "" && len(d.alerts) < maxAvailability {
			d.alerts[last] = shorten(text)
		}
		return true
	case d.five(), !homieAttribute(levels):
		return false
	}
	key, limit := strings.Join(levels, "/"), maxHomieText
	switch levels[len(levels)-1] {
	case "$nodes", "$properties", "$format":
		limit = maxHomieList
	}
	if text == "" {
		delete(d.attributes, key)
		return true
	}
	if d.overfull = d.overfull || len(d.attributes) >= maxHomieAttributes || len(text) > limit; d.overfull {
		return true
	}
	d.attributes[key] = text
	return true
}

// homieAttribute reports whether levels below a device are an attribute that
// says what the device, a node or a property is.
func homieAttribute(levels []string) bool {
	for _, id := range levels[:len(levels)-1] {
		if !nodeForm.MatchString(id) {
			return false
		}
	}
	switch last := levels[len(levels)-1]; len(levels) {
	case 1:
		return last == "$homie" || last == "$name" || last == "$nodes"
	case 2:
		return last == "$name" || last == "$type" || last == "$properties" || last == "$array"
	case 3:
		return last == "$name" || last == "$datatype" || last == "$format" || last == "$unit" || last == "$settable" || last == "$retained"
	}
	return false
}

// Changed returns what has become of the devices that had news since the last
// call, in the form that Announced.Note takes: those whose entities or faults
// are others now.
func (h *Homie) Changed() []Discovery {
	var out []Discovery
	for _, base := range slices.Sorted(maps.Keys(h.touched)) {
		d := h.devices[base]
		before, faults, root := d.things, d.faults, d.root
		d.read()
		if d.gone() {
			delete(h.devices, base)
		}
		if sameThings(before, d.things) && slices.Equal(faults, d.faults) && root == d.root {
			continue
		}
		out = append(out, d.discovery())
	}
	clear(h.touched)
	return out
}

// gone reports whether the device has erased itself.
func (d *homieDevice) gone() bool {
	return d.state == "" && len(d.attributes) == 0 && len(d.described) == 0 && len(d.alerts) == 0
}

func sameThings(a, b []homieThing) bool {
	return slices.EqualFunc(a, b, func(a, b homieThing) bool {
		return a.platform == b.platform && a.object == b.object && reflect.DeepEqual(a.config, b.config)
	})
}

// read works out what the device announces now.
func (d *homieDevice) read() {
	d.faults = nil
	erased := d.state == "" || d.five() && len(d.described) == 0 || !d.five() && d.attributes["$nodes"] == ""
	switch {
	case erased:
		if d.state != "" && d.state != "init" && len(d.things) == 0 {
			what := "$nodes"
			if d.five() {
				what = "$description"
			}
			d.fault("", what+" is missing")
		}
		d.things = nil
		return
	case d.state == "init":
		return // its description is being written
	case !homieStates[d.state]:
		d.fault("", fmt.Sprintf("its $state %q is none of init, ready, disconnected, sleeping, lost, alert", shorten(d.state)))
		return
	}
	described, err := d.describe()
	if err != nil {
		d.fault("", err.Error()) // what it was before stays
		return
	}
	d.root = described.root
	for _, fault := range described.faults {
		d.fault(fault.Entity, fault.Reason)
	}
	d.things = described.things()
}

var homieStates = map[string]bool{
	"init": true, "ready": true, "disconnected": true, "sleeping": true, "lost": true, "alert": true,
}

func (d *homieDevice) fault(entity, reason string) {
	d.faults = append(d.faults, Fault{Topic: d.base, Entity: entity, Reason: reason})
}

// discovery builds the entities of what the device announced.
func (d *homieDevice) discovery() Discovery {
	out := Discovery{Topic: d.base, Faults: slices.Clone(d.faults)}
	for _, thing := range d.things {
		n := len(out.Entities)
		out.add(thing.platform, thing.object, thing.label, maps.Clone(thing.config), nil)
		if len(out.Entities) == n {
			continue
		}
		e := &out.Entities[n]
		e.readings = append(e.readings, reading{Filter: d.base + "/$state", Role: "lifecycle"})
		if d.root != "" && homieRoot+"/5/"+d.root != d.base {
			e.readings = append(e.readings, reading{Filter: homieRoot + "/5/" + d.root + "/$state", Role: "lifecycle"})
		}
		for _, r := range slices.Clone(e.readings) {
			if thing.targets && r.Role != "lifecycle" {
				e.readings = append(e.readings, reading{Filter: r.Filter + "/$target", Role: "target " + r.Role})
			}
		}
	}
	return out
}

// lifecycle says in the words of availability what a $state means for the
// entity. A device that sleeps does not hear commands, and what it measured
// last still holds.
func (e *Entity) lifecycle(state string) string {
	switch state {
	case "ready", "alert":
		return "online"
	case "sleeping":
		if len(e.commands) == 0 {
			return "online"
		}
		return "offline"
	case "init", "disconnected", "lost":
		return "offline"
	}
	return ""
}

// Alerts are what devices say is wrong with them: $alert of version 5, and the
// $state alert of the others.
func (h *Homie) Alerts() []Fault {
	var out []Fault
	for _, base := range slices.Sorted(maps.Keys(h.devices)) {
		d := h.devices[base]
		for _, id := range slices.Sorted(maps.Keys(d.alerts)) {
			out = append(out, Fault{Topic: base, Entity: id, Reason: d.alerts[id]})
		}
		if d.state == "alert" {
			out = append(out, Fault{Topic: base, Reason: "it wants attention ($state is alert)"})
		}
	}
	return out
}

// describe reads the device's attributes, or its description.
func (d *homieDevice) describe() (homieDescription, error) {
	if d.overfull {
		return homieDescription{}, fmt.Errorf("it has more or longer attributes than are kept: %d, of %d bytes", maxHomieAttributes, maxHomieText)
	}
	if d.five() {
		return d.describe5()
	}
	return d.describe4()
}

// describe4 reads the attributes of versions 3 and 4.
func (d *homieDevice) describe4() (homieDescription, error) {
	out := homieDescription{base: d.base, id: d.id, name: d.attributes["$name"]}
	switch version := d.attributes["$homie"]; {
	case version == "":
		return out, fmt.Errorf("$homie is missing: which version of the convention it speaks")
	case !strings.HasPrefix(version, "3.") && !strings.HasPrefix(version, "4."):
		return out, fmt.Errorf("it speaks version %q of the Homie convention; 3, 4 and 5 are understood", shorten(version))
	}
	for _, id := range homieList(d.attributes["$nodes"]) {
		elements := []string{id}
		if array, ok := strings.CutSuffix(id, "[]"); ok {
			id = array
			elements = homieArray(array, d.attributes[array+"/$array"])
			if elements == nil {
				out.fault(array, "its $array is missing or is no range like 0-3")
			}
		}
		if !nodeForm.MatchString(id) {
			out.fault(shorten(id), "that is no id of a node")
			continue
		}
		properties := homieList(d.attributes[id+"/$properties"])
		if len(properties) == 0 {
			out.fault(id, "$properties is missing")
			continue
		}
		for _, element := range elements {
			n := homieNode{id: element, name: d.attributes[element+"/$name"], kind: d.attributes[id+"/$type"]}
			if n.name == "" {
				n.name = d.attributes[id+"/$name"]
			}
			for _, p := range properties {
				at := id + "/" + p + "/"
				read := homieProperty{
					id: p, name: d.attributes[at+"$name"], datatype: d.attributes[at+"$datatype"],
					format: d.attributes[at+"$format"], unit: d.attributes[at+"$unit"],
					settable: d.attributes[at+"$settable"] == "true", retained: d.attributes[at+"$retained"] != "false",
				}
				if read.datatype == "" && strings.HasPrefix(d.attributes["$homie"], "3.") {
					read.datatype = "string" // the default of version 3
				}
				out.property(&n, read)
			}
			out.nodes = append(out.nodes, n)
		}
	}
	return out, out.limit()
}

// homieList reads a list of ids.
func homieList(text string) []string {
	var out []string
	for _, id := range strings.Split(text, ",") {
		if id = strings.TrimSpace(id); id != "" && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// homieArray are the ids of the elements of an array of version 3.
func homieArray(id, span string) []string {
	low, high, ok := strings.Cut(span, "-")
	from, err1 := strconv.Atoi(low)
	to, err2 := strconv.Atoi(high)
	if !ok || err1 != nil || err2 != nil || from < 0 || to < from || to-from >= 64 {
		return nil
	}
	var out []string
	for i := from; i <= to; i++ {
		out = append(out, fmt.Sprintf("%s_%d", id, i))
	}
	return out
}

package mqtt

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// homieDescription is what a device says of itself, in any version.
type homieDescription struct {
	base   string // topic
	id     string
	name   string
	parent string // version 5: the id of the device that it hangs on, or ""
	root   string // version 5: the id of the device that has the connection, or ""
	five   bool
	nodes  []homieNode
	faults []Fault
	count  int // properties
}

type homieNode struct {
	id, name   string
	kind       string // $type
	properties []homieProperty
}

type homieProperty struct {
	id, name           string
	datatype           string
	format, unit       string
	settable, retained bool
	topic              string
	options            []string // enum
	low, high, step    *float64 // integer and float, where the format tells them
	colors             []string // color: rgb, hsv, xyz
	five               bool     // its values are written as in version 5
	used               bool     // it has become part of an entity
}

func (d *homieDescription) fault(entity, reason string) {
	d.faults = append(d.faults, Fault{Topic: d.base, Entity: entity, Reason: reason})
}

func (d *homieDescription) limit() error {
	if d.count > maxHomieProperties {
		return fmt.Errorf("it has %d properties, %d are allowed", d.count, maxHomieProperties)
	}
	return nil
}

// property checks a property and adds it to its node.
func (d *homieDescription) property(n *homieNode, p homieProperty) {
	d.count++
	at := n.id + "/" + p.id
	if !nodeForm.MatchString(p.id) {
		d.fault(n.id+"/"+shorten(p.id), "that is no id of a property")
		return
	}
	p.topic, p.five = d.base+"/"+at, d.five
	var err error
	switch p.datatype {
	case "boolean", "string", "datetime", "duration":
	case "integer", "float":
		err = p.span()
	case "enum":
		if p.options = homieChoices(p.format); len(p.options) == 0 {
			err = fmt.Errorf("the $format of an enum must list its values")
		}
	case "color":
		for _, form := range homieList(p.format) {
			if form == "rgb" || form == "hsv" || form == "xyz" {
				p.colors = append(p.colors, form)
			}
		}
		if len(p.colors) == 0 {
			err = fmt.Errorf("the $format of a color must be rgb, hsv or xyz, not %q", shorten(p.format))
		}
	case "json":
		err = fmt.Errorf("json properties are not speakable")
	case "":
		err = fmt.Errorf("$datatype is missing")
	default:
		err = fmt.Errorf("the $datatype %q is not known", shorten(p.datatype))
	}
	if err != nil {
		d.fault(at, err.Error())
		return
	}
	n.properties = append(n.properties, p)
}

// span reads the format of a number: "0:100", "0:100:5", "5:", ":5", "".
func (p *homieProperty) span() error {
	if p.format == "" {
		return nil
	}
	parts := strings.Split(p.format, ":")
	for i, to := range []**float64{&p.low, &p.high, &p.step} {
		if i >= len(parts) || strings.TrimSpace(parts[i]) == "" {
			continue
		}
		n, ok := number(strings.TrimSpace(parts[i]))
		if !ok {
			return fmt.Errorf("the $format %q is no range of numbers like 0:100", shorten(p.format))
		}
		*to = &n
	}
	switch {
	case len(parts) < 2 || len(parts) > 3:
		return fmt.Errorf("the $format %q is no range of numbers like 0:100", shorten(p.format))
	case p.low != nil && p.high != nil && *p.low >= *p.high:
		return fmt.Errorf("the $format %q is an empty range", shorten(p.format))
	case p.step != nil && *p.step <= 0:
		return fmt.Errorf("the $format %q has a step that is not above 0", shorten(p.format))
	}
	return nil
}

// homieChoices reads the values of an enum; version 3 writes a comma inside one
// as two.
func homieChoices(format string) []string {
	const comma = "\x00"
	var out []string
	for _, choice := range strings.Split(strings.ReplaceAll(format, ",,", comma), ",") {
		if choice = strings.TrimSpace(strings.ReplaceAll(choice, comma, ",")); choice != "" {
			out = append(out, choice)
		}
	}
	return out
}

// describe5 reads the description of version 5, whose nodes and properties are
// objects by id; drafts of it had lists with the id inside.
func (d *homieDevice) describe5() (homieDescription, error) {
	out := homieDescription{base: d.base, id: d.id, five: true}
	root, err := object(d.described)
	if err != nil {
		return out, err
	}
	text := func(m map[string]any, key string) string {
		s, isText := m[key].(string)
		if v, given := m[key]; given && v != nil && !isText && err == nil {
			err = fmt.Errorf("%q must be text", key)
		}
		return s
	}
	if version := text(root, "homie"); !strings.HasPrefix(version, "5") {
		return out, fmt.Errorf("its description is of version %q of the Homie convention, not 5", shorten(version))
	}
	out.name, out.parent, out.root = text(root, "name"), text(root, "parent"), text(root, "root")
	for _, id := range []string{out.parent, out.root} {
		if id != "" && !nodeForm.MatchString(id) {
			return out, fmt.Errorf("%q is no id of a device", shorten(id))
		}
	}
	nodes, nodesErr := homieMembers(root["nodes"])
	if nodesErr != nil {
		return out, fmt.Errorf("nodes: %w", nodesErr)
	}
	for _, m := range nodes {
		n := homieNode{id: text(m, "id"), name: text(m, "name"), kind: text(m, "type")}
		if !nodeForm.MatchString(n.id) {
			out.fault(shorten(n.id), "that is no id of a node")
			continue
		}
		properties, propertiesErr := homieMembers(m["properties"])
		if propertiesErr != nil {
			out.fault(n.id, "properties: "+propertiesErr.Error())
			continue
		}
		for _, m := range properties {
			p := homieProperty{id: text(m, "id"), name: text(m, "name"), datatype: text(m, "datatype"), format: text(m, "format"), unit: text(m, "unit")}
			settable, err1 := boolean(m["settable"])
			retained, err2 := boolean(m["retained"])
			if err1 != nil || err2 != nil {
				out.fault(n.id+"/"+shorten(p.id), "settable and retained must be true or false")
				continue
			}
			p.settable, p.retained = settable, retained || m["retained"] == nil
			out.property(&n, p)
		}
		out.nodes = append(out.nodes, n)
	}
	if err == nil {
		err = out.limit()
	}
	return out, err
}

// homieMembers are the entries of an object by id, each with its id inside, in
// the order of the ids; or those of a list.
func homieMembers(v any) ([]map[string]any, error) {
	var out []map[string]any
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for _, id := range slices.Sorted(maps.Keys(v)) {
			m, ok := v[id].(map[string]any)
			if !ok {
				return nil, fmt.Errorf("%q is not an object", shorten(id))
			}
			m = maps.Clone(m)
			m["id"] = id
			out = append(out, m)
		}
	case []any:
		for _, entry := range v {
			m, ok := entry.(map[string]any)
			if !ok {
				return nil, fmt.Errorf("an entry is not an object")
			}
			out = append(out, m)
		}
	default:
		return nil, fmt.Errorf("they must be an object")
	}
	return out, nil
}

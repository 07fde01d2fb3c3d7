package appliance

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// eventFields are the fields of the intent event that automations here use.
var eventFields = []string{"intent", "room", "targets", "slots"}

// blueprint is a blueprint of Home Assistant's for an automation.
type blueprint struct {
	Blueprint struct {
		Name, Description, Domain string
		HomeAssistant             struct {
			MinVersion string `yaml:"min_version"`
		} `yaml:"homeassistant"`
		Input map[string]struct {
			Name, Description string
			Default           yaml.Node
			Selector          map[string]struct {
				Filter []struct {
					Domain      any
					Integration string
				}
			}
		}
	}
	Mode                          string
	Variables                     map[string]yaml.Node
	Triggers, Conditions, Actions []map[string]yaml.Node
}

// The blueprints are what Home Assistant takes, and what they ask of a box it has: each
// entity that is named is announced, on the platform that the selector shows, and each
// field of an event is one that events have.
func TestBlueprints(t *testing.T) {
	b, _, _ := stillBox(t, free())
	t.Cleanup(func() { b.control.Close(); b.closeBook() })
	platforms := map[string]string{} // by the entity's name
	for _, e := range b.entities() {
		platforms[e.Name] = e.Platform
	}
	fields := append([]string{"event_type"}, eventFields...)
	files, err := filepath.Glob("../docs/home-assistant/*.yaml")
	if err != nil || len(files) != 3 {
		t.Fatalf("blueprints %v, %v", files, err)
	}
	page, err := os.ReadFile("../docs/home-assistant.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`(?:entity|entities) "([^"]+)"`)
	attribute := regexp.MustCompile(`to_state\.attributes\.(\w+)`)
	selectors := strings.Fields("entity text action number boolean")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var p blueprint
		d := yaml.NewDecoder(strings.NewReader(string(data)))
		if err := d.Decode(&p); err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if p.Blueprint.Name == "" || p.Blueprint.Description == "" || p.Blueprint.Domain != "automation" || p.Blueprint.HomeAssistant.MinVersion == "" ||
			len(p.Triggers) == 0 || len(p.Actions) == 0 || p.Mode == "" {
			t.Errorf("%s lacks a key: %+v", file, p)
		}
		var tree yaml.Node
		if err := yaml.Unmarshal(data, &tree); err != nil {
			t.Fatal(err)
		}
		used := map[string]bool{}
		usedInputs(&tree, used)
		for name, in := range p.Blueprint.Input {
			if !used[name] {
				t.Errorf("%s: the input %s is used nowhere", file, name)
			}
			delete(used, name)
			if in.Name == "" || len(in.Selector) != 1 {
				t.Errorf("%s: the input %s has no name, or no selector", file, name)
			}
			for kind, s := range in.Selector {
				if !slices.Contains(selectors, kind) {
					t.Errorf("%s: the input %s has a selector %q", file, name, kind)
				}
				m := named.FindStringSubmatch(in.Description)
				if m == nil {
					continue
				}
				platform, there := platforms[m[1]]
				if !there || len(s.Filter) != 1 || s.Filter[0].Integration != "mqtt" || s.Filter[0].Domain != platform {
					t.Errorf("%s: the input %s is for %q, of %q; the filter is %+v", file, name, m[1], platform, s.Filter)
				}
			}
		}
		if len(used) > 0 {
			t.Errorf("%s uses inputs that it does not have: %v", file, used)
		}
		for _, m := range attribute.FindAllStringSubmatch(string(data), -1) {
			if !slices.Contains(fields, m[1]) {
				t.Errorf("%s: no event has %s", file, m[1])
			}
		}
		if !strings.Contains(string(page), "home-assistant/"+filepath.Base(file)) {
			t.Errorf("docs/home-assistant.md does not name %s", file)
		}
	}
}

// usedInputs finds the inputs that a blueprint uses.
func usedInputs(n *yaml.Node, used map[string]bool) {
	if n.Tag == "!input" {
		used[n.Value] = true
	}
	for _, c := range n.Content {
		usedInputs(c, used)
	}
}

// redNode is a node of a flow.
type redNode struct {
	ID, Type, Z, Topic, Broker, Payload, Retain string
	QoS                                         string
	Wires                                       [][]string
}

func flow(t *testing.T) map[string]redNode {
	t.Helper()
	data, err := os.ReadFile("../docs/home-assistant/node-red.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []redNode
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	nodes := map[string]redNode{}
	for _, n := range all {
		if _, twice := nodes[n.ID]; twice || n.ID == "" || n.Type == "" {
			t.Errorf("a node %q of type %q, twice: %v", n.ID, n.Type, twice)
		}
		n.Topic = strings.ReplaceAll(n.Topic, "NODE", node())
		nodes[n.ID] = n
	}
	return nodes
}

// The flow of docs/node-red.md hangs together, and its topics are those of a box.
func TestNodeRED(t *testing.T) {
	b, _, _ := stillBox(t, free())
	t.Cleanup(func() { b.control.Close(); b.closeBook() })
	told, obeyed := map[string]bool{}, map[string]bool{}
	for _, e := range b.entities() {
		told[b.own().Topic(e.ID)] = e.told != nil || e.event
		obeyed[b.own().Topic(e.ID)+"/set"] = e.obey != nil
	}
	nodes := flow(t)
	topics := 0
	for id, n := range nodes {
		for _, port := range n.Wires {
			for _, to := range port {
				if _, there := nodes[to]; !there {
					t.Errorf("%s leads to %s, which is not there", id, to)
				}
			}
		}
		if n.Z != "" && nodes[n.Z].Type != "tab" {
			t.Errorf("%s is on no tab", id)
		}
		switch n.Type {
		case "mqtt in", "mqtt out":
			topics++
			if nodes[n.Broker].Type != "mqtt-broker" || n.QoS != "1" {
				t.Errorf("%s: broker %q, QoS %q", id, n.Broker, n.QoS)
			}
			if n.Type == "mqtt in" && !told[n.Topic] || n.Type == "mqtt out" && (!obeyed[n.Topic] || n.Retain != "false") {
				t.Errorf("%s: %s is no topic of a box, or retained (%s)", id, n.Topic, n.Retain)
			}
		}
	}
	if topics != 3 {
		t.Errorf("%d topics", topics)
	}
}

// What the flow and the blueprints send and wait for, on the embedded broker.
func TestAutomationsForReal(t *testing.T) {
	c := free()
	c.Room = "hall"
	b, _, _ := fullBox(t, c)
	said := b.options.Sound.(*taped)
	nodes := flow(t)
	o := look(t, b.client.Status().Broker, "cricket/"+node()+"/#")
	o.publish(nodes["cricket.ask"].Topic, nodes["cricket.evening"].Payload)
	event := o.sees(nodes["cricket.intent"].Topic, `"event_type":"done"`)
	var got map[string]any
	if err := json.Unmarshal(event.Payload, &got); err != nil {
		t.Fatal(err)
	}
	for _, f := range eventFields {
		if got[f] == nil {
			t.Errorf("the event has no %s: %s", f, event.Payload)
		}
	}
	if got["intent"] != "HassTurnOn" {
		t.Errorf("%s", event.Payload)
	}
	o.publish(nodes["cricket.announce"].Topic, nodes["cricket.bell"].Payload)
	if got := said.hears(t); got != nodes["cricket.bell"].Payload {
		t.Errorf("it says %q", got)
	}
}

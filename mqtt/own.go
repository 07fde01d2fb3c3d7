package mqtt

import (
	"encoding/json"
	"maps"
)

// Own is a device of ours as Home Assistant learns of it: device-based discovery.
type Own struct {
	Prefix   string // of discovery: "homeassistant"
	Node     string // names it in topics: a-z, 0-9, _ and -
	Name     string // for people
	Area     string // where it stands, or ""
	Version  string // of the software, or ""
	Entities []OwnEntity
}

// OwnEntity is one entity of a device of ours. Its topics follow from its id:
//
//	cricket/<node>/<id>             its state, or its events
//	cricket/<node>/<id>/attributes  more about the state, a JSON object
//	cricket/<node>/<id>/set         commands
type OwnEntity struct {
	ID         string // "mute"
	Platform   string // "switch"
	Name       string // for people; the device's name goes before it
	State      bool   // it has a state, or events
	Attributes bool   // and attributes
	Commands   bool   // it takes commands
	Options    map[string]any
	Gone       bool // it is not there now: where it was announced before, it is taken back
}

// OwnPrefix is how the object ids of the discovery topics of all boxes begin. A box
// leaves these out when it looks for the devices of the home.
const OwnPrefix = "cricket_"

// qosOfOwn is the QoS at which Home Assistant sends and hears: a command that is
// lost is a fault.
const qosOfOwn = 1

// Topic is the topic of an entity, or with "" the root of all of the device's topics.
func (o Own) Topic(id string) string {
	if id == "" {
		return "cricket/" + o.Node
	}
	return "cricket/" + o.Node + "/" + id
}

// Available is the message that says whether the device is there. It is meant
// for a client's birth and will, too.
func (o Own) Available(online bool) Message {
	payload := "offline"
	if online {
		payload = "online"
	}
	return Message{Topic: o.Topic("availability"), Payload: []byte(payload), QoS: 1, Retain: true}
}

// Announcement is the message that announces the device with all its entities.
func (o Own) Announcement() Message {
	device := map[string]any{"identifiers": []string{OwnPrefix + o.Node}, "name": o.Name, "manufacturer": "Cricket", "model": "Voice assistant"}
	origin := map[string]any{"name": "Cricket", "support_url": "https://github.com/cricket-home/cricket"}
	if o.Area != "" {
		device["suggested_area"] = o.Area
	}
	if o.Version != "" {
		device["sw_version"], origin["sw_version"] = o.Version, o.Version
	}
	components := map[string]any{}
	for _, e := range o.Entities {
		components[e.ID] = o.component(e)
	}
	payload, err := json.Marshal(map[string]any{
		"device": device, "origin": origin, "components": components,
		"availability_topic": o.Topic("availability"),
	})
	if err != nil {
		panic(err) // texts, numbers and lists of them
	}
	return Message{Topic: o.Prefix + "/device/" + OwnPrefix + o.Node + "/config", Payload: payload, QoS: 1, Retain: true}
}

func (o Own) component(e OwnEntity) map[string]any {
	if e.Gone {
		return map[string]any{"platform": e.Platform}
	}
	c := map[string]any{}
	maps.Copy(c, e.Options)
	c["platform"], c["name"] = e.Platform, e.Name
	c["unique_id"] = OwnPrefix + o.Node + "_" + e.ID
	c["default_entity_id"] = e.Platform + "." + OwnPrefix + o.Node + "_" + e.ID
	c["qos"] = qosOfOwn
	if e.State {
		c["state_topic"] = o.Topic(e.ID)
	}
	if e.Attributes {
		c["json_attributes_topic"] = o.Topic(e.ID) + "/attributes"
	}
	if e.Commands {
		c["command_topic"] = o.Topic(e.ID) + "/set"
	}
	return c
}

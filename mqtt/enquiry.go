package mqtt

import (
	"strings"
)

// Enquiry is the message that makes a device tell its state, where its bridge or firmware
// has one that changes nothing; false where not. Most retain their states and need none.
//
//   - Zigbee2MQTT (<topic>, <topic>/set): <topic>/get. Only what hangs on the mains is
//     asked: the radio of a battery sleeps.
//   - Tasmota (tele/<topic>/STATE, cmnd/<topic>/…): TelePeriod without a value, which
//     sends STATE and SENSOR at once.
func (e *Entity) Enquiry() (Message, bool) {
	state := ""
	for _, r := range e.readings {
		if r.Role == "state" || r.Role == "position" {
			state = r.Filter
		}
	}
	if state == "" || wild(state) {
		return Message{}, false
	}
	origin, _ := e.Config["origin"].(map[string]any)
	for _, topic := range e.CommandTopics() {
		if rest, under := strings.CutPrefix(topic, state+"/set"); under && origin["name"] == "Zigbee2MQTT" && (rest == "" || rest[0] == '/') {
			switch {
			case e.Platform == "light" || e.Platform == "switch":
				return Message{Topic: state + "/get", Payload: []byte(`{"state":""}`), QoS: commandQoS}, true
			case e.Platform == "cover" && e.follows("position"):
				return Message{Topic: state + "/get", Payload: []byte(`{"position":""}`), QoS: commandQoS}, true
			}
		}
		if name, found := strings.CutPrefix(state, "tele/"); found {
			if name, found = strings.CutSuffix(name, "/STATE"); found && strings.HasPrefix(topic, "cmnd/"+name+"/") {
				return Message{Topic: "cmnd/" + name + "/TelePeriod", QoS: commandQoS}, true
			}
		}
	}
	return Message{}, false
}

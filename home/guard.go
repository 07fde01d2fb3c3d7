package home

import (
	"strings"

	"github.com/cricket-home/cricket/mqtt"
)

// guards are the topics on which a lock, a door or an alarm listens, those that wait
// for the owner among them. What else sends its commands there is not what it says
// that it is: a lamp whose "on" unlocks the door. Whoever may only announce devices
// would have the house do what the broker does not let them do.
func (h *Home) guards() map[string]bool {
	topics := map[string]bool{}
	for _, d := range h.Devices {
		if d.guards() {
			for _, topic := range d.Entity.CommandTopics() {
				topics[topic] = true
			}
		}
	}
	for _, n := range h.waiting {
		if n.commands != "" {
			for topic := range strings.SplitSeq(n.commands, "\n") {
				topics[topic] = true
			}
		}
	}
	return topics
}

// guards says whether a device opens the house, or watches over it.
func (d *Device) guards() bool {
	return d.Entity != nil && (opens(*d.Entity) || opensHouse(d))
}

// Deputies are the devices that would send their commands to a lock, a door or an
// alarm, and are none themselves. They can be asked about, and do nothing.
func (h *Home) Deputies() []*Device {
	var out []*Device
	for _, d := range h.Devices {
		if d.Entity == nil || d.guards() {
			continue
		}
		for _, topic := range d.Entity.CommandTopics() {
			if h.guarded[topic] || under(h.guarded, topic) || ours(topic) {
				out = append(out, d)
				break
			}
		}
	}
	return out
}

// deputy says whether one of the messages to a device that opens nothing goes where
// something listens that does.
func (h *Home) deputy(d *Device, messages []mqtt.Message) bool {
	if d.guards() {
		return false
	}
	for _, m := range messages {
		if h.guarded[m.Topic] || under(h.guarded, m.Topic) || ours(m.Topic) {
			return true
		}
	}
	return false
}

// ours says whether a topic is a box's own, docs/mqtt.md: whoever may announce devices
// is not to restart it, to mute it or to speak by it so. The demo's devices are there, too.
func ours(topic string) bool {
	return strings.HasPrefix(topic, "cricket/") && !strings.HasPrefix(topic, "cricket/demo/")
}

// under says whether a topic is below one of those: zigbee2mqtt/door/set/state is
// the state that zigbee2mqtt/door/set sets.
func under(topics map[string]bool, topic string) bool {
	for {
		i := strings.LastIndexByte(topic, '/')
		if i < 0 {
			return false
		}
		if topic = topic[:i]; topics[topic] {
			return true
		}
	}
}

package home

import "github.com/cricket-home/cricket/mqtt"

// WithRooms is the home with devices in the rooms that people put them in, by the unique
// ids of their entities: names of rooms, which are made where the home has none. What
// HOME.toml says of a device's room stays.
func (h *Home) WithRooms(rooms map[string]string) *Home {
	n := *h
	n.rooms = rooms
	var all mqtt.Discovery
	for _, d := range h.Devices {
		if d.Entity != nil {
			all.Entities = append(all.Entities, *d.Entity)
		}
	}
	return (&n).After(all)
}

// Movable says whether people can put a device into another room: it has announced
// itself, and HOME.toml does not say where it is.
func (d *Device) Movable() bool {
	return d.Entity != nil && (d.owner == nil || d.owner.Area == "")
}

// Taught are the names that people have taught for a device.
func (h *Home) Taught(id string) []string { return h.taught(id) }

// Rooms are what WithRooms was given last.
func (h *Home) Rooms() map[string]string { return h.rooms }

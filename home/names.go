package home

import (
	"slices"

	"github.com/cricket-home/cricket/intent"
)

// Names is everything that can be named in a sentence: exposed devices, groups
// with at least one exposed member, areas and floors.
func (h *Home) Names() intent.Names {
	var n intent.Names
	for _, d := range h.Devices {
		if d.Exposed {
			n.Entities = append(n.Entities, intent.Entity{
				ID: d.ID, Name: d.Name, Aliases: slices.Concat(d.Aliases, h.taught(d.ID)), Area: d.Area, DeviceClass: d.DeviceClass, State: d.State, Features: d.Features,
			})
		}
	}
	for _, g := range h.Groups {
		members := slices.DeleteFunc(slices.Clone(g.Members), func(id string) bool {
			d, ok := h.Device(id)
			return !ok || !d.Exposed
		})
		if len(members) > 0 {
			n.Entities = append(n.Entities, intent.Entity{ID: g.ID, Name: g.Name, Aliases: slices.Concat(g.Aliases, h.taught(g.ID)), Area: g.Area, Members: members})
		}
	}
	n.Entities = append(n.Entities, h.newcomers()...)
	for _, a := range h.Areas {
		n.Areas = append(n.Areas, intent.Area(a))
	}
	for _, f := range h.Floors {
		n.Floors = append(n.Floors, intent.Floor(f))
	}
	return n
}

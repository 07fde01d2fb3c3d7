package appliance

import (
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cricket-home/cricket/mesh/state"
)

// shares tells whether household records may go to a box, by what it said of itself, if it
// said anything.
func (m Mesh) shares(r state.Record, known bool) bool {
	if !known {
		return m.Site == ""
	}
	return r.Site == m.Site || slices.Contains(m.ShareWith, r.Site)
}

// sharingSiblings are those in this house, and in those that the owner named.
func (b *Box) sharingSiblings() []peer.ID {
	records := map[peer.ID]state.Record{}
	if node := b.heavy.node.Load(); node != nil {
		for _, e := range node.Book().Siblings() {
			records[e.ID] = e.Record
		}
	}
	return slices.DeleteFunc(b.siblings.mesh.Siblings(), func(p peer.ID) bool {
		r, known := records[p]
		return !b.config.Mesh.shares(r, known)
	})
}

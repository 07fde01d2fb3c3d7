package appliance

import (
	"net/http"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cricket-home/cricket/mesh/state"
)

// MeshBox is a box of the home in the answer to GET /mesh/boxes, as it says itself and as it
// is seen from here. This box is the first.
type MeshBox struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	Room      string  `json:"room,omitempty"`
	Connected bool    `json:"connected"`
	RoundTrip float64 `json:"round_trip_ms,omitempty"` // 0: not measured, or this box

	Model       string  `json:"model,omitempty"`
	PromptSpeed float64 `json:"prompt_speed,omitempty"` // tokens a second; 0: not measured
	AnswerSpeed float64 `json:"answer_speed,omitempty"`
	Queue       int     `json:"queue,omitempty"` // of siblings' requests
	Paused      bool    `json:"paused,omitempty"`
	Answered    int     `json:"answered,omitempty"` // requests of this box since it was started
}

// meshBoxes are the boxes of the home.
func (b *Box) meshBoxes(w http.ResponseWriter, _ *http.Request) {
	home, node := b.heavy.home.Load(), b.heavy.node.Load()
	records := map[string]state.Record{}
	if node != nil {
		for _, e := range node.Book().Siblings() {
			records[e.ID.String()] = e.Record
		}
	}
	status := b.siblings.mesh.Status()
	out := []MeshBox{b.meshBox(MeshBox{ID: b.siblings.mesh.ID().String(), Name: status.Name, Connected: true}, b.selfRecord())}
	for _, s := range status.Siblings {
		box := MeshBox{ID: s.ID, Name: s.Name, Connected: s.Connected}
		if id, err := peer.Decode(s.ID); err == nil {
			if host := b.siblings.mesh.Host(); host != nil && s.Connected {
				box.RoundTrip = float64(host.Peerstore().LatencyEWMA(id).Microseconds()) / 1000
			}
			if home != nil {
				box.Answered = home.Answered(id)
			}
		}
		out = append(out, b.meshBox(box, records[s.ID]))
	}
	writeJSON(w, out)
}

// meshBox is a box with what its record says.
func (b *Box) meshBox(box MeshBox, r state.Record) MeshBox {
	box.Room, box.Queue, box.Paused = r.Room, r.Queue, r.Paused
	if a, ok := b.house.Now().Home.Area(r.Room); ok {
		box.Room = a.Name
	}
	if len(r.Models) > 0 {
		m := r.Models[0]
		box.Model, box.PromptSpeed, box.AnswerSpeed = m.Name, m.PromptSpeed, m.AnswerSpeed
	}
	return box
}

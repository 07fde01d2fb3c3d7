package appliance

import (
	"context"
	"errors"
	"net/http"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/voice"
)

// Announce lets the boxes of a room say a text, or with "" all boxes, and this one too. The
// error is errUnheard if no box does.
func (b *Box) Announce(ctx context.Context, text, room string) error {
	if voice.Plain(text) == "" || len(text) > maxTold {
		return errors.New("announce: the text must have words, and at most 1000 bytes")
	}
	in := ""
	if a, ok := b.house.Now().Home.Area(room); ok && room != "" {
		in = a.ID
	}
	return b.broadcast(ctx, home.Plan{Announce: text, In: in}, true)
}

// announceOnce answers `cricket announce`.
func (b *Box) announceOnce(w http.ResponseWriter, r *http.Request) {
	room := r.FormValue("room")
	if !b.knowsRoom(w, room) {
		return
	}
	switch err := b.Announce(r.Context(), r.FormValue("text"), room); {
	case errors.Is(err, errUnheard):
		boxes := "no box"
		if room != "" {
			boxes = "no box of that room"
		}
		http.Error(w, "announce: "+boxes+" has a loudspeaker and answered, so nobody heard it", http.StatusServiceUnavailable)
	case err != nil:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
}

// Doorbell rings like a door bell, and speaks a text after that, which may be "".
func (m *Mouth) Doorbell(text string) {
	m.put(&saying{before: doorbell(), text: text, volume: ownVolume})
}

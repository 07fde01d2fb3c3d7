package main

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/intent/llm"
	"github.com/cricket-home/cricket/models/training/phrases"
)

// house is a made-up home with the states of its devices.
type house struct {
	names  intent.Names
	v      *llm.Vocabulary
	states map[string]string
}

// newHouse makes one of 12 to 60 devices; in one for evaluation half the names
// hold a word that no house for training has.
func newHouse(r *rand.Rand, evaluation bool) *house {
	h := &house{states: map[string]string{}}
	h.names = phrases.NewHome(r, 12+r.IntN(49), evaluation).Names
	for i := range h.names.Areas {
		h.names.Areas[i].Name = capital(r, h.names.Areas[i].Name)
	}
	for i := range h.names.Entities {
		e := &h.names.Entities[i]
		e.Name = capital(r, e.Name)
		e.State = "off"
		switch e.Domain() {
		case "light":
			e.Features = [][]string{{"brightness", "color", "color_temp"}, {"brightness"}, nil}[r.IntN(3)]
			e.State = draw(r, "(on|off)")
		case "switch", "fan":
			e.State = draw(r, "(on|off)")
			if e.Domain() == "fan" {
				e.Features = []string{"percentage"}
			}
		case "cover":
			e.Features = []string{"position"}
			e.State = draw(r, "(open|closed)")
		case "media_player":
			e.State = draw(r, "(off|playing|paused|idle)")
		case "vacuum":
			e.State = draw(r, "(docked|cleaning)")
		case "climate":
			e.State = draw(r, "(heat|off|auto)")
		case "scene":
			e.State = ""
		}
		h.states[e.ID] = e.State
	}
	h.v = llm.NewVocabulary(h.names).Brief()
	return h
}

// capital writes names as their owners do: "Reading lamp", "Reading Lamp", "reading lamp".
func capital(r *rand.Rand, name string) string {
	switch r.IntN(4) {
	case 0:
		return name
	case 1:
		words := strings.Fields(name)
		for i, w := range words {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
		return strings.Join(words, " ")
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

func (h *house) area(id string) string {
	for _, a := range h.names.Areas {
		if a.ID == id {
			return strings.ToLower(a.Name)
		}
	}
	return ""
}

// in are a room's devices of a domain.
func (h *house) in(area, domain string) (out []*intent.Entity) {
	for i := range h.names.Entities {
		if e := &h.names.Entities[i]; e.Area == area && e.Domain() == domain && !e.Guarded() {
			out = append(out, e)
		}
	}
	return out
}

// spoken is how somebody speaks of a device.
func (h *house) spoken(r *rand.Rand, e *intent.Entity) string {
	name, room := strings.ToLower(e.Name), h.area(e.Area)
	the := "the "
	if strings.Contains(strings.Fields(name)[0], "'s") {
		the = ""
	}
	if e.Domain() == "scene" {
		return name
	}
	switch r.IntN(8) {
	case 0:
		return fmt.Sprintf("%s%s in the %s", the, name, room)
	case 1:
		if the != "" {
			return fmt.Sprintf("the %s %s", room, name)
		}
	}
	return the + name
}

// all is how somebody speaks of all of a room's devices of a kind.
func all(r *rand.Rand, plural, room string) string {
	return strings.NewReplacer("KIND", plural, "ROOM", room).Replace(draw(r, "(the ROOM KIND|the KIND in the ROOM|all [the] KIND in the ROOM|all [the] ROOM KIND)"))
}

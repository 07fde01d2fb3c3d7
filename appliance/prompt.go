package appliance

import (
	"slices"
	"strings"

	"github.com/cricket-home/cricket/home"
)

// longestPrompt is a text of about 200 tokens, of the 224 that Whisper looks back on.
const longestPrompt = 600 // bytes

// prompt is what the recogniser is told of the home before each utterance.
func (b *Box) prompt() string { return namesPrompt(b.house.Now().Home, b.config.Room) }

// namesPrompt lists the names of a home as a text: the rooms, and the devices, those of
// the room first. A big home's other devices are left out.
func namesPrompt(h *home.Home, room string) string {
	var names []string
	add := func(name string) {
		if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
			names = append(names, name)
		}
	}
	for _, a := range h.Areas {
		add(a.Name)
	}
	here, _ := h.Area(room)
	for _, d := range h.Devices {
		if room != "" && d.Area == here.ID {
			add(d.Name)
		}
	}
	for _, d := range h.Devices {
		add(d.Name)
	}
	text := ""
	for _, name := range names {
		if len(text)+len(name)+2 > longestPrompt {
			break
		}
		if text != "" {
			text += ", "
		}
		text += name
	}
	if text == "" {
		return ""
	}
	return text + "."
}

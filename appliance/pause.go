package appliance

import (
	"strings"
	"time"

	"github.com/cricket-home/cricket/intent"
)

// How long a silence must be to end a request.
const (
	pauseComplete = 250 * time.Millisecond  // after a whole command
	pauseOther    = 700 * time.Millisecond  // where nobody knows
	pausePrefix   = 1200 * time.Millisecond // in the middle of a command: "set the kitchen light to"
)

// leastRequest is shorter than most commands: so little that was not understood, "turn",
// is the beginning of one rather than none.
const leastRequest = 800 * time.Millisecond

// pauseAfter is how long a silence must be to end a request of which so much was
// said. Nearly every command can go on ("... please", "... in ten minutes"), so one
// that can counts as whole where nothing that follows is likely to change what is meant:
// "turn on the kitchen lights". It does not in "turn off everything [in the office]",
// and not in "to twenty [one] degrees".
func pauseAfter(r *intent.Resolver, said intent.Context, text, room string) time.Duration {
	if text == "" {
		return pauseOther
	}
	switch r.CheckAfter(said, text) {
	case intent.Complete:
		return pauseComplete
	case intent.Extendable:
		switch in := r.Resolve(intent.Query{Text: text, Room: room, Context: said}); {
		case in.Refusal != "", lacks(in), bare(r, in, text): // as it stands it would be refused, or asked back: "what is the temperature [in the kitchen]"
			return pausePrefix
		case specific(r, in, text, room):
			return pauseComplete
		}
	case intent.Prefix:
		return pausePrefix
	}
	return pauseOther
}

// lacks says whether a command is for a time that was not said: "set a timer [for five minutes]".
func lacks(in intent.Intent) bool {
	switch in.Name {
	case "HassStartTimer", "CricketSetAlarm", "CricketSetReminder":
		for slot := range in.Slots {
			if slot != "name" && slot != "message" {
				return false
			}
		}
		return true
	}
	return false
}

// specific says whether a command names what it is about, and a number in it is at its
// end: without the last word, its unit, it is the same number.
func specific(r *intent.Resolver, in intent.Intent, text, room string) bool {
	name, named := in.Slots["name"]
	area, _ := in.Slots["area"].(string)
	switch {
	case in.Command != nil, len(in.Also) > 0, name == "all", !named && area == "":
		return false
	}
	var before intent.Intent
	for slot, value := range in.Slots {
		if _, text := value.(string); text {
			continue
		}
		if before.Name == "" {
			before = r.Resolve(intent.Query{Text: text[:max(0, strings.LastIndexByte(text, ' '))], Room: room})
		}
		if before.Slots[slot] != value {
			return false
		}
	}
	return true
}

// bare says whether a command ends with a room that may be the beginning of a name:
// "turn on the kitchen [coffee machine]", and not "turn on the lights in the kitchen",
// which is a command without the room, too.
func bare(r *intent.Resolver, in intent.Intent, text string) bool {
	area, _ := in.Slots["area"].(string)
	if _, named := in.Slots["name"]; named || area == "" {
		return false
	}
	rest, ends := strings.CutSuffix(strings.ToLower(text), strings.ToLower(area))
	if !ends {
		return false
	}
	for range 3 { // "in", "the", and where it is one word with the room
		if rest = strings.TrimSpace(rest); r.Check(rest).Complete() {
			return false
		}
		rest = rest[:max(0, strings.LastIndexByte(rest, ' '))]
	}
	return true
}

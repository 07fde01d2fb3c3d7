package appliance

import (
	"time"

	"github.com/cricket-home/cricket/intent"
)

// How long a silence must be to end a request.
const (
	pauseComplete = 250 * time.Millisecond  // after a whole command
	pauseOther    = 700 * time.Millisecond  // where nobody knows
	pausePrefix   = 1200 * time.Millisecond // in the middle of a command: "set the kitchen light to"
)

// pauseAfter is how long a silence must be to end a request of which so much was
// said. Nearly every command can go on ("... please", "... in ten minutes"), so one
// that can counts as whole where stopping there does what was said so far to what was
// named: "turn on the kitchen lights". It does not where more words may change what
// is meant: "turn off everything [in the office]", "twenty [one] degrees".
func pauseAfter(r *intent.Resolver, text, room string) time.Duration {
	if text == "" {
		return pauseOther
	}
	switch r.Check(text) {
	case intent.Complete:
		return pauseComplete
	case intent.Extendable:
		if specific(r.Resolve(intent.Query{Text: text, Room: room})) {
			return pauseComplete
		}
	case intent.Prefix:
		return pausePrefix
	}
	return pauseOther
}

// specific says whether an intent names what it is about, and no number, which might
// be the beginning of a greater one.
func specific(in intent.Intent) bool {
	if in.Refusal != "" || in.Command != nil || len(in.Also) > 0 {
		return false
	}
	_, name := in.Slots["name"]
	_, area := in.Slots["area"]
	for _, value := range in.Slots {
		if _, text := value.(string); !text {
			return false
		}
	}
	return name || area
}

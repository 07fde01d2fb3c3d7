package intent

import "slices"

// condensed are the requests of one sentence without those that another of them
// says already. "Oops, undo that" is one undo, since a second would take the first
// back, and the "no" before "take that back" is none. "It's dark in here, lights
// on" is about all the lights that its second half names.
func condensed(list []Intent) []Intent {
	if len(list) < 2 {
		return list
	}
	var out []Intent
	for i, in := range list {
		interjection := (in.Name == "CricketYes" || in.Name == "CricketNo") && i+1 < len(list)
		again := slices.ContainsFunc(out, func(said Intent) bool { return said.Name == in.Name && (once[in.Name] || said.covers(in)) })
		if interjection || again {
			continue
		}
		out = append(slices.DeleteFunc(out, in.covers), in)
	}
	return out
}

// once are the intents that a sentence can only mean once.
var once = map[string]bool{"CricketUndo": true, "CricketRepeat": true, "CricketWhy": true, "CricketSnooze": true, "HassNevermind": true, "CricketHelp": true}

// covers tells whether doing in does the other as well.
func (in Intent) covers(other Intent) bool {
	if in.Name != "HassTurnOn" && in.Name != "HassTurnOff" || !sameRequest(in, other) || len(other.Targets) == 0 {
		return false
	}
	return !slices.ContainsFunc(other.Targets, func(id string) bool { return !slices.Contains(in.Targets, id) })
}

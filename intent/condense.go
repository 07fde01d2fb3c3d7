package intent

import (
	"slices"
	"strings"
)

// condensed are the requests of one sentence without those that another of them
// says already. "Oops, undo that" is one undo, since a second would take the first
// back, and the "no" before "take that back" is none. "It's dark in here, lights
// on" is about all the lights that its second half names, and what somebody
// complains of ("I'm cold, heating to 22") says why, not what else to do.
func condensed(list []Intent) []Intent {
	if len(list) < 2 {
		return list
	}
	var out []Intent
	for i, in := range list {
		interjection := (in.Name == "CricketYes" || in.Name == "CricketNo") && i+1 < len(list) || in.Name == "HassRespond" || slices.ContainsFunc(list, in.helpedBy)
		again := slices.ContainsFunc(out, func(said Intent) bool { return said.Name == in.Name && (once[in.Name] || said.covers(in)) })
		if interjection || again {
			continue
		}
		out = append(slices.DeleteFunc(out, func(said Intent) bool { return in.covers(said) || in.settles(said) }), in)
	}
	return out
}

// complaint is the response key of sentences that say what is wrong, not what to do.
const complaint = "complaint"

// remedies are the domains of what helps against a complaint, by the domain of what it would be about.
var remedies = map[string][]string{
	"light":   {"light", "cover", "switch", "scene"},
	"climate": {"climate", "fan", "cover", "switch", "water_heater"},
}

// helpedBy tells whether a request is a complaint, and another asks for what helps:
// "I'm hot, turn on the fan" leaves the heating alone.
func (in Intent) helpedBy(other Intent) bool {
	if in.Response != complaint || other.Response == complaint || question(other.Name) || len(other.Targets) == 0 || len(in.Targets) == 0 {
		return false
	}
	of, _, _ := strings.Cut(in.Targets[0], ".")
	domain, _, _ := strings.Cut(other.Targets[0], ".")
	return slices.Contains(remedies[of], domain)
}

// once are the intents that a sentence can only mean once.
var once = map[string]bool{"CricketUndo": true, "CricketRepeat": true, "CricketWhy": true, "CricketSnooze": true, "HassNevermind": true, "CricketHelp": true,
	"HassMediaNext": true}

// settles tells whether a request is the remedy of a complaint before it: of the
// same devices, which were to be a little brighter or warmer.
func (in Intent) settles(complaint Intent) bool {
	_, darker := complaint.Slots["brightness_step"]
	_, colder := complaint.Slots["temperature_step"]
	_, bright := in.Slots["brightness"]
	_, warm := in.Slots["temperature"]
	switched := in.Name == "HassTurnOn" || in.Name == "HassTurnOff"
	if !(darker && (bright || switched)) && !(colder && (warm || switched)) {
		return false
	}
	return slices.ContainsFunc(complaint.Targets, func(id string) bool { return slices.Contains(in.Targets, id) })
}

// covers tells whether doing in does the other as well.
func (in Intent) covers(other Intent) bool {
	lit := in.Name == "HassLightSet" && other.Name == "HassTurnOn" // setting a lamp turns it on
	same := (in.Name == "HassTurnOn" || in.Name == "HassTurnOff") && sameRequest(in, other)
	if !lit && !same || len(other.Targets) == 0 {
		return false
	}
	return !slices.ContainsFunc(other.Targets, func(id string) bool { return !slices.Contains(in.Targets, id) })
}

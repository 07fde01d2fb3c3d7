package intent

import (
	"slices"
	"strings"
)

// frame is one thing that people ask for, with the plain sentences that say it:
// what somebody said in a way of their own is said again in one of these, and the
// templates resolve that. So the repair tier can do nothing that a template
// cannot, in nothing but the devices that a template would take.
//
// In a form, {x} is what it is about, {place} a room or storey, and the others
// are what tags of that kind say. The first form is taken whose tags are there
// and that leaves out none that carries a value.
type frame struct {
	name  string
	thing string // what {x} is where nothing is named, "" for none
	forms []string
}

var englishFrames = []frame{
	{"on", "lights", []string{"turn on {x}"}},
	{"off", "lights", []string{"turn off {x}"}},
	{"open", "", []string{"open {x}"}},
	{"close", "", []string{"close {x}"}},
	{"lock", "", []string{"lock {x}"}},
	{"unlock", "", []string{"unlock {x}"}},
	{"press", "", []string{"press {x}"}},
	{"activate", "", []string{"activate {x}", "start {x}"}},
	{"toggle", "", []string{"toggle {x}"}},
	{"brightness", "lights", []string{"set {x} to {number} percent", "set {x} to {level} brightness", "set {x} to {level}"}},
	{"brightest", "lights", []string{"set {x} to {level}", "set {x} to full brightness"}},
	{"brighter", "lights", []string{"make {x} brighter"}},
	{"bit brighter", "lights", []string{"make {x} a bit brighter"}},
	{"dimmer", "lights", []string{"make {x} dimmer"}},
	{"bit dimmer", "lights", []string{"make {x} a bit dimmer"}},
	{"color", "lights", []string{"make {x} {color}"}},
	{"whiteness", "lights", []string{"make {x} {warmth}", "set {x} to {number} kelvin"}},
	{"position", "", []string{"set {x} to {number} percent", "open {x} {level}", "set {x} to {level}"}},
	{"speed", "fan", []string{"set {x} to {number} percent"}},
	{"faster", "fan", []string{"make {x} faster"}},
	{"slower", "fan", []string{"make {x} slower"}},
	{"heat to", "", []string{"set {x} to {number} degrees", "set the temperature to {number} degrees {place}"}},
	{"warmer", "", []string{"make {x} {number} degrees warmer", "make it {number} degrees warmer {place}", "make {x} warmer", "make it warmer {place}"}},
	{"cooler", "", []string{"make {x} {number} degrees cooler", "make it {number} degrees cooler {place}", "make {x} cooler", "make it cooler {place}"}},
	{"how warm", "", []string{"what is the temperature of {x}", "what is {x}", "what is the temperature {place}"}},
	{"state", "", []string{"is {x} {state}", "which {x} are {state}", "are any {x} {state}", "is there {x} {state}", "what is {x}"}},
	{"weather", "", []string{"what is the weather"}},
	{"timer", "", []string{"set a timer for {duration}"}},
	{"timer cancel", "", []string{"cancel the timer"}},
	{"timer cancel all", "", []string{"cancel all timers"}},
	{"timer status", "", []string{"how much time is left on the timer"}},
	{"timer pause", "", []string{"pause the timer"}},
	{"timer resume", "", []string{"resume the timer"}},
	{"timer more", "", []string{"add {duration} to the timer"}},
	{"timer less", "", []string{"take {duration} off the timer"}},
	{"alarm", "", []string{"set an alarm for {clock} {day}", "set an alarm for {number} {day}", "set an alarm for {clock}", "set an alarm for {number}"}},
	{"alarm cancel", "", []string{"cancel the alarm {day}", "cancel the alarm"}},
	{"alarm cancel all", "", []string{"cancel all alarms"}},
	{"alarm status", "", []string{"when is my alarm"}},
	{"snooze", "", []string{"snooze for {duration}", "snooze"}},
	{"reminders", "", []string{"what are my reminders"}},
	{"plan", "", []string{"what is planned"}},
	{"plan clear", "", []string{"cancel all schedules"}},
	{"time", "", []string{"what time is it"}},
	{"date", "", []string{"what is the date"}},
	{"never mind", "", []string{"never mind"}},
	{"list", "", []string{"what is on the shopping list"}},
	{"list clear", "", []string{"clear the shopping list"}},
	{"pause", "", []string{"pause {x}", "pause the music {place}", "pause"}},
	{"resume", "", []string{"resume {x}", "resume the music {place}", "resume"}},
	{"next", "", []string{"next song"}},
	{"previous", "", []string{"previous song"}},
	{"volume", "", []string{"set the volume of {x} to {number} percent", "set the volume to {number} percent {place}"}},
	{"louder", "", []string{"turn up the volume of {x}", "turn the volume up {place}"}},
	{"quieter", "", []string{"turn down the volume of {x}", "turn the volume down {place}"}},
	{"mute", "", []string{"mute {x}"}},
	{"unmute", "", []string{"unmute {x}"}},
	{"vacuum", "", []string{"start {x}", "start vacuuming"}},
	{"vacuum area", "", []string{"vacuum {area}"}},
	{"vacuum home", "", []string{"send {x} home", "return {x} to its base", "stop vacuuming"}},
	{"mow", "", []string{"start {x}", "mow the lawn"}},
	{"mower home", "", []string{"dock {x}", "send {x} home", "dock the mower"}},
	{"repeat", "", []string{"say that again"}},
	{"heard", "", []string{"what did i just say"}},
	{"why", "", []string{"why did you do that"}},
	{"undo", "", []string{"undo that"}},
	{"help", "", []string{"what can i say"}},
	{"describe", "", []string{"what is in {area}"}},
}

// frameOf says which frame an intent belongs to, with the words that were said:
// the inverse of saying it.
func frameOf(in *Intent, t *tagged) string {
	for i := range in.Also {
		if in.Also[i].Name != in.Name {
			return frameElsewhere
		}
	}
	if in.Command != nil {
		return frameOf(in.Command, t)
	}
	number := func(slot string) float64 {
		switch v := in.Slots[slot].(type) {
		case float64:
			return v
		case string:
			if v == "up" {
				return 10
			} else if v == "down" {
				return -10
			}
		}
		return 0
	}
	has := func(slot string) bool { _, ok := in.Slots[slot]; return ok }
	domain := ""
	if len(in.Targets) > 0 {
		domain, _, _ = strings.Cut(in.Targets[0], ".")
	}
	step := func(slot, more, less string) string {
		name := more
		if number(slot) < 0 {
			name = less
		}
		if v := number(slot); slot == "brightness_step" && v < 15 && v > -15 {
			name = "bit " + name
		}
		return name
	}
	switch in.Name {
	case "HassTurnOn", "HassTurnOff":
		on := in.Name == "HassTurnOn"
		names := [2]string{"off", "on"}
		switch domain {
		case "cover", "valve":
			names = [2]string{"close", "open"}
		case "lock":
			names = [2]string{"unlock", "lock"}
		case "button":
			names[1] = "press"
		case "scene", "script":
			names[1] = "activate"
		case "vacuum":
			names = [2]string{"vacuum home", "vacuum"}
		case "lawn_mower":
			names = [2]string{"mower home", "mow"}
		}
		if on {
			return names[1]
		}
		return names[0]
	case "HassLightSet":
		switch {
		case has("color"):
			return "color"
		case has("temperature"):
			return "whiteness"
		case in.Slots["brightness_step"] == "half":
			return frameElsewhere
		case has("brightness_step"):
			return step("brightness_step", "brighter", "dimmer")
		case number("brightness") == 100 && t.first(tagNumber) == nil:
			return "brightest"
		}
		return "brightness"
	case "HassSetPosition":
		return "position"
	case "HassFanSetSpeed":
		if has("percentage_step") {
			return step("percentage_step", "faster", "slower")
		}
		return "speed"
	case "HassClimateSetTemperature":
		if has("temperature_step") {
			return step("temperature_step", "warmer", "cooler")
		}
		return "heat to"
	case "HassSetVolumeRelative":
		return step("volume_step", "louder", "quieter")
	case "HassStartTimer", "HassCancelTimer", "HassTimerStatus", "HassPauseTimer", "HassUnpauseTimer", "HassIncreaseTimer", "HassDecreaseTimer":
		if has("name") {
			return frameElsewhere
		}
	case "CricketCancelAlarm":
		if has("all") {
			return "alarm cancel all"
		}
	case "CricketCancelSchedule":
		if !has("all") {
			return frameElsewhere
		}
	}
	if f := intentFrames[in.Name]; f != "" {
		return f
	}
	return frameElsewhere
}

// intentFrames are the intents that are one frame.
var intentFrames = map[string]string{
	"HassToggle": "toggle", "HassClimateGetTemperature": "how warm", "HassGetState": "state", "HassGetWeather": "weather",
	"HassStartTimer": "timer", "HassCancelTimer": "timer cancel", "HassCancelAllTimers": "timer cancel all", "HassTimerStatus": "timer status",
	"HassPauseTimer": "timer pause", "HassUnpauseTimer": "timer resume", "HassIncreaseTimer": "timer more", "HassDecreaseTimer": "timer less",
	"CricketSetAlarm": "alarm", "CricketCancelAlarm": "alarm cancel", "CricketAlarmStatus": "alarm status", "CricketSnooze": "snooze",
	"CricketReminderStatus": "reminders", "CricketScheduleStatus": "plan", "CricketCancelSchedule": "plan clear",
	"HassGetCurrentTime": "time", "HassGetCurrentDate": "date", "HassNevermind": "never mind", "CricketListRead": "list", "CricketListClear": "list clear",
	"HassMediaPause": "pause", "HassMediaUnpause": "resume", "HassMediaNext": "next", "HassMediaPrevious": "previous",
	"HassSetVolume": "volume", "HassMediaPlayerMute": "mute", "HassMediaPlayerUnmute": "unmute",
	"HassVacuumStart": "vacuum", "HassVacuumReturnToBase": "vacuum home", "HassVacuumCleanArea": "vacuum area",
	"HassLawnMowerStartMowing": "mow", "HassLawnMowerDock": "mower home",
	"CricketRepeat": "repeat", "CricketWhatHeard": "heard", "CricketWhy": "why", "CricketUndo": "undo", "CricketHelp": "help", "CricketDescribe": "describe",
}

// valued are the tags that carry a value: a form must use them all, because a
// request without its "in ten minutes" is another request.
var valued = []tagKind{tagNumber, tagDuration, tagClock, tagColor, tagWarmth, tagLevel, tagSun, tagDay}

var placeholders = map[string]tagKind{
	"{number}": tagNumber, "{duration}": tagDuration, "{clock}": tagClock, "{color}": tagColor, "{warmth}": tagWarmth,
	"{level}": tagLevel, "{area}": tagArea, "{day}": tagDay,
}

// maxForms bounds the sentences that are tried for one frame.
const maxForms = 6

// say writes a tagged sentence plainly, in each way that its frame has.
func (f *frame) say(t *tagged, follow bool) []string {
	var out []string
	if g := t.first(tagNumber); g != nil && t.before(g) == "by" && !strings.Contains(strings.Join(f.forms, " "), "{number} degrees ") {
		return nil // by so much, not to so much
	}
	when, rest := t.delay()
	things := t.things(f, follow)
	place := t.place()
	for _, form := range f.forms {
		used := map[tagKind]bool{}
		ok := true
		for name, kind := range placeholders {
			if strings.Contains(form, name) {
				if g := rest.first(kind); g != nil && len(rest.all(kind)) == 1 {
					form = strings.ReplaceAll(form, name, g.text)
					used[kind] = true
				} else {
					ok = false
				}
			}
		}
		for _, kind := range valued {
			if !used[kind] && rest.first(kind) != nil {
				ok = false
			}
		}
		if !ok {
			continue
		}
		form = strings.ReplaceAll(form, "{place}", place)
		xs := []thing{{}}
		if strings.Contains(form, "{x}") {
			xs = things
		} else if t.first(tagName) != nil && f.thing != "" {
			continue
		}
		for _, x := range xs {
			if strings.HasPrefix(x.text, "the ") && (strings.HasPrefix(form, "which ") || strings.HasPrefix(form, "are any ") || strings.HasPrefix(form, "is there ")) {
				continue
			}
			s := strings.NewReplacer("{x}", x.text, "{state}", x.state(t)).Replace(form)
			s = strings.Join(strings.Fields(s+" "+when), " ")
			if !slices.Contains(out, s) && len(out) < maxForms {
				out = append(out, s)
			}
		}
	}
	return out
}

// thing is what a sentence is about.
type thing struct {
	text, of string
}

// state is what is asked of a thing.
func (x thing) state(t *tagged) string {
	switch {
	case t.has("locked", "lock", "unlocked", "bolted", "secure", "secured") || x.of == "lock":
		return "locked"
	case slices.Contains([]string{"cover", "window", "door", "valve", "binary_sensor"}, x.of) || t.has("open", "shut", "closed", "close"):
		return "open"
	}
	return "on"
}

// things are the ways to say what a sentence is about, the most certain first.
func (t *tagged) things(f *frame, follow bool) []thing {
	place := t.place()
	names := t.all(tagName)
	kinds := t.all(tagKinds)
	var out []thing
	add := func(text, of string) {
		out = append(out, thing{strings.Join(strings.Fields(text), " "), of})
	}
	switch {
	case len(names) > 0:
		var all []string
		for _, n := range names {
			if s := "the " + strings.TrimPrefix(n.text, "the "); !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
		text := strings.Join(all, " and ")
		add(text+" "+place, names[0].of) // a room that was said is never dropped
	case len(kinds) > 0:
		k := kinds[0]
		for _, other := range kinds[1:] {
			if k.of == "light" && k.at == 0 || other.of != "light" && k.of == "light" {
				k = other // "light the fire"
			}
		}
		text := englishKinds[k.text].said
		if t.has("all", "every", "whole", "both") && (k.of == "light" || k.of == "cover") {
			add("all the "+text+" "+place, k.of)
		}
		if area := t.first(tagArea); area != nil && k.of != "all" {
			add("the "+area.text+" "+text, k.of)
		}
		if k.of == "all" {
			add(text+" "+place, k.of)
		} else {
			add("the "+text+" "+place, k.of)
		}
		if f.name == "state" {
			add(text+" "+place, k.of)
			add("all the "+text+" "+place, k.of)
		}
	case follow && t.first(tagArea) == nil && t.first(tagFloor) == nil:
		add("it", "")
		if f.thing != "" && !t.pronoun() {
			add("the "+f.thing, f.thing)
		}
	case f.thing != "":
		add("the "+f.thing+" "+place, f.thing)
	}
	return out
}

// place is the room or storey that is said outside names, with its preposition.
func (t *tagged) place() string {
	if a := t.first(tagArea); a != nil {
		return "in the " + strings.TrimPrefix(a.text, "the ")
	}
	if f := t.first(tagFloor); f != nil {
		if strings.HasSuffix(f.text, "stairs") {
			return f.text
		}
		return "on the " + strings.TrimPrefix(f.text, "the ")
	}
	if t.has("everywhere") {
		return "everywhere"
	}
	return ""
}

// joined tells whether what a sentence joins by "and" are names and the like,
// so that no part of it can be something else that would be passed over.
func (t *tagged) joined() bool {
	thing := func(i, step int) bool {
		for ; i >= 0 && i < len(t.tags); i += step {
			if g := &t.tags[i]; g.kind != tagWord {
				return true
			} else if !slices.Contains(t.lang.determiners, g.text) {
				return false
			}
		}
		return false
	}
	for i := range t.tags {
		switch t.tags[i].text {
		case "but", "then", "also", "unless", "if", "because", "except":
			return false
		case "and":
			if !thing(i-1, -1) || !thing(i+1, 1) {
				return false
			}
		}
	}
	return true
}

// fraction tells whether part of a number was left over: "quarter" of what was
// not heard as a time of day.
func (t *tagged) fraction() bool {
	return t.first(tagNumber) != nil && slices.ContainsFunc(t.tags, func(g tag) bool {
		return g.kind == tagWord && slices.Contains([]string{"quarter", "half", "past", "point", "minus", "and"}, g.text)
	})
}

// pronoun tells whether a sentence is about "it", and does not say what that is.
func (t *tagged) pronoun() bool {
	return t.has("it", "them", "that", "this", "those") && !slices.ContainsFunc(t.tags, func(g tag) bool {
		return g.kind == tagName || g.kind == tagKinds || g.kind == tagArea || g.kind == tagFloor
	})
}

// forbids tells whether a sentence begins with what it does not want: "don't",
// "please never", "you must not".
func (t *tagged) forbids() bool {
	for i, w := range t.words {
		if slices.Contains(t.lang.negations, w) {
			return i == 0 || slices.Contains([]string{"please", "do", "you", "should", "must", "can", "let's", "better", "dare", "may", "would", "will"}, t.words[i-1])
		}
	}
	return false
}

// starters are the verbs with which scenes and scripts are started.
var starters = []string{"start", "run", "do", "set", "activate", "play", "switch", "put", "launch", "trigger", "begin", "execute", "give", "go", "change", "make", "fire", "kick", "get"}

// starts tells whether somebody said to start something, not only what.
func (t *tagged) starts() bool { return t.has(starters...) }

// beforeSun are the words before sunset that make it a time. They are English.
var beforeSun = []string{"at", "before", "after", "by", "until", "till", "when", "around", "towards", "come", "from", "with", "every", "tomorrow", "today", "past"}

// delay is when a command is to be carried out, and the sentence without that.
func (t *tagged) delay() (when string, rest *tagged) {
	rest = t
	without := func(kind tagKind) {
		rest = &tagged{lang: t.lang, words: t.words}
		for _, g := range t.tags {
			if g.kind != kind {
				rest.tags = append(rest.tags, g)
			}
		}
	}
	if g := t.first(tagSun); g != nil && slices.Contains(beforeSun, t.before(g)) {
		without(tagSun)
		return "at " + g.text, rest
	}
	if g := t.first(tagDuration); g != nil && len(t.all(tagDuration)) == 1 && (t.first(tagName) != nil || t.first(tagKinds) != nil) {
		next := ""
		if end := g.at + g.words; end < len(t.words) {
			next = t.words[end]
		}
		switch before := t.before(g); {
		case before == "in" || before == "after" || next == "from":
			without(tagDuration)
			return "in " + g.text, rest
		case before == "for":
			without(tagDuration)
			return "for " + g.text, rest
		}
	}
	if g := t.first(tagClock); g != nil && (t.first(tagName) != nil || t.first(tagKinds) != nil) && (t.before(g) == "at" || t.before(g) == "until" || t.before(g) == "till") {
		before := t.before(g)
		if before == "till" {
			before = "until"
		}
		without(tagClock)
		return before + " " + g.text, rest
	}
	return "", rest
}

// opposites are the frames that are each other's opposite, with words that speak
// for the first and for the second. What says the one is never taken for the other.
var opposites = []struct {
	frames [2]string
	words  [2][]string
}{
	{[2]string{"on", "off"}, [2][]string{{"on", "start", "begin", "enable"}, {"off", "out", "kill", "stop", "lose", "enough", "douse", "cut", "dark", "no", "don't", "needn't", "finished", "done", "end"}}},
	{[2]string{"open", "close"}, [2][]string{{"open", "up", "raise", "lift", "opened", "start", "back"}, {"close", "closed", "shut", "down", "lower", "drop", "stop", "drawn"}}},
	{[2]string{"lock", "unlock"}, [2][]string{{"lock", "locked", "bolt", "secure"}, {"unlock", "unlocked", "open"}}},
	{[2]string{"brighter", "dimmer"}, [2][]string{{"brighter", "up", "more", "increase", "raise", "brighten"}, {"dimmer", "down", "less", "lower", "reduce", "dim", "darker", "softer", "soften"}}},
	{[2]string{"bit brighter", "bit dimmer"}, [2][]string{{"brighter", "up", "more"}, {"dimmer", "down", "less", "lower", "dim", "darker", "softer"}}},
	{[2]string{"warmer", "cooler"}, [2][]string{{"warmer", "up", "more", "hotter", "cold", "chilly", "freezing"}, {"cooler", "down", "less", "colder", "hot", "boiling", "warm"}}},
	{[2]string{"louder", "quieter"}, [2][]string{{"louder", "up", "more"}, {"quieter", "down", "less", "softer"}}},
	{[2]string{"faster", "slower"}, [2][]string{{"faster", "up", "more"}, {"slower", "down", "less"}}},
	{[2]string{"timer more", "timer less"}, [2][]string{{"more", "add", "extend", "another"}, {"less", "off", "shorten", "fewer", "remove"}}},
	{[2]string{"timer pause", "timer resume"}, [2][]string{{"pause", "hold", "stop"}, {"resume", "continue", "again"}}},
	{[2]string{"pause", "resume"}, [2][]string{{"pause", "hold", "stop"}, {"resume", "continue", "again", "unpause"}}},
	{[2]string{"next", "previous"}, [2][]string{{"next", "skip"}, {"previous", "back", "last"}}},
	{[2]string{"mute", "unmute"}, [2][]string{{"mute"}, {"unmute", "back", "again"}}},
}

// contradicts tells whether a sentence speaks for the opposite of a frame.
func (t *tagged) contradicts(frame string) bool {
	for _, o := range opposites {
		if i := slices.Index(o.frames[:], frame); i >= 0 && t.has(o.words[1-i]...) && !t.has(o.words[i]...) {
			return true
		}
	}
	return false
}

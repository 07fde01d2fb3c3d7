package intent

import (
	"slices"
	"strings"
)

// weakForms are small words as they are often heard: nobody stresses them. They are English.
var weakForms = map[string][]string{
	"they": {"the"}, "there": {"the"}, "their": {"the"}, "third": {"the"}, "thee": {"the"}, "de": {"the"}, "da": {"the"}, "tha": {"the"},
	"ah": {"a"}, "at": {"a"}, "add": {"a"}, "uh": {"a"},
	"his": {"is"}, "he's": {"is"}, "us": {"is"}, "ease": {"is"}, "its": {"is"},
	"hair": {"are"}, "or": {"are"}, "our": {"are"}, "her": {"are"}, "air": {"are"},
	"an": {"on"}, "own": {"on", "down"}, "won": {"on"}, "offer": {"off"}, "of": {"off"}, "oft": {"off"},
	"too": {"to"}, "tin": {"in"}, "inn": {"in"}, "e": {"i"}, "eye": {"i"}, "but": {"put"}, "foot": {"put"}, "dad": {"add"}, "did": {"dim"},
	"waits": {"what's"}, "watts": {"what's"}, "wait": {"what"}, "watt": {"what"}, "ha": {"how"},
	"tap": {"up"}, "cup": {"up"}, "plays": {"please"}, "bless": {"please"}, "gate": {"get"}, "got": {"get"}, "cat": {"get"}, "sort": {"start"}, "stock": {"stop"},
	"true": {"two"}, "went": {"twenty"}, "sail": {"still"}, "caught": {"got"}, "let's": {"lights"}, "president": {"percent"}, "present": {"percent"},
}

// offVerbs stand before "off", which is often heard as "of". They are English.
var offVerbs = []string{"turn", "switch", "shut", "power", "turned", "switched"}

// weakCost is what such a word costs, as much as it sounds unlike: there is no other way to hear it as often.
const weakCost = 0.14

// units stand behind numbers. They are English.
var units = []string{"percent", "degrees", "degree", "minutes", "minute", "hours", "hour", "seconds", "second", "kelvin"}

// beforeNumbers are words that may stand between what is set and the number it is set
// to, and mean nothing else; beforeUnits the same before a unit. They are English.
var (
	beforeNumbers = strings.Fields("to at by about around of for set on in is be up down like another just exactly roughly maybe only a an the and point with from it them than say until til till past oh as one make get put want please brightness volume level speed position temperature")
	beforeUnits   = strings.Fields("a an few couple of more some half in the another how many by next last quarter extra additional other")
	questionWords = strings.Fields("is are what what's which how")
)

// dubious tells whether what was heard is probably not what was said, though it was
// found what it may mean: a word that nothing explains stands where a number, a unit or
// a question word was, or a room was left out. It is asked about, however probable it is.
//
//   - "by true degrees", "to went five percent", "door seventeen": part of a number was lost;
//   - "his they television on" may have been a question;
//   - "hall the lights downstairs off": of two places one was left out.
func (r *Resolver) dubious(t *tagged, f *find) bool {
	said := strings.Fields(f.text)
	left := func(w string) bool { return !slices.Contains(said, w) }
	number := r.s.lang.numbers.isNumber
	if !question(f.intent.Name) && left(t.words[0]) && anyOf(weakForms[t.words[0]], questionWords) {
		return true
	}
	if clearsAll(&f.intent) && !anyOf(t.words, quantities) && !anyOf(t.words, severalEntries) {
		return true
	}
	if (f.frame == "on" || f.frame == "off") && t.first(tagName) == nil && t.first(tagKinds) == nil && !anyOf(t.words, lightWords) {
		return true
	}
	places := 0
	for i := range t.tags {
		g := &t.tags[i]
		switch g.kind {
		case tagArea, tagFloor:
			places++
			if places > 1 && left(g.text) {
				return true
			}
		case tagNumber, tagDuration:
			if i > 0 && t.tags[i-1].kind == tagWord && left(t.tags[i-1].text) && !slices.Contains(beforeNumbers, t.tags[i-1].text) && !isUnit(t.tags[i-1].text) && i > 1 {
				return true
			}
		}
	}
	if places > 0 && t.first(tagArea) != nil && left(t.first(tagArea).text) && t.first(tagFloor) != nil {
		return true
	}
	for i, w := range t.words {
		if i > 0 && isUnit(w) {
			if before := t.words[i-1]; !number(before) && left(before) && !slices.Contains(beforeUnits, before) {
				return true
			}
		}
		if stem := strings.TrimSuffix(strings.TrimSuffix(w, "s"), "'"); len(stem) >= 4 && left(w) && left(stem) && stem != w && r.places[stem] {
			return true
		}
	}
	if f.strange+f.unknown > 0 && slices.ContainsFunc(said, alikeNumber) {
		return true
	}
	if f.strange > 0 && slices.Contains(exactFrames, f.frame) {
		return true
	}
	return f.frame == "color" && t.first(tagName) == nil && t.first(tagKinds) == nil && !anyOf(t.words, lightWords) && !anyOf(t.words, colorVerbs)
}

func isUnit(w string) bool { return slices.Contains(units, w) }

// colorVerbs say that something is to get a colour. They are English.
var colorVerbs = []string{"make", "turn", "set", "paint", "change", "go", "color", "colour", "switch", "put", "get", "give", "want", "bathe", "wash", "do", "have"}

// exactFrames are the frames of which a word that means nothing to them may have been a
// part of the time: "at quarter past seven on works".
var exactFrames = []string{"alarm", "timer", "timer more", "timer less", "snooze"}

// clearsAll tells whether an intent ends all timers or alarms.
func clearsAll(in *Intent) bool {
	return in.Name == "HassCancelAllTimers" || in.Slots["all"] != nil
}

// severalEntries are more than one timer or alarm. They are English.
var severalEntries = []string{"timers", "alarms", "reminders", "both"}

// nearlyAsLike is how much less alike a second reading may sound that makes the first doubtful.
const nearlyAsLike = 0.12

// alikeNumber tells whether a number is often taken for another: thirteen and thirty.
func alikeNumber(w string) bool {
	if strings.HasSuffix(w, "teen") || w != "twenty" && strings.HasSuffix(w, "ty") && slices.Contains(englishNumberWords, w) {
		return true
	}
	return len(w) == 2 && w[0] >= '1' && w[0] <= '9' && (w[1] == '0' && w[0] > '2' || w[0] == '1' && w[1] >= '3')
}

package intent

import (
	"slices"
	"strings"
)

// hereWords say that a request is for the room that heard it. They are English.
var hereWords = []string{"in here", "this room", "around here", "over here"}

// strays tells whether what was found goes past what was said:
//
//   - "in here" was said, and a device elsewhere would act;
//   - a word that was left over is in the names of some of the devices and not of
//     the others: "the light on the right" is not all of them;
//   - "a bit" was said, or "only", and it would be all the way, or not only that;
//   - "why is it on" and "how many are there" ask for something else than which are on;
//   - a word says that it is not to be so: "no lights on", "without the light";
//   - nothing was named, and nothing speaks of light: "get some water";
//   - nothing was named, so that the lights would be meant, while a word that was
//     left over is the name, or the beginning of the name, of something else.
func (r *Resolver) strays(text string, f *find, at setting) bool {
	if f.intent.Name == "CricketDescribe" && anyOf(strings.Fields(text), climateWords) {
		return true
	}
	if f.source == fromFrame && f.frame == "state" && otherQuestion(strings.Fields(text)) {
		return true
	}
	if f.source == fromFrame && f.frame == "list" && (f.unknown > 0 || !anyOf(strings.Fields(text), listWords)) {
		return true // "we need bread" puts it there
	}
	if f.source == fromFrame && elsewhere(strings.Fields(text), strings.Fields(f.text)) {
		return true
	}
	if question(f.intent.Name) || len(f.intent.Targets) == 0 {
		return false
	}
	if f.source == fromFrame && f.named && r.otherVerb(text, f.intent.Targets) {
		return true
	}
	if at.room >= 0 && slices.ContainsFunc(hereWords, func(w string) bool { return strings.Contains(" "+text+" ", " "+w+" ") }) {
		if slices.ContainsFunc(f.intent.Targets, func(id string) bool { i := r.device(id); return i >= 0 && r.rooms[i] != at.room }) {
			return true
		}
	}
	said, words := strings.Fields(f.text), strings.Fields(text)
	if (f.source == fromFrame || len(said) < len(words)) && r.qualified(words, said, f.intent.Targets) {
		return true
	}
	if f.source == fromFrame && anyOf(words, r.s.lang.outdoors) && !r.allOutdoors(f.intent.Targets) {
		return true
	}
	if f.intent.Name == "HassTurnOn" && denies(words) || slices.Contains(words, "only") && !slices.Contains(said, "only") {
		return true
	}
	if f.source == fromFrame && f.frame == "whiteness" && anyOf(words, climateWords) && !anyOf(words, lightWords) && !r.namesLight(words) {
		return true
	}
	if f.source == fromFrame && !f.named && (f.frame == "on" || f.frame == "off") && !anyOf(words, lightWords) {
		return true
	}
	if f.source == fromFrame && f.intent.Name != "HassClimateSetTemperature" && anyOf(words, little) && !anyOf(said, little) {
		return true
	}
	for n, w := range words {
		if len(w) < 3 || slices.Contains(said, w) {
			continue
		}
		named := 0
		for _, id := range f.intent.Targets {
			if i := r.device(id); i >= 0 && r.calls(i, w) {
				named++
			}
		}
		if named > 0 && named < len(f.intent.Targets) {
			return true
		}
		if f.source == fromFrame && !f.named && named == 0 && len(w) >= 4 && (!r.s.words[w] || n > 0 && r.s.lang.determines(words[n-1])) && r.callsAny(w) {
			return true
		}
	}
	return false
}

// qualified tells whether a word before a kind of devices, which the request
// leaves out, says which of them are meant: "leo's lights", "the bedside lights".
func (r *Resolver) qualified(words, said, targets []string) bool {
	called := func(w string) bool {
		return slices.ContainsFunc(targets, func(id string) bool { i := r.device(id); return i >= 0 && r.calls(i, w) })
	}
	for n, w := range words[:len(words)-1] {
		if slices.Contains(said, w) || r.s.lang.determines(w) || slices.Contains(fillers, w) || called(w) {
			continue
		}
		if _, kind := englishKinds[w]; kind {
			continue
		}
		_, kind := englishKinds[words[n+1]]
		if kind && (!r.s.words[w] || r.callsAny(w)) {
			return true
		}
		if n > 0 && slices.Contains(nounPhrase, words[n-1]) && (kind || called(words[n+1])) {
			return true
		}
	}
	return false
}

// nounPhrase are words of which the next is a noun, or says which. fillers say nothing. They are English.
var (
	nounPhrase = []string{"the", "my", "our", "a", "an", "this", "that", "those", "these"}
	fillers    = []string{"damn", "bloody", "stupid", "silly", "whole", "entire", "room", "home", "two", "three", "four", "few"}
)

// listWords speak of a list, or ask. They are English.
var listWords = []string{"what", "what's", "which", "list", "lists", "read", "show", "tell", "go", "is", "are", "do", "check", "anything", "shopping", "groceries"}

// allOutdoors tells whether the devices are out of doors, by their names and rooms.
func (r *Resolver) allOutdoors(ids []string) bool {
	return !slices.ContainsFunc(ids, func(id string) bool { i := r.device(id); return i < 0 || !r.outdoors(i) })
}

// noPlace are words behind "in the" that say no room, or this one. They are English.
var noPlace = []string{"room", "house", "home", "flat", "place", "morning", "evening", "afternoon", "night", "dark", "moment", "light", "sun", "way", "meantime", "background", "mood"}

// elsewhere tells whether a place was said that what was found leaves out: "in the
// baby's room" where none is called so. The words are English.
func elsewhere(words, said []string) bool {
	for n := 0; n+2 < len(words); n++ {
		if (words[n] == "in" || words[n] == "inside") && slices.Contains(nounPhrase, words[n+1]) && !slices.Contains(said, words[n+2]) && !slices.Contains(noPlace, words[n+2]) {
			return true
		}
	}
	return false
}

// otherQuestion tells whether a question about states asks why, when or how many there are. The words are English.
func otherQuestion(words []string) bool {
	switch {
	case slices.Contains([]string{"why", "when", "where", "who", "whose"}, words[0]):
		return true
	case words[0] == "how" && len(words) > 2 && words[1] == "many":
		end := words[len(words)-1]
		return end == "there" || end == "have" || end == "got" || end == "exist"
	}
	return false
}

// namesLight tells whether a word is one for lights.
func (r *Resolver) namesLight(words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return englishKinds[w].of == "light" })
}

// climateWords ask for something else than what there is in a room. They are English.
var climateWords = []string{"degree", "degrees", "warmer", "cooler", "colder", "hotter", "warm", "cold", "hot", "cool"}

// workVerbs begin a request that names a device and says nothing else. They are English.
var workVerbs = []string{"boil", "start", "run", "fire", "light", "activate", "launch", "power", "ignite", "begin", "open", "close", "shut", "stop", "kill", "lock", "unlock", "pause", "mute", "dim", "brighten",
	"check", "use", "deploy", "dispatch", "release", "send", "get", "put", "heat", "warm", "cool", "need", "want", "brew"}

// otherVerb tells whether nothing was said but a verb that no template has for it
// and the name: "empty the kettle" does not turn it on.
func (r *Resolver) otherVerb(text string, targets []string) bool {
	words := strings.Fields(text)
	if len(words) < 2 || slices.Contains(workVerbs, words[0]) || r.s.lang.determines(words[0]) {
		return false
	}
	for n, w := range words {
		named := slices.ContainsFunc(targets, func(id string) bool { i := r.device(id); return i >= 0 && r.calls(i, w) })
		if n == 0 && named || n > 0 && !named && !r.s.lang.determines(w) {
			return false
		}
	}
	return true
}

// little are words for a small part. Of a temperature a degree is one. They are English.
var little = []string{"bit", "little", "slightly", "tad", "touch", "notch", "smidge", "somewhat"}

func anyOf(words, list []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(list, w) })
}

// lightWords speak of light, or of what was spoken of, where nothing is named. They are English.
var lightWords = []string{"dark", "darkness", "darker", "bright", "brighter", "brightness", "gloomy", "gloom", "dim", "see", "glow", "glare", "shine", "black", "pitch", "light", "lit", "illuminate",
	"it", "them", "that", "those", "this", "everything", "all"}

// denials are words that turn "on" and "open" into their opposite. They are English.
var denials = []string{"without", "longer", "anymore", "enough", "nobody", "unnecessary", "needless", "waste", "wasting"}

// denies tells whether a sentence wants something not to be. "No, turn it on" wants it to be.
func denies(words []string) bool {
	for i, w := range words {
		_, thing := englishKinds[w]
		if slices.Contains(denials, w) || thing && i > 0 && words[i-1] == "no" {
			return true
		}
	}
	return false
}

// calls tells whether a word is one of a device's names, or the beginning of one:
// "leds" and "fire" of "LED strip" and "Fireplace".
func (r *Resolver) calls(i int32, word string) bool {
	e := &r.names.Entities[i]
	for _, name := range append([]string{e.Name}, e.Aliases...) {
		for w := range strings.FieldsSeq(r.s.lang.letters.normalize(name)) {
			if w == word || len(word) >= 4 && (strings.HasPrefix(w, word) || word == w+"s") {
				return true
			}
		}
	}
	return false
}

// determines tells whether a word stands before a noun: the, my, this.
func (l *language) determines(word string) bool {
	return slices.Contains(l.determiners, word)
}

// callsAny tells whether any device is called so.
func (r *Resolver) callsAny(word string) bool {
	for i := range r.names.Entities {
		if r.calls(int32(i), word) {
			return true
		}
	}
	return false
}

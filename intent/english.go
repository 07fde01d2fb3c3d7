package intent

import (
	"slices"
	"strings"
)

// frameWords are the words of one language that the repair tier tags, and its frames.
type frameWords struct {
	frames []frame
	model  *linear
	lists  []listTag
}

// listTag is a list of the sentences whose values are tagged.
type listTag struct {
	part int32
	kind tagKind
}

// newFrameWords finds the lists of a language that has frames. Only English has.
func newFrameWords(s *Sentences) *frameWords {
	if s.lang.code != "en" {
		return nil
	}
	model, err := readLinear(englishWeights)
	if err != nil {
		panic(err) // the file is part of the program
	}
	w := &frameWords{frames: englishFrames, model: model}
	kinds := map[string]tagKind{"color": tagColor, "temperature": tagWarmth, "brightness": tagLevel, "position": tagLevel}
	for _, n := range s.net.nodes {
		if n.kind != nodeCall || n.slot < 0 || s.net.parts[n.part].kind != partList {
			continue
		}
		if kind, ok := kinds[s.slots[n.slot]]; ok {
			if l := (listTag{n.part, kind}); !slices.Contains(w.lists, l) {
				w.lists = append(w.lists, l)
			}
		}
	}
	return w
}

// kindWord is a word for a kind of devices.
type kindWord struct {
	of   string
	said string // as the templates have it
}

var englishKinds = map[string]kindWord{
	"light": {"light", "lights"}, "lights": {"light", "lights"}, "lighting": {"light", "lights"}, "lamp": {"light", "lights"}, "lamps": {"light", "lights"},
	"bulbs": {"light", "lights"}, "blind": {"cover", "blinds"}, "blinds": {"cover", "blinds"}, "shades": {"cover", "shades"}, "shutters": {"cover", "shutters"},
	"curtain": {"cover", "curtains"}, "curtains": {"cover", "curtains"}, "drapes": {"cover", "curtains"},
	"fan": {"fan", "fan"}, "fans": {"fan", "fans"}, "heating": {"climate", "heating"}, "heat": {"climate", "heating"}, "thermostat": {"climate", "heating"},
	"radiator": {"climate", "heating"}, "tv": {"media_player", "tv"}, "telly": {"media_player", "tv"}, "television": {"media_player", "tv"},
	"music": {"media", "music"}, "window": {"window", "windows"}, "windows": {"window", "windows"}, "doors": {"door", "doors"},
	"motion": {"motion", "motion"}, "movement": {"motion", "motion"}, "humidity": {"humidity", "humidity"}, "everything": {"all", "everything"},
}

var (
	englishUnits       = []string{"second", "seconds", "minute", "minutes", "hour", "hours"}
	englishNumberWords = strings.Fields("one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred")
	englishDays        = strings.Fields("monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays sundays today tonight tomorrow weekdays weekends daily")
	englishSun         = []string{"sunset", "sunrise", "dusk", "dawn"}
	partsOfDay         = []string{"morning", "evening", "afternoon", "night"}
)

func englishNumber(w string) bool {
	return w[0] >= '0' && w[0] <= '9' || slices.Contains(englishNumberWords, w)
}

// special tags durations, clock times, days and kinds of devices; the tag has no words where there is none.
func (v *frameWords) special(words []string, i int) tag {
	at := func(k int) string {
		if k < len(words) {
			return words[k]
		}
		return ""
	}
	numbers := func(k int) int { // how many words of a number begin at k
		n := k
		for n < len(words) && englishNumber(words[n]) {
			n++
		}
		return n - k
	}
	w := words[i]
	// durations
	n := numbers(i)
	switch {
	case n > 0 && at(i+n) == "and" && at(i+n+1) == "a" && at(i+n+2) == "half" && slices.Contains(englishUnits, at(i+n+3)):
		return tag{kind: tagDuration, words: n + 4}
	case n > 0 && slices.Contains(englishUnits, at(i+n)):
		end := i + n + 1
		switch more := numbers(end); {
		case at(end) == "and" && at(end+1) == "a" && at(end+2) == "half":
			end += 3
		case more > 0 && slices.Contains(englishUnits, at(end+more)):
			end += more + 1
		case at(end) == "and" && numbers(end+1) > 0 && slices.Contains(englishUnits, at(end+1+numbers(end+1))):
			end += 2 + numbers(end+1)
		}
		return tag{kind: tagDuration, words: end - i}
	case n > 0 && (at(i+n) == "more" || at(i+n) == "less" || at(i+n) == "fewer") && slices.Contains(englishUnits, at(i+n+1)):
		return tag{kind: tagDuration, words: n + 2, text: strings.Join(words[i:i+n], " ") + " " + at(i+n+1)}
	case (w == "an" || w == "a") && slices.Contains(englishUnits, at(i+1)):
		if at(i+2) == "and" && at(i+3) == "a" && at(i+4) == "half" {
			return tag{kind: tagDuration, words: 5}
		}
		return tag{kind: tagDuration, words: 2}
	case w == "half" && at(i+1) == "an" && at(i+2) == "hour":
		return tag{kind: tagDuration, words: 3}
	}
	// clock times
	hour := func(k int) int {
		if n := numbers(k); n > 0 && n <= 3 {
			return n
		}
		return 0
	}
	suffix := func(k int) int { // am, pm, o'clock
		switch {
		case slices.Contains([]string{"am", "pm", "o'clock"}, at(k)):
			return 1
		case at(k) == "a" && at(k+1) == "m", at(k) == "p" && at(k+1) == "m":
			return 2
		}
		return 0
	}
	switch {
	case (w == "half" || w == "quarter") && (at(i+1) == "past" || at(i+1) == "to") && hour(i+2) > 0:
		n := 2 + hour(i+2)
		return tag{kind: tagClock, words: n + suffix(i+n)}
	case n > 0 && (at(i+n) == "past" || at(i+n) == "to") && hour(i+n+1) > 0 && !strings.HasPrefix(at(i+n+1), "0"):
		n += 1 + hour(i+n+1)
		return tag{kind: tagClock, words: n + suffix(i+n)}
	case n > 0 && suffix(i+n) > 0:
		return tag{kind: tagClock, words: n + suffix(i+n)}
	case n == 2 && len(w) <= 2 && len(at(i+1)) == 2 && at(i + 1)[0] >= '0' && at(i + 1)[0] <= '5' && w[0] <= '9' && w[0] >= '0':
		return tag{kind: tagClock, words: 2} // 6:30
	case n >= 2 && i > 0 && (words[i-1] == "at" || words[i-1] == "for") && slices.Index(englishNumberWords, w) < 12 && slices.Contains(englishNumberWords, w):
		return tag{kind: tagClock, words: n} // at six thirty
	case w == "noon", w == "midnight", w == "midday":
		return tag{kind: tagClock, words: 1}
	case n > 0 && i > 0 && words[i-1] == "at" && at(i+n) == "in" && at(i+n+1) == "the" && slices.Contains(partsOfDay, at(i+n+2)):
		return tag{kind: tagClock, words: n + 3}
	}
	// days
	switch {
	case slices.Contains(englishDays, w):
		if slices.Contains(partsOfDay, at(i+1)) {
			return tag{kind: tagDay, words: 2}
		}
		return tag{kind: tagDay, words: 1}
	case w == "every" && (slices.Contains(partsOfDay, at(i+1)) || slices.Contains(englishDays, at(i+1)) || at(i+1) == "day" || at(i+1) == "weekday"):
		return tag{kind: tagDay, words: 2}
	case w == "this" && slices.Contains(partsOfDay, at(i+1)):
		return tag{kind: tagDay, words: 2}
	case w == "in" && at(i+1) == "the" && slices.Contains(partsOfDay, at(i+2)):
		return tag{kind: tagDay, words: 3}
	case slices.Contains(englishSun, w):
		return tag{kind: tagSun, words: 1}
	}
	if k, ok := englishKinds[w]; ok {
		return tag{kind: tagKinds, words: 1, of: k.of}
	}
	return tag{}
}

// tells tells whether a sentence is about what others do, or about what has
// been: nothing that is asked of the house now. The words are English.
func tells(words []string) bool {
	switch words[0] {
	case "she", "he", "they", "both", "everyone", "everybody", "someone", "somebody", "nobody":
		return true
	}
	for i, w := range words {
		if w == "no" && i+1 < len(words) && words[i+1] == "need" || (w == "ask" || w == "tell") && slices.Contains(words[i+1:], "to") {
			return true
		}
		if w == "yesterday" || w == "ago" || w == "last" && i+1 < len(words) && slices.Contains([]string{"night", "week", "month", "year"}, words[i+1]) {
			return true
		}
	}
	return false
}

// asks tells whether a sentence begins as a question does, to which an action is
// no answer. "Can you" and "could you" are requests. The words are English.
func asks(words []string) bool {
	switch words[0] {
	case "when", "why", "who", "which", "where", "is", "are", "was", "were", "did", "does", "has", "have", "should":
		return true
	case "how":
		return len(words) > 1 && words[1] != "about"
	case "do":
		return len(words) > 1 && (words[1] == "we" || words[1] == "i" || words[1] == "they")
	case "can", "could", "will", "would":
		return len(words) > 1 && words[1] != "you" && words[1] != "we" && words[1] != "i" && words[1] != "somebody" && words[1] != "someone"
	}
	return false
}

// limits are words that take something out of a request, put it off or end it.
// Who passes over one does what was not asked for.
var limits = []string{"except", "excepting", "excluding", "apart", "bar", "barring", "save", "besides", "but", "unless", "until", "till", "while", "when", "whenever", "once", "if", "because"}

// quantities say how much of the house is meant.
var quantities = []string{"all", "every", "each", "everything", "everywhere", "whole"}

// parts, before "of", are less than all of the house.
var parts = []string{"half", "third", "quarter", "most", "some", "none", "few", "one", "two", "either"}

// passesOver tells whether what is said instead leaves out what limits the
// sentence, how much of the house it is for, or one of two opposite ends.
func passesOver(words, instead []string) bool {
	for _, w := range words {
		if slices.Contains(limits, w) && !slices.Contains(instead, w) {
			return true
		}
	}
	has := func(list []string, any []string) bool {
		return slices.ContainsFunc(any, func(w string) bool { return slices.Contains(list, w) })
	}
	if has(words, quantities) && !has(instead, quantities) {
		return true
	}
	for i, w := range words[:len(words)-1] {
		if words[i+1] == "of" && slices.Contains(parts, w) && !slices.Contains(instead, w) {
			return true
		}
	}
	for _, pair := range [][2]string{{"on", "off"}, {"open", "close"}} {
		if slices.Contains(words, pair[0]) && slices.Contains(words, pair[1]) && !(slices.Contains(instead, pair[0]) && slices.Contains(instead, pair[1])) {
			return true
		}
	}
	return false
}

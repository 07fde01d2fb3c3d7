package intent

import (
	"math"
	"slices"
	"strings"
)

// maxRepairSteps bounds the work on a sentence that no template fits, as
// maxSteps does that of the templates before it.
const maxRepairSteps = 40_000

// maxAlternatives bounds the recogniser's other readings that are tried.
const maxAlternatives = 8

// maxTrySteps bounds one of the sentences that are tried instead.
const maxTrySteps = 4_000

// Resolve says what a sentence means in this home, or why it means nothing. The
// templates are asked first. Where they know the sentence neither as a command
// nor as a question that needs an answer, the repair tier looks for the sentence
// that was meant:
//
//   - what else the recogniser heard (Query.Alternatives);
//   - words and names that sound like those that were heard;
//   - what such words usually ask for, said again in words of the templates.
//
// Each find is resolved by the templates, and is given a confidence that was
// measured (docs/understanding.md). From actAt on it is the intent; from askAt on
// the house asks; below it is refused, for the templates' reason. What opens the
// house, or sets it free, is always asked, and from actAt on only.
func (r *Resolver) Resolve(q Query) Intent {
	in := r.Match(q)
	if in.Refusal != NotRecognized && in.Refusal != NotCommand {
		return in
	}
	if taught, ok := r.calledSo(q); ok {
		return taught
	}
	if repaired := r.Repair(q); repaired.Refusal == "" || repaired.Refusal == Ambiguous {
		return repaired
	}
	return in
}

// Repair is Resolve by the repair tier alone.
func (r *Resolver) Repair(q Query) Intent {
	refused := Intent{Tier: Repair, Refusal: NotRecognized}
	f, ok := r.repair(q)
	if !ok {
		return refused
	}
	p := f.confidence()
	in := f.intent
	in.Tier, in.Confidence = Repair, p
	for i := range in.Also {
		in.Also[i].Tier, in.Also[i].Confidence = Repair, p
	}
	switch {
	case p >= actAt && !f.doubtful && !r.guarded(&in):
		return in
	case r.askable(&in) && (p >= actAt || p >= askAt && !r.guarded(&in)):
		open := in
		open.Doubtful = f.doubtful || r.guarded(&in)
		return Intent{Tier: Repair, Confidence: p, Refusal: Ambiguous, Slots: in.Slots, Candidates: in.Targets, Open: &open}
	}
	refused.Confidence = p
	return refused
}

// source is how a find was come by.
type source uint8

const (
	fromAlternative source = iota // the recogniser heard it as well
	fromSound                     // it sounds like what was heard
	fromFrame                     // it is what such words ask for
)

// find is an intent that may have been meant, and what speaks for and against it.
type find struct {
	intent    Intent
	source    source
	text      string // that the templates resolved
	frame     string
	cost      float64 // of the corrections
	changes   int
	heard     float64 // confidence of the alternative
	p         float64 // of the frame
	second    float64 // of the next frame
	nothing   float64 // that it is not for the house
	unknown   int     // words that mean nothing to the house
	words     int
	certain   float64 // confidence of the templates
	idle      bool    // the devices are in that state already
	named     bool
	agreed    bool // another source found the same
	certainly int  // changes of words that the house knows
	strange   int  // words that do not speak for the frame
	values    bool // a number is in it

	doubtful bool // not to be carried out, however probable it is
}

// effort is what was spent on a sentence.
type effort struct{ steps, tried, compared int }

// repair returns the best find. How words sound, and which ways to speak count
// against a find, is English, the only language with frames: nothing is repaired
// in another language yet.
func (r *Resolver) repair(q Query) (best find, ok bool) {
	if r.s.frames() == nil {
		return find{}, false
	}
	best, ok, _ = r.search(q)
	return best, ok
}

func (r *Resolver) search(q Query) (best find, ok bool, spent effort) {
	m := r.pool.Get().(*match)
	defer r.pool.Put(m)
	m.spent = false
	at := setting{room: r.room(q.Room), states: q.States, now: q.Now, said: q.Context}
	left := maxRepairSteps
	try := func(text string, several bool) (in Intent, ok bool) {
		if left <= 0 {
			return Intent{}, false
		}
		budget := min(left, maxTrySteps)
		m.steps, m.spent = maxSteps-budget, false
		if list, _ := m.requests(r, text, at, map[bool]int{false: 1, true: 2}[several]); len(list) > 0 {
			list = condensed(list)
			in, ok = list[0], true
			in.Also = list[1:]
			if len(in.Also) == 0 {
				in.Also = nil
			}
		}
		left -= m.steps - (maxSteps - budget)
		spent.steps += m.steps - (maxSteps - budget)
		spent.tried++
		m.spent = false
		return in, ok
	}
	var finds []find
	text := r.s.lang.letters.normalize(q.Text)
	words := strings.Fields(text)
	if len(words) == 0 || len(words) > maxTagWords || len(text) > maxText || tells(words) {
		return best, false, spent
	}
	offer := func(f find) {
		if f.source != fromAlternative && (passesOver(words, strings.Fields(f.text)) || asks(words) && !question(f.intent.Name)) {
			return
		}
		if f.source != fromAlternative && r.strays(text, &f, at) {
			return
		}
		f.certain, f.idle = f.intent.Confidence, r.idle(&f.intent, at)
		for i := range finds {
			if o := &finds[i]; o.source != f.source && o.intent.Name == f.intent.Name && slices.Equal(o.intent.Targets, f.intent.Targets) && sameRequest(o.intent, f.intent) {
				o.agreed, f.agreed = true, true
			}
		}
		finds = append(finds, f)
	}

	for _, a := range q.Alternatives[:min(len(q.Alternatives), maxAlternatives)] {
		if t := r.s.lang.letters.normalize(a.Text); t != text {
			if in, fits := try(t, true); fits {
				offer(find{intent: in, source: fromAlternative, text: t, heard: a.Confidence, words: len(words)})
			}
		}
	}
	if f, fits := r.framed(m, text, at, try); fits {
		offer(f)
	}
	if !slices.ContainsFunc(finds, func(f find) bool { return f.sure() }) && !slices.ContainsFunc(words, func(w string) bool { return slices.Contains(r.s.lang.negations, w) }) {
		spent.compared = r.misheard(words, q.Tokens, try, offer)
	}
	for i := range finds {
		if f := &finds[i]; !ok || f.sure() && !best.sure() || f.sure() == best.sure() && f.confidence() > best.confidence() {
			best, ok = *f, true
		}
	}
	return best, ok, spent
}

// framed finds what the words of a sentence usually ask for.
func (r *Resolver) framed(m *match, text string, at setting, try func(string, bool) (Intent, bool)) (f find, ok bool) {
	v := r.s.frames()
	m.steps, m.spent = maxSteps-maxTrySteps, false
	t, ok := m.tag(r, text)
	if !ok {
		return f, false
	}
	if !t.joined() || t.forbids() || t.fraction() {
		return f, false
	}
	known := func(w string) bool { return v.model.knows(w) }
	shares := v.model.predict(v.model.describe(&t, known))
	f = find{source: fromFrame, words: len(t.words)}
	for _, g := range t.tags {
		if g.kind == tagWord && !known(g.text) {
			f.unknown++
		}
		f.named = f.named || g.kind == tagName || g.kind == tagKinds || g.kind == tagArea || g.kind == tagFloor
	}
	f.nothing = probability(shares, frameNothing) + probability(shares, frameElsewhere)
	tried := 0
	for i, s := range shares {
		if s.p < minFrame || tried == maxFrames {
			break
		}
		k := slices.IndexFunc(v.frames, func(f frame) bool { return f.name == s.frame })
		if k < 0 || t.contradicts(s.frame) || (s.frame == "on" || s.frame == "off") && t.pronoun() && at.said == (Context{}) {
			continue
		}
		tried++
		for _, said := range v.frames[k].say(&t, at.said != (Context{})) {
			in, fits := try(said, true)
			if !fits || frameOf(&in, &t) != s.frame {
				continue
			}
			f.intent, f.text, f.frame, f.p = in, said, s.frame, s.p
			// A name alone is nothing to do, a scene's may be small talk ("good night"), and an unknown word may be a unit.
			f.doubtful = len(t.tags) == 1 && f.named || s.frame == "activate" && !t.starts() || f.unknown > 0 && t.first(tagNumber) != nil
			// So is all that a room has: "turn everything off the table".
			if _, kind := in.Slots["domain"]; in.Slots["name"] == "all" && !kind {
				f.doubtful = true
			}
			f.strange = t.strange(v.model, s.frame)
			f.values = t.first(tagNumber) != nil || t.first(tagDuration) != nil
			f.doubtful = f.doubtful || f.nothing > f.p || r.dubious(&t, &f)
			for n, other := range shares {
				if n != i && other.frame != frameNothing && other.frame != frameElsewhere {
					f.second = other.p
					break
				}
			}
			return f, true
		}
	}
	return f, false
}

// Frames less probable than minFrame are not tried, nor more than maxFrames.
const (
	minFrame  = 0.15
	maxFrames = 2
)

func probability(shares []share, frame string) float64 {
	for _, s := range shares {
		if s.frame == frame {
			return s.p
		}
	}
	return 0
}

// misheard finds sentences that sound like the one that was heard.
func (r *Resolver) misheard(words []string, tokens []Token, try func(string, bool) (Intent, bool), offer func(find)) (compared int) {
	known := func(w string) bool { return r.s.words[w] || r.words[w] || w[0] >= '0' && w[0] <= '9' }
	doubt := make([]float32, len(words))
	for i, w := range words {
		for _, t := range tokens {
			if r.s.lang.letters.normalize(t.Text) == w {
				doubt[i] = float32(1 - t.Probability)
			}
		}
	}
	unknown := 0
	for _, w := range words {
		if !known(w) {
			unknown++
		}
	}
	if unknown > maxCorrections || unknown*3 > len(words)*2 {
		return 0
	}
	list, compared := r.lexicon().corrections(words, known, doubt)
	numbers := slices.ContainsFunc(words, r.s.lang.numbers.isNumber)
	var found []find
	for _, v := range variants(words, list, known) {
		in, fits := try(v.text, strings.Contains(v.text, " and "))
		if !fits || len(found) > 0 && sameRequest(found[0].intent, in) && slices.Equal(found[0].intent.Targets, in.Targets) {
			continue
		}
		found = append(found, find{intent: in, source: fromSound, text: v.text, cost: float64(v.cost), changes: v.changes, certainly: v.certain, unknown: unknown, words: len(words), values: numbers,
			doubtful: v.dropped && numbers || v.strong*2 >= len(words) || slices.ContainsFunc(strings.Fields(v.text), alikeNumber) || clearsAll(&in) && !anyOf(words, quantities) && !anyOf(words, severalEntries)})
		if len(found) == 2 {
			break
		}
	}
	if len(found) == 2 && found[1].cost-found[0].cost < nearlyAsLike {
		found[0].doubtful = true
	}
	for _, f := range found {
		offer(f)
	}
	return compared
}

// askable tells whether the house can say what it would do: something with devices, or
// with what it has in its book.
func (r *Resolver) askable(in *Intent) bool {
	return len(in.Targets) > 0 || in.Command != nil || strings.HasPrefix(in.Name, "HassShoppingList") || strings.HasPrefix(in.Name, "HassList") || slices.Contains(booked, in.Name)
}

// booked are the intents that change timers, alarms, reminders and lists.
var booked = []string{"HassStartTimer", "HassCancelTimer", "HassCancelAllTimers", "HassPauseTimer", "HassUnpauseTimer", "HassIncreaseTimer", "HassDecreaseTimer",
	"CricketSetAlarm", "CricketCancelAlarm", "CricketSetReminder", "CricketCancelReminder", "CricketCancelSchedule", "CricketListClear"}

// questions only ask, and change nothing.
func question(name string) bool {
	return strings.HasPrefix(name, "HassGet") || strings.HasSuffix(name, "Status") || name == "HassClimateGetTemperature" || name == "CricketDescribe"
}

// guarded tells whether an intent does something to a lock, a door to the street or an alarm.
func (r *Resolver) guarded(in *Intent) bool {
	if !question(in.Name) {
		for _, id := range in.Targets {
			i := r.device(id)
			if i < 0 {
				continue
			}
			if r.names.Entities[i].Guarded() {
				return true
			}
		}
	}
	if in.Command != nil && r.guarded(in.Command) {
		return true
	}
	return slices.ContainsFunc(in.Also, func(in Intent) bool { return r.guarded(&in) })
}

// idle tells whether an intent would change nothing: its devices are in that state already.
func (r *Resolver) idle(in *Intent, at setting) bool {
	var done []string
	switch in.Name {
	case "HassTurnOn":
		done = []string{"on", "open", "locked"}
	case "HassTurnOff":
		done = []string{"off", "closed", "unlocked"}
	}
	if done == nil || len(in.Targets) == 0 {
		return false
	}
	return !slices.ContainsFunc(in.Targets, func(id string) bool {
		i := r.device(id)
		return i < 0 || !slices.Contains(done, at.state(&r.names.Entities[i]))
	})
}

// evidence is what the confidence of a find is computed from, by source.
func (f *find) evidence() []float64 {
	no := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	switch f.source {
	case fromAlternative:
		return []float64{1, f.heard, 1 - f.certain, no(f.idle), no(f.agreed)}
	case fromSound:
		return []float64{1, f.cost, float64(f.changes), f.cost / float64(max(1, f.words)), float64(f.unknown), 1 - f.certain, no(f.idle), min(float64(f.words), 8) / 8, no(f.agreed), no(f.values), float64(f.certainly)}
	}
	logit := func(p float64) float64 { return math.Log((p + 1e-4) / (1 - p + 1e-4)) }
	return []float64{1, logit(f.p), logit(f.nothing), logit(f.second), float64(min(f.unknown, 4)), 1 - f.certain, no(f.idle), no(!f.named), min(float64(f.words), 12) / 12, no(f.agreed), float64(min(f.strange, 4)), no(f.values)}
}

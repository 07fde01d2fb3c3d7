package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/intent/corpus"
	"github.com/cricket-home/cricket/intent/llm"
)

// example is a sentence in a house, and what is to be answered.
type example struct {
	family string
	goal   string
	query  intent.Query
	answer string        // as the model is to write it; "": what is meant is not among the candidates
	want   []corpus.Want // any of them; nil: it must not act
}

// act is one thing that is to be done.
type act struct {
	verb, intent string
	ids          []string
	slot         string
	value        any // float64 or string
}

// verbs are those of package llm, with what they become.
var verbs = map[string]struct{ intent, slot string }{
	"turn_on": {"HassTurnOn", ""}, "turn_off": {"HassTurnOff", ""}, "open": {"HassTurnOn", ""}, "close": {"HassTurnOff", ""}, "run": {"HassTurnOn", ""},
	"brightness": {"HassLightSet", "brightness"}, "color": {"HassLightSet", "color"}, "position": {"HassSetPosition", "position"},
	"temperature": {"HassClimateSetTemperature", "temperature"}, "volume": {"HassSetVolume", "volume_level"},
	"pause": {"HassMediaPause", ""}, "play": {"HassMediaUnpause", ""}, "start": {"HassVacuumStart", ""}, "dock": {"HassVacuumReturnToBase", ""},
}

func (a act) want() corpus.Want {
	w := corpus.Want{Intent: a.intent, Targets: a.ids}
	if a.slot != "" {
		w.Slots = map[string]any{a.slot: a.value}
	}
	return w
}

// teller makes examples of one house.
type teller struct {
	r        *rand.Rand
	house    *house
	families []family
}

// example is one of a family, or nil where the house has nothing for it.
func (t *teller) example(f family) *example {
	x := &example{family: f.name, goal: f.goal, query: intent.Query{States: t.house.states}}
	if t.r.IntN(5) > 0 {
		x.query.Room = t.house.names.Areas[t.r.IntN(len(t.house.names.Areas))].ID
	}
	pattern := draw(t.r, f.patterns[t.r.IntN(len(f.patterns))])
	var acts []act
	switch f.goal {
	case "act":
		var a act
		a, x.query.Text, x.query.Room = t.act(f, pattern, x.query.Room)
		if a.ids == nil {
			return nil
		}
		acts = []act{a}
	case "join":
		acts, x.query.Text = t.join(f, pattern)
		if acts == nil {
			return nil
		}
	case "except":
		acts, x.query.Text = t.except(f, pattern)
		if acts == nil {
			return nil
		}
	case "correct":
		right, wrong := t.device(f.words[0], f.words[1:]), t.device(f.words[0], f.words[1:])
		if right == nil || wrong == nil || right == wrong {
			return nil
		}
		acts = []act{{verb: f.words[0], intent: verbs[f.words[0]].intent, ids: []string{right.ID}}}
		x.query.Text = strings.NewReplacer("{x}", t.house.spoken(t.r, right), "{y}", t.house.spoken(t.r, wrong)).Replace(pattern)
	case "lacks":
		e := t.device("", f.words[1:])
		if e == nil {
			return nil
		}
		x.query.Text = strings.NewReplacer("{x}", t.house.spoken(t.r, e), "{v}", strconv.Itoa(5+t.r.IntN(90))).Replace(pattern)
	case "no":
		x.query.Text = strings.NewReplacer("{absent}", t.absent(), "{v}", strconv.Itoa(5+t.r.IntN(90))).Replace(pattern)
	default:
		return t.words(x, f, pattern)
	}
	if x.query.Text == "" {
		return nil
	}
	switch {
	case len(acts) > 0:
		first := acts[0].want()
		for _, a := range acts[1:] {
			first.Also = append(first.Also, a.want())
		}
		x.want = []corpus.Want{first}
		if f.goal == "except" {
			together := acts[0]
			together.ids = nil
			for _, a := range acts {
				together.ids = append(together.ids, a.ids...)
			}
			x.want = append(x.want, together.want())
		}
		x.answer = t.written(x.query, acts)
	default:
		x.answer = `{"no":true}`
	}
	return x
}

// act fills a pattern with a device, or with the room's.
func (t *teller) act(f family, pattern, room string) (a act, text, where string) {
	verb := f.words[0]
	domains := f.words[1:]
	a = act{verb: verb, intent: verbs[verb].intent, slot: verbs[verb].slot}
	if i := slices.Index(domains, "to"); i >= 0 {
		v, _ := strconv.ParseFloat(domains[i+1], 64)
		a.value, domains = v, domains[:i]
	} else {
		switch a.slot {
		case "color":
			a.value = draw(t.r, "(white|red|green|blue|yellow|orange|purple|pink|turquoise|violet)")
		case "temperature":
			a.value = float64(15 + t.r.IntN(12))
		case "":
		default:
			a.value = float64(5 * (1 + t.r.IntN(19)))
			if t.r.IntN(4) == 0 {
				a.value = float64(1 + t.r.IntN(99))
			}
		}
	}
	e := t.device(verb, domains)
	if e == nil {
		return act{}, "", ""
	}
	x := ""
	together := t.house.in(e.Area, e.Domain())
	plural := map[string]string{"light": "lights", "cover": draw(t.r, "(blinds|shutters)"), "switch": "switches", "fan": "fans", "media_player": "players"}[e.Domain()]
	here := !strings.Contains(pattern, "{x}")
	if here && e.Area == "" {
		return act{}, "", ""
	}
	everyone := len(together) > 1 && (here || t.r.IntN(6) == 0) && plural != ""
	if here && len(together) > 1 && plural == "" {
		return act{}, "", ""
	}
	if everyone {
		for _, other := range together {
			if !able(verb, other) {
				return act{}, "", ""
			}
			a.ids = append(a.ids, other.ID)
		}
		slices.Sort(a.ids)
		x = all(t.r, plural, t.house.area(e.Area))
	} else {
		a.ids = []string{e.ID}
		x = t.house.spoken(t.r, e)
	}
	if here && !strings.Contains(pattern, "{r}") {
		room = e.Area
	}
	value := ""
	switch v := a.value.(type) {
	case float64:
		value = strconv.FormatFloat(v, 'f', -1, 64)
	case string:
		value = v
	}
	return a, strings.NewReplacer("{x}", x, "{r}", t.house.area(e.Area), "{v}", value, "{t}", value, "{c}", value).Replace(pattern), room
}

// join puts two or three acts into one sentence.
func (t *teller) join(f family, pattern string) (acts []act, text string) {
	for i, hole := range []string{"{a}", "{b}", "{c}"} {
		if !strings.Contains(pattern, hole) {
			continue
		}
		for range 20 {
			part := t.families[t.r.IntN(len(t.families))]
			if part.goal != "act" || part.kept != f.kept {
				continue
			}
			p := draw(t.r, part.patterns[t.r.IntN(len(part.patterns))])
			if !strings.Contains(p, "{x}") && !strings.Contains(p, "{r}") {
				continue
			}
			if a, said, _ := t.act(part, p, ""); a.ids != nil && !slices.ContainsFunc(acts, func(b act) bool { return slices.Equal(a.ids, b.ids) }) {
				acts = append(acts, a)
				pattern = strings.ReplaceAll(pattern, hole, said)
				break
			}
		}
		if len(acts) <= i {
			return nil, ""
		}
	}
	return acts, pattern
}

// except does something to all of a room but one.
func (t *teller) except(f family, pattern string) (acts []act, text string) {
	e := t.device(f.words[0], f.words[1:])
	if e == nil {
		return nil, ""
	}
	for _, other := range t.house.in(e.Area, e.Domain()) {
		if other != e {
			acts = append(acts, act{verb: f.words[0], intent: verbs[f.words[0]].intent, ids: []string{other.ID}})
		}
	}
	if len(acts) > 5 {
		return nil, ""
	}
	name := strings.ToLower(e.Name)
	return acts, strings.NewReplacer("{x}", "the "+name, "{r}", t.house.area(e.Area)).Replace(pattern)
}

// words are examples that are answered in words.
func (t *teller) words(x *example, f family, pattern string) *example {
	switch f.goal {
	case "is":
		e := t.device("", f.words)
		if e == nil {
			return nil
		}
		x.query.Text = strings.ReplaceAll(pattern, "{x}", t.house.spoken(t.r, e))
		x.want = []corpus.Want{{Intent: "HassGetState", Targets: []string{e.ID}}}
		if label := t.label(x.query, []string{e.ID}, ""); label != "" {
			x.answer = fmt.Sprintf(`{"say":"The %s is %s."}`, label, e.State)
		}
	case "which":
		e := t.device("", f.words[:1])
		if e == nil {
			return nil
		}
		x.query.Text = strings.ReplaceAll(pattern, "{r}", t.house.area(e.Area))
		var ids, labels []string
		for _, other := range t.house.in(e.Area, f.words[0]) {
			ids = append(ids, other.ID)
			label := t.label(x.query, []string{other.ID}, "")
			if label == "" {
				return nil
			}
			if other.State == f.words[1] {
				labels = append(labels, label)
			}
		}
		x.want = []corpus.Want{{Intent: "HassGetState", Targets: ids}}
		if labels == nil {
			labels = []string{"None"}
		}
		x.answer = fmt.Sprintf(`{"say":"%s."}`, strings.Join(labels, ", "))
	case "ask":
		nouns := map[string][]*intent.Entity{}
		for i := range t.house.names.Entities {
			e := &t.house.names.Entities[i]
			if words := strings.Fields(strings.ToLower(e.Name)); e.Domain() == f.words[0] {
				nouns[words[len(words)-1]] = append(nouns[words[len(words)-1]], e)
			}
		}
		for noun, list := range nouns {
			if len(list) != 2 || list[0].Area == list[1].Area || noun == "light" || noun == "lights" {
				delete(nouns, noun)
			}
		}
		if len(nouns) == 0 {
			return nil
		}
		noun := slices.Sorted(maps.Keys(nouns))[0]
		x.query.Room = ""
		x.query.Text = strings.ReplaceAll(pattern, "{noun}", noun)
		a, b := t.label(x.query, []string{nouns[noun][0].ID}, ""), t.label(x.query, []string{nouns[noun][1].ID}, "")
		if a != "" && b != "" {
			x.answer = fmt.Sprintf(`{"ask":"%s or %s?"}`, a, b)
		}
	}
	return x
}

// device draws one that can do it.
func (t *teller) device(verb string, domains []string) *intent.Entity {
	domain := domains[t.r.IntN(len(domains))]
	for range 40 {
		e := &t.house.names.Entities[t.r.IntN(len(t.house.names.Entities))]
		if e.Domain() == domain && !e.Guarded() && able(verb, e) {
			return e
		}
	}
	return nil
}

func able(verb string, e *intent.Entity) bool {
	switch verb {
	case "brightness", "color":
		return slices.Contains(e.Features, verb)
	}
	return true
}

// absent is the name of a device that this house has not.
func (t *teller) absent() string {
	for {
		other := newHouse(t.r, false)
		e := &other.names.Entities[t.r.IntN(len(other.names.Entities))]
		name := strings.ToLower(e.Name)
		words := strings.Fields(name)
		if len(words) > 1 && !slices.ContainsFunc(t.house.names.Entities, func(own intent.Entity) bool {
			return strings.Contains(strings.ToLower(own.Name), words[0])
		}) {
			return name
		}
	}
}

// label is what the prompt calls a device that can do it; "": it is not in it.
func (t *teller) label(q intent.Query, ids []string, verb string) string {
	return labelIn(t.house.v.Question(q), ids, verb)
}

func labelIn(q llm.Question, ids []string, verb string) string {
	for _, c := range q.Candidates() {
		if slices.Equal(c.IDs, ids) && (verb == "" || slices.Contains(c.Verbs, verb)) {
			return c.Label
		}
	}
	return ""
}

// written is how the model is to write acts.
func (t *teller) written(q intent.Query, acts []act) string {
	question := t.house.v.Question(q)
	var parts []string
	for _, a := range acts {
		label := labelIn(question, a.ids, a.verb)
		if label == "" {
			return ""
		}
		part := fmt.Sprintf(`{"%s":"%s"`, a.verb, label)
		if a.value != nil {
			value, err := json.Marshal(a.value)
			if err != nil {
				return ""
			}
			part += `,"to":` + string(value)
		}
		parts = append(parts, part+"}")
	}
	return `{"do":[` + strings.Join(parts, ",") + `]}`
}

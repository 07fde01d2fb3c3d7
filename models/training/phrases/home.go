package phrases

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"github.com/cricket-home/cricket/intent"
)

// Home is a made-up home.
type Home struct {
	Names intent.Names
	// Unspoken are the ids of devices in whose names there is a word that no
	// sentence made for training ever holds.
	Unspoken map[string]bool

	domains map[string][]string // names by domain
}

// Kept says whether a word of the pools is kept for evaluation: training never
// says it. It goes by the word itself, so that it holds for every seed; words
// of the sentences themselves cannot be kept.
func Kept(word string) bool {
	h := fnv.New32a()
	h.Write([]byte(word))
	return h.Sum32()%5 == 0 && !taught()[word]
}

// taught are the words that training may say whatever names it draws.
var taught = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	files, err := intent.Builtin("en")
	if err != nil {
		panic(err) // they are embedded
	}
	for _, f := range append(files, Superset()) {
		for _, w := range strings.FieldsFunc(strings.ToLower(string(f.Data)), func(c rune) bool { return (c < 'a' || c > 'z') && c != '\'' }) {
			out[w] = true
		}
	}
	pools := [][]string{rooms(), floors(), items(), chores(), messages(), music(), options()}
	for _, nouns := range things() {
		pools = append(pools, nouns)
	}
	for _, pool := range pools {
		for _, entry := range pool {
			for _, w := range strings.Fields(entry) {
				out[w] = true
			}
		}
	}
	return out
})

// NewHome makes a home with so many devices. In one for training no kept word
// occurs; in one for evaluation half of the devices' names hold one.
func NewHome(r *rand.Rand, devices int, evaluation bool) *Home {
	h := &Home{Unspoken: map[string]bool{}, domains: map[string][]string{}}
	for _, f := range pick(r, floors(), 1+r.IntN(3), Fits(false)) {
		h.Names.Floors = append(h.Names.Floors, intent.Floor{ID: id(f), Name: f})
	}
	for _, name := range h.rooms(r, 5+devices/12) {
		h.Names.Areas = append(h.Names.Areas, intent.Area{ID: id(name), Name: name, Floor: h.Names.Floors[r.IntN(len(h.Names.Floors))].ID})
	}
	taken := map[string]bool{}
	for n := 0; len(h.Names.Entities) < devices; n++ {
		domain := drawDomain(r)
		unspoken := evaluation && len(h.Names.Entities)%2 == 1
		name := h.thing(r, domain, unspoken)
		if taken[name] || name == "" {
			continue
		}
		taken[name] = true
		e := intent.Entity{ID: fmt.Sprintf("%s.%s_%d", domain, id(name), n), Name: name, Area: h.Names.Areas[r.IntN(len(h.Names.Areas))].ID, State: "off"}
		if domain == "light" {
			e.Features = []string{"brightness", "color", "color_temp"}
		}
		if domain == "scene" {
			e.Area = ""
		}
		e.DeviceClass = deviceClass(domain, name)
		h.Names.Entities = append(h.Names.Entities, e)
		h.domains[domain] = append(h.domains[domain], name)
		h.Unspoken[e.ID] = unspoken
	}
	return h
}

// HomeOf makes sentences about a home that is there already.
func HomeOf(n intent.Names) *Home {
	h := &Home{Names: n, Unspoken: map[string]bool{}, domains: map[string][]string{}}
	for _, e := range n.Entities {
		domain, _, _ := strings.Cut(e.ID, ".")
		h.domains[domain] = append(h.domains[domain], strings.ToLower(e.Name))
	}
	return h
}

// Fits is a filter of pool entries: with kept words, or without.
func Fits(kept bool) func(string) bool {
	return func(entry string) bool {
		return slices.ContainsFunc(strings.Fields(entry), Kept) == kept
	}
}

func (h *Home) rooms(r *rand.Rand, n int) []string {
	names := pick(r, rooms(), n, Fits(false))
	for i := range names {
		if r.IntN(6) == 0 {
			names[i] = one(r, people(), Fits(false)) + "'s " + pickOne(r, "room", "bedroom", "office", "study", "den")
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// thing names a device: "reading lamp", "emma's blind", "zorvel light". With
// kept set one of the words before the noun is a kept one.
func (h *Home) thing(r *rand.Rand, domain string, kept bool) string {
	// The nouns themselves are needed, and are in the templates anyhow.
	noun := one(r, things()[domain], nil)
	if domain == "scene" && !kept && r.IntN(2) == 0 {
		return noun
	}
	first := ""
	switch k := r.IntN(20); {
	case k < 11:
		first = one(r, modifiers(), Fits(kept))
	case k < 14:
		first = one(r, people(), Fits(kept)) + "'s"
		if kept && !Kept(strings.TrimSuffix(first, "'s")) {
			return ""
		}
	case k < 17:
		first = Invented(r, kept)
	case k < 18 && !kept:
		return noun + " " + Number(1+r.IntN(9))
	case k < 19:
		first = one(r, modifiers(), Fits(kept)) + " " + one(r, modifiers(), Fits(false))
	default:
		if !kept {
			return noun
		}
		first = one(r, modifiers(), Fits(true))
	}
	return first + " " + noun
}

// Invented is a word that exists nowhere, as brands and pets have them.
func Invented(r *rand.Rand, kept bool) string {
	for {
		var b strings.Builder
		b.WriteString(one(r, onsets(), nil) + one(r, vowels(), nil))
		if r.IntN(3) > 0 {
			b.WriteString(one(r, codas(), nil))
		}
		if r.IntN(3) == 0 {
			b.WriteString(one(r, onsets(), nil) + one(r, vowels(), nil))
		}
		if r.IntN(2) == 0 || b.Len() < 3 {
			b.WriteString(one(r, endings(), nil))
		}
		if w := b.String(); len(w) < 10 && len(w) > 2 && Kept(w) == kept {
			return w
		}
	}
}

// say fills a list that depends on the home.
func (h *Home) say(r *rand.Rand, list string, domains []string) (string, error) {
	switch list {
	case "name":
		var names []string
		for _, d := range domains {
			names = append(names, h.domains[d]...)
		}
		if len(names) == 0 {
			for _, d := range slices.Sorted(maps.Keys(h.domains)) {
				names = append(names, h.domains[d]...)
			}
		}
		return one(r, names, nil), nil
	case "area":
		return strings.ToLower(h.Names.Areas[r.IntN(len(h.Names.Areas))].Name), nil
	case "floor":
		name := strings.ToLower(h.Names.Floors[r.IntN(len(h.Names.Floors))].Name)
		return strings.TrimSuffix(name, " floor"), nil
	case "item", "some_item", "needed":
		return one(r, items(), nil), nil
	case "chore", "todo":
		return one(r, chores(), nil), nil
	case "message", "announcement", "request", "what":
		return one(r, append(messages(), chores()...), nil), nil
	case "music", "query", "some_query", "artist":
		return one(r, music(), nil), nil
	case "option", "own_mode":
		return one(r, options(), nil), nil
	case "person":
		return one(r, people(), Fits(false)), nil
	case "list_name":
		return pickOne(r, "to do", "party", "packing", "hardware", "christmas", "holiday", "birthday", "work", "chores", "camping", "reading"), nil
	case "called":
		return pickOne(r, "disco lamp", "moon", "big one", "sunshine", "reading corner", "the beast", "blinky", "old faithful", "tower", "night owl"), nil
	case "choice":
		return pickOne(r, "left", "right", "first", "second", "big", "small", strings.ToLower(h.Names.Areas[r.IntN(len(h.Names.Areas))].Name)), nil
	case "timer_name", "alarm_name", "entry_name":
		return pickOne(r, one(r, items(), Fits(false)), one(r, items(), Fits(false)), "egg", "laundry", "oven", "tea", "nap", "homework", one(r, people(), Fits(false))), nil
	case "anything", "answer":
		return one(r, append(items(), append(chores(), music()...)...), nil), nil
	}
	return "", fmt.Errorf("no list {%s}", list)
}

func drawDomain(r *rand.Rand) string {
	return pickOne(r, "light", "light", "light", "light", "light", "light", "light", "switch", "switch", "switch", "switch", "fan", "fan", "cover", "cover", "cover",
		"lock", "climate", "media_player", "media_player", "vacuum", "scene", "scene", "sensor", "binary_sensor", "select", "valve", "lawn_mower")
}

func deviceClass(domain, name string) string {
	ends := func(s ...string) bool {
		return slices.ContainsFunc(s, func(e string) bool { return strings.HasSuffix(name, e) })
	}
	switch {
	case domain == "cover" && ends("blind", "blinds"):
		return "blind"
	case domain == "cover" && ends("curtain", "curtains", "drapes"):
		return "curtain"
	case domain == "cover" && ends("garage door"):
		return "garage"
	case domain == "cover" && ends("shutter", "shutters"):
		return "shutter"
	case domain == "cover" && ends("gate"):
		return "gate"
	case domain == "sensor" && ends("temperature", "thermometer"):
		return "temperature"
	case domain == "sensor" && ends("humidity"):
		return "humidity"
	case domain == "sensor" && ends("battery"):
		return "battery"
	case domain == "binary_sensor" && ends("window", "window sensor", "skylight"):
		return "window"
	case domain == "binary_sensor" && ends("door", "door sensor", "hatch"):
		return "door"
	case domain == "binary_sensor" && ends("motion", "motion sensor"):
		return "motion"
	}
	return ""
}

// one draws an entry that fits.
func one(r *rand.Rand, from []string, fits func(string) bool) string {
	for range 1000 {
		if s := from[r.IntN(len(from))]; fits == nil || fits(s) {
			return s
		}
	}
	return from[0]
}

// pick draws n entries that fit, each once.
func pick(r *rand.Rand, from []string, n int, fits func(string) bool) []string {
	var out []string
	for _, i := range r.Perm(len(from)) {
		if len(out) < n && fits(from[i]) {
			out = append(out, from[i])
		}
	}
	return out
}

func pickOne(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }

func id(name string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == ' ':
			return '_'
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			return c
		}
		return -1
	}, strings.ToLower(name))
}

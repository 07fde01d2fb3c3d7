package learned

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/cricket-home/cricket/intent"
)

// Find is what the repair tier understood, as far as a household can have its own ways.
type Find struct {
	Intent     string  `json:"intent"`
	Domain     string  `json:"domain,omitempty"` // of its devices, where they have one in common
	Devices    int     `json:"devices,omitempty"`
	Here       bool    `json:"here,omitempty"` // all of them are in the room that heard it
	Named      bool    `json:"named,omitempty"`
	Hour       int     `json:"hour"` // of the day; -1: not known
	Confidence float64 `json:"confidence"`
}

// features are what a find can have, in the order of its vector.
var features = []string{
	"any",
	"on", "off", "set", "climate", "media", "timer", "list", "question", "talk", "another intent",
	"light", "switch", "cover", "fan", "climate device", "media player", "scene", "another device", "no device",
	"here", "elsewhere", "named", "not named", "one device", "several devices",
	"night", "morning", "day", "evening",
}

// Features are the names of what a find has. There are at most 8 of them.
func (f Find) Features() []string {
	out := []string{"any", kind(f.Intent), domain(f.Domain, f.Devices)}
	pick := func(on bool, yes, no string) {
		if on {
			out = append(out, yes)
		} else {
			out = append(out, no)
		}
	}
	if f.Devices > 0 {
		pick(f.Here, "here", "elsewhere")
		pick(f.Named, "named", "not named")
		pick(f.Devices == 1, "one device", "several devices")
	}
	switch {
	case f.Hour < 0:
	case f.Hour < 6:
		out = append(out, "night")
	case f.Hour < 12:
		out = append(out, "morning")
	case f.Hour < 18:
		out = append(out, "day")
	default:
		out = append(out, "evening")
	}
	return out
}

func kind(name string) string {
	switch {
	case name == "HassTurnOn":
		return "on"
	case name == "HassTurnOff":
		return "off"
	case strings.HasPrefix(name, "HassClimate"):
		return "climate"
	case strings.HasPrefix(name, "HassMedia"), strings.HasPrefix(name, "HassSetVolume"):
		return "media"
	case strings.HasSuffix(name, "Timer"), strings.HasSuffix(name, "Timers"), strings.Contains(name, "Alarm"), strings.Contains(name, "Reminder"), strings.Contains(name, "Schedule"):
		return "timer"
	case strings.Contains(name, "List"):
		return "list"
	case strings.HasPrefix(name, "HassGet"), strings.HasSuffix(name, "Status"), name == "CricketDescribe":
		return "question"
	case strings.HasPrefix(name, "HassLight"), strings.HasPrefix(name, "HassSet"), strings.HasPrefix(name, "HassFan"), strings.HasPrefix(name, "CricketSet"), strings.HasPrefix(name, "CricketSelect"):
		return "set"
	case strings.HasPrefix(name, "Cricket"), name == "HassRespond", name == "HassNevermind", name == "HassBroadcast":
		return "talk"
	}
	return "another intent"
}

func domain(domain string, devices int) string {
	switch domain {
	case "light", "switch", "cover", "fan", "scene":
		return domain
	case "climate":
		return "climate device"
	case "media_player":
		return "media player"
	}
	if devices == 0 {
		return "no device"
	}
	return "another device"
}

// Weights shift how far a find is believed, by feature.
type Weights map[string]float64

const (
	maxWeight = 0.5  // a household moves the log odds of a find by a few tenths per feature
	rate      = 0.05 // of learning
	maxStep   = 0.05 // of a weight at a time
	maxShift  = 1.5  // of the log odds, by all weights together
)

// sound is the weights within their bounds.
func (w Weights) sound() Weights {
	out := Weights{}
	for k, v := range w {
		if slices.Contains(features, k) && !math.IsNaN(v) {
			out[k] = min(max(v, -maxWeight), maxWeight)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// Confidence is that of a find, shifted.
func (w Weights) Confidence(f Find) float64 {
	if len(w) == 0 {
		return f.Confidence
	}
	shift := 0.0
	for _, name := range f.Features() {
		shift += w[name]
	}
	p := min(max(f.Confidence, 0.001), 0.999)
	return sigmoid(math.Log(p/(1-p)) + min(max(shift, -maxShift), maxShift))
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// step is the weights after it turned out whether a find was right: one bounded step of
// logistic regression.
func (w Weights) step(f Find, right bool) Weights {
	wrong := -w.Confidence(f)
	if right {
		wrong++
	}
	out := Weights{}
	for k, v := range w {
		out[k] = v
	}
	by := min(max(rate*wrong, -maxStep), maxStep)
	for _, name := range f.Features() {
		out[name] = min(max(out[name]+by, -maxWeight), maxWeight)
	}
	return out
}

// WithAnswer is the Book after somebody said whether a find was right. Where the step
// would make the self-test worse it is not made, and learned is false.
func (b Book) WithAnswer(f Find, right bool) (next Book, learned bool) {
	w := b.Weights.step(f, right)
	if cost(w) > cost(b.Weights) {
		b.Refused++
		return b, false
	}
	b.Weights, b.Steps = w, b.Steps+1
	return b, true
}

// trial is a find of the self-test, and whether it was what the sentence asked for.
type trial struct {
	Find
	Right bool `json:"right"`
}

//go:embed selftest.jsonl
var selfTest []byte

// trials are finds of the repair tier in sentences of our own corpora, right ones and
// wrong ones. `go test ./home/learned -run SelfTest -write` writes the file.
var trials = sync.OnceValue(func() []trial {
	var out []trial
	in := bufio.NewScanner(bytes.NewReader(selfTest))
	for in.Scan() {
		var t trial
		if err := json.Unmarshal(in.Bytes(), &t); err != nil {
			panic("learned: selftest.jsonl: " + err.Error()) // it is embedded, and a test reads it
		}
		out = append(out, t)
	}
	return out
})

// What is clear in the self-test stays clear, whatever a household teaches: a find that is
// right and surer than clearlyRight is carried out, one that is wrong and less sure than
// clearlyWrong is not. What lies between is for the household to say.
const (
	clearlyRight = 0.85
	clearlyWrong = 0.70
)

// cost is how many finds of the self-test weights turn over.
func cost(w Weights) (n int) {
	for _, t := range trials() {
		p := w.Confidence(t.Find)
		if t.Right && t.Confidence >= clearlyRight && p < intent.ActAt || !t.Right && t.Confidence < clearlyWrong && p >= intent.ActAt {
			n++
		}
	}
	return n
}

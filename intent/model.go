package intent

import (
	"bufio"
	"bytes"
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

//go:embed repair_en.weights
var englishWeights []byte

// linear is a multinomial logistic model: which frame the words of a sentence
// stand for. Fit writes it; its file is a line per feature.
type linear struct {
	frames   []string
	features map[string][]weight
}

type weight struct {
	frame uint8
	value float32
}

// nothing is the frame of what is not for the house, elsewhere that of what is
// for the house but not for a frame.
const (
	frameNothing   = "-"
	frameElsewhere = "+"
)

// readLinear reads a model: a line of frames, then a line per feature, with
// frame:weight in hundredths.
func readLinear(data []byte) (*linear, error) {
	m := &linear{features: map[string][]weight{}}
	in := bufio.NewScanner(bytes.NewReader(data))
	in.Buffer(nil, 1<<20)
	for n := 1; in.Scan(); n++ {
		fields := strings.Split(in.Text(), "\t")
		if n == 1 {
			m.frames = fields
			if len(fields) < 2 || len(fields) > 250 {
				return nil, fmt.Errorf("read weights: line 1 has %d frames: wanted 2 to 250", len(fields))
			}
			continue
		}
		if len(fields) != 2 {
			return nil, fmt.Errorf("read weights: line %d has %d fields, wanted 2", n, len(fields))
		}
		for _, f := range strings.Fields(fields[1]) {
			frame, value, _ := strings.Cut(f, ":")
			i, err := strconv.ParseUint(frame, 10, 8)
			if err != nil || int(i) >= len(m.frames) {
				return nil, fmt.Errorf("read weights: line %d: no frame %q", n, frame)
			}
			v, err := strconv.Atoi(value)
			if err != nil {
				return nil, fmt.Errorf("read weights: line %d: weight %q is no number", n, value)
			}
			m.features[fields[0]] = append(m.features[fields[0]], weight{uint8(i), float32(v) / 100})
		}
	}
	return m, in.Err()
}

// share is a frame and how probable it is.
type share struct {
	frame string
	p     float64
}

// predict returns the frames with their probabilities, the best first.
func (m *linear) predict(features []string) []share {
	sums := make([]float64, len(m.frames))
	for _, f := range features {
		for _, w := range m.features[f] {
			sums[w.frame] += float64(w.value)
		}
	}
	most := slices.Max(sums)
	var total float64
	for i := range sums {
		sums[i] = math.Exp(sums[i] - most)
		total += sums[i]
	}
	out := make([]share, len(sums))
	for i, s := range sums {
		out[i] = share{m.frames[i], s / total}
	}
	slices.SortFunc(out, func(a, b share) int {
		switch {
		case a.p > b.p:
			return -1
		case a.p < b.p:
			return 1
		}
		return strings.Compare(a.frame, b.frame)
	})
	return out
}

// weigh is the weight of a feature for a frame.
func (m *linear) weigh(feature, frame string) float32 {
	for _, w := range m.features[feature] {
		if m.frames[w.frame] == frame {
			return w.value
		}
	}
	return 0
}

// knows tells whether a word has been seen when the model was fitted.
func (m *linear) knows(word string) bool { return m.features["w:"+word] != nil }

// features of a tagged sentence: its words and tags, pairs of them, and what kinds there are.
func (m *linear) describe(t *tagged, known func(string) bool) []string {
	sequence := make([]string, 0, len(t.tags)+2)
	sequence = append(sequence, "^")
	out := []string{"bias"}
	unknown, plain := 0, 0
	for _, g := range t.tags {
		switch s := tagNames[g.kind]; {
		case g.kind == tagWord && !known(g.text):
			unknown++
			plain++
			sequence = append(sequence, "?")
		case g.kind == tagWord:
			plain++
			sequence = append(sequence, g.text)
		case g.of != "":
			out = append(out, "has:"+s, "has:"+s+":"+g.of)
			sequence = append(sequence, s+":"+g.of)
		default:
			out = append(out, "has:"+s)
			sequence = append(sequence, s)
		}
	}
	sequence = append(sequence, "$")
	thing := "no"
	if i := slices.IndexFunc(t.tags, func(g tag) bool { return g.kind == tagName || g.kind == tagKinds }); i >= 0 {
		thing = t.tags[i].of
	}
	for i, w := range sequence {
		if i > 0 && i < len(sequence)-1 {
			out = append(out, "w:"+w)
			if t.tags[i-1].kind == tagWord && w != "?" {
				out = append(out, "w:"+w+"@"+thing)
			}
		}
		if i > 0 {
			out = append(out, "b:"+sequence[i-1]+" "+w)
		}
		if i > 1 {
			out = append(out, "g:"+sequence[i-2]+" "+sequence[i-1]+" "+w, "s:"+sequence[i-2]+" _ "+w)
		}
	}
	out = append(out, "unknown:"+strconv.Itoa(min(unknown, 4)), "plain:"+strconv.Itoa(min(plain, 12)), "tags:"+strconv.Itoa(min(len(t.tags)-plain, 4)))
	if plain == len(t.tags) {
		out = append(out, "only words")
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var tagNames = [...]string{
	tagWord: "", tagName: "NAME", tagArea: "AREA", tagFloor: "FLOOR", tagNumber: "NUMBER", tagDuration: "DURATION", tagClock: "CLOCK",
	tagColor: "COLOR", tagWarmth: "WARMTH", tagLevel: "LEVEL", tagKinds: "KIND", tagSun: "SUN", tagDay: "DAY",
}

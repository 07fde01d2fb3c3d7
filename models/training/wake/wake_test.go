package main

import (
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/voice/voicetest"
	"github.com/cricket-home/cricket/voice/wake/net"
)

// shelved is a shelf of noises that stand for what is spoken.
func shelved(t *testing.T) []clip {
	t.Helper()
	s := shelf{t.TempDir()}
	r := rand.New(rand.NewPCG(1, 1))
	left := []clip{
		{Family: "word 0", Text: "hey cricket", Voice: "a", Sounds: strings.Fields("h eI k r I k I t")},
		{Family: "word 1", Text: "stop", Voice: "a", Sounds: strings.Fields("s t 0 p")},
		{Family: "ticket", Text: "ticket", Voice: "b", Sounds: strings.Fields("t I k I t")},
		{Family: "sentences", Text: "it is cold", Voice: "a", Sounds: strings.Fields("I t I z k oU l d")},
	}
	if err := s.write("train", func() (clip, []int16, error) {
		if len(left) == 0 {
			return clip{}, nil, io.EOF
		}
		c := left[0]
		left = left[1:]
		x := make([]float32, rate/2+r.IntN(rate/2))
		coloured(x, 0.5, 0.1, r)
		return c, pcm(x), nil
	}); err != nil {
		t.Fatal(err)
	}
	clips, err := s.read("train")
	if err != nil {
		t.Fatal(err)
	}
	return clips
}

func TestShelfGivesBackWhatWasPut(t *testing.T) {
	clips := shelved(t)
	if len(clips) != 4 || clips[2].Text != "ticket" {
		t.Fatalf("%+v", clips)
	}
	x, err := clips[2].sound()
	if err != nil {
		t.Fatal(err)
	}
	if len(x) != clips[2].Samples || rms(x) < 0.01 {
		t.Errorf("%d samples of level %v, want %d that are not silent", len(x), rms(x), clips[2].Samples)
	}
}

func TestHalfAShelfIsNone(t *testing.T) {
	s, broken := shelf{t.TempDir()}, errors.New("broken")
	if err := s.write("train", func() (clip, []int16, error) { return clip{}, nil, broken }); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
	if s.has("train") {
		t.Error("a part that could not be written is there")
	}
}

// Every word has six or seven steps at which it must be heard, right after its
// sound has ended, and none of them is within another sound but its room's.
func TestMarksFollowTheWord(t *testing.T) {
	b, err := newBank(shelved(t), []string{"hey cricket", "stop"})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		word        int
		first, last int // samples after the end
	}{
		{0, 40 * rate / 1000, 210 * rate / 1000},
		{1, 60 * rate / 1000, 240 * rate / 1000},
	} {
		s := &scene{x: make([]float32, 6*rate), speech: make([]byte, 200), marks: [][]byte{make([]byte, 200), make([]byte, 200)}}
		at := rate
		if ok, err := s.word(test.word, b.words[test.word][0], &at, rand.New(rand.NewPCG(2, 2))); !ok || err != nil {
			t.Fatal(ok, err)
		}
		for i, mark := range s.marks[test.word] {
			after := (i+1)*step - at
			if want := after >= test.first && after <= test.last; (mark == yes) != want {
				t.Errorf("word %d: mark %d at %d samples after its end", test.word, mark, after)
			}
			if math.Abs(float64(after)) > rate && mark != no {
				t.Errorf("word %d: mark %d a second away from it", test.word, mark)
			}
		}
		if slices.Contains(s.marks[1-test.word], yes) {
			t.Errorf("word %d marks the other word", test.word)
		}
		if s.speech[(rate+rate/4)/step] != yes || s.speech[10] != no || s.speech[at/step+20] != no {
			t.Error("speech is not marked where the word is")
		}
	}
}

func TestScenesDependOnTheSeedOnly(t *testing.T) {
	b, err := newBank(shelved(t), []string{"hey cricket", "stop"})
	if err != nil {
		t.Fatal(err)
	}
	draw := func(seed uint64) (all []*scene) {
		r := rand.New(rand.NewPCG(seed, 0))
		for range 20 {
			s, err := newScene(b, sceneSeconds, r)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, s)
		}
		return all
	}
	first := draw(1)
	if !reflect.DeepEqual(first, draw(1)) {
		t.Error("another scene from the same seed")
	}
	if reflect.DeepEqual(first, draw(2)) {
		t.Error("the same scenes from another seed")
	}
	words := 0
	for i, s := range first {
		if level := rms(s.x); level == 0 || math.IsNaN(level) {
			t.Errorf("scene %d has level %v", i, level)
		}
		if slices.Contains(s.marks[0], yes) || slices.Contains(s.marks[1], yes) {
			words++
		}
	}
	if words < 3 || words > 15 {
		t.Errorf("%d of 20 scenes hold a word, want some eight", words)
	}
}

// The 95 % limits of Poisson counts, from tables of the chi-square distribution.
func TestBound(t *testing.T) {
	for n, want := range map[int]float64{0: 2.996, 1: 4.744, 5: 10.513, 20: 29.062} {
		if got := bound(n, 10); math.Abs(got-want/10) > 1e-4 {
			t.Errorf("%d in 10 h: %v per hour, want %v", n, got, want/10)
		}
	}
}

func TestTrim(t *testing.T) {
	sound := make([]int16, rate)
	for i := 4000; i < 8000; i++ {
		sound[i] = int16(5000 * math.Sin(float64(i)))
	}
	if got := len(trim(sound)); got < 4000 || got > 4000+320 {
		t.Errorf("%d samples are left of 4000 between silence", got)
	}
	if got := trim(make([]int16, rate)); len(got) != 0 {
		t.Errorf("%d samples are left of silence", len(got))
	}
}

func TestStretchMovesTheTone(t *testing.T) {
	x := make([]float32, rate)
	tone(x, 1000, 1, 0)
	crossings := func(x []float32) (n int) {
		for i := 1; i < len(x); i++ {
			if x[i-1] < 0 && x[i] >= 0 {
				n++
			}
		}
		return n
	}
	y := stretch(x, 1.25)
	if hertz := float64(crossings(y)) * rate / float64(len(y)); math.Abs(hertz-1250) > 5 {
		t.Errorf("1000 Hz at 1.25 times the speed are %.0f Hz", hertz)
	}
}

// needsEspeak puts Cricket's espeak-ng first in the path.
func needsEspeak(t *testing.T) {
	t.Helper()
	t.Setenv("PATH", filepath.Dir(voicetest.Program(t, "espeak-ng"))+":"+os.Getenv("PATH"))
}

func TestNearMissesAreNotTheWord(t *testing.T) {
	needsEspeak(t)
	for _, p := range []plan{
		{name: "hey-cricket", words: []string{"hey cricket", "stop"}, language: "en"},
		{name: "computer.de", words: []string{"computer"}, language: "de"},
	} {
		families, err := nearMisses(p.name, p.words, p.language, rand.New(rand.NewPCG(1, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if len(families["sounds"]) < 100 || len(families["pieces"]) == 0 {
			t.Errorf("%s: families %v are too small", p.name, families)
		}
		for family, all := range families {
			for _, text := range all {
				if slices.Contains(p.words, text) {
					t.Errorf("%s: %q in family %q is the word", p.name, text, family)
				}
			}
		}
	}
}

func TestJudge(t *testing.T) {
	needsEspeak(t)
	for _, test := range []struct {
		phrase, language string
		want             []string
	}{
		{"hey cricket", "en", nil},
		{"computer", "de", nil},
		{"lamp", "en", []string{"too short: 1 syllables", "too common"}},
		{"television", "en", []string{"too common"}},
		{"hey you", "en", []string{"too short: 2 syllables", "too common"}},
		{"appelsiini", "fi", []string{"no everyday sentences"}},
	} {
		got, err := judge(plan{words: []string{test.phrase}, language: test.language})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(test.want) {
			t.Errorf("%q: %q, want %d warnings", test.phrase, got, len(test.want))
			continue
		}
		for i, want := range test.want {
			if !strings.Contains(got[i], want) {
				t.Errorf("%q: %q, want %q", test.phrase, got[i], want)
			}
		}
	}
}

// Thresholds are reached in their order, and what a word does not reach is missed.
func TestEvaluationCounts(t *testing.T) {
	said := []crossing{{-60, -30, 0, 0, 30}, {10}, nil}
	for _, test := range []struct {
		threshold float32
		missed    int
	}{{0.3, 1}, {0.35, 2}, {0.5, 2}, {0.55, 3}, {0.95, 3}} {
		if missed, of := misses(said, test.threshold); missed != test.missed || of != 3 {
			t.Errorf("%v: %d of %d missed, want %d of 3", test.threshold, missed, of, test.missed)
		}
	}
	if after, ok := said[0].reached(0.5); after != 30 || !ok {
		t.Errorf("0.5 was reached at %d (%v), want 30", after, ok)
	}
	found := results{Floods: map[string][]*flood{
		"music": {{Seconds: 3600, Peaks: [][]float32{{0.4, 0.9}}}, {Seconds: 3600, Peaks: [][]float32{{0.7}}}},
		"noise": {{Seconds: 1800, Peaks: [][]float32{{0.95}}}},
	}}
	if n, hours := found.accepts(0, 0.7, "music", "noise"); n != 3 || hours != 2.5 {
		t.Errorf("%d in %v h, want 3 in 2.5", n, hours)
	}
}

// The model hears a clip after the noise it stands in, within the sound it is given.
func TestPresent(t *testing.T) {
	b, err := newBank(shelved(t), []string{"hey cricket", "stop"})
	if err != nil {
		t.Fatal(err)
	}
	found, err := present(plan{words: []string{"hey cricket", "stop"}}, net.Bundled(), 0, b)
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Said["10"]) != 1 || len(found.Near["ticket"]) != 1 || len(found.Near["the word stop"]) != 1 {
		t.Errorf("%+v", found)
	}
}

// A wake word of its own from its text to a measured file, on very little of
// everything: what comes out is worth nothing, but every part has run.
func TestToyTraining(t *testing.T) {
	if os.Getenv("CRICKET_TRAIN") == "" {
		t.Skip("training takes a minute and its environment: make train-test")
	}
	home, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	work := os.Getenv("CRICKET_TRAINING")
	if work == "" {
		work = filepath.Join(home, "cricket", "training")
	}
	if _, err := os.Stat(filepath.Join(work, "root", "ready")); err != nil {
		if os.Getenv("CRICKET_NO_SKIP") == "1" {
			t.Fatal("there is no training environment: models/training/env.sh make")
		}
		t.Skip("there is no training environment: models/training/env.sh make")
	}
	folder := filepath.Join(work, "wake", "toy-computer.en")
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("./make.sh", "train")
	cmd.Env = append(cmd.Environ(), "PHRASE=toy computer", "LANGUAGE=en", "SPEECH=0.02", "SHARDS=1", "STEPS=40", "HOURS=1", "SEED=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	data, err := os.ReadFile(filepath.Join(folder, "toy-computer.en.net"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := net.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if words := m.Words(); len(words) != 1 || words[0].Name != "toy computer" {
		t.Errorf("it knows %v", words)
	}
	text, err := os.ReadFile(filepath.Join(folder, "card.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| missed, voices kept out of training | 20 dB | 10 dB | 5 dB |", "| **all** | 1 |", "| pieces |", "µs and 0 allocations"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the card does not hold %q", want)
		}
	}
}

package wake

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/voicetest"
)

// told is a model for tests, which scores what it is told: sample i of a frame is
// the score of word i in thousandths.
type told struct{ score []float32 }

func (s *told) push(pcm []int16) bool {
	for i := range s.score {
		s.score[i] = float32(pcm[i]) / 1000
	}
	return true
}

func (s *told) scores() []float32    { return s.score }
func (s *told) embedding() []float32 { return nil }

func toldModel(words ...string) *Model {
	m := &Model{Name: "told", open: func() stream { return &told{make([]float32, len(words))} }}
	for _, w := range words {
		m.Words = append(m.Words, ScoredWord{w, 0.5})
	}
	return m
}

// listenTo pushes frames with the scores of up to two words and says what happened
// at which frame.
func listenTo(t *testing.T, d *Detector, scores ...[2]int) (happened []string) {
	t.Helper()
	for n, s := range scores {
		pcm := make([]int16, voice.FrameSamples)
		pcm[0], pcm[1] = int16(s[0]), int16(s[1])
		for _, w := range d.Push(voice.Frame{Mic: "test", Time: time.Duration(n) * frameTime, PCM: pcm}) {
			happened = append(happened, fmt.Sprintf("%d %s %.2f", n, w.Word, w.Score))
		}
	}
	return happened
}

// times repeats scores.
func times(n int, a, b int) (scores [][2]int) {
	for range n {
		scores = append(scores, [2]int{a, b})
	}
	return scores
}

func join(parts ...[][2]int) (all [][2]int) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func TestDetections(t *testing.T) {
	m := toldModel("hey cricket", "stop")
	cricket := Word{Name: "hey cricket", Model: m, Sensitivity: 0.5, Refractory: 200 * time.Millisecond}
	stop := Word{Name: "stop", Model: m, Sensitivity: 0.5, Refractory: 200 * time.Millisecond}
	with := func(w Word, change func(*Word)) Word { change(&w); return w }
	for _, tt := range []struct {
		name   string
		words  []Word
		scores [][2]int
		want   []string
		counts map[string]Counts
	}{
		{"below the threshold", []Word{cricket}, times(50, 499, 0), nil, map[string]Counts{"hey cricket": {}}},
		{"at the threshold", []Word{cricket}, join(times(3, 0, 0), times(1, 500, 0)), []string{"3 hey cricket 0.50"}, map[string]Counts{"hey cricket": {Woke: 1}}},
		{"once while it lasts", []Word{cricket}, times(10, 900, 0), []string{"0 hey cricket 0.90"}, map[string]Counts{"hey cricket": {Woke: 1}}},
		{"again after its refractory time", []Word{cricket}, times(12, 900, 0), []string{"0 hey cricket 0.90", "10 hey cricket 0.90"}, nil},
		{"two words at once", []Word{cricket, stop}, times(1, 900, 800), []string{"0 hey cricket 0.90", "0 stop 0.80"}, nil},
		{"each with its own refractory time", []Word{cricket, with(stop, func(w *Word) { w.Refractory = 100 * time.Millisecond })},
			times(8, 900, 800), []string{"0 hey cricket 0.90", "0 stop 0.80", "5 stop 0.80"}, nil},
		{"each with its own sensitivity", []Word{with(cricket, func(w *Word) { w.Sensitivity = 1 }), with(stop, func(w *Word) { w.Sensitivity = 0 })},
			join(times(1, 260, 890), times(1, 0, 910)), []string{"0 hey cricket 0.26", "1 stop 0.91"}, nil},
		{"under another name", []Word{with(cricket, func(w *Word) { w.Name, w.ScoredAs = "box", "hey cricket" })}, times(1, 900, 0), []string{"0 box 0.90"}, nil},
		{"a near-miss", []Word{cricket}, join(times(3, 400, 0), times(15, 100, 0)), nil, map[string]Counts{"hey cricket": {Missed: 1}}},
		{"a near-miss is over only when it is quiet", []Word{cricket}, join(times(3, 400, 0), times(10, 100, 0), times(3, 450, 0), times(20, 100, 0)), nil,
			map[string]Counts{"hey cricket": {Missed: 1}}},
		{"a rise to the threshold is no near-miss", []Word{cricket}, join(times(3, 400, 0), times(1, 600, 0), times(40, 0, 0)), []string{"3 hey cricket 0.60"},
			map[string]Counts{"hey cricket": {Woke: 1}}},
		{"far below is no near-miss", []Word{cricket}, join(times(3, 299, 0), times(40, 0, 0)), nil, map[string]Counts{"hey cricket": {}}},
		{"on demand and not wanted", []Word{cricket, with(stop, func(w *Word) { w.OnDemand = true })}, times(3, 0, 900), nil,
			map[string]Counts{"hey cricket": {}, "stop": {}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := New(Options{Words: tt.words})
			if err != nil {
				t.Fatal(err)
			}
			if got := listenTo(t, d, tt.scores...); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("heard %q, want %q", got, tt.want)
			}
			if got := d.Counts(); tt.counts != nil && !reflect.DeepEqual(got, tt.counts) {
				t.Errorf("counted %+v, want %+v", got, tt.counts)
			}
		})
	}
}

// "stop" is heard only while the caller says that something sounds.
func TestLive(t *testing.T) {
	d, err := New(Options{Words: []Word{{Name: Stop, Model: toldModel(Stop), Sensitivity: 0.5, OnDemand: true}}})
	if err != nil {
		t.Fatal(err)
	}
	loud := times(1, 900, 0)
	for _, step := range []struct {
		on   bool
		want int
	}{{true, 1}, {false, 0}, {true, 1}} {
		d.Live(Stop, step.on)
		if got := listenTo(t, d, loud...); len(got) != step.want {
			t.Errorf("live %v: heard %q", step.on, got)
		}
	}
	d.Live("hey cricket", true) // nobody's word: nothing happens
}

func TestVerifying(t *testing.T) {
	var asked []voice.Utterance
	d, err := New(Options{
		Words:  []Word{{Name: "hey cricket", Model: toldModel("hey cricket"), Sensitivity: 0.5, Refractory: 40 * time.Millisecond, Verify: true}},
		Verify: func(w voice.Wake, u voice.Utterance) bool { asked = append(asked, u); return len(asked) > 1 },
	})
	if err != nil {
		t.Fatal(err)
	}
	got := listenTo(t, d, join(times(40, 0, 0), times(4, 900, 0))...)
	if want := []string{"42 hey cricket 0.90"}; !reflect.DeepEqual(got, want) {
		t.Errorf("heard %q, want %q", got, want)
	}
	if c := d.Counts()["hey cricket"]; c != (Counts{Woke: 1, Rejected: 1}) {
		t.Errorf("counted %+v", c)
	}
	for _, u := range asked {
		if u.Mic != "test" || len(u.PCM) == 0 || !strings.Contains(fmt.Sprint(u.PCM), "900") {
			t.Errorf("what is to be verified has %d samples of %q, and not the word", len(u.PCM), u.Mic)
		}
	}
}

// The sound of a near-miss goes to whoever asked for it, three seconds of it at most.
func TestNearMissSound(t *testing.T) {
	var missed []NearMiss
	d, err := New(Options{
		Words:  []Word{{Name: "hey cricket", Model: toldModel("hey cricket"), Sensitivity: 0.5}},
		Missed: func(m NearMiss) { missed = append(missed, m) },
	})
	if err != nil {
		t.Fatal(err)
	}
	listenTo(t, d, join(times(200, 0, 0), times(1, 450, 0), times(20, 0, 0))...)
	if len(missed) != 1 {
		t.Fatalf("%d near-misses, want 1", len(missed))
	}
	m := missed[0]
	if m.Word != "hey cricket" || fmt.Sprintf("%.2f", m.Score) != "0.45" || len(m.PCM) != keptFrames*voice.FrameSamples {
		t.Errorf("the near-miss is %q, score %.2f, %d samples", m.Word, m.Score, len(m.PCM))
	}
	if at := m.At; at != 200*frameTime {
		t.Errorf("it was at %v, want %v", at, 200*frameTime)
	}
	if m.PCM[len(m.PCM)-16*voice.FrameSamples] != 450 {
		t.Error("the word is not where it was in the sound")
	}
}

func TestWordsThatCannotBeListenedFor(t *testing.T) {
	m := toldModel("hey cricket", "stop")
	for _, tt := range []struct {
		name string
		word Word
		want string
	}{
		{"no name", Word{Model: m}, "it has no name"},
		{"no model", Word{Name: "x"}, "no model that could score it"},
		{"a person's, by a model without embeddings", Word{Name: "x", Personal: &Personal{}, Model: m}, "no model that could score it"},
		{"not of the model", Word{Name: "computer", Model: m, Sensitivity: 0.5}, `listen for "computer": the model told has only "hey cricket", "stop"`},
		{"sensitivity", Word{Name: "stop", Model: m, Sensitivity: 1.1}, "sensitivity must be between 0 and 1, not 1.1"},
		{"refractory time", Word{Name: "stop", Model: m, Refractory: -1}, "refractory time is negative"},
		{"nothing to verify with", Word{Name: "stop", Model: m, Verify: true}, "nothing to verify it with"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := New(Options{Words: []Word{tt.word}}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the error is %v, want it to say %q", err, tt.want)
			}
		})
	}
}

// A frame costs no memory, with words of a network and of a person.
func TestPushAllocatesNothing(t *testing.T) {
	d, err := New(Options{Words: someWords(t, 3)})
	if err != nil {
		t.Fatal(err)
	}
	sound := noise(voice.FrameSamples, 500)
	f := voice.Frame{PCM: sound}
	if n := testing.AllocsPerRun(500, func() { d.Push(f) }); n != 0 {
		t.Errorf("%v allocations per frame", n)
	}
}

// someWords are the bundled word, then "stop", then a person's.
func someWords(t testing.TB, n int) []Word {
	bundled := Bundled()
	words := []Word{
		{Name: "hey cricket", Model: bundled, Sensitivity: 0},
		{Name: Stop, Model: bundled, Sensitivity: 0},
		{Name: "open sesame", Model: bundled, Personal: somePersonal(t), Sensitivity: 0.5},
	}
	return words[:n]
}

// What one more word costs: of the same model nearly nothing, of a person the
// comparing with the recordings, of the community its model.
func BenchmarkPush(b *testing.B) {
	for i, name := range []string{"bundled word", "and stop", "and a personal word", "and a word of the community"} {
		b.Run(name, func(b *testing.B) {
			words := someWords(b, min(i+1, 3))
			if i == 3 {
				m, err := Open(voicetest.CommunityWord(b, "okay_nabu"))
				if err != nil {
					b.Fatal(err)
				}
				words = append(words, Word{Name: "okay nabu", Model: m})
			}
			d, err := New(Options{Words: words})
			if err != nil {
				b.Fatal(err)
			}
			f := voice.Frame{PCM: noise(voice.FrameSamples, 500)}
			b.ReportAllocs()
			for b.Loop() {
				d.Push(f)
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(frameTime)*100, "%core")
		})
	}
}

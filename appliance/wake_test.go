package appliance

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/espeak"
	"github.com/cricket-home/cricket/voice/voicetest"
	"github.com/cricket-home/cricket/voice/wake"
)

// listening is a recogniser that notes what it was given, and hears text.
type listening struct {
	text   string
	unsure bool
	mu     sync.Mutex
	got    []voice.Utterance
}

func (l *listening) set(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = text
}

func (l *listening) Run(ctx context.Context) error { <-ctx.Done(); return nil }
func (l *listening) State() child.State            { return child.State{Running: true} }
func (l *listening) Transcribe(_ context.Context, u voice.Utterance) (voice.Transcript, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got = append(l.got, u)
	if l.unsure {
		return voice.Transcript{Text: l.text, Confidence: 0.2}, nil
	}
	return voice.Transcript{Text: l.text, Confidence: 1}, nil
}

// startListening runs a box whose recogniser is r.
func startListening(t *testing.T, c Config, r recognizer) *Box {
	t.Helper()
	b := newBox(t, oneLamp, c, true)
	b.ears = newEars([]candidate{{recognizer: r, name: "fake"}}, "", b.log)
	run(t, b.Run)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	return b
}

// speech is the sound of a file of the demo.
func speech(t *testing.T, file string) []int16 {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../e2e/speech", file))
	if err != nil {
		t.Fatal(err)
	}
	wav, err := voice.NewWAV(bytes.NewReader(data), file)
	var pcm []int16
	for err == nil {
		var f voice.Frame
		if f, err = wav.Next(); err == nil {
			pcm = append(pcm, f.PCM...)
		}
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	return pcm
}

func wavOf(t *testing.T, pcm []int16) io.Reader {
	t.Helper()
	var b bytes.Buffer
	if err := voice.WriteWAV(&b, voice.SampleRate, pcm); err != nil {
		t.Fatal(err)
	}
	return &b
}

// Requests are what follows the wake word, a pause of some seconds included, and
// nothing else; the wake word is no part of them.
func TestHearWakesByWord(t *testing.T) {
	called := speech(t, "coffee_machine.wav") // "hey cricket", a second of quiet, the request
	word := called[:2*voice.SampleRate]
	request := called[len(word):]
	uncalled := speech(t, "front_door.wav")
	quiet := func(seconds int) []int16 { return make([]int16, seconds*voice.SampleRate) }
	ears := &listening{text: "turn on the lamp"}
	b := startListening(t, free(), ears)
	var unanswered *NoRequestError
	for _, tt := range []struct {
		name   string
		pcm    []int16
		noWake bool
		want   int // requests
		err    func(error) bool
	}{
		{"a request after the word", called, false, 1, nil},
		{"after three seconds more", slices.Concat(word, quiet(3), request), false, 1, nil},
		{"too late", slices.Concat(word, quiet(8), request), false, 0, func(err error) bool { return errors.As(err, &unanswered) }},
		{"the word alone", slices.Concat(word, quiet(2)), false, 0, func(err error) bool { return errors.As(err, &unanswered) }},
		{"nobody called", uncalled, false, 0, func(err error) bool { return errors.Is(err, ErrNoWake) }},
		{"nobody called, and nobody must", uncalled, true, 1, nil},
		{"only the first is called for", slices.Concat(called, quiet(2), uncalled), false, 1, nil},
		{"the second is called for", slices.Concat(uncalled, quiet(2), called), false, 1, nil},
		{"called twice", slices.Concat(called, quiet(2), called), false, 2, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ears.got = nil
			var results []Result
			err := b.Hear(within(t), wavOf(t, tt.pcm), "test.wav", Request{DryRun: true, NoWake: tt.noWake, Room: "hall"}, func(r Result) error {
				results = append(results, r)
				return nil
			})
			if tt.err == nil && err != nil || tt.err != nil && !tt.err(err) {
				t.Errorf("the error is %v", err)
			}
			if len(results) != tt.want || len(ears.got) != tt.want {
				t.Fatalf("%d requests, %d of them heard by the recogniser, want %d", len(results), len(ears.got), tt.want)
			}
			for i, r := range results {
				u := ears.got[i]
				if tt.noWake {
					if r.Wake != nil || u.Wake != nil {
						t.Error("woken without a word")
					}
					continue
				}
				if r.Wake == nil || *r.Wake != "hey cricket" || u.Wake.Score < 0.3 || u.Wake.SNR < 10 {
					t.Errorf("woken by %v: %+v", r.Wake, u.Wake)
				}
				if u.Start < u.Wake.End || u.Duration() > 2500*time.Millisecond {
					t.Errorf("the request lasts %v from %v on, and the wake word ended at %v", u.Duration(), u.Start, u.Wake.End)
				}
				if _, ok := r.MS["wake"]; !ok {
					t.Errorf("no time of the wake word in %v", r.MS)
				}
			}
		})
	}
}

// A word's room, label and its counts.
func TestWordOfARoom(t *testing.T) {
	c := free()
	c.Wake.Words[0].Room, c.Wake.Words[0].Pipeline = "Hall", "children"
	b := startListening(t, c, &listening{text: "turn on the lamp"})
	var got Result
	err := b.Hear(within(t), wavOf(t, speech(t, "coffee_machine.wav")), "test.wav", Request{}, func(r Result) error { got = r; return nil })
	if err != nil || got.Room != "Hall" || got.Pipeline != "children" || !got.Done() {
		t.Errorf("room %q, pipeline %q, %v: %s", got.Room, got.Pipeline, err, got)
	}
	if n := b.wakes.all()["hey cricket"]; n.Woke != 1 {
		t.Errorf("counted %+v", n)
	}
	if f := b.checkWake(); !f.OK {
		t.Errorf("the doctor: %+v", f)
	}
	b.config.Wake.Words[0].Room = "Cellar"
	if f := b.checkWake(); f.OK || !strings.Contains(f.Text, `the home has no such room`) {
		t.Errorf("the doctor on a room that is not there: %+v", f)
	}
}

// The recogniser hears the captured word again where the owner wants that, and a
// wake that does not sound like the word is none.
func TestVerifiedWake(t *testing.T) {
	program := voicetest.Program(t, "espeak-ng")
	c := free()
	c.Wake.Words[0].Verify = true
	ears := &listening{}
	b := startListening(t, c, ears)
	b.mouth = espeak.New(program)
	for _, tt := range []struct {
		heard string
		want  bool
	}{
		{"hey cricket", true},
		{"Hey, Cricket!", true},
		{"hay crickets", true},
		{"okay cricket", true},
		{"so I said hey cricket", true},
		{"the ticket", false},
		{"good morning", false},
		{"", false},
	} {
		t.Run(tt.heard, func(t *testing.T) {
			ears.text, ears.got = tt.heard, nil
			before := b.wakes.all()["hey cricket"].Rejected
			err := b.Hear(within(t), wavOf(t, speech(t, "coffee_machine.wav")), "test.wav", Request{DryRun: true}, func(Result) error { return nil })
			if woke := err == nil; woke != tt.want || !woke && !errors.Is(err, ErrNoWake) {
				t.Errorf("woke: %v (%v), want %v", woke, err, tt.want)
			}
			if len(ears.got) == 0 || ears.got[0].Duration() < 300*time.Millisecond || ears.got[0].Duration() > 2*time.Second {
				t.Errorf("the recogniser was not given the word alone: %d utterances", len(ears.got))
			}
			if n := b.wakes.all()["hey cricket"]; tt.want == (n.Rejected > before) {
				t.Errorf("counted %+v", n)
			}
		})
	}
}

// The sound of near-misses is kept only if the owner said so, and not for ever.
func TestNearMissesAreRecordedOnlyIfAskedFor(t *testing.T) {
	for _, record := range []bool{false, true} {
		c := free()
		c.Wake.RecordNearMisses = record
		none := 0.0
		c.Wake.Words[0].Sensitivity = &none // what wakes at 0.5 is a near-miss now, or wakes
		b := startListening(t, c, &listening{})
		err := b.Hear(within(t), wavOf(t, speech(t, "soup.wav")), "test.wav", Request{}, func(Result) error { return nil })
		if !errors.Is(err, ErrNoWake) {
			t.Errorf("the error is %v", err)
		}
		dir := nearMissDir(b.options.StateDir)
		if files, _ := os.ReadDir(dir); !record && len(files) > 0 {
			t.Errorf("%d near-misses were recorded, and nobody asked for it", len(files))
		}
	}
	b := startListening(t, free(), &listening{})
	for range keptNearMisses + 3 {
		b.recordNearMiss(wake.NearMiss{Word: "hey ../cricket", Score: 0.4, PCM: make([]int16, voice.FrameSamples)})
	}
	files, err := os.ReadDir(nearMissDir(b.options.StateDir))
	if err != nil || len(files) != keptNearMisses {
		t.Fatalf("%d files, %v", len(files), err)
	}
	if info, err := files[0].Info(); err != nil || info.Mode().Perm() != 0o600 || !strings.HasSuffix(info.Name(), "_hey____cricket_0.40.wav") {
		t.Errorf("the file is %s, %v, %v", info.Name(), info.Mode(), err)
	}
}

func TestWakeWordsOfTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "not.net")
	if err := os.WriteFile(file, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		word WakeWord
		want string // of the error
	}{
		{"bundled", WakeWord{Name: "hey cricket"}, ""},
		{"bundled, in capitals", WakeWord{Name: "Hey Cricket"}, ""},
		{"neither bundled nor enrolled", WakeWord{Name: "computer"}, "neither in the bundled model nor enrolled"},
		{"no such file", WakeWord{Name: "computer", Model: "/nowhere/x.net"}, "open wake word model: stat /nowhere/x.net"},
		{"not a model", WakeWord{Name: "computer", Model: file}, file},
		{"not of the catalogue", WakeWord{Name: "computer", Model: "computer"}, "the catalogue has no such wake word"},
		{"not installed", WakeWord{Name: "nabu", Model: "okay_nabu"}, "cricket models pull wake-okay_nabu"},
		{"installed in part", WakeWord{Name: "jarvis", Model: "wake-hey_jarvis"}, "it is not installed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := DefaultConfig()
			c.Wake.Words = []WakeWord{tt.word.complete()}
			words, _, err := WakeWords(c, dir)
			if tt.want == "" && (err != nil || len(words) != 1) || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%d words, %v, want %q", len(words), err, tt.want)
			}
		})
	}
}

// The doctor says which words are listened for, and what is wrong with them.
func TestDoctorOnWakeWords(t *testing.T) {
	b := startListening(t, free(), &listening{})
	if f := b.checkWake(); !f.OK || f.Text != `"hey cricket"` {
		t.Errorf("by default: %+v", f)
	}
	if err := os.MkdirAll(filepath.Join(b.options.StateDir, "wake"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.options.StateDir, "wake", "x.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if f := b.checkWake(); f.OK || !strings.Contains(f.Text, `"hey cricket"; `) || !strings.Contains(f.Text, "x.json") {
		t.Errorf("with a broken file: %+v", f)
	}
	if _, err := b.detector(t.Context()); err != nil {
		t.Errorf("a broken file takes the other words away: %v", err)
	}
	b.config.Wake.Words = []WakeWord{}
	if f := b.checkWake(); f.OK || b.config.Wake.Words == nil {
		t.Errorf("without words: %+v", f)
	}
	if _, err := b.detector(t.Context()); err == nil || !strings.Contains(err.Error(), "names none") {
		t.Errorf("without words: %v", err)
	}
}

func TestLeastEdits(t *testing.T) {
	for _, tt := range []struct {
		want, got string
		edits     int
	}{
		{"HH EY K R", "HH EY K R", 0},
		{"HH EY K R", "S OW HH EY K R AH", 0},
		{"HH EY K R", "HH AY K R", 1},
		{"HH EY K R", "EY K R", 1},
		{"HH EY K R", "", 4},
		{"", "HH", 0},
	} {
		if n := leastEdits(strings.Fields(tt.want), strings.Fields(tt.got)); n != tt.edits {
			t.Errorf("%q in %q: %d edits, want %d", tt.want, tt.got, n, tt.edits)
		}
	}
}

package wake

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/voice"
)

func when() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// A phrase that no network knows, from three recordings: its person wakes the box
// with it, other words and other people do not.
func TestPersonalWord(t *testing.T) {
	bundled := Bundled()
	p, e, err := Enrol(bundled, "open sesame", "ali", recorded(t, "open sesame", "en-us", 0.98, 1, 1.02), someOthers(t), when())
	if err != nil {
		t.Fatal(err)
	}
	if e.Grade != Good || e.OwnWould != 3 || e.Others != 3 || e.OtherWould != 0 || e.Heard < 8*time.Second {
		t.Errorf("the estimate is %+v", e)
	}
	for _, tt := range []struct {
		name, text, speaker string
		factor              float64
		want                int
	}{
		{"the person", "open sesame", "en-us", 0.985, 1},
		{"the person, faster", "open sesame", "en-us", 1.015, 1},
		{"the person in a sentence", "now, open sesame, and let me in", "en-us", 1, 1},
		{"the person, other words", "turn on the kitchen lights and open the window", "en-us", 1, 0},
		{"the person, half of it", "open the door", "en-us", 1, 0},
		{"a woman", "open sesame", "en-us+f3", 1, 0},
		{"another woman", "open sesame", "en-gb+f2", 1, 0},
		{"another man", "open sesame", "en-us+m5", 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := New(Options{Words: []Word{{Name: p.Word, Model: bundled, Personal: p, Sensitivity: 0.5, Refractory: time.Second}}})
			if err != nil {
				t.Fatal(err)
			}
			wakes := frames(d, faster(say(t, tt.text, tt.speaker, 0.4), tt.factor))
			if len(wakes) != tt.want {
				score, _ := d.Score(p.Word)
				t.Fatalf("%d wakes, want %d: %+v, score %.2f", len(wakes), tt.want, wakes, score)
			}
			for _, w := range wakes {
				if w.Word != "open sesame" || w.Person != "ali" || w.Score < 0.5 || w.SNR < 20 || w.End <= w.Start {
					t.Errorf("the wake is %+v", w)
				}
			}
		})
	}
}

func TestBadRecordings(t *testing.T) {
	bundled := Bundled()
	good := recorded(t, "open sesame", "en-us", 0.98, 1, 1.02)
	with := func(pcm []int16) []Recording { return append(slices.Clone(good[:2]), Recording{"bad.wav", pcm}) }
	word := good[2].PCM
	loud := slices.Clone(word)
	for i, x := range loud {
		loud[i] = int16(max(-32768, min(32767, 8*int(x))))
	}
	noisy := slices.Clone(word)
	for i, x := range noise(len(word), 3000) {
		noisy[i] = int16(max(-32768, min(32767, int(noisy[i])/2+int(x))))
	}
	second := voice.SampleRate
	for _, tt := range []struct {
		name       string
		recordings []Recording
		want       string
	}{
		{"silence", with(make([]int16, second)), "bad.wav: it is silent"},
		{"noise alone", with(noise(2*second, 2000)), "bad.wav: no voice rises out of its noise"},
		{"noise as loud as the word", with(noisy), "bad.wav: "},
		{"too short a file", with(word[:second/10]), "bad.wav: it lasts only 0.10 s"},
		{"too long a file", with(make([]int16, 11*second)), "bad.wav: it lasts 11.0 s"},
		{"too short a word", with(append(make([]int16, second), append(slices.Clone(word[second*7/10:second*85/100]), make([]int16, second)...)...)), "bad.wav: "},
		{"a whole sentence", with(say(t, "turn on the kitchen lights and close all the blinds in the house", "en-us", 0.5)), "a wake word takes less than"},
		{"two words", with(append(slices.Clone(word), word...)), "bad.wav: there are 2 separate sounds in it"},
		{"clipped", with(loud), "bad.wav: it is too loud and clipped"},
		{"the same file twice", with(good[0].PCM), "it is the same recording as"},
		{"another word", with(say(t, "hey computer", "en-us", 0.5)), "bad.wav: it is unlike the others"},
		{"another person", with(say(t, "open sesame", "en-us+f3", 0.5)), "bad.wav: it is unlike the others"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := Enrol(bundled, "open sesame", "ali", tt.recordings, someOthers(t), when())
			if _, bad := errors.AsType[*BadRecordingError](err); !bad || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the error is %v, want it to say %q", err, tt.want)
			}
		})
	}
	if _, _, err := Enrol(bundled, "open sesame", "ali", with(make([]int16, second))[1:], someOthers(t), when()); err == nil || !strings.Contains(err.Error(), "3 to 5 recordings, and there are 2") {
		t.Errorf("two recordings: %v", err)
	}
	if _, _, err := Enrol(bundled, "open sesame", "ali", good, Others{}, when()); err == nil || !strings.Contains(err.Error(), "no other speech") {
		t.Errorf("nothing to compare with: %v", err)
	}
	if _, _, err := Enrol(bundled, "open sesame", " ", good, someOthers(t), when()); err == nil || !strings.Contains(err.Error(), "the person") {
		t.Errorf("nobody: %v", err)
	}
}

// A word that people say all day is called poor.
func TestPoorWord(t *testing.T) {
	bundled := Bundled()
	others := someOthers(t)
	others.Speech = append(others.Speech, Recording{"open sesame, and close it again", say(t, "open sesame, and close it again", "en-us", 0.6)})
	_, e, err := Enrol(bundled, "open sesame", "ali", recorded(t, "open sesame", "en-us", 0.98, 1, 1.02), others, when())
	if err != nil {
		t.Fatal(err)
	}
	if e.Grade != Poor || !strings.Contains(e.String(), "too like other speech") {
		t.Errorf("the estimate is %+v", e)
	}
}

// What is stored is a small file, and comes back as the same word.
func TestStore(t *testing.T) {
	s := NewStore(filepath.Join(t.TempDir(), "wake"))
	if words, err := s.Words(); len(words) != 0 || err != nil {
		t.Errorf("an empty store has %d words, %v", len(words), err)
	}
	ali := somePersonal(t)
	eve := &Personal{Word: ali.Word, Person: "eve", Made: when(), network: ali.network, said: ali.said, sound: ali.sound}
	if err := errors.Join(s.Put(ali), s.Put(ali), s.Put(eve)); err != nil {
		t.Fatal(err)
	}
	words, err := s.Words()
	if err != nil || len(words) != 2 {
		t.Fatalf("%d words, %v", len(words), err)
	}
	sound := Bundled().look(say(t, "open sesame", "en-us", 0.4))
	if got := words[0]; got.Word != ali.Word || got.Person != "ali" || got.Recordings() != 3 || !got.Made.Equal(when()) || got.said.nearest(sound.said) != ali.said.nearest(sound.said) || got.sound.nearest(sound.sound) != ali.sound.nearest(sound.sound) {
		t.Errorf("the word that came back is %q of %s, %d recordings of %v", got.Word, got.Person, got.Recordings(), got.Made)
	}
	if info, err := os.Stat(s.Path("open sesame", "ali")); err != nil || info.Size() > 50_000 || info.Mode().Perm() != 0o600 {
		t.Errorf("its file has %d bytes, mode %v, %v", info.Size(), info.Mode(), err)
	}

	// A broken file is named, and does not take the others away.
	if err := os.WriteFile(filepath.Join(filepath.Dir(s.Path("x", "y")), "broken.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if words, err := s.Words(); len(words) != 2 || err == nil || !strings.Contains(err.Error(), "broken.json") {
		t.Errorf("with a broken file: %d words, %v", len(words), err)
	}
	removed, err := s.Remove("Open Sesame", "eve")
	if err != nil || len(removed) != 1 || removed[0].Person != "eve" {
		t.Errorf("removed %d, %v", len(removed), err)
	}
	if removed, err := s.Remove("", "ali"); err != nil || len(removed) != 1 {
		t.Errorf("all of a person's: removed %d, %v", len(removed), err)
	}
}

func FuzzParsePersonal(f *testing.F) {
	recordings := func(width int) templates {
		t := templates{limit: 2}
		for range 2 {
			var r [][]float32
			for range shortestTemplate {
				r = append(r, make([]float32, width))
			}
			t.templates = append(t.templates, r)
		}
		return t
	}
	p := &Personal{Word: "open sesame", Person: "ali", Made: when(), network: 1, said: recordings(3), sound: recordings(cepstra), pitch: [2]float32{100, 120}}
	seed, err := p.MarshalJSON()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte(`{"version":1,"word":"x","person":"y","limit":1e30,"templates":[""]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParsePersonal(data)
		if err != nil {
			return
		}
		again, err := p.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		q, err := ParsePersonal(again)
		if err != nil {
			t.Fatalf("what was read is not read again: %v", err)
		}
		// Whatever is in the file, listening for it takes no more than its frames.
		m := newMatcher(q, &Model{checksum: q.network, embedding: len(q.said.templates[0][0])})
		x, y := make([]float32, len(q.said.templates[0][0])), make([]float32, cepstra)
		for range 300 {
			m.said.push(x)
			m.sound.push(y)
		}
		if !(m.score() >= 0 && m.score() <= 1) {
			t.Errorf("its score is %v", m.score())
		}
	})
}

// A word that was enrolled with another network goes on working where it is quiet.
func TestAnotherNetwork(t *testing.T) {
	p := somePersonal(t)
	p.network++
	bundled := Bundled()
	if p.KnownTo(bundled) {
		t.Error("the network is taken for the one that the word was enrolled with")
	}
	d, err := New(Options{Words: []Word{{Name: p.Word, Model: bundled, Personal: p, Sensitivity: 0.5, Refractory: time.Second}}})
	if err != nil {
		t.Fatal(err)
	}
	if wakes := frames(d, say(t, "open sesame", "en-us", 0.4)); len(wakes) != 1 {
		t.Errorf("%d wakes, want 1", len(wakes))
	}
	if wakes := frames(d, say(t, "turn on the kitchen lights", "en-us", 0.4)); len(wakes) != 0 {
		t.Errorf("%d wakes by other words", len(wakes))
	}
}

// A word is heard in noise as well, though it was recorded in quiet.
func TestPersonalWordInNoise(t *testing.T) {
	p, bundled := somePersonal(t), Bundled()
	d, err := New(Options{Words: []Word{{Name: p.Word, Model: bundled, Personal: p, Sensitivity: 0.5, Refractory: time.Second}}})
	if err != nil {
		t.Fatal(err)
	}
	sound := say(t, "open sesame", "en-us", 0.4)
	for i, x := range noise(len(sound), 300) { // about 15 dB below the word
		sound[i] += x
	}
	if wakes := frames(d, sound); len(wakes) != 1 {
		t.Errorf("%d wakes, want 1", len(wakes))
	}
}

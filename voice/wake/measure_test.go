package wake

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/voice"
)

// said is a file of `e2e/speech/make-speech.sh words DIR`.
type said struct {
	kind, words, voice, take string
	pcm                      []int16
}

// program is the synthesiser of the voice: espeak-ng's voices are all much alike.
func (s said) program() string { program, _, _ := strings.Cut(s.voice, "_"); return program }

// TestMeasure enrols every word of the files in CRICKET_MEASURE_WORDS with the
// first four takes of every voice, and counts how the other takes, other voices
// and sentences fare: the figures of docs/wake-words.md.
func TestMeasure(t *testing.T) {
	dir := os.Getenv("CRICKET_MEASURE_WORDS")
	if dir == "" {
		t.Skip("set CRICKET_MEASURE_WORDS to the folder of e2e/speech/make-speech.sh words")
	}
	all := saidIn(t, dir)
	network := Bundled()
	for _, snr := range []float64{40, 20, 10} {
		var own, missed, others, othersWoke, refused, sentences, woke int
		for _, first := range all {
			if first.kind != "word" || first.take != "1" {
				continue
			}
			var recordings []Recording
			var other Others
			for _, s := range all {
				switch {
				case s.words == first.words && s.voice == first.voice && s.take <= "4":
					recordings = append(recordings, Recording{s.take, s.pcm})
				case s.kind == "sentence" && s.program() != first.program():
					other.Speech = append(other.Speech, Recording{s.words, s.pcm})
				case s.words == first.words && s.program() != first.program() && s.take == "1":
					other.Same = append(other.Same, Recording{s.voice, s.pcm})
				}
			}
			p, e, err := Enrol(network, first.words, first.voice, recordings, other, when())
			if err != nil || e.Grade == Poor {
				refused++
				t.Logf("%s by %s: %v %s", first.words, first.voice, err, e.Grade)
				continue
			}
			for i, s := range all {
				wakes := func() int {
					d, err := New(Options{Words: []Word{{Name: p.Word, Model: network, Personal: p, Sensitivity: 0.5, Refractory: time.Second}}})
					if err != nil {
						t.Fatal(err)
					}
					return len(frames(d, inNoise(s.pcm, snr, uint64(i))))
				}
				switch {
				case s.words == first.words && s.voice == first.voice && s.take > "4":
					if own++; wakes() == 0 {
						missed++
					}
				case s.words == first.words && s.voice != first.voice && s.take == "5":
					if others++; wakes() > 0 {
						othersWoke++
					}
				case s.kind == "sentence" || s.words != first.words && s.take == "5":
					sentences++
					woke += wakes()
				}
			}
		}
		t.Logf("%v dB: %d words refused; %d of %d missed; other voices: %d of %d woke; other words and sentences: %d wakes in %d",
			snr, refused, missed, own, othersWoke, others, woke, sentences)
	}
}

func saidIn(t *testing.T, dir string) (all []said) {
	files, err := filepath.Glob(filepath.Join(dir, "*.wav"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	slices.Sort(files)
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		part := strings.Split(filepath.Base(file), ".")
		s := said{kind: part[0], words: part[1], voice: part[2], take: part[3]}
		wav, err := voice.NewWAV(bytes.NewReader(data), file)
		for err == nil {
			var f voice.Frame
			if f, err = wav.Next(); err == nil {
				s.pcm = append(s.pcm, f.PCM...)
			}
		}
		all = append(all, s)
	}
	return all
}

// inNoise adds low-passed noise at a ratio to the spoken part of a sound; at 40 dB
// the room of the file is all there is.
func inNoise(pcm []int16, snr float64, seed uint64) []int16 {
	if snr >= 40 {
		return pcm
	}
	power := framePowers(pcm)
	loudest := slices.Max(power)
	spoken := slices.DeleteFunc(power, func(p float32) bool { return p < loudest/belowLoudest })
	level := math.Sqrt(float64(mean(spoken))) / math.Pow(10, snr/20)
	random, low := rand.New(rand.NewPCG(seed, 1)), 0.0
	out := make([]int16, len(pcm))
	for i, x := range pcm {
		low = 0.9*low + 0.436*random.NormFloat64() // of spread 1
		out[i] = int16(max(math.MinInt16, min(math.MaxInt16, float64(x)+level*low)))
	}
	return out
}

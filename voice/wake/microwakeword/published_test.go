package microwakeword

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/voice/voicetest"
)

// The published models: github.com/esphome/micro-wake-word-models, models/v2.
var published = []string{"okay_nabu", "hey_jarvis", "alexa", "hey_mycroft", "vad"}

// manifestOf is the path of a published model's manifest, in $CRICKET_WEIGHTS or
// in shared/weights beside the repository; without it the test is skipped.
func manifestOf(tb testing.TB, name string) string {
	tb.Helper()
	dirs := []string{os.Getenv("CRICKET_WEIGHTS")}
	for dir, err := os.Getwd(); err == nil && dir != "/"; dir = filepath.Dir(dir) {
		dirs = append(dirs, filepath.Join(dir, "shared", "weights"))
	}
	for _, dir := range dirs {
		path := filepath.Join(dir, "microwakeword", "models", "v2", name+".json")
		if _, err := os.Stat(path); dir != "" && err == nil {
			return path
		}
	}
	tb.Skipf("no %s.json: fetch microwakeword/models/v2 of github.com/esphome/micro-wake-word-models into $CRICKET_WEIGHTS", name)
	return ""
}

func publishedModel(tb testing.TB, name string) *Model {
	tb.Helper()
	m, err := Load(manifestOf(tb, name))
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// say is a sentence by a voice of espeak-ng, with a second and a quarter of
// quiet room before it and a second after it.
func say(tb testing.TB, voiceName, text string) []int16 {
	tb.Helper()
	pcm := append(make([]int16, sampleRate), voicetest.Spoken(tb, voiceName, text, 0).PCM...)
	pcm = append(pcm, make([]int16, sampleRate)...)
	for i, room := range hum(len(pcm), 12) {
		pcm[i] = int16(min(max(int(pcm[i])/2+int(room), -32768), 32767))
	}
	return pcm
}

// highest is the highest probability in a sound.
func highest(m *Model, pcm []int16) float32 {
	p, _ := m.NewStream().Push(pcm)
	return p
}

func TestPublishedManifests(t *testing.T) {
	for name, want := range map[string]string{"okay_nabu": "Okay Nabu", "hey_jarvis": "Hey Jarvis", "alexa": "Alexa", "hey_mycroft": "Hey Mycroft", "vad": "vad"} {
		m := publishedModel(t, name)
		if m.Word() != want || m.SlidingWindow() != 5 || m.StepSamples() != 480 || m.Languages()[0] != "en" || m.Threshold() < 0.5 || m.Threshold() > 0.97 {
			t.Errorf("%s: %q, window %d, step %d, %v, threshold %v", name, m.Word(), m.SlidingWindow(), m.StepSamples(), m.Languages(), m.Threshold())
		}
	}
}

func TestPublishedModelsAgreeWithTheReference(t *testing.T) {
	for _, name := range published {
		t.Run(name, func(t *testing.T) {
			path := manifestOf(t, name)
			model, err := os.ReadFile(strings.TrimSuffix(path, ".json") + ".tflite")
			if err != nil {
				t.Fatal(err)
			}
			word := strings.ReplaceAll(name, "_", " ")
			pcm := append(say(t, "en-us", word), say(t, "en-gb+f3", word+", is the door open?")...)
			steps, same := agree(t, publishedModel(t, name), model, pcm)
			t.Logf("%d steps, %d the same", steps, same)
			if steps < 150 {
				t.Errorf("%d steps", steps)
			}
		})
	}
}

// Words said by voices that the models were not trained on. How many of them
// wake is in the log; the bounds are what was measured, less one.
func TestPublishedWordsWake(t *testing.T) {
	voices := []string{"en-gb", "en-us+f3", "en-gb-scotland", "en-029"}
	least := map[string]int{"okay_nabu": 3, "hey_jarvis": 1, "alexa": 3, "hey_mycroft": 3}
	others := []string{
		"turn on the lamp in the kitchen and close the blinds",
		"what is the weather going to be like tomorrow afternoon",
		"the train from the north arrives at half past seven on platform four",
	}
	for _, name := range published[:4] {
		t.Run(name, func(t *testing.T) {
			m := publishedModel(t, name)
			woke, wrong, sounds := 0, 0, 0
			for _, v := range voices {
				for _, word := range published[:4] {
					p := highest(m, say(t, v, strings.ReplaceAll(word, "_", " ")))
					switch {
					case word == name && p > m.Threshold():
						woke++
					case word == name:
						t.Logf("%s: %q only has %.2f", v, m.Word(), p)
					case p > m.Threshold():
						wrong++
						t.Errorf("%s: %q woke %q", v, word, m.Word())
					}
				}
				for _, text := range others {
					sounds++
					if p := highest(m, say(t, v, text)); p > m.Threshold() {
						wrong++
						t.Errorf("%s: %q woke %q", v, text, m.Word())
					}
				}
			}
			t.Logf("%q wakes for %d of %d voices, wrongly for %d of %d sentences and the other words", m.Word(), woke, len(voices), wrong, sounds)
			if woke < least[name] {
				t.Errorf("%q wakes for %d of %d voices", m.Word(), woke, len(voices))
			}
		})
	}
}

// The voice activity model tells speech from a quiet room and from a chord.
func TestVoiceActivity(t *testing.T) {
	m := publishedModel(t, "vad")
	if p := highest(m, say(t, "en-gb", "good morning")); p < m.Threshold() {
		t.Errorf("speech has %.2f", p)
	}
	for name, pcm := range map[string][]int16{"silence": make([]int16, 2*sampleRate), "a quiet room": hum(2*sampleRate, 12)} {
		if p := highest(m, pcm); p > m.Threshold() {
			t.Errorf("%s has %.2f", name, p)
		}
	}
}

// A second of sound, a frame of 20 ms at a time. The time is of one second:
// 10,000 microseconds would be one per cent of a core.
func BenchmarkPush(b *testing.B) {
	pcm := talk(sampleRate)
	for _, name := range append([]string{"small"}, published...) {
		b.Run(name, func(b *testing.B) {
			m := smallModel(b)
			if name != "small" {
				m = publishedModel(b, name)
			}
			s := m.NewStream()
			b.ReportAllocs()
			for b.Loop() {
				for frame := range slices.Chunk(pcm, 320) {
					s.Push(frame)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N), "µs/s-of-audio")
		})
	}
}

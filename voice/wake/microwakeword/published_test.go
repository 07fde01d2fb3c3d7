package microwakeword

import (
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cricket-home/cricket/voice/voicetest"
)

// The published models: github.com/esphome/micro-wake-word-models, models/v2.
var published = []string{"okay_nabu", "hey_jarvis", "alexa", "hey_mycroft", "vad"}

func publishedModel(tb testing.TB, name string) *Model {
	tb.Helper()
	m, err := Load(voicetest.CommunityWord(tb, name))
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
			path := voicetest.CommunityWord(t, name)
			model, err := os.ReadFile(strings.TrimSuffix(path, ".json") + ".tflite")
			if err != nil {
				t.Fatal(err)
			}
			word := strings.ReplaceAll(name, "_", " ")
			pcm := say(t, "en-gb+f3", word+", is the door open?")
			steps, same := agree(t, publishedModel(t, name), model, pcm)
			t.Logf("%d steps, %d the same", steps, same)
			if steps < 100 {
				t.Errorf("%d steps", steps)
			}
		})
	}
}

// Words said by voices that the models were not trained on. How many of them
// wake is in the log; the bounds are a little under what was measured.
func TestPublishedWordsWake(t *testing.T) {
	publishedModel(t, published[0]) // without the models, no need to speak
	voices := []string{"en-gb", "en-us+f3", "en-gb-scotland", "en-029"}
	type sound struct{ voice, text string }
	sounds := map[sound][]int16{}
	for _, v := range voices {
		for _, text := range []string{
			"okay nabu", "hey jarvis", "alexa", "hey mycroft",
			"turn on the lamp in the kitchen and close the blinds",
			"what is the weather going to be like tomorrow afternoon",
			"the train from the north arrives at half past seven on platform four",
		} {
			sounds[sound{v, text}] = say(t, v, text)
		}
	}
	for name, least := range map[string]int{"okay_nabu": 3, "hey_jarvis": 1, "alexa": 3, "hey_mycroft": 3} {
		m := publishedModel(t, name)
		woke, others := 0, 0
		for s, pcm := range sounds {
			p := highest(m, pcm)
			switch {
			case !strings.EqualFold(s.text, m.Word()):
				others++
				if p > m.Threshold() {
					t.Errorf("%s: %q woke %q with %.2f", s.voice, s.text, m.Word(), p)
				}
			case p > m.Threshold():
				woke++
			default:
				t.Logf("%s: %q only has %.2f", s.voice, m.Word(), p)
			}
		}
		t.Logf("%q woke for %d of %d voices; there were %d other sounds", m.Word(), woke, len(voices), others)
		if woke < least || others != 6*len(voices) {
			t.Errorf("%q woke for %d of %d voices, of at least %d; there were %d other sounds", m.Word(), woke, len(voices), least, others)
		}
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

// A second of sound, a frame of 20 ms at a time. The last figure is processor
// time, which a busy machine does not change much: 10,000 would be one per cent
// of a core.
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
			begin := processorTime(b)
			for b.Loop() {
				for frame := range slices.Chunk(pcm, 320) {
					s.Push(frame)
				}
			}
			b.ReportMetric(float64((processorTime(b)-begin).Microseconds())/float64(b.N), "cpu-µs/s-of-audio")
		})
	}
}

func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

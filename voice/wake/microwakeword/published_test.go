package microwakeword

import (
	"os"
	"path/filepath"
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

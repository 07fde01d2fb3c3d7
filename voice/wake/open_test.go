package wake

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/voicetest"
)

func TestBundledWords(t *testing.T) {
	m := Bundled()
	for _, word := range []string{"hey cricket", "Hey Cricket", Stop} {
		if !m.Has(word) {
			t.Errorf("%q is not bundled", word)
		}
	}
	if m.Has("computer") {
		t.Error("\"computer\" is bundled")
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	bundled, err := os.ReadFile("net/hey-cricket.net")
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	manifest := []byte(`{"type":"micro","wake_word":"computer","model":"computer.tflite","version":2,"micro":{"probability_cutoff":0.9,"sliding_window_size":5,"feature_step_size":10}}`)
	damaged := slices.Clone(bundled)
	damaged[len(damaged)/2] ^= 1
	for _, tt := range []struct{ name, file, want string }{
		{"whole", file("a.net", bundled), ""},
		{"whole, in capitals", file("A.NET", bundled), ""},
		{"damaged", file("damaged.net", damaged), "damaged.net: "},
		{"cut off", file("cut.net", bundled[:len(bundled)/2]), "cut.net: "},
		{"empty", file("empty.net", nil), "empty.net: "},
		{"text", file("text.net", []byte("hey cricket")), "text.net: "},
		{"missing", filepath.Join(dir, "missing.net"), "missing.net: no such file"},
		{"a folder", func() string { d := filepath.Join(dir, "folder.net"); os.Mkdir(d, 0o700); return d }(), "it is no model file"},
		{"another kind", file("computer.onnx", nil), "it is neither a .net of Cricket's, nor a .json or .tflite"},
		{"manifest without its model", file("computer.json", manifest), "computer.tflite"},
		{"model without its manifest", file("alone.tflite", nil), "its manifest alone.json must be beside it"},
		{"missing model", filepath.Join(dir, "missing.tflite"), "missing.tflite: no such file"},
		{"manifest that is none", file("text.json", []byte("hey cricket")), "text.json"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := Open(tt.file)
			if tt.want == "" {
				if err != nil || !m.Has("hey cricket") {
					t.Errorf("%v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the error is %v, want it to say %q", err, tt.want)
			}
		})
	}
}

// The bundled word and one of the community's, at once, in what people say.
func TestTwoKindsOfWordsAtOnce(t *testing.T) {
	community, err := Open(voicetest.CommunityWord(t, "okay_nabu"))
	if err != nil {
		t.Fatal(err)
	}
	words := []Word{
		{Name: "hey cricket", Model: Bundled(), Sensitivity: 0.5, Refractory: DefaultRefractory},
		{Name: "nabu", ScoredAs: "okay nabu", Model: community, Sensitivity: 0.5, Refractory: DefaultRefractory},
	}
	for _, tt := range []struct{ text, want string }{
		{"hey cricket, turn on the lights", "hey cricket"},
		{"okay nabu, turn on the lights", "nabu"},
		{"turn on the lights in the kitchen", ""},
	} {
		d, err := New(Options{Words: words})
		if err != nil {
			t.Fatal(err)
		}
		var woke []string
		for _, w := range frames(d, say(t, tt.text, "en-us", 0.5)) {
			woke = append(woke, w.Word)
		}
		if strings.Join(woke, ", ") != tt.want {
			t.Errorf("%q woke %q, want %q", tt.text, woke, tt.want)
		}
	}
}

// A word ends where the sound is weakest near its expected end.
func TestEnd(t *testing.T) {
	const word, pause, detected = 60, 100, 103 // frames: it begins, it ends, it is detected
	var l levels
	loud, soft := noise(voice.FrameSamples, 3000), noise(voice.FrameSamples, 30)
	for n := range 140 {
		pcm := soft
		if n >= word && n < pause || n >= 110 { // the request begins 200 ms later
			pcm = loud
		}
		l.push(pcm)
	}
	if end := l.boundary(detected, 1); end < pause || end >= 110 {
		t.Errorf("it ends at frame %d, not between %d and 110", end, pause)
	}
	if begin := l.onset(pause); begin != word {
		t.Errorf("it begins at frame %d, not at %d", begin, word)
	}
	if snr := l.snr(word, pause); snr < 38 || snr > 42 {
		t.Errorf("it is %.1f dB over the noise, not 40", snr)
	}
}

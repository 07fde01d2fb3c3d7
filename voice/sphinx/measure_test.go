package sphinx

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/voice"
)

// TestMeasure writes what the child heard in each of many sounds as JSON lines
// to the file CRICKET_MEASURE names: the data from which the numbers in
// confidence.go were fitted.
func TestMeasure(t *testing.T) {
	file := os.Getenv("CRICKET_MEASURE")
	if file == "" {
		t.Skip("set CRICKET_MEASURE=FILE to measure")
	}
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	e := New(Options{Native: os.Getenv("CRICKET_NATIVE"), Log: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go e.Run(ctx)
	name := os.Getenv("CRICKET_GRAMMAR")
	if name == "" {
		name = "testdata/home.jsgf"
	}
	jsgf, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := e.SetPhrases(ctx, string(jsgf), nil); err != nil {
		t.Fatal(err)
	}
	t.Logf("grammar loaded in %v", time.Since(began))
	write := json.NewEncoder(out)
	var spoken, took time.Duration
	measure := func(kind, speaker, noise, text string, pcm []int16) {
		pcm = request(pcm)
		began := time.Now()
		reply, err := e.child.Call(ctx, child.Request{Verb: "transcribe", Data: child.PCM(pcm)})
		if err != nil {
			t.Fatal(err)
		}
		took += time.Since(began)
		spoken += voice.Utterance{PCM: pcm}.Duration()
		var h Heard
		if err := json.Unmarshal(reply, &h); err != nil {
			t.Fatal(err)
		}
		write.Encode(map[string]any{"kind": kind, "speaker": speaker, "noise": noise, "said": text, "heard": h, "evidence": h.evidence(0, h.Frames), "confidence": h.transcript().Confidence, "not": h.transcript().NotCommand, "text": h.transcript().Text})
	}
	commands := "testdata/commands.txt"
	if s := os.Getenv("CRICKET_COMMANDS"); s != "" {
		commands = s
	}
	quick := os.Getenv("CRICKET_QUICK") != ""
	for _, speaker := range speakers {
		for _, set := range []struct{ kind, file string }{{"command", commands}, {"other", "testdata/others.txt"}} {
			b, err := os.ReadFile(set.file)
			if err != nil {
				t.Fatal(err)
			}
			if quick && set.kind == "other" {
				continue
			}
			for text := range strings.Lines(string(b)) {
				text = strings.TrimSpace(text)
				pcm := say(t, speaker, text)
				measure(set.kind, speaker, "clean", text, addNoise(pcm, 60, 1))
				if quick {
					continue
				}
				measure(set.kind, speaker, "15dB", text, addNoise(pcm, 15, 2))
			}
		}
	}
	for i := range 40 {
		if quick {
			break
		}
		measure("noise", "", "white", "", addNoise(make([]int16, 16000*(1+i%4)), float64(10+i), uint64(i)))
		measure("noise", "", "tones", "", addNoise(tones(16000*(1+i%4), uint64(i)), 30, uint64(i)))
	}
	t.Logf("%v of sound in %v: %.3f of real time", spoken, took, took.Seconds()/spoken.Seconds())
}

// request is what the end of speech finds in pcm; where that is nothing, the whole.
func request(pcm []int16) []int16 {
	e := voice.NewEndpointer()
	best := voice.Utterance{}
	keep := func(u voice.Utterance, found bool) {
		if found && len(u.PCM) > len(best.PCM) {
			best = u
		}
	}
	for i := 0; i+voice.FrameSamples <= len(pcm); i += voice.FrameSamples {
		keep(e.Push(voice.Frame{Time: time.Duration(i) * time.Second / voice.SampleRate, PCM: pcm[i : i+voice.FrameSamples]}))
	}
	keep(e.Flush())
	if len(best.PCM) == 0 {
		return pcm
	}
	return best.PCM
}

var speakers = []string{"espeak en-us", "espeak en-gb", "espeak en-us+f3", "espeak en-gb-scotland+m3", "flite slt", "flite rms", "flite awb", "flite kal16"}

// say speaks text, 16 kHz, with a second of silence before and after it.
func say(t testing.TB, speaker, text string) []int16 {
	t.Helper()
	dir := filepath.Join(os.TempDir(), "cricket-said")
	os.MkdirAll(dir, 0o700)
	name := filepath.Join(dir, fmt.Sprintf("%x.wav", sha256.Sum256([]byte(speaker+text))))
	if _, err := os.Stat(name); err != nil {
		engine, v, _ := strings.Cut(speaker, " ")
		cmd := exec.Command("espeak-ng", "-v", v, "-w", name+".tmp", text)
		if engine == "flite" {
			cmd = exec.Command("flite", "-voice", v, "-t", text, "-o", name+".tmp")
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		os.Rename(name+".tmp", name)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := voice.NewWAV(f, "")
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, voice.SampleRate)
	for {
		frame, err := w.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		pcm = append(pcm, frame.PCM...)
	}
	return append(pcm, make([]int16, voice.SampleRate)...)
}

// addNoise mixes in noise at so many decibels below the sound, or, for silence,
// below full scale.
func addNoise(pcm []int16, snr float64, seed uint64) []int16 {
	r := rand.New(rand.NewPCG(seed, 7))
	power := 0.0
	for _, s := range pcm {
		power += float64(s) * float64(s) / float64(len(pcm))
	}
	if power == 0 {
		power = 32768 * 32768 / 10
	}
	amplitude := math.Sqrt(power / math.Pow(10, snr/10))
	out := make([]int16, len(pcm))
	low := 0.0
	for i, s := range pcm {
		low = 0.9*low + r.NormFloat64()*0.44
		out[i] = int16(max(-32767, min(32767, float64(s)+amplitude*low)))
	}
	return out
}

// tones is a melody of chords.
func tones(n int, seed uint64) []int16 {
	r := rand.New(rand.NewPCG(seed, 9))
	pcm := make([]int16, n)
	for start := 0; start < n; start += 4000 {
		base := 110 * math.Pow(2, float64(r.IntN(36))/12)
		for i := start; i < min(n, start+4000); i++ {
			x := 0.0
			for h, a := range []float64{1, 0.5, 0.3, 0.2} {
				x += a * math.Sin(2*math.Pi*base*float64(h+1)*float64(i)/16000)
				x += a * math.Sin(2*math.Pi*base*1.26*float64(h+1)*float64(i)/16000)
			}
			pcm[i] = int16(5000 * x * math.Exp(-float64(i-start)/3000))
		}
	}
	return pcm
}

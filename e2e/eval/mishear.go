package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/cricket-home/cricket/voice"
)

// misheardFile is what mishear writes.
const misheardFile = "misheard-heard.jsonl"

// accents are the voices that the sentences are spoken by, in turn.
var accents = []string{"en-us", "en-gb", "en-us+f2", "en-gb-scotland", "en-us+m3", "en-029", "en-gb+f4", "en-us+m7"}

// spoken is a sentence that the templates understand, and what it asks for.
type spoken struct {
	ID   string          `json:"id"`
	Home string          `json:"home"`
	Room string          `json:"room"`
	Said string          `json:"said"`
	Text string          `json:"text"`
	Want json.RawMessage `json:"want"`
}

// mishear speaks the sentences of the kept-out confusions as they were before
// they were confused, adds noise, and writes down what pocketsphinx hears with
// Debian's general US English language model, which knows no home. What it
// hears rightly is left out. A run is the same as the last one.
func mishear() error {
	sentences, err := unconfused("misheard-confused-kept.jsonl")
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "cricket-mishear-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var files []string
	draw := rand.New(rand.NewPCG(1, 2))
	for i, s := range sentences {
		decibels := []float64{20, 10}[i%2]
		pcm, err := speak(s.Said, accents[i%len(accents)], filepath.Join(dir, "said.wav"))
		if err != nil {
			return err
		}
		noisy(pcm, decibels, draw)
		files = append(files, filepath.Join(dir, fmt.Sprintf("%04d.raw", i)))
		if err := os.WriteFile(files[i], littleEndian(pcm), 0o600); err != nil {
			return err
		}
	}
	heard, err := pocketsphinx(files)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	wrong := 0
	for i, s := range sentences {
		s.Text = heard[i]
		if s.Text == "" || strings.EqualFold(s.Text, s.Said) {
			continue
		}
		wrong++
		s.ID = fmt.Sprintf("mh%04d", i)
		line, err := json.Marshal(s)
		if err != nil {
			return err
		}
		out.Write(append(line, '\n'))
	}
	fmt.Printf("%d sentences spoken, %d heard otherwise\n", len(sentences), wrong)
	return os.WriteFile(filepath.Join(folder, misheardFile), out.Bytes(), 0o644)
}

// unconfused reads the sentences behind a corpus of confusions, each once.
func unconfused(file string) ([]spoken, error) {
	data, err := os.ReadFile(filepath.Join(folder, file))
	if err != nil {
		return nil, err
	}
	var out []spoken
	seen := map[string]bool{}
	for line := range bytes.Lines(data) {
		var s spoken
		if err := json.Unmarshal(line, &s); err != nil {
			return nil, fmt.Errorf("read corpus %s: %w", file, err)
		}
		if key := s.Home + s.Room + s.Said; !seen[key] {
			seen[key] = true
			out = append(out, s)
		}
	}
	return out, nil
}

// speak returns 16 kHz mono PCM.
func speak(text, accent, file string) ([]int16, error) {
	if out, err := exec.Command("bin/espeak-ng", "-v", accent, "-w", file, text).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("speak: %w: %s", err, out)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	wav, err := voice.NewWAV(f, file)
	if err != nil {
		return nil, err
	}
	pcm := make([]int16, voice.SampleRate/4)
	for {
		frame, err := wav.Next()
		pcm = append(pcm, frame.PCM...)
		if err == io.EOF {
			return append(pcm, make([]int16, voice.SampleRate/4)...), nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// noisy adds noise that falls by 6 dB an octave, so many decibels below the speech.
func noisy(pcm []int16, decibels float64, draw *rand.Rand) {
	var power float64
	for _, v := range pcm {
		power += float64(v) * float64(v)
	}
	noise := make([]float64, len(pcm))
	var last, noisePower float64
	for i := range noise {
		last = 0.95*last + draw.NormFloat64()
		noise[i] = last
		noisePower += last * last
	}
	gain := math.Sqrt(power / noisePower / math.Pow(10, decibels/10))
	for i := range pcm {
		pcm[i] = int16(max(-32768, min(32767, float64(pcm[i])+gain*noise[i])))
	}
}

func littleEndian(pcm []int16) []byte {
	out := make([]byte, 0, 2*len(pcm))
	for _, v := range pcm {
		out = binary.LittleEndian.AppendUint16(out, uint16(v))
	}
	return out
}

// pocketsphinx is Debian's program, with its own general model: the one that
// setup put beside espeak-ng.
func pocketsphinx(files []string) ([]string, error) {
	mouth, err := filepath.EvalSymlinks("bin/espeak-ng")
	if err != nil {
		return nil, fmt.Errorf("find pocketsphinx: %w (make build)", err)
	}
	run := exec.Command(filepath.Join(filepath.Dir(mouth), "pocketsphinx"), append([]string{"-loglevel", "ERROR", "-cmn", "batch", "single"}, files...)...)
	run.Stderr = os.Stderr
	out, err := run.Output()
	if err != nil {
		return nil, fmt.Errorf("run pocketsphinx: %w", err)
	}
	var heard []string
	for line := range bytes.Lines(out) {
		var h struct {
			Text string `json:"t"`
		}
		if err := json.Unmarshal(line, &h); err != nil {
			return nil, fmt.Errorf("read what pocketsphinx heard: %w", err)
		}
		heard = append(heard, h.Text)
	}
	if len(heard) != len(files) {
		return nil, fmt.Errorf("pocketsphinx heard %d of %d files", len(heard), len(files))
	}
	return heard, nil
}

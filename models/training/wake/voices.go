package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cricket-home/cricket/voice"
)

// speaker is one voice of one engine.
type speaker struct {
	engine string
	voice  string
	kept   bool // kept out of training, for tests only
}

// Variants of espeak-ng that no person sounds like, or that hardly speak.
var unusable = []string{"Demonic", "fast", "whisper", "whisperf", "UniRobot", "anikaRobot", "announcer", "croak", "RicishayMax3"}

// speakers lists the voices that speak a language here. Every seventh variant of
// espeak-ng is kept out, and of English two voices made from recordings of people
// who are in no other voice: flite's rms, festival's ked.
func speakers(ctx context.Context, language string) ([]speaker, error) {
	accents := []string{language}
	if language == "en" {
		accents = []string{"en", "en-us", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-rp", "en-gb-x-gbcwmd", "en-029", "en-us-nyc"}
	}
	out, err := exec.CommandContext(ctx, "espeak-ng", "--voices=variant").Output()
	if err != nil {
		return nil, fmt.Errorf("list the voices of espeak-ng: %w", err)
	}
	var variants []string
	for line := range strings.Lines(string(out)) {
		for _, field := range strings.Fields(line) {
			if name, ok := strings.CutPrefix(field, "!v/"); ok && !slices.Contains(unusable, name) {
				variants = append(variants, name)
			}
		}
	}
	slices.Sort(variants)
	if len(variants) < 20 {
		return nil, fmt.Errorf("espeak-ng has %d variants, too few to train with", len(variants))
	}
	var all []speaker
	for i, v := range variants {
		for _, a := range accents {
			all = append(all, speaker{"espeak", a + "+" + v, i%7 == 3})
		}
	}
	if language != "en" {
		return all, nil
	}
	for _, v := range []string{"slt", "awb", "kal16", "rms"} {
		if _, err := exec.LookPath("flite"); err == nil {
			all = append(all, speaker{"flite", v, v == "rms"})
		}
	}
	for _, v := range []string{"kal_diphone", "ked_diphone", "cmu_us_slt_arctic_hts"} {
		if found, _ := filepath.Glob("/usr/share/festival/voices/*/" + v); len(found) > 0 {
			all = append(all, speaker{"festival", v, v == "ked_diphone"})
		}
	}
	return all, nil
}

// say speaks a text with pitch, pace and melody drawn at random.
func (s speaker) say(ctx context.Context, text string, r *rand.Rand) ([]int16, error) {
	between := func(a, b float64) string { return fmt.Sprintf("%.2f", a+(b-a)*r.Float64()) }
	switch s.engine {
	case "espeak":
		return read(exec.CommandContext(ctx, "espeak-ng", "-v", s.voice, "--stdout",
			"-p", fmt.Sprint(15+r.IntN(70)), "-s", fmt.Sprint(110+r.IntN(110)), "-a", "80", text), "")
	case "flite":
		file, err := os.CreateTemp("", "flite*.wav")
		if err != nil {
			return nil, err
		}
		file.Close()
		defer os.Remove(file.Name())
		return read(exec.CommandContext(ctx, "flite", "-voice", s.voice, "--setf", "duration_stretch="+between(0.75, 1.3),
			"--setf", "int_f0_target_mean="+between(85, 190), "--setf", "int_f0_target_stddev="+between(8, 30),
			"-t", text, "-o", file.Name()), file.Name())
	case "festival":
		file, err := os.CreateTemp("", "festival*.wav")
		if err != nil {
			return nil, err
		}
		file.Close()
		defer os.Remove(file.Name())
		script := fmt.Sprintf("(begin (voice_%s) (Parameter.set 'Duration_Stretch %s) (utt.save.wave (utt.synth (Utterance Text %q)) %q 'riff))",
			s.voice, between(0.8, 1.25), text, file.Name())
		return read(exec.CommandContext(ctx, "festival", "--batch", script), file.Name())
	}
	return nil, fmt.Errorf("no engine is called %q", s.engine)
}

// read runs a command and reads the WAV it writes to path, or to its output.
func read(cmd *exec.Cmd, path string) ([]int16, error) {
	var out, message bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &message
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("run %q: %w: %s", cmd.Args, err, strings.TrimSpace(message.String()))
	}
	data := out.Bytes()
	if path != "" {
		var err error
		if data, err = os.ReadFile(path); err != nil {
			return nil, err
		}
	}
	wav, err := voice.NewWAV(bytes.NewReader(data), "")
	if err != nil {
		return nil, fmt.Errorf("read what %q wrote: %w", cmd.Args, err)
	}
	var pcm []int16
	for {
		frame, err := wav.Next()
		if errors.Is(err, io.EOF) {
			return trim(pcm), nil
		} else if err != nil {
			return nil, err
		}
		pcm = append(pcm, frame.PCM...)
	}
}

// trim cuts what is 40 dB below the loudest 10 ms from both ends.
func trim(pcm []int16) []int16 {
	const piece = 160
	level := func(i int) (sum float64) {
		for _, x := range pcm[i*piece : (i+1)*piece] {
			sum += float64(x) * float64(x)
		}
		return sum
	}
	n := len(pcm) / piece
	loudest := 0.0
	for i := range n {
		loudest = max(loudest, level(i))
	}
	if loudest == 0 {
		return nil
	}
	first, last := 0, n-1
	for first < n && level(first) < loudest/1e4 {
		first++
	}
	for last > first && level(last) < loudest/1e4 {
		last--
	}
	return pcm[first*piece : (last+1)*piece]
}

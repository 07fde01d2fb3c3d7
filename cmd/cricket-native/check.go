package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/voice"
)

type checkCommand struct {
	Model string `help:"Load this Whisper model too, and let it hear a second of sound."`
}

// Run prints a line for each engine, and fails at the first that does not load.
func (c checkCommand) Run(out *os.File) error {
	backends, err := loadBackends()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "ggml ok: %s\n", strings.Join(backends, ", "))
	if c.Model != "" {
		e, err := loadWhisper(c.Model, "en")
		if err != nil {
			return err
		}
		if _, err := e.transcribe(context.Background(), nil, child.PCM(hiss(voice.SampleRate))); err != nil {
			return err
		}
		fmt.Fprintf(out, "whisper ok: %d tokens, window %.1f s\n", e.header.Vocabulary, float64(e.header.Window())/voice.SampleRate)
	}
	d, err := loadSphinx("")
	if err != nil {
		return err
	}
	grammar := "#JSGF V1.0;\ngrammar check;\npublic <check> = lights on | lights off;\n"
	if _, err := d.phrases(context.Background(), []byte("{}"), []byte(grammar)); err != nil {
		return err
	}
	if _, err := d.transcribe(context.Background(), nil, child.PCM(hiss(voice.SampleRate))); err != nil {
		return err
	}
	fmt.Fprintln(out, "pocketsphinx ok: US English, a grammar of two phrases")
	return nil
}

// hiss is faint noise: not silence, which no engine is asked about.
func hiss(n int) []int16 {
	pcm := make([]int16, n)
	pcm[0] = 32767
	floor(pcm, 0)
	return pcm
}

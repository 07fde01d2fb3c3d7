package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/voice"
)

// PipeWire's programs of Debian 12 do not know --raw, and those of today want it.
func TestPipeWireOfThenAndNow(t *testing.T) {
	for _, tt := range []struct{ name, script string }{
		{"then", `for a; do case $a in --help) echo "--rate --channels --format"; exit 0;; --raw) echo "unrecognized option '--raw'" >&2; exit 1;; esac; done; exec cat "$SOUND"`},
		{"now", `for a; do case $a in --help) echo "--rate --channels --format -a, --raw"; exit 0;; --raw) exec cat "$SOUND";; esac; done; echo "RIFF" ; exit 1`},
	} {
		dir := t.TempDir()
		tone := make([]int16, voice.FrameSamples)
		for i := range tone {
			tone[i] = int16(i + 1)
		}
		sound := filepath.Join(dir, "tone.raw")
		if err := os.WriteFile(sound, child.PCM(tone), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, recorder), []byte("#!/bin/sh\n"+tt.script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
		t.Setenv("SOUND", sound)
		p, err := startProgram(piped(recorder), true)
		if err != nil {
			t.Fatal(err)
		}
		frame := make([]int16, voice.FrameSamples)
		if err := p.Read(frame); err != nil || !slices.Equal(frame, tone) {
			t.Errorf("%s: %v, %v", tt.name, err, frame[:3])
		}
		p.Close()
	}
}

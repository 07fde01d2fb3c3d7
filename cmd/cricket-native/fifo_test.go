package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/voice"
)

// Writers come and go, and one of them writes nonsense: between them it is silent, and
// the microphone never goes away.
func TestFIFO(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mic")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	tone := make([]int16, 30*voice.FrameSamples) // more than is taken ahead
	for i := range tone {
		tone[i] = int16(i%1000 + 1)
	}
	var wav bytes.Buffer
	if err := voice.WriteWAV(&wav, voice.SampleRate, tone); err != nil {
		t.Fatal(err)
	}
	silent := make([]int16, voice.FrameSamples)
	synctest.Test(t, func(t *testing.T) {
		m, err := openSoundFile(path)
		if err != nil {
			t.Fatal(err)
		}
		frame := make([]int16, voice.FrameSamples)
		read := func() []int16 {
			if err := m.Read(frame); err != nil {
				t.Fatal(err)
			}
			return frame
		}
		for range 50 {
			if !slices.Equal(read(), silent) {
				t.Fatal("it hears something before anybody writes")
			}
		}
		for _, c := range []struct {
			name string
			data []byte
			want []int16
		}{
			{"raw", child.PCM(tone), tone},
			{"a WAV", wav.Bytes(), tone},
			{"a WAV of nonsense", []byte("RIFF\x00\x00\x00\x00nonsense, and so on and on"), nil},
			{"nothing", nil, nil},
			{"one byte", []byte{1}, nil},
			{"a WAV that is cut", wav.Bytes()[:wav.Len()-20*voice.FrameSamples], tone[:20*voice.FrameSamples]},
			{"raw again", child.PCM(tone), tone},
		} {
			w, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(c.data); err != nil {
				t.Fatal(err)
			}
			w.Close()
			synctest.Wait()
			var got []int16
			last := 0
			for at := range 100 {
				if f := read(); !slices.Equal(f, silent) {
					got, last = append(got, f...), at
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: %d samples, want %d", c.name, len(got), len(c.want))
			}
			if last > 60 {
				t.Errorf("%s: there is a hole in it: the last frame is number %d", c.name, last)
			}
		}
		m.Close()
	})
}

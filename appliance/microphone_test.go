package appliance

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cricket-home/cricket/voice"
)

func soundFile(t *testing.T, samples int) string {
	t.Helper()
	pcm := make([]int16, samples)
	for i := range pcm {
		pcm[i] = int16(i)
	}
	file := filepath.Join(t.TempDir(), "x.wav")
	if err := writeSound(file, pcm); err != nil {
		t.Fatal(err)
	}
	return file
}

// A file is heard as fast as it was spoken, once, and then there is no sound.
func TestFileAsMicrophone(t *testing.T) {
	file := soundFile(t, voice.SampleRate/2)
	synctest.Test(t, func(t *testing.T) {
		mic, err := OpenMicrophone(Audio{Microphone: "file:" + file})
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		for i := range 25 {
			f, err := mic.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if late := time.Since(begun) - time.Duration(i+1)*frameTime; late != 0 || f.Time != time.Duration(i)*frameTime || f.PCM[5] != int16(i*voice.FrameSamples+5) {
				t.Fatalf("frame %d is of %v and comes %v late, with %d", i, f.Time, late, f.PCM[5])
			}
		}
		if _, err := mic.Next(t.Context()); err == nil || !strings.Contains(err.Error(), "has ended") {
			t.Errorf("at the end: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := mic.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("an hour after the end: %v", err)
		}
	})
}

// While it is muted nothing is read, and afterwards there is sound again.
func TestMutedMicrophoneIsClosed(t *testing.T) {
	file := soundFile(t, 2*voice.SampleRate)
	synctest.Test(t, func(t *testing.T) {
		mic, err := OpenMicrophone(Audio{Microphone: "file:" + file})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := mic.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
		mic.Mute(true)
		if in := mic.(*stream); in.stop != nil && in.in == nil {
			t.Error("it is open")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		if _, err := mic.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("muted for a minute: %v", err)
		}
		cancel()
		if mic.(*stream).in != nil {
			t.Error("muted, it is open")
		}
		mic.Mute(false)
		if _, err := mic.Next(t.Context()); err != nil {
			t.Errorf("switched on again: %v", err)
		}
	})
}

// Whoever writes to a FIFO is heard, also the next one.
func TestFIFOAsMicrophone(t *testing.T) {
	name := filepath.Join(t.TempDir(), "mic")
	if err := unix.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	mic, err := OpenMicrophone(Audio{Microphone: "file:" + name})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		go func() {
			f, err := os.OpenFile(name, os.O_WRONLY, 0)
			if err != nil {
				t.Error(err)
				return
			}
			if err := errors.Join(voice.WriteWAV(f, voice.SampleRate, make([]int16, 4*voice.FrameSamples)), f.Close()); err != nil {
				t.Error(err)
			}
		}()
		for i := range 4 {
			if _, err := mic.Next(within(t)); err != nil {
				t.Fatalf("frame %d: %v", i, err)
			}
		}
		if _, err := mic.Next(within(t)); err == nil {
			t.Error("it goes on after its end")
		}
	}
}

func TestNoMicrophone(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, name := range []string{"", "none"} {
		if mic, err := OpenMicrophone(Audio{Microphone: name}); !errors.Is(err, ErrNoMicrophone) || mic != nil {
			t.Errorf("%q: %v, %v", name, mic, err)
		}
	}
	mic, err := OpenMicrophone(Audio{Microphone: "file:/nowhere.wav"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mic.Next(t.Context()); err == nil || !strings.Contains(err.Error(), "/nowhere.wav") {
		t.Errorf("a file that is not there: %v", err)
	}
	b := startListening(t, free(), &listening{})
	if f := b.checkMicrophone(); f.OK || !strings.Contains(f.Text, "there is no microphone") || f.Hint == "" {
		t.Errorf("the doctor: %+v", f)
	}
}

// What the machine's own recorder says is heard; when it ends it is started again.
func TestRecorderAsMicrophone(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\n/bin/head -c 1280 /dev/zero\necho unplugged >&2\n"
	if err := os.WriteFile(filepath.Join(dir, "arecord"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	mic, err := OpenMicrophone(Audio{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for range 2 {
			if f, err := mic.Next(within(t)); err != nil || f.Mic != "arecord" {
				t.Fatalf("%v, %+v", err, f)
			}
		}
		if _, err := mic.Next(within(t)); err == nil || !strings.Contains(err.Error(), "unplugged") {
			t.Errorf("at the end of the recorder: %v", err)
		}
	}
}

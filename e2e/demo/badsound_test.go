package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/voice"
)

// Whatever is given to hear, it says what is wrong, publishes nothing, and the
// daemon hears the next file.
func TestBadSoundIsRefusedAndLosesNothing(t *testing.T) {
	bin := programs(t)
	speech, err := filepath.Abs("../speech")
	if err != nil {
		t.Fatal(err)
	}
	good := filepath.Join(speech, "front_door.wav")
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name string, write func(f *os.File) error) string {
		f, err := os.Create(filepath.Join(dir, name))
		if err == nil {
			err = write(f)
		}
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		return f.Name()
	}
	data := func(name string, b []byte) string {
		return file(name, func(f *os.File) error { _, err := f.Write(b); return err })
	}
	pcm := func(name string, seconds int, sample func() int16) string {
		return file(name, func(f *os.File) error {
			s := make([]int16, seconds*voice.SampleRate)
			for i := range s {
				s[i] = sample()
			}
			return voice.WriteWAV(f, voice.SampleRate, s)
		})
	}
	noise := rand.New(rand.NewPCG(1, 2))

	run, err := os.MkdirTemp("", "cricket-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(run) })
	config := data("config.toml", []byte("[mqtt]\nlisten = \"127.0.0.1:0\"\n"))
	d := demo{bin: bin, config: config, out: io.Discard}
	stop, err := d.startDaemon(context.Background(), run)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	hear := func(file string) (code int, out, errs string) {
		var stdout, stderr bytes.Buffer
		c := exec.Command(filepath.Join(bin, "cricket"), "hear", "--no-wake", "--json", file)
		c.Env, c.Stdout, c.Stderr = environment(run), &stdout, &stderr
		err := c.Run()
		if c.ProcessState == nil {
			t.Fatal(err)
		}
		return c.ProcessState.ExitCode(), stdout.String(), stderr.String()
	}

	for _, tt := range []struct {
		name, file string
		code       int
		says       string // on standard error
	}{
		{"text", data("text.wav", []byte("turn on the lights\n")), 2, "not a WAV: it looks like text"},
		{"empty", data("empty.wav", nil), 2, "not a WAV: it looks like an empty file"},
		{"MP3", data("song.mp3", []byte("ID3\x04\x00\x00\x00\x00\x00\x00")), 2, "not a WAV: it looks like MP3"},
		{"no samples", data("none.wav", whole[:44]), 2, "0.00 s read"},
		{"cut off", data("cut.wav", whole[:len(whole)/8]), 2, "WAV is cut off"},
		{"2 GB of nothing like a WAV", file("big.bin", func(f *os.File) error { return f.Truncate(2 << 30) }), 2, "not a WAV"},
		{"ten minutes of silence", pcm("silence.wav", 600, func() int16 { return 0 }), 1, "no speech in it"},
		{"clipped noise", pcm("noise.wav", 10, func() int16 { return int16(32767 * (2*noise.IntN(2) - 1)) }), 1, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errs := hear(tt.file)
			if code != tt.code || !strings.Contains(errs, tt.says) {
				t.Errorf("exit code %d, want %d; it says\n%s, want %q", code, tt.code, errs, tt.says)
			}
			if strings.Contains(out, `"topic"`) {
				t.Errorf("it acted: %s", out)
			}
			if code, out, errs := hear(good); code != 0 || !strings.Contains(out, `"transcript":"is the front door locked"`) {
				t.Errorf("afterwards a good file is not heard: exit code %d, %s%s", code, out, errs)
			}
		})
	}

	// "turn on the lights in the bedr…" must not turn on those of this room.
	cut := data("cut_late.wav", whole[:len(whole)*9/10])
	code, out, errs := hear(cut)
	if code != 2 || out != "" || !strings.Contains(errs, "WAV is cut off") {
		t.Errorf("a file cut in the middle of a request: exit code %d\n%s%s", code, out, errs)
	}

	// A dry run says what would be published, and publishes nothing.
	c := exec.Command(filepath.Join(bin, "cricket"), "hear", "--dry-run", "--json", filepath.Join(speech, "bathroom_fan.wav"))
	c.Env = environment(run)
	if out, err := c.Output(); err != nil || !strings.Contains(string(out), `"confirmed":null`) || strings.Contains(string(out), `"publish"`) {
		t.Errorf("a dry run: %s, %v", out, err)
	}

	// Many files at once do not mix.
	results := make(chan error, 8)
	for range cap(results) {
		go func() {
			code, out, errs := hear(good)
			if code != 0 || !strings.Contains(out, `"transcript":"is the front door locked"`) {
				results <- fmt.Errorf("exit code %d: %s%s", code, out, errs)
				return
			}
			results <- nil
		}()
	}
	for range cap(results) {
		if err := <-results; err != nil {
			t.Errorf("at the same time: %v", err)
		}
	}
}

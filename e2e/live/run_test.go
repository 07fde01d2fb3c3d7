package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/voicetest"
)

// daemon is `cricket run` with a FIFO for its microphone.
type daemon struct {
	t   *testing.T
	bin string
	mic *os.File
	env []string

	mu   sync.Mutex
	log  bytes.Buffer
	more chan struct{} // has an element when it has said more
}

func (d *daemon) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case d.more <- struct{}{}:
	default:
	}
	return d.log.Write(p)
}

func (d *daemon) said() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.String()
}

func startDaemon(t *testing.T, microphone string) *daemon {
	t.Helper()
	dir, err := os.MkdirTemp("", "cricket-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	d := &daemon{t: t, bin: voicetest.Program(t, "cricket"), more: make(chan struct{}, 1), env: append(os.Environ(), "RUNTIME_DIRECTORY="+dir, "STATE_DIRECTORY="+dir)}
	if microphone == "" {
		microphone = filepath.Join(dir, "mic")
		if err := unix.Mkfifo(microphone, 0o600); err != nil {
			t.Fatal(err)
		}
		if d.mic, err = os.OpenFile(microphone, os.O_RDWR, 0); err != nil { // also to read, so that it waits for nobody
			t.Fatal(err)
		}
		t.Cleanup(func() { d.mic.Close() })
		microphone = "file:" + microphone
	}
	config := filepath.Join(dir, "config.toml")
	text := fmt.Sprintf("[mqtt]\nlisten = \"127.0.0.1:0\"\n[audio]\nmicrophone = %q\n", microphone)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(d.bin, "run", "--demo", "--config", config)
	cmd.Env, cmd.Stdout, cmd.Stderr = d.env, d, d
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(cmd.Process.Signal(os.Interrupt), cmd.Wait()); err != nil {
			t.Errorf("cricket run: %v\n%s", err, d.said())
		}
	})
	d.await("Recogniser: ")
	return d
}

// await waits until the daemon has said something.
func (d *daemon) await(text string) {
	d.t.Helper()
	over := time.After(2 * time.Minute)
	for !strings.Contains(d.said(), text) {
		select {
		case <-d.more:
		case <-over:
			d.t.Fatalf("it does not say %q:\n%s", text, d.said())
		}
	}
}

func (d *daemon) command(args ...string) string {
	cmd := exec.Command(d.bin, args...)
	cmd.Env = d.env
	out, _ := cmd.CombinedOutput() // the exit status is of no interest here
	return string(out)
}

// The daemon hears a request through its microphone, wakes, and does it.
func TestDaemonHears(t *testing.T) {
	d := startDaemon(t, "")
	f, err := os.Open("../speech/kitchen_lights.wav")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	wav, err := voice.NewWAV(f, "")
	var pcm []int16
	for err == nil {
		var frame voice.Frame
		if frame, err = wav.Next(); err == nil {
			pcm = append(pcm, frame.PCM...)
		}
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	pcm = append(append(make([]int16, voice.SampleRate), pcm...), make([]int16, 4*voice.SampleRate)...)
	go voice.WriteWAV(d.mic, voice.SampleRate, pcm) // the daemon reads it as fast as it was spoken
	d.await("woken")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var results []appliance.Result
	for len(results) == 0 && ctx.Err() == nil {
		if err := json.Unmarshal([]byte(d.command("why", "--json")), &results); err != nil {
			results = nil
		}
	}
	if len(results) != 1 || results[0].Wake == nil || !results[0].Done() || len(results[0].Actions) == 0 {
		t.Fatalf("it did %+v\n%s", results, d.said())
	}
	if out := d.command("doctor"); !strings.Contains(out, "microphone: it listens") {
		t.Errorf("the doctor:\n%s", out)
	}
}

// Without a microphone it serves text, and says what is missing.
func TestDaemonWithoutMicrophone(t *testing.T) {
	d := startDaemon(t, "none")
	if !strings.Contains(d.said(), "the box hears nobody") {
		t.Errorf("it does not say that it hears nobody:\n%s", d.said())
	}
	if out := d.command("ask", "turn on the hall lamp"); !strings.Contains(out, "confirmed") {
		t.Errorf("asked by text: %s", out)
	}
	if out := d.command("doctor"); !strings.Contains(out, "ok     microphone: none is wanted") {
		t.Errorf("the doctor:\n%s", out)
	}
	if out := d.command("listen"); !strings.Contains(out, "there is no microphone") {
		t.Errorf("listen: %s", out)
	}
}

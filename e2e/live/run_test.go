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
	"strconv"
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
	pid int
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
	d.pid = cmd.Process.Pid
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
	d.awaitAnother(text, 0)
}

// awaitAnother waits until it has said something more often than so many times.
func (d *daemon) awaitAnother(text string, times int) {
	d.t.Helper()
	over := time.After(2 * time.Minute)
	for strings.Count(d.said(), text) <= times {
		select {
		case <-d.more:
		case <-over:
			d.t.Fatalf("it does not say %q:\n%s", text, d.said())
		}
	}
}

// killSound kills the child that has the microphone, as a crash would: proc_pid_stat(5).
func (d *daemon) killSound() {
	d.t.Helper()
	programs, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		d.t.Fatal(err)
	}
	for _, file := range programs {
		line, _ := os.ReadFile(file) // one that has ended meanwhile is none of ours
		stat, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "stat"))
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest) // state, parent, ...
		if !strings.Contains(string(line), "cricket-native\x00audio\x00") || len(fields) < 2 || fields[1] != strconv.Itoa(d.pid) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err == nil {
			err = unix.Kill(pid, unix.SIGKILL)
		}
		if err != nil {
			d.t.Fatal(err)
		}
		return
	}
	d.t.Fatalf("it has no sound child:\n%s", d.said())
}

func (d *daemon) command(args ...string) string {
	cmd := exec.Command(d.bin, args...)
	cmd.Env = d.env
	out, _ := cmd.CombinedOutput() // the exit status is of no interest here
	return string(out)
}

// request is a spoken request with silence around it.
func request(t *testing.T) []int16 {
	t.Helper()
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
	return append(append(make([]int16, voice.SampleRate), pcm...), make([]int16, 4*voice.SampleRate)...)
}

// answers waits until so many requests are kept, and returns them, the newest first.
func (d *daemon) answers(n int) []appliance.Result {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), time.Minute)
	defer cancel()
	var results []appliance.Result
	for len(results) < n && ctx.Err() == nil {
		if err := json.Unmarshal([]byte(d.command("why", "9", "--json")), &results); err != nil {
			results = nil
		}
	}
	if len(results) != n {
		d.t.Fatalf("it did %+v, want %d\n%s", results, n, d.said())
	}
	return results
}

// The daemon hears a request through its microphone, wakes, and does it.
func TestDaemonHears(t *testing.T) {
	d := startDaemon(t, "")
	pcm := request(t)
	go voice.WriteWAV(d.mic, voice.SampleRate, pcm) // the daemon reads it as fast as it was spoken
	d.await("woken")
	if r := d.answers(1)[0]; r.Wake == nil || !r.Done() || len(r.Actions) == 0 {
		t.Fatalf("it did %+v\n%s", r, d.said())
	}
	if out := d.command("doctor"); !strings.Contains(out, "microphone: it listens") {
		t.Errorf("the doctor:\n%s", out)
	}
}

// The child that has the microphone is killed, while the box is idle and in the middle of
// a wake word: what is said afterwards is heard.
func TestDaemonHearsAgain(t *testing.T) {
	d := startDaemon(t, "")
	d.await("listening")
	pcm := request(t)
	for n, before := range []int{0, voice.SampleRate * 3 / 2} { // samples that are heard until it is killed
		said := d.said()
		if before > 0 {
			if err := voice.WriteWAV(d.mic, voice.SampleRate, pcm[:before]); err != nil {
				t.Fatal(err)
			}
		}
		d.killSound()
		d.awaitAnother("listening", strings.Count(said, "listening"))
		spoken := make(chan error, 1)
		go func() { spoken <- voice.WriteWAV(d.mic, voice.SampleRate, pcm) }()
		if r := d.answers(n + 1)[0]; r.Wake == nil || !r.Done() || len(r.Actions) == 0 {
			t.Fatalf("it did %+v\n%s", r, d.said())
		}
		if err := <-spoken; err != nil { // the next request does not mix with the end of this one
			t.Fatal(err)
		}
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

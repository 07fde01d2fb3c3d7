package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/audio"
	"github.com/cricket-home/cricket/voice/voicetest"
)

// desk is a microphone and a loudspeaker that take no time, and the wire.
type desk struct {
	t      *testing.T
	mu     sync.Mutex
	frames int // that left
	told   []audio.Notice
	played []int16
	hears  chan []int16      // closed: the microphone is gone
	tells  chan audio.Notice // what was told, too; nil: nobody waits for it
}

func (d *desk) emit(of child.Type, payload []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if of == child.Sound {
		d.frames++
		return nil
	}
	var n audio.Notice
	if err := json.Unmarshal(payload, &n); err != nil {
		d.t.Error(err)
	}
	d.told = append(d.told, n)
	if d.tells != nil {
		d.tells <- n
	}
	return nil
}

func (d *desk) Name() string { return "desk" }
func (d *desk) Close() error { return nil }
func (d *desk) Read(pcm []int16) error {
	frame, ok := <-d.hears
	if !ok {
		return errors.New("it was unplugged")
	}
	copy(pcm, frame)
	return nil
}
func (d *desk) Write(pcm []int16) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.played = append(d.played, pcm...)
	return nil
}

func (d *desk) left() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.frames
}

func call(t *testing.T, h child.Handlers, verb string, head any, data []byte) {
	t.Helper()
	b, err := json.Marshal(head)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h[verb](t.Context(), b, data); err != nil {
		t.Fatal(err)
	}
}

func TestMuteHoldsEveryFrameBack(t *testing.T) {
	d := &desk{t: t, hears: make(chan []int16)}
	s, err := newSound(d.emit, func() (microphone, error) { return d, nil }, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.listen(ctx) }()
	h, frame := s.handlers(cards{}), make([]int16, voice.FrameSamples)
	hear := func(n int) int {
		for range n + 1 { // the last is read when those before it have passed
			d.hears <- frame
		}
		return d.left()
	}
	if n := hear(50); n != 0 {
		t.Fatalf("%d frames left before anybody had said whether it is muted", n)
	}
	call(t, h, "mute", false, nil)
	if n := hear(10); n < 10 {
		t.Fatalf("%d frames left, want 10", n)
	}
	call(t, h, "mute", true, nil)
	before := d.left()
	if n := hear(100); n != before {
		t.Errorf("%d frames left while it was muted", n-before)
	}
	call(t, h, "mute", false, nil)
	if n := hear(10); n < before+10 {
		t.Errorf("%d frames left after that, want 10", n-before)
	}
	stop()
	close(d.hears)
	<-ended
}

func TestPlayAndHush(t *testing.T) {
	d := &desk{t: t}
	s, err := newSound(d.emit, nil, func() (loudspeaker, error) { return d, nil })
	if err != nil {
		t.Fatal(err)
	}
	h := s.handlers(cards{})
	tone := make([]int16, 500)
	for i := range tone {
		tone[i] = int16(i + 1)
	}
	call(t, h, "play", 1, child.PCM(tone))
	call(t, h, "play", 2, child.PCM(tone))
	frame := make([]int16, voice.FrameSamples)
	var heard []int16
	for s.next(frame) {
		heard = append(heard, frame...)
	}
	if want := append(slices.Clone(tone), tone...); !slices.Equal(heard[:1000], want) {
		t.Error("two sounds do not follow one another")
	}
	call(t, h, "play", 3, child.PCM(make([]int16, 5000)))
	s.next(frame)
	call(t, h, "play", 5, child.PCM(tone))
	call(t, h, "hush", 3, nil)
	if !s.next(frame) || frame[0] != 1 {
		t.Error("what was not hushed does not sound")
	}
	s.hush(5)
	if s.next(frame) {
		t.Error("it sounds after it was hushed")
	}
	s.queue = []playing{{id: 4, pcm: tone}}
	s.drop(errors.New("it was unplugged"))
	want := []audio.Notice{{Played: 1, Samples: 500}, {Played: 2, Samples: 500}, {Played: 3, Samples: 320, Fault: "it was hushed"}, {Played: 5, Samples: 320, Fault: "it was hushed"}, {Played: 4, Fault: "it was unplugged"}}
	if !slices.Equal(d.told, want) {
		t.Errorf("told %+v, want %+v", d.told, want)
	}
}

func TestSoundFiles(t *testing.T) {
	dir := t.TempDir()
	tone := make([]int16, 3*voice.FrameSamples)
	for i := range tone {
		tone[i] = int16(i)
	}
	raw, wav := filepath.Join(dir, "a.raw"), filepath.Join(dir, "a.wav")
	if err := os.WriteFile(raw, child.PCM(tone), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(wav)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(voice.WriteWAV(file, voice.SampleRate, tone), file.Close()); err != nil {
		t.Fatal(err)
	}
	odd := filepath.Join(dir, "odd.raw")
	if err := os.WriteFile(odd, child.PCM(tone)[:5*voice.FrameSamples-1], 0o600); err != nil {
		t.Fatal(err)
	}
	short := slices.Clone(tone)
	clear(short[5*voice.FrameSamples/2-1:])
	for path, want := range map[string][]int16{raw: tone, wav: tone, odd: short} {
		synctest.Test(t, func(t *testing.T) {
			m, err := openSoundFile(path)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			begun := time.Now()
			var got []int16
			frame := make([]int16, voice.FrameSamples)
			for err = m.Read(frame); err == nil; err = m.Read(frame) {
				got = append(got, frame...)
			}
			want := append(slices.Clone(want), make([]int16, silentEnd*voice.FrameSamples)...)
			if !slices.Equal(got, want) || !errors.Is(err, errHeard) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: %d samples, want %d, %v", path, len(got), len(want), err)
			}
			if took, want := time.Since(begun), time.Duration(len(want)/voice.FrameSamples-1)*20*time.Millisecond; took != want {
				t.Errorf("%s took %v, want %v", path, took, want)
			}
		})
	}
	if _, err := openSoundFile(filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "open microphone") {
		t.Errorf("%v", err)
	}
	copied := filepath.Join(dir, "b.raw")
	w, err := createSoundFile(copied)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(tone); at += voice.FrameSamples {
		if err := w.Write(tone[at : at+voice.FrameSamples]); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	if b, err := os.ReadFile(copied); err != nil || !slices.Equal(b, child.PCM(tone)) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

func TestEventsOfSoundDevices(t *testing.T) {
	for event, want := range map[string]bool{
		"add@/devices/usb1/sound/card1\x00ACTION=add\x00SUBSYSTEM=sound\x00":       true,
		"remove@/devices/usb1/sound/card1\x00ACTION=remove\x00SUBSYSTEM=sound\x00": true,
		"add@/devices/usb1\x00ACTION=add\x00SUBSYSTEM=usb\x00":                     false,
		"SUBSYSTEM=sound": false,
		"":                false,
	} {
		if got := aboutSound([]byte(event)); got != want {
			t.Errorf("%q: %v", event, got)
		}
	}
}

// The child itself, with files for devices, as the daemon starts it.
func TestEngineWithFiles(t *testing.T) {
	dir := t.TempDir()
	mic, speaker := filepath.Join(dir, "mic.raw"), filepath.Join(dir, "speaker.raw")
	if err := os.WriteFile(mic, make([]byte, 2*voice.FrameSamples*40), 0o600); err != nil {
		t.Fatal(err)
	}
	e := audio.New(audio.Options{Native: voicetest.Program(t, "cricket-native"), Microphone: "file:" + mic, Loudspeaker: "file:" + speaker, Log: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	ended := make(chan error)
	go func() { ended <- e.Run(ctx) }()
	frames := 0
	var deaf *audio.DeafError
	for !errors.As(func() error { _, err := e.Next(ctx); frames++; return err }(), &deaf) {
		if ctx.Err() != nil {
			t.Fatal("the file does not end")
		}
	}
	if frames < 30 || !strings.Contains(deaf.Error(), "the file has ended") {
		t.Errorf("%d frames, then %v", frames, deaf)
	}
	tone := make([]int16, voice.SampleRate/2)
	for i := range tone {
		tone[i] = int16(1000 + i%100)
	}
	heard, err := e.Play(ctx, voice.Speech{Rate: voice.SampleRate, PCM: tone})
	if err != nil || heard != 500*time.Millisecond {
		t.Errorf("heard %v, %v", heard, err)
	}
	stop()
	<-ended
	b, err := os.ReadFile(speaker)
	if err != nil {
		t.Fatal(err)
	}
	if pcm, _ := child.Samples(b); !slices.Contains(pcm, 1099) {
		t.Errorf("%d samples were written, and not the tone", len(pcm))
	}
}

// Once Mute has returned nothing comes out of the engine, from a child that is killed
// meanwhile neither.
func TestEngineMute(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mic")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	e := audio.New(audio.Options{Native: voicetest.Program(t, "cricket-native"), Microphone: "file:" + path, Loudspeaker: audio.None, Log: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	ended := make(chan error)
	go func() { ended <- e.Run(ctx) }()
	hears := func() {
		t.Helper()
		for {
			_, err := e.Next(ctx)
			if err == nil {
				return
			}
			if ctx.Err() != nil {
				t.Fatal("it hears nothing")
			}
		}
	}
	hears()
	e.Mute(true)
	// The child is killed, and its successor is muted, too: none of its frames comes.
	if err := syscall.Kill(e.State().PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for s := e.State(); (!s.Running || s.Restarts == 0) && ctx.Err() == nil; s = e.State() {
		time.Sleep(10 * time.Millisecond)
	}
	quiet, over := context.WithTimeout(ctx, 300*time.Millisecond)
	for quiet.Err() == nil {
		if f, err := e.Next(quiet); err == nil {
			t.Errorf("muted, a frame of %q came", f.Mic)
			break
		}
	}
	over()
	e.Mute(false)
	hears()
	stop()
	<-ended
}

// What cannot be opened is said, and nothing dies of it; who plays before the
// child is ready is heard.
func TestEngineFaults(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct{ name, speaker, want string }{
		{"a folder that is not there", "file:" + filepath.Join(dir, "none", "x.raw"), "no such file"},
		{"a file", "file:" + filepath.Join(dir, "x.raw"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := audio.New(audio.Options{Native: voicetest.Program(t, "cricket-native"), Microphone: audio.None, Loudspeaker: tt.speaker, Log: slog.New(slog.DiscardHandler)})
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			ended := make(chan error)
			go func() { ended <- e.Run(ctx) }()
			for range 2 {
				_, err := e.Play(ctx, voice.Speech{Rate: voice.SampleRate, PCM: make([]int16, 1000)})
				if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%v, want %q", err, tt.want)
				}
			}
			if s := e.State(); !s.Running || s.Restarts != 0 {
				t.Errorf("%+v", s)
			}
			stop()
			<-ended
		})
	}
}

// One sound is given up, and the other is heard to its end.
func TestEngineHushesOne(t *testing.T) {
	e := audio.New(audio.Options{Native: voicetest.Program(t, "cricket-native"), Microphone: audio.None, Loudspeaker: "file:" + filepath.Join(t.TempDir(), "x.raw"), Log: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	ended := make(chan error)
	go func() { ended <- e.Run(ctx) }()
	given, giveUp := context.WithCancel(ctx)
	first, second := make(chan error, 1), make(chan error, 1)
	var heard time.Duration
	go func() {
		_, err := e.Play(given, voice.Speech{Rate: voice.SampleRate, PCM: make([]int16, 60*voice.SampleRate)})
		first <- err
	}()
	go func() {
		var err error
		heard, err = e.Play(ctx, voice.Speech{Rate: voice.SampleRate, PCM: make([]int16, voice.SampleRate/2)})
		second <- err
	}()
	if _, err := e.Devices(ctx); err != nil { // it runs
		t.Error(err)
	}
	giveUp()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the one that was given up: %v", err)
	}
	if err := <-second; err != nil || heard != 500*time.Millisecond {
		t.Errorf("the other: heard %v, %v", heard, err)
	}
	stop()
	<-ended
}

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/audio"
)

// A microphone that is away is looked for every five seconds, and at once when a device
// was plugged in.
func TestMicrophoneIsLookedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{t: t}
		begun := time.Now()
		var tries []time.Duration
		s, err := newSound(d.emit, func() (microphone, error) {
			tries = append(tries, time.Since(begun))
			return nil, errors.New("there is none")
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer s.front.close()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.listen(ctx) }()
		time.Sleep(12 * time.Second)
		s.again()
		s.again() // a device has several events
		synctest.Wait()
		time.Sleep(6 * time.Second)
		stop()
		<-ended
		const at = time.Second
		if len(tries) == 6 { // the second event may have come after the first was seen to
			tries = slices.Delete(tries, 4, 5)
		}
		if want := []time.Duration{0, 5 * at, 10 * at, 12 * at, 17 * at}; !slices.Equal(tries, want) {
			t.Errorf("tried at %v, want %v", tries, want)
		}
		if len(d.told) < 5 || d.told[0].Deaf != "there is none" {
			t.Errorf("told %+v", d.told)
		}
	})
}

// plugged is a microphone that is unplugged after some frames.
type plugged struct {
	left   int
	closed *int
}

func (p *plugged) Name() string { return "USB" }
func (p *plugged) Close() error { *p.closed++; return nil }
func (p *plugged) Read(pcm []int16) error {
	if p.left--; p.left < 0 {
		return errors.New("it was unplugged")
	}
	clear(pcm)
	return nil
}

// Plugged in and out two hundred times, it hears every time, says so every time, and
// nothing is left open.
func TestMicrophoneIsReplugged(t *testing.T) {
	const times, frames = 200, 3
	d := &desk{t: t}
	opened, closed := 0, 0
	ctx, stop := context.WithCancel(t.Context())
	var s *sound
	s, err := newSound(d.emit, func() (microphone, error) {
		if opened == times {
			stop()
			return nil, errors.New("there is none")
		}
		opened++
		s.again() // the next time
		return &plugged{frames, &closed}, nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.front.close()
	call(t, s.handlers(cards{}), "mute", false, nil)
	before := runtime.NumGoroutine()
	if err := s.listen(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	if opened != times || closed != times || d.left() != times*frames {
		t.Errorf("opened %d times, closed %d times, %d frames; want %d and %d", opened, closed, d.left(), times, times*frames)
	}
	for i, n := range d.told[:2*times] {
		if here := i%2 == 0; (n.Microphone == "USB") != here || (n.Deaf == "it was unplugged") == here {
			t.Fatalf("notice %d is %+v", i, n)
		}
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines, %d before", n, before)
	}
}

// A FIFO that nobody reads is no loudspeaker, and says so at once; a reader who goes, or
// sleeps, does not hold up what is said either.
func TestFIFOLoudspeaker(t *testing.T) {
	path := filepath.Join(t.TempDir(), "speaker")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, tells: make(chan audio.Notice, 9)}
	s, err := newSound(d.emit, nil, func() (loudspeaker, error) { return openLoudspeaker(cards{}, "file:"+path) })
	if err != nil {
		t.Fatal(err)
	}
	defer s.front.close()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.speak(ctx) }()
	play := func(id uint32, samples int) { call(t, s.handlers(cards{}), "play", id, make([]byte, 2*samples)) }

	play(1, 1000)
	if n := <-d.tells; n.Played != 1 || !strings.Contains(n.Fault, "nobody reads from it") {
		t.Errorf("nobody reads: %+v", n)
	}
	reader, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	play(2, 2*voice.FrameSamples)
	if n := <-d.tells; n.Played != 2 || n.Fault != "" || n.Samples != 2*voice.FrameSamples {
		t.Errorf("somebody reads: %+v", n)
	}
	reader.Close()
	play(3, voice.SampleRate)
	if n := <-d.tells; n.Played != 3 || !strings.Contains(n.Fault, "broken pipe") {
		t.Errorf("the reader goes: %+v", n)
	}
	if reader, err = os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0); err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	w, err := createSoundFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.file.Write(make([]byte, 64<<10)); err != nil { // as much as the kernel keeps, pipe(7)
		t.Fatal(err)
	}
	if err := w.Write(make([]int16, voice.FrameSamples)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the reader sleeps: %v", err)
	}
	stop()
	<-ended
}

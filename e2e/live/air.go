package main

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/voice"
)

const frameTime = voice.FrameSamples * time.Second / voice.SampleRate

// echo is what is left of the box's own voice in its microphone: 22 dB less than it
// is, for the front end takes away 20 dB and more.
const echo = 0.08

// errUnplugged is what an unplugged microphone says.
var errUnplugged = errors.New("unplugged")

// air is the room: the box's microphone, its loudspeaker, its lights, and all that
// sounds. The box's goroutines and the one that makes the evening share it.
type air struct {
	say    func(text string) []int16 // the box's voice
	frames chan heard
	sound  func() float64 // what else sounds, a sample at a time; nil: nothing
	random *rand.Rand
	now    int     // frames so far
	last   []int16 // 15 to 30 s of them

	mu      sync.Mutex
	playing []int16 // what is left of what the box says
	done    func()
	mode    appliance.Mode
	shown   []shown
	hushed  int
	mute    bool
}

// heard is a frame, or why there is none.
type heard struct {
	frame voice.Frame
	err   error
}

// shown is what the lights showed from a frame on.
type shown struct {
	mode appliance.Mode
	at   int
}

// Next is the microphone.
func (a *air) Next(ctx context.Context) (voice.Frame, error) {
	select {
	case h := <-a.frames:
		return h.frame, h.err
	case <-ctx.Done():
		return voice.Frame{}, ctx.Err()
	}
}

// Mute is the microphone's switch.
func (a *air) Mute(on bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.mute = on
}

// Say is the loudspeaker: it takes as long as the sound does.
func (a *air) Say(text string, done func()) { a.play(a.say(text), done) }

// Play is for the voice of an assistant elsewhere; the evening has none.
func (a *air) Play(s voice.Speech, done func()) { a.play(s.PCM, done) }

func (a *air) play(pcm []int16, done func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.playing, a.done = pcm, done
}

// Chime is a tone of a tenth of a second,
func (a *air) Chime(done func()) { a.tone(880, done) }

// and Beep another.
func (a *air) Beep(done func()) { a.tone(660, done) }

func (a *air) tone(hertz float64, done func()) {
	pcm := make([]int16, voice.SampleRate/10)
	for i := range pcm {
		pcm[i] = int16(9000 * math.Sin(2*math.Pi*hertz*float64(i)/voice.SampleRate))
	}
	a.play(pcm, done)
}

// Hush is silence at once.
func (a *air) Hush() {
	a.mu.Lock()
	done := a.done
	if len(a.playing) > 0 {
		a.hushed++
	}
	a.playing, a.done = nil, nil
	a.mu.Unlock()
	if done != nil {
		go done()
	}
}

// Duck makes music soft; the evening's music is the neighbour's.
func (a *air) Duck(bool) {}

// Show is the lights.
func (a *air) Show(m appliance.Mode) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.mode = m
	a.shown = append(a.shown, shown{m, a.now})
}

// Presses is the button, which nobody presses.
func (a *air) Presses() <-chan appliance.Press { return nil }

// is what the lights show.
func (a *air) is() appliance.Mode {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.mode
}

// since is what the lights showed from a frame on.
func (a *air) since(frame int) []shown {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, s := range a.shown {
		if s.at >= frame {
			return append([]shown(nil), a.shown[i:]...)
		}
	}
	return nil
}

// first is the first frame from one on at which the lights showed a mode; -1: never.
func (a *air) first(from int, m appliance.Mode) int {
	for _, s := range a.since(from) {
		if s.mode == m {
			return s.at
		}
	}
	return -1
}

// hear lets a sound be heard in the room, with what else sounds. Paced, each frame takes
// its time.
func (a *air) hear(pcm []int16, paced bool) {
	for ; len(pcm) > 0; pcm = pcm[min(len(pcm), voice.FrameSamples):] {
		begun := time.Now()
		f := voice.Frame{Mic: "room", Time: time.Duration(a.now) * frameTime, PCM: make([]int16, voice.FrameSamples)}
		said := pcm[:min(len(pcm), voice.FrameSamples)]
		own, done := a.own()
		for i := range f.PCM {
			x := 8 * a.random.NormFloat64()
			if a.sound != nil {
				x += a.sound()
			}
			if i < len(said) {
				x += float64(said[i])
			}
			if i < len(own) {
				x += echo * float64(own[i])
			}
			f.PCM[i] = int16(max(math.MinInt16, min(math.MaxInt16, x)))
		}
		if a.last = append(a.last, f.PCM...); len(a.last) > 30*voice.SampleRate {
			a.last = a.last[:copy(a.last, a.last[15*voice.SampleRate:])]
		}
		a.frames <- heard{frame: f}
		a.mu.Lock()
		a.now++
		a.mu.Unlock()
		if done != nil {
			done()
		}
		if m := a.is(); paced || m == appliance.Thinking {
			time.Sleep(frameTime - time.Since(begun))
		}
	}
}

// own takes the next of what the box says.
func (a *air) own() (pcm []int16, done func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := min(len(a.playing), voice.FrameSamples)
	pcm, a.playing = a.playing[:n], a.playing[n:]
	if n > 0 && len(a.playing) == 0 {
		done, a.done = a.done, nil
	}
	return pcm, done
}

// wait lets time pass.
func (a *air) wait(d time.Duration, paced bool) {
	a.hear(make([]int16, int(d.Seconds()*voice.SampleRate)), paced)
}

// until waits until the lights show one of the modes; false where they do not within d.
func (a *air) until(d time.Duration, paced bool, modes ...appliance.Mode) bool {
	for end := a.now + int(d/frameTime); a.now < end; {
		for _, m := range modes {
			if a.is() == m {
				return true
			}
		}
		a.wait(frameTime, paced)
	}
	return false
}

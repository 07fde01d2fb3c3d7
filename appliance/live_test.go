package appliance

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/voice"
)

// room is a microphone in a room in which the test makes the sounds.
type room struct {
	frames chan sound
	mu     sync.Mutex
	muted  []bool
	noise  *rand.Rand
}

func newRoom() *room { return &room{frames: make(chan sound), noise: rand.New(rand.NewPCG(1, 2))} }

func (r *room) Next(ctx context.Context) (voice.Frame, error) {
	select {
	case s := <-r.frames:
		return s.frame, s.err
	case <-ctx.Done():
		return voice.Frame{}, ctx.Err()
	}
}

func (r *room) Mute(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.muted = append(r.muted, on)
}

// hear lets the microphone hear a sound, in a quiet room, and returns when it has.
func (r *room) hear(pcm []int16) {
	for ; len(pcm) > 0; pcm = pcm[min(len(pcm), voice.FrameSamples):] {
		f := voice.Frame{Mic: "room", PCM: make([]int16, voice.FrameSamples)}
		copy(f.PCM, pcm)
		for i := range f.PCM {
			f.PCM[i] += int16(10 * r.noise.NormFloat64())
		}
		r.frames <- sound{frame: f}
	}
}

func (r *room) wait(seconds float64) { r.hear(make([]int16, int(seconds*voice.SampleRate))) }

// voiceOver is a loudspeaker that notes what it is told, and says nothing.
type voiceOver struct {
	mu   sync.Mutex
	did  []string
	done func() // of what is being said
}

func (v *voiceOver) note(what string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.did = append(v.did, what)
}

func (v *voiceOver) Say(text string, done func()) {
	v.note("say " + text)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.done = done
}

func (v *voiceOver) Beep(done func()) {
	v.note("beep")
	v.mu.Lock()
	defer v.mu.Unlock()
	v.done = done
}

func (v *voiceOver) Chime(done func()) { v.note("chime"); go done() }
func (v *voiceOver) Duck(on bool) {
	if on {
		v.note("duck")
	} else {
		v.note("unduck")
	}
}

func (v *voiceOver) Hush() {
	v.note("hush")
	v.finish()
}

// finish comes to the end of what is being said.
func (v *voiceOver) finish() {
	v.mu.Lock()
	done := v.done
	v.done = nil
	v.mu.Unlock()
	if done != nil {
		done()
	}
}

func (v *voiceOver) all() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.did)
}

// lights is a board that remembers what it showed.
type lights struct {
	mu      sync.Mutex
	shown   []Mode
	presses chan Press
}

func (l *lights) Show(m Mode) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shown = append(l.shown, m)
}

func (l *lights) Presses() <-chan Press { return l.presses }

func (l *lights) all() []Mode {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.shown)
}

// evening is a box that listens in a room.
type evening struct {
	*room
	t     *testing.T
	box   *Box
	out   *voiceOver
	board *lights
}

func startEvening(t *testing.T, r recognizer) *evening {
	t.Helper()
	h, err := home.Parse("home.toml", []byte(oneLamp))
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "cricket-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	e := &evening{room: newRoom(), t: t, out: &voiceOver{}, board: &lights{presses: make(chan Press)}}
	c := free()
	c.Room = "hall"
	e.box, err = New(Options{Config: c, Home: h, Devices: true, StateDir: dir, RuntimeDir: dir, Log: slog.New(slog.DiscardHandler),
		Microphone: e.room, Loudspeaker: e.out, Board: e.board})
	if err != nil {
		t.Fatal(err)
	}
	e.box.ears = newEars([]candidate{{recognizer: r, name: "fake"}}, "", e.box.log)
	run(t, e.box.Run)
	if err := e.box.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	return e
}

// until lets time pass in the room until the box is in a mode.
func (e *evening) until(m Mode) {
	e.t.Helper()
	ctx := within(e.t)
	for e.box.Mode() != m {
		if ctx.Err() != nil {
			e.t.Fatalf("the box is %q and does not become %q; it showed %v and did %q", e.box.Mode(), m, e.board.all(), e.out.all())
		}
		e.wait(0.02)
	}
}

// requestSound is "hey cricket", and a request after a second of quiet.
func requestSound(t *testing.T) (word, request []int16) {
	called := speech(t, "coffee_machine.wav")
	return called[:2*voice.SampleRate], called[2*voice.SampleRate:]
}

// A request, from the wake word to the lamp, as people see and hear it.
func TestLiveRequest(t *testing.T) {
	ears := &listening{text: "turn on the lamp"}
	e := startEvening(t, ears)
	word, request := requestSound(t)
	e.wait(1)
	e.hear(slices.Concat(word, request))
	e.until(Speaking)
	e.out.finish()
	e.until(Idle)
	if want := []Mode{Idle, Woken, Listening, Thinking, Speaking, Idle}; !slices.Equal(e.board.all(), want) {
		t.Errorf("it showed %v, want %v", e.board.all(), want)
	}
	if want := []string{"duck", "chime", "beep", "unduck"}; !slices.Equal(e.out.all(), want) {
		t.Errorf("it did %q, want %q", e.out.all(), want)
	}
	ears.mu.Lock()
	defer ears.mu.Unlock()
	last := ears.got[len(ears.got)-1]
	if d := last.Duration(); d > 2500*time.Millisecond || d < time.Second {
		t.Errorf("the recogniser got %v of sound", d)
	}
	if n := e.box.wakes.all()["hey cricket"]; n.Woke != 1 {
		t.Errorf("counted %+v", n)
	}
}

// In one breath: no chime, and the first word is there.
func TestLiveRequestInOneBreath(t *testing.T) {
	ears := &listening{text: "turn on the lamp"}
	e := startEvening(t, ears)
	e.wait(1)
	e.hear(speech(t, "bathroom_fan.wav")) // "hey cricket, turn on the bathroom fan"
	e.until(Speaking)
	if want := []string{"duck", "beep"}; !slices.Equal(e.out.all(), want) {
		t.Errorf("it did %q, want %q", e.out.all(), want)
	}
}

// mute: nothing that is said is heard, and the microphone is told.
func TestLiveEndings(t *testing.T) {
	word, request := requestSound(t)
	t.Run("nobody says anything", func(t *testing.T) {
		e := startEvening(t, &listening{text: "turn on the lamp"})
		e.wait(1)
		e.hear(word)
		e.until(Idle)
		e.wait(1)
		if want := []Mode{Idle, Woken, Idle}; !slices.Equal(e.board.all(), want) {
			t.Errorf("it showed %v, want %v", e.board.all(), want)
		}
	})
	t.Run("the microphone is unplugged, and plugged in again", func(t *testing.T) {
		e := startEvening(t, &listening{text: "turn on the lamp"})
		e.wait(1)
		e.hear(word)
		e.until(Woken)
		e.frames <- sound{err: errors.New("unplugged")}
		e.frames <- sound{err: errors.New("still unplugged")}
		if m := e.box.Mode(); m != Broken {
			t.Errorf("without a microphone it is %q", m)
		}
		e.wait(1)
		e.hear(slices.Concat(word, request))
		e.until(Speaking)
	})
}

// hanging is a recogniser that does not answer before it is told to.
type hanging struct {
	listening
	hang chan struct{}
}

func (h *hanging) State() child.State { return child.State{Running: true} }
func (h *hanging) Transcribe(ctx context.Context, u voice.Utterance) (voice.Transcript, error) {
	if len(u.PCM) <= voice.SampleRate { // Ready asks with a second of silence
		return voice.Transcript{}, nil
	}
	select {
	case <-h.hang:
		return h.listening.Transcribe(ctx, u)
	case <-ctx.Done():
		return voice.Transcript{}, ctx.Err()
	}
}

// Who calls again before the answer gives up the first request: it is not carried out.
func TestLiveRequestGivenUp(t *testing.T) {
	ears := &hanging{listening{text: "turn on the lamp"}, make(chan struct{})}
	e := startEvening(t, ears)
	word, request := requestSound(t)
	e.wait(1)
	e.hear(slices.Concat(word, request))
	e.until(Thinking)
	e.wait(2)
	e.hear(word)
	e.until(Woken)
	close(ears.hang)
	e.hear(request)
	e.until(Speaking)
	if want := []string{"duck", "chime", "chime", "beep"}; !slices.Equal(e.out.all(), want) {
		t.Errorf("it did %q, want %q", e.out.all(), want)
	}
	if n := len(e.box.results.Last(9)); n != 1 {
		t.Errorf("%d requests were kept, want the second only", n)
	}
}

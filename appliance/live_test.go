package appliance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/internal/trace"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/voicetest"
)

// room is a microphone in a room in which the test makes the sounds.
type room struct {
	frames chan sound
	mu     sync.Mutex
	muted  []bool
	noise  *rand.Rand
	heard  int // frames
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
		r.heard++
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

func (v *voiceOver) Play(s voice.Speech, done func()) {
	v.note(fmt.Sprintf("play %d of %s", len(s.PCM), s.Text))
	done()
}

func (v *voiceOver) Beep(done func()) {
	v.note("beep")
	v.mu.Lock()
	defer v.mu.Unlock()
	v.done = done
}

func (v *voiceOver) Chime(done func()) { v.note("chime"); done() }
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

func startEvening(t *testing.T, r recognizer, change ...func(*Box)) *evening {
	t.Helper()
	return startEveningIn(t, oneLamp, free(), r, change...)
}

func startEveningIn(t *testing.T, house string, c Config, r recognizer, change ...func(*Box)) *evening {
	t.Helper()
	h, err := home.Parse("home.toml", []byte(house))
	if err != nil {
		t.Fatal(err)
	}
	dir := shortDir(t)
	e := &evening{room: newRoom(), t: t, out: &voiceOver{}, board: &lights{presses: make(chan Press)}}
	c.Room = "hall"
	e.box, err = New(Options{Config: c, Home: h, Devices: true, StateDir: dir, RuntimeDir: dir, Log: slog.New(slog.DiscardHandler),
		Microphone: e.room, Loudspeaker: e.out, Board: e.board})
	if err != nil {
		t.Fatal(err)
	}
	e.box.ears = newEars([]candidate{{recognizer: r, name: "fake"}}, "", e.box.log)
	for _, f := range change {
		f(e.box)
	}
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

// kept lets time pass in the room until so many requests are kept: one that is spoken
// when the broker has it is kept when the lamp has confirmed it.
func (e *evening) kept(n int) []Result {
	e.t.Helper()
	ctx := within(e.t)
	for {
		all := e.box.Last(n + 1)
		if len(all) == n {
			return all
		}
		if ctx.Err() != nil {
			e.t.Fatalf("%d requests are kept, want %d", len(all), n)
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
	e.until(Listening) // for what may follow
	e.until(Idle)
	if want := []Mode{Idle, Woken, Listening, Thinking, Speaking, Listening, Idle}; !slices.Equal(e.board.all(), want) {
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

// Nobody who says it all in one breath is interrupted by the chime, however they breathe:
// it would also stand in the place of their words.
func TestOneBreathIsNotChimedInto(t *testing.T) {
	for _, v := range []string{"en-us", "en-gb", "en-us+f3", "en-gb+m3"} {
		for _, text := range []string{"set a timer", "turn off the kitchen lights", "lock the front door"} {
			ears := &listening{text: "turn on the lamp"}
			e := startEvening(t, ears)
			e.wait(1)
			e.hear(voicetest.Spoken(t, v, "hey cricket, "+text, 0).PCM)
			e.until(Speaking)
			if slices.Contains(e.out.all(), "chime") {
				t.Errorf("%q by %s: %q", text, v, e.out.all())
			}
		}
	}
}

// What ends a talk before there is a request.
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
		for range 2 { // the second is taken when the first has come to the box
			e.frames <- sound{err: errors.New("still unplugged")}
		}
		if m := e.box.Mode(); m != Broken {
			t.Errorf("without a microphone it is %q", m)
		}
		e.wait(1)
		e.hear(slices.Concat(word, request))
		e.until(Speaking)
	})
}

// What another voice, or music, said before the request is not taken for it.
func TestLiveRequestAfterAnotherVoice(t *testing.T) {
	word, request := requestSound(t)
	sorry := "say Sorry, I did not catch that."
	t.Run("the request follows", func(t *testing.T) {
		ears := &listening{}
		e := startEvening(t, ears)
		e.wait(1)
		e.hear(slices.Concat(word, request[:len(request)/2]))
		e.kept(1)
		e.until(Woken)
		ears.set("turn on the lamp")
		e.hear(request)
		e.until(Speaking)
		if did := e.out.all(); slices.Contains(did, sorry) || did[len(did)-1] != "beep" {
			t.Errorf("it did %q", did)
		}
		if r := e.kept(2)[0]; len(r.Actions) != 1 || r.Wake == nil || *r.Wake != "hey cricket" || r.Stages[0].Duration > time.Second {
			t.Errorf("the request was called by %v, %v", r.Wake, r.Stages[0])
		}
	})
	t.Run("the request has begun when nothing was heard", func(t *testing.T) {
		ears := &hanging{hang: make(chan struct{})}
		e := startEvening(t, ears)
		e.wait(1)
		e.hear(slices.Concat(word, request[:len(request)/2]))
		e.until(Thinking)
		e.hear(request[:len(request)/2])
		close(ears.hang)
		e.kept(1)
		ears.set("turn on the lamp")
		e.hear(request[len(request)/2:])
		e.until(Speaking)
		if did := e.out.all(); did[len(did)-1] != "beep" {
			t.Errorf("it did %q", did)
		}
	})
	t.Run("nothing follows", func(t *testing.T) {
		e := startEvening(t, &listening{})
		e.wait(1)
		e.hear(slices.Concat(word, request))
		e.until(Speaking)
		e.out.finish()
		e.until(Idle)
		if want := []string{"duck", "chime", sorry, "unduck"}; !slices.Equal(e.out.all(), want) {
			t.Errorf("it did %q, want %q", e.out.all(), want)
		}
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
	for ctx := within(t); len(e.box.results.Last(9)) == 0 && ctx.Err() == nil; { // when the lamp has confirmed it
		e.wait(0.02)
	}
	if n := len(e.box.results.Last(9)); n != 1 {
		t.Errorf("%d requests were kept, want the second only", n)
	}
}

// A request that hangs in the recogniser is refused aloud, and never carried out late.
func TestHungRequestIsRefusedAndNotDoneLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ears := &hanging{listening{text: "turn on the lamp"}, make(chan struct{})}
		b := &Box{ears: newEars([]candidate{{recognizer: ears, name: "fake"}}, "", slog.New(slog.DiscardHandler)), log: slog.New(slog.DiscardHandler),
			house: demoHouse(t), results: trace.NewRing[Result](kept)}
		close(b.ears.settled)
		begun := time.Now()
		r, ok := b.hearOne(t.Context(), t.Context(), heardRequest{Utterance: voice.Utterance{PCM: make([]int16, 2*voice.SampleRate)}}, 300*time.Millisecond, Request{})
		if late := time.Since(begun); !ok || late > stale {
			t.Errorf("kept %v, after %v", ok, late)
		}
		if want := "That took me too long, so I did nothing; please say it again."; r.Reply != want || len(r.Actions) > 0 || r.Fault == nil {
			t.Errorf("it says %q and does %v, want %q", r.Reply, r.Actions, want)
		}
	})
}

// What is hardly heard is not guessed at.
func TestUnsureTranscriptIsNotActedOn(t *testing.T) {
	ears := &listening{text: "turn on the lamp", unsure: true}
	b := startListening(t, free(), ears)
	var got Result
	err := b.Hear(within(t), wavOf(t, speech(t, "coffee_machine.wav")), "test.wav", Request{Room: "hall"}, func(r Result) error { got = r; return nil })
	if want := "Sorry, I did not catch that."; err != nil || got.Reply != want || len(got.Actions) > 0 || got.Done() {
		t.Errorf("%v: it says %q and does %v, want %q", err, got.Reply, got.Actions, want)
	}
	if again := b.Ask(within(t), "repeat that", Request{Room: "hall"}); again.Reply != got.Reply {
		t.Errorf("repeated: %q", again.Reply)
	}
}

// Called while it speaks, it is silent at once.
func TestLiveBargeIn(t *testing.T) {
	ears := &listening{text: "turn on the lamp"}
	e := startEvening(t, ears)
	word, request := requestSound(t)
	e.wait(1)
	e.hear(slices.Concat(word, request))
	e.until(Speaking)
	e.wait(1)
	e.hear(word)
	e.until(Woken)
	if did := e.out.all(); did[len(did)-1] == "hush" || !slices.Contains(did, "hush") {
		t.Errorf("it did %q: it is to be hushed when it is called, and then listens", did)
	}
	e.hear(request)
	e.until(Speaking)
	e.out.finish()
	e.until(Idle)
}

// "stop" is heard only while the box sounds, and silences it without the wake word.
func TestLiveStop(t *testing.T) {
	ears := &listening{text: "turn on the lamp"}
	e := startEvening(t, ears)
	word, request := requestSound(t)
	stop := voicetest.Spoken(t, "en-us", "stop", voice.SampleRate).PCM
	e.wait(1)
	e.hear(stop)
	e.wait(1)
	e.hear(slices.Concat(word, request))
	e.until(Speaking)
	e.wait(1)
	if did := e.out.all(); slices.Contains(did, "hush") {
		t.Fatalf("it did %q", did)
	}
	e.hear(stop)
	e.until(Idle)
	if did := e.out.all(); !slices.Equal(did[len(did)-2:], []string{"hush", "unduck"}) {
		t.Errorf("it did %q", did)
	}
}

// asking is a recogniser that hears one thing after the other.
type asking struct {
	listening
	texts []string
}

func (a *asking) Transcribe(ctx context.Context, u voice.Utterance) (voice.Transcript, error) {
	if len(u.PCM) > voice.SampleRate { // Ready asks with a second of silence
		a.mu.Lock()
		a.text, a.texts = a.texts[0], a.texts[1:]
		a.mu.Unlock()
	}
	return a.listening.Transcribe(ctx, u)
}

// A question is answered without the wake word, within eight seconds.
func TestLiveFollowUp(t *testing.T) {
	word, request := requestSound(t)
	for _, answered := range []float64{2, 7, 0} { // the second is still being said when the time is up
		e := startEvening(t, &asking{texts: []string{"remind me to call mum", "tomorrow at noon"}})
		e.wait(1)
		e.hear(slices.Concat(word, request))
		e.until(Speaking)
		e.out.finish()
		did := e.out.all()
		if question := did[len(did)-1]; !strings.HasSuffix(question, "?") {
			t.Fatalf("it says %q, which is no question", question)
		}
		e.until(Listening)
		if answered > 0 {
			e.wait(answered)
			e.hear(request)
			e.until(Speaking)
		} else {
			e.wait(9)
			if m := e.box.Mode(); m != Idle {
				t.Errorf("after nine seconds without an answer it is %q", m)
			}
			e.hear(request)
			e.wait(1)
			if m := e.box.Mode(); m != Idle {
				t.Errorf("what was said after that made it %q", m)
			}
		}
	}
}

// Muted, it hears nothing, and the microphone is told before anybody else. It stays so
// until somebody switches it on.
func TestLiveMute(t *testing.T) {
	e := startEvening(t, &listening{text: "turn on the lamp"})
	word, request := requestSound(t)
	e.wait(1)
	e.board.presses <- MutePress
	e.until(Muted)
	e.hear(slices.Concat(word, request))
	e.wait(1)
	if m, did := e.box.Mode(), e.out.all(); m != Muted || len(did) > 0 {
		t.Errorf("muted, it is %q and did %q", m, did)
	}
	if err := e.box.Mute(within(t), false); err != nil {
		t.Fatal(err)
	}
	e.wait(1)
	e.hear(slices.Concat(word, request))
	e.until(Speaking)
	if !slices.Equal(e.room.muted, []bool{true, false}) {
		t.Errorf("the microphone was told %v", e.room.muted)
	}
}

// A board that was muted is muted after a restart.
func TestMutedAfterARestart(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct{ keep, mute, want bool }{{true, true, true}, {true, false, false}, {false, true, false}} {
		b := &Box{options: Options{StateDir: dir, Keep: tt.keep}}
		if err := b.rememberMuted(tt.mute); err != nil || b.wasMuted() != tt.want {
			t.Errorf("kept %v, muted %v: after the restart %v, %v", tt.keep, tt.mute, b.wasMuted(), err)
		}
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if b := (&Box{options: Options{StateDir: filepath.Join(file, "state"), Keep: true}}); !b.wasMuted() {
		t.Error("a box that cannot tell whether it was muted listens")
	}
}

// The chime is no part of the request, though the microphone hears it.
func TestChimeDoesNotReachTheRecogniser(t *testing.T) {
	ears := &listening{text: "turn on the lamp"}
	e := startEvening(t, ears)
	word, request := requestSound(t)
	e.wait(1)
	e.hear(word[:len(word)*3/4])
	e.until(Woken)
	for !slices.Contains(e.out.all(), "chime") {
		e.wait(0.02)
	}
	loud := make([]int16, voice.SampleRate/10)
	for i := range loud { // a voice's pitch, for the end of speech would take it for one
		loud[i] = int16(12000 * math.Sin(2*math.Pi*220*float64(i)/voice.SampleRate) * math.Sin(float64(i)/300))
	}
	e.hear(loud)
	chimed := time.Duration(e.heard) * frameTime
	e.wait(0.5)
	e.hear(request)
	e.until(Speaking)
	ears.mu.Lock()
	defer ears.mu.Unlock()
	if u := ears.got[len(ears.got)-1]; u.Start < chimed || u.Duration() > 2500*time.Millisecond {
		t.Errorf("the request begins at %v and lasts %v; the chime was over at %v", u.Start, u.Duration(), chimed)
	}
}

// One request from the microphone, by the button or `cricket listen`.
func TestListenOnce(t *testing.T) {
	e := startEvening(t, &listening{text: "turn on the lamp"})
	_, request := requestSound(t)
	type answer struct {
		Result
		err error
	}
	listen := func() <-chan answer {
		got := make(chan answer, 1)
		go func() {
			r, err := e.box.live.listen(within(t), Request{Room: "hall"})
			got <- answer{r, err}
		}()
		return got
	}
	e.wait(1)
	first := listen()
	e.until(Woken)
	e.hear(request)
	e.until(Speaking)
	if a := <-first; a.err != nil || !a.Done() || a.Wake != nil || a.Room != "hall" {
		t.Errorf("%v: %s", a.err, a.Result)
	}
	e.out.finish()
	e.until(Idle)
	second := listen()
	e.until(Woken)
	e.wait(7)
	if a := <-second; !errors.Is(a.err, errSilent) {
		t.Errorf("nobody spoke: %v", a.err)
	}
	if err := e.box.Mute(within(t), true); err != nil {
		t.Fatal(err)
	}
	if _, err := e.box.live.listen(within(t), Request{}); !errors.Is(err, errMuted) {
		t.Errorf("muted: %v", err)
	}
}

// A frame in which nothing happens costs no memory.
func TestEveryLiveFrameIsFree(t *testing.T) {
	b := startListening(t, free(), &listening{})
	c := newConversation(t, b, nil)
	c.wait(2 * time.Second)
	f := voice.Frame{Mic: "room", PCM: make([]int16, voice.FrameSamples)}
	for i := range f.PCM {
		f.PCM[i] = int16(10 * c.noise.NormFloat64())
	}
	if n := testing.AllocsPerRun(100, func() {
		if err := c.live.hear(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

func BenchmarkLiveFrame(b *testing.B) {
	box, err := New(Options{Config: free(), StateDir: b.TempDir(), RuntimeDir: b.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	c := newConversation(b, box, nil)
	c.wait(2 * time.Second)
	f := voice.Frame{Mic: "room", PCM: make([]int16, voice.FrameSamples)}
	for i := range f.PCM {
		f.PCM[i] = int16(10 * c.noise.NormFloat64())
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := c.live.hear(b.Context(), f); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(100*float64(b.Elapsed())/float64(b.N)/float64(frameTime), "%realtime")
}

// Frames that were on their way when the microphone was switched off are not listened to.
func TestFramesAfterMuteAreNotHeard(t *testing.T) {
	e := startEvening(t, &listening{text: "turn on the lamp"})
	word, request := requestSound(t)
	e.wait(1)
	before := func() (begun time.Duration) {
		done := make(chan struct{})
		e.box.live.post(t.Context(), func() { begun = e.box.live.clock; close(done) })
		<-done
		return begun
	}
	if err := e.box.Mute(within(t), true); err != nil {
		t.Fatal(err)
	}
	at := before()
	e.hear(slices.Concat(word, request))
	if now := before(); now != at || e.box.live.listener != nil {
		t.Errorf("muted, it has listened to %v of sound", now-at)
	}
}

package audio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/voice"
)

// Notice is what the child tells unasked: one of these.
type Notice struct {
	Microphone string `json:"microphone,omitempty"` // it was opened
	Deaf       string `json:"deaf,omitempty"`       // why there is none
	Overruns   int    `json:"overruns,omitempty"`   // times that sound was lost just now

	Played  uint32 `json:"played,omitempty"` // the number of a sound that has ended,
	Samples int    `json:"samples,omitempty"`
	Fault   string `json:"fault,omitempty"` // and why it could not be heard to its end
}

// Device is a sound device of this machine.
type Device struct {
	Name    string `json:"name"`
	Inputs  int    `json:"inputs"` // channels
	Outputs int    `json:"outputs"`
	Rate    int    `json:"rate"` // samples per second
}

// DeafError is the error of Next while there is no microphone.
type DeafError struct{ Reason string }

func (e *DeafError) Error() string { return "hear the room: " + e.Reason }

// memoryLimit is how much memory the child may use, in bytes.
const memoryLimit = 256 << 20

// startedAgain is why sound was lost when the child died.
const startedAgain = "the sound child was started again"

// None is the name of the microphone of a box that is to hear nobody.
const None = "none"

// framesAhead is how many frames may wait for whoever calls Next: two seconds.
// What comes then is lost, and counted.
const framesAhead = 100

// Options says what the child opens.
type Options struct {
	Native      string // the program cricket-native
	Microphone  string // a part of a device's name, or file:PATH, or None; empty: the default
	Loudspeaker string // the same
	Beamforming bool   // the microphone is two, side by side
	Log         *slog.Logger
}

// Engine is the sound of one machine. Its methods may be called from any
// goroutine, but Next from one.
type Engine struct {
	child  *child.Child
	log    *slog.Logger
	frames chan voice.Frame
	state  chan struct{} // has an element when deaf changed

	muting sync.Mutex // held while the child is told

	mu       sync.Mutex
	mic      string
	deaf     string // why there is no microphone; "" while there is one
	told     bool   // Next has told so
	broken   bool   // another child has the microphone, and Next has not told so
	heard    int    // frames of this microphone
	muted    bool
	last     uint32 // number of the newest sound
	life     int    // counts the children
	waiting  map[uint32]*playing
	overruns int
}

// playing is a sound on its way.
type playing struct {
	over chan Notice
	life int // of the child that has it; 0: none yet
}

// args are the child's.
func (o Options) args() []string {
	args := []string{"audio", "--microphone", o.Microphone, "--loudspeaker", o.Loudspeaker}
	if o.Beamforming {
		args = append(args, "--beamforming")
	}
	return args
}

// New returns an engine that Run starts.
func New(o Options) *Engine {
	e := &Engine{log: o.Log, frames: make(chan voice.Frame, framesAhead), state: make(chan struct{}, 1), waiting: map[uint32]*playing{}}
	e.child = child.New(child.Options{Part: "sound", Program: o.Native, Log: o.Log, MemoryLimit: memoryLimit, Heard: e.unasked,
		Args:    o.args(),
		Prepare: e.prepare})
	return e
}

// Run keeps the child running until ctx ends.
func (e *Engine) Run(ctx context.Context) error {
	over := make(chan error, 1)
	go func() { over <- e.child.Run(ctx) }()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-over:
			return err
		case <-tick.C:
			if s := e.child.State(); !s.Running && s.Err != nil {
				e.notice(Notice{Deaf: s.Err.Error()})
			}
		}
	}
}

// lookEvery is how often it is seen whether the child runs.
const lookEvery = time.Second

// State says how the child is.
func (e *Engine) State() child.State { return e.child.State() }

// prepare tells a new child which it is, and whether it is muted: until then no
// frame of it leaves. What the one before it was playing will not be heard.
func (e *Engine) prepare(ctx context.Context, do child.Do) error {
	e.mu.Lock()
	e.life++
	life := e.life
	for id, p := range e.waiting {
		if p.life != 0 {
			e.over(id, Notice{Fault: startedAgain})
		}
	}
	if life > 1 {
		e.broken = true
		e.drop()
	}
	e.mu.Unlock()
	head, err := json.Marshal(life)
	if err != nil {
		return err
	}
	if _, err := do(ctx, child.Request{Verb: "life", Head: head}); err != nil {
		return err
	}
	e.muting.Lock() // and not while somebody mutes
	defer e.muting.Unlock()
	head, err = json.Marshal(e.isMuted())
	if err != nil {
		return err
	}
	_, err = do(ctx, child.Request{Verb: "mute", Head: head})
	return err
}

func (e *Engine) isMuted() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.muted
}

// over ends a sound; e.mu is held.
func (e *Engine) over(id uint32, n Notice) {
	if p := e.waiting[id]; p != nil {
		p.over <- n
		delete(e.waiting, id)
	}
}

// unasked takes what the child sends. It does not wait.
func (e *Engine) unasked(of child.Type, payload []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if of == child.Sound {
		pcm, err := child.Samples(payload)
		if err != nil || len(pcm) != voice.FrameSamples || e.muted {
			return
		}
		f := voice.Frame{Mic: e.mic, PCM: pcm, Time: time.Duration(e.heard) * time.Second * voice.FrameSamples / voice.SampleRate}
		e.heard++
		select {
		case e.frames <- f:
		default:
			e.overruns++
		}
		return
	}
	var n Notice
	if json.Unmarshal(payload, &n) == nil {
		e.noticed(n)
	}
}

func (e *Engine) notice(n Notice) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.noticed(n)
}

// noticed takes a notice; e.mu is held.
func (e *Engine) noticed(n Notice) {
	switch {
	case n.Microphone != "":
		e.mic, e.deaf, e.told, e.heard = n.Microphone, "", false, 0
		e.log.Info("microphone", "name", n.Microphone)
	case n.Deaf != "":
		e.deaf, e.told = n.Deaf, e.told && e.deaf == n.Deaf
	case n.Played != 0:
		e.over(n.Played, n)
	}
	e.overruns += n.Overruns
	select {
	case e.state <- struct{}{}:
	default:
	}
}

// drop forgets the frames that were on their way.
func (e *Engine) drop() {
	for {
		select {
		case <-e.frames:
		default:
			return
		}
	}
}

// Next waits for the next frame. The error is a *DeafError, once for each reason,
// while there is no microphone, or ctx's. It is one, too, where the next frame does not
// follow the last because the child died between them.
func (e *Engine) Next(ctx context.Context) (voice.Frame, error) {
	for {
		select {
		case f := <-e.frames:
			return e.whole(f)
		default:
		}
		e.mu.Lock()
		reason := e.deaf
		tell := reason != "" && !e.told
		e.told = e.told || tell
		e.mu.Unlock()
		if tell {
			return voice.Frame{}, &DeafError{reason}
		}
		select {
		case f := <-e.frames:
			return e.whole(f)
		case <-e.state:
		case <-ctx.Done():
			return voice.Frame{}, ctx.Err()
		}
	}
}

// whole is a frame, or that it does not follow the last one.
func (e *Engine) whole(f voice.Frame) (voice.Frame, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.broken {
		e.broken = false
		return voice.Frame{}, &DeafError{startedAgain}
	}
	return f, nil
}

// Mute says whether frames may leave the microphone. When it returns none does.
func (e *Engine) Mute(on bool) {
	e.muting.Lock()
	defer e.muting.Unlock()
	e.mu.Lock()
	e.muted = on
	never := e.life == 0
	e.mu.Unlock()
	if never { // the first child is told when it comes
		return
	}
	if on {
		e.drop()
	}
	head, _ := json.Marshal(on)
	ctx, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	if _, err := e.child.Call(ctx, child.Request{Verb: "mute", Head: head}); err != nil && !errors.Is(err, child.ErrDown) {
		e.log.Warn("the sound child was not told whether it is muted; its frames are dropped here", "muted", on, "err", err)
	}
}

// Play plays speech to its end, or until ctx ends: then it is silent at once. It
// returns how much was heard.
func (e *Engine) Play(ctx context.Context, s voice.Speech) (time.Duration, error) {
	pcm := s.PCM
	if s.Rate != voice.SampleRate {
		r := voice.NewResampler(s.Rate, voice.SampleRate)
		pcm = r.Flush(r.Push(nil, s.PCM))
	}
	if len(pcm) == 0 {
		return 0, nil
	}
	e.mu.Lock()
	e.last++
	id, p := e.last, &playing{over: make(chan Notice, 1)}
	e.waiting[id] = p
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		delete(e.waiting, id)
		e.mu.Unlock()
	}()
	head, err := json.Marshal(id)
	if err != nil {
		return 0, err
	}
	reply, err := e.child.Call(ctx, child.Request{Verb: "play", Head: head, Data: child.PCM(pcm)})
	if err != nil {
		return 0, fmt.Errorf("play sound: %w", err)
	}
	e.mu.Lock()
	if err := json.Unmarshal(reply, &p.life); err != nil || p.life != e.life { // it died since
		e.over(id, Notice{Fault: startedAgain})
	}
	e.mu.Unlock()
	var n Notice
	select {
	case n = <-p.over:
	case <-ctx.Done():
		hushed, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer stop()
		if _, err := e.child.Call(hushed, child.Request{Verb: "hush", Head: head}); err != nil {
			return 0, fmt.Errorf("silence the loudspeaker: %w", err)
		}
		select {
		case n = <-p.over:
		case <-hushed.Done():
		}
	}
	heard := time.Duration(n.Samples) * time.Second / voice.SampleRate
	switch {
	case ctx.Err() != nil:
		return heard, ctx.Err()
	case n.Fault != "":
		return heard, errors.New("play sound: " + n.Fault)
	}
	return heard, nil
}

// Devices are the sound devices of this machine.
func (e *Engine) Devices(ctx context.Context) ([]Device, error) {
	reply, err := e.child.Call(ctx, child.Request{Verb: "devices"})
	if err != nil {
		return nil, err
	}
	var all []Device
	if err := json.Unmarshal(reply, &all); err != nil {
		return nil, fmt.Errorf("read the list of devices: %w", err)
	}
	return all, nil
}

// Overruns is how often sound was lost because nobody took it in time.
func (e *Engine) Overruns() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.overruns
}

package wyoming

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/cricket-home/cricket/voice"
)

const (
	answerTime = 20 * time.Second // for the next thing that an assistant says about a request
	mostSound  = 3 * time.Minute  // of an answer or an announcement
	mostTimers = 64               // that are remembered
	playsAhead = 4                // sounds that wait to be heard
	maxRunners = 8                // clients
)

// ErrAway is the error of a request while no assistant runs the satellite.
var ErrAway = errors.New("no assistant runs this satellite")

// AnswerError is what the assistant says when a request fails.
type AnswerError struct{ Code, Text string }

func (e *AnswerError) Error() string { return "the assistant says: " + e.Text + " (" + e.Code + ")" }

// Answer is what became of a request.
type Answer struct {
	Heard string       // what the assistant heard
	Text  string       // what it says
	Sound voice.Speech // the same as sound; empty where the assistant has no voice
	// Played tells the assistant that the sound was heard. It is nil where there is none.
	Played func()
}

// SatelliteOptions say what a satellite is.
type SatelliteOptions struct {
	Info func() Info
	// Play plays what the assistant says unasked, to its end.
	Play func(ctx context.Context, s voice.Speech) error
	// Finished is told of a timer of the assistant's that is over; the name may be "".
	Finished func(name string)
	Log      *slog.Logger
}

// Satellite lets an assistant elsewhere answer what is said to this box. One runs
// it at a time: the newest that says so.
type Satellite struct {
	o SatelliteOptions

	mu     sync.Mutex
	runner *runner // nil: nobody runs it
}

// NewSatellite returns a satellite; Run serves it.
func NewSatellite(o SatelliteOptions) *Satellite {
	o.Log = o.Log.With("part", "satellite")
	return &Satellite{o: o}
}

// Run serves the clients of l until ctx ends; it closes l.
func (s *Satellite) Run(ctx context.Context, l net.Listener) error { return s.port().run(ctx, l) }

func (s *Satellite) port() port { return port{maxRunners, s.o.Log, s.serve} }

// Runs says whether an assistant answers now.
func (s *Satellite) Runs() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runner != nil
}

// runner is the connection of an assistant.
type runner struct {
	*client
	satellite *Satellite
	plays     chan voice.Speech
	timers    map[string]string // names by id
	incoming  *incoming         // a sound that has begun; nil: none has

	mu      sync.Mutex
	request *asked // nil: none is on its way
}

// asked is a request on its way.
type asked struct {
	answer Answer
	done   chan error    // has one element when the answer is there, or will not be
	more   chan struct{} // has an element when something was said about it
}

// Request sends an utterance to the assistant and waits for its answer. One
// request at a time: a newer one ends it with context.Canceled.
func (s *Satellite) Request(ctx context.Context, u voice.Utterance) (Answer, error) {
	s.mu.Lock()
	r := s.runner
	s.mu.Unlock()
	if r == nil {
		return Answer{}, ErrAway
	}
	a := &asked{done: make(chan error, 1), more: make(chan struct{}, 1)}
	r.begin(a)
	defer r.end(a)
	if err := r.sendRequest(u); err != nil {
		r.conn.Close()
		return Answer{}, fmt.Errorf("ask the assistant: %w", err)
	}
	timer := time.NewTimer(answerTime)
	defer timer.Stop()
	for {
		select {
		case err := <-a.done:
			return a.answer, err
		case <-a.more:
			timer.Reset(answerTime)
		case <-timer.C:
			return Answer{}, fmt.Errorf("ask the assistant: it said nothing for %v", answerTime)
		case <-ctx.Done():
			return Answer{}, ctx.Err()
		}
	}
}

func (r *runner) begin(a *asked) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.request != nil {
		r.request.done <- context.Canceled
	}
	r.request = a
}

func (r *runner) end(a *asked) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.request == a {
		r.request = nil
	}
}

// finish ends the request that is on its way, if one is.
func (r *runner) finish(err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.request == nil {
		return false
	}
	r.request.done <- err
	r.request = nil
	return true
}

// about changes the request that is on its way.
func (r *runner) about(change func(*Answer)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.request != nil {
		change(&r.request.answer)
		select {
		case r.request.more <- struct{}{}:
		default:
		}
	}
}

// sendRequest sends what was said, as a pipeline from recognition to speech.
func (r *runner) sendRequest(u voice.Utterance) error {
	run := map[string]any{"start_stage": "asr", "end_stage": "tts", "restart_on_end": false}
	if u.Wake != nil {
		if err := r.send("detection", map[string]any{"name": u.Wake.Word, "timestamp": u.Wake.End.Milliseconds()}, nil); err != nil {
			return err
		}
		run["wake_word_name"] = u.Wake.Word
	}
	for _, e := range []struct {
		kind string
		data any
	}{{"run-pipeline", run}, {"streaming-started", nil}, {"audio-start", mono(voice.SampleRate)}} {
		if err := r.send(e.kind, e.data, nil); err != nil {
			return err
		}
	}
	if err := r.sendSound(voice.Speech{Rate: voice.SampleRate, PCM: u.PCM}, 0); err != nil {
		return err
	}
	if err := r.send("audio-stop", map[string]int64{"timestamp": u.Duration().Milliseconds()}, nil); err != nil {
		return err
	}
	return r.send("streaming-stopped", nil, nil)
}

// serve answers one client until an error.
func (s *Satellite) serve(ctx context.Context, c *client) error {
	r := &runner{client: c, satellite: s, plays: make(chan voice.Speech, playsAhead), timers: map[string]string{}}
	defer s.release(r)
	playing := make(chan struct{})
	go func() {
		defer close(playing)
		r.playAll(ctx)
	}()
	defer func() { close(r.plays); <-playing }()
	for {
		e, err := c.next()
		if err == nil {
			err = r.take(e)
		}
		if err != nil {
			if ctx.Err() == nil {
				r.finish(fmt.Errorf("ask the assistant: it went away: %w", err))
			}
			return err
		}
	}
}

// release is when an assistant does not run the satellite any more.
func (s *Satellite) release(r *runner) {
	s.mu.Lock()
	was := s.runner == r
	if was {
		s.runner = nil
	}
	s.mu.Unlock()
	if was {
		s.o.Log.Info("no assistant runs the satellite now; the box answers itself")
	}
	r.finish(errors.New("ask the assistant: it runs this satellite no more")) // and may have done what was asked
}

// run makes r the assistant that answers. The one before is told and let go.
func (s *Satellite) run(r *runner) {
	s.mu.Lock()
	before := s.runner
	s.runner = r
	s.mu.Unlock()
	if before == r {
		return
	}
	s.o.Log.Info("an assistant runs the satellite and answers what is said", "from", r.conn.RemoteAddr())
	if before != nil {
		before.fail("taken", errors.New("another assistant runs this satellite now"))
		before.conn.Close()
	}
}

// take takes one event of an assistant's. Those that only tell how far a pipeline
// is are passed over.
func (r *runner) take(e Event) error {
	s := r.satellite
	switch e.Type {
	case "describe":
		return r.send("info", s.o.Info(), nil)
	case "ping":
		return r.ping(e)
	case "run-satellite":
		s.run(r)
	case "pause-satellite":
		s.release(r)
	case "transcript", "synthesize":
		var said struct {
			Text string `json:"text"`
		}
		if err := e.read(&said); err != nil {
			return err
		}
		r.about(func(a *Answer) {
			if e.Type == "transcript" {
				a.Heard = said.Text
			} else {
				a.Text = said.Text
			}
		})
	case "voice-started", "voice-stopped", "transcribe":
		r.about(func(*Answer) {})
	case "error":
		var fault struct {
			Text string `json:"text"`
			Code string `json:"code"`
		}
		if err := e.read(&fault); err != nil {
			return err
		}
		if !r.finish(&AnswerError{fault.Code, fault.Text}) {
			s.o.Log.Warn("the assistant reports an error", "err", fault.Text, "code", fault.Code)
		}
	case "run-pipeline":
		return r.fail("unavailable", errors.New("this satellite starts its pipelines itself: somebody says a wake word"))
	case "audio-start", "audio-chunk", "audio-stop":
		return r.sound(e)
	case "timer-started", "timer-cancelled", "timer-finished":
		return r.timer(e)
	}
	return nil
}

// sound takes an event of a sound: the answer to the request that is on its way,
// or something unasked.
func (r *runner) sound(e Event) error {
	if e.Type == "audio-start" {
		r.incoming = &incoming{}
		r.about(func(*Answer) {})
		return r.incoming.start(e, mostSound)
	}
	in := r.incoming
	if in == nil {
		return fmt.Errorf("%w: %q without audio-start", ErrProtocol, e.Type)
	}
	if e.Type == "audio-chunk" {
		r.about(func(*Answer) {})
		return in.add(e)
	}
	r.incoming = nil
	if in.over {
		err := fmt.Errorf("a sound of more than %v", mostSound)
		r.finish(err)
		return r.fail("too-long", err)
	}
	speech, err := in.format.decode(in.bytes)
	if err != nil {
		return err
	}
	return r.heard(speech)
}

// heard gives a sound to whoever waits for it, or plays it.
func (r *runner) heard(speech voice.Speech) error {
	r.about(func(a *Answer) {
		a.Sound = speech
		a.Played = func() {
			if err := r.send("played", nil, nil); err != nil {
				r.satellite.o.Log.Debug("not told that a sound was heard", "err", err)
			}
		}
	})
	if r.finish(nil) {
		return nil
	}
	select {
	case r.plays <- speech:
		return nil
	default:
		return r.fail("busy", errors.New("too much else is still to be heard"))
	}
}

// playAll plays what was said unasked, one after another, and tells when it was heard.
func (r *runner) playAll(ctx context.Context) {
	for speech := range r.plays {
		if ctx.Err() != nil {
			continue
		}
		var err error
		if err = r.satellite.o.Play(ctx, speech); err == nil {
			err = r.send("played", nil, nil)
		} else if ctx.Err() == nil {
			err = r.fail("loudspeaker", err)
		}
		if err != nil {
			r.satellite.o.Log.Debug("not told what was heard", "err", err)
		}
	}
}

// timer remembers the names of the assistant's timers, and tells of one that is over.
func (r *runner) timer(e Event) error {
	var t struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	if err := e.read(&t); err != nil {
		return err
	}
	switch e.Type {
	case "timer-started":
		if len(r.timers) < mostTimers {
			r.timers[t.ID] = t.Name
		}
		return nil
	case "timer-finished":
		if r.satellite.o.Finished != nil {
			r.satellite.o.Finished(r.timers[t.ID])
		}
	}
	delete(r.timers, t.ID)
	return nil
}

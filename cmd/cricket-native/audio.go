package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/audio"
)

type audioCommand struct {
	Microphone  string `help:"A part of a device's name, or file:PATH; empty: the default device."`
	Loudspeaker string `help:"The same for the loudspeaker."`
	Beamforming bool   `help:"The microphone is two, side by side: listen to where somebody speaks."`
}

// Run serves the microphone and the loudspeaker until the daemon goes.
func (c audioCommand) Run() error {
	r, w, err := child.Pipes()
	if err != nil {
		return err
	}
	return child.ServeLive(r, w, "audio", func(emit child.Emit) (child.Handlers, any, error) {
		cards, err := openCards()
		if err != nil {
			return nil, nil, err
		}
		var a *sound
		var still func() bool
		if c.Beamforming {
			still = func() bool { return a.sounds() }
		}
		a, err = newSound(emit, func() (microphone, error) { return openMicrophone(cards, c.Microphone, still) },
			func() (loudspeaker, error) { return openLoudspeaker(cards, c.Loudspeaker) })
		if err != nil {
			return nil, nil, err
		}
		go func() {
			if err := watchCards(a.again); err != nil { // what is plugged in is then found when something is opened
				fmt.Fprintln(os.Stderr, err)
			}
		}()
		if c.Microphone != audio.None {
			go a.listen(context.Background())
		}
		go a.speak(context.Background())
		return a.handlers(cards), nil, nil
	})
}

// microphone gives frames of 20 ms, 16 kHz, mono, as fast as they are spoken.
type microphone interface {
	Name() string
	Read(pcm []int16) error // fills a frame
	Close() error
}

// loudspeaker takes frames of 20 ms, 16 kHz, mono, as fast as it plays them.
type loudspeaker interface {
	Write(pcm []int16) error
	Close() error
}

const (
	// retryAfter is how long a device that could not be opened is left alone.
	retryAfter = 5 * time.Second
	// idleAfter is the silence after which the loudspeaker is let go, so that it
	// can sleep, and others can use it.
	idleAfter = 2 * time.Second
)

// sound is the microphone, the front end and the loudspeaker.
type sound struct {
	emit            child.Emit
	openMicrophone  func() (microphone, error)
	openLoudspeaker func() (loudspeaker, error)
	front           *front
	retry           chan struct{} // a device has come or gone

	gate  sync.Mutex // held while a frame leaves, so that none does after mute has answered
	muted bool       // from the start, until the daemon has said what holds

	mu    sync.Mutex
	life  int // which of the daemon's children this is
	queue []playing
	more  chan struct{} // has an element when there is more to play
}

// playing is one sound on its way to the loudspeaker.
type playing struct {
	id  uint32
	pcm []int16
	at  int
}

func newSound(emit child.Emit, mic func() (microphone, error), speaker func() (loudspeaker, error)) (*sound, error) {
	f, err := newFront(true)
	if err != nil {
		return nil, err
	}
	return &sound{emit: emit, openMicrophone: mic, openLoudspeaker: speaker, front: f, muted: true, retry: make(chan struct{}, 1), more: make(chan struct{}, 1)}, nil
}

func (s *sound) notice(n audio.Notice) error {
	b, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return s.emit(child.Notice, b)
}

// listen reads the microphone for ever. It ends when the wire does.
func (s *sound) listen(ctx context.Context) error {
	frame := make([]int16, voice.FrameSamples)
	for {
		mic, err := s.openMicrophone()
		if err == nil {
			err = s.notice(audio.Notice{Microphone: mic.Name()})
			for err == nil {
				if err = mic.Read(frame); err == nil || errors.Is(err, errOverrun) {
					if err != nil {
						s.notice(audio.Notice{Overruns: 1})
					}
					err = s.pass(frame)
				}
			}
			mic.Close()
		}
		if told := s.notice(audio.Notice{Deaf: err.Error()}); told != nil {
			return told
		}
		if errors.Is(err, errHeard) { // and nothing will follow
			<-ctx.Done()
			return ctx.Err()
		}
		wait := time.NewTimer(retryAfter)
		select {
		case <-wait.C:
		case <-s.retry:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// again has a microphone that is away looked for at once.
func (s *sound) again() {
	select {
	case s.retry <- struct{}{}:
	default:
	}
}

// pass sends a frame through the front end, and to the daemon where the
// microphone is not muted.
func (s *sound) pass(frame []int16) error {
	heard := s.front.hear(frame)
	s.gate.Lock()
	defer s.gate.Unlock()
	if s.muted {
		return nil
	}
	return s.emit(child.Sound, child.PCM(heard))
}

// speak plays what is in the queue, for ever.
func (s *sound) speak(ctx context.Context) error {
	frame := make([]int16, voice.FrameSamples)
	for {
		select {
		case <-s.more:
		case <-ctx.Done():
			return ctx.Err()
		}
		speaker, err := s.openLoudspeaker()
		for silent := time.Duration(0); err == nil && silent < idleAfter; silent += 20 * time.Millisecond {
			if s.next(frame) {
				silent = 0
			}
			if err = speaker.Write(frame); err == nil {
				s.front.played.write(frame)
			}
		}
		if speaker != nil {
			speaker.Close()
		}
		if err != nil {
			s.drop(err)
		}
	}
}

// next fills a frame with what is to be played next, and says whether there is any.
func (s *sound) next(frame []int16) bool {
	clear(frame)
	s.mu.Lock()
	var over []playing
	n := 0
	for n < len(frame) && len(s.queue) > 0 {
		p := &s.queue[0]
		part := copy(frame[n:], p.pcm[p.at:])
		n, p.at = n+part, p.at+part
		if p.at == len(p.pcm) {
			over = append(over, *p)
			s.queue = s.queue[1:]
		}
	}
	s.mu.Unlock()
	for _, p := range over {
		s.notice(audio.Notice{Played: p.id, Samples: p.at})
	}
	return n > 0
}

// sounds says whether there is something to play.
func (s *sound) sounds() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue) > 0
}

// drop ends what is being played and what waits, because of a fault.
func (s *sound) drop(fault error) {
	s.mu.Lock()
	queue := s.queue
	s.queue = nil
	s.mu.Unlock()
	for _, p := range queue {
		s.notice(audio.Notice{Played: p.id, Samples: p.at, Fault: fault.Error()})
	}
}

// hush ends one sound.
func (s *sound) hush(id uint32) {
	s.mu.Lock()
	at := slices.IndexFunc(s.queue, func(p playing) bool { return p.id == id })
	var p playing
	if at >= 0 {
		p = s.queue[at]
		s.queue = slices.Delete(s.queue, at, at+1)
	}
	s.mu.Unlock()
	if at >= 0 {
		s.notice(audio.Notice{Played: id, Samples: p.at, Fault: "it was hushed"})
	}
}

// handlers are the verbs of the child. Each answers at once.
func (s *sound) handlers(cards cards) child.Handlers {
	return child.Handlers{
		"mute": func(_ context.Context, head json.RawMessage, _ []byte) (any, error) {
			var on bool
			if err := json.Unmarshal(head, &on); err != nil {
				return nil, fmt.Errorf("read the request: %w", err)
			}
			s.gate.Lock()
			defer s.gate.Unlock()
			s.muted = on
			return on, nil
		},
		"play": func(_ context.Context, head json.RawMessage, data []byte) (any, error) {
			var id uint32
			if err := json.Unmarshal(head, &id); err != nil {
				return nil, fmt.Errorf("read the request: %w", err)
			}
			pcm, err := child.Samples(data)
			if err != nil {
				return nil, err
			}
			s.mu.Lock()
			s.queue = append(s.queue, playing{id: id, pcm: pcm})
			life := s.life
			s.mu.Unlock()
			select {
			case s.more <- struct{}{}:
			default:
			}
			return life, nil
		},
		"hush": func(_ context.Context, head json.RawMessage, _ []byte) (any, error) {
			var id uint32
			if err := json.Unmarshal(head, &id); err != nil {
				return nil, fmt.Errorf("read the request: %w", err)
			}
			s.hush(id)
			return id, nil
		},
		"life": func(_ context.Context, head json.RawMessage, _ []byte) (any, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if err := json.Unmarshal(head, &s.life); err != nil {
				return nil, fmt.Errorf("read the request: %w", err)
			}
			return s.life, nil
		},
		"devices": func(context.Context, json.RawMessage, []byte) (any, error) { return cards.devices() },
	}
}

// openMicrophone opens what the configuration names; still, where it is not nil, is for a beam.
func openMicrophone(cards cards, name string, still func() bool) (microphone, error) {
	var mic microphone
	var err error
	switch path, file := strings.CutPrefix(name, "file:"); {
	case file && still != nil:
		err = fmt.Errorf("open microphone: 'audio.beamforming' wants a card with two microphones, and %q is a file", path)
	case file:
		mic, err = openSoundFile(path)
	case name == "" && still == nil && onDesktop():
		mic, err = startProgram(piped(recorder), true)
	default:
		mic, err = cards.microphone(name, still)
	}
	if err != nil {
		return nil, err // and not a typed nil
	}
	return mic, nil
}

func openLoudspeaker(cards cards, name string) (loudspeaker, error) {
	var speaker loudspeaker
	var err error
	switch path, file := strings.CutPrefix(name, "file:"); {
	case file:
		speaker, err = createSoundFile(path)
	case name == "" && onDesktop():
		speaker, err = startProgram(piped(player), false)
	default:
		speaker, err = cards.loudspeaker(name)
	}
	if err != nil {
		return nil, err // and not a typed nil
	}
	return speaker, nil
}

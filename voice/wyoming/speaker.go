package wyoming

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cricket-home/cricket/voice"
)

const (
	speakTime = 5 * time.Second // without a piece of the sound
	mostSpeak = 5 * time.Minute // of one sentence

	// restTime is how long a voice that has failed is not asked again: each sentence would
	// wait for it.
	restTime = 20 * time.Second
)

// Speaker is a voice elsewhere.
type Speaker struct {
	address  string
	language string
	log      *slog.Logger

	mu     sync.Mutex
	failed time.Time
	fault  error
}

// NewSpeaker returns the voice at host:port.
func NewSpeaker(address, language string, log *slog.Logger) *Speaker {
	return &Speaker{address: address, language: language, log: log.With("part", "wyoming voice")}
}

// Name names the service in logs and errors.
func (s *Speaker) Name() string { return "the Wyoming voice at " + s.address }

// Say speaks text, at most 2000 bytes.
func (s *Speaker) Say(ctx context.Context, text string) (voice.Speech, error) {
	said := voice.Plain(text)
	if said == "" {
		return voice.Speech{}, errors.New("speak: there are no words in the text")
	}
	if len(text) > maxText {
		return voice.Speech{}, fmt.Errorf("speak: the text has %d bytes, %d are the most", len(text), maxText)
	}
	if err := s.rests(); err != nil {
		return voice.Speech{}, fmt.Errorf("speak with %s: it failed just now: %w", s.Name(), err)
	}
	speech, err := s.once(ctx, said)
	if ctx.Err() != nil {
		return speech, ctx.Err()
	}
	s.mu.Lock()
	if (err == nil) != (s.fault == nil) {
		s.log.Warn("the voice elsewhere has changed", "address", s.address, "err", err)
	}
	s.failed, s.fault = time.Now(), err
	s.mu.Unlock()
	if err != nil {
		return speech, fmt.Errorf("speak with %s: %w", s.Name(), err)
	}
	speech.Text = text
	return speech, nil
}

// rests is why the voice is not asked now, or nil.
func (s *Speaker) rests() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.failed) > restTime {
		return nil
	}
	return s.fault
}

func (s *Speaker) once(ctx context.Context, text string) (voice.Speech, error) {
	in := &incoming{}
	begun := false
	err := talkTo(ctx, s.address, speakTime, func(c *client) error {
		return c.send("synthesize", map[string]any{"text": text, "voice": map[string]string{"language": s.language}}, nil)
	}, func(e Event) (bool, error) {
		if e.Type == "audio-start" {
			begun = true
			return false, in.start(e, mostSpeak)
		}
		if !begun && (e.Type == "audio-chunk" || e.Type == "audio-stop") {
			return false, fmt.Errorf("%w: %q without audio-start", ErrProtocol, e.Type)
		}
		if e.Type != "audio-chunk" {
			return e.Type == "audio-stop", nil
		}
		if err := in.add(e); err != nil {
			return false, err
		}
		if in.over {
			return false, fmt.Errorf("it spoke for more than %v", mostSpeak)
		}
		return false, nil
	})
	if err != nil {
		return voice.Speech{}, err
	}
	speech, err := in.format.decode(in.bytes)
	if err == nil && len(speech.PCM) == 0 {
		err = errors.New("it made no sound")
	}
	return speech, err
}

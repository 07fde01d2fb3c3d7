package wyoming

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/cricket-home/cricket/voice"
)

const (
	maxHearers = 4
	micAhead   = 100              // frames that wait for a slow hearer; what comes then is lost to it
	micSilence = 10 * time.Second // without a frame the microphone is off
)

// Mic lets others hear a microphone, live, as soon as they connect.
type Mic struct {
	info func() Info
	log  *slog.Logger

	mu      sync.Mutex
	hearers map[chan voice.Frame]bool
}

// NewMic returns a microphone; Run serves it.
func NewMic(info func() Info, log *slog.Logger) *Mic {
	return &Mic{info: info, log: log.With("part", "mic"), hearers: map[chan voice.Frame]bool{}}
}

// Run serves the clients of l until ctx ends; it closes l.
func (m *Mic) Run(ctx context.Context, l net.Listener) error {
	return port{maxHearers, m.log, m.serve}.run(ctx, l)
}

// Push gives a frame to all who listen. It does not wait.
func (m *Mic) Push(f voice.Frame) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for h := range m.hearers {
		select {
		case h <- f:
		default:
		}
	}
}

// serve sends what is heard, and answers what a client asks meanwhile.
func (m *Mic) serve(ctx context.Context, c *client) error {
	frames := make(chan voice.Frame, micAhead)
	m.mu.Lock()
	m.hearers[frames] = true
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		delete(m.hearers, frames)
		m.mu.Unlock()
	}()
	m.log.Info("somebody listens to the microphone", "from", c.conn.RemoteAddr())
	asked := make(chan error, 1)
	go func() { asked <- m.answer(c) }()
	at, begun := 0, false
	for {
		silence := time.NewTimer(micSilence)
		var err error
		select {
		case <-ctx.Done():
			silence.Stop()
			return ctx.Err()
		case err = <-asked:
		case <-silence.C: // it was muted, or is gone; what comes then is another sound
			if begun {
				begun, err = false, c.send("audio-stop", map[string]int{"timestamp": milliseconds(at, voice.SampleRate)}, nil)
			}
		case f := <-frames:
			if !begun {
				begun, at = true, 0
				err = c.send("audio-start", mono(voice.SampleRate), nil)
			}
			if err == nil {
				err = c.sendSound(voice.Speech{Rate: voice.SampleRate, PCM: f.PCM}, at)
				at += len(f.PCM)
			}
		}
		silence.Stop()
		if err != nil {
			return err
		}
	}
}

// answer answers what a client asks until it goes. One that only listens says nothing.
func (m *Mic) answer(c *client) error {
	for {
		e, err := c.next()
		switch {
		case errors.Is(err, errSilent) && c.r.Buffered() == 0:
			continue
		case err != nil:
			return err
		case e.Type == "describe":
			err = c.send("info", m.info(), nil)
		case e.Type == "ping":
			err = c.ping(e)
		}
		if err != nil {
			return err
		}
	}
}

package wyoming

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/cricket-home/cricket/voice"
)

const (
	wakeAhead     = 50               // frames that wait to be sent: a second; the oldest are lost
	longestRetry  = 30 * time.Second // between two attempts to reach a service
	longestName   = 64               // bytes of a wake word's name
	wakeBelieved  = 5 * time.Second  // a detection's time that is longer ago is none
	usualWakeTime = time.Second      // that a wake word takes to say
)

// Waker listens for wake words elsewhere: it sends a microphone to a service, for as long as
// Run runs.
type Waker struct {
	address string
	log     *slog.Logger
	frames  chan voice.Frame

	mu    sync.Mutex
	wakes []voice.Wake
	now   time.Duration // of the newest frame
	fault string        // why the service is not there; "" while it is
}

// NewWaker returns the wake service at host:port; Run must be called.
func NewWaker(address string, log *slog.Logger) *Waker {
	return &Waker{address: address, log: log.With("part", "wyoming wake"), frames: make(chan voice.Frame, wakeAhead), fault: "not asked yet"}
}

// Name names the service in logs.
func (w *Waker) Name() string { return "the Wyoming wake service at " + w.address }

// Fault is why the service is not there, or "".
func (w *Waker) Fault() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fault
}

// Push takes the next frame and returns the words that the service has heard since the last. It does not wait.
func (w *Waker) Push(f voice.Frame) []voice.Wake {
	for {
		select {
		case w.frames <- f:
		default:
			select {
			case <-w.frames: // the oldest
				continue
			default:
				continue
			}
		}
		break
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = f.Time
	wakes := w.wakes
	w.wakes = nil
	return wakes
}

// Run keeps the service listening until ctx ends.
func (w *Waker) Run(ctx context.Context) error {
	wait := time.Second
	for {
		began := time.Now()
		err := w.session(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		w.mu.Lock()
		changed := w.fault != err.Error()
		w.fault = err.Error()
		w.mu.Unlock()
		if changed {
			w.log.Warn("the wake service elsewhere does not listen", "address", w.address, "err", err)
		}
		if time.Since(began) > longestRetry {
			wait = time.Second
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		wait = min(2*wait, longestRetry)
	}
}

// session sends what is heard until the service has a fault.
func (w *Waker) session(ctx context.Context) error {
	d := net.Dialer{Timeout: dialTime}
	conn, err := d.DialContext(ctx, "tcp", w.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	c := newClient(conn)
	again := make(chan struct{}, 1) // a word was heard: the service is asked for the next
	again <- struct{}{}
	told := make(chan error, 1)
	go func() { told <- w.take(c, again) }()
	for begun := false; ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-told:
			return err
		case <-again:
			if begun {
				if err := c.send("audio-stop", nil, nil); err != nil {
					return err
				}
			}
			if err := c.send("detect", map[string]any{"names": nil}, nil); err != nil {
				return err
			}
			if err := c.send("audio-start", mono(voice.SampleRate), nil); err != nil {
				return err
			}
			begun = true
		case f := <-w.frames:
			if err := c.send("audio-chunk", chunkHeader{mono(voice.SampleRate), int(f.Time.Milliseconds())}, bytesOf(f.PCM)); err != nil {
				return err
			}
			w.mu.Lock()
			if w.fault != "" {
				w.log.Info("the wake service elsewhere listens", "address", w.address)
			}
			w.fault = ""
			w.mu.Unlock()
		}
	}
}

// take takes what the service says.
func (w *Waker) take(c *client, again chan<- struct{}) error {
	for {
		e, err := Read(c.r)
		if err != nil {
			return err
		}
		switch e.Type {
		case "error":
			var fault ServiceError
			if err := e.read(&fault); err != nil {
				return err
			}
			return &fault
		case "detection":
			var d struct {
				Name string `json:"name"`
				At   *int64 `json:"timestamp"`
			}
			if err := e.read(&d); err != nil {
				return err
			}
			w.heard(d.Name, d.At)
			select {
			case again <- struct{}{}:
			default:
			}
		}
	}
}

// heard notes a word that ended at a time in milliseconds, which a service need not tell.
func (w *Waker) heard(name string, at *int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if name = voice.Plain(name); name == "" || len(name) > longestName {
		name = "wake word"
	}
	end := w.now
	if at != nil {
		if t := time.Duration(*at) * time.Millisecond; t <= w.now && t > w.now-wakeBelieved {
			end = t
		}
	}
	if len(w.wakes) < 4 {
		w.wakes = append(w.wakes, voice.Wake{Word: name, Score: 1, Start: max(0, end-usualWakeTime), End: end})
	}
}

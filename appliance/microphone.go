package appliance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/cricket-home/cricket/voice"
)

// Audio says what hears.
type Audio struct {
	Microphone string `toml:"microphone"`
}

// noMicrophone is the value of 'audio.microphone' of a box that is to hear nothing.
const noMicrophone = "none"

// recorders write 16 kHz mono PCM of the machine's microphone to standard output.
var recorders = [][]string{
	{"pw-record", "--rate", "16000", "--channels", "1", "--format", "s16", "--raw", "-"},
	{"parecord", "--raw", "--rate=16000", "--channels=1", "--format=s16le"},
	{"arecord", "-q", "-t", "raw", "-f", "S16_LE", "-r", "16000", "-c", "1"},
}

// ErrNoMicrophone says that there is nothing to hear with.
var ErrNoMicrophone = errors.New("neither pw-record, nor parecord, nor arecord is here")

// OpenMicrophone is the microphone that the configuration names: the machine's own, or a
// WAV file or a FIFO in its place ("file:PATH"), heard as fast as it was spoken. The error
// wraps ErrNoMicrophone where there is none.
func OpenMicrophone(a Audio) (Microphone, error) {
	if file, ok := strings.CutPrefix(a.Microphone, "file:"); ok {
		once := false // a file is heard once, a FIFO as often as somebody writes to it
		return newStream(a.Microphone, func(ctx context.Context) (io.ReadCloser, error) { return openSound(ctx, file, &once) }), nil
	}
	if a.Microphone == noMicrophone {
		return nil, fmt.Errorf("open microphone: %w: the configuration wants none", ErrNoMicrophone)
	}
	for _, r := range recorders {
		if path, err := exec.LookPath(r[0]); err == nil {
			return newStream(r[0], func(ctx context.Context) (io.ReadCloser, error) { return record(ctx, path, r[1:]) }), nil
		}
	}
	return nil, fmt.Errorf("open microphone: %w", ErrNoMicrophone)
}

// openSound opens a WAV file; a FIFO that nobody writes to is given up when ctx ends.
// A file that was heard to its end is opened no more.
func openSound(ctx context.Context, name string, heard *bool) (io.ReadCloser, error) {
	if *heard {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	type opened struct {
		f   *os.File
		err error
	}
	done := make(chan opened, 1)
	go func() {
		f, err := os.Open(name)
		done <- opened{f, err}
	}()
	var o opened
	select {
	case o = <-done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if o.err != nil {
		return nil, fmt.Errorf("open microphone: %w", o.err)
	}
	wav, err := voice.NewWAV(o.f, "file:"+name)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open microphone: %w", err), o.f.Close())
	}
	info, err := o.f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open microphone: %w", err), o.f.Close())
	}
	return &played{wav: wav, file: o.f, begun: time.Now(), ctx: ctx, heard: heard, once: info.Mode().IsRegular()}, nil
}

// played is a sound file as a stream of PCM that comes as fast as it was spoken.
type played struct {
	wav   *voice.WAV
	file  *os.File
	begun time.Time
	ctx   context.Context // of the one who listens
	once  bool
	heard *bool // is set at the end, where it is heard once
}

func (p *played) Read(data []byte) (int, error) {
	f, err := p.wav.Next()
	if err != nil {
		*p.heard = p.once
		return 0, err
	}
	due := time.NewTimer(time.Until(p.begun.Add(f.Time + frameTime)))
	defer due.Stop()
	select {
	case <-due.C:
	case <-p.ctx.Done():
		return 0, p.ctx.Err()
	}
	for i, x := range f.PCM {
		data[2*i], data[2*i+1] = byte(x), byte(uint16(x)>>8)
	}
	return 2 * len(f.PCM), nil
}

func (p *played) Close() error { return p.file.Close() }

// recorded is what a recorder hears.
type recorded struct {
	io.Reader
	program *exec.Cmd
	said    *strings.Builder
}

func record(ctx context.Context, path string, args []string) (io.ReadCloser, error) {
	r := &recorded{program: exec.CommandContext(ctx, path, args...), said: &strings.Builder{}}
	r.program.Stderr = r.said
	out, err := r.program.StdoutPipe()
	if err == nil {
		r.Reader = out
		err = r.program.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("open microphone: %w", err)
	}
	return r, nil
}

// Close ends the recorder; the error is what it complained of.
func (r *recorded) Close() error {
	r.program.Process.Kill()
	_ = r.program.Wait() // it was killed
	if lines := strings.Split(strings.TrimSpace(r.said.String()), "\n"); lines[0] != "" {
		return fmt.Errorf("hear with %s: %s", r.program.Args[0], lines[len(lines)-1])
	}
	return nil
}

// reopenAfter is how long a microphone that is gone is left alone.
const reopenAfter = time.Second

// stream is a microphone made of a stream of PCM, which is opened again when it ends. While
// it is muted it is closed: nothing is heard by anybody.
type stream struct {
	name string
	open func(ctx context.Context) (io.ReadCloser, error)

	in   io.ReadCloser // belongs to Next
	at   time.Duration
	wait bool // it was gone a moment ago
	data [2 * voice.FrameSamples]byte

	mu     sync.Mutex
	muted  bool
	stop   context.CancelFunc // of what is open; nil: nothing is
	change chan struct{}      // closed and replaced when muted changes
}

func newStream(name string, open func(ctx context.Context) (io.ReadCloser, error)) *stream {
	return &stream{name: name, open: open, change: make(chan struct{})}
}

// Mute closes the stream, or lets it be opened.
func (s *stream) Mute(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.muted = on
	if on && s.stop != nil {
		s.stop()
	}
	close(s.change)
	s.change = make(chan struct{})
}

// Next waits for the next frame.
func (s *stream) Next(ctx context.Context) (voice.Frame, error) {
	for {
		if err := ctx.Err(); err != nil {
			return voice.Frame{}, err
		}
		if s.in == nil {
			if err := s.begin(ctx); err != nil {
				return voice.Frame{}, err
			}
			continue
		}
		_, err := io.ReadFull(s.in, s.data[:])
		s.mu.Lock()
		muted := s.muted
		s.mu.Unlock()
		if err == nil && !muted {
			f := voice.Frame{Mic: s.name, Time: s.at, PCM: make([]int16, voice.FrameSamples)}
			for i := range f.PCM {
				f.PCM[i] = int16(uint16(s.data[2*i]) | uint16(s.data[2*i+1])<<8)
			}
			s.at += frameTime
			return f, nil
		}
		closed := s.end()
		switch {
		case muted:
			continue
		case ctx.Err() != nil:
			return voice.Frame{}, ctx.Err()
		}
		s.wait = true
		if closed != nil {
			return voice.Frame{}, closed
		}
		return voice.Frame{}, fmt.Errorf("the microphone %s has ended", s.name)
	}
}

// begin opens the stream, when it is not muted.
func (s *stream) begin(ctx context.Context) error {
	if s.wait {
		timer := time.NewTimer(reopenAfter)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.mu.Lock()
	muted, change := s.muted, s.change
	opened := ctx
	if !muted {
		opened, s.stop = context.WithCancel(ctx)
	}
	s.mu.Unlock()
	if muted {
		select {
		case <-change:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	in, err := s.open(opened)
	if s.wait = err != nil; s.wait {
		if opened.Err() != nil && ctx.Err() == nil { // muted meanwhile
			s.wait = false
			return nil
		}
		return err
	}
	s.in, s.at = in, 0
	return nil
}

// end closes the stream.
func (s *stream) end() error {
	s.mu.Lock()
	s.stop()
	s.stop = nil
	s.mu.Unlock()
	err := s.in.Close()
	s.in = nil
	return err
}

// checkMicrophone says whether the box can listen.
func (b *Box) checkMicrophone() Finding {
	f := Finding{Part: "microphone"}
	switch {
	case b.live == nil:
		f.Text, f.Hint = b.deafness(), "cricket ask, or 'audio.microphone' in config.toml; docs/listening.md tells more"
	case b.Mode() == Muted:
		f.OK, f.Text = true, "switched off"
	case b.live.away.Load() != nil:
		f.Text, f.Hint = *b.live.away.Load(), "plug it in, or name another one in 'audio.microphone' in config.toml"
	default:
		f.OK, f.Text = true, "it listens"
	}
	return f
}

// deafness says why the box does not listen at all.
func (b *Box) deafness() string {
	return "there is no microphone, so it hears nobody; it answers text and MQTT"
}

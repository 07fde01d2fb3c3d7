package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/voice"
)

// errHeard says that a file that stands for a microphone has been heard: that is once.
var errHeard = errors.New("the file has ended")

// silentEnd is how many frames of silence follow a file: the last request in it ends
// as one in a room does.
const silentEnd = 100

// pace lets frames pass as fast as they sound.
type pace struct{ next time.Time }

func (p *pace) wait() {
	if now := time.Now(); p.next.Before(now.Add(-time.Second)) { // the beginning, or a pause of the writer's
		p.next = now
	}
	time.Sleep(time.Until(p.next))
	p.next = p.next.Add(20 * time.Millisecond)
}

// soundFile is a microphone that is a file: a WAV, or 16 kHz PCM, mono, 16 bits,
// little-endian.
type soundFile struct {
	path string
	file *os.File
	pcm  samples
	over int // frames of silence since its end
	pace pace
}

func openSoundFile(path string) (microphone, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open microphone: %w", err)
	}
	if info.Mode()&os.ModeNamedPipe != 0 {
		return openFIFO(path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open microphone: %w", err)
	}
	pcm, err := newSamples(file, path)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("open microphone %s: %w", path, err)
	}
	return &soundFile{path: path, file: file, pcm: pcm}, nil
}

func (f *soundFile) Name() string { return "file:" + f.path }

func (f *soundFile) Close() error { return f.file.Close() }

func (f *soundFile) Read(pcm []int16) error {
	var err error
	if f.over == 0 {
		err = f.pcm.next(pcm)
	}
	switch {
	case f.over > 0 || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		if f.over++; f.over > silentEnd {
			return fmt.Errorf("read microphone %s: %w", f.path, errHeard)
		}
		clear(pcm)
	case err != nil:
		return fmt.Errorf("read microphone %s: %w", f.path, err)
	}
	f.pace.wait()
	return nil
}

// samples are the frames of a WAV or of raw PCM.
type samples struct {
	raw *bufio.Reader
	wav *voice.WAV // nil: it is raw
}

func newSamples(r io.Reader, name string) (s samples, err error) {
	s.raw = bufio.NewReader(r)
	if head, err := s.raw.Peek(4); err == nil && string(head) == "RIFF" {
		if s.wav, err = voice.NewWAV(s.raw, name); err != nil {
			return s, err
		}
	}
	return s, nil
}

// next fills a frame; the last one is filled up with silence. At the end it is io.EOF, or
// io.ErrUnexpectedEOF where a WAV ends before it should.
func (s samples) next(pcm []int16) error {
	if s.wav != nil {
		frame, err := s.wav.Next()
		copy(pcm, frame.PCM)
		return err
	}
	bytes := make([]byte, 2*len(pcm))
	n, err := io.ReadFull(s.raw, bytes)
	if n < 2 {
		return io.EOF
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	clear(bytes[n&^1:])
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(bytes[2*i:]))
	}
	return nil
}

// writtenFile is a loudspeaker that is a file or a FIFO, of raw PCM as above.
type writtenFile struct {
	file *os.File
	pace pace
}

// stuckAfter is how long whoever reads a FIFO may take nothing.
const stuckAfter = time.Second

func createSoundFile(path string) (*writtenFile, error) {
	// With O_NONBLOCK a FIFO that nobody reads is an error, fifo(7), and does not wait.
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND|syscall.O_NONBLOCK, 0o600)
	if errors.Is(err, syscall.ENXIO) {
		return nil, fmt.Errorf("open loudspeaker %s: nobody reads from it", path)
	}
	if err != nil {
		return nil, fmt.Errorf("open loudspeaker: %w", err)
	}
	return &writtenFile{file: file}, nil
}

func (f *writtenFile) Close() error { return f.file.Close() }

func (f *writtenFile) Write(pcm []int16) error {
	f.pace.wait()
	f.file.SetWriteDeadline(time.Now().Add(stuckAfter)) // of a FIFO; a file has none, and does not wait
	if _, err := f.file.Write(child.PCM(pcm)); err != nil {
		return fmt.Errorf("write loudspeaker: %w", err)
	}
	return nil
}

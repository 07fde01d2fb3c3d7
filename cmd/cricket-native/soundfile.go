package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/voice"
)

// A file that stands for a microphone is heard once; a FIFO as often as somebody
// writes to it.
var (
	errHeard  = errors.New("the file has ended")
	errClosed = errors.New("nobody writes to it any more")
)

// pace lets frames pass as fast as they sound.
type pace struct{ next time.Time }

func (p *pace) wait() {
	if now := time.Now(); p.next.Before(now.Add(-time.Second)) { // the beginning, or a pause of the writer's
		p.next = now
	}
	time.Sleep(time.Until(p.next))
	p.next = p.next.Add(20 * time.Millisecond)
}

// soundFile is a microphone that is a file or a FIFO: a WAV, or 16 kHz PCM, mono,
// 16 bits, little-endian.
type soundFile struct {
	path string
	file *os.File
	raw  *bufio.Reader
	wav  *voice.WAV // nil: it is raw
	once bool       // it is a file, and no FIFO
	pace pace
}

func openSoundFile(path string) (*soundFile, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open microphone: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("open microphone: %w", err)
	}
	f := &soundFile{path: path, file: file, raw: bufio.NewReader(file), once: info.Mode().IsRegular()}
	if head, err := f.raw.Peek(4); err == nil && string(head) == "RIFF" {
		if f.wav, err = voice.NewWAV(f.raw, path); err != nil {
			file.Close()
			return nil, fmt.Errorf("open microphone %s: %w", path, err)
		}
	}
	return f, nil
}

func (f *soundFile) Name() string { return "file:" + f.path }

func (f *soundFile) Close() error { return f.file.Close() }

func (f *soundFile) Read(pcm []int16) error {
	if f.wav != nil {
		frame, err := f.wav.Next()
		if err != nil {
			return f.ended(err)
		}
		f.pace.wait()
		copy(pcm, frame.PCM)
		return nil
	}
	bytes := make([]byte, 2*len(pcm))
	if _, err := io.ReadFull(f.raw, bytes); err != nil {
		return f.ended(err)
	}
	f.pace.wait()
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(bytes[2*i:]))
	}
	return nil
}

func (f *soundFile) ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		if err = errClosed; f.once {
			err = errHeard
		}
	}
	return fmt.Errorf("read microphone %s: %w", f.path, err)
}

// writtenFile is a loudspeaker that is a file or a FIFO, of raw PCM as above.
type writtenFile struct {
	file *os.File
	pace pace
}

func createSoundFile(path string) (*writtenFile, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open loudspeaker: %w", err)
	}
	return &writtenFile{file: file}, nil
}

func (f *writtenFile) Close() error { return f.file.Close() }

func (f *writtenFile) Write(pcm []int16) error {
	f.pace.wait()
	if _, err := f.file.Write(child.PCM(pcm)); err != nil {
		return fmt.Errorf("write loudspeaker: %w", err)
	}
	return nil
}

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/cricket-home/cricket/voice"
)

const (
	fifoAhead = 10                     // frames that are taken from a writer before they are due
	fifoLate  = 200 * time.Millisecond // a frame that is later than this was not written
	fifoPoll  = 20 * time.Millisecond
)

// fifo is a microphone that is a FIFO, heard as often as somebody writes to it: each time
// a WAV or raw PCM. A room in which nobody writes is silent, so that what was said
// last has an end.
type fifo struct {
	path   string
	file   *os.File
	frames chan []int16 // nil: a writer has gone
	inside bool         // the newest frame was a writer's
	closed chan struct{}
	pace   pace
}

func openFIFO(path string) (*fifo, error) {
	// With O_NONBLOCK it is open although nobody writes, fifo(7), and Close ends a read.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open microphone: %w", err)
	}
	f := &fifo{path: path, file: file, frames: make(chan []int16, fifoAhead), closed: make(chan struct{})}
	go f.take()
	return f, nil
}

func (f *fifo) Name() string { return "file:" + f.path }

func (f *fifo) Close() error {
	close(f.closed)
	return f.file.Close()
}

func (f *fifo) Read(pcm []int16) error {
	f.pace.wait()
	var frame []int16
	if f.inside {
		late := time.NewTimer(fifoLate)
		defer late.Stop()
		select {
		case frame = <-f.frames:
		case <-late.C:
		}
	} else {
		select {
		case frame = <-f.frames:
		default:
		}
	}
	f.inside = frame != nil
	clear(pcm[copy(pcm, frame):])
	return nil
}

// take takes what writers write, one after another, until the FIFO is closed.
func (f *fifo) take() {
	for {
		pcm, err := newSamples(f.file, f.path)
		some := false
		for err == nil {
			frame := make([]int16, voice.FrameSamples)
			if err = pcm.next(frame); err == nil {
				if some = true; !f.give(frame) {
					return
				}
			}
		}
		if errors.Is(err, os.ErrClosed) {
			return
		}
		if err != io.EOF { // what is left of it is no sound
			fmt.Fprintf(os.Stderr, "read microphone %s: %v\n", f.path, err)
			io.Copy(io.Discard, f.file)
		}
		if some && !f.give(nil) {
			return
		}
		select {
		case <-time.After(fifoPoll): // nobody writes
		case <-f.closed:
			return
		}
	}
}

func (f *fifo) give(frame []int16) bool {
	select {
	case f.frames <- frame:
		return true
	case <-f.closed:
		return false
	}
}

package wyoming

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cricket-home/cricket/voice"
)

// Format is that of a sound.
type Format struct {
	Rate     int `json:"rate"`  // samples per second
	Width    int `json:"width"` // bytes of a sample
	Channels int `json:"channels"`
}

// mono is our own format at a rate.
func mono(rate int) Format { return Format{rate, 2, 1} }

func (f Format) check() error {
	if f.Rate < 4000 || f.Rate > 192000 || f.Width < 2 || f.Width > 4 || f.Channels < 1 || f.Channels > 8 {
		return fmt.Errorf("%w: sound of %d Hz, %d bytes a sample, %d channels", ErrProtocol, f.Rate, f.Width, f.Channels)
	}
	return nil
}

// decode is a whole sound of this format, mixed to one channel.
func (f Format) decode(raw []byte) (voice.Speech, error) {
	s, err := voice.ReadSpeech(io.MultiReader(bytes.NewReader(f.header()), bytes.NewReader(raw)), time.Hour)
	if errors.Is(err, voice.ErrNoSound) {
		return voice.Speech{Rate: f.Rate}, nil
	}
	if err != nil {
		return s, fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	return s, nil
}

// header is that of a WAV of this format and of any length.
func (f Format) header() []byte {
	h := append([]byte("RIFF\xff\xff\xff\xffWAVEfmt "), 16, 0, 0, 0, 1, 0)
	h = binary.LittleEndian.AppendUint16(h, uint16(f.Channels))
	h = binary.LittleEndian.AppendUint32(h, uint32(f.Rate))
	h = binary.LittleEndian.AppendUint32(h, uint32(f.Rate*f.Width*f.Channels))
	h = binary.LittleEndian.AppendUint16(h, uint16(f.Width*f.Channels))
	h = binary.LittleEndian.AppendUint16(h, uint16(8*f.Width))
	return append(h, "data\xff\xff\xff\xff"...)
}

// chunks is the sound of a connection as a reader: its events until audio-stop.
// A chunk of another format than the start's ends it.
type chunks struct {
	next   func() (Event, error)
	format Format
	left   []byte
	ended  bool
	err    error // why the events ended; nil for audio-stop
}

// newChunks is the sound that begins with an audio-start.
func newChunks(start Event, next func() (Event, error)) (*chunks, error) {
	c := &chunks{next: next}
	if err := start.read(&c.format); err != nil {
		return nil, err
	}
	return c, c.format.check()
}

func (c *chunks) Read(p []byte) (int, error) {
	for len(c.left) == 0 {
		if c.ended {
			return 0, io.EOF
		}
		e, err := c.next()
		switch {
		case err != nil:
			c.err = err
		case e.Type == "audio-chunk":
			f := c.format
			if c.err = e.read(&f); c.err == nil && f != c.format {
				c.err = fmt.Errorf("%w: a chunk of %+v in sound of %+v", ErrProtocol, f, c.format)
			}
			c.left = e.Payload
		case e.Type != "audio-stop":
			c.err = fmt.Errorf("%w: %q within sound", ErrProtocol, e.Type)
		}
		if err != nil || c.err != nil || e.Type == "audio-stop" {
			c.left, c.ended = nil, true
		}
	}
	n := copy(p, c.left)
	c.left = c.left[n:]
	return n, nil
}

// frames calls push with the sound as frames of 20 ms, until it ends or push
// says that it is enough. What is left of the sound is read all the same.
func (c *chunks) frames(push func(voice.Frame) (more bool, err error)) error {
	in := bufio.NewReader(c)
	if _, err := in.Peek(1); err != nil { // no sound at all
		return c.err
	}
	wav, err := voice.NewWAV(io.MultiReader(bytes.NewReader(c.format.header()), in), "wyoming")
	for more := true; err == nil && more; {
		var f voice.Frame
		if f, err = wav.Next(); err == nil {
			more, err = push(f)
		}
	}
	if c.err != nil {
		return c.err
	}
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if _, err := io.Copy(io.Discard, c); err != nil {
		return err
	}
	return c.err
}

// incoming is a sound that is on its way to us. Other events may come between its chunks.
type incoming struct {
	format Format
	bytes  []byte
	most   int  // bytes
	over   bool // there were more
}

// start takes the audio-start of a sound that is at most so long.
func (in *incoming) start(e Event, longest time.Duration) error {
	if err := e.read(&in.format); err != nil {
		return err
	}
	f := in.format
	in.most = int(longest.Seconds()) * f.Rate * f.Width * f.Channels
	return f.check()
}

// add takes an audio-chunk.
func (in *incoming) add(e Event) error {
	f := in.format
	if err := e.read(&f); err != nil {
		return err
	}
	if f != in.format {
		return fmt.Errorf("%w: a chunk of %+v in sound of %+v", ErrProtocol, f, in.format)
	}
	if in.over = in.over || len(in.bytes)+len(e.Payload) > in.most; !in.over {
		in.bytes = append(in.bytes, e.Payload...)
	}
	return nil
}

package wyoming

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/cricket-home/cricket/voice"
)

// format is that of audio-start and audio-chunk.
type format struct {
	Rate     int `json:"rate"`  // samples per second
	Width    int `json:"width"` // bytes of a sample
	Channels int `json:"channels"`
}

func (f format) check() error {
	if f.Rate < 4000 || f.Rate > 192000 || f.Width < 2 || f.Width > 4 || f.Channels < 1 || f.Channels > 8 {
		return fmt.Errorf("%w: sound of %d Hz, %d bytes a sample, %d channels", ErrProtocol, f.Rate, f.Width, f.Channels)
	}
	return nil
}

// header is that of a WAV of this format and of any length.
func (f format) header() []byte {
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
	format format
	left   []byte
	ended  bool
	err    error // why the events ended; nil for audio-stop
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

// longest is the most that is heard of one request.
const longest = 60 * voice.SampleRate

// milliseconds of so many samples at a rate.
func milliseconds(samples, rate int) int {
	return int(math.Round(1000 * float64(samples) / float64(rate)))
}

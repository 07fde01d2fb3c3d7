package voice

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// ErrNoSound is the error of a WAV that is well formed and holds no samples.
var ErrNoSound = errors.New("the WAV holds no sound")

// NotWAVError says that the input is something else than a WAV.
type NotWAVError struct {
	Looks string // what it looks like: "MP3", "text", "empty", ...
}

func (e *NotWAVError) Error() string { return "not a WAV: it looks like " + e.Looks }

// CodecError says that the WAV is coded in a way that is not read here.
type CodecError struct {
	Tag  uint16 // WAVE_FORMAT_...
	Bits int    // per sample
	Name string // "MPEG layer 3", or "unknown codec"
}

func (e *CodecError) Error() string {
	return fmt.Sprintf("WAV is coded as %s (format 0x%04x, %d bits); PCM, float, A-law and mu-law are read",
		e.Name, e.Tag, e.Bits)
}

// TruncatedError says that a WAV ends before the length that its header
// promises. It wraps io.ErrUnexpectedEOF.
type TruncatedError struct {
	Read, Promised time.Duration
}

func (e *TruncatedError) Error() string {
	return fmt.Sprintf("WAV is cut off: %.2f s read of %.2f s promised", e.Read.Seconds(), e.Promised.Seconds())
}

func (e *TruncatedError) Unwrap() error { return io.ErrUnexpectedEOF }

// blockFrames is how many sample frames are decoded at a time.
const blockFrames = 4096

// sound reads the samples of one WAV: the mean of its channels, at its own rate.
type sound struct {
	r       *bufio.Reader
	format  format
	read    uint64 // bytes of samples so far
	bytes   uint64 // promised; used if known
	known   bool   // false where a streaming writer left the length open
	err     error  // of the reader
	raw     []byte
	decoded []float32 // the channels still interleaved
}

func newSound(r io.Reader) (*sound, error) {
	s := &sound{r: bufio.NewReaderSize(r, 1<<16)}
	if err := s.readHeader(); err != nil {
		return nil, err
	}
	per := s.format.frameBytes()
	s.raw = make([]byte, min(blockFrames*per, 1<<17/per*per))
	s.decoded = make([]float32, len(s.raw)/s.format.sampleBytes)
	return s, nil
}

// next returns the next samples, -1..1, valid until it is called again; none
// with the error that ends the sound, io.EOF after the last one.
func (s *sound) next() ([]float32, error) {
	per := s.format.frameBytes()
	raw := s.raw
	if s.known {
		raw = raw[:min(uint64(len(raw)), (s.bytes-s.read)/uint64(per)*uint64(per))]
		if len(raw) == 0 {
			return nil, io.EOF
		}
	}
	n := 0
	if s.err == nil {
		n, s.err = io.ReadFull(s.r, raw)
	}
	raw = raw[:n/per*per]
	s.read += uint64(len(raw))
	if len(raw) == 0 {
		switch {
		case s.err != io.EOF && s.err != io.ErrUnexpectedEOF:
			return nil, fmt.Errorf("read WAV: %w", s.err)
		case s.known:
			return nil, &TruncatedError{s.duration(s.read), s.duration(s.bytes)}
		}
		return nil, io.EOF
	}
	samples := s.decoded[:len(raw)/s.format.sampleBytes]
	s.format.decode(samples, raw)
	return mix(samples, s.format.channels), nil
}

func (s *sound) duration(bytes uint64) time.Duration {
	frames := float64(bytes / uint64(s.format.frameBytes()))
	seconds := frames / float64(s.format.rate)
	return time.Duration(min(seconds*float64(time.Second), math.MaxInt64/2))
}

// mix puts the mean of each frame's channels at the front of samples. Sound that
// is in one channel only comes out at 1/channels of its level; two channels in
// opposite phase cancel, as they do on any mono loudspeaker.
func mix(samples []float32, channels int) []float32 {
	if channels == 1 {
		return samples
	}
	mono := samples[:len(samples)/channels]
	for i := range mono {
		var sum float32
		for _, x := range samples[i*channels : (i+1)*channels] {
			sum += x
		}
		mono[i] = sum / float32(channels)
	}
	return mono
}

// WAV reads a WAV of any rate, width and number of channels as Frames. It holds
// a few hundred kilobytes, however long the file is. One goroutine at a time.
type WAV struct {
	mic       string
	sound     *sound
	resampler *resampler
	waiting   []float32 // SampleRate, not yet in a frame
	taken     int       // of waiting
	frames    int64     // returned
	end       error
}

// NewWAV reads the header of a WAV; mic names the frames. The error is a
// *NotWAVError, a *CodecError, ErrNoSound, one that wraps io.ErrUnexpectedEOF,
// or says which field of the header makes no sense.
func NewWAV(r io.Reader, mic string) (*WAV, error) {
	s, err := newSound(r)
	if err != nil {
		return nil, err
	}
	return &WAV{mic: mic, sound: s, resampler: newResampler(s.format.rate, SampleRate)}, nil
}

// Next returns the next 20 ms. The last frame is filled up with zeros. Then the
// error is io.EOF, or, after all that could be read, a *TruncatedError or the
// error of the reader.
func (w *WAV) Next() (Frame, error) {
	for len(w.waiting)-w.taken < FrameSamples && w.end == nil {
		w.waiting = w.waiting[:copy(w.waiting, w.waiting[w.taken:])]
		w.taken = 0
		in, err := w.sound.next()
		if err != nil {
			w.end = err
			w.waiting = w.resampler.flush(w.waiting)
			break
		}
		w.waiting = w.resampler.push(w.waiting, in)
	}
	rest := w.waiting[w.taken:]
	if len(rest) == 0 {
		return Frame{}, w.end
	}
	rest = rest[:min(len(rest), FrameSamples)]
	pcm := make([]int16, FrameSamples)
	toInt16(pcm, rest)
	w.taken += len(rest)
	f := Frame{Mic: w.mic, Time: time.Duration(w.frames) * time.Second * FrameSamples / SampleRate, PCM: pcm}
	w.frames++
	return f, nil
}

// toInt16 rounds samples into the front of pcm; what is beyond full scale is clipped.
func toInt16(pcm []int16, samples []float32) {
	for i, x := range samples {
		switch y := x * 32768; {
		case y >= 32767:
			pcm[i] = 32767
		case y <= -32768:
			pcm[i] = -32768
		case y >= 0:
			pcm[i] = int16(y + 0.5)
		default:
			pcm[i] = int16(y - 0.5)
		}
	}
}

// ReadSpeech reads a whole WAV at its own rate, mixed to mono, and at most
// longest of it: a longer one is an error. Text is left empty.
func ReadSpeech(r io.Reader, longest time.Duration) (Speech, error) {
	s, err := newSound(r)
	if err != nil {
		return Speech{}, err
	}
	out := Speech{Rate: s.format.rate}
	most := int(longest.Seconds() * float64(out.Rate))
	for {
		in, err := s.next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return Speech{}, err
		}
		n := len(out.PCM)
		if n+len(in) > most {
			return Speech{}, fmt.Errorf("WAV is longer than %v", longest)
		}
		out.PCM = append(out.PCM, make([]int16, len(in))...)
		toInt16(out.PCM[n:], in)
	}
}

package main

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"

	"github.com/gordonklaus/portaudio"

	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/audio"
)

// errOverrun says that sound was lost before it was read.
var errOverrun = errors.New("sound was lost")

// cards are the machine's sound devices, by PortAudio, whose list of devices is
// frozen when it starts: it is started anew when no stream is open.
type cards struct{ *cardState }

type cardState struct {
	mu   sync.Mutex
	open int  // streams
	down bool // PortAudio could not be started again
}

func openCards() (cards, error) {
	if err := portaudio.Initialize(); err != nil {
		return cards{}, fmt.Errorf("start PortAudio: %w", err)
	}
	return cards{new(cardState)}, nil
}

// refresh reads the list of devices again, where it may.
func (c cards) refresh() error {
	if c.open > 0 {
		return nil
	}
	if !c.down {
		if err := portaudio.Terminate(); err != nil {
			return err
		}
	}
	err := portaudio.Initialize()
	c.down = err != nil
	return err
}

func (c cards) devices() ([]audio.Device, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.refresh(); err != nil {
		return nil, fmt.Errorf("list sound devices: %w", err)
	}
	all, err := portaudio.Devices()
	if err != nil {
		return nil, fmt.Errorf("list sound devices: %w", err)
	}
	out := []audio.Device{}
	for _, d := range all {
		out = append(out, audio.Device{Name: d.Name, Inputs: d.MaxInputChannels, Outputs: d.MaxOutputChannels, Rate: int(d.DefaultSampleRate)})
	}
	return out, nil
}

// find is the device that is meant: the default one, or the first whose name has
// name in it.
func find(name, what string, channels func(*portaudio.DeviceInfo) int, fallback func() (*portaudio.DeviceInfo, error)) (*portaudio.DeviceInfo, error) {
	if name == "" {
		d, err := fallback()
		if err != nil {
			return nil, fmt.Errorf("open %s: this machine has none (%w)", what, err)
		}
		return d, nil
	}
	all, err := portaudio.Devices()
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", what, err)
	}
	for _, d := range all {
		if channels(d) > 0 && strings.Contains(strings.ToLower(d.Name), strings.ToLower(name)) {
			return d, nil
		}
	}
	return nil, fmt.Errorf("open %s: no device has %q in its name", what, name)
}

// card is an open stream of a device, in frames of 20 ms.
type card struct {
	cards  cards
	stream *portaudio.Stream
	name   string
	device []int16 // a frame at the device's rate
	rate   int
	to     *voice.Resampler // from the device's rate to ours, or the other way; nil: they are the same
	wait   []int16          // resampled and not yet taken
}

// open opens a stream at our rate, or else at the device's own.
func (c cards) openStream(d *portaudio.DeviceInfo, in bool, channels int) (*card, error) {
	for _, rate := range []int{voice.SampleRate, int(d.DefaultSampleRate)} {
		k := &card{cards: c, name: d.Name, rate: rate, device: make([]int16, channels*rate/50)}
		p := portaudio.LowLatencyParameters(nil, d) // what is hushed is to be silent soon
		if in {
			p = portaudio.HighLatencyParameters(d, nil)
			p.Input.Channels = channels
		} else {
			p.Output.Channels = channels
		}
		p.SampleRate, p.FramesPerBuffer = float64(rate), rate/50
		var err error
		if k.stream, err = portaudio.OpenStream(p, k.device); err != nil {
			if rate == int(d.DefaultSampleRate) {
				return nil, err
			}
			continue
		}
		if rate != voice.SampleRate {
			from, to := rate, voice.SampleRate
			if !in {
				from, to = to, from
			}
			k.to = voice.NewResampler(from, to)
		}
		if err := k.stream.Start(); err != nil {
			k.stream.Close()
			return nil, err
		}
		c.open++
		return k, nil
	}
	return nil, errors.New("it has no rate")
}

// microphone opens a device that hears. With still it is two microphones in one, a beam;
// still says when not to turn it.
func (c cards) microphone(name string, still func() bool) (microphone, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.refresh(); err != nil {
		return nil, fmt.Errorf("open microphone: %w", err)
	}
	d, err := find(name, "microphone", func(d *portaudio.DeviceInfo) int { return d.MaxInputChannels }, portaudio.DefaultInputDevice)
	if err != nil {
		return nil, err
	}
	channels := 1
	if still != nil {
		if channels = 2; d.MaxInputChannels < channels {
			return nil, fmt.Errorf("open microphone %q: 'audio.beamforming' wants two microphones, and it has %d", d.Name, d.MaxInputChannels)
		}
	}
	k, err := c.openStream(d, true, channels)
	if err != nil {
		return nil, fmt.Errorf("open microphone %q: %w", d.Name, err)
	}
	if still != nil {
		return newPair(k, still), nil
	}
	return k, nil
}

func (c cards) loudspeaker(name string) (loudspeaker, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.refresh(); err != nil {
		return nil, fmt.Errorf("open loudspeaker: %w", err)
	}
	d, err := find(name, "loudspeaker", func(d *portaudio.DeviceInfo) int { return d.MaxOutputChannels }, portaudio.DefaultOutputDevice)
	if err != nil {
		return nil, err
	}
	k, err := c.openStream(d, false, 1)
	if err != nil {
		return nil, fmt.Errorf("open loudspeaker %q: %w", d.Name, err)
	}
	return k, nil
}

func (k *card) Name() string { return k.name }

func (k *card) Close() error {
	k.cards.mu.Lock()
	defer k.cards.mu.Unlock()
	k.cards.open--
	k.stream.Abort()
	return k.stream.Close()
}

func (k *card) Read(pcm []int16) error {
	var lost error
	for {
		if k.to != nil && len(k.wait) >= len(pcm) {
			n := copy(pcm, k.wait)
			k.wait = append(k.wait[:0], k.wait[n:]...)
			return lost
		}
		over, err := k.take()
		if err != nil {
			return err
		}
		if over {
			lost = errOverrun
		}
		if k.to == nil {
			copy(pcm, k.device)
			return lost
		}
		k.wait = k.to.Push(k.wait, k.device)
	}
}

// take reads what the device has heard into its frame, and says whether some was lost before.
func (k *card) take() (lost bool, err error) {
	err = k.stream.Read()
	if errors.Is(err, portaudio.InputOverflowed) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("read microphone %q: %w", k.name, err)
	}
	return false, nil
}

func (k *card) Write(pcm []int16) error {
	if k.to == nil {
		copy(k.device, pcm)
		return k.written(k.stream.Write())
	}
	k.wait = k.to.Push(k.wait, pcm)
	for len(k.wait) >= len(k.device) {
		n := copy(k.device, k.wait)
		k.wait = append(k.wait[:0], k.wait[n:]...)
		if err := k.written(k.stream.Write()); err != nil {
			return err
		}
	}
	return nil
}

func (k *card) written(err error) error {
	runtime.KeepAlive(k.device)
	if err == nil || errors.Is(err, portaudio.OutputUnderflowed) { // the first frame after a pause
		return nil
	}
	return fmt.Errorf("write loudspeaker %q: %w", k.name, err)
}

package wake

import (
	"fmt"
	"slices"
	"time"

	"github.com/cricket-home/cricket/voice"
)

const (
	longestRecording = 10 * time.Second
	shortestSpoken   = 300 * time.Millisecond
	longestSpoken    = 2500 * time.Millisecond
	leastLevel       = 100 // root mean square of the loudest frame: about -50 dB to full scale
	leastSNR         = 10  // decibel
	clippedAt        = 32700
	mostClipped      = 0.002 // of the spoken samples
	partGap          = 18    // 360 ms of quiet between two sounds: they are two words
	leastPart        = 4     // 80 ms: a shorter sound is a click
	overNoise        = 8     // the word rises 9 dB out of the noise,
	belowLoudest     = 300   // and ends where it is 25 dB below its loudest
	spokenPad        = 2     // frames kept at both ends
)

// Recording is one sound file of somebody saying a word.
type Recording struct {
	Name string // as the person knows it: the file
	PCM  []int16
}

// BadRecordingError says why a recording cannot be used.
type BadRecordingError struct{ Name, Reason string }

func (e *BadRecordingError) Error() string { return fmt.Sprintf("recording %s: %s", e.Name, e.Reason) }

// spoken is a recording that can be used.
type spoken struct {
	name  string
	all   view // the whole recording
	word  view // the word in it
	pitch float32
}

// part is a stretch of frames that are louder than the noise.
type part struct{ from, to int }

func (p part) duration() time.Duration { return time.Duration(p.to-p.from) * frameTime }

// listen finds the word in a recording, or says what is wrong with it.
func (m *Model) listen(r Recording) (*spoken, error) {
	bad := func(format string, args ...any) (*spoken, error) {
		return nil, &BadRecordingError{r.Name, fmt.Sprintf(format, args...)}
	}
	length := time.Duration(len(r.PCM)) * time.Second / voice.SampleRate
	if length > longestRecording {
		return bad("it lasts %.1f s: say the word once, with a little silence around it, in less than %.0f s", length.Seconds(), longestRecording.Seconds())
	}
	if length < shortestSpoken {
		return bad("it lasts only %.2f s: nobody says a word in that time", length.Seconds())
	}
	power := framePowers(r.PCM)
	loudest := slices.Max(power)
	if loudest < leastLevel*leastLevel {
		return bad("it is silent: nothing in it is loud enough to be a voice")
	}
	noise := quietest(power)
	parts := soundParts(power, max(noise*overNoise, loudest/belowLoudest))
	switch {
	case len(parts) == 0:
		return bad("no voice rises out of its noise")
	case len(parts) > 1:
		return bad("there are %d separate sounds in it, at %.1f s and at %.1f s: say the word once, without a pause",
			len(parts), parts[0].start().Seconds(), parts[1].start().Seconds())
	}
	p := parts[0]
	if d := p.duration(); d < shortestSpoken {
		return bad("the word in it lasts only %.2f s: that is too short to know it again; take a longer one", d.Seconds())
	} else if d > longestSpoken {
		return bad("somebody speaks for %.1f s in it: a wake word takes less than %.1f s", d.Seconds(), longestSpoken.Seconds())
	}
	from, to := max(0, p.from-spokenPad), min(len(power), p.to+spokenPad)
	pcm := r.PCM[from*voice.FrameSamples : to*voice.FrameSamples]
	if n := clipped(pcm); float64(n) > mostClipped*float64(len(pcm)) {
		return bad("it is too loud and clipped: go farther from the microphone, or turn its gain down")
	}
	if snr := decibel(mean(power[p.from:p.to]), noise); snr < leastSNR {
		return bad("the word is only %.0f dB louder than the noise around it: record it in a quieter place, or nearer", snr)
	}
	all := m.look(r.PCM)
	return &spoken{name: r.Name, all: all, word: all.part(from, to), pitch: pitch(pcm)}, nil
}

func (p part) start() time.Duration { return time.Duration(p.from) * frameTime }

// framePowers is the mean square of each whole frame.
func framePowers(pcm []int16) []float32 {
	var l levels
	var power []float32
	for ; len(pcm) >= voice.FrameSamples; pcm = pcm[voice.FrameSamples:] {
		l.push(pcm[:voice.FrameSamples])
		power = append(power, l.at(l.frames-1))
	}
	return power
}

// quietest is the mean power of the quietest tenth.
func quietest(power []float32) float32 {
	sorted := slices.Sorted(slices.Values(power))
	return mean(sorted[:max(1, len(sorted)/10)])
}

func mean(x []float32) float32 {
	sum := float32(0)
	for _, y := range x {
		sum += y
	}
	return sum / float32(len(x))
}

// soundParts finds the stretches above a power; gaps inside a word are bridged,
// clicks left out.
func soundParts(power []float32, least float32) (parts []part) {
	for n, p := range power {
		if p <= least {
			continue
		}
		if last := len(parts) - 1; last >= 0 && n-parts[last].to < partGap {
			parts[last].to = n + 1
			continue
		}
		parts = append(parts, part{n, n + 1})
	}
	return slices.DeleteFunc(parts, func(p part) bool { return p.to-p.from < leastPart })
}

func clipped(pcm []int16) (n int) {
	for _, x := range pcm {
		if x >= clippedAt || x <= -clippedAt {
			n++
		}
	}
	return n
}

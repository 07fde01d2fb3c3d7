package appliance

import (
	"errors"
	"fmt"
	"time"

	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/wake"
)

// wordTail is how long after its detection a wake word may still sound: what ends by
// then is no request.
const wordTail = 250 * time.Millisecond

// ErrNoWake is the error of sound in which no wake word was heard.
var ErrNoWake = errors.New("no wake word heard")

// NoRequestError says that a wake word was heard, and nothing after it.
type NoRequestError struct{ Wake voice.Wake }

func (e *NoRequestError) Error() string {
	return fmt.Sprintf("woken by %q at %.2f s, and no request followed", e.Wake.Word, e.Wake.End.Seconds())
}

// listener finds the requests in a stream of frames: those that the box is called
// for, or every one. One goroutine.
type listener struct {
	detector   *wake.Detector // nil: every request
	endpointer *voice.Endpointer
	call       *call        // whose request has not come yet
	wakes      []voice.Wake // of the newest frame, "stop" among them
	voiced     int          // frames with a voice since the call
	sounding   bool         // the box speaks
	unanswered *voice.Wake  // the last that no request followed
	heard      bool         // a wake word, ever

	elsewhere func(voice.Frame) []voice.Wake // hears wake words, too; nil: nobody does
}

// call is what makes the next request one for this box.
type call struct {
	wake      *voice.Wake   // nil: the button, or a question of the box
	until     time.Duration // when the request must have begun
	noticed   time.Duration
	unsettled bool // where the wake word ended is not known for good
	overheard bool // the box spoke into it, so that nobody knows how loud it was
	again     bool // it was taken for answered, and is not
}

// heardRequest is a request, with what only the listener knows of it.
type heardRequest struct {
	voice.Utterance
	wakeDelay time.Duration // from the end of the wake word to its detection; 0 if that came sooner
	call      *call         // that it answers; nil: none is needed
}

const frameTime = voice.FrameSamples * time.Second / voice.SampleRate

// leastSpeech is how sure the speech head of a wake word's model must be that there is
// a voice.
const leastSpeech = 0.3

func newListener(d *wake.Detector) *listener {
	l := &listener{detector: d, endpointer: voice.NewEndpointer()}
	if d != nil {
		l.endpointer.Voiced = func() bool {
			score, known := d.Speech()
			return !known || score >= leastSpeech
		}
	}
	return l
}

// push takes the next frame and returns the request that ended with it, if one did.
func (l *listener) push(f voice.Frame) (heardRequest, bool) { return l.pushMasked(f, f.PCM) }

// pushMasked is push where the request is to hear something else than the wake words
// do: not the chime.
func (l *listener) pushMasked(f voice.Frame, request []int16) (heardRequest, bool) {
	u, spoken := l.endpointer.Push(voice.Frame{Mic: f.Mic, Time: f.Time, PCM: request})
	r, wanted := l.take(u, spoken)
	if l.detector == nil {
		return r, wanted
	}
	now := f.Time + frameTime
	l.wakes = l.detector.Push(f)
	own := len(l.wakes)
	if l.elsewhere != nil {
		l.wakes = append(l.wakes, l.elsewhere(f)...)
	}
	for i, w := range l.wakes {
		if w.Word == wake.Stop {
			continue
		}
		if l.call != nil && l.call.wake != nil {
			l.unanswered = l.call.wake
		}
		l.heard, l.voiced = true, 0
		l.call = &call{wake: &w, until: w.End + patience, noticed: now, unsettled: true, overheard: l.sounding}
		if i >= own { // whoever heard it knows where it ended, or nobody does
			l.call.until, l.call.unsettled = now+patience, false
			l.endpointer.Begin(w.End)
		}
	}
	if c := l.call; c != nil && c.unsettled && now >= c.noticed+wake.SettleTime {
		l.settle()
	}
	if quiet, speaking := l.endpointer.Quiet(); speaking && quiet == 0 && l.call != nil && now > l.call.noticed+wordTail {
		l.voiced++
	}
	return r, wanted
}

// open makes the next request one for this box, if it begins between two times.
func (l *listener) open(from, until time.Duration) {
	l.call, l.voiced = &call{until: until, noticed: from}, 0
	l.endpointer.Begin(from)
}

// close takes back that the next request is for this box.
func (l *listener) close() { l.call = nil }

// reopen gives a call back whose request had no words in it: the next one may follow, or
// has begun already.
func (l *listener) reopen(c *call) {
	c.again = true
	l.call, l.voiced = c, 0
}

// begun is how many frames of voice make somebody speak.
const begun = 5

// speaks says whether the request that the box is called for has begun.
func (l *listener) speaks() bool { return l.call != nil && l.voiced >= begun }

// settle begins the request where the wake word ended.
func (l *listener) settle() {
	l.call.unsettled = false
	l.call.wake.End = l.detector.End(l.call.noticed)
	l.endpointer.Begin(l.call.wake.End)
	if !l.call.overheard {
		l.endpointer.Called(l.call.wake.Start, l.call.wake.End)
	}
}

// flush ends the stream and returns the request that was being spoken.
func (l *listener) flush() (heardRequest, bool) {
	if l.call != nil && l.call.unsettled {
		l.settle()
	}
	return l.take(l.endpointer.Flush())
}

// take says whether a request was meant for this box.
func (l *listener) take(u voice.Utterance, spoken bool) (heardRequest, bool) {
	if l.detector == nil || !spoken {
		return heardRequest{Utterance: u}, spoken
	}
	c := l.call
	if c == nil || c.unsettled || u.End <= c.noticed+wordTail && c.wake != nil || u.End <= c.noticed {
		return heardRequest{}, false
	}
	l.call = nil
	if u.Start > c.until {
		l.unanswered = c.wake
		return heardRequest{}, false
	}
	u.Wake = c.wake
	r := heardRequest{Utterance: u, call: c}
	if c.wake != nil && !c.again {
		r.wakeDelay = max(0, c.noticed-c.wake.End)
	}
	return r, true
}

// fault says what was missing when the stream ended after some requests.
func (l *listener) fault(requests int) error {
	if l.call != nil {
		l.unanswered = l.call.wake
	}
	switch {
	case l.detector == nil:
		return nil
	case !l.heard:
		return ErrNoWake
	case l.unanswered != nil && requests == 0:
		return &NoRequestError{*l.unanswered}
	}
	return nil
}

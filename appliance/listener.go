package appliance

import (
	"errors"
	"fmt"
	"time"

	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/wake"
)

// patience is how long after a wake word a request may begin.
const patience = 6 * time.Second

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

// listener finds the requests in a stream of frames: those that follow a wake
// word, or every one. One goroutine.
type listener struct {
	detector   *wake.Detector // nil: every request
	endpointer *voice.Endpointer
	woke       *voice.Wake   // whose request has not come yet
	detected   time.Duration // when that was noticed
	unsettled  bool          // its end is not known for good
	unanswered *voice.Wake   // the last that no request followed
	heard      bool          // a wake word, ever
}

// heardRequest is a request, with what only the listener knows of it.
type heardRequest struct {
	voice.Utterance
	wakeDelay time.Duration // from the end of the wake word to its detection; 0 if that came sooner
}

const frameTime = voice.FrameSamples * time.Second / voice.SampleRate

// push takes the next frame and returns the request that ended with it, if one did.
func (l *listener) push(f voice.Frame) (heardRequest, bool) {
	u, spoken := l.endpointer.Push(f)
	r, wanted := l.take(u, spoken)
	if l.detector == nil {
		return r, wanted
	}
	now := f.Time + frameTime
	for _, w := range l.detector.Push(f) {
		if l.woke != nil {
			l.unanswered = l.woke
		}
		l.heard, l.woke, l.detected, l.unsettled = true, &w, now, true
	}
	if l.unsettled && now >= l.detected+wake.SettleTime {
		l.settle()
	}
	return r, wanted
}

// settle begins the request where the wake word ended.
func (l *listener) settle() {
	l.unsettled = false
	l.woke.End = l.detector.End(l.detected)
	l.endpointer.Begin(l.woke.End)
}

// flush ends the stream and returns the request that was being spoken.
func (l *listener) flush() (heardRequest, bool) {
	if l.unsettled {
		l.settle()
	}
	return l.take(l.endpointer.Flush())
}

// take says whether a request was meant for this box.
func (l *listener) take(u voice.Utterance, spoken bool) (heardRequest, bool) {
	if l.detector == nil || !spoken {
		return heardRequest{Utterance: u}, spoken
	}
	w := l.woke
	if w == nil || l.unsettled || u.End <= l.detected+wordTail {
		return heardRequest{}, false
	}
	l.woke = nil
	if u.Start > w.End+patience {
		l.unanswered = w
		return heardRequest{}, false
	}
	u.Wake = w
	return heardRequest{u, max(0, l.detected-w.End)}, true
}

// fault says what was missing when the stream ended after some requests.
func (l *listener) fault(requests int) error {
	if l.woke != nil {
		l.unanswered = l.woke
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

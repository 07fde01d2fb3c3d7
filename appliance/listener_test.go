package appliance

import (
	"testing"
	"time"

	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/wake"
)

// Which of what was spoken is a request for this box. The wake word was noticed at 10 s:
// what ends within 250 ms of that is still the word.
func TestWhatIsARequest(t *testing.T) {
	const ms, noticed = time.Millisecond, 10 * time.Second
	word := &voice.Wake{Word: "hey cricket", End: noticed - 100*ms}
	for _, tt := range []struct {
		name       string
		call       *call
		start, end time.Duration
		request    bool
		waits      bool // the call goes on
		delay      time.Duration
	}{
		{"nobody called", nil, noticed, noticed + 2000*ms, false, false, 0},
		{"the rest of the word", &call{wake: word, until: noticed + patience, noticed: noticed}, noticed - 100*ms, noticed + 240*ms, false, true, 0},
		{"the last of the word", &call{wake: word, until: noticed + patience, noticed: noticed}, noticed - 100*ms, noticed + 250*ms, false, true, 0},
		{"a short request", &call{wake: word, until: noticed + patience, noticed: noticed}, noticed, noticed + 260*ms, true, false, 100 * ms},
		{"a request that began too late", &call{wake: word, until: noticed + patience, noticed: noticed}, noticed + patience + ms, noticed + patience + 900*ms, false, false, 0},
		{"a request that began just in time", &call{wake: word, until: noticed + patience, noticed: noticed}, noticed + patience, noticed + patience + 900*ms, true, false, 100 * ms},
		{"nobody knows yet where the word ends", &call{wake: word, until: noticed + patience, noticed: noticed, unsettled: true}, noticed, noticed + 900*ms, false, true, 0},
		{"after the button no word is waited for", &call{until: noticed + patience, noticed: noticed}, noticed, noticed + 100*ms, true, false, 0},
		{"it was over when the button was pressed", &call{until: noticed + patience, noticed: noticed}, noticed - 900*ms, noticed, false, true, 0},
		{"the call was taken for answered before", &call{wake: word, until: noticed + patience, noticed: noticed, again: true}, noticed + 3000*ms, noticed + 4000*ms, true, false, 0},
	} {
		l := &listener{detector: &wake.Detector{}, call: tt.call}
		r, ok := l.take(voice.Utterance{Start: tt.start, End: tt.end}, true)
		if ok != tt.request || (l.call != nil) != tt.waits || r.wakeDelay != tt.delay || ok && (r.call != tt.call || r.Wake != tt.call.wake) {
			t.Errorf("%s: request %v, waits %v, noticed %v late; want %v, %v, %v", tt.name, ok, l.call != nil, r.wakeDelay, tt.request, tt.waits, tt.delay)
		}
		if late := tt.call != nil && !ok && !tt.waits; late && l.unanswered != word {
			t.Errorf("%s: the word that nothing followed is %v", tt.name, l.unanswered)
		}
	}
}

// The end of the wake word is not taken for the beginning of the request, however long
// it is drawn out.
func TestTheWordsOwnTailIsNoRequest(t *testing.T) {
	b := startListening(t, free(), &listening{})
	c := newConversation(t, b, nil)
	c.wait(2 * time.Second)
	talk := append(said(t, "en-us", "hey cricket"), said(t, "en-us", "mow the lawn in may my long lost lover")...)
	noticed, began := time.Duration(0), time.Duration(0)
	for ; len(talk) > voice.FrameSamples && began == 0; talk = talk[voice.FrameSamples:] {
		c.hear(talk[:voice.FrameSamples])
		call := c.listener.call
		switch {
		case call == nil:
		case noticed == 0:
			noticed = call.noticed
		case c.listener.voiced > 0:
			began = c.clock
		}
	}
	if after := began - noticed; noticed == 0 || began == 0 || after <= 250*time.Millisecond || after > 700*time.Millisecond {
		t.Errorf("the word was noticed at %v, and a request began %v after that, want after 250 ms", noticed, after)
	}
}

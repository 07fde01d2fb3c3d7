package appliance

import "time"

// Mode is what a box is doing, as people see it: on its lights, and on MQTT.
type Mode string

const (
	Idle      Mode = "idle"      // it waits to be called
	Woken     Mode = "wake"      // it was called, and nothing was said yet
	Listening Mode = "listening" // somebody speaks to it, or is to answer its question
	Thinking  Mode = "thinking"  // it recognises, understands and does
	Speaking  Mode = "speaking"  // its loudspeaker sounds: a reply, an announcement, a timer
	Muted     Mode = "muted"     // its microphone is off, and nothing else matters
	Broken    Mode = "error"     // it cannot hear: there is no microphone
)

const (
	// patience is how long after a wake word a request may begin.
	patience = 6 * time.Second
	// answerPatience is how long somebody may think about a question of the box.
	answerPatience = 8 * time.Second
	// chimeAfter a wake word, and the last voice since, the box shows that it listens: who
	// says it all in one breath is not interrupted.
	chimeAfter = 400 * time.Millisecond
	// secondPatience is how much longer a request is waited for, in all of patience's time,
	// when what seemed to be one had no words in it.
	secondPatience = 2 * time.Second
	// longestRequest is when a request is over that never ended: later than the end
	// of speech cuts it.
	longestRequest = 14 * time.Second
)

// Happening is something that Attention reacts to.
type Happening int

const (
	Passed   Happening = iota // time
	Called                    // by a wake word
	Pressed                   // the button, or `cricket listen`
	Voice                     // somebody may be speaking: the wake word's last sound, or a request's first
	Began                     // somebody began to speak a request
	Ended                     // the request is whole, and is being recognised
	Unmeant                   // what was spoken is no request for this box
	Answered                  // the request has a reply, which is now spoken
	Asked                     // the same, and the reply is a question
	Unheard                   // no words were heard in the request, and the reply says so
	Settled                   // the request has nothing to say
	Sounds                    // the loudspeaker begins to speak
	Silent                    // it has said everything
	Rings                     // a timer sounds
	Rang                      // no timer sounds any more
	SaidStop                  // somebody said "stop"
	Mute                      // the microphone is switched off
	Unmute                    //
	Deaf                      // there is no microphone
	Hears                     // there is again
)

// Effect is something that is to be done because of what happened.
type Effect int

const (
	Open        Effect = iota // the next request is for this box, though no wake word was said
	Close                     // no request is waited for any more
	Reopen                    // the call that had no words in it goes on
	Abandon                   // the request that is being recognised is not wanted
	Chime                     // show by a sound that the box listens
	Reply                     // speak the reply
	Hush                      // stop speaking at once, and forget what was still to be said
	StopRinging               //
	Duck                      // what else plays here becomes soft,
	Unduck                    // and loud again
)

// Attention is whom or what a box attends to. It is a value: Step returns the next
// one, and what is to be done. Times count from any one beginning.
type Attention struct {
	talk     Mode          // Idle, Woken, Listening or Thinking
	until    time.Duration // when Woken and Listening are over if nothing happens
	patient  time.Duration // the end of patience with whoever called by a wake word
	chime    time.Duration // when to chime; 0: not
	unheard  bool          // the reply that no words were heard waits for that end
	question bool          // what is being said is a question
	sounds   bool          // the loudspeaker speaks
	rings    bool
	muted    bool
	deaf     bool
	ducked   bool
}

// Mode is what people see.
func (a Attention) Mode() Mode {
	switch {
	case a.muted:
		return Muted
	case a.talk != Idle && a.talk != "":
		return a.talk
	case a.sounds || a.rings:
		return Speaking
	case a.deaf:
		return Broken
	}
	return Idle
}

// StopLive says whether "stop" is listened for: while the box sounds.
func (a Attention) StopLive() bool { return (a.sounds || a.rings) && !a.muted && !a.deaf }

// Expects says whether a request may come now.
func (a Attention) Expects() bool { return a.talk == Woken || a.talk == Listening }

// Step is the next state after something happened, and what is to be done about it.
func (a Attention) Step(h Happening, now time.Duration) (Attention, []Effect) {
	if a.talk == "" {
		a.talk = Idle
	}
	switch h {
	case Passed:
		return a.passed(now)
	case Called:
		if a.muted || a.deaf {
			return a, nil
		}
		a, do := a.attend(now, chimeAfter)
		a.patient = a.until
		return a, do
	case Pressed:
		return a.pressed(now)
	case Voice:
		if a.chime > now {
			a.chime = now + chimeAfter
		}
	case Began:
		if a.Expects() {
			a.talk, a.until, a.chime = Listening, now+longestRequest, 0
		}
	case Ended:
		if a.Expects() {
			a.talk, a.chime, a.unheard = Thinking, 0, false
			return a, []Effect{Close}
		}
	case Unmeant:
		if a.Expects() {
			return a.over()
		}
	case Unheard:
		return a.unheardAt(now)
	case Answered, Asked:
		if a.talk == Thinking { // or else somebody has begun to ask for something else
			a.talk, a.sounds, a.question = Idle, true, h == Asked
			return a, []Effect{Reply}
		}
	case Settled:
		if a.talk == Thinking {
			return a.rest()
		}
	case Sounds:
		a.sounds = true
	case Silent:
		return a.silent(now)
	case Rings, Rang:
		a.rings = h == Rings
	case SaidStop:
		if a.StopLive() {
			return a.stop()
		}
	case Mute, Deaf:
		return a.close(h)
	case Unmute:
		a.muted = false
	case Hears:
		a.deaf = false
	}
	return a, nil
}

// attend waits for a request.
func (a Attention) attend(now, chime time.Duration) (Attention, []Effect) {
	var do []Effect
	if a.talk == Thinking {
		do = append(do, Abandon)
	}
	if a.sounds {
		do = append(do, Hush)
	}
	if !a.ducked {
		do = append(do, Duck)
	}
	a.talk, a.until, a.patient, a.chime = Woken, now+patience, 0, now+chime
	a.sounds, a.question, a.ducked, a.unheard = false, false, true, false
	return a, do
}

// pressed: the button stops what sounds, gives up what is being done, or calls.
func (a Attention) pressed(now time.Duration) (Attention, []Effect) {
	switch {
	case a.sounds || a.rings:
		return a.stop()
	case a.talk == Thinking:
		a, do := a.rest()
		return a, append([]Effect{Abandon}, do...)
	case a.Expects():
		a, do := a.rest()
		return a, append([]Effect{Close}, do...)
	case a.muted || a.deaf:
		return a, nil
	}
	a, do := a.attend(now, 0)
	return a, append(do, Open)
}

// stop ends all that sounds.
func (a Attention) stop() (Attention, []Effect) {
	do := []Effect{Hush}
	if a.rings {
		do = append(do, StopRinging)
	}
	a.sounds, a.rings, a.question = false, false, false
	if a.talk != Idle { // somebody else is attended to already
		return a, do
	}
	a, more := a.rest()
	return a, append(do, more...)
}

// silent is when the box has said everything: the answer to a question needs no wake word.
func (a Attention) silent(now time.Duration) (Attention, []Effect) {
	question := a.question && a.sounds && !a.muted && !a.deaf
	a.sounds, a.question = false, false
	switch {
	case a.talk != Idle:
		return a, nil
	case question:
		a.talk, a.until = Listening, now+answerPatience
		return a, []Effect{Open}
	}
	return a.rest()
}

// passed is what time alone brings.
func (a Attention) passed(now time.Duration) (Attention, []Effect) {
	switch {
	case !a.Expects():
		return a, nil
	case now >= a.until:
		return a.over()
	case a.chime > 0 && now >= a.chime:
		a.chime = 0
		return a, []Effect{Chime}
	}
	return a, nil
}

// unheardAt is when nothing was heard in a request. After a wake word it may have been
// another voice, or music, before the request itself: the box listens on and keeps its
// reply until nobody says anything.
func (a Attention) unheardAt(now time.Duration) (Attention, []Effect) {
	switch {
	case a.talk != Thinking:
		return a, nil
	case now >= a.patient || a.muted || a.deaf:
		a.talk, a.sounds, a.question = Idle, true, false
		return a, []Effect{Reply}
	}
	a.talk, a.until, a.unheard = Woken, min(a.patient, now+secondPatience), true
	return a, []Effect{Reopen}
}

// over is when no request is waited for any more, and a reply that was kept is due.
func (a Attention) over() (Attention, []Effect) {
	if !a.unheard {
		a, do := a.rest()
		return a, append([]Effect{Close}, do...)
	}
	a.talk, a.chime, a.sounds, a.question, a.unheard = Idle, 0, true, false, false
	return a, []Effect{Close, Reply}
}

// close is when nothing can be heard any more.
func (a Attention) close(h Happening) (Attention, []Effect) {
	a.muted, a.deaf, a.question = a.muted || h == Mute, a.deaf || h == Deaf, false
	if !a.Expects() {
		return a, nil
	}
	a, do := a.rest()
	return a, append([]Effect{Close}, do...)
}

// rest is when a talk is over.
func (a Attention) rest() (Attention, []Effect) {
	a.talk, a.chime, a.unheard = Idle, 0, false
	if !a.ducked || a.sounds {
		return a, nil
	}
	a.ducked = false
	return a, []Effect{Unduck}
}

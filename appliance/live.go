package appliance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/wake"
)

// Microphone is where the frames of the room come from.
type Microphone interface {
	// Next waits for the next frame. Frames follow one another without gaps. With an
	// error that is not ctx's there is no sound for now; the next call waits until
	// there is again. One goroutine.
	Next(ctx context.Context) (voice.Frame, error)
	// Mute says whether frames may leave the microphone. It may be called at any time
	// and holds for microphones that are plugged in later, too.
	Mute(on bool)
}

// Loudspeaker is the box's voice, as far as listening needs it. No method waits.
type Loudspeaker interface {
	// Say speaks, after what is being said already, and calls done at the end of that,
	// also where it was hushed or could not be spoken.
	Say(text string, done func())
	// Play plays speech of somebody else's, as Say says a text.
	Play(s voice.Speech, done func())
	// Beep plays the sound that stands for "done", as Say does a text.
	Beep(done func())
	// Chime plays a short sound and calls done when it is over, or could not be played.
	Chime(done func())
	// Hush stops speech at once and forgets what was still to be said.
	Hush()
	// Duck makes what else plays here soft, or loud again.
	Duck(on bool)
}

// Board is what people see and press on the box itself.
type Board interface {
	Show(Mode)             // on the lights; it must not wait
	Presses() <-chan Press // of the buttons
}

// Press is what a button of the board is for.
type Press int

const (
	ListenPress Press = iota // listen, or stop what sounds; yes, while the box waits for one
	MutePress                // switch the microphone off, or on again
	PairPress                // pair a sibling
)

// live listens to the microphone: frames in, requests out, and everything that comes of
// them. All of it happens in one goroutine; others leave functions in its inbox. Its time
// is that of the sound: how much of it there was.
type live struct {
	box       *Box
	out       Loudspeaker
	drafts    *drafts // nil: the end of speech knows nothing of what is said
	log       *slog.Logger
	inbox     chan func()
	attention Attention
	listener  *listener
	counted   map[string]wake.Counts // what the detector has counted and the box was told
	clock     time.Duration          // the sound there was
	mic       string
	retuned   bool                   // the wake words are others than the listener has
	away      atomic.Pointer[string] // why there is no sound; nil while there is

	room   [maskFrames][]int16 // the last frames that nobody spoke in, to put in the chime's place
	at     int                 // of the next of them
	masked time.Duration       // the frames up to here may have the chime in them

	pause    time.Duration // that ends the request being spoken, as far as known now
	silence  int           // another one for every pause
	drafting bool          // one is being made
	drafted  int           // for which pause

	request int                // counts requests
	calls   int                // counts calls that siblings were told of
	giveUp  context.CancelFunc // of the one that is being recognised
	reply   string             // of the newest
	beep    bool               // a sound stands for it
	asks    *Request           // what an answer to it comes with, where it asks for a yes or a code
	invited bool               // it asks for nothing, and what is said next may follow from it
	sound   voice.Speech       // it is in somebody else's voice; empty: in ours
	played  func()             // tells whoever that is that it was heard; or nil
	said    int                // counts replies
	replies int                // those that are not over
	waiting []chan<- Result    // for the next result: `cricket listen`
	next    Request            // what the next request comes with
	calling *call              // that the newest request answered
}

const (
	maskFrames = 10                     // 200 ms
	chimeTail  = 200 * time.Millisecond // for which the room still has it

	// longestChime is when the chime is over, whatever the loudspeaker says.
	longestChime = 1500 * time.Millisecond

	draftAfter = 5 // frames of silence make a pause that is looked into
)

// newLive returns the live chain of a box. Run must be called.
func newLive(b *Box, out Loudspeaker, d *drafts) *live {
	l := &live{box: b, out: out, drafts: d, log: b.log, inbox: make(chan func(), 64), pause: pauseOther}
	for i := range l.room {
		l.room[i] = make([]int16, voice.FrameSamples)
	}
	return l
}

// post leaves f for the goroutine of Run, or drops it when ctx ends. It does not wait, for
// that goroutine posts, too: a loudspeaker that is hushed says at once that it is silent.
func (l *live) post(ctx context.Context, f func()) {
	select {
	case l.inbox <- f:
		return
	default:
	}
	go func() {
		select {
		case l.inbox <- f:
		case <-ctx.Done():
		}
	}()
}

// sound is a frame, or why there is none.
type sound struct {
	frame voice.Frame
	err   error
}

// Run listens until ctx ends.
func (l *live) Run(ctx context.Context, mic Microphone) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if l.box.wasMuted() { // before it is opened
		l.mute(ctx, mic, true)
	} else if err := l.box.showMuted(false); err != nil {
		l.log.Error("the microphone stays off, for its light would lie", "err", err)
		mic.Mute(true)
		l.happen(ctx, Mute)
	}
	sounds := make(chan sound)
	go func() {
		for ctx.Err() == nil {
			f, err := mic.Next(ctx)
			select {
			case sounds <- sound{f, err}:
			case <-ctx.Done():
			}
		}
	}()
	defer l.forget()
	l.box.show(l.attention.Mode())
	var presses <-chan Press
	if board := l.box.options.Board; board != nil {
		presses = board.Presses()
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case p := <-presses:
			switch p {
			case MutePress:
				if err := l.mute(ctx, mic, !l.attention.muted); err != nil {
					l.log.Error("the button did nothing", "err", err)
				}
			case PairPress:
				l.box.pairPressed(ctx)
			case ListenPress:
				if l.box.press.take() {
					continue
				}
				l.invited = false
				if !l.agree(ctx) {
					l.happen(ctx, Pressed)
				}
			}
		case f := <-l.inbox:
			f()
		case s := <-sounds:
			if s.err != nil {
				l.deaf(ctx, s.err)
				continue
			}
			if err := l.hear(ctx, s.frame); err != nil {
				l.deaf(ctx, err)
			}
		}
	}
}

// forget ends what was heard so far: what comes next is another stream of sound.
func (l *live) forget() {
	l.count()
	l.listener, l.counted = nil, nil
}

// count tells the box what the detector has counted.
func (l *live) count() { l.counted = l.box.wakes.add(l.detector(), l.counted) }

func (l *live) detector() *wake.Detector {
	if l.listener == nil {
		return nil
	}
	return l.listener.detector
}

// deaf is when the microphone is gone.
func (l *live) deaf(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	fault := err.Error()
	if before := l.away.Swap(&fault); before == nil || *before != fault {
		l.log.Warn("the box hears nothing; text and MQTT still work", "err", err)
	}
	l.box.enrolment.deaf(err)
	l.forget()
	l.happen(ctx, Deaf)
}

// hear takes the next frame.
func (l *live) hear(ctx context.Context, f voice.Frame) error {
	if l.attention.muted { // it was on its way when the microphone was switched off
		return nil
	}
	if l.listener == nil || l.mic != f.Mic || l.retuned && l.attention.talk == Idle {
		if err := l.begin(ctx, f.Mic); err != nil {
			return err
		}
	}
	f.Time = l.clock
	l.clock += frameTime
	if l.box.enrolment.push(f) {
		l.listener.push(f) // its stream has no gaps
		l.listener.close()
		l.box.meter.push(f, nil)
		l.happen(ctx, Passed)
		return nil
	}
	if mic := l.box.wyoming.mic; mic != nil {
		mic.Push(f)
	}
	l.box.offerFrame(f)
	l.box.tap.push(f)
	l.listener.sounding = l.attention.sounds || l.attention.rings
	r, ok := l.listener.pushMasked(f, l.unmasked(f.PCM))
	l.box.meter.push(f, l.listener.detector)
	if len(l.listener.wakes) > 0 || l.clock%time.Minute == 0 {
		l.count()
	}
	for _, w := range l.listener.wakes {
		if w.Word == wake.Stop {
			l.happen(ctx, SaidStop)
			continue
		}
		l.log.Info("woken", "wake", w.Word, "mic", f.Mic)
		l.box.woken(w)
		l.box.meter.woke(w)
		l.asks = nil // somebody wants something else
		l.happen(ctx, Called)
		l.contend(ctx, w)
	}
	if quiet, speaking := l.listener.endpointer.Quiet(); speaking && quiet == 0 {
		l.happen(ctx, Voice)
	}
	if l.listener.voiced == begun {
		l.happen(ctx, Began)
	}
	switch {
	case ok:
		l.heard(ctx, r)
	case l.listener.call == nil && l.attention.Expects():
		l.happen(ctx, Unmeant)
	}
	l.happen(ctx, Passed)
	l.draft(ctx)
	return nil
}

// begin listens to a microphone that was not there before.
func (l *live) begin(ctx context.Context, mic string) error {
	d, err := l.box.liveDetector(ctx)
	if err != nil {
		return err
	}
	l.forget()
	l.mic, l.listener, l.retuned = mic, newListener(d), false
	if w := l.box.wyoming.waker; w != nil {
		l.listener.elsewhere = w.Push
	}
	l.listener.endpointer.Pause = func() time.Duration { return l.pause }
	d.Live(wake.Stop, l.attention.StopLive())
	l.away.Store(nil)
	l.log.Info("listening", "mic", mic)
	l.happen(ctx, Hears)
	return nil
}

// unmasked is a frame without the chime: while that sounds, the room as it was before.
func (l *live) unmasked(pcm []int16) []int16 {
	at := l.at
	l.at = (l.at + 1) % maskFrames
	if l.clock < l.masked {
		return l.room[at]
	}
	copy(l.room[at], pcm)
	return pcm
}

// happen makes a step, and does what comes of it.
func (l *live) happen(ctx context.Context, h Happening) {
	before := l.attention
	next, effects := before.Step(h, l.clock)
	l.attention = next
	for _, e := range effects {
		l.do(ctx, e)
	}
	if d := l.detector(); d != nil && next.StopLive() != before.StopLive() {
		d.Live(wake.Stop, next.StopLive())
	}
	if next.Mode() != Idle {
		l.box.enrolment.deaf(errCalled)
	}
	if next.Mode() != before.Mode() {
		l.box.show(next.Mode())
	}
	if next.talk == Idle && before.Expects() {
		l.unasked()
	}
}

func (l *live) do(ctx context.Context, e Effect) {
	switch e {
	case Open:
		if l.listener != nil {
			l.listener.open(l.clock, l.attention.until)
		}
	case Reopen:
		if l.listener != nil {
			l.listener.reopen(l.calling)
		}
	case Close:
		if l.listener != nil {
			l.listener.close()
		}
	case Abandon:
		l.giveUp()
	case Chime:
		if l.box.chimeless.Load() {
			return
		}
		l.masked = l.clock + longestChime
		l.out.Chime(func() {
			l.post(ctx, func() { l.masked = min(l.masked, l.clock+chimeTail) })
		})
	case Reply:
		said := l.said + 1
		l.said = said
		l.replies++
		played := l.played
		done := func() {
			if played != nil {
				go played()
			}
			l.post(ctx, func() {
				l.replies--
				l.box.questions.spoken(l.box.moment())
				if said == l.said { // or else the box says something else by now
					l.happen(ctx, Silent)
				}
			})
		}
		switch {
		case l.beep:
			l.out.Beep(done)
		case len(l.sound.PCM) > 0:
			l.out.Play(l.sound, done)
		default:
			l.out.Say(l.reply, done)
		}
	case Hush:
		l.out.Hush()
	case StopRinging:
		go func() {
			if err := l.box.StopRinging(ctx); err != nil {
				l.log.Error("the ringing was not stopped", "err", err)
			}
		}()
	case Duck, Unduck:
		l.out.Duck(e == Duck)
	}
}

// heard sends a request on its way; what comes of it comes to answered.
func (l *live) heard(ctx context.Context, u heardRequest) {
	l.happen(ctx, Ended)
	l.request++
	l.calling = u.call
	id, late, q := l.request, l.clock-u.End, l.next
	q.aloud, q.unbidden = true, l.invited && u.Wake == nil
	l.next = Request{}
	wanted, giveUp := context.WithCancel(ctx)
	l.giveUp = giveUp
	var taken *Result // that was spoken before the devices had confirmed it
	q.Taken = func(r Result) {
		taken = &r
		l.post(ctx, func() { l.speak(ctx, id, r) })
	}
	go func() {
		r, ok := l.box.hearSpoken(ctx, wanted, u, late, q)
		giveUp()
		l.post(ctx, func() {
			if ok {
				l.answered(ctx, id, r, taken)
			}
		})
	}()
}

// answered takes the result of a request. Where it was spoken when the broker had taken
// it, nothing is said, unless it came out otherwise.
func (l *live) answered(ctx context.Context, id int, r Result, taken *Result) {
	if f := r.Fault; f != nil {
		l.log.Warn("request failed", "part", f.Part, "err", f.Error)
	}
	for _, w := range l.waiting {
		w <- r
	}
	l.waiting = nil
	if taken == nil {
		l.speak(ctx, id, r)
		return
	}
	rest, goesOn := strings.CutPrefix(r.Reply, taken.Reply)
	switch {
	case rest == "":
	case goesOn && id == l.request:
		l.box.speech.Tell(rest, false)
	case !goesOn:
		l.box.speech.Tell(r.Reply, false)
	}
}

// speak answers a request. One before the newest is not answered: somebody asked for
// something else meanwhile. It is kept for `cricket why`.
func (l *live) speak(ctx context.Context, id int, r Result) {
	if id != l.request {
		return
	}
	l.reply, l.beep, l.invited, l.sound, l.played, l.asks = r.Reply, r.Beep, false, r.sound, r.played, nil
	if r.asks {
		l.asks = &Request{Source: home.InTheRoom, Room: r.Room, aloud: true}
	}
	switch {
	case r.Reply == "" && len(r.sound.PCM) == 0:
		l.happen(ctx, Settled)
	case r.unheard:
		l.happen(ctx, Unheard)
	case r.asks, strings.HasSuffix(r.Reply, "?"):
		l.happen(ctx, Asked)
	case l.box.invites(r): // what is said next may follow from it
		l.invited = true
		l.happen(ctx, Asked)
	default:
		l.happen(ctx, Answered)
	}
}

// unasked tells who waits for a request that there will be none.
func (l *live) unasked() {
	l.asks = nil
	for _, w := range l.waiting {
		close(w)
	}
	l.waiting = nil
}

// mute switches the microphone off or on. It is off before anybody is told so, and nobody
// is told so any more before it is on: with an error its light cannot be switched off, and
// it stays off.
func (l *live) mute(ctx context.Context, mic Microphone, on bool) error {
	if on {
		mic.Mute(true)
		if err := l.box.showMuted(true); err != nil {
			l.log.Error("the microphone is off, and its light does not say so", "err", err)
		}
		l.box.enrolment.deaf(errMuted)
		l.happen(ctx, Mute)
		l.forget()
	} else {
		if err := l.box.showMuted(false); err != nil {
			return fmt.Errorf("switch microphone on: its light stays on: %w", err)
		}
		l.happen(ctx, Unmute)
		mic.Mute(false)
	}
	if err := l.box.rememberMuted(on); err != nil {
		l.log.Error("after a restart the microphone will not be as it was left", "muted", on, "err", err)
	}
	return nil
}

// sounds is told when the mouth says something that nobody asked for.
func (l *live) sounds(ctx context.Context, on bool) {
	l.post(ctx, func() {
		switch {
		case on:
			l.happen(ctx, Sounds)
		case l.replies == 0: // or else there is more to hear
			l.happen(ctx, Silent)
		}
	})
}

// rings is told whether something rings.
func (l *live) rings(ctx context.Context, on bool) {
	h := Rang
	if on {
		h = Rings
	}
	l.post(ctx, func() { l.happen(ctx, h) })
}

// errDeaf and errMuted say why nobody listens.
var (
	errDeaf   = errors.New("listen: there is no microphone")
	errMuted  = errors.New("listen: the microphone is muted")
	errSilent = errors.New("listen: nobody said anything")
)

// listen presses the button and waits for the request that follows.
func (l *live) listen(ctx context.Context, q Request) (Result, error) {
	answer := make(chan Result, 1)
	begun := make(chan error, 1)
	l.post(ctx, func() {
		switch {
		case l.attention.muted:
			begun <- errMuted
			return
		case l.listener == nil:
			begun <- errDeaf
			return
		}
		if l.attention.Mode() == Speaking { // the first press silences
			l.happen(ctx, Pressed)
		}
		l.next, l.invited = q, false
		l.happen(ctx, Pressed)
		if l.attention.Expects() {
			l.waiting = append(l.waiting, answer)
			begun <- nil
		} else {
			begun <- errSilent
		}
	})
	select {
	case err := <-begun:
		if err != nil {
			return Result{}, err
		}
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
	select {
	case r, ok := <-answer:
		if !ok {
			return r, errSilent
		}
		return r, nil
	case <-ctx.Done():
		l.post(context.WithoutCancel(ctx), func() {
			l.waiting = slices.DeleteFunc(l.waiting, func(w chan<- Result) bool { return w == answer })
		})
		return Result{}, ctx.Err()
	}
}

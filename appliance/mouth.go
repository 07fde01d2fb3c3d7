package appliance

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/cricket-home/cricket/voice"
)

// player plays sound on this machine.
type player interface {
	// Play plays speech to its end, or until ctx ends: then it is silent at once. It
	// returns how much was heard.
	Play(ctx context.Context, s voice.Speech) (time.Duration, error)
}

// speak turns one sentence into speech.
type speak func(ctx context.Context, text string) (voice.Speech, error)

const (
	// ringPause is the silence between two rounds of ringing.
	ringPause = 2 * time.Second

	// mostSayings is how many texts wait to be said. More than that nobody listens
	// to: what comes then is dropped, and the log says so.
	mostSayings = 16
)

// saying is one thing to be said.
type saying struct {
	before []int16 // a sound before the words, or instead of them, at soundRate
	text   string
	asked  bool   // somebody waits for it; what nobody asked for waits while somebody speaks to the box
	ring   bool   // it is a round of ringing
	volume int    // 0..100; ownVolume: the box's
	done   func() // called when it was said, hushed or dropped; nil: nobody waits
	err    error  // why it could not be heard, or not to its end; set before done is called
}

// errTooMuch and errHushed say why something was not heard although all is well.
var (
	errTooMuch = errors.New("speak: too much else is still to be said")
	errHushed  = errors.New("speak: it was hushed")
)

// ownVolume stands for the volume that the box has at that moment.
const ownVolume = -1

// Mouth is a box's voice. It says one thing after another, the first sentence of
// each while the rest is still made, and between them, over and over, what rings.
// Its methods may be called from any goroutine, and none but Run waits.
type Mouth struct {
	language string // of the sentences
	speak    speak
	out      player
	volume   func(ring bool) int                // at this moment
	tells    func(ctx context.Context, on bool) // is told when something sounds that nobody asked for; nil: nobody is
	log      *slog.Logger

	mu     sync.Mutex
	queue  []*saying
	bell   string             // what rings; "" where nothing does
	again  time.Time          // when the next round of ringing may begin
	ducked bool               // somebody speaks to the box
	stop   context.CancelFunc // of what is being said; nil: nothing is
	now    *saying            // that
	more   chan struct{}      // has an element when there is another thing to say, or to leave
	fault  string             // why not everything was heard; "" when it was

	unheard chan struct{} // has an element after something could not be heard
}

func newMouth(language string, speak speak, out player, volume func(ring bool) int, log *slog.Logger) *Mouth {
	return &Mouth{language: language, speak: speak, out: out, volume: volume, log: log, more: make(chan struct{}, 1), unheard: make(chan struct{}, 1)}
}

// Say speaks a reply after what is being said already, and calls done at the end
// of that, also where it was hushed or could not be heard.
func (m *Mouth) Say(text string, done func()) {
	m.put(&saying{text: text, asked: true, volume: ownVolume, done: done})
}

// Beep plays the sound that stands for "done", and calls done as Say does.
func (m *Mouth) Beep(done func()) {
	m.put(&saying{before: beep(), asked: true, volume: ownVolume, done: done})
}

// Chime plays the sound that says that the box listens.
func (m *Mouth) Chime(done func()) {
	m.put(&saying{before: listens(), asked: true, volume: ownVolume, done: done})
}

// Tell speaks what nobody asked for, when nobody speaks to the box; a gong goes
// before it where people are not attending.
func (m *Mouth) Tell(text string, gongs bool) {
	s := &saying{text: text, volume: ownVolume}
	if gongs {
		s.before = gong()
	}
	m.put(s)
}

// Speak speaks what `cricket say` is given, at a volume or ownVolume, and waits
// for its end. When ctx ends before, it is silent at once.
func (m *Mouth) Speak(ctx context.Context, text string, volume int) error {
	over := make(chan struct{})
	s := &saying{text: text, asked: true, volume: volume, done: func() { close(over) }}
	m.put(s)
	select {
	case <-over:
		return s.err
	case <-ctx.Done():
		m.drop(s)
		<-over
		return ctx.Err()
	}
}

// drop forgets one thing, which may be being said.
func (m *Mouth) drop(s *saying) {
	m.mu.Lock()
	i := slices.Index(m.queue, s)
	switch {
	case i >= 0:
		m.queue = slices.Delete(m.queue, i, i+1)
	case m.now == s:
		m.stop()
	}
	m.mu.Unlock()
	if i >= 0 {
		s.end()
	}
}

// Ring rings with a text until it is told another one, or "".
func (m *Mouth) Ring(text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bell == text {
		return
	}
	m.bell, m.again = text, time.Time{}
	m.breakRing()
}

// Hush stops what is being said, and forgets what was still to be said. What
// rings goes on after a pause.
func (m *Mouth) Hush() {
	m.mu.Lock()
	left := m.queue
	m.queue, m.again = nil, time.Now().Add(ringPause)
	if m.stop != nil {
		m.stop()
	}
	m.mu.Unlock()
	for _, s := range left {
		s.err = errHushed
		s.end()
	}
}

// Duck keeps what nobody asked for silent while somebody speaks to the box.
func (m *Mouth) Duck(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ducked = on
	m.breakRing()
}

// breakRing ends the round of ringing, where there is one, and wakes Run. m is locked.
func (m *Mouth) breakRing() {
	if m.now != nil && m.now.ring {
		m.stop()
	}
	select {
	case m.more <- struct{}{}:
	default:
	}
}

func (m *Mouth) put(s *saying) {
	m.mu.Lock()
	full := len(m.queue) >= mostSayings
	if !full {
		m.queue = append(m.queue, s)
		m.breakRing()
	}
	m.mu.Unlock()
	if full {
		m.log.Warn("too much to say; a text was dropped")
		s.err = errTooMuch
		s.end()
	}
}

func (s *saying) end() {
	if s.done != nil {
		s.done()
	}
}

// Fault is why not everything was heard that the box said last, or "".
func (m *Mouth) Fault() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.fault
}

// Run says what there is to say until ctx ends.
func (m *Mouth) Run(ctx context.Context) error {
	defer m.Hush()
	for ctx.Err() == nil {
		saying, s, wait := m.next(ctx)
		if s == nil {
			m.await(ctx, wait)
			continue
		}
		told := m.tells != nil && !s.asked && !s.ring
		if told {
			m.tells(ctx, true)
		}
		if s.err = m.say(saying, s); saying.Err() != nil {
			s.err = errHushed
		}
		m.end(s)
		if told {
			m.tells(ctx, false)
		}
		s.end()
	}
	return nil
}

// next takes the next thing to say, with the context that it is said under; where
// there is none, how long it is until what rings is due again, or 0.
func (m *Mouth) next(ctx context.Context) (context.Context, *saying, time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var s *saying
	for i, q := range m.queue {
		if q.asked || !m.ducked {
			s = q
			m.queue = slices.Delete(m.queue, i, i+1)
			break
		}
	}
	if s == nil && m.bell != "" && !m.ducked {
		if wait := time.Until(m.again); wait > 0 {
			return nil, nil, wait
		}
		s = &saying{before: chime(), text: m.bell, ring: true, volume: ownVolume}
	}
	if s == nil {
		return nil, nil, 0
	}
	m.now = s
	ctx, m.stop = context.WithCancel(ctx)
	return ctx, s, 0
}

// await waits until there is something to say, or for a time that is not 0.
func (m *Mouth) await(ctx context.Context, wait time.Duration) {
	var over <-chan time.Time
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-ctx.Done():
	case <-m.more:
	case <-over:
	}
}

// end is when a thing was said. A fault is logged once, and not every few seconds.
func (m *Mouth) end(s *saying) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stop()
	m.stop, m.now = nil, nil
	if s.ring {
		m.again = time.Now().Add(ringPause)
	}
	fault := ""
	if s.err == errHushed {
		return
	}
	if s.err != nil {
		fault = s.err.Error()
	}
	if fault != "" && fault != m.fault {
		m.log.Warn("not everything is to be heard", "err", fault)
	}
	if fault != "" {
		signal(m.unheard)
	}
	m.fault = fault
}

// say speaks sentence after sentence. Where there is no voice, a sound tells at
// least that there would be something to hear.
func (m *Mouth) say(ctx context.Context, s *saying) error {
	type sentence struct {
		voice.Speech
		err error
	}
	ahead := make(chan sentence, 1)
	go func() {
		defer close(ahead)
		for text := range sentences(s.text, m.language) {
			speech, err := m.speak(ctx, text)
			select {
			case ahead <- sentence{speech, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	if len(s.before) > 0 {
		if err := m.play(ctx, s, voice.Speech{Rate: soundRate, PCM: s.before}); err != nil {
			return err
		}
	}
	for next := range ahead {
		if next.err != nil && len(s.before) == 0 && ctx.Err() == nil {
			return errors.Join(next.err, m.play(ctx, s, voice.Speech{Rate: soundRate, PCM: chime()}))
		}
		if next.err != nil {
			return next.err
		}
		if err := m.play(ctx, s, next.Speech); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (m *Mouth) play(ctx context.Context, s *saying, speech voice.Speech) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	percent := s.volume
	if percent == ownVolume {
		percent = m.volume(s.ring)
	}
	speech.PCM = louder(speech.PCM, percent)
	heard, err := m.out.Play(ctx, speech)
	if ctx.Err() != nil {
		m.log.Debug("hushed", "text", speech.Text, "dur", heard)
	}
	return err
}

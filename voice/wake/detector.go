package wake

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/cricket-home/cricket/voice"
)

const frameTime = time.Second * voice.FrameSamples / voice.SampleRate

const (
	nearPart   = 0.6 // of its threshold a score must reach to be a near-miss
	nearFrames = 15  // 300 ms below that end a near-miss
	capturePad = 10  // 200 ms kept before and after a word that is captured

	settleFrames = 4 // 80 ms without a better match end a personal word
)

// Options says what a Detector does.
type Options struct {
	Words []Word
	// Verify decides about each wake of a word with Verify set. Push waits for it.
	Verify func(w voice.Wake, captured voice.Utterance) bool
	// Missed is told of each near-miss, with the sound of it; nil drops the sound.
	Missed func(NearMiss)
}

// NearMiss is a time when a word was nearly heard.
type NearMiss struct {
	Word  string
	Score float64 // the highest
	At    time.Duration
	PCM   []int16 // 16 kHz mono; up to the last three seconds
}

// Counts is how often something happened to a word since the Detector was made.
type Counts struct {
	Woke     int
	Missed   int // near-misses
	Rejected int // by Options.Verify
}

// Detector finds wake words in one stream of frames.
type Detector struct {
	options  Options
	sources  []*source
	ears     []*ear
	cepstra  *spectrum // nil where no word is matched by them
	cepstrum [cepstra]float32
	levels   levels
	pcm      [keptFrames * voice.FrameSamples]int16 // the last three seconds; a ring
	mic      string
	first    time.Duration // time of frame 0
	wakes    []voice.Wake
	newest   *ear // that woke
}

// source is a model file at work, for all its words.
type source struct {
	model  *Model
	stream stream
	fresh  bool // a step was completed by the newest frame
}

// ear listens for one word.
type ear struct {
	Word
	source    *source
	index     int // of the word in the source's scores
	matcher   *matcher
	threshold float32
	awake     bool // false for a word on demand that nobody wants now
	deafUntil int  // frame before which the word cannot wake again
	peak      float32
	top       int // frame of a personal word's peak,
	length    int // and how long that match was
	since     int // frames below the near-miss threshold; meaningless while peak is 0
	counts    Counts
}

// New makes a Detector. The error names the word that is wrong.
func New(o Options) (*Detector, error) {
	d := &Detector{options: o}
	for _, w := range o.Words {
		if err := w.check(); err != nil {
			return nil, err
		}
		if w.Verify && o.Verify == nil {
			return nil, fmt.Errorf("listen for %q: there is nothing to verify it with", w.Name)
		}
		e := &ear{Word: w, awake: !w.OnDemand}
		if w.Personal != nil {
			e.matcher, e.threshold = newMatcher(w.Personal, w.Model), threshold(personalThreshold, w.Sensitivity)
			if e.source = d.source(w.Model); d.cepstra == nil {
				d.cepstra = newSpectrum()
			}
		} else {
			var err error
			if e.index, err = w.Model.word(cmp.Or(w.ScoredAs, w.Name)); err != nil {
				return nil, err
			}
			e.threshold = threshold(w.Model.Words[e.index].Threshold, w.Sensitivity)
			e.source = d.source(w.Model)
		}
		d.ears = append(d.ears, e)
	}
	d.wakes = make([]voice.Wake, 0, len(d.ears))
	return d, nil
}

// source is the stream of a model, which its words share.
func (d *Detector) source(m *Model) *source {
	for _, s := range d.sources {
		if s.model == m {
			return s
		}
	}
	s := &source{model: m, stream: m.open()}
	d.sources = append(d.sources, s)
	return s
}

// Live says whether a word on demand is listened for from now on, as "stop" is
// while the box speaks. Other words and unknown ones are left alone.
func (d *Detector) Live(word string, on bool) {
	for _, e := range d.ears {
		if e.OnDemand && e.Name == word {
			e.awake, e.peak = on, 0
		}
	}
}

// Push takes the next frame and returns the words that were heard by its end;
// the slice is valid until the next Push.
func (d *Detector) Push(f voice.Frame) []voice.Wake {
	n := d.levels.frames
	if n == 0 {
		d.first = f.Time
	}
	d.mic = f.Mic
	copy(d.pcm[n%keptFrames*voice.FrameSamples:], f.PCM)
	d.levels.push(f.PCM)
	for _, s := range d.sources {
		s.fresh = s.stream.push(f.PCM)
	}
	if d.cepstra != nil {
		d.cepstrum = d.cepstra.push(f.PCM)
	}
	for _, e := range d.ears {
		if e.matcher == nil {
			continue
		}
		e.matcher.sound.push(d.cepstrum[:])
		if e.source.fresh && e.matcher.said != nil {
			e.matcher.said.push(e.source.stream.embedding())
		}
	}
	d.wakes = d.wakes[:0]
	for _, e := range d.ears {
		d.hear(e, n)
	}
	return d.wakes
}

// SettleTime is how long after a word was detected its end is known as well as
// it will be.
const SettleTime = latestEnd * frameTime

// End is where the newest wake word ended, which was detected at a time in the last
// second, by what was heard since.
func (d *Detector) End(detected time.Duration) time.Duration {
	return d.time(d.levels.boundary(int((detected-d.first)/frameTime)-1, d.newest.delay()))
}

func (e *ear) delay() int {
	if e.matcher != nil {
		return settleFrames
	}
	return e.Model.delay
}

// Score is the newest score of a word, 0..1, and the score at which it wakes.
func (d *Detector) Score(word string) (score, threshold float64) {
	for _, e := range d.ears {
		if e.Name == word && float64(e.score()) >= score {
			score, threshold = float64(e.score()), float64(e.threshold)
		}
	}
	return score, threshold
}

// Nearest is the word that is nearest to waking now, with its newest score, 0..1, and the
// score at which it wakes; "" where none is listened for.
func (d *Detector) Nearest() (word string, score, threshold float64) {
	for _, e := range d.ears {
		if s := float64(e.score()); e.awake && (word == "" || s/float64(e.threshold) > score/threshold) {
			word, score, threshold = e.Name, s, float64(e.threshold)
		}
	}
	return word, score, threshold
}

// speaker is a stream that also tells whether somebody speaks.
type speaker interface{ speech() float32 }

// Speech is how sure the newest frames are that somebody speaks, 0..1; ok is false
// where no model of the words can tell.
func (d *Detector) Speech() (score float64, ok bool) {
	for _, s := range d.sources {
		if head, has := s.stream.(speaker); has {
			return float64(head.speech()), true
		}
	}
	return 0, false
}

// Counts is what has happened to each word so far, by its name.
func (d *Detector) Counts() map[string]Counts {
	counts := map[string]Counts{}
	for _, e := range d.ears {
		c := counts[e.Name]
		counts[e.Name] = Counts{c.Woke + e.counts.Woke, c.Missed + e.counts.Missed, c.Rejected + e.counts.Rejected}
	}
	return counts
}

func (e *ear) score() float32 {
	if e.matcher != nil {
		return e.matcher.score()
	}
	return e.source.stream.scores()[e.index]
}

// hear looks at the newest score of a word after frame n.
func (d *Detector) hear(e *ear, n int) {
	if !e.awake {
		return
	}
	score := e.score()
	switch {
	case n < e.deafUntil:
		e.peak = 0
	case e.matcher != nil && max(score, e.peak) >= e.threshold:
		// The match goes on getting better until the word is over.
		if score > e.peak {
			e.peak, e.top, e.length = score, n, e.matcher.frames()
		} else if score < e.threshold || n-e.top >= settleFrames {
			d.wake(e, e.peak, n)
		}
	case score >= e.threshold:
		d.wake(e, score, n)
	case score >= nearPart*e.threshold:
		e.peak, e.since = max(e.peak, score), 0
	case e.peak > 0:
		if e.since++; e.since >= nearFrames {
			d.missed(e, n)
		}
	}
}

// wake reports that a word was heard, unless it is to be verified and is not.
func (d *Detector) wake(e *ear, score float32, n int) {
	end := max(1, d.levels.boundary(n, e.delay()))
	begin := d.levels.onset(end)
	if e.matcher != nil {
		begin = max(e.top+1-e.length, d.levels.oldest())
	}
	snr := d.levels.snr(begin, end)
	if e.matcher != nil && !e.Personal.isVoice(d.captured(begin, n+1).PCM, snr) {
		e.peak, e.deafUntil = 0, n+nearFrames
		e.counts.Missed++
		return
	}
	w := voice.Wake{Word: e.Name, Score: float64(score), Start: d.time(begin), End: d.time(end), SNR: snr}
	if e.Personal != nil {
		w.Person = e.Personal.Person
	}
	e.peak = 0
	d.deafen(e.Name, n)
	if e.Verify && !d.options.Verify(w, d.captured(begin, end)) {
		e.counts.Rejected++
		return
	}
	e.counts.Woke++
	d.newest = e
	d.wakes = append(d.wakes, w)
}

// deafen begins the refractory time of a word, also of those who enrolled it.
func (d *Detector) deafen(word string, n int) {
	for _, e := range d.ears {
		if strings.EqualFold(e.Name, word) {
			e.deafUntil = n + int(e.Refractory/frameTime)
		}
	}
}

func (d *Detector) missed(e *ear, n int) {
	e.counts.Missed++
	miss := NearMiss{Word: e.Name, Score: float64(e.peak), At: d.time(n - nearFrames)}
	e.peak = 0
	if d.options.Missed != nil {
		miss.PCM = d.captured(d.levels.oldest(), n+1).PCM
		d.options.Missed(miss)
	}
}

func (d *Detector) time(frame int) time.Duration { return d.first + time.Duration(frame)*frameTime }

// captured is a copy of the sound of some frames and a little around them.
func (d *Detector) captured(begin, end int) voice.Utterance {
	u := voice.Utterance{Mic: d.mic, Start: d.time(begin), End: d.time(end)}
	for n := max(d.levels.oldest(), begin-capturePad); n < min(d.levels.frames, end+capturePad); n++ {
		at := n % keptFrames * voice.FrameSamples
		u.PCM = append(u.PCM, d.pcm[at:at+voice.FrameSamples]...)
	}
	return u
}

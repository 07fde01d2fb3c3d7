package voice

import (
	"math"
	"math/bits"
	"time"
)

const frameTime = time.Second * FrameSamples / SampleRate

// All counts are of frames of 20 ms.
const (
	hangover    = 35  // 700 ms without speech end a request, unless Pause says otherwise
	longest     = 600 // 12 s: a longer request is cut
	padding     = 10  // 200 ms kept before the first and after the last spoken sample
	history     = 30  // 600 ms in which soft beginnings are sought
	kept        = 100 // 2 s kept while nobody speaks: a wake word may be noticed late
	onsetFrames = 3   // of the last six above the noise begin a request
	joinGap     = 12  // 240 ms: hiss and weak words no farther from the voice belong to it
	tailFrames  = 20  // of the silence that ended a request: the noise after it,
	leastTail   = 12  // where there were as many; of a shorter silence the same part
	leadGap     = 12  // frames just before the voice that are not taken for noise
	leastLead   = 8   // frames needed to know the noise before
	leastVoiced = 5   // 100 ms of voice: less is a click or a cough
	leastRun    = 3   // 60 ms of voice at one pitch
)

// Levels above the noise, in decibel: see excess.
const (
	lowestThreshold  = 4.5
	highestThreshold = 12
	partOfPeak       = 0.4  // the threshold follows the loudest speech between those
	underLoudest     = 16   // what is so far below the loudest is somebody else, farther away
	loudPart         = 0.45 // a voice this near to the loudest must be in a request
	aboveSpread      = 1.5  // speech rises this much above the noise's own ups and downs
	leastPeak        = 8.5  // of speech; what stays below is a murmur of the noise
)

const (
	voicedLikeness = 0.5 // of a frame to itself one period earlier
	leastChange    = 0.7 // decibel from frame to frame: tones and hum change less than voices
)

// Endpointer finds the spoken requests in a stream of frames, which must follow
// one another without gaps. One goroutine at a time; it allocates only when a
// request ends.
//
// Speech is what rises out of the steady noise of the last two seconds, has a
// voice's periods somewhere in it and changes as speech does. Noise, hum, clicks,
// beeps and clipped noise are no speech; music and other people's talk may be
// taken for it, whispering is not found. A request ends after 700 ms without
// speech and is cut after 12 s; the rest of one that was cut is skipped.
type Endpointer struct {
	// Pause, where set, says how long a silence must be to end the request that is
	// being spoken. It is asked at every silent frame, so it may change its mind.
	Pause func() time.Duration
	// Voiced, where set, says whether a voice is in the newest frame. What is loud
	// without one is then no speech: so a fan that starts in the middle of a request
	// does not keep it from ending.
	Voiced func() bool

	analyser *analyser
	floor    noiseFloor

	mic    string
	pcm    []int16    // of the frames kept
	frames []features // the same frames
	first  time.Duration

	speaking bool
	skipping bool    // the rest of a request that was cut
	peak     float32 // greatest excess of the request, smoothed
	caller   float32 // greatest excess of whoever called; 0: not known
	loudest  float32 // the same of the request, or the caller's, over one and the same noise:
	noise    [bands]float32
	smooth   float32
	above    float32 // over that noise, smoothed
	onset    uint    // which of the last frames were above the noise, the newest in bit 0
	quiet    int     // frames since the last speech
	onsetAt  int     // index of the frame with which speech was noticed
	begin    int     // index of the first frame that may be in the next utterance
}

// NewEndpointer returns an Endpointer for one stream.
func NewEndpointer() *Endpointer {
	return &Endpointer{
		analyser: newAnalyser(),
		pcm:      make([]int16, 0, (longest+3*kept)*FrameSamples),
		frames:   make([]features, 0, longest+3*kept),
	}
}

// Push takes the next frame and returns the request that ended with it, if one did.
func (e *Endpointer) Push(f Frame) (Utterance, bool) {
	if len(e.frames) == 0 {
		e.first = f.Time
	}
	e.mic = f.Mic
	now := e.analyser.push(f.PCM)
	e.pcm = append(e.pcm, f.PCM...)
	e.frames = append(e.frames, now)
	e.floor.push(now.level)
	floor := e.floor.levels()

	x := excess(now.level, floor)
	e.smooth = 0.5*e.smooth + 0.5*x
	e.onset <<= 1
	if x > e.threshold() && e.near(now.level) {
		e.onset |= 1
	}
	voiced := e.Voiced == nil || e.Voiced()
	if !e.speaking {
		if bits.OnesCount(e.onset&0b111111) < onsetFrames || !voiced {
			e.idle()
			return Utterance{}, false
		}
		e.speaking, e.quiet, e.peak = true, 0, 0
		e.onsetAt = len(e.frames)
		e.begin = max(e.begin, len(e.frames)-history)
		if e.loudest = e.caller; e.caller == 0 {
			e.noise, e.above = floor, 0
		}
	}
	e.peak = max(e.peak, e.smooth)
	if now.period >= voicedLikeness {
		e.loudest = max(e.loudest, e.above)
	}
	if bits.OnesCount(e.onset&0b111) >= 2 && voiced {
		e.quiet = 0
	} else {
		e.quiet++
	}
	switch {
	case e.quiet > 0 && e.quiet >= e.pause():
		return e.end(false)
	case e.skipping:
		e.idle()
	case len(e.frames)-e.onsetAt >= longest:
		return e.end(true)
	}
	return Utterance{}, false
}

// pause is how many frames of silence end the request.
func (e *Endpointer) pause() int {
	if e.Pause == nil {
		return hangover
	}
	return int((e.Pause() + frameTime - 1) / frameTime)
}

// Quiet is for how long nothing was said in the request that is being spoken; ok is
// false where none is.
func (e *Endpointer) Quiet() (d time.Duration, ok bool) {
	return time.Duration(e.quiet) * frameTime, e.speaking && !e.skipping
}

// Spoken is what was said so far of the request that is being spoken; false where
// none is, or what there is of it is no voice.
func (e *Endpointer) Spoken() (Utterance, bool) {
	if !e.speaking || e.skipping {
		return Utterance{}, false
	}
	first, last, found := e.spoken()
	if !found {
		return Utterance{}, false
	}
	return e.utterance(first, last), true
}

// Begin says that the next request begins at t or later: what was spoken before, a
// wake word, belongs to none. t must not be more than two seconds ago.
func (e *Endpointer) Begin(t time.Duration) {
	at := e.index(t)
	e.begin, e.caller, e.loudest, e.noise = at, 0, 0, e.floor.levels()
	if e.speaking {
		e.skipping, e.peak, e.onsetAt = false, 0, max(e.onsetAt, at)
	}
}

// Called says who speaks the next request: whoever spoke between two times in the last
// two seconds. What is much softer than that is a television, or somebody in another
// room. It is to be called after Begin.
func (e *Endpointer) Called(from, to time.Duration) {
	e.above = 0
	for _, f := range e.frames[min(e.index(from), e.index(to)):e.index(to)] {
		e.near(f.level)
		e.caller = max(e.caller, e.above)
	}
	e.loudest = e.caller
}

// near says whether a frame is loud enough for whoever called, or speaks. What is far
// softer than they were is somebody else. The noise it is measured over stays the same,
// for what they are compared with must.
func (e *Endpointer) near(level [bands]float32) bool {
	x := excess(level, e.noise)
	e.above = (e.above + x) / 2
	return x > e.loudest-underLoudest
}

// index is that of the frame at a time, among those kept, or after them.
func (e *Endpointer) index(t time.Duration) int {
	return min(len(e.frames), max(0, int((t-e.first+frameTime-1)/frameTime)))
}

// Flush ends the stream and returns the request that was being spoken, if one was.
// The next frame begins a new stream.
func (e *Endpointer) Flush() (Utterance, bool) {
	var u Utterance
	found := false
	if e.speaking {
		u, found = e.end(false)
	}
	*e = Endpointer{Pause: e.Pause, Voiced: e.Voiced, analyser: newAnalyser(), pcm: e.pcm[:0], frames: e.frames[:0]}
	return u, found
}

func (e *Endpointer) threshold() float32 {
	if !e.speaking {
		return lowestThreshold
	}
	return threshold(e.peak)
}

func threshold(peak float32) float32 {
	return max(lowestThreshold, min(highestThreshold, partOfPeak*peak))
}

// end closes the request: it looks at all its frames again with what is known
// of the noise by now, and returns what is speech, if it is. The rest of a
// request that is cut is skipped, up to the next silence: its end is no request.
func (e *Endpointer) end(cut bool) (Utterance, bool) {
	if e.skipping {
		e.speaking, e.skipping = false, false
		e.begin = len(e.frames)
		return Utterance{}, false
	}
	first, last, found := e.spoken()
	if !found {
		e.speaking = false
		e.begin = max(e.begin, len(e.frames)-history)
		e.forget(len(e.frames) - kept)
		return Utterance{}, false
	}
	if cut && first+longest > len(e.frames) {
		// Noise set it off, speech began later and has time left.
		e.onsetAt = first
		e.begin = max(e.begin, first-history)
		e.forget(first - kept)
		return Utterance{}, false
	}
	if cut {
		last = min(last, first+longest)
	}
	u := e.utterance(first, last)
	u.Truncated = cut
	e.caller, e.loudest = 0, 0
	e.speaking, e.skipping = cut, cut
	e.begin = last
	e.forget(len(e.frames) - kept)
	return u, true
}

// utterance is what was spoken from frame first to before frame last, and a little around it.
func (e *Endpointer) utterance(first, last int) Utterance {
	from, to := max(e.begin, first-padding), min(len(e.frames), last+padding)
	return Utterance{
		Mic:   e.mic,
		Start: e.first + time.Duration(first)*frameTime,
		End:   e.first + time.Duration(last)*frameTime,
		PCM:   append([]int16(nil), e.pcm[from*FrameSamples:to*FrameSamples]...),
	}
}

// spoken finds the first frame of speech among those kept and the one after the
// last: first the loud voice in it, which must be there, then what hangs together with that.
func (e *Endpointer) spoken() (first, last int, found bool) {
	frames := e.frames[e.begin:]
	tail := len(frames) // where the silence after the request begins for sure
	if e.quiet >= leastTail {
		tail -= min(tail, tailFrames, e.quiet*tailFrames/hangover) // the silence may have begun before Begin
	}
	above := e.aboveNoise(frames, tail)
	peak := highest(above)
	if peak < leastPeak || !e.nearest(frames) {
		return 0, 0, false
	}
	loud := max(lowestThreshold, loudPart*peak)
	first, last, found = voice(frames, above, loud)
	if !found {
		return 0, 0, false
	}
	// The noise before and after goes up and down by itself: by this much.
	spread := highest(above[tail:])
	if lead := first - leadGap; lead > 0 {
		spread = max(spread, highest(above[:lead]))
	}
	least := max(lowestThreshold, min(spread+aboveSpread, loud))
	for i := first - 1; i >= max(0, first-joinGap); i-- {
		if above[i] > least {
			first = i
		}
	}
	for i := last; i < min(len(frames), last+joinGap); i++ {
		if above[i] > least {
			last = i + 1
		}
	}
	return e.begin + first, e.begin + last, true
}

// nearest says whether anything in the frames is near enough.
func (e *Endpointer) nearest(frames []features) bool {
	smooth := float32(0)
	for _, f := range frames {
		if smooth = (smooth + excess(f.level, e.noise)) / 2; smooth > e.loudest-underLoudest {
			return true
		}
	}
	return false
}

// aboveNoise is the excess of each frame over the mean level before the request
// or after it, whichever is higher, for a noise may have begun or ended
// meanwhile; where neither was heard, over the floor.
func (e *Endpointer) aboveNoise(frames []features, tail int) []float32 {
	noise := e.floor.levels()
	lead := max(0, e.onsetAt-e.begin-leadGap)
	if lead >= leastLead || tail < len(frames) {
		for b := range noise {
			noise[b] = quietest
		}
	}
	if lead >= leastLead {
		noise = higher(noise, mean(frames[:lead]))
	}
	if tail < len(frames) {
		noise = higher(noise, mean(frames[tail:]))
	}
	above := make([]float32, len(frames))
	for i, f := range frames {
		above[i] = excess(f.level, noise)
	}
	return above
}

// voice finds where a voice is louder than the threshold; there must be enough of
// it, and it must change as voices do.
func voice(frames []features, above []float32, threshold float32) (first, last int, found bool) {
	voiced, run, change := 0, 0, float32(0)
	for i, f := range frames {
		switch {
		case f.period < voicedLikeness || above[i] <= threshold:
			run = 0
			continue
		case run > 0 && !goesOn(frames[i-1].lag, f.lag):
			run = 0
		}
		run++
		if run < leastRun {
			continue
		}
		if run == leastRun {
			voiced += run - 1
		}
		if voiced == run-1 {
			first = i + 1 - run
		}
		voiced++
		last = i + 1
		change += distance(frames[i-1].level, f.level)
	}
	return first, last, voiced >= leastVoiced && change >= leastChange*float32(voiced)
}

// highest is the greatest of the values, two frames smoothed.
func highest(above []float32) float32 {
	greatest, smooth := float32(0), float32(0)
	for _, x := range above {
		smooth = (smooth + x) / 2
		greatest = max(greatest, smooth)
	}
	return greatest
}

func higher(a, b [bands]float32) [bands]float32 {
	for i := range a {
		a[i] = max(a[i], b[i])
	}
	return a
}

func mean(frames []features) (level [bands]float32) {
	for _, f := range frames {
		for b := range level {
			level[b] += f.level[b] / float32(len(frames))
		}
	}
	return level
}

// goesOn says whether two periods can be of one voice: they differ by less than a fifth.
func goesOn(before, now int) bool {
	step := now - before
	return step*step <= now*now/25+1
}

// forget drops the oldest n frames.
func (e *Endpointer) forget(n int) {
	if n <= 0 {
		return
	}
	e.frames = e.frames[:copy(e.frames, e.frames[n:])]
	e.pcm = e.pcm[:copy(e.pcm, e.pcm[n*FrameSamples:])]
	e.first += time.Duration(n) * frameTime
	e.begin = max(0, e.begin-n)
	e.onsetAt -= n
}

// idle forgets what cannot be the beginning of a request any more, many frames at
// a time, so that most calls move nothing.
func (e *Endpointer) idle() {
	if len(e.frames) >= 2*kept {
		e.forget(len(e.frames) - kept)
	}
}

// excess is how far a frame rises out of the noise: the root mean square over
// the bands of what is above it, in decibel. A vowel fills some bands, a hiss one or two.
func excess(level, noise [bands]float32) float32 {
	sum := float32(0)
	for b, l := range level {
		if d := l - noise[b]; d > 0 {
			sum += d * d * d * d
		}
	}
	return float32(math.Sqrt(math.Sqrt(float64(sum / bands))))
}

// distance is the mean change of the levels of the bands in which most of the
// sound is, in decibel.
func distance(before, now [bands]float32) float32 {
	loudest := float32(quietest)
	for _, l := range now {
		loudest = max(loudest, l)
	}
	sum, n := float32(0), float32(0)
	for b, l := range now {
		if l > loudest-25 {
			sum += float32(math.Abs(float64(l - max(before[b], loudest-25))))
			n++
		}
	}
	return sum / max(n, 1)
}

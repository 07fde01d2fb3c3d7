package wake

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// How many recordings a word is made of.
const (
	fewestRecordings = 3
	mostRecordings   = 5
)

const (
	limitPart    = 0.4  // how far the limit lies from the recordings towards the nearest other speech
	mostOfOthers = 0.8  // and at most at this part of the way to that
	voicePart    = 0.5  // nor farther than this from the recordings towards the word in other voices,
	roomToVary   = 1.6  // but no nearer than this times the recordings: nobody says a word twice alike
	goodPart     = 0.75 // recordings nearer than this part of the nearest other speech are good
	strayPart    = 1.5  // a recording this much farther from the rest than they are,
	strayOfOther = 0.65 // and as far as this part of the way to other speech, is another word
	sameDistance = 0.05 // two recordings as near as this are the same one
	leastLimit   = 0.5
)

// Grade says in a word how well a personal word will work.
type Grade string

const (
	Good Grade = "good"
	Fair Grade = "fair" // it works; mind the sensitivity
	Poor Grade = "poor" // it would miss its person or wake for others
)

// Others is speech that must not wake: for the estimate, and to set the limit.
type Others struct {
	Speech []Recording // of all kinds, without the word
	Same   []Recording // the same word from other voices; may be empty
}

// Estimate is what Enrol found out before anything is stored. Distances are means
// over a match, in units of the spread of speech.
type Estimate struct {
	Grade      Grade
	Own        []float64 // each recording's distance from the rest of them
	Limit      float64   // a sound this near or nearer wakes
	Nearest    float64   // of the other speech
	NearestIn  string    // the name of that recording
	Heard      time.Duration
	OwnWould   int // of the recordings, each against the rest
	OtherWould int // of the other voices that say the same word
	Others     int // how many these were
	Reason     string
}

// Enrol makes a personal word from three to five recordings. An error that is a
// *BadRecordingError names a recording that must be made again; all such
// errors come joined. A word whose Estimate is Poor should not be used.
func Enrol(word, person string, recordings []Recording, others Others, now time.Time) (*Personal, Estimate, error) {
	if err := errors.Join(checkName("word", word), checkName("person", person)); err != nil {
		return nil, Estimate{}, err
	}
	if n := len(recordings); n < fewestRecordings || n > mostRecordings {
		return nil, Estimate{}, fmt.Errorf("enrol %q: it takes %d to %d recordings, and there are %d", word, fewestRecordings, mostRecordings, n)
	}
	var said []*spoken
	var faults []error
	for _, r := range recordings {
		s, err := listen(r)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		said = append(said, s)
	}
	if len(faults) > 0 {
		return nil, Estimate{}, errors.Join(faults...)
	}
	own, err := apart(said)
	if err != nil {
		return nil, Estimate{}, err
	}
	p := &Personal{Word: word, Person: person, Made: now, pitch: pitches(said)}
	for _, s := range said {
		p.templates = append(p.templates, rounded(s.word))
	}
	e := p.estimate(own, others)
	if i := e.stray(); i >= 0 {
		return nil, e, &BadRecordingError{said[i].name, "it is unlike the others: another word, another voice or another place"}
	}
	return p, e, nil
}

// apart is the distance of each recording from the nearest of the others.
func apart(said []*spoken) ([]float64, error) {
	own := make([]float64, len(said))
	for i, s := range said {
		nearestOther := float32(far)
		for j, other := range said {
			if i == j {
				continue
			}
			d := nearest(other.word, s.all)
			if d < sameDistance {
				return nil, &BadRecordingError{s.name, "it is the same recording as " + other.name + ": say the word again for each"}
			}
			nearestOther = min(nearestOther, d)
		}
		own[i] = float64(nearestOther)
	}
	return own, nil
}

// stray is the index of a recording that is unlike the others; -1 if none is.
func (e Estimate) stray() int {
	for i, d := range e.Own {
		rest := slices.Delete(slices.Clone(e.Own), i, i+1)
		if d > strayPart*slices.Max(rest) && d > strayOfOther*e.Nearest {
			return i
		}
	}
	return -1
}

// pitches is the lowest and the highest pitch of the recordings; zeros where too
// little in them is voiced.
func pitches(said []*spoken) (r [2]float32) {
	for _, s := range said {
		if s.pitch > 0 {
			r[1] = max(r[1], s.pitch)
			if r[0] == 0 || s.pitch < r[0] {
				r[0] = s.pitch
			}
		}
	}
	return r
}

// inPitch says whether a sound can be from the person's voice, as far as the
// pitch tells.
func (p *Personal) inPitch(hertz float32) bool {
	return hertz == 0 || p.pitch[1] == 0 || hertz > p.pitch[0]/pitchStretch && hertz < p.pitch[1]*pitchStretch
}

// estimate sets the limit of the word and says how good that is.
func (p *Personal) estimate(own []float64, others Others) Estimate {
	e := Estimate{Own: own, Nearest: far}
	for _, r := range others.Speech {
		if d := float64(p.distance(r.PCM)); d < e.Nearest {
			e.Nearest, e.NearestIn = d, r.Name
		}
		e.Heard += time.Duration(len(r.PCM)) * time.Second / 16000
	}
	farthest := slices.Max(own)
	e.Limit = farthest + limitPart*max(0, e.Nearest-farthest)
	var same []float64 // of the other voices whose pitch does not tell them from the person's
	for _, r := range others.Same {
		if p.inPitch(pitch(r.PCM)) {
			same = append(same, float64(p.distance(r.PCM)))
		}
	}
	if len(same) > 0 {
		e.Limit = min(e.Limit, max(roomToVary*farthest, farthest+voicePart*(slices.Min(same)-farthest)))
	}
	e.Limit = max(leastLimit, min(e.Limit, mostOfOthers*e.Nearest))
	p.limit = float32(e.Limit)
	within := func(distances []float64) (n int) {
		for _, d := range distances {
			if d <= e.Limit {
				n++
			}
		}
		return n
	}
	e.OwnWould, e.OtherWould, e.Others = within(own), within(same), len(others.Same)
	switch {
	case farthest <= goodPart*e.Limit/mostOfOthers && farthest <= goodPart*e.Nearest:
		e.Grade = Good
	case e.OwnWould == len(own):
		e.Grade = Fair
		e.Reason = "it is not far from other speech: a longer or rarer word would be safer"
	default:
		e.Grade = Poor
		e.Reason = "it is too like other speech, " + e.NearestIn + " for one: take a longer or rarer word"
		if spread := farthest / slices.Min(own); spread > strayPart {
			e.Reason = "the recordings differ too much from one another: say the word the same way, at the same place"
		}
	}
	return e
}

// distance is that of the nearest match of any of the recordings anywhere in a sound.
func (p *Personal) distance(pcm []int16) float32 {
	spectrum := newSpectrum()
	var sound []cepstrum
	for ; len(pcm) >= 320; pcm = pcm[320:] {
		sound = append(sound, spectrum.push(pcm[:320]))
	}
	best := float32(far)
	for _, t := range p.templates {
		best = min(best, nearest(t, sound))
	}
	return best
}

// String is the estimate as a person reads it.
func (e Estimate) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: each recording against the rest: %d of %d would wake (distances %.2f to %.2f, up to %.2f wakes).\n",
		e.Grade, e.OwnWould, len(e.Own), slices.Min(e.Own), slices.Max(e.Own), e.Limit)
	fmt.Fprintf(&b, "Other speech, %.0f s of it: nothing nearer than %.2f.\n", e.Heard.Seconds(), e.Nearest)
	if e.Others > 0 {
		fmt.Fprintf(&b, "The same word from %d other voices: %d would wake.\n", e.Others, e.OtherWould)
	}
	if e.Reason != "" {
		fmt.Fprintf(&b, "Mind: %s.\n", e.Reason)
	}
	return b.String()
}

package wake

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cricket-home/cricket/voice"
)

// How many recordings a word is made of.
const (
	fewestRecordings = 3
	mostRecordings   = 5
)

const (
	limitPart    = 0.5  // how far the limit lies from the recordings towards the nearest other speech
	mostOfOthers = 0.85 // and at most at this part of the way to that
	voicePart    = 0.5  // nor farther than this from the recordings towards the word in other voices,
	roomToVary   = 1.6  // but no nearer than this times the recordings: nobody says a word twice alike
	goodPart     = 0.75 // recordings nearer than this part of the limit are good
	strayPart    = 1.5  // a recording this much farther from the rest than they are,
	strayOfOther = 0.65 // and as far as this part of the way to other speech, is another word
	sameDistance = 0.05 // two recordings as near as this are the same one
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
// over a match of what the network makes of the sound.
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

// Enrol makes a personal word from three to five recordings, as a network hears
// them. An error that is a *BadRecordingError names a recording that must be made
// again; all such errors come joined. A word whose Estimate is Poor should not be
// used.
func Enrol(network *Model, word, person string, recordings []Recording, others Others, now time.Time) (*Personal, Estimate, error) {
	if network.embedding == 0 {
		return nil, Estimate{}, fmt.Errorf("enrol %q: the model %s has no embeddings", word, network.Name)
	}
	if len(others.Speech) == 0 {
		return nil, Estimate{}, fmt.Errorf("enrol %q: there is no other speech to compare it with", word)
	}
	if err := CheckNames(word, person); err != nil {
		return nil, Estimate{}, err
	}
	if n := len(recordings); n < fewestRecordings || n > mostRecordings {
		return nil, Estimate{}, fmt.Errorf("enrol %q: it takes %d to %d recordings, and there are %d", word, fewestRecordings, mostRecordings, n)
	}
	var recorded []*spoken
	var faults []error
	for _, r := range recordings {
		s, err := network.listen(r)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		recorded = append(recorded, s)
	}
	if len(faults) > 0 {
		return nil, Estimate{}, errors.Join(faults...)
	}
	p := &Personal{Word: word, Person: person, Made: now, network: network.checksum, pitch: pitches(recorded)}
	e, err := p.fit(network, recorded, others)
	if err != nil {
		return nil, e, err
	}
	return p, e, nil
}

// fit takes the recordings as templates, finds the limits, and says how good that is.
func (p *Personal) fit(network *Model, recorded []*spoken, others Others) (Estimate, error) {
	e := Estimate{Others: len(others.Same)}
	var speech, same []view
	for _, r := range others.Speech {
		speech = append(speech, network.look(r.PCM))
		e.Heard += time.Duration(len(r.PCM)) * time.Second / voice.SampleRate
	}
	for _, r := range others.Same {
		if p.inPitch(pitch(r.PCM)) { // the pitch tells the others from the person
			same = append(same, network.look(r.PCM))
		}
	}
	said := measure(recorded, speech, same, func(v view) [][]float32 { return v.said })
	sound := measure(recorded, speech, same, func(v view) [][]float32 { return v.sound })
	p.said, p.sound = said.templates, sound.templates
	e.Own, e.Limit, e.Nearest = said.own, float64(p.said.limit), said.nearest
	e.NearestIn = others.Speech[said.nearestAt].Name
	for i := range recorded {
		if said.within(said.own[i]) || sound.within(sound.own[i]) {
			e.OwnWould++
		}
	}
	for i := range same {
		if sound.within(sound.same[i]) {
			e.OtherWould++
		}
	}
	for i, s := range recorded {
		if twin := sound.twin[i]; twin >= 0 {
			return e, &BadRecordingError{s.name, "it is the same recording as " + recorded[twin].name + ": say the word again for each"}
		}
	}
	for i, s := range recorded {
		if sound.stray(i) {
			return e, &BadRecordingError{s.name, "it is unlike the others: another word, another voice or another place"}
		}
	}
	e.grade(said, sound)
	return e, nil
}

// measured is how far apart the recordings are from one another and from others, as
// one kind of vector.
type measured struct {
	templates templates
	own       []float64 // each recording from the nearest of the rest
	twin      []int     // the recording that is the same one; -1: none
	nearest   float64   // of other speech
	nearestAt int       // in it
	same      []float64 // other voices that say the word
}

func measure(recorded []*spoken, speech, same []view, of func(view) [][]float32) (m measured) {
	m.nearest = far
	for _, s := range recorded {
		m.templates.templates = append(m.templates.templates, rounded(of(s.word)))
	}
	for i, s := range recorded {
		own, twin := float32(far), -1
		for j := range recorded {
			if i == j {
				continue
			}
			d := nearest(m.templates.templates[j], of(s.all))
			if own = min(own, d); d < sameDistance {
				twin = j
			}
		}
		m.own, m.twin = append(m.own, float64(own)), append(m.twin, twin)
	}
	for i, v := range speech {
		if d := m.templates.nearest(of(v)); d < m.nearest {
			m.nearest, m.nearestAt = d, i
		}
	}
	for _, v := range same {
		m.same = append(m.same, m.templates.nearest(of(v)))
	}
	farthest := slices.Max(m.own)
	limit := farthest + limitPart*max(0, m.nearest-farthest)
	if len(m.same) > 0 {
		limit = min(limit, max(roomToVary*farthest, farthest+voicePart*(slices.Min(m.same)-farthest)))
	}
	m.templates.limit = float32(min(limit, mostOfOthers*m.nearest, greatestLimit))
	return m
}

// nearest is the distance of the nearest match of any of the recordings anywhere in a sound.
func (t templates) nearest(sound [][]float32) float64 {
	best := float32(far)
	for _, recording := range t.templates {
		best = min(best, nearest(recording, sound))
	}
	return float64(best)
}

// stray says that a recording is unlike the others. It is asked of cepstra, which
// tell words and voices apart.
func (m measured) stray(i int) bool {
	rest := slices.Delete(slices.Clone(m.own), i, i+1)
	return m.own[i] > strayPart*slices.Max(rest) && m.own[i] > strayOfOther*m.nearest
}

// within says whether a sound at a distance matches.
func (m measured) within(distance float64) bool { return distance <= float64(m.templates.limit) }

// clear says that every recording is well within the limit.
func (m measured) clear() bool {
	return slices.Max(m.own) <= goodPart*float64(m.templates.limit)
}

func (e *Estimate) grade(said, sound measured) {
	switch {
	case e.OwnWould < len(said.own):
		e.Grade = Poor
		e.Reason = fmt.Sprintf("it is too like other speech (%q): take a longer or rarer word", e.NearestIn)
		if slices.Max(said.own) > strayPart*slices.Min(said.own) {
			e.Reason = "the recordings differ too much from one another: say the word the same way, at the same place"
		}
	case !said.clear() && !sound.clear():
		e.Grade = Fair
		e.Reason = "it is not far from other speech: a longer or rarer word would be safer"
	default:
		e.Grade = Good
	}
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

// quietEnough is the signal-to-noise ratio in decibel from which on the spectrum
// tells voices apart.
const quietEnough = 25

// isVoice says whether a sound that matched is in the person's voice: by its pitch,
// and in a quiet room by its spectrum.
func (p *Personal) isVoice(pcm []int16, snr float64) bool {
	if !p.inPitch(pitch(pcm)) {
		return false
	}
	return snr < quietEnough || p.sound.nearest(newSpectrum().all(pcm)) <= float64(p.sound.limit)
}

// String is the estimate as a person reads it.
func (e Estimate) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: each recording against the rest: %d of %d would wake (distances %.2f to %.2f, up to %.2f wakes).\n",
		e.Grade, e.OwnWould, len(e.Own), slices.Min(e.Own), slices.Max(e.Own), e.Limit)
	fmt.Fprintf(&b, "Other speech, %.0f s of it: nothing nearer than %.2f.\n", e.Heard.Seconds(), e.Nearest)
	if e.Others > 0 {
		fmt.Fprintf(&b, "The same word from %d other voices in a quiet room: %d would wake.\n", e.Others, e.OtherWould)
	}
	if e.Reason != "" {
		fmt.Fprintf(&b, "Mind: %s.\n", e.Reason)
	}
	return b.String()
}

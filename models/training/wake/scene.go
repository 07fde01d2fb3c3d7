package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/cricket-home/cricket/voice/wake/net"
)

// Marks of a step in the training data.
const (
	no = iota
	yes
	either // not asked: just before or after the mark changes, or nobody can tell
)

// bank is the clips scenes are made of.
type bank struct {
	words     [][]clip
	near      []clip
	nearBy    map[string][]clip
	sentences []clip
	byVoice   map[string][]clip // sentences

	drawWord []pool
	drawNear pool
	drawAny  pool // sentences
}

// pool draws clips, two of five by the engines made of recordings: they are few
// of all, but nearer to people than espeak-ng.
type pool struct{ formants, recorded []clip }

func newPool(clips []clip) (p pool) {
	for _, c := range clips {
		if c.Speaker == "espeak" {
			p.formants = append(p.formants, c)
		} else {
			p.recorded = append(p.recorded, c)
		}
	}
	return p
}

func (p pool) draw(r *rand.Rand) clip {
	of := p.formants
	if len(p.recorded) > 0 && r.IntN(5) < 2 || len(of) == 0 {
		of = p.recorded
	}
	return of[r.IntN(len(of))]
}

// newBank sorts clips. Everyday sentences that hold a word of a wake word are
// near-misses: how often they are said is not a matter of chance.
func newBank(clips []clip, words []string) (*bank, error) {
	b := &bank{words: make([][]clip, len(words)), nearBy: map[string][]clip{}, byVoice: map[string][]clip{}}
	parts := strings.Fields(strings.Join(words, " "))
	for _, c := range clips {
		if c.Family == "sentences" && slices.ContainsFunc(strings.Fields(c.Text), func(w string) bool { return slices.Contains(parts, w) }) {
			c.Family = "its words in sentences"
		}
		var word int
		switch _, err := fmt.Sscanf(c.Family, "word %d", &word); {
		case err == nil && word < len(words):
			b.words[word] = append(b.words[word], c)
		case c.Family == "sentences":
			b.sentences = append(b.sentences, c)
			b.byVoice[c.Voice] = append(b.byVoice[c.Voice], c)
		default:
			b.near = append(b.near, c)
			b.nearBy[c.Family] = append(b.nearBy[c.Family], c)
		}
	}
	for w := range b.words {
		if len(b.words[w]) == 0 {
			return nil, fmt.Errorf("no clip speaks word %d", w)
		}
	}
	if len(b.sentences) == 0 || len(b.near) == 0 {
		return nil, fmt.Errorf("%d sentences and %d near-misses: too few", len(b.sentences), len(b.near))
	}
	for _, clips := range b.words {
		b.drawWord = append(b.drawWord, newPool(clips))
	}
	b.drawNear, b.drawAny = newPool(b.near), newPool(b.sentences)
	return b, nil
}

// isolated says that a word counts only by itself: one of one syllable is part of
// too many sentences ("stop it", "bus stop").
func isolated(c clip) bool { return !strings.Contains(c.Text, " ") && len(c.Sounds) <= 4 }

// scene is a few seconds of sound and what is to be heard in it.
type scene struct {
	x      []float32
	marks  [][]byte // of each word, by step
	speech []byte   // by step
	sounds []string // all that was said, without the babble
	babble bool     // somebody else talks in the background
}

// step is the length in samples of a step of the network.
const step = 3 * net.Hop

// newScene draws a scene of some seconds. Of ten scenes four hold a word, two
// near-misses, three sentences and one nobody.
func newScene(b *bank, seconds int, r *rand.Rand) (*scene, error) {
	n := seconds * rate
	s := &scene{x: make([]float32, n), speech: make([]byte, n/step), sounds: []string{}}
	for range b.words {
		s.marks = append(s.marks, make([]byte, n/step))
	}
	at := rate/5 + r.IntN(rate)
	pause := func() { at += int((0.05 + 0.8*r.Float64()*r.Float64()) * rate) }
	place := func(c clip) (ok bool, err error) { return s.place(c, &at, r) }

	ok, err := true, error(nil)
	kind := r.Float64()
	switch {
	case kind < 0.42:
		w := r.IntN(len(b.words))
		if len(b.words) == 2 && r.IntN(3) > 0 {
			w = 0 // "stop" is the easier of ours, and live for less of the day
		}
		if r.IntN(4) == 0 { // something before it
			before := b.drawNear.draw(r)
			if r.IntN(2) == 0 {
				before = b.drawAny.draw(r)
			}
			if _, err := place(before); err != nil {
				return nil, err
			}
			at += rate/4 + r.IntN(rate/2)
		}
		c := b.drawWord[w].draw(r)
		if ok, err = s.word(w, c, &at, r); err != nil {
			return nil, err
		}
		if isolated(c) {
			at += rate/2 + r.IntN(rate/2)
		} else if r.IntN(3) > 0 { // the request follows at once, by the same voice if it says one
			pause()
			next := b.drawAny.draw(r)
			if same := b.byVoice[c.Voice]; len(same) > 0 {
				next = same[r.IntN(len(same))]
			}
			if ok, err = place(next); err != nil {
				return nil, err
			}
		} else {
			at += rate / 2
		}
		for ok && r.IntN(2) == 0 {
			if ok, err = s.word(w, b.drawWord[w].draw(r), &at, r); err != nil {
				return nil, err
			}
			at += rate/2 + r.IntN(rate)
		}
	case kind < 0.9:
		for ok {
			c := b.drawAny.draw(r)
			if kind < 0.62 {
				c = b.drawNear.draw(r)
			}
			if ok, err = place(c); err != nil {
				return nil, err
			}
			pause()
		}
	}
	return s, s.surround(b, r)
}

// place puts a clip at *at and moves *at behind it; ok is false where it does not fit.
func (s *scene) place(c clip, at *int, r *rand.Rand) (ok bool, err error) {
	x, err := c.sound()
	if err != nil {
		return false, err
	}
	x = stretch(x, 0.82+0.4*r.Float64())
	if *at+len(x)+rate/5 > len(s.x) {
		return false, nil
	}
	if r.IntN(3) > 0 {
		filter(x, r)
	}
	loud := loudness(x)
	if loud == 0 {
		return true, nil
	}
	scaled(x, 0.1*math.Pow(10, 0.15*(2*r.Float64()-1))/loud)
	mixed(s.x[*at:], x)
	s.hear(x, *at)
	s.sounds = append(s.sounds, c.Sounds...)
	*at += len(x)
	return true, nil
}

// word places a clip of a word and marks the steps among which it must be heard:
// those that end 40 to 210 ms after it, for an isolated word 60 to 240 ms. Any
// earlier, and "cricket" cannot be told from "crickets" or "cricked".
func (s *scene) word(w int, c clip, at *int, r *rand.Rand) (ok bool, err error) {
	if ok, err = s.place(c, at, r); !ok || err != nil {
		return ok, err
	}
	first, last, open := 40*rate/1000, 210*rate/1000, 150*rate/1000
	if isolated(c) {
		first, last = 60*rate/1000, 240*rate/1000
	}
	for i := range s.marks[w] {
		end := (i+1)*step - *at
		switch {
		case end >= first && end <= last:
			s.marks[w][i] = yes
		case end >= first-open && end <= last+open:
			s.marks[w][i] = either
		}
	}
	return true, nil
}

// hear marks speech: pieces less than 35 dB below the clip's loudness, and pauses
// of up to 200 ms between them.
func (s *scene) hear(x []float32, at int) {
	limit, last := math.Pow(10, -35.0/20)*0.1, -rate
	for i := 0; i+net.Hop <= len(x); i += net.Hop {
		if rms(x[i:i+net.Hop]) < limit {
			continue
		}
		from := i
		if i-last <= rate/5 {
			from = last
		}
		for k := (at + from) / step; k <= (at+i)/step && k < len(s.speech); k++ {
			s.speech[k] = yes
		}
		last = i
	}
}

func rms(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(len(x)))
}

// surround puts the scene into a room, with noise from 30 to 0 dB below the
// speech, and before a microphone of some gain.
func (s *scene) surround(b *bank, r *rand.Rand) error {
	if r.IntN(2) == 0 {
		room(s.x, r)
	}
	if r.IntN(8) > 0 {
		y := make([]float32, len(s.x))
		if err := s.background(b, y, r); err != nil {
			return err
		}
		if loud := rms(y); loud > 0 {
			scaled(y, 0.1/loud*math.Pow(10, -30*r.Float64()/20))
			mixed(s.x, y)
		}
	} else {
		coloured(s.x, 0.5, 0.1*math.Pow(10, -(35+30*r.Float64())/20), r)
	}
	highest := float32(1e-9)
	for _, v := range s.x {
		highest = max(highest, v, -v)
	}
	level := math.Pow(10, -32*r.Float64()/20) // of full scale
	if r.IntN(12) == 0 {
		level *= 3 // clipped
	}
	scaled(s.x, level/float64(highest))
	s.blur()
	return nil
}

// background draws noise, music, or babble: others who talk, none of the words.
func (s *scene) background(b *bank, y []float32, r *rand.Rand) error {
	switch r.IntN(5) {
	case 0, 1:
		noise(y, r)
	case 2, 3:
		music(y, r)
		if r.IntN(3) == 0 {
			noise(y, r)
		}
	case 4:
		s.babble = true
		return babble(b, y, 1+r.IntN(6), r)
	}
	return nil
}

// babble adds so many people who talk without end.
func babble(b *bank, y []float32, people int, r *rand.Rand) error {
	for range people {
		for at := -r.IntN(2 * rate); at < len(y); {
			x, err := b.drawAny.draw(r).sound()
			if err != nil {
				return err
			}
			x = stretch(x, 0.85+0.3*r.Float64())
			if loud := loudness(x); loud > 0 {
				scaled(x, 0.1/loud)
			}
			if at >= 0 {
				mixed(y[at:], x)
			} else if -at < len(x) {
				mixed(y, x[-at:])
			}
			at += len(x) + r.IntN(rate/2)
		}
	}
	return nil
}

// blur takes back marks of speech nobody can be sure of: 150 ms after speech,
// where the room rings on, and all silence over babble.
func (s *scene) blur() {
	since := len(s.speech)
	for i, mark := range s.speech {
		switch {
		case mark == yes:
			since = 0
		case s.babble || since < 5:
			s.speech[i] = either
			since++
		default:
			since++
		}
	}
}

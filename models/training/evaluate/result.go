package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/sphinx"
)

// engine is a recogniser of the product.
type engine interface {
	Run(ctx context.Context) error
	Transcribe(ctx context.Context, u voice.Utterance) (voice.Transcript, error)
}

type contender struct {
	name   string
	engine engine
	teach  func(context.Context, place) error                // before the sentences of a place
	weigh  func(context.Context, place, said, []int16) error // beside hearing; nil: nobody asks
}

// count is of sentences.
type count struct {
	said, same, wrong, exact int // the rest of said did nothing
	words, edits             int
}

func (c *count) add(d count) {
	c.said, c.same, c.wrong, c.exact = c.said+d.said, c.same+d.same, c.wrong+d.wrong, c.exact+d.exact
	c.words, c.edits = c.words+d.words, c.edits+d.edits
}

// result is what a contender did.
type result struct {
	name     string
	homes    map[int]count         // by SNR: the made-up homes
	demo     map[int]count         // by SNR: the demo home
	unspoken map[int]count         // by SNR: sentences about a name with a word that training never says
	told     map[int]count         // by SNR: sentences that pocketsphinx is told, in the made-up homes
	voices   map[string]count      // by engine and voice, all SNRs
	empty    map[string]emptyCount // by kind of sound without speech
	seconds  float64               // of hearing
	clips    int
	samples  []string // what was said and heard, a few
}

type emptyCount struct {
	clips, withWords, words, actions int
	minutes                          float64
}

// all is every sentence at every SNR in the made-up homes: the demo home's
// names were known to whoever wrote the training's.
func (r *result) all() count {
	var c count
	for _, n := range r.homes {
		c.add(n)
	}
	return c
}

func (r *result) outcome() appliance.Outcome {
	c := r.all()
	return appliance.Outcome{Right: 100 * float64(c.same) / float64(c.said), Wrong: 100 * float64(c.wrong) / float64(c.said)}
}

// ignoreDropped: names that the contender cannot pronounce are its own fault,
// and count as such.
func ignoreDropped(err error) error {
	if _, dropped := errors.AsType[*sphinx.DroppedError](err); dropped {
		return nil
	}
	return err
}

// sameAction says whether the house would do the same.
func sameAction(a, b intent.Intent) bool {
	return a.Refusal == b.Refusal && a.Name == b.Name && slices.Equal(a.Targets, b.Targets) &&
		(len(a.Slots) == 0 && len(b.Slots) == 0 || reflect.DeepEqual(a.Slots, b.Slots)) &&
		slices.EqualFunc(a.Also, b.Also, sameAction) &&
		(a.Command == nil) == (b.Command == nil) && (a.Command == nil || sameAction(*a.Command, *b.Command))
}

func measure(ctx context.Context, o options, places []place, c contender) (*result, error) {
	r := &result{name: c.name, homes: map[int]count{}, demo: map[int]count{}, unspoken: map[int]count{}, told: map[int]count{}, voices: map[string]count{}, empty: map[string]emptyCount{}}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- c.engine.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	hear := func(pcm []int16) (voice.Transcript, error) {
		began := time.Now()
		t, err := c.engine.Transcribe(ctx, voice.Utterance{PCM: pcm})
		r.seconds += time.Since(began).Seconds()
		r.clips++
		if err != nil {
			return t, fmt.Errorf("hear with %s: %w", c.name, err)
		}
		return t, nil
	}
	babble := babbleOf(places)
	for i, p := range places {
		if err := c.teach(ctx, p); err != nil {
			return nil, fmt.Errorf("teach %s the phrases of %s: %w", c.name, p.name, err)
		}
		for j, s := range p.said {
			for _, snr := range snrs() {
				// The same for every contender.
				sound := rand.New(rand.NewPCG(o.seed, uint64(i*100000+j*10+snr)))
				pcm := inRoom(sound, s.pcm, float64(snr), babble)
				t, err := hear(pcm)
				if err == nil && c.weigh != nil {
					err = c.weigh(ctx, p, s, pcm)
				}
				if err != nil {
					return nil, err
				}
				n := score(p, s, t)
				group := r.homes
				if p.demo {
					group = r.demo
				}
				addTo(group, snr, n)
				if s.told && !p.demo {
					addTo(r.told, snr, n)
				}
				if s.unspoken {
					addTo(r.unspoken, snr, n)
				}
				v := r.voices[voiceKind(s.voice)]
				v.add(n)
				r.voices[voiceKind(s.voice)] = v
				if j < 3 && snr == 20 {
					r.samples = append(r.samples, fmt.Sprintf("%q → %q", s.text, t.Text))
				}
			}
		}
	}
	return r, r.emptySounds(o, places[0], babble, hear)
}

func addTo(m map[int]count, snr int, n count) {
	c := m[snr]
	c.add(n)
	m[snr] = c
}

func score(p place, s said, t voice.Transcript) count {
	heard := intent.Intent{Refusal: intent.NotRecognized}
	if t.Text != "" && !t.NotCommand {
		heard = resolve(p.resolver, s, t.Text)
	}
	want, got := strings.Fields(s.text), strings.Fields(plain(t.Text))
	n := count{said: 1, words: len(want), edits: distance(want, got)}
	switch {
	case sameAction(heard, s.meant):
		n.same = 1
	case heard.Refusal == "":
		n.wrong = 1
	}
	if slices.Equal(want, got) {
		n.exact = 1
	}
	return n
}

// emptySounds counts what is heard where nothing was said.
func (r *result) emptySounds(o options, p place, babble []float64, hear func([]int16) (voice.Transcript, error)) error {
	makers := emptyMakers(babble)
	for k, kind := range slices.Sorted(maps.Keys(makers)) {
		e := r.empty[kind]
		for i := range 15 {
			sound := rand.New(rand.NewPCG(o.seed, uint64(9000000+k*1000+i)))
			pcm := makers[kind](sound, 4*voice.SampleRate)
			t, err := hear(pcm)
			if err != nil {
				return err
			}
			e.clips++
			e.minutes += float64(len(pcm)) / voice.SampleRate / 60
			if t.Text != "" && !t.NotCommand {
				e.withWords++
				e.words += len(strings.Fields(t.Text))
				if resolve(p.resolver, said{room: p.home.Names.Areas[0].ID}, t.Text).Refusal == "" {
					e.actions++
				}
			}
		}
		r.empty[kind] = e
	}
	return nil
}

// plain is a transcript as the sentences are written.
func plain(s string) string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune(",.!?", c) {
			return -1
		}
		return c
	}, strings.ToLower(s))
}

func distance(a, b []string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		last := row[0]
		row[0] = i + 1
		for j, y := range b {
			d := last
			if x != y {
				d++
			}
			last, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, d)
		}
	}
	return row[len(b)]
}

// Evaluate measures recognisers as a household would: is the same done that
// would be done for the sentence as it was meant?
//
// Homes of 100 devices are made up from a seed that is drawn now; half of
// their devices' names hold a word that training never says. Voices, rooms and
// noises are kept out of training as well. Each clip goes through the engines
// that the product runs, and what they hear through the home's resolver. The
// model card is what this program writes.
package main

import (
	"context"
	crand "crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/home/demo"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/models/training/phrases"
	"github.com/cricket-home/cricket/voice/espeak"
	"github.com/cricket-home/cricket/voice/sphinx"
	"github.com/cricket-home/cricket/voice/whisper"
)

type options struct {
	model, bin, card, measured, evidence, env, work string
	seed                                            uint64
	homes, sentences                                int
	sphinx                                          bool
}

func main() {
	var o options
	flag.StringVar(&o.model, "model", "", "file of the recogniser, in whisper.cpp's format")
	flag.StringVar(&o.bin, "bin", "bin", "folder of cricket-native and espeak-ng")
	flag.StringVar(&o.card, "card", "", "model card to write")
	flag.StringVar(&o.measured, "measured", "", "file to write in which the product reads which of the two is better")
	flag.StringVar(&o.evidence, "evidence", "", "file to write in which models/training/stt/confidence.py reads what spoke for each sentence")
	flag.StringVar(&o.env, "env", "models/training/env.sh", "script of the training environment")
	flag.Uint64Var(&o.seed, "seed", 0, "of homes, sentences and sounds; 0: drawn now")
	flag.IntVar(&o.homes, "homes", 5, "how many homes of 100 devices")
	flag.IntVar(&o.sentences, "sentences", 40, "how many sentences in each home")
	flag.BoolVar(&o.sphinx, "sphinx", true, "measure pocketsphinx on the same clips")
	flag.Parse()
	if o.seed == 0 {
		var b [4]byte
		crand.Read(b[:])
		o.seed = uint64(binary.LittleEndian.Uint32(b[:]))
	}
	fmt.Println("seed", o.seed)
	if err := evaluate(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "evaluate: error:", err)
		os.Exit(1)
	}
}

// snrs at which each clip is heard, in decibel.
func snrs() []int { return []int{20, 5} }

// a place is a home with its sentences.
type place struct {
	name     string
	demo     bool
	home     *phrases.Home
	resolver *intent.Resolver
	said     []said
}

// said is one sentence.
type said struct {
	text     string
	room     string
	meant    intent.Intent
	told     bool // it is of the sentences that pocketsphinx is told
	unspoken bool // it is about a device in whose name is a word that training never says
	voice    string
	pcm      []float64
}

func evaluate(ctx context.Context, o options) error {
	var err error
	if o.work, err = os.MkdirTemp("", "cricket-evaluate-"); err != nil {
		return err
	}
	defer os.RemoveAll(o.work)
	places, err := makePlaces(o)
	if err != nil {
		return err
	}
	for i := range places {
		if err := speak(ctx, o, &places[i], i); err != nil {
			return err
		}
	}
	log := slog.New(slog.DiscardHandler)
	native, err := filepath.Abs(filepath.Join(o.bin, "cricket-native"))
	if err != nil {
		return err
	}
	var all []*result
	if o.model != "" {
		var here *intent.Resolver // of the place that is heard
		engine := whisper.New(whisper.Options{Native: native, Model: o.model, Log: log, Says: func(_ context.Context, text string) (begins, whole bool) {
			s := here.Check(text)
			return s != intent.Dead, s.Complete()
		}})
		c := contender{name: "bundled", engine: engine, teach: func(_ context.Context, p place) error { here = p.resolver; return nil }}
		if o.evidence != "" {
			f, err := os.Create(o.evidence)
			if err != nil {
				return err
			}
			defer f.Close()
			c.weigh = weigh(engine, json.NewEncoder(f))
		}
		r, err := measure(ctx, o, places, c)
		if err != nil {
			return err
		}
		all = append(all, r)
	}
	if o.sphinx {
		mouth := espeak.New(filepath.Join(o.bin, "espeak-ng"))
		engine := sphinx.New(sphinx.Options{Native: native, Log: log, Pronounce: func(ctx context.Context, words []string) (map[string][]string, error) {
			return mouth.Phonemes(ctx, words, "en")
		}})
		r, err := measure(ctx, o, places, contender{name: "pocketsphinx", engine: engine, teach: func(ctx context.Context, p place) error {
			g := p.resolver.Grammar()
			return ignoreDropped(engine.SetPhrases(ctx, g.JSGF, g.Words))
		}})
		if err != nil {
			return err
		}
		all = append(all, r)
	}
	text := card(o, places, all)
	fmt.Print(text)
	if o.card != "" {
		if err := os.WriteFile(o.card, []byte(text), 0o644); err != nil {
			return err
		}
	}
	if o.measured == "" {
		return nil
	}
	if len(all) != 2 {
		return errors.New("write what was measured: both recognisers are needed")
	}
	data, err := json.MarshalIndent(appliance.Measured{Seed: o.seed, Sentences: all[0].all().said, Bundled: all[0].outcome(), Sphinx: all[1].outcome()}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.measured, append(data, '\n'), 0o644)
}

// makePlaces makes the homes and their sentences. A sentence counts where the
// product's templates understand its text today.
func makePlaces(o options) ([]place, error) {
	sources, err := phrases.Open()
	if err != nil {
		return nil, err
	}
	sentences, err := appliance.Sentences(appliance.DefaultConfig())
	if err != nil {
		return nil, err
	}
	own, err := demo.Home()
	if err != nil {
		return nil, err
	}
	var places []place
	for i := range o.homes {
		r := rand.New(rand.NewPCG(o.seed, uint64(i)))
		places = append(places, place{name: fmt.Sprintf("home %d", i+1), home: phrases.NewHome(r, 100, true)})
	}
	places = append(places, place{name: "demo home", demo: true, home: phrases.HomeOf(own.Names())})
	for i := range places {
		p := &places[i]
		p.resolver = sentences.Bind(p.home.Names)
		r := rand.New(rand.NewPCG(o.seed, uint64(1000+i)))
		seen := map[string]bool{}
		for tries := 0; len(p.said) < o.sentences; tries++ {
			if tries > 1000*o.sentences {
				return nil, fmt.Errorf("make sentences for %s: of %d only %d were understood", p.name, tries, len(p.said))
			}
			// A third of what pocketsphinx is told, a third that names a device, a third of
			// everything, every intent as often.
			kind := len(p.said) % 3
			drawn := sources.Builtin.DrawIntent
			switch {
			case kind == 0:
				drawn = sources.Builtin.DrawSpoken
			case kind == 1:
				drawn = sources.Builtin.Draw
			case tries%3 == 0:
				drawn = sources.Superset.DrawIntent
			}
			text, err := drawn(r, p.home)
			if err != nil {
				return nil, err
			}
			s := said{text: text, room: p.home.Names.Areas[r.IntN(len(p.home.Names.Areas))].ID}
			if text == "" || seen[text] || len(text) > 110 {
				continue
			}
			seen[text] = true
			s.told = kind == 0
			if s.meant = resolve(p.resolver, s, text); s.meant.Refusal != "" || s.meant.Tier != intent.Template {
				continue
			}
			for _, t := range s.meant.Targets {
				s.unspoken = s.unspoken || p.home.Unspoken[t] && strings.Contains(text, nameOf(p.home, t))
			}
			if kind == 1 && !slices.ContainsFunc(s.meant.Targets, func(t string) bool { return strings.Contains(text, strings.ToLower(nameOf(p.home, t))) }) {
				continue
			}
			p.said = append(p.said, s)
		}
	}
	return places, nil
}

func nameOf(h *phrases.Home, id string) string {
	for _, e := range h.Names.Entities {
		if e.ID == id {
			return e.Name
		}
	}
	return "\x00"
}

func resolve(r *intent.Resolver, s said, text string) intent.Intent {
	return r.Resolve(intent.Query{Text: text, Room: s.room, Now: time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)})
}

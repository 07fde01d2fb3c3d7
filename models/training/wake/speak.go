package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
)

// plan says what is spoken for a model.
type plan struct {
	name     string // of the model's files: "hey-cricket"
	words    []string
	language string
	seed     uint64
	size     float64 // share of the usual number of clips
}

// order is one clip to speak.
type order struct {
	family, text string
	speaker      speaker
}

// speak fills the shelf with the parts "train" and "test": words, near-misses
// and sentences, each by voices of its part only.
func speak(ctx context.Context, p plan, s shelf) error {
	all, err := speakers(ctx, p.language)
	if err != nil {
		return err
	}
	for part, kept := range map[string]bool{"train": false, "test": true} {
		if s.has(part) {
			continue
		}
		r := rand.New(rand.NewPCG(p.seed, hash(part, 0)))
		orders, err := p.orders(all, kept, r)
		if err != nil {
			return err
		}
		log.Printf("%s: %d clips to speak", part, len(orders))
		if err := s.write(part, p.voiced(ctx, orders, r)); err != nil {
			return fmt.Errorf("speak the clips of %q: %w", part, err)
		}
	}
	return nil
}

func (p plan) orders(all []speaker, kept bool, r *rand.Rand) ([]order, error) {
	byEngine := map[string][]speaker{}
	for _, s := range all {
		if s.kept == kept {
			byEngine[s.engine] = append(byEngine[s.engine], s)
		}
	}
	// The voices made from recordings are few.
	anyone := func() speaker {
		engine := "espeak"
		switch x := r.Float64(); {
		case x < 0.2 && len(byEngine["flite"]) > 0:
			engine = "flite"
		case x < 0.3 && len(byEngine["festival"]) > 0:
			engine = "festival"
		}
		of := byEngine[engine]
		return of[r.IntN(len(of))]
	}
	counts := map[string]int{"word": 3000, "near": 6500, "sentences": 7000}
	if kept {
		counts = map[string]int{"word": 700, "near": 2800, "sentences": 2500}
	}
	count := func(kind string) int { return max(20, int(float64(counts[kind])*p.size)) }

	var orders []order
	for i, word := range p.words {
		for range count("word") {
			text := word
			switch r.IntN(5) {
			case 0:
				text = word + "!"
			case 1:
				text = word + "?"
			case 2:
				text = strings.Replace(word, " ", ", ", 1)
			}
			orders = append(orders, order{fmt.Sprint("word ", i), text, anyone()})
		}
	}
	families, err := nearMisses(p.name, p.words, p.language, r)
	if err != nil {
		return nil, err
	}
	for _, family := range slices.Sorted(maps.Keys(families)) {
		texts := families[family]
		for range count("near") / len(families) {
			s := anyone()
			text := texts[r.IntN(len(texts))]
			for strings.HasPrefix(text, "[[") && s.engine != "espeak" { // only espeak-ng reads sounds
				s = anyone()
			}
			orders = append(orders, order{family, text, s})
		}
	}
	everyday, known, err := everyday(p.language)
	if err != nil {
		return nil, err
	}
	if !known {
		log.Printf("warning: there is no texts/%s.txt: the everyday sentences are numbers only, and false accepts will be more", p.language)
	}
	for range count("sentences") {
		orders = append(orders, order{"sentences", everyday.draw(r), anyone()})
	}
	return orders, nil
}

// voiced speaks the orders, two at a time, in their order.
func (p plan) voiced(ctx context.Context, orders []order, r *rand.Rand) func() (clip, []int16, error) {
	type spoken struct {
		clip clip
		pcm  []int16
		err  error
	}
	var mutex sync.Mutex
	known := map[string][]string{}
	sounds := func(text string) ([]string, error) {
		mutex.Lock()
		found, ok := known[text]
		mutex.Unlock()
		if ok {
			return found, nil
		}
		list, err := pronounce(p.language, text)
		for i, s := range list {
			list[i] = plain(s)
		}
		mutex.Lock()
		known[text] = list
		mutex.Unlock()
		return list, err
	}
	say := func(o order, seed uint64) spoken {
		pcm, err := o.speaker.say(ctx, o.text, rand.New(rand.NewPCG(seed, 0)))
		if err != nil {
			return spoken{err: err}
		}
		list, err := sounds(o.text)
		return spoken{clip{Family: o.family, Text: o.text, Speaker: o.speaker.engine, Voice: o.speaker.voice, Sounds: list}, pcm, err}
	}
	waiting := make(chan chan spoken, 2)
	go func() {
		defer close(waiting)
		for i, o := range orders {
			seed, done := r.Uint64(), make(chan spoken, 1)
			waiting <- done
			go func() { done <- say(o, seed) }()
			if (i+1)%1000 == 0 {
				log.Printf("%d of %d clips spoken", i+1, len(orders))
			}
		}
	}()
	return func() (clip, []int16, error) {
		for done := range waiting {
			s := <-done
			if s.err != nil {
				return clip{}, nil, s.err
			}
			if len(s.pcm) > rate/20 { // some voices cannot say some sounds
				return s.clip, s.pcm, nil
			}
		}
		return clip{}, nil, io.EOF
	}
}

package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// judge says what speaks against a phrase as a wake word; nothing: it is a good one.
func judge(p plan) ([]string, error) {
	var warnings []string
	everyday, known, err := everyday(p.language)
	if err != nil {
		return nil, err
	}
	if !known {
		warnings = append(warnings, fmt.Sprintf("there are no everyday sentences in %q (texts/%s.txt): it was trained and tested against numbers and near-misses only; expect more false accepts than the figures say", p.language, p.language))
	}
	r := rand.New(rand.NewPCG(p.seed, hash("judge", 0)))
	var drawn []string
	for range 3000 {
		drawn = append(drawn, strings.Fields(strings.ToLower(everyday.draw(r)))...)
	}
	for _, word := range p.words {
		sounds, err := pronounce(p.language, word)
		if err != nil {
			return nil, err
		}
		syllables := 0
		for _, s := range sounds {
			if isVowel(s) {
				syllables++
			}
		}
		if syllables < 3 {
			warnings = append(warnings, fmt.Sprintf("%q is too short: %d syllables, take three or more", word, syllables))
		}
		if common := times(drawn, strings.Fields(word)); common > 0 {
			warnings = append(warnings, fmt.Sprintf("%q is too common: people say it %d times in 3,000 everyday sentences", word, common))
		}
	}
	return warnings, nil
}

// times is how often the words stand in a text one after another.
func times(text, words []string) (n int) {
	for i := range text {
		if i+len(words) <= len(text) && slices.Equal(text[i:i+len(words)], words) {
			n++
		}
	}
	return n
}

package home

import "strings"

// softened are the consonants that Turkish softens before a vowel, and what they were.
var softened = map[rune]string{'ğ': "k", 'b': "p", 'c': "ç", 'd': "t"}

// stems are the words that a Turkish word may be a case or the plural of: whoever takes
// something off a list says "sütü", "ekmeği" and "yumurtaları" for süt, ekmek and yumurta.
func stems(word string) []string {
	word = strings.ToLower(strings.TrimSpace(word))
	out := []string{word}
	add := func(w string) {
		if len([]rune(w)) >= 2 {
			out = append(out, w)
		}
	}
	if bare, ok := cutVowel(word); ok {
		add(bare)
		if s := strings.TrimSuffix(bare, "y"); s != bare { // suyu
			add(s)
		}
		if s := strings.TrimSuffix(bare, "n"); s != bare { // yağını
			add(s)
			if bare, ok := cutVowel(s); ok {
				add(bare)
			}
		}
		if last := []rune(bare); len(last) > 2 {
			if hard, ok := softened[last[len(last)-1]]; ok { // ekmeği
				add(string(last[:len(last)-1]) + hard)
			}
		}
	}
	for _, w := range out {
		for _, plural := range []string{"ler", "lar"} {
			if s, ok := strings.CutSuffix(w, plural); ok {
				add(s)
			}
		}
	}
	return out
}

// cutVowel cuts the vowel of the accusative off a word.
func cutVowel(word string) (string, bool) {
	for _, vowel := range []string{"ı", "i", "u", "ü"} {
		if s, ok := strings.CutSuffix(word, vowel); ok {
			return s, true
		}
	}
	return word, false
}

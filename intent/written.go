package intent

import (
	"strings"
	"unicode"
)

// asWritten is a piece of a normalised text as it stands in the sentence that
// was said, accents and all: what goes on a shopping list is for people to read.
// It may be the beginning of a word there: Pizza of Pizzatimer. A piece that
// does not stand there in a row is returned as it is.
func (l *language) asWritten(piece, sentence string) string {
	words := strings.Fields(sentence)
	for i := range words {
		if !strings.HasPrefix(piece, l.letters.normalize(words[i])) {
			continue
		}
		for j := i + 1; j <= len(words); j++ {
			text := l.letters.normalize(strings.Join(words[i:j], " "))
			if len(text) < len(piece) {
				continue
			}
			if said := l.cased(words[i:j]); text == piece && (l.capitals || !ascii(said) || strings.Contains(said, ",")) {
				return said
			}
			break
		}
	}
	for _, w := range words {
		if begin, ok := l.beginning(w, piece); ok {
			return l.cased([]string{begin})
		}
	}
	return piece
}

// beginning is what a word begins with, where that is piece and not the whole of it.
func (l *language) beginning(word, piece string) (begin string, ok bool) {
	rest, ok := strings.CutPrefix(l.letters.normalize(word), piece)
	if !ok || rest == "" || rest[0] == ' ' {
		return "", false
	}
	for i := range word {
		if i > 0 && l.letters.normalize(word[i:]) == rest {
			return word[:i], true
		}
	}
	return "", false
}

// cased joins words without the signs around them, in small letters where the
// language has no capitals that belong to a word.
func (l *language) cased(words []string) string {
	out := make([]string, 0, len(words))
	for i, w := range words {
		w = strings.TrimFunc(w, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '%' && r != '°' && r != '-'
		})
		if w == "" {
			continue
		}
		if strings.HasSuffix(words[i], ",") && i+1 < len(words) { // it parts what is listed
			w += ","
		}
		out = append(out, w)
	}
	text := strings.Join(out, " ")
	switch {
	case l.capitals:
		return text
	case l.code == "tr":
		return strings.ToLowerSpecial(unicode.TurkishCase, text)
	}
	return strings.ToLower(text)
}

package home

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// articles are what people may or may not say before a name, in the six languages.
var articles = map[string]bool{
	"the": true, "a": true, "an": true, "my": true, "our": true,
	"der": true, "die": true, "das": true, "den": true, "dem": true, "ein": true, "eine": true,
	"le": true, "la": true, "les": true, "l": true, "un": true, "une": true,
	"el": true, "los": true, "las": true, "una": true,
	"de": true, "het": true, "een": true,
}

// lookalikes are Cyrillic and Greek letters that look like Latin ones on a screen.
var lookalikes = map[rune]rune{
	'а': 'a', 'в': 'b', 'е': 'e', 'к': 'k', 'м': 'm', 'н': 'h', 'о': 'o', 'р': 'p', 'с': 'c', 'т': 't', 'у': 'y', 'х': 'x', 'і': 'i', 'ј': 'j', 'ѕ': 's',
	'α': 'a', 'ι': 'i', 'κ': 'k', 'ν': 'v', 'ο': 'o', 'ρ': 'p', 'τ': 't', 'υ': 'u', 'χ': 'x',
}

// alike is a name as trust compares it: two names that a listener cannot tell from each
// other are the same. Case, accents, punctuation, the width of letters, an article,
// letters of another script that look the same, and what cannot be seen make no difference.
func alike(name string) string {
	var out strings.Builder
	gap := false
	folded := strings.ToLower(name)
	if strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) {
		folded = cases.Fold().String(norm.NFKD.String(name))
	}
	for _, r := range folded {
		switch {
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r):
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r):
			if gap && out.Len() > 0 {
				out.WriteByte(' ')
			}
			gap = false
			if latin, ok := lookalikes[r]; ok {
				r = latin
			}
			out.WriteRune(r)
		default:
			gap = true
		}
	}
	if out.Len() == 0 {
		return strings.ToLower(name) // nothing that anybody can say
	}
	said := out.String()
	if first, rest, more := strings.Cut(said, " "); more && articles[first] {
		return rest
	}
	return said
}

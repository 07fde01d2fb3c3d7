package voice

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Plain is a text on one line, without what programs that speak take for
// commands: control characters and [[phonemes]]. It is empty if nothing in it
// can be said.
func Plain(text string) string {
	text = strings.ToValidUTF8(text, " ")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '[' || r == ']' || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text)
	if !strings.ContainsFunc(text, Sayable) {
		return ""
	}
	return strings.Join(strings.Fields(text), " ")
}

// Sayable says whether a sign can be spoken: a letter or a digit.
func Sayable(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

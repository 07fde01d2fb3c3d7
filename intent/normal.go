package intent

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// normalize writes a sentence or a name as the network reads it: NFC, case
// folded, words parted by single spaces. What stays beside letters and digits:
// the apostrophe inside a word, the point of a decimal number, the minus before
// a number, % and ° (without a space before them).
func normalize(s string) string {
	return composed(normalizeTo(make([]byte, 0, len(s)+4), s, false))
}

// normalizeTemplate does the same for a piece of a template: spaces at its ends
// stay, as do apostrophes, since what they touch may be in the next piece.
func normalizeTemplate(s string) string {
	return composed(normalizeTo(make([]byte, 0, len(s)+4), s, true))
}

// composed is NFC: what was left out may have parted a letter from its accent.
func composed(b []byte) string {
	if s := string(b); ascii(s) {
		return s
	}
	return string(norm.NFC.Bytes(b))
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func fold(s string) string {
	if ascii(s) {
		return s
	}
	s = cases.Fold().String(norm.NFC.String(strings.ToValidUTF8(s, " ")))
	return norm.NFC.String(strings.ToLower(s)) // Cherokee folds to capitals
}

func normalizeTo(out []byte, s string, template bool) []byte {
	s = fold(s)
	base := len(out)
	space := false // a space is due before the next letter
	word := func() {
		if space && (len(out) > base || template) {
			out = append(out, ' ')
		}
		space = false
	}
	for i := 0; i < len(s); {
		r, n := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(s[i:])
		}
		prev, next := lastRune(out), firstRune(s[i+n:])
		if space {
			prev = ' '
		}
		switch {
		case r >= 'A' && r <= 'Z':
			word()
			out = append(out, byte(r)+'a'-'A')
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			word()
			out = append(out, byte(r))
		case r == '\'' || r == '’' || r == '‘' || r == 'ʼ' || r == '`':
			if template || unicode.IsLetter(next) && (unicode.IsLetter(prev) || unicode.IsDigit(prev)) {
				word()
				out = append(out, '\'')
			}
		case r == '%' || r == '°' || r == 'º':
			if r == 'º' {
				r = '°'
			}
			if template {
				word()
			}
			space = false
			out = utf8.AppendRune(out, r)
		case r == '.' && unicode.IsDigit(prev) && unicode.IsDigit(next):
			out = append(out, '.')
		case r == ',' && unicode.IsDigit(prev) && thousands(s[i+n:]):
			// 4,000 is 4000
		case (r == '-' || r == '−') && unicode.IsDigit(next) && !unicode.IsLetter(prev) && !unicode.IsDigit(prev):
			word()
			out = append(out, '-')
		case r == '&':
			space = true
			word()
			out = append(out, "and"...)
			space = true
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			word()
			out = utf8.AppendRune(out, r)
		case r == '\u00ad' || r == '\u200b' || r == '\u200c' || r == '\u200d' || r == '\ufeff' || r == '\ufe0f':
			// written, never said
		default:
			space = true
		}
		i += n
	}
	if space && template {
		out = append(out, ' ')
	}
	return out
}

// thousands tells whether exactly three digits follow.
func thousands(s string) bool {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n == 3
}

func lastRune(b []byte) rune {
	r, n := utf8.DecodeLastRune(b)
	if n == 0 {
		return ' '
	}
	return r
}

func firstRune(s string) rune {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return ' '
	}
	return r
}

// symbolAt tells whether % or ° begins at i: they are words by themselves.
func symbolAt(s string, i int) bool {
	return i < len(s) && (s[i] == '%' || s[i] == 0xC2 && i+1 < len(s) && s[i+1] == 0xB0)
}

// boundary tells whether a word may begin or end at i.
func boundary(s string, i int) bool {
	if i == 0 || i == len(s) || s[i-1] == ' ' || s[i] == ' ' {
		return true
	}
	return symbolAt(s, i) || s[i-1] == '%' || i > 1 && symbolAt(s, i-2)
}

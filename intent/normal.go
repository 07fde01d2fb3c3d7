package intent

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// letters is how the words of one language are written in the network. The zero
// value keeps apostrophes and has no word for &.
type letters struct {
	apostrophe apostrophe
	digraphs   bool   // ae, oe and ue are ä, ö and ü
	and        string // what & stands for
}

// apostrophe is what becomes of an apostrophe inside a word.
type apostrophe uint8

const (
	apostropheKept    apostrophe = iota // anna's
	apostropheDropped                   // Salon'daki, Anna's: salondaki, annas
	apostropheParts                     // l'ampoule: two words
)

// normalize writes a sentence or a name as the network reads it: NFC, case
// folded, full-width letters as narrow ones, Latin letters without accents, words parted by single spaces. What
// stays beside letters and digits: the apostrophe inside a word where the
// language keeps it, the point of a decimal number (a comma becomes one), the
// minus before a number, % and ° (without a space before them).
func (l *letters) normalize(s string) string {
	return l.composed(normalizeTo(make([]byte, 0, len(s)+4), s, false, l))
}

// template does the same for a piece of a template: spaces at its ends stay, as
// do apostrophes, since what they touch may be in the next piece.
func (l *letters) template(s string) string {
	return l.composed(normalizeTo(make([]byte, 0, len(s)+4), s, true, l))
}

// composed is NFC without accents: what was left out may have parted a letter
// from its accent.
func (l *letters) composed(b []byte) string {
	s := string(b)
	if !ascii(s) {
		s = norm.NFC.String(unaccented(norm.NFD.String(s)))
	}
	if l.digraphs {
		s = undigraphed(s)
	}
	return s
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
	s = cases.Fold().String(norm.NFC.String(width.Fold.String(strings.ToValidUTF8(s, " "))))
	return norm.NFC.String(strings.ToLower(s)) // Cherokee folds to capitals
}

// plainLetters are Latin letters that no accent makes of another one. Case
// folding made ß ss, and leaves the dotless i, which is an i to whoever types.
var plainLetters = map[rune]string{'ı': "i", 'ø': "o", 'ł': "l", 'đ': "d", 'æ': "ae", 'œ': "oe"}

// unaccented drops what is above and below Latin letters: a recogniser, a
// keyboard and the household seldom agree on it.
func unaccented(s string) string {
	var out strings.Builder
	latin := false
	for _, r := range s {
		switch plain, ok := plainLetters[r]; {
		case ok:
			out.WriteString(plain)
			latin = true
		case !unicode.Is(unicode.Mn, r):
			out.WriteRune(r)
			latin = unicode.Is(unicode.Latin, r)
		case !latin:
			out.WriteRune(r)
		}
	}
	return out.String()
}

func normalizeTo(out []byte, s string, template bool, l *letters) []byte {
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
			switch {
			case l.apostrophe == apostropheParts:
				space = true
			case l.apostrophe == apostropheKept && (template || unicode.IsLetter(next) && (unicode.IsLetter(prev) || unicode.IsDigit(prev))):
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
		case r == ',' && unicode.IsDigit(prev) && unicode.IsDigit(next):
			out = append(out, '.') // 3,5 is 3.5
		case (r == '-' || r == '−') && unicode.IsDigit(next) && !unicode.IsLetter(prev) && !unicode.IsDigit(prev):
			word()
			out = append(out, '-')
		case r == '&':
			space = true
			word()
			out = append(out, cmp.Or(l.and, "&")...)
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

// undigraphed makes ä, ö and ü, which have lost their dots already, of ae, oe
// and ue. No umlaut is in blaue, neue and quer.
func undigraphed(s string) string {
	if !strings.Contains(s, "ae") && !strings.Contains(s, "oe") && !strings.Contains(s, "ue") {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		c, n := s[i], len(out)
		if c == 'e' && n > 0 {
			before := byte(' ')
			if n > 1 {
				before = out[n-2]
			}
			switch out[n-1] {
			case 'a', 'o':
				continue
			case 'u':
				if before != 'a' && before != 'e' && before != 'q' {
					continue
				}
			}
		}
		out = append(out, c)
	}
	return string(out)
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

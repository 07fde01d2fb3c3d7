package intent

import (
	"strings"
)

// sounds writes how a word sounds, a byte per sound. English spelling is read by
// rules (letters to sounds, near enough to tell what may be confused). The word is
// normalized; a letter of another alphabet sounds like nothing else.
//
// Consonants: p b t d k g f v T(th) s z S(sh) C(ch) J m n N(ng) l r w y h.
// Vowels: i(ee) I e a A(o in hot) o(oh) u(oo) V(u in cut, schwa) E(ay) Y(eye) W(ow) O(oy) R(er).
func sounds(word string) string {
	word = strings.ReplaceAll(word, "'", "")
	var out []byte
	for i := 0; i < len(word); {
		s, n := soundAt(word, i)
		for k := range len(s) {
			if len(out) == 0 || out[len(out)-1] != s[k] { // doubled letters are one sound
				out = append(out, s[k])
			}
		}
		i += n
	}
	return string(out)
}

// englishSounds are spellings of one sound or two, the longer first where one
// begins with another.
var englishSounds = []struct{ letters, sounds string }{
	{"ough", "o"}, {"augh", "A"}, {"eigh", "E"}, {"tion", "SVn"}, {"sion", "SVn"}, {"igh", "Y"}, {"tch", "C"}, {"dge", "J"}, {"ture", "CR"},
	{"eau", "o"}, {"ear", "iR"}, {"eer", "iR"}, {"air", "eR"}, {"are", "eR"}, {"our", "WR"}, {"ore", "oR"}, {"oor", "oR"}, {"ire", "YR"}, {"ure", "uR"},
	{"ous", "Vs"}, {"ck", "k"}, {"ch", "C"}, {"sh", "S"}, {"th", "T"}, {"ph", "f"}, {"wh", "w"}, {"qu", "kw"}, {"ng", "N"}, {"gh", ""},
	{"ee", "i"}, {"ea", "i"}, {"ei", "i"}, {"ie", "i"}, {"ey", "i"}, {"oo", "u"}, {"ou", "W"}, {"ow", "W"}, {"oa", "o"}, {"oi", "O"}, {"oy", "O"},
	{"ai", "E"}, {"ay", "E"}, {"au", "A"}, {"aw", "A"}, {"ue", "u"}, {"ui", "u"}, {"ew", "u"},
	{"ar", "AR"}, {"er", "R"}, {"ir", "R"}, {"or", "oR"}, {"ur", "R"},
}

// soundAt reads the sounds of the letters at i, and says how many letters they are.
func soundAt(w string, i int) (string, int) {
	rest := w[i:]
	if i == 0 {
		for _, silent := range []string{"kn", "wr", "gn", "ps"} {
			if strings.HasPrefix(rest, silent) {
				return soundOf(silent[1]), 2
			}
		}
	}
	if len(rest) == 2 && rest == "le" && i > 0 {
		return "Vl", 2
	}
	if len(rest) >= 3 && isVowel(rest[0]) && !isVowel(rest[1]) && rest[2] == 'e' && (len(rest) == 3 || len(rest) == 4 && rest[3] == 's') && rest[1] != 'r' && rest[1] != 'x' {
		// a silent e makes the vowel before it long: lime, lights' side
		if long, ok := map[byte]string{'a': "E", 'e': "i", 'i': "Y", 'o': "o", 'u': "u"}[rest[0]]; ok {
			return long, 1
		}
	}
	for _, p := range englishSounds {
		if strings.HasPrefix(rest, p.letters) {
			return p.sounds, len(p.letters)
		}
	}
	next := byte(0)
	if len(rest) > 1 {
		next = rest[1]
	}
	soft := next == 'e' || next == 'i' || next == 'y'
	switch c := rest[0]; c {
	case 'e':
		if len(rest) == 1 && i > 1 || len(rest) == 2 && rest[1] == 'd' && i > 1 && w[i-1] != 't' && w[i-1] != 'd' {
			return "", 1 // silent at the end
		}
		if len(rest) == 1 {
			return "i", 1
		}
		return "e", 1
	case 'c':
		if soft {
			return "s", 1
		}
		return "k", 1
	case 'g':
		if soft && i > 0 {
			return "J", 1
		}
		return "g", 1
	case 's':
		if i == len(w)-1 && i > 0 && strings.IndexByte("aeioubdglmnrvwy", w[i-1]) >= 0 {
			return "z", 1
		}
		return "s", 1
	case 'y':
		if i == 0 {
			return "y", 1
		}
		if len(w) <= 3 {
			return "Y", 1
		}
		return "i", 1
	case 'o':
		if len(rest) == 1 {
			return "o", 1
		}
		return "A", 1
	case 'a':
		if len(rest) == 1 && i > 0 {
			return "V", 1
		}
		return "a", 1
	case 'i':
		return "I", 1
	case 'u':
		return "V", 1
	case 'j':
		return "J", 1
	case 'x':
		return "ks", 1
	default:
		return soundOf(c), 1
	}
}

func soundOf(c byte) string { return string(c) }

func isVowel(c byte) bool { return strings.IndexByte("aeiou", c) >= 0 }

// confusion costs, in twentieths: how much it takes for one sound to be heard as
// another. Whole numbers are compared several times as fast as fractions.
const (
	whole      = 20
	voicing    = 5  // b for p
	nearPlace  = 9  // p for t, m for n
	sameClass  = 12 // another stop, another fricative
	vowelNear  = 5
	vowelOther = 9
	different  = whole
	vowelLost  = 10
	weakLost   = 8 // h, a schwa, t and d, which are often swallowed
	soundLost  = 15
)

// knownSounds are the sounds that sounds writes; any other byte is unlike all others.
const knownSounds = "pbtdkgfvTszSCJmnNlrwyhiIeaAouVEYWOR"

// confuse is the table of what one sound costs for another. It is small enough to
// stay in the processor's nearest memory: most of the work of repair reads it.
type confuse struct {
	code  [256]uint8 // of a sound: its row, 0 for one that is not known
	table [len(knownSounds) + 1][len(knownSounds) + 1]int32
	lost  [len(knownSounds) + 1]int32
}

func newConfusion() *confuse {
	c := &confuse{}
	for i := range len(knownSounds) {
		c.code[knownSounds[i]] = uint8(i + 1)
	}
	for i := range c.table {
		for k := range c.table[i] {
			if i != k {
				c.table[i][k] = different
			}
		}
		c.lost[i] = soundLost
	}
	set := func(cost int32, groups ...string) {
		for _, g := range groups {
			for i := range len(g) {
				for k := range len(g) {
					if at := &c.table[c.code[g[i]]][c.code[g[k]]]; i != k {
						*at = min(*at, cost)
					}
				}
			}
		}
	}
	vowels := "iIeaAouVEYWOR"
	set(voicing, "pb", "td", "kg", "fv", "sz", "CJ", "SJ")
	set(nearPlace, "mn", "nN", "fT", "sS", "SC", "Ts", "vw", "vb", "lr", "wr", "rR", "wl", "Tt", "Td", "zJ")
	set(sameClass, "ptk", "bdg", "fsTS", "vzJ", "mnN", "lrwy")
	set(vowelNear, "iI", "Ie", "ea", "aV", "AV", "Ao", "ou", "uV", "eE", "Ei", "YA", "WA", "VI", "RV", "OY", "oW", "aA", "RA")
	set(vowelOther, vowels)
	for i := range len(vowels) {
		c.lost[c.code[vowels[i]]] = vowelLost
	}
	for _, weak := range "hVtdR" {
		c.lost[c.code[weak]] = weakLost
	}
	return c
}

// maxSounds bounds the sounds that are compared.
const maxSounds = 40

// apart is how far two sequences of sounds are from each other: 0 for the same,
// about 1 for nothing in common. More than limit is not told apart.
func (c *confuse) apart(a, b string, limit float32) float32 {
	if len(a) > maxSounds || len(b) > maxSounds || len(a) == 0 || len(b) == 0 {
		return 1
	}
	longer := max(len(a), len(b))
	most := int32(limit*whole*float32(longer) + 1e-3)
	if d := len(a) - len(b); int32(max(d, -d))*weakLost > most {
		return 1
	}
	var row [maxSounds + 1]int32
	var codes [maxSounds]uint8
	for k := range len(b) {
		codes[k] = c.code[b[k]]
		row[k+1] = row[k] + c.lost[codes[k]]
	}
	for i := range len(a) {
		code := c.code[a[i]]
		costs, gone := &c.table[code], c.lost[code]
		diagonal := row[0]
		row[0] += gone
		before, least := row[0], row[0]
		for k := range len(b) {
			swap := costs[codes[k]]
			if code == 0 && codes[k] == 0 && a[i] != b[k] {
				swap = different
			}
			cost := min(diagonal+swap, row[k+1]+gone, before+c.lost[codes[k]])
			diagonal, row[k+1] = row[k+1], cost
			before = cost
			least = min(least, cost)
		}
		if least > most {
			return 1
		}
	}
	return min(1, float32(row[len(b)])/float32(whole*longer))
}

// misspelled is how far two words are from each other in letters, 0..1: letters
// changed, left out, put in, or swapped with their neighbour.
func misspelled(a, b string) float32 {
	if len(a) > maxSounds || len(b) > maxSounds {
		return 1
	}
	var before, last, row [maxSounds + 1]int
	for k := range len(b) + 1 {
		last[k] = k
	}
	for i := range len(a) {
		row[0] = i + 1
		for k := range len(b) {
			cost := 1
			if a[i] == b[k] {
				cost = 0
			}
			row[k+1] = min(last[k]+cost, last[k+1]+1, row[k]+1)
			if i > 0 && k > 0 && a[i] == b[k-1] && a[i-1] == b[k] {
				row[k+1] = min(row[k+1], before[k-1]+1)
			}
		}
		before, last = last, row
	}
	return float32(last[len(b)]) / float32(max(len(a), len(b), 1))
}

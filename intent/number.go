package intent

import (
	"math"
	"strconv"
	"strings"
)

// numberLanguage is how one language says numbers.
type numberLanguage struct {
	words map[string]numberWord
}

type numberWord struct {
	kind  numberKind
	value float64
}

type numberKind uint8

const (
	numNone numberKind = iota
	numZero
	numUnit // one to nine
	numTeen // ten to nineteen
	numTens // twenty to ninety
	numHundred
	numThousand
	numDigits // written
	numA      // a hundred, a half
	numAnd
	numPoint
	numHalf
	numQuarter
	numMinus
)

func englishNumbers() numberLanguage {
	words := map[string]numberWord{
		"zero": {numZero, 0}, "oh": {numZero, 0}, "nought": {numZero, 0},
		"hundred": {numHundred, 100}, "thousand": {numThousand, 1000},
		"a": {numA, 1}, "an": {numA, 1}, "and": {numAnd, 0}, "point": {numPoint, 0}, "dot": {numPoint, 0},
		"half": {numHalf, 0.5}, "quarter": {numQuarter, 0.25}, "minus": {numMinus, 0}, "negative": {numMinus, 0},
	}
	for i, w := range strings.Fields("one two three four five six seven eight nine") {
		words[w] = numberWord{numUnit, float64(i + 1)}
	}
	for i, w := range strings.Fields("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen") {
		words[w] = numberWord{numTeen, float64(i + 10)}
	}
	for i, w := range strings.Fields("twenty thirty forty fifty sixty seventy eighty ninety") {
		words[w] = numberWord{numTens, float64(i*10 + 20)}
	}
	return numberLanguage{words}
}

// parse finds every number that begins at pos and calls emit with where it ends.
// It reports whether the text ends inside what could still become a number, or a longer one.
func (l numberLanguage) parse(text string, pos int, emit func(end int, value float64)) (more bool) {
	var (
		sign            = 1.0
		total, cur      float64
		decimal, weight float64
		last            = numNone
		fraction        bool
	)
	value := func() float64 { return sign * (total + cur + decimal) }
	for i := pos; ; {
		if i >= len(text) {
			return true
		}
		word, end := numberToken(text, i)
		if word == "" {
			return false
		}
		w, known := l.words[word]
		if c := word[0]; c >= '0' && c <= '9' || c == '-' {
			v, err := strconv.ParseFloat(word, 64)
			if err != nil {
				return false
			}
			w, known = numberWord{numDigits, v}, true
		}
		if !known {
			return end == len(text) && l.begins(word)
		}
		complete := true
		switch {
		case fraction:
			return false
		case decimal != 0 || last == numPoint || weight != 0:
			switch w.kind {
			case numUnit, numZero:
			case numDigits:
				if w.value != math.Trunc(w.value) || w.value < 0 {
					return false
				}
			default:
				return false
			}
			if weight == 0 {
				weight = 1
			}
			for range len(word) {
				weight /= 10
				if w.kind != numDigits {
					break
				}
			}
			decimal += w.value * weight
		case w.kind == numMinus && last == numNone:
			sign, complete = -1, false
		case w.kind == numZero && (last == numNone || last == numMinus):
		case w.kind == numDigits && (last == numNone || last == numMinus || last == numThousand || last == numHundred || last == numAnd):
			if last == numMinus && w.value < 0 {
				return false
			}
			cur += w.value
		case w.kind == numUnit && (last == numNone || last == numMinus || last == numTens || last == numHundred || last == numThousand || last == numAnd),
			(w.kind == numTeen || w.kind == numTens) && (last == numNone || last == numMinus || last == numHundred || last == numThousand || last == numAnd):
			cur += w.value
		case w.kind == numHundred && cur < 100 && cur >= 0 && cur == math.Trunc(cur) && last != numHundred && last != numThousand && last != numZero && last != numAnd:
			if cur == 0 {
				cur = 1
			}
			cur *= 100
		case w.kind == numThousand && total == 0 && cur < 1000 && cur >= 0 && cur == math.Trunc(cur) && last != numThousand && last != numZero && last != numAnd:
			if cur == 0 {
				cur = 1
			}
			total, cur = cur*1000, 0
		case w.kind == numA && (last == numNone || last == numMinus || last == numAnd):
			complete = false
		case w.kind == numAnd && last != numNone && last != numMinus && last != numA && last != numAnd && last != numPoint:
			complete = false
		case w.kind == numPoint && last != numNone && last != numMinus && last != numA && last != numAnd:
			complete = false
		case (w.kind == numHalf || w.kind == numQuarter) && (last == numNone || last == numA || last == numAnd || last == numMinus):
			cur += w.value
			fraction = true
		default:
			return false
		}
		// "and" needs hundreds, thousands or a fraction around it: "twenty and five" is two numbers.
		if last == numAnd && w.kind != numA && !fraction && cur+total < 100 {
			return false
		}
		if last == numA && w.kind != numHundred && w.kind != numThousand && !fraction {
			return false
		}
		if complete {
			emit(end, value())
		}
		last = w.kind
		i = end
		if i < len(text) && text[i] == ' ' {
			i++
		} else if i < len(text) {
			return false
		}
	}
}

// numberToken is the word, or the written number, at i.
func numberToken(text string, i int) (string, int) {
	j := i
	if text[j] == '-' {
		j++
	}
	digits := j
	for j < len(text) && (text[j] >= '0' && text[j] <= '9' || text[j] == '.' && j > digits) {
		j++
	}
	if j > digits {
		return text[i:j], j
	}
	for j = i; j < len(text) && text[j] >= 'a' && text[j] <= 'z'; j++ {
	}
	if j < len(text) && !boundary(text, j) {
		return "", j
	}
	return text[i:j], j
}

// begins tells whether a number word begins with s.
func (l numberLanguage) begins(s string) bool {
	for w := range l.words {
		if strings.HasPrefix(w, s) {
			return true
		}
	}
	return false
}

// numberRange is a list of numbers: from..to in steps, perhaps with fractions.
type numberRange struct {
	from, to, step float64
	fraction       float64 // 0.5 for halves, 0.1 for tenths, 0 for none
	multiplier     float64
}

func (r numberRange) contains(v float64) bool {
	if v < r.from || v > r.to {
		return false
	}
	step := r.step
	if r.fraction != 0 {
		step = r.fraction
	}
	n := (v - r.from) / step
	return math.Abs(n-math.Round(n)) < 1e-9
}

// value is what goes into the slot for the number v that was said.
func (r numberRange) value(v float64) float64 {
	return math.Round(v*r.multiplier*1e9) / 1e9
}

package intent

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// numberFile is how a language says numbers. The texts are templates without
// lists and rules; spaces count. The first text of each is the one that Cricket
// itself says for it.
type numberFile struct {
	Zero      string             `yaml:"zero"`
	Ones      []string           `yaml:"ones"`      // 1 to 9
	Teens     []string           `yaml:"teens"`     // 10 to 19
	Tens      []string           `yaml:"tens"`      // 20 to 90
	Pair      string             `yaml:"pair"`      // 21 to 99, of {ten} and {one}
	Also      map[int]string     `yaml:"also"`      // below 100, where pair is not, or not all, that is said
	Hundreds  []string           `yaml:"hundreds"`  // 100 to 900
	Hundred   string             `yaml:"hundred"`   // behind 11 to 99, where people count so: twelve hundred
	Thousand  string             `yaml:"thousand"`  // 1000 without a number before it
	Thousands string             `yaml:"thousands"` // behind 2 to 999
	Link      string             `yaml:"link"`      // between hundreds or thousands and what follows
	Point     string             `yaml:"point"`     // before decimals
	Minus     string             `yaml:"minus"`
	Behind    map[string]float64 `yaml:"behind"`        // fractions behind a whole number: " and a half"
	Fractions map[string]float64 `yaml:"fractions"`     // fractions by themselves
	Comma     bool               `yaml:"decimal_comma"` // 1.000 is a thousand
	Ordinals  []string           `yaml:"ordinals"`      // first to tenth
}

// numbers reads and says the numbers of a language.
type numbers struct {
	oneDigit  numberTrie // 0 to 9, said one by one behind the point
	below100  numberTrie // 1 to 99
	zero      numberTrie
	hundreds  numberTrie
	hundred   numberTrie
	thousand  numberTrie
	thousands numberTrie
	link      numberTrie
	point     numberTrie
	minus     numberTrie
	behind    numberTrie
	fractions numberTrie
	comma     bool

	first        byteSet
	words        []string       // every word of a number
	said         [100]string    // how 0 to 99 are said
	saidHundreds [10]string     // how 100 to 900 are said
	join         string         // between hundreds and the rest
	digits       map[string]int // words that are a number below 100 by themselves
	hundred1     []string       // the ways to say 100
	ordinals     [][]string     // first to tenth, each in its forms
}

// numberTrie holds texts and the numbers that they stand for.
type numberTrie []numberNode

type numberNode struct {
	child, sibling int32
	label          byte
	end            bool
	value          float64
}

func (t *numberTrie) add(text string, value float64) {
	if len(*t) == 0 {
		*t = append(*t, numberNode{})
	}
	at := int32(0)
	for i := range len(text) {
		c := (*t)[at].child
		for c != 0 && (*t)[c].label != text[i] {
			c = (*t)[c].sibling
		}
		if c == 0 {
			c = int32(len(*t))
			*t = append(*t, numberNode{label: text[i], sibling: (*t)[at].child})
			(*t)[at].child = c
		}
		at = c
	}
	if !(*t)[at].end {
		(*t)[at].end, (*t)[at].value = true, value
	}
}

func (f *numberFile) read(l *letters) (*numbers, error) {
	if len(f.Ones) != 9 || len(f.Teens) != 10 || len(f.Tens) != 8 || len(f.Hundreds) != 9 {
		return nil, fmt.Errorf("%d ones, %d teens, %d tens, %d hundreds: wanted 9, 10, 8, 9", len(f.Ones), len(f.Teens), len(f.Tens), len(f.Hundreds))
	}
	n := &numbers{comma: f.Comma, digits: map[string]int{}}
	words := map[string]bool{}
	var fault error
	put := func(template string, value float64, into ...*numberTrie) string {
		texts, err := l.expanded(template)
		if err != nil && fault == nil {
			fault = fmt.Errorf("%q: %w", template, err)
		}
		for _, text := range texts {
			for _, t := range into {
				t.add(text, value)
			}
			for _, w := range strings.Fields(text) {
				words[w] = true
			}
		}
		if len(texts) == 0 {
			return ""
		}
		return texts[0]
	}
	number := func(template string, value int) {
		said := put(template, float64(value), &n.below100)
		if n.said[value] == "" {
			n.said[value] = said
		}
		if said != "" && !strings.Contains(said, " ") && n.digits[said] == 0 {
			n.digits[said] = value
		}
	}
	n.said[0] = put(f.Zero, 0, &n.zero, &n.oneDigit)
	for i, t := range f.Ones {
		number(t, i+1)
		put(t, float64(i+1), &n.oneDigit)
	}
	for i, t := range f.Teens {
		number(t, i+10)
	}
	for value, t := range f.Also {
		if value < 1 || value > 99 {
			return nil, fmt.Errorf("also: %d is not 1 to 99", value)
		}
		number(t, value)
	}
	for i, ten := range f.Tens {
		number(ten, i*10+20)
		for j, one := range f.Ones {
			pair := strings.NewReplacer("{ten}", "("+ten+")", "{one}", "("+one+")").Replace(f.Pair)
			number(pair, i*10+20+j+1)
		}
	}
	for i, t := range f.Hundreds {
		n.saidHundreds[i+1] = put(t, float64(i+1)*100, &n.hundreds)
	}
	for template, into := range map[string]*numberTrie{
		f.Hundred: &n.hundred, f.Thousand: &n.thousand, f.Thousands: &n.thousands, f.Link: &n.link,
		f.Point: &n.point, f.Minus: &n.minus,
	} {
		if template != "" {
			put(template, 1, into)
		}
	}
	for template, value := range f.Behind {
		put(template, value, &n.behind)
	}
	for template, value := range f.Fractions {
		put(template, value, &n.fractions)
	}
	n.hundred1, _ = l.expanded(f.Hundreds[0])
	links, err := l.expanded(f.Link)
	if err != nil {
		return nil, fmt.Errorf("link: %w", err)
	}
	n.join = slices.MinFunc(links, func(a, b string) int { return len(a) - len(b) })
	for _, t := range f.Ordinals {
		texts, err := l.expanded(t)
		if err != nil {
			return nil, fmt.Errorf("ordinal %q: %w", t, err)
		}
		n.ordinals = append(n.ordinals, texts)
	}
	n.words = slices.Sorted(maps.Keys(words))
	for _, b := range []byte("0123456789-") {
		n.first.add(b)
	}
	for _, t := range []numberTrie{n.zero, n.below100, n.hundreds, n.thousand, n.minus, n.fractions} {
		if len(t) > 0 {
			for c := t[0].child; c != 0; c = t[c].sibling {
				n.first.add(t[c].label)
			}
		}
	}
	return n, fault
}

// say writes 0 to 999 in words.
func (n *numbers) say(v int) string {
	if v < 100 {
		return n.said[v]
	}
	if v%100 == 0 {
		return n.saidHundreds[v/100]
	}
	return n.saidHundreds[v/100] + n.join + n.said[v%100]
}

// reading of a number: where it ends, and what it is.
type numberEnd struct {
	end   int
	value float64
}

// numberReader finds the numbers of one text.
type numberReader struct {
	*numbers
	text string
	more bool // the text ends inside a number, or where a longer one is possible
}

// parse finds every number that begins at pos and calls emit with where it ends,
// at the end of a word or inside one: "sevenly" is seven, and it is for the
// caller to ask for the end of the word. It reports whether the text ends inside
// what could still become a number, or a longer one.
func (n *numbers) parse(text string, pos int, emit func(end int, value float64)) (more bool) {
	r := numberReader{numbers: n, text: text}
	var space [48]numberEnd
	found := r.signed(pos, space[:0])
	for _, f := range found {
		emit(f.end, f.value)
		r.more = r.more || f.end == len(text)
	}
	return r.more
}

// walk adds what a trie has at pos.
func (r *numberReader) walk(t numberTrie, pos int, out []numberEnd) []numberEnd {
	if len(t) == 0 {
		return out
	}
	at := int32(0)
	for i := pos; ; i++ {
		if t[at].end {
			out = append(out, numberEnd{i, t[at].value})
		}
		c := t[at].child
		if i == len(r.text) {
			r.more = r.more || c != 0 && i > pos
			return out
		}
		for c != 0 && t[c].label != r.text[i] {
			c = t[c].sibling
		}
		if c == 0 {
			return out
		}
		at = c
	}
}

// written adds the number in digits at pos.
func (r *numberReader) written(pos int, out []numberEnd) []numberEnd {
	i := pos
	for i < len(r.text) && (r.text[i] >= '0' && r.text[i] <= '9' || r.text[i] == '.' && i > pos && r.text[i-1] != '.') {
		i++
	}
	if i == pos {
		return out
	}
	digits := r.text[pos:i]
	if whole, rest, ok := strings.Cut(digits, "."); ok && r.comma && len(rest) == 3 {
		digits = whole + rest
	}
	v, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return out
	}
	return append(out, numberEnd{i, v})
}

// add appends a number unless it was found already.
func addNumber(out []numberEnd, end int, value float64) []numberEnd {
	if e := (numberEnd{end, value}); !slices.Contains(out, e) {
		out = append(out, e)
	}
	return out
}

func (r *numberReader) signed(pos int, out []numberEnd) []numberEnd {
	out = r.unsigned(pos, out)
	if pos < len(r.text) && r.text[pos] == '-' {
		n := len(out)
		out = r.unsigned(pos+1, out)
		negate(out[n:])
		return out
	}
	var space [2]numberEnd
	for _, sign := range r.walk(r.minus, pos, space[:0]) {
		n := len(out)
		out = r.unsigned(sign.end, out)
		negate(out[n:])
	}
	return out
}

func negate(found []numberEnd) {
	for i := range found {
		found[i].value = -found[i].value
	}
}

func (r *numberReader) unsigned(pos int, out []numberEnd) []numberEnd {
	out = r.walk(r.fractions, pos, out)
	base := len(out)
	out = r.whole(pos, out)
	last := len(out)
	for i := base; i < last; i++ {
		whole := out[i]
		if whole.value != math.Trunc(whole.value) {
			continue
		}
		var space [4]numberEnd
		for _, half := range r.walk(r.behind, whole.end, space[:0]) {
			out = addNumber(out, half.end, whole.value+half.value)
		}
		for _, point := range r.walk(r.point, whole.end, space[:0]) {
			out = r.decimals(point.end, whole.value, out)
		}
	}
	return out
}

// decimals reads what is behind the point: digits one by one, or one number.
func (r *numberReader) decimals(pos int, whole float64, out []numberEnd) []numberEnd {
	var space [8]numberEnd
	for _, d := range r.written(pos, space[:0]) {
		if width := d.end - pos; d.value == math.Trunc(d.value) {
			out = addNumber(out, d.end, whole+d.value/math.Pow10(width))
		}
	}
	for _, d := range r.walk(r.below100, pos, space[:0]) {
		if d.value >= 10 {
			out = addNumber(out, d.end, whole+d.value/100)
		}
	}
	weight := 0.1
	for value := whole; weight > 1e-7; weight /= 10 {
		found := r.walk(r.oneDigit, pos, space[:0])
		if len(found) == 0 {
			break
		}
		d := found[len(found)-1]
		value += d.value * weight
		out = addNumber(out, d.end, value)
		if pos = d.end; pos < len(r.text) && r.text[pos] == ' ' {
			pos++
		}
	}
	return out
}

// whole adds the numbers from 0 up that begin at pos.
func (r *numberReader) whole(pos int, out []numberEnd) []numberEnd {
	out = r.walk(r.zero, pos, out)
	small := len(out)
	out = r.below1000(pos, out)
	last := len(out)
	var space [16]numberEnd
	for _, t := range r.walk(r.thousand, pos, space[:0]) {
		out = addNumber(out, t.end, 1000)
	}
	for i := small; i < last; i++ {
		if count := out[i]; count.value >= 1 && count.value < 1000 && count.value == math.Trunc(count.value) {
			for _, t := range r.walk(r.thousands, count.end, space[:0]) {
				out = addNumber(out, t.end, count.value*1000)
			}
		}
	}
	for i, end := last, len(out); i < end; i++ {
		thousands := out[i]
		for _, link := range r.walk(r.link, thousands.end, space[:0]) {
			var rest [16]numberEnd
			for _, n := range r.below1000(link.end, rest[:0]) {
				if n.value >= 1 {
					out = addNumber(out, n.end, thousands.value+n.value)
				}
			}
		}
	}
	return out
}

// below1000 adds the numbers from 1 to 999, and those in digits.
func (r *numberReader) below1000(pos int, out []numberEnd) []numberEnd {
	base := len(out)
	out = r.written(pos, out)
	out = r.walk(r.below100, pos, out)
	last := len(out)
	out = r.walk(r.hundreds, pos, out)
	var space [8]numberEnd
	for i := base; i < last; i++ {
		if count := out[i]; count.value >= 1 && count.value < 100 && count.value == math.Trunc(count.value) {
			for _, h := range r.walk(r.hundred, count.end, space[:0]) {
				out = addNumber(out, h.end, count.value*100)
			}
		}
	}
	for i, end := last, len(out); i < end; i++ {
		hundreds := out[i]
		for _, link := range r.walk(r.link, hundreds.end, space[:0]) {
			var rest [8]numberEnd
			for _, n := range r.walk(r.below100, link.end, rest[:0]) {
				out = addNumber(out, n.end, hundreds.value+n.value)
			}
		}
	}
	return out
}

// numberRange is a list of numbers: from..to in steps, perhaps with fractions.
type numberRange struct {
	from, to, step float64
	fraction       float64 // 0.5 for halves, 0.1 for tenths, 0 for none
	multiplier     float64
	offset         float64 // what is added after multiplying
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
	return math.Round((v*r.multiplier+r.offset)*1e9) / 1e9
}

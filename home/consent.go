package home

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/cricket-home/cricket/intent"
)

// Agrees says whether a text is a plain yes, and nothing else. "OK" and "right" are
// none: people, and televisions, say them to anybody.
func (h *Home) Agrees(text string) bool {
	return slices.Contains(h.replies.Agree, strings.Join(h.replies.spoken(text), " "))
}

// Declines says whether a text is a plain no.
func (h *Home) Declines(text string) bool {
	return slices.Contains(h.replies.Decline, strings.Join(h.replies.spoken(text), " "))
}

// Digits is the digits of all numbers in a text, written or spoken, and how many
// other words there are: "one two 34" is "1234".
func (h *Home) Digits(text string) (digits string, others int) {
	for _, w := range h.replies.spoken(text) {
		switch n := slices.Index(h.replies.Numbers, w); {
		case n >= 0:
			digits += strconv.Itoa(n)
		case strings.Trim(w, "0123456789") == "":
			digits += w
		case slices.Contains(h.replies.Zero, w):
			digits += "0"
		default:
			others++
		}
	}
	return digits, others
}

// Answers says whether a text is a yes, a no or digits, or begins one: what a
// recogniser of closed phrases is to hear while the box asks for that.
func (h *Home) Answers(text string) (begins, whole bool) {
	words := h.replies.spoken(text)
	said := strings.Join(words, " ")
	for _, phrase := range slices.Concat(h.replies.Agree, h.replies.Decline) {
		begins = begins || strings.HasPrefix(phrase, said)
		whole = whole || phrase == said
	}
	if len(words) == 0 {
		return true, false
	}
	last := words[len(words)-1]
	_, before := h.Digits(strings.Join(words[:len(words)-1], " "))
	for _, n := range slices.Concat(h.replies.Numbers, h.replies.Zero) {
		begins = begins || before == 0 && strings.HasPrefix(n, last)
		whole = whole || before == 0 && n == last
	}
	return begins, whole
}

// spoken is the words of a text, without its punctuation. A hyphen joins.
func (r replies) spoken(text string) []string {
	if r.Letters == "turkish" {
		text = strings.ToLowerSpecial(unicode.TurkishCase, text)
	}
	return strings.FieldsFunc(strings.ToLower(text), func(c rune) bool {
		return c != '-' && c != '\'' && !unicode.IsLetter(c) && !unicode.IsDigit(c) && !unicode.IsMark(c)
	})
}

// Intent is what a question is about, as if it had been asked for by itself.
func (q Question) Intent() intent.Intent {
	var all []intent.Intent
	for _, a := range q.steps {
		if n := len(all) - 1; n >= 0 && all[n].Name == a.in.Name {
			all[n].Targets = append(all[n].Targets, a.device)
			continue
		}
		in := a.in
		in.Targets = []string{a.device}
		all = append(all, in)
	}
	all = append(all, q.intents...)
	first := all[0]
	first.Also = all[1:]
	return first
}

// Nevermind is said when somebody does not want it after all.
func (h *Home) Nevermind() string { return h.replies.sentence(h.replies.say("nevermind")) }

// WrongCode is said when a code is not the one.
func (h *Home) WrongCode() string { return h.replies.sentence(h.replies.say("code.wrong")) }

// NoCode is said when a code was wanted, and something else was heard.
func (h *Home) NoCode() string { return h.replies.sentence(h.replies.say("code.unheard")) }

// CodesLocked is said when too many codes were wrong.
func (h *Home) CodesLocked(left time.Duration) string {
	return h.replies.sentence(h.locked(left))
}

func (h *Home) locked(left time.Duration) string {
	s := speaker{home: h, replies: h.replies}
	return s.say("code.locked", "time", s.duration(max(time.Minute, left.Round(time.Minute))))
}

package intent

import (
	"slices"
	"strings"
)

// Status is what a text is to the sentences, before anybody knows whether more comes.
type Status uint8

const (
	Dead       Status = iota // no sentence begins like this
	Prefix                   // a sentence begins like this
	Complete                 // a sentence, and no longer one begins like this
	Extendable               // a sentence, and a longer one begins like this
)

func (s Status) String() string {
	return [...]string{"dead", "prefix", "complete", "extendable"}[s]
}

// Complete tells whether the text is a sentence, whether or not it can go on.
func (s Status) Complete() bool { return s >= Complete }

// Check tells whether a text is a whole sentence or begins one. That another
// request may follow with "and" does not make a sentence Extendable.
func (r *Resolver) Check(text string) Status { return r.CheckAfter(Context{}, text) }

// CheckAfter is Check in a conversation: what answers the question that the house has
// asked, or goes on from the last request, is a sentence, too.
func (r *Resolver) CheckAfter(said Context, text string) Status {
	alone, follows := r.check(text), r.follows(said, text)
	switch {
	case follows == Complete && alone == Prefix && said.Open != nil:
		return Complete // "the lamp" is an answer, and hardly begins a command of its own
	case follows.Complete() && alone != Dead && alone != Complete, alone.Complete() && follows == Prefix:
		return Extendable
	}
	return max(alone, follows)
}

// follows looks only at what is said after something else.
func (r *Resolver) follows(said Context, text string) Status {
	if said == (Context{}) || len(text) > maxSentence || said.Exchange != nil || said.Open != nil && (said.Asks == AsksMessage || said.Asks == AsksItem) { // anything answers these
		return Dead
	}
	m := r.pool.Get().(*match)
	defer r.pool.Put(m)
	m.steps, m.spent = 0, false
	if text = r.s.lang.letters.normalize(text); text == "" {
		return Prefix
	}
	m.begin(r, text)
	m.devices, m.readings = m.devices[:0], m.readings[:0]
	m.run(entryFollow, said)
	whole := slices.ContainsFunc(m.parses, func(p parse) bool {
		_, fits := m.weigh(p, setting{room: -1, said: said})
		return fits
	})
	switch {
	case m.spent:
		return Dead
	case whole && m.more:
		return Extendable
	case whole:
		return Complete
	case m.more:
		return Prefix
	}
	return Dead
}

// check looks at a text that nothing was said before.
func (r *Resolver) check(text string) Status {
	m := r.pool.Get().(*match)
	defer r.pool.Put(m)
	m.steps, m.spent = 0, false
	if len(text) > maxSentence {
		return Dead
	}
	written := text
	text = r.s.lang.letters.normalize(text)
	if text == "" {
		return Prefix
	}
	s := m.check(r, text, false)
	if s.Complete() || len(m.parses) > 0 {
		return s
	}
	if _, list, refused := m.understand(r, written, setting{room: -1}); list != nil || refused.Refusal == Ambiguous {
		return Complete
	}
	m.steps, m.spent = 0, false // another question, another bound
	if s == Prefix || m.begins(r, text, maxRequests) || strings.Contains(written, ", ") && m.begins(r, r.s.lang.withAnd(written), maxRequests) {
		return Prefix
	}
	return Dead
}

// check looks at a single request.
func (m *match) check(r *Resolver, text string, nested bool) Status {
	if m.spent {
		return Dead
	}
	m.begin(r, text)
	m.run(entryPlain, Context{})
	if !m.more && !nested {
		m.more = m.delayMore(r, text)
	}
	switch {
	case m.spent:
		return Dead
	case len(m.parses) > 0 && m.more:
		return Extendable
	case len(m.parses) > 0:
		return Complete
	case m.more:
		return Prefix
	}
	return Dead
}

// delayMore tells whether text begins a sentence with another request in it, of
// which as much as there is of it must begin a request.
func (m *match) delayMore(r *Resolver, text string) bool {
	plain := len(m.parses)
	m.run(entryDelay, Context{})
	m.parses = m.parses[:plain]
	if m.more || m.spent {
		return m.more
	}
	for _, pos := range m.commands {
		if m.inner(func(n *match) bool {
			return n.check(r, text[pos:], true) != Dead || n.begins(r, text[pos:], maxRequests)
		}) {
			return true
		}
	}
	m.run(entryDelayLast, Context{})
	m.parses = m.parses[:plain]
	if !m.more {
		return false
	}
	for i := range text {
		if text[i] == ' ' && m.inner(func(n *match) bool { return n.check(r, text[:i], true).Complete() }) {
			return true
		}
	}
	return false
}

// begins tells whether several requests begin like text.
func (m *match) begins(r *Resolver, text string, most int) bool {
	if most == 0 || m.spent {
		return false
	}
	for i := 1; i < len(text); i++ {
		if text[i] != ' ' {
			continue
		}
		left, rest := text[:i], text[i:]
		for _, c := range r.s.lang.conjunctions {
			joined := strings.HasPrefix(rest, c)
			if !joined && !strings.HasPrefix(c, rest) {
				continue
			}
			if m.check(r, left, false) == Dead {
				return false
			}
			if !joined || len(rest) == len(c) {
				return true
			}
			right := rest[len(c):]
			if slices.ContainsFunc(r.s.lang.conjunctions, func(c string) bool { return strings.HasPrefix(c, " "+right) }) {
				return true // "and then", "and al"
			}
			for _, t := range append([]string{right}, joinAll(r.s.lang.heads(left, right), right)...) {
				if m.check(r, t, false) != Dead || m.begins(r, t, most-1) {
					return true
				}
			}
			break
		}
	}
	return false
}

func joinAll(heads []string, tail string) []string {
	for i := range heads {
		heads[i] += " " + tail
	}
	return heads
}

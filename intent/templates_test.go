package intent

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// longLanguage is a made-up language of n templates, the same at every call: its own
// syllables, endings that are glued on, articles, optional words, lists, and the
// same few devices in each of its intents, as long sentence lists have them.
func longLanguage(n int) File {
	dice := rand.New(rand.NewPCG(7, 7))
	syllables := strings.Fields("ba be bi bo bu da de di do du fa fe fi fo fu ka ke ki ko ku la le li lo lu ma me mi mo mu na ne ni no nu ra re ri ro ru sa se si so su ta te ti to tu")
	word := func() string {
		var b strings.Builder
		for range 2 + dice.IntN(3) {
			b.WriteString(syllables[dice.IntN(len(syllables))])
		}
		return b.String()
	}
	var verbs, words []string
	for range 120 {
		verbs = append(verbs, word())
	}
	for range 400 {
		words = append(words, word())
	}
	pick := func(of []string) string { return of[dice.IntN(len(of))] }
	var b strings.Builder
	b.WriteString("language: en\nintents:\n")
	const perIntent = 50
	for i := range n / perIntent {
		fmt.Fprintf(&b, "  Intent%d:\n    data:\n      - sentences:\n", i)
		for range perIntent {
			target := []string{"<thing>", "<thing> <where>", "{area}[s] {kind:domain}", "<kinds>", "<all> <kinds> <where>"}[dice.IntN(5)]
			value := []string{"", " {level}[ percent]", " " + pick(words) + " {level}", " [" + pick(words) + "] {shade}"}[dice.IntN(4)]
			fmt.Fprintf(&b, "          - \"(%s|%s)[%s] %s [%s]%s [%s]\"\n", pick(verbs), pick(verbs), pick(syllables), target, pick(words), value, pick(words))
		}
		if i%2 == 0 {
			b.WriteString("        requires_context: {domain: light}\n")
		} else {
			fmt.Fprintf(&b, "        requires_context: {domain: [switch, fan, cover]}\n        slots: {source: s%d}\n", i)
		}
	}
	b.WriteString(`expansion_rules:
  art: "(ku|ka|ki[r]|lo)"
  thing: "[<art> ]{name}[(s|n)]"
  where: "(na|ne[r]|ri) [<art> ]{area}[(s|n)]"
  all: "(tuto|tuta|sume[r])"
  kinds: "[<art> ]{kind:domain}"
lists:
  kind: {values: [{in: "lumi[n]", out: light}, {in: "sito[n]", out: switch}, {in: "vento[s]", out: fan}]}
  shade: {values: [{in: "roso", out: red}, {in: "bulo", out: blue}, {in: "verdo", out: green}]}
  level: {range: {from: 0, to: 100}}
`)
	return File{Name: "long.yaml", Data: []byte(b.String())}
}

// sayings are sentences of the language, made from its templates, and some that are not.
func sayings(s *Sentences, names []string) []string {
	dice := rand.New(rand.NewPCG(8, 8))
	var say func(e expr, sc map[string]ruleText) string
	say = func(e expr, sc map[string]ruleText) string {
		switch e.kind {
		case exprText:
			return e.text
		case exprSeq:
			var b strings.Builder
			for _, k := range e.kids {
				b.WriteString(say(k, sc))
			}
			return b.String()
		case exprOpt:
			if dice.IntN(2) == 0 {
				return ""
			}
			return say(e.kids[0], sc)
		case exprRule:
			return say(sc[e.text].expr, sc)
		case exprList:
			return map[string]string{"name": names[dice.IntN(len(names))], "area": "red kitchen", "kind": "lumi", "shade": "bulo", "level": "twenty five"}[e.text]
		}
		return say(e.kids[dice.IntN(len(e.kids))], sc)
	}
	var out []string
	for i, b := range s.blocks {
		for k, t := range b.sentences {
			if (i+k)%5 == 0 {
				text := say(t.expr, s.spoken[0].scope.rules)
				out = append(out, text, text+" babebibo", strings.Replace(text, " ", " ku ", 1))
			}
		}
	}
	return out
}

// someNames are names of devices of the big home, lights and others.
func someNames() []string {
	var out []string
	for _, e := range bigHome(60).Entities {
		out = append(out, e.Name)
	}
	return out
}

// Twice the templates are twice the states, not more, and a sentence costs few steps in both.
func TestLongLanguage(t *testing.T) {
	compile := func(n int) *Sentences {
		s, err := Compile("en", longLanguage(n))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	half, full := compile(2500), compile(5000)
	t.Logf("%d nodes for 2,500 templates, %d for 5,000", len(half.net.nodes), len(full.net.nodes))
	if a, b := len(half.net.nodes), len(full.net.nodes); b > a*22/10 {
		t.Errorf("%d nodes for 2,500 templates, %d for 5,000", a, b)
	}
	if n := len(full.net.nodes); n > 130_000 {
		t.Errorf("%d nodes for 5,000 templates", n)
	}
	r := full.Bind(bigHome(1000))
	texts := sayings(full, someNames())
	steps := make([]int, 0, len(texts))
	understood := 0
	m := newMatch()
	for _, text := range texts {
		m.steps, m.spent = 0, false
		if _, list, refused := m.understand(r, text, setting{room: 0}); list != nil || refused.Refusal == Ambiguous {
			understood++
		}
		steps = append(steps, m.steps)
	}
	slices.Sort(steps)
	p95, most := steps[len(steps)*95/100], steps[len(steps)-1]
	t.Logf("%d sentences, %d understood; steps p95 %d, most %d", len(texts), understood, p95, most)
	if understood < len(texts)/8 {
		t.Errorf("only %d of %d are understood", understood, len(texts))
	}
	if p95 > 5000 || most > maxSteps {
		t.Errorf("p95 %d steps, at most %d", p95, most)
	}
}

// The template tier alone, and with the repair of what it does not understand.
func BenchmarkResolveLongLanguage(b *testing.B) {
	s, err := Compile("en", longLanguage(5000))
	if err != nil {
		b.Fatal(err)
	}
	r := s.Bind(bigHome(1000))
	all := sayings(s, someNames())
	run := func(b *testing.B, resolve func(text string)) {
		took := make([]time.Duration, 0, b.N)
		runtime.LockOSThread() // the thread's own processor time: others may be busy
		defer runtime.UnlockOSThread()
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			start := processor(b)
			resolve(all[i%len(all)])
			took = append(took, processor(b)-start)
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)*95/100].Microseconds()), "p95-cpu-µs")
	}
	b.Run("templates", func(b *testing.B) {
		run(b, func(text string) { r.Match(Query{Text: text, Room: "area_0"}) })
	})
	b.Run("resolve", func(b *testing.B) {
		run(b, func(text string) { r.Resolve(Query{Text: text, Room: "area_0"}) })
	})
}

package intent

import (
	"slices"
	"strings"
	"testing"
)

// What was misheard, or said in a way of its own, is resolved as what was meant.
func TestRepairFindsWhatWasMeant(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	for _, c := range []struct {
		name, say, room string
		intent          string
		targets         []string
	}{
		{"a name that sounds like it", "turn on the sealing light", "kitchen", "HassTurnOn", []string{"light.kitchen_ceiling"}},
		{"a name with a letter wrong", "turn off the cofee machine", "kitchen", "HassTurnOff", []string{"switch.coffee_machine"}},
		{"words of its own", "the coffee machine is not needed any more, turn it off", "kitchen", "HassTurnOff", []string{"switch.coffee_machine"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := r.Resolve(Query{Text: c.say, Room: c.room})
			if in.Name != c.intent || !slices.Equal(in.Targets, c.targets) || in.Tier != Repair || in.Confidence < actAt || in.Confidence > 1 {
				t.Errorf("%q: got %q %v (%s, %s, %.2f), want %q %v by repair", c.say, in.Name, in.Targets, in.Refusal, in.Tier, in.Confidence, c.intent, c.targets)
			}
		})
	}
}

// What opens the house is asked about, however sure the repair tier is.
func TestRepairAsksBeforeItUnlocks(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	asked := 0
	for _, say := range []string{
		"unlock the frond door", "unlok the front door", "the front door should be unlocked for the guests", "oben the garage door", "open the garrage door", "lok the front door",
	} {
		in := r.Resolve(Query{Text: say})
		if in.Refusal == "" {
			t.Errorf("%q acts: %s %v (%s)", say, in.Name, in.Targets, in.Tier)
		}
		if in.Refusal == Ambiguous {
			asked++
			if in.Open == nil || !slices.Equal(in.Candidates, in.Open.Targets) || len(in.Candidates) == 0 {
				t.Errorf("%q: asks about %v, but what is open is %+v", say, in.Candidates, in.Open)
			}
		}
	}
	if asked == 0 {
		t.Error("none of them is asked about: nothing was tested")
	}
}

// The recogniser's second guess is taken when its first means nothing.
func TestRepairTakesAlternatives(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	q := Query{Text: "turner the pin door", Room: "kitchen", Alternatives: []Alternative{
		{"turn of the pin door", 0.9}, {"turn on the printer", 0.9},
	}}
	if in := r.Resolve(q); in.Name != "HassTurnOn" || !slices.Equal(in.Targets, []string{"switch.printer"}) {
		t.Errorf("got %q %v (%s, %.2f)", in.Name, in.Targets, in.Refusal, in.Confidence)
	}
	q.Alternatives[1].Confidence = 0.05
	if in := r.Resolve(q); in.Refusal == "" {
		t.Errorf("an alternative that nobody believes acts: %q %v", in.Name, in.Targets)
	}
}

// A word that the recogniser was not sure of is sooner taken for another.
func TestDoubtMakesACorrectionCheaper(t *testing.T) {
	s := compileBuiltin(t)
	l := s.lexicon().with([]spelling{{text: "lamp"}})
	known := func(string) bool { return true }
	cost := func(doubt float32) float32 {
		list, _ := l.corrections([]string{"lamb"}, known, []float32{doubt})
		for _, c := range list {
			if c.text == "lamp" {
				return c.cost
			}
		}
		t.Fatal("lamp is not proposed for lamb")
		return 0
	}
	if sure, unsure := cost(0), cost(0.9); unsure >= sure {
		t.Errorf("lamp for lamb costs %.3f where lamb was heard for sure, %.3f where not", sure, unsure)
	}
}

// What would change nothing is less probably meant.
func TestStateSpeaksAgainstWhatIsDoneAlready(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	confidence := func(state string) float64 {
		f, ok := r.repair(Query{Text: "oben the blainds", Room: "kitchen", States: map[string]string{"cover.kitchen_blinds": state}})
		if !ok {
			t.Fatal("nothing found")
		}
		if f.idle != (state == "open") {
			t.Errorf("blinds that are %s: idle is %v", state, f.idle)
		}
		return f.confidence()
	}
	if closed, open := confidence("closed"), confidence("open"); closed <= open {
		t.Errorf("confidence to open them: %.3f where they are closed, %.3f where they are open", closed, open)
	}
}

// No sentence costs more than its steps, however long the house's list of names is.
func TestRepairIsBounded(t *testing.T) {
	if maxRepairSteps > 40_000 || maxCompared > 10_000 { // measured: these take 8 ms, of the 10 that there are
		t.Errorf("%d steps and %d comparisons cost too much", maxRepairSteps, maxCompared)
	}
	r := compileBuiltin(t).Bind(bigHome(1000))
	all := slices.Concat(misheardSentences, otherTalk, adversarial, []string{
		strings.Repeat("lait ", 24), strings.Repeat("tern onn ", 12), strings.Repeat("a b ", 12), "turn on " + strings.Repeat("x", 300), "شغل الضوء في المطبخ", "\x00\x01 turn onn the lights \u202e",
	})
	for _, text := range all {
		_, _, w := r.search(Query{Text: text, Room: "area_0"})
		if w.steps > maxRepairSteps+maxTrySteps || w.tried > maxTried+maxFrames*maxForms+8 || w.compared > maxCompared {
			t.Errorf("%.60q: %d steps, %d sentences tried, %d words compared: at most %d, %d, %d", text, w.steps, w.tried, w.compared, maxRepairSteps+maxTrySteps, maxTried+maxFrames*maxForms+8, maxCompared)
		}
	}
}

func TestSounds(t *testing.T) {
	c := newConfusion()
	for _, x := range []struct{ a, near, far string }{
		{"lamp", "lamb", "list"}, {"light", "lite", "lit"}, {"ceiling", "sealing", "selling"}, {"blinds", "blines", "bloom"},
		{"knight", "night", "kite"}, {"phone", "fone", "pony"}, {"heater", "hitter", "header"}, {"kitchen", "chicken", "curtain"},
	} {
		near, far := c.apart(sounds(x.a), sounds(x.near), 1), c.apart(sounds(x.a), sounds(x.far), 1)
		if x.a != "kitchen" && x.a != "heater" && near >= far {
			t.Errorf("%s is %.2f from %s and %.2f from %s", x.a, near, x.near, far, x.far)
		}
		if d := c.apart(sounds(x.a), sounds(x.a), 1); d != 0 {
			t.Errorf("%s is %.2f from itself", x.a, d)
		}
	}
}

func TestWeightsRefuseNonsense(t *testing.T) {
	for _, c := range []struct{ data, want string }{
		{"-", "frames"}, {"-\t+\nw:on", "line 2 has 1 fields"}, {"-\t+\nw:on\t7:12", "no frame"}, {"-\t+\nw:on\t1:x", "no number"},
	} {
		if _, err := readLinear([]byte(c.data)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want something of %q", c.data, err, c.want)
		}
	}
	m, err := readLinear(englishWeights)
	if err != nil {
		t.Fatal(err)
	}
	again, err := readLinear(m.Text())
	if err != nil || len(again.features) != len(m.features) {
		t.Errorf("written and read again: %d features of %d, %v", len(again.features), len(m.features), err)
	}
	for _, f := range m.frames {
		if f != frameNothing && f != frameElsewhere && !slices.ContainsFunc(englishFrames, func(e frame) bool { return e.name == f }) {
			t.Errorf("the weights have the frame %q, which nothing says", f)
		}
	}
}

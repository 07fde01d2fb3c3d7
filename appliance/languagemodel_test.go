package appliance

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/intent/llm"
	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/internal/trace"
	"github.com/cricket-home/cricket/models/random"
	"github.com/cricket-home/cricket/voice/voicetest"
)

// oracle is a language model that knows one answer.
type oracle struct {
	answer llm.Answer
	err    error
	begins string // what it is sure of before the rest is there
	asked  []string
	told   []*intent.Exchange
	names  intent.Names
}

func (o *oracle) Run(ctx context.Context) error { <-ctx.Done(); return nil }
func (o *oracle) SetHome(n intent.Names)        { o.names = n }
func (o *oracle) State() child.State            { return child.State{Running: true} }
func (o *oracle) Model() string                 { return "oracle.gguf" }
func (o *oracle) Answer(_ context.Context, q intent.Query, begun func(string)) (llm.Answer, llm.Stats, error) {
	o.asked, o.told = append(o.asked, q.Text), append(o.told, q.Context.Exchange)
	if o.begins != "" {
		begun(o.begins)
	}
	return o.answer, llm.Stats{}, o.err
}

func TestLanguageModelIsAskedLast(t *testing.T) {
	off := intent.Intent{Name: "HassTurnOff", Targets: []string{"light.lamp"}, Slots: map[string]any{"name": "Lamp"}, Tier: intent.LLM}
	for _, tt := range []struct {
		name, said string
		answer     llm.Answer
		err        error
		asked      bool
		want       string // intent, then what of the reply
	}{
		{"what templates know", "turn on the lamp", llm.Answer{Do: []intent.Intent{off}, Confidence: 1}, nil, false, "HassTurnOn: on"},
		{"an action", "my eyes hurt from all that glare", llm.Answer{Do: []intent.Intent{off}, Confidence: 0.9}, nil, true, "HassTurnOff: off"},
		{"a guess", "my eyes hurt from all that glare", llm.Answer{Do: []intent.Intent{off}, Confidence: 0.2}, nil, true, "not_recognized: sorry"},
		{"nothing for the house", "my eyes hurt from all that glare", llm.Answer{No: true, Confidence: 1}, nil, true, "not_recognized: sorry"},
		{"a question back", "my eyes hurt from all that glare", llm.Answer{Ask: "Which lamp?", Confidence: 0.9}, nil, true, "HassRespond: which lamp?"},
		{"an answer", "how far is it to the moon", llm.Answer{Say: "About 384,000 kilometres.", Confidence: 0.9}, nil, true, "HassRespond: the language model says: about 384,000"},
		{"a medical answer", "how much ibuprofen can i take", llm.Answer{Say: "Ten pills.", Confidence: 0.9}, nil, true, "HassRespond: i give no medical advice; ask"},
		{"a medical refusal", "how much ibuprofen can i take", llm.Answer{No: true, Confidence: 0.9}, nil, true, "HassRespond: i give no medical advice; ask"},
		{"a medical reason to do something", "i have a headache from all that glare", llm.Answer{Do: []intent.Intent{off}, Confidence: 0.9}, nil, true, "HassTurnOff: off"},
		{"a financial question back", "should i buy bitcoin", llm.Answer{Ask: "How much?", Confidence: 0.9}, nil, true, "HassRespond: i give no advice about money; ask"},
		{"too late", "my eyes hurt from all that glare", llm.Answer{}, context.DeadlineExceeded, true, "not_recognized: took me too long"},
		{"busy", "my eyes hurt from all that glare", llm.Answer{}, llm.ErrBusy, true, "not_recognized: took me too long"},
		{"down", "my eyes hurt from all that glare", llm.Answer{}, fmt.Errorf("language model %w", child.ErrDown), true, "not_recognized: sorry"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := &oracle{answer: tt.answer, err: tt.err}
			b := newBox(t, oneLamp, free(), true)
			b.model = o
			run(t, b.Run)
			if err := b.Ready(within(t)); err != nil {
				t.Fatal(err)
			}
			r := b.Ask(t.Context(), tt.said, Request{})
			got := string(r.Refusal)
			if r.Intent != nil {
				got = *r.Intent
			}
			name, reply, _ := strings.Cut(tt.want, ": ")
			if got != name || !strings.Contains(strings.ToLower(r.Reply), reply) {
				t.Errorf("%s: %q, want %s", got, r.Reply, tt.want)
			}
			if (len(o.asked) > 0) != tt.asked {
				t.Errorf("asked %q", o.asked)
			}
		})
	}
}

// What is said after a model's question goes to the model with the question, whatever the sentences make of its words;
// a whole request, or "never mind", ends it.
func TestLanguageModelAsksBack(t *testing.T) {
	glare := "my eyes hurt from all that glare"
	off := llm.Answer{Do: []intent.Intent{{Name: "HassTurnOff", Targets: []string{"light.lamp"}, Slots: map[string]any{"name": "Lamp"}, Tier: intent.LLM}}, Confidence: 0.9}
	which := llm.Answer{Ask: "Which lamp?", Confidence: 0.9}
	back := func(text string) *intent.Exchange { return &intent.Exchange{Text: text, Question: "Which lamp?"} }
	type turn struct {
		said   string
		answer llm.Answer
		want   string           // the intent, or why it is refused
		told   *intent.Exchange // nil: none, or the model was not asked
		asked  bool
	}
	for _, tt := range []struct {
		name  string
		turns []turn
	}{
		{"a name", []turn{{glare, which, "HassRespond", nil, true}, {"the lamp", off, "HassTurnOff", back(glare), true}, {"so much glare", off, "HassTurnOff", nil, true}}},
		{"yes", []turn{{glare, which, "HassRespond", nil, true}, {"yes", off, "HassTurnOff", back(glare), true}}},
		{"words that would follow up", []turn{{"turn on the lamp", llm.Answer{}, "HassTurnOn", nil, false}, {glare, which, "HassRespond", nil, true}, {"off", off, "HassTurnOff", back(glare), true}}},
		{"a second question", []turn{{glare, which, "HassRespond", nil, true}, {"the bright one", which, "HassRespond", back(glare), true}, {"the lamp", off, "HassTurnOff", back(glare + ". the bright one"), true}}},
		{"what the model does not take as an answer", []turn{{glare, which, "HassRespond", nil, true}, {"look at that bird", llm.Answer{No: true}, "not_recognized", back(glare), true}, {"the lamp", off, "HassTurnOff", back(glare), true}}},
		{"another request", []turn{{glare, which, "HassRespond", nil, true}, {"turn on the lamp", llm.Answer{}, "HassTurnOn", nil, false}, {glare, off, "HassTurnOff", nil, true}}},
		{"never mind", []turn{{glare, which, "HassRespond", nil, true}, {"never mind", llm.Answer{}, "HassNevermind", nil, false}, {glare, off, "HassTurnOff", nil, true}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := &oracle{}
			b := newBox(t, oneLamp, free(), true)
			b.model = o
			run(t, b.Run)
			if err := b.Ready(within(t)); err != nil {
				t.Fatal(err)
			}
			for _, turn := range tt.turns {
				o.answer, o.asked, o.told = turn.answer, nil, nil
				r := b.Ask(t.Context(), turn.said, Request{})
				got := string(r.Refusal)
				if r.Intent != nil {
					got = *r.Intent
				}
				if got != turn.want || len(o.asked) > 0 != turn.asked || r.asks != (turn.answer.Ask != "") {
					t.Fatalf("%q: %s, want %s; the model was asked %q; it asks: %v", turn.said, got, turn.want, o.asked, r.asks)
				}
				if turn.asked && !reflect.DeepEqual(o.told[0], turn.told) {
					t.Fatalf("%q: the model is told %+v, want %+v", turn.said, o.told[0], turn.told)
				}
			}
		})
	}
}

// With a real server and random weights nothing is ever sure enough to be done.
func TestLanguageModelOfTheConfiguration(t *testing.T) {
	bin := filepath.Dir(voicetest.Program(t, "llama-server"))
	model := filepath.Join(t.TempDir(), "random.gguf")
	file, err := os.Create(model)
	if err != nil {
		t.Fatal(err)
	}
	shape := random.SmallLlama()
	shape.Ctx = 4096
	if err := random.Llama(file, shape, 1); err != nil {
		t.Fatal(err)
	}
	file.Close()
	b := newBox(t, oneLamp, free(), true)
	b.options.Bin, b.config.LLM.Model = bin, model
	if err := b.openModel(); err != nil {
		t.Fatal(err)
	}
	run(t, b.Run)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	for {
		r := b.Ask(t.Context(), "my eyes hurt from all that glare", Request{})
		if len(r.Actions) > 0 || r.Refusal == "" {
			t.Fatalf("random weights: %+v", r)
		}
		if r.Tier == intent.LLM {
			break // it was asked, and not believed
		}
	}
	if f := b.checkModel(); !f.OK || !strings.Contains(f.Text, "random.gguf") {
		t.Errorf("doctor: %+v", f)
	}
}

// The first sentence of a long answer is told while the rest is still written; where the
// rest does not come, that is said.
func TestLanguageModelBegins(t *testing.T) {
	const first, more = "It is far away.", " Nobody walks there"
	for _, tt := range []struct {
		name   string
		answer llm.Answer
		err    error
		want   string
	}{
		{"the rest comes", llm.Answer{Say: first + more, Confidence: 0.9}, nil, "The language model says: It is far away. Nobody walks there."},
		{"and is less sure", llm.Answer{Say: first + more, Confidence: 0.4}, nil, "The language model says: It is far away. Nobody walks there."},
		{"it breaks off", llm.Answer{}, child.ErrDown, "The language model says: It is far away. The language model broke off here."},
		{"it takes too long", llm.Answer{}, context.DeadlineExceeded, "The language model says: It is far away. The language model broke off here."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBox(t, oneLamp, free(), true)
			b.model = &oracle{answer: tt.answer, err: tt.err, begins: first}
			run(t, b.Run)
			if err := b.Ready(within(t)); err != nil {
				t.Fatal(err)
			}
			var taken []string
			r := b.Ask(t.Context(), "how far is it to the moon", Request{Taken: func(r Result) { taken = append(taken, r.Reply) }})
			if len(taken) != 1 || taken[0] != "The language model says: It is far away." || r.Reply != tt.want {
				t.Errorf("first %q, then %q", taken, r.Reply)
			}
			if r := b.Ask(t.Context(), "how far is it to the moon", Request{}); tt.err == nil && tt.answer.Confidence > 0.5 && r.Reply != tt.want {
				t.Errorf("nobody listens to the beginning: %q", r.Reply)
			}
			r = b.Ask(t.Context(), "how many pills are too many", Request{Taken: func(r Result) { t.Errorf("begun: %q", r.Reply) }})
			if !strings.HasPrefix(r.Reply, "I give no medical advice") {
				t.Errorf("a medical question: %q", r.Reply)
			}
		})
	}
}

// slow is a language model that takes its time before its first sentence, and after it.
type slow struct {
	oracle
	before, after time.Duration
}

func (s *slow) Answer(ctx context.Context, _ intent.Query, begun func(string)) (llm.Answer, llm.Stats, error) {
	for i, wait := range []time.Duration{s.before, s.after} {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return llm.Answer{}, llm.Stats{}, ctx.Err()
		}
		if i == 0 {
			begun("It is far away.")
		}
	}
	return llm.Answer{Say: "It is far away. It is.", Confidence: 0.9}, llm.Stats{}, nil
}

// Who has heard the beginning in time waits longer for the rest.
func TestPatienceWithTheLanguageModel(t *testing.T) {
	for _, tt := range []struct {
		name          string
		before, after time.Duration
		late          bool
		want          any // the response
	}{
		{"in time", 2 * time.Second, 0, false, "The language model says: It is far away. It is."},
		{"a long rest", 2 * time.Second, 10 * time.Second, false, "The language model says: It is far away. It is."},
		{"an endless rest", 2 * time.Second, time.Minute, false, "The language model says: It is far away. The language model broke off here."},
		{"too late", 4 * time.Second, 0, true, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBox(t, oneLamp, free(), true)
			b.model = &slow{before: tt.before, after: tt.after}
			synctest.Test(t, func(t *testing.T) {
				in, late := b.think(t.Context(), intent.Query{}, intent.Intent{Refusal: intent.NotRecognized}, &trace.Trace{}, func(string) {})
				if late != tt.late || in.Slots["response"] != tt.want {
					t.Errorf("%q, late %v", in.Slots["response"], late)
				}
			})
		})
	}
}

package appliance

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/intent/llm"
	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/models/random"
	"github.com/cricket-home/cricket/voice/voicetest"
)

// oracle is a language model that knows one answer.
type oracle struct {
	answer llm.Answer
	err    error
	asked  []string
	names  intent.Names
}

func (o *oracle) Run(ctx context.Context) error { <-ctx.Done(); return nil }
func (o *oracle) SetHome(n intent.Names)        { o.names = n }
func (o *oracle) State() child.State            { return child.State{Running: true} }
func (o *oracle) Model() string                 { return "oracle.gguf" }
func (o *oracle) Answer(_ context.Context, q intent.Query) (llm.Answer, llm.Stats, error) {
	o.asked = append(o.asked, q.Text)
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

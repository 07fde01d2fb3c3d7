package appliance

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/intent/llm"
	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/internal/trace"
	"github.com/cricket-home/cricket/models"
)

// sureAt is how sure a language model must be of each word, in the mean, to be
// believed: random weights, held to the grammar, are 0.004 sure.
const sureAt = 0.5

// languageModel answers about one home; intent/llm has it.
type languageModel interface {
	Run(ctx context.Context) error
	SetHome(n intent.Names)
	Answer(ctx context.Context, q intent.Query) (llm.Answer, llm.Stats, error)
	State() child.State
	Model() string
}

// openModel puts the language model together, where the owner chose one.
func (b *Box) openModel() error {
	used, err := Models(b.options.StateDir).Used()
	if err != nil || b.config.LLM.Model == "" && used[models.LLM] == "" {
		return err
	}
	decision, err := chooseModel(models.LLM, b.config.LLM.Model, b.config, b.options.StateDir)
	if err != nil {
		return err
	}
	if len(decision.Choices) == 0 {
		b.log.Error("no language model is used", "why", decision.Note)
		return nil
	}
	program, err := Program(b.options.Bin, "llama-server")
	if err != nil {
		return err
	}
	b.model = llm.NewEngine(llm.Options{Program: program, Model: decision.Choices[0].Path, Dir: b.options.RuntimeDir, Log: b.log})
	return nil
}

// runModel keeps the language model running, and tells it the names of the home.
func (b *Box) runModel(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- b.model.Run(ctx) }()
	for {
		b.model.SetHome(b.house.Now().Home.Names())
		select {
		case <-b.house.renamed[2]:
		case err := <-ended:
			return err
		}
	}
}

// think asks the language model about a sentence that nothing else understood. in
// is returned where it does not know better. late: it took too long.
func (b *Box) think(ctx context.Context, q intent.Query, in intent.Intent, t *trace.Trace) (out intent.Intent, late bool) {
	if b.model == nil || in.Refusal != intent.NotRecognized {
		return in, false
	}
	end := t.Begin("llm")
	a, stats, err := b.model.Answer(ctx, q)
	cost := fmt.Sprintf("%d tokens warm, %d read, %d written", stats.Cached, stats.Read, stats.Written)
	switch {
	case err != nil:
		end(err.Error() + "; " + cost)
		return in, errors.Is(err, context.DeadlineExceeded) || errors.Is(err, llm.ErrBusy)
	case a.Confidence < sureAt || a.No:
		end(fmt.Sprintf("nothing for this house, or not sure enough (%.2f); %s", a.Confidence, cost))
		in.Tier, in.Confidence = intent.LLM, a.Confidence
		return in, false
	}
	end(cost)
	out = intent.Intent{Name: "HassRespond", Tier: intent.LLM, Confidence: a.Confidence}
	switch {
	case a.Ask != "":
		out.Slots = map[string]any{"response": a.Ask}
	case a.Say != "":
		out.Slots = map[string]any{"response": b.house.Now().Home.ModelSays(a.Say)}
	default:
		out = a.Do[0]
		out.Also = a.Do[1:]
	}
	return out, false
}

// checkModel is what doctor says of the language model.
func (b *Box) checkModel() Finding {
	f := Finding{Part: "language model", OK: true, Text: "none is chosen; what the sentences and the repair do not understand is refused"}
	if b.model == nil {
		return f
	}
	state := b.model.State()
	f.OK, f.Text = state.Running, "llama-server runs "+filepath.Base(b.model.Model())
	if !state.Running {
		f.Text, f.Hint = fmt.Sprintf("%s is not running: %v", filepath.Base(b.model.Model()), state.Err), "cricket models verify"
	}
	return f
}

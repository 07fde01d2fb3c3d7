package appliance

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/intent/llm"
	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/internal/trace"
	"github.com/cricket-home/cricket/models"
)

// languageModel answers about one home; intent/llm has it.
type languageModel interface {
	Run(ctx context.Context) error
	SetHome(n intent.Names)
	Answer(ctx context.Context, q intent.Query, begun func(sentence string)) (llm.Answer, llm.Stats, error)
	State() child.State
	Model() string
}

// ChooseLanguageModel is the file of the language model that the owner chose. It
// is "" where none was chosen, and where that cannot be used: note says why.
func ChooseLanguageModel(c Config, stateDir string) (file, note string, err error) {
	used, err := Models(stateDir).Used()
	if err != nil || c.LLM.Model == "" && used[models.LLM] == "" {
		return "", "", err
	}
	d, err := chooseModel(models.LLM, c.LLM.Model, c, stateDir)
	if err != nil || len(d.Choices) == 0 {
		return "", d.Note, err
	}
	return d.Choices[0].Path, "", nil
}

// openModel puts the language model together, where the owner chose one.
func (b *Box) openModel() error {
	file, note, err := ChooseLanguageModel(b.config, b.options.StateDir)
	if err != nil {
		return err
	}
	if file == "" {
		if note != "" {
			b.log.Error("no language model is used", "why", note)
		}
		return nil
	}
	program, err := Program(b.options.Bin, "llama-server")
	if err != nil {
		return err
	}
	b.model = llm.NewEngine(llm.Options{Program: program, Model: file, Dir: b.options.RuntimeDir, Log: b.log,
		Hash: Models(b.options.StateDir).SHA256(file), Siblings: warmSiblings{b}})
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

// longAnswer is how long a language model may go on with an answer that it has begun in time.
const longAnswer = 15 * time.Second

// think asks the language model, and then the guest, about a sentence that nothing else
// understood. in is returned where they do not know better. To a medical or financial
// question the model may do something in the home, but nothing that it, or the guest, says
// is believed: the house says so. late: it took too long. taken,
// which may be nil, is told the beginning of the reply, once, where that can be spoken before
// the rest is there.
func (b *Box) think(ctx context.Context, q intent.Query, in intent.Intent, t *trace.Trace, taken func(reply string)) (out intent.Intent, late bool) {
	guest := b.guest != nil && b.stays(q.Room) == ""
	if !b.thinks() && !guest || in.Refusal != intent.NotRecognized {
		return in, false
	}
	limit := llm.Limited(q.Text, b.config.Language)
	guest = guest && limit == "" && q.Context.Exchange == nil // who asked back was the model
	wanted := ctx
	ctx, stop := context.WithTimeout(wanted, longAnswer)
	defer stop()
	patience := time.AfterFunc(llm.Deadline, stop)
	defer patience.Stop()
	said := ""
	begun := func(sentence string) {
		if limit != "" || !patience.Stop() {
			return
		}
		if said = b.house.Now().Home.ModelSays(sentence); taken != nil {
			taken(said)
		}
	}
	var err error
	if out = in; b.thinks() {
		out, err = b.thinkHere(ctx, q, in, t, begun)
	}
	if limit != "" && wanted.Err() == nil && (out.Refusal != "" || out.Name == "HassRespond") {
		return respond(b.house.Now().Home.Limit(string(limit))), false
	}
	if guest && out.Refusal == intent.NotRecognized && said == "" && ctx.Err() == nil {
		var asked error
		if out, asked = b.askGuest(ctx, q, out, t, begun); asked != nil || out.Refusal == "" {
			err = asked
		}
	}
	if said != "" && out.Refusal != "" { // it is spoken already
		return respond(said + " " + b.house.Now().Home.BrokenOff()), false
	}
	return out, err != nil && (ctx.Err() != nil && wanted.Err() == nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, llm.ErrBusy))
}

// thinkHere asks the language model of the house.
func (b *Box) thinkHere(ctx context.Context, q intent.Query, in intent.Intent, t *trace.Trace, begun func(sentence string)) (intent.Intent, error) {
	end := t.Begin("llm")
	surely := false
	a, err := b.consult(ctx, q, func(sentence string) {
		surely = true
		begun(sentence)
	})
	cost := fmt.Sprintf("%d tokens warm, %d read, %d written", a.stats.Cached, a.stats.Read, a.stats.Written)
	if a.by != "" {
		cost += "; by " + a.by
	}
	switch {
	case err != nil:
		end(err.Error() + "; " + cost)
		return in, err
	case a.No || a.Confidence < llm.SureAt && !surely:
		end(fmt.Sprintf("nothing for this house, or not sure enough (%.2f); %s", a.Confidence, cost))
		in.Tier, in.Confidence = intent.LLM, a.Confidence
		return in, nil
	}
	end(cost)
	if a.Say != "" {
		out := respond(b.house.Now().Home.ModelSays(a.Say))
		out.Confidence = a.Confidence
		return out, nil
	}
	out := a.Intent()
	out.Advice = a.advice
	return out, nil
}

// respond is an answer of a language model.
func respond(text string) intent.Intent {
	return intent.Intent{Name: "HassRespond", Tier: intent.LLM, Slots: map[string]any{"response": text}}
}

// checkModel is what doctor says of the language model.
func (b *Box) checkModel() Finding {
	f := Finding{Part: "language model", OK: true, Text: "none is chosen; what the sentences and the repair do not understand is refused"}
	if b.model == nil {
		f.Hint = "cricket models list"
		return f
	}
	state := b.model.State()
	f.OK, f.Text = state.Running, "llama-server runs "+filepath.Base(b.model.Model())
	if !state.Running {
		f.Text, f.Hint = fmt.Sprintf("%s is not running: %v", filepath.Base(b.model.Model()), state.Err), "cricket models verify"
	}
	return f
}

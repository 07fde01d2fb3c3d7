package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/intent/corpus"
	"github.com/cricket-home/cricket/intent/llm"
)

// tally counts what became of sentences.
type tally struct {
	all, right, wrong, refused int
	named, filled              int // of those that ask for actions: the actions are right; their devices and values as well
}

// outcome is how a sentence was taken.
type outcome uint8

const (
	refused outcome = iota
	right
	wrong
)

func (t *tally) add(o outcome) {
	t.all++
	switch o {
	case right:
		t.right++
	case wrong:
		t.wrong++
	default:
		t.refused++
	}
}

// measured is what became of the sentences of one goal.
type measured struct {
	templates, model, behind tally // templates and repair; the model alone; the model for what those refuse
}

// evaluation is everything that was measured.
type evaluation struct {
	model     string
	seed      uint64
	goals     map[string]*measured
	ms        []float64 // of an answer, sorted
	prompt    int       // tokens, all together
	failed    int       // no answer at all
	missing   int       // the device that was meant was not among the candidates
	sentences int
	answers   []answer
	samples   []string // what the model did wrong
}

// answer is a sentence as it was taken by both.
type answer struct {
	outside          bool // it is to be refused
	templates, model outcome
	asked            bool    // templates and repair refuse it
	sure             float64 // how sure the model was
}

// behind is how a sentence is taken where a model is asked for what templates
// and repair refuse, and believed where it is as sure as that.
func (a answer) behind(sure float64) outcome {
	switch {
	case !a.asked:
		return a.templates
	case a.sure >= sure:
		return a.model
	case a.outside:
		return right
	}
	return refused
}

// evaluate asks the model about the families that were kept out, and about
// those that were not, in homes with kept-out words.
func evaluate(model, server, card string, seed uint64, count int) error {
	dir, err := os.MkdirTemp("", "cricket-")
	if err != nil {
		return fmt.Errorf("make a folder for the server: %w", err)
	}
	defer os.RemoveAll(dir)
	sentences, err := appliance.Sentences(appliance.DefaultConfig())
	if err != nil {
		return err
	}
	e := llm.NewEngine(llm.Options{Program: server, Model: model, Dir: dir, Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	if err := e.Serving(ctx); err != nil {
		return err
	}
	m := evaluation{model: model, seed: seed, goals: map[string]*measured{}, sentences: count}
	var home *house
	var resolver *intent.Resolver
	err = tell(seed, count, true, func(h *house, x *example) error {
		if h != home {
			home, resolver = h, sentences.Bind(h.names)
			e.SetHome(h.names)
		}
		return m.ask(ctx, e, resolver, x)
	})
	if err != nil {
		return err
	}
	slices.Sort(m.ms)
	page := m.card()
	fmt.Print(page)
	for _, s := range m.samples {
		fmt.Println(s)
	}
	if card == "" {
		return nil
	}
	return os.WriteFile(card, []byte(page), 0o644)
}

func (m *evaluation) ask(ctx context.Context, e *llm.Engine, resolver *intent.Resolver, x *example) error {
	got := m.goals[x.goal]
	if got == nil {
		got = &measured{}
		m.goals[x.goal] = got
	}
	before := resolver.Resolve(x.query)
	byTemplates := x.judge(before)
	a, stats, err := e.AnswerInTurn(ctx, x.query)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	after := a.Intent()
	if err != nil {
		m.failed++
		after = intent.Intent{Refusal: intent.NotRecognized}
	}
	m.ms = append(m.ms, stats.ReadMS+stats.WriteMS)
	m.prompt += stats.Cached + stats.Read
	if x.answer == "" {
		m.missing++
	}
	byModel := x.judge(after)
	one := answer{x.goal == "no", byTemplates, byModel, before.Refusal == intent.NotRecognized, a.Confidence}
	if x.goal != "lacks" {
		m.answers = append(m.answers, one)
	}
	got.templates.add(byTemplates)
	got.model.add(byModel)
	if byModel == wrong && len(m.samples) < 60 {
		m.samples = append(m.samples, fmt.Sprintf("%q (%s): want %s, got %s %v %v %v", x.query.Text, x.query.Room, x.answer, after.Name, after.Targets, after.Slots, after.Also))
	}
	got.behind.add(one.behind(llm.SureAt))
	if x.goal != "no" && x.goal != "lacks" && len(x.want) > 0 && !x.inWords() {
		if slices.Equal(actions(x.want[0].Asked()), actions(after)) || byModel == right {
			got.model.named++
			if byModel == right {
				got.model.filled++
			}
		}
	}
	return nil
}

// actions are the names of what is done, each once: "all lights off" is one
// intent or several.
func actions(in intent.Intent) []string {
	out := []string{in.Name}
	for _, a := range in.Also {
		out = append(out, a.Name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// inWords says that the example is answered in words.
func (x *example) inWords() bool { return x.goal == "is" || x.goal == "which" || x.goal == "ask" }

// judge says how an example was taken. A question is answered by the state of
// its devices, or in the model's own words, which have to be those of the
// training.
func (x *example) judge(in intent.Intent) outcome {
	said, _ := in.Slots["response"].(string)
	switch {
	case x.goal == "ask" && in.Refusal == intent.Ambiguous:
		return right
	case in.Refusal != "":
		if x.goal == "no" || x.goal == "lacks" {
			return right
		}
		return refused
	case x.inWords() && said != "":
		if x.answer == fmt.Sprintf(`{"say":%q}`, said) || x.answer == fmt.Sprintf(`{"ask":%q}`, said) {
			return right
		}
		return wrong
	case (corpus.Example{Want: x.want}).Meant(in):
		return right
	}
	return wrong
}

func percent(n, of int) string {
	if of == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(of))
}

var titles = []struct{ goal, title string }{
	{"act", "indirect requests and unusual wordings, one action"}, {"join", "several actions in one"}, {"except", "exceptions"}, {"correct", "corrections"},
	{"is", "questions about a device"}, {"which", "questions about a room"}, {"ask", "several devices fit: it has to ask"},
	{"lacks", "the device cannot do it: to be refused"}, {"no", "chit-chat, out of scope, no such device: to be refused"},
}

// To be worth its place a model has to better templates and repair by least
// points, and may act on most per cent of what is out of scope, as in
// `make eval-intent`.
const (
	least = 10
	most  = 2
)

func (m *evaluation) card() string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("# The intent model: model card")
	p("")
	p("Written by the evaluation; do not edit. Command: `make eval-intent-model SEED=%d`.", m.seed)
	p("")
	if info, err := os.Stat(m.model); err == nil {
		p("- File: GGUF, Llama architecture, Q8_0, %.2f MB, a tokenizer of its own. English. It takes only the brief prompt of package llm.", float64(info.Size())/1e6)
	}
	p("- Trained by `make train-intent` on made-up sentences alone, in made-up homes.")
	p("- Asked through llama-server, with the grammar of each home: %d tokens a prompt in the mean, %.0f ms an answer (median; 95 %% within %.0f ms).",
		m.prompt/max(1, m.sentences), m.ms[len(m.ms)/2], m.ms[len(m.ms)*95/100])
	p("")
	p("%d sentences of families that were not trained on, in made-up homes in which half the names hold a word that was not trained on. Of %d the", m.sentences, m.missing)
	p("devices that are meant were not among the candidates of the prompt; %d got no answer. \"Behind\": the model is asked only about what templates and", m.failed)
	p("repair refuse. A sentence is right when everything that was meant is done, and nothing else.")
	p("")
	p("| sentences | number | templates and repair: right | wrong | the model alone: right | wrong | behind: right | wrong |")
	p("|---|---|---|---|---|---|---|---|")
	var inside measured
	for _, t := range titles {
		g := m.goals[t.goal]
		if g == nil {
			continue
		}
		p("%s", g.row(t.title))
		if t.goal != "no" && t.goal != "lacks" {
			inside.templates.sum(g.templates)
			inside.model.sum(g.model)
			inside.behind.sum(g.behind)
		}
	}
	p("%s", inside.row("**all that is in scope**"))
	p("")
	if acts := m.acts(); acts > 0 {
		p("Of the %d that ask for actions: the right actions %s, with the right devices and values %s.", acts, percent(inside.model.named, acts), percent(inside.model.filled, acts))
		p("")
	}
	p("A model is believed where the geometric mean of its tokens' probabilities is at least so much (`SureAt` is %.2f):", llm.SureAt)
	p("")
	p("| sure at | behind: right | more than without | wrong | more than without | out of scope: acted |")
	p("|---|---|---|---|---|---|")
	for _, sure := range []float64{llm.SureAt, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995} {
		in, out := m.behind(sure)
		p("| %.3f | %s | %+.1f points | %s | %+.1f points | %s |", sure, percent(in.right, in.all), points(in.right, inside.templates.right, in.all),
			percent(in.wrong, in.all), points(in.wrong, inside.templates.wrong, in.all), percent(out.wrong, out.all))
	}
	p("")
	in, out := m.behind(llm.SureAt)
	gain, acted := points(in.right, inside.templates.right, in.all), points(out.wrong, 0, out.all)
	verdict := "**It stays out of the default path.**"
	if gain >= least && acted <= most {
		verdict = "It may be used by default."
	}
	p("At `SureAt` it brings %+.1f points (%d are asked of it), and acts on %.1f %% of what is out of scope (at most %d %% may). %s", gain, least, acted, most, verdict)
	return b.String()
}

// behind is what became of the sentences in scope and out of it, where a model
// is believed that is as sure as that.
func (m *evaluation) behind(sure float64) (in, out tally) {
	for _, a := range m.answers {
		if a.outside {
			out.add(a.behind(sure))
		} else {
			in.add(a.behind(sure))
		}
	}
	return in, out
}

func points(n, than, of int) float64 { return 100 * float64(n-than) / float64(max(1, of)) }

// acts is how many sentences ask for actions.
func (m *evaluation) acts() (n int) {
	for _, goal := range []string{"act", "join", "except", "correct"} {
		if g := m.goals[goal]; g != nil {
			n += g.model.all
		}
	}
	return n
}

func (t *tally) sum(o tally) {
	t.all += o.all
	t.right += o.right
	t.wrong += o.wrong
	t.refused += o.refused
	t.named += o.named
	t.filled += o.filled
}

func (g *measured) row(title string) string {
	n := g.model.all
	return fmt.Sprintf("| %s | %d | %s | %s | %s | %s | %s | %s |", title, n, percent(g.templates.right, n), percent(g.templates.wrong, n),
		percent(g.model.right, n), percent(g.model.wrong, n), percent(g.behind.right, n), percent(g.behind.wrong, n))
}

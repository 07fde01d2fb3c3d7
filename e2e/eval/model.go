package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/intent/corpus"
	"github.com/cricket-home/cricket/intent/llm"
)

// quantized are what llama-quantize makes of a model in F16.
var quantized = []string{"Q8_0", "Q4_K_M", "Q4_0"}

// judged is what a language model made of a corpus.
type judged struct {
	alone  tally // the model asked about every sentence
	behind tally // asked only about what templates and repair refuse
	said   int   // sentences that were answered in words; in no other count
	late   int   // that took longer than somebody waits
	failed int   // cut off, or no answer at all
}

// evalModels measures language models on n sentences of each kept-out corpus of
// what people say (0: on all). With quantize each is measured as it is and as
// what llama-quantize makes of it.
func evalModels(files []string, bin string, n int, quantize bool) error {
	homes, err := readHomes()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "cricket-eval-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if quantize {
		if files, err = quantizeAll(files, filepath.Join(bin, "llama-quantize"), dir); err != nil {
			return err
		}
	}
	fmt.Println("| model | MiB | corpus | sentences | right | wrong action | asked or answered | refused | with templates and repair: right | wrong action | late | failed |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|---|---|")
	speeds := make([]llm.Speed, len(files))
	for i, file := range files {
		if speeds[i], err = evalModel(file, filepath.Join(bin, "llama-server"), dir, n, homes); err != nil {
			return fmt.Errorf("measure %s: %w", file, err)
		}
	}
	fmt.Println("\n| model | prompt | first token cold | warm | restarted | prompt | answer | memory |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	for i, s := range speeds {
		fmt.Printf("| %s | %d tokens | %.0f ms | %.0f ms (%.1f %%) | %.0f ms | %.0f tokens/s | %.1f tokens/s | %d MiB |\n", filepath.Base(files[i]),
			s.Prompt, s.ColdMS, s.WarmMS, 100*s.WarmMS/s.ColdMS, s.FileMS, s.Read, s.Written, s.Memory>>20)
	}
	return nil
}

// quantizeAll puts what llama-quantize makes of each file into dir, and returns
// the files with theirs.
func quantizeAll(files []string, program, dir string) (all []string, err error) {
	for _, file := range files {
		all = append(all, file)
		for _, kind := range quantized {
			out := filepath.Join(dir, strings.TrimSuffix(filepath.Base(file), ".gguf")+"-"+kind+".gguf")
			if text, err := exec.Command(program, file, out, kind).CombinedOutput(); err != nil {
				return nil, fmt.Errorf("quantize %s to %s: %w\n%s", file, kind, err, tail(text))
			}
			all = append(all, out)
		}
	}
	return all, nil
}

func tail(text []byte) []byte { return text[max(0, len(text)-400):] }

// evalModel writes a line for each corpus.
func evalModel(file, server, dir string, n int, homes map[string]house) (llm.Speed, error) {
	info, err := os.Stat(file)
	if err != nil {
		return llm.Speed{}, err
	}
	e := llm.NewEngine(llm.Options{Program: server, Model: file, Dir: dir, Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	if err := e.Serving(ctx); err != nil {
		return llm.Speed{}, err
	}
	for _, s := range sources {
		if !s.kept || strings.Contains(s.file, "misheard") {
			continue
		}
		examples, err := corpus.Read(filepath.Join(folder, s.file))
		if err != nil {
			return llm.Speed{}, err
		}
		j := judge(ctx, e, sample(examples, n), homes)
		t := j.alone
		t.asked += j.said
		t.all += j.said + j.failed
		fmt.Printf("| %s | %d | %s | %d | %s | %s | %s | %s | %s | %s | %s | %s |\n", filepath.Base(file), info.Size()>>20, s.title, t.all,
			percent(t.right, t.all), percent(t.wrong, t.all), percent(t.asked, t.all), percent(t.refused, t.all),
			percent(j.behind.right, t.all), percent(j.behind.wrong, t.all), percent(j.late, t.all), percent(j.failed, t.all))
	}
	return e.Measure(ctx)
}

// sample are n of the examples, always the same ones, by home: each home is a
// prompt that has to be read.
func sample(examples []corpus.Example, n int) []corpus.Example {
	r := rand.New(rand.NewPCG(1, 1))
	r.Shuffle(len(examples), func(i, j int) { examples[i], examples[j] = examples[j], examples[i] })
	if n > 0 && n < len(examples) {
		examples = examples[:n]
	}
	slices.SortStableFunc(examples, func(a, b corpus.Example) int { return strings.Compare(a.Home, b.Home) })
	return examples
}

func judge(ctx context.Context, e *llm.Engine, examples []corpus.Example, homes map[string]house) (j judged) {
	at := ""
	for _, x := range examples {
		home := homes[x.Home]
		if at != x.Home {
			at = x.Home
			e.SetHome(home.names)
		}
		q := x.Query(home.Resolver)
		before := outcome{Example: x, got: home.Resolve(q)}
		before.right = before.acted() && (x.Meant(before.got) || x.Meant(home.spread(before.got)))
		a, stats, err := e.AnswerInTurn(ctx, q)
		if stats.ReadMS+stats.WriteMS > float64(llm.Deadline.Milliseconds()) {
			j.late++
		}
		o := outcome{Example: x, got: a.Intent()}
		o.right = o.acted() && (x.Meant(o.got) || x.Meant(home.spread(o.got)))
		switch {
		case err != nil || ctx.Err() != nil:
			if j.failed++; j.failed == 1 {
				fmt.Fprintf(os.Stderr, "eval: %s: %v\n", x.ID, err)
			}
			o.got.Refusal = intent.NotRecognized
		case o.acted() && len(a.Do) == 0:
			j.said++
			o.got.Refusal, o.right = intent.NotRecognized, false
		default:
			j.alone.add(&o)
		}
		if before.got.Refusal == intent.NotRecognized {
			before = o
		}
		j.behind.add(&before)
	}
	return j
}

var errNoModel = errors.New("no GGUF file was named")

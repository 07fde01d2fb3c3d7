// Eval measures how much of what people ask for is understood, beside what is
// done that nobody asked for: `make eval-intent`.
//
// In: the corpora in intent/testdata/eval (JSON lines), the homes they are
// spoken in, the built-in sentences. Out: a table per tier, the intents, what
// is taken for what, the worst cases. With -write, the tables also replace the
// measured part of docs/understanding.md. With -models, language models are
// measured on the same sentences, alone and behind the other tiers.
//
// A recall is worth what its wrong actions cost: beside each stands the share
// of the out-of-scope sentences that act at the same thresholds, and where that
// is above 2 % the recall counts as zero.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cricket-home/cricket/intent/corpus"
)

func main() {
	write := flag.String("write", "", "replace the measured part of this page")
	worst := flag.Int("worst", 20, "how many wrong actions to show per corpus")
	kept := flag.Bool("kept", false, "show wrong actions of the kept-out corpora, too")
	hear := flag.Bool("mishear", false, "write "+misheardFile+" anew: the sentences spoken, in noise, heard by a recogniser that knows no home")
	models := flag.Bool("models", false, "measure language models instead: the arguments are GGUF files")
	n := flag.Int("n", 200, "sentences of each corpus that a language model is asked about; 0: all")
	quantize := flag.Bool("quantize", false, "measure also what llama-quantize makes of each model, which is in F16")
	bin := flag.String("bin", "bin", "folder of llama-server")
	flag.Parse()
	if *models {
		err := error(errNoModel)
		if flag.NArg() > 0 {
			err = evalModels(flag.Args(), *bin, *n, *quantize)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "eval: error:", err)
			os.Exit(1)
		}
		return
	}
	if *hear {
		if err := mishear(); err != nil {
			fmt.Fprintln(os.Stderr, "eval: error:", err)
			os.Exit(1)
		}
		return
	}
	if err := run(*write, *worst, *kept); err != nil {
		fmt.Fprintln(os.Stderr, "eval: error:", err)
		os.Exit(1)
	}
}

func run(write string, worst int, kept bool) error {
	homes, err := readHomes()
	if err != nil {
		return err
	}
	var results []result
	for _, s := range sources {
		examples, err := corpus.Read(filepath.Join(folder, s.file))
		if err != nil {
			return err
		}
		for _, tier := range tiers {
			results = append(results, measure(s, tier, examples, homes))
		}
	}
	page := tables(results)
	fmt.Print(page)
	for _, r := range results {
		if r.tier.name == tiers[len(tiers)-1].name && (kept || !r.source.kept) {
			fmt.Print(r.worst(worst))
		}
	}
	if write != "" {
		return replace(write, page)
	}
	return nil
}

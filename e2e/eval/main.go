// Eval measures how much of what people ask for is understood, beside what is
// done that nobody asked for: `make eval-intent`.
//
// In: the corpora in intent/testdata/eval (JSON lines), the homes they are
// spoken in, the built-in sentences. Out: a table per tier, the intents, what
// is taken for what, the worst cases. With -write, the tables also replace the
// measured part of docs/understanding.md.
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
	flag.Parse()
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

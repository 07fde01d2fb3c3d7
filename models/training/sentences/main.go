// Sentences writes made-up sentences, one a line, for the recogniser's
// training. The same seed and count write the same lines.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"

	"github.com/cricket-home/cricket/models/training/phrases"
)

func main() {
	seed := flag.Uint64("seed", 1, "of the random choices")
	count := flag.Int("n", 1000, "how many sentences")
	flag.Parse()
	if err := write(*seed, *count); err != nil {
		fmt.Fprintln(os.Stderr, "sentences: error:", err)
		os.Exit(1)
	}
}

func write(seed uint64, count int) error {
	sources, err := phrases.Open()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	const perHome = 20 // new names often: the names matter more than the homes
	var home *phrases.Home
	r := rand.New(rand.NewPCG(seed, 0))
	seen := map[string]bool{}
	for n := 0; n < count; {
		if n%perHome == 0 {
			home = phrases.NewHome(r, 30, false)
		}
		text, err := sources.Sentence(r, home)
		if err != nil {
			return err
		}
		if text == "" || seen[text] || len(text) > 110 {
			continue
		}
		seen[text] = true
		n++
		fmt.Fprintln(out, text)
	}
	return out.Flush()
}

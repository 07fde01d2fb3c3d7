package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
)

func main() {
	seed := flag.Uint64("seed", 1, "of the random choices")
	count := flag.Int("n", 1000, "how many sentences")
	model := flag.String("model", "", "GGUF file to measure on what was kept out, instead of writing sentences")
	server := flag.String("server", "bin/llama-server", "llama-server")
	card := flag.String("card", "", "file for the model card")
	flag.Parse()
	var err error
	if *model != "" {
		err = evaluate(*model, *server, *card, *seed, *count)
	} else {
		out := bufio.NewWriter(os.Stdout)
		if err = write(out, *seed, *count); err == nil {
			err = out.Flush()
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "intent: error:", err)
		os.Exit(1)
	}
}

// line is what the training reads: the prompt as the appliance sends it, and
// the answer.
type line struct {
	Prompt string `json:"prompt"`
	Answer string `json:"answer"`
}

func write(w io.Writer, seed uint64, count int) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	return tell(seed, count, false, func(h *house, x *example) error {
		if x.answer == "" {
			return errSkip
		}
		q := h.v.Question(x.query)
		if len(q.Messages) != 1 {
			return fmt.Errorf("the prompt has %d messages: the training knows of one", len(q.Messages))
		}
		if _, err := q.Read(x.answer, 1); err != nil {
			return fmt.Errorf("%q: the answer %s: %w", x.query.Text, x.answer, err)
		}
		return out.Encode(line{q.Messages[0].Content, x.answer})
	})
}

var errSkip = fmt.Errorf("not this one")

// tell makes count examples, of the families that are trained on, or of those
// kept out, in houses made for it.
func tell(seed uint64, count int, kept bool, each func(*house, *example) error) error {
	list, err := families(familiesText)
	if err != nil {
		return err
	}
	var mine []family
	for _, f := range list {
		for range weight(f) {
			if f.kept == kept {
				mine = append(mine, f)
			}
		}
	}
	const perHouse = 12
	r := rand.New(rand.NewPCG(seed, 7))
	for n := 0; n < count; {
		h := newHouse(r, kept)
		t := teller{r, h, list}
		for k := 0; k < perHouse && n < count; k++ {
			x := t.example(mine[r.IntN(len(mine))])
			if x == nil {
				continue
			}
			if r.IntN(6) == 0 {
				x.query.Text = draw(r, "(hey|um|well|okay|so|listen|oh)") + " " + x.query.Text
			}
			if r.IntN(8) == 0 {
				x.query.Text = strings.ToUpper(x.query.Text[:1]) + x.query.Text[1:]
			}
			switch err := each(h, x); err {
			case nil:
				n++
			case errSkip:
			default:
				return err
			}
		}
	}
	return nil
}

// weight is how often a family is drawn: what has to be refused is a third.
func weight(f family) int {
	switch {
	case f.name == "talk" || f.name == "talk-kept" || f.name == "world" || f.name == "world-kept":
		return 6
	case f.goal == "no" || f.goal == "join" || f.goal == "is":
		return 4
	}
	return 2
}

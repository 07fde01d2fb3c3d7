package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/models/training/phrases"
)

// Whoever has the seed has the data; and no sentence of a kept-out family is in it.
func TestSentences(t *testing.T) {
	var first, second bytes.Buffer
	if err := write(&first, 1, 600); err != nil {
		t.Fatal(err)
	}
	if err := write(&second, 1, 600); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Error("the same seed made two kinds of data")
	}
	starts := map[string]int{}
	in := json.NewDecoder(&first)
	for range 600 {
		var l line
		if err := in.Decode(&l); err != nil {
			t.Fatal(err)
		}
		starts[l.Answer[:strings.Index(l.Answer, `":`)]]++
		_, said, ok := strings.Cut(l.Prompt, "\nSaid: ")
		if !ok {
			t.Fatalf("nothing is said in %q", l.Prompt)
		}
		for _, w := range regexp.MustCompile(`[a-z]+`).FindAllString(strings.ToLower(said), -1) {
			if phrases.Kept(w) && !strings.Contains(strings.ToLower(familiesText), w) {
				t.Errorf("%q holds %q, which is kept for the evaluation", said, w)
			}
		}
	}
	for _, kind := range []string{`{"do`, `{"no`, `{"say`, `{"ask`} {
		if starts[kind] == 0 {
			t.Errorf("of 600 answers none begins with %s: %v", kind, starts)
		}
	}
}

func TestKeptFamilies(t *testing.T) {
	list, err := families(familiesText)
	if err != nil {
		t.Fatal(err)
	}
	trained := map[string]string{}
	goals := map[bool]map[string]int{true: {}, false: {}}
	for _, f := range list {
		goals[f.kept][f.goal]++
		if len(f.patterns) == 0 {
			t.Errorf("[%s] has no sentence", f.name)
		}
		for _, p := range f.patterns {
			if !f.kept {
				trained[p] = f.name
			}
		}
	}
	for _, f := range list {
		for _, p := range f.patterns {
			if other := trained[p]; f.kept && other != "" {
				t.Errorf("%q of [%s], which is kept out, is in [%s]", p, f.name, other)
			}
		}
	}
	for goal, n := range goals[false] {
		if goals[true][goal] == 0 {
			t.Errorf("of %d families of %q none is kept out", n, goal)
		}
	}
}

func TestFamiliesRefused(t *testing.T) {
	for name, text := range map[string]string{
		"a sentence before a family": "turn it on",
		"a list without entries":     "@what",
		"an unknown list":            "[a] no\nsay <something>",
		"an open bracket":            "[a] no\nsay (this|that",
	} {
		if list, err := families(text); err == nil {
			t.Errorf("%s: %+v, want an error", name, list)
		}
	}
}

func TestDraw(t *testing.T) {
	seen := map[string]bool{}
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		seen[draw(r, "put (a|the [big|small] b) on [please]")] = true
	}
	want := []string{"put a on", "put a on please", "put the b on", "put the big b on please", "put the small b on"}
	for _, w := range want {
		if !seen[w] {
			t.Errorf("%q is never drawn", w)
		}
	}
	if len(seen) != 8 {
		t.Errorf("%d sentences are drawn, want 8: %v", len(seen), seen)
	}
}

// An evaluation that called everything right would not be one.
func TestJudge(t *testing.T) {
	lamp := act{verb: "turn_on", intent: "HassTurnOn", ids: []string{"light.a"}}
	asks := func(goal, answer string, acts ...act) *example {
		x := &example{goal: goal, answer: answer}
		for _, a := range acts {
			x.want = append(x.want, a.want())
		}
		return x
	}
	on := intent.Intent{Name: "HassTurnOn", Targets: []string{"light.a"}}
	other := intent.Intent{Name: "HassTurnOn", Targets: []string{"light.b"}}
	no := intent.Intent{Refusal: intent.NotRecognized}
	says := intent.Intent{Name: "HassRespond", Slots: map[string]any{"response": "The A is on."}}
	for _, c := range []struct {
		name string
		x    *example
		in   intent.Intent
		want outcome
	}{
		{"what was meant", asks("act", "", lamp), on, right},
		{"another device", asks("act", "", lamp), other, wrong},
		{"a refusal", asks("act", "", lamp), no, refused},
		{"one action too many", asks("act", "", lamp), intent.Intent{Name: "HassTurnOn", Targets: on.Targets, Also: []intent.Intent{other}}, wrong},
		{"chit-chat refused", asks("no", `{"no":true}`), no, right},
		{"chit-chat acted on", asks("no", `{"no":true}`), on, wrong},
		{"chit-chat answered", asks("no", `{"no":true}`), says, wrong},
		{"the state, in words", asks("is", `{"say":"The A is on."}`), says, right},
		{"another state", asks("is", `{"say":"The A is off."}`), says, wrong},
		{"asked back", asks("ask", ""), intent.Intent{Refusal: intent.Ambiguous}, right},
		{"acted instead of asking", asks("ask", ""), on, wrong},
	} {
		if got := c.x.judge(c.in); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// A model that has to be surer does less, right and wrong.
func TestSureness(t *testing.T) {
	for _, c := range []struct {
		name string
		a    answer
		sure float64
		want outcome
	}{
		{"templates know it", answer{templates: right, model: wrong, sure: 1}, 0.5, right},
		{"sure and right", answer{templates: refused, model: right, asked: true, sure: 0.9}, 0.9, right},
		{"sure and wrong", answer{templates: refused, model: wrong, asked: true, sure: 0.9}, 0.5, wrong},
		{"not sure", answer{templates: refused, model: wrong, asked: true, sure: 0.8}, 0.9, refused},
		{"out of scope, not sure", answer{outside: true, templates: right, model: wrong, asked: true, sure: 0.8}, 0.9, right},
		{"out of scope, sure", answer{outside: true, templates: right, model: wrong, asked: true, sure: 0.95}, 0.9, wrong},
	} {
		if got := c.a.behind(c.sure); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// A minute of everything: a tiny network learns, goes on where it was stopped, and the
// file that comes of it is loaded by llama-server and asked.
func TestToyTraining(t *testing.T) {
	if os.Getenv("CRICKET_TRAIN") == "" {
		t.Skip("training takes a minute and its environment: make train-test")
	}
	out, err := exec.Command("../env.sh", "dir").Output()
	if err != nil {
		t.Fatal(err)
	}
	work := strings.TrimSpace(string(out))
	if _, err := os.Stat(filepath.Join(work, "root", "ready")); err != nil {
		if os.Getenv("CRICKET_NO_SKIP") == "1" {
			t.Fatal("there is no training environment: models/training/env.sh make")
		}
		t.Skip("there is no training environment: models/training/env.sh make")
	}
	folder := filepath.Join(work, "intent", "toy")
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	python := func(script string, args ...string) string {
		t.Helper()
		here, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("../env.sh", append([]string{"run", "python3", filepath.Join(here, script)}, args...)...)
		cmd.Env = append(os.Environ(), "OMP_NUM_THREADS=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", script, err, out)
		}
		return string(out)
	}
	var data bytes.Buffer
	if err := write(&data, 1, 1500); err != nil {
		t.Fatal(err)
	}
	sentences := filepath.Join(folder, "sentences.jsonl")
	if err := os.WriteFile(sentences, data.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	train := func(steps int) string {
		return python("train.py", folder, "data="+sentences, fmt.Sprint("steps=", steps), "width=64", "heads=1", "layers=2", "inner=128", "tokens=800", "batch=3000", "every=25")
	}
	first, second := train(25), train(75)
	if !strings.Contains(second, "from step 25 of 75") {
		t.Errorf("it did not go on where it was stopped: %s", second)
	}
	if before, after := loss(t, first, 25), loss(t, second, 75); after > before-1 {
		t.Errorf("in 50 steps the loss went from %.2f to %.2f", before, after)
	}
	model := filepath.Join(folder, "toy.gguf")
	python("gguf.py", folder, model)
	card := filepath.Join(folder, "toy.md")
	if err := evaluate(model, server(t), card, 5, 20); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(card)
	if err != nil || !strings.Contains(string(page), "; 0 got no answer.") {
		t.Errorf("the card is %s, %v: want an answer to each sentence", page, err)
	}
}

// server finds llama-server as `make build` puts it.
func server(t *testing.T) string {
	t.Helper()
	bin := os.Getenv("CRICKET_BIN")
	if bin == "" {
		bin = "../../../bin"
	}
	program := filepath.Join(bin, "llama-server")
	if _, err := os.Stat(program); err != nil {
		if os.Getenv("CRICKET_NO_SKIP") == "1" {
			t.Fatal("llama-server is missing: make build")
		}
		t.Skip("llama-server is missing: make build")
	}
	return program
}

// loss of the lines that train.py prints.
func loss(t *testing.T, log string, step int) float64 {
	t.Helper()
	m := regexp.MustCompile(fmt.Sprintf(`step %d: loss ([0-9.]+)`, step)).FindStringSubmatch(log)
	if m == nil {
		t.Fatalf("no loss of step %d in %s", step, log)
	}
	x, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

package intent_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/intent"
)

var confuse = flag.Bool("confuse", false, "write the corpora of misheard sentences anew")

// TestWriteMisheard writes what a recogniser might have heard instead of sentences
// that the templates understand: one or two of their words are other words of
// English that sound like them, or are swallowed. It is a model of confusions, not
// a recogniser, and it knows sounds by the same rules as the repair tier does.
func TestWriteMisheard(t *testing.T) {
	if !*confuse {
		t.Skip("to write the misheard corpora anew: go test ./intent -run TestWriteMisheard -confuse")
	}
	homes := homes(t, english(t))
	words := map[string]bool{} // what may be heard
	for _, name := range []string{"out-of-scope-dev.jsonl", "out-of-scope-kept.jsonl", "paraphrases-dev.jsonl", "paraphrases-kept.jsonl"} {
		for _, e := range examples(t, name) {
			for _, w := range strings.Fields(intent.Normalize(e.Text)) {
				words[w] = true
			}
		}
	}
	for _, half := range []string{"dev", "kept"} {
		random := rand.New(rand.NewPCG(uint64(len(half)), 7))
		all := examples(t, "paraphrases-"+half+".jsonl")
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		var out bytes.Buffer
		n := 0
		for _, e := range all {
			in := homes[e.Home].Match(e.Query(homes[e.Home]))
			if !e.Meant(in) || e.After != "" || n == 600 {
				continue
			}
			text, ok := mishear(intent.Normalize(e.Text), words, random)
			if !ok {
				continue
			}
			n++
			line, err := json.Marshal(map[string]any{"id": fmt.Sprintf("m%s%04d", half[:1], n), "home": e.Home, "room": e.Room, "said": e.Text, "text": text, "want": e.Want, "family": n})
			if err != nil {
				t.Fatal(err)
			}
			out.Write(append(line, '\n'))
		}
		if err := os.WriteFile("testdata/eval/misheard-confused-"+half+".jsonl", out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d sentences", half, n)
	}
}

// TestWriteSamples writes what the templates say. Which block wrote a sentence is
// known, and that its intent is what the sentence is resolved to is measured.
func TestWriteSamples(t *testing.T) {
	if !*confuse {
		t.Skip("to sample the templates anew: go test ./intent -run TestWriteSamples -confuse")
	}
	homes := homes(t, english(t))
	random := rand.New(rand.NewPCG(8, 8))
	rooms := map[string]string{"demo": "living_room", "terrace": "sitting", "flat": "studio"}
	var out bytes.Buffer
	n := 0
	for _, name := range []string{"demo", "flat", "terrace"} {
		of := map[string]int{} // by intent
		for range 6000 {
			s, ok := homes[name].Sample(random.IntN)
			if !ok || of[s.Intent] == 12 {
				continue
			}
			if in := homes[name].Match(intent.Query{Text: s.Text, Room: rooms[name]}); in.Refusal != "" {
				continue // of a device that this home or this room does not have
			}
			of[s.Intent]++
			n++
			line, err := json.Marshal(map[string]any{"id": fmt.Sprintf("t%04d", n), "home": name, "room": rooms[name], "text": s.Text, "want": []map[string]string{{"intent": s.Intent}}, "loose": true})
			if err != nil {
				t.Fatal(err)
			}
			out.Write(append(line, '\n'))
		}
	}
	if err := os.WriteFile("testdata/eval/templates.jsonl", out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d sentences", n)
}

func mishear(text string, vocabulary map[string]bool, random *rand.Rand) (string, bool) {
	words := strings.Fields(text)
	changes := 1 + random.IntN(2)
	if len(words) < 4 {
		changes = 1
	}
	changed := false
	for _, i := range random.Perm(len(words)) {
		if changes == 0 {
			break
		}
		w := words[i]
		if len(w) <= 3 && random.IntN(4) == 0 && slices.Contains([]string{"the", "a", "in", "of", "to", "my"}, w) {
			words[i] = ""
			changes--
			changed = true
			continue
		}
		type near struct {
			word string
			far  float32
		}
		var list []near
		for v := range vocabulary {
			if v != w && v[0] > '9' {
				if d := intent.Apart(w, v); d < 0.45 {
					list = append(list, near{v, d})
				}
			}
		}
		if len(list) == 0 {
			continue
		}
		slices.SortFunc(list, func(a, b near) int {
			if a.far != b.far {
				return int((a.far - b.far) * 1e6)
			}
			return strings.Compare(a.word, b.word)
		})
		words[i] = list[random.IntN(min(3, len(list)))].word
		changes--
		changed = true
	}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " "), changed
}

package learned_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/learned"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/intent/corpus"
)

var write = flag.Bool("write", false, "write selftest.jsonl from the corpora")

// The self-test is what the repair tier finds in our own corpora: all that is wrong, all
// of which it is not sure, and every tenth of the rest.
func TestSelfTestIsWhatRepairFinds(t *testing.T) {
	if !*write {
		t.Skip("writes the self-test: go test ./home/learned -run SelfTest -write")
	}
	files, err := intent.Builtin("en")
	if err != nil {
		t.Fatal(err)
	}
	sentences, err := intent.Compile("en", files...)
	if err != nil {
		t.Fatal(err)
	}
	homes, resolvers := map[string]*home.Home{}, map[string]*intent.Resolver{}
	for name, file := range map[string]string{"demo": "../demo/home.toml", "terrace": "../../intent/testdata/eval/homes/terrace.toml", "flat": "../../intent/testdata/eval/homes/flat.toml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		h, err := home.Parse(file, data)
		if err != nil {
			t.Fatal(err)
		}
		homes[name], resolvers[name] = h, sentences.Bind(h.Names())
	}
	var out strings.Builder
	n := 0
	for _, name := range []string{"paraphrases-dev", "out-of-scope-dev", "misheard-confused-dev"} {
		examples, err := corpus.Read(filepath.Join("../../intent/testdata/eval", name+".jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range examples {
			r := resolvers[e.Home]
			q := e.Query(r)
			if m := r.Match(q); m.Refusal == "" || m.Refusal == intent.Ambiguous {
				continue
			}
			in := r.Repair(q)
			if in.Open != nil {
				in = *in.Open
			}
			if in.Name == "" || in.Doubtful {
				continue
			}
			if n++; e.Meant(in) && in.Confidence >= 0.85 && n%10 != 0 {
				continue
			}
			line, err := json.Marshal(struct {
				learned.Find
				Right bool `json:"right"`
			}{homes[e.Home].Find(in, e.Room, 12+n%3*6-6), e.Meant(in)})
			if err != nil {
				t.Fatal(err)
			}
			out.Write(append(line, '\n'))
		}
	}
	if err := os.WriteFile("selftest.jsonl", []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d finds", n)
}

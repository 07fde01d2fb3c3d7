package intent_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/intent/corpus"
)

// examples reads a corpus.
func examples(t testing.TB, name string) []corpus.Example {
	out, err := corpus.Read("testdata/eval/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// english compiles the built-in sentences.
func english(t testing.TB) *intent.Sentences {
	files, err := intent.Builtin("en")
	if err != nil {
		t.Fatal(err)
	}
	s, err := intent.Compile("en", files...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// homes binds the sentences to the homes of the corpora.
func homes(t testing.TB, s *intent.Sentences) map[string]*intent.Resolver {
	out := map[string]*intent.Resolver{}
	for _, p := range []string{"../home/demo/home.toml", "testdata/eval/homes/terrace.toml", "testdata/eval/homes/flat.toml"} {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		h, err := home.Parse(p, data)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(p), ".toml")
		if name == "home" {
			name = "demo"
		}
		out[name] = s.Bind(h.Names())
	}
	return out
}

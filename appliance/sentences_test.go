package appliance

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/intent"
)

// One file with a slip is left out and named; the owner's other sentences and our own still work.
func TestASlipInOneFile(t *testing.T) {
	c := DefaultConfig()
	c.Dir = t.TempDir()
	folder := filepath.Join(c.Dir, "custom_sentences", "en")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"a_good.yaml": "language: en\nintents:\n  HassGetCurrentTime:\n    data:\n      - sentences: [\"how late is it by now\"]\n",
		"b_slip.yaml": "language: en\nintents:\n  HassTurnOn:\n    data:\n      - sentences: [\"let there be (light\"]\n",
		"c_good.yaml": "language: en\nintents:\n  HassGetCurrentDate:\n    data:\n      - sentences: [\"which day have we got\"]\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "d_folder.yaml"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, strict := Sentences(c)
	if !errors.Is(strict, ErrSentences) {
		t.Fatalf("got %v, want ErrSentences", strict)
	}
	sentences, faults, err := soundSentences(c, strict)
	if err != nil {
		t.Fatal(err)
	}
	if len(faults) != 2 || !strings.Contains(faults[0].Error(), "d_folder.yaml") || !strings.Contains(faults[1].Error(), "b_slip.yaml:5") {
		t.Errorf("faults %v, want those of d_folder.yaml and b_slip.yaml:5", faults)
	}
	r := sentences.Bind(intent.Names{})
	for text, want := range map[string]string{
		"how late is it by now": "HassGetCurrentTime", "which day have we got": "HassGetCurrentDate", "what time is it": "HassGetCurrentTime",
	} {
		if in := r.Resolve(intent.Query{Text: text}); in.Name != want {
			t.Errorf("%q: got %+v, want %s", text, in, want)
		}
	}
}

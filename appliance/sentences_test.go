package appliance

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
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
	if err := syscall.Mkfifo(filepath.Join(folder, "e_pipe.yaml"), 0o644); err != nil { // nobody ever writes into it
		t.Fatal(err)
	}
	large := filepath.Join(folder, "f_large.yaml")
	if err := errors.Join(os.WriteFile(large, nil, 0o644), os.Truncate(large, 1<<40)); err != nil {
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
	want := []string{"d_folder.yaml: it is not a plain file", "e_pipe.yaml: it is not a plain file", "f_large.yaml: it has 1099511627776 bytes", "b_slip.yaml:5"}
	if !slices.EqualFunc(faults, want, func(fault error, want string) bool { return strings.Contains(fault.Error(), want) }) {
		t.Errorf("faults %v, want %q", faults, want)
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

package e2e

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/models/random"
)

// gives puts a small language model into a daemon's store, as `cricket models pull` leaves
// it, and has the daemon use it. The daemon is stopped.
func (d *daemon) gives(home string) {
	d.t.Helper()
	store := filepath.Join(d.dir, "state", "models")
	if err := os.MkdirAll(store, 0o700); err != nil {
		d.t.Fatal(err)
	}
	path := filepath.Join(store, "random.gguf")
	f, err := os.Create(path)
	if err != nil {
		d.t.Fatal(err)
	}
	shape := random.SmallLlama()
	shape.Ctx = 4096
	if err := errors.Join(random.Llama(f, shape, 1), f.Close()); err != nil {
		d.t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		d.t.Fatal(err)
	}
	config := filepath.Join(d.dir, "config.toml")
	text, err := os.ReadFile(config)
	err = errors.Join(err,
		os.WriteFile(filepath.Join(store, "manifest.json"), fmt.Appendf(nil, `{"files":{"random.gguf":{"sha256":"%x","size":%d}}}`, sha256.Sum256(data), len(data)), 0o600),
		os.WriteFile(config, fmt.Appendf(text, "[llm]\nmodel = %q\n", path), 0o600),
		os.WriteFile(filepath.Join(d.dir, "home.toml"), []byte(home), 0o600))
	if err != nil {
		d.t.Fatal(err)
	}
}

// Two real daemons with the same model and the same home: the second to start takes what
// the first has read of the prompt, and the first, which read it, does not ask.
func TestABoxBeginsWithASiblingsPrompt(t *testing.T) {
	program := build(t)
	kitchen, attic := newDaemon(t, program, "kitchen"), newDaemon(t, program, "attic")
	kitchen.pair(attic)
	kitchen.until(func() bool { return kitchen.reaches("Attic") })
	home := "language = \"en\"\n[[area]]\nid = \"kitchen\"\nname = \"Kitchen\"\n[[area]]\nid = \"attic\"\nname = \"Attic\"\n"
	const warm = `prompt of the language model is warm" restored=`
	starts := func(d *daemon) (said string) {
		before := len(d.log())
		d.start()
		d.until(func() bool { said = d.log()[before:]; return strings.Contains(said, warm) })
		return said
	}
	for _, d := range []*daemon{kitchen, attic} {
		d.stop()
		d.gives(home)
	}
	if said := starts(kitchen); strings.Contains(said, "sibling=true") {
		t.Errorf("who has it? the log:\n%s", said)
	}
	for tries := 0; ; tries++ { // a box that does not meet its sibling in three seconds reads the prompt itself
		if strings.Contains(starts(attic), warm+"true sibling=true") {
			break
		}
		if tries == 9 {
			t.Fatalf("the attic never takes it; its log:\n%s", attic.log())
		}
		attic.stop()
		saved, err := filepath.Glob(filepath.Join(attic.dir, "run", "*.slot"))
		if err != nil || len(saved) == 0 {
			t.Fatal("nothing was saved", err)
		}
		for _, file := range saved {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
	}
}

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/models/random"
)

// add appends to the configuration, whose last table is [mesh], and starts the daemon anew.
func (d *daemon) add(config string) {
	d.t.Helper()
	d.stop()
	f, err := os.OpenFile(filepath.Join(d.dir, "config.toml"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := f.WriteString(config); err != nil {
		d.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		d.t.Fatal(err)
	}
	d.start()
}

// refuses runs a command that must be refused with a reason.
func (d *daemon) refuses(because string, args ...string) {
	d.t.Helper()
	c := d.command(args...)
	out, err := c.CombinedOutput()
	if err == nil || c.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), because) {
		d.t.Errorf("cricket %s: %v, not refused because %s\n%s", strings.Join(args, " "), err, because, out)
	}
}

// Two boxes share a model only where both owners want it, and where it is worth it.
func TestAModelIsSplitOverTwoBoxes(t *testing.T) {
	program := build(t)
	kitchen, attic := newDaemon(t, program, "kitchen"), newDaemon(t, program, "attic")
	kitchen.pair(attic)
	model := filepath.Join(t.TempDir(), "plain.gguf")
	f, err := os.Create(model)
	if err != nil {
		t.Fatal(err)
	}
	if err := random.Llama(f, random.LlamaShape{Ctx: 2048, State: 256, Head: 4, Layer: 4, Feed: 512}, 1); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	split := []string{"mesh", "split", model, "Attic"}

	kitchen.refuses("this box may split no model: mesh.split in config.toml", split...)
	kitchen.add("split = true\n[llm]\nmodel = \"" + model + "\"\n")
	kitchen.until(func() bool { return kitchen.reaches("Attic") })
	kitchen.refuses(`no box of this home is called "Cellar"`, "mesh", "split", model, "Cellar")
	kitchen.until(func() bool { // it needs a moment until it has heard of siblings
		out, _ := kitchen.command(split...).CombinedOutput()
		return !strings.Contains(string(out), "the mesh does not run yet")
	})
	if out, err := kitchen.command(split...).CombinedOutput(); err == nil {
		t.Errorf("Attic lends nothing, and the model is split\n%s", out)
	}

	attic.add("lend = 512\n")
	kitchen.until(func() bool { return kitchen.reaches("Attic") && attic.reaches("Kitchen") })
	var said string
	kitchen.until(func() bool { // until Attic's engine was hashed
		out, _ := kitchen.command(split...).CombinedOutput()
		said = string(out)
		return strings.Contains(said, "Attic lends 512 MiB")
	})
	for _, part := range []string{"it is measured alone first", "Attic gets "} {
		if !strings.Contains(said, part) {
			t.Fatalf("it does not say %q:\n%s\n%s", part, said, kitchen.log())
		}
	}
	// Which is faster is this machine's affair, and it does what it measured.
	now := kitchen.says("mesh", "split")
	switch {
	case strings.Contains(said, "this box alone writes "):
		if !strings.Contains(now, "Nothing is split from this box.") {
			t.Errorf("refused, and yet:\n%s", now)
		}
	case strings.Contains(said, "plain.gguf answers on 2 boxes"):
		if !strings.Contains(now, "Attic holds ") {
			t.Errorf("it answers, and yet:\n%s", now)
		}
		if got := kitchen.says("mesh", "split", "--off"); !strings.Contains(got, "Nothing is split") {
			t.Error(got)
		}
	default:
		t.Errorf("neither refused nor split:\n%s\n%s", said, kitchen.log())
	}
	t.Log(said)
}

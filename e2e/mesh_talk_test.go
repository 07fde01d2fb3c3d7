package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Somebody in the kitchen speaks to the attic, and is told to speak when the attic listens,
// and never where it does not.
func TestTalkToASibling(t *testing.T) {
	program := build(t)
	kitchen, attic := newDaemon(t, program, "kitchen"), newDaemon(t, program, "attic")
	kitchen.pair(attic)
	room, mouth := filepath.Join(kitchen.dir, "room"), filepath.Join(attic.dir, "mouth")
	if err := errors.Join(syscall.Mkfifo(room, 0o600), os.WriteFile(mouth, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	for d, audio := range map[*daemon]string{
		kitchen: fmt.Sprintf("microphone = %q\nloudspeaker = \"none\"\n", "file:"+room),
		attic:   fmt.Sprintf("microphone = \"none\"\nloudspeaker = %q\n", "file:"+mouth),
	} {
		d.stop()
		file := filepath.Join(d.dir, "config.toml")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(strings.Replace(string(text), "microphone = \"none\"\n", audio, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		d.start()
	}
	kitchen.until(func() bool { return kitchen.reaches("Attic") })
	kitchen.until(func() bool { // until its microphone gives something
		out, err := kitchen.command("mesh", "talk", "Attic", "--seconds", "1").CombinedOutput()
		if err == nil && string(out) != "Speak now, for 1 s.\nIt is heard there.\n" {
			t.Errorf("it says\n%s", out)
		}
		return err == nil
	})
	attic.until(func() bool { info, err := os.Stat(mouth); return err == nil && info.Size() > 2*16000 })

	for _, to := range []string{"Cellar", "Attic"} {
		if to == "Attic" {
			attic.stop()
			kitchen.until(func() bool { return !kitchen.reaches("Attic") })
		}
		out, err := kitchen.command("mesh", "talk", to).CombinedOutput()
		if err == nil || strings.Contains(string(out), "Speak now") {
			t.Errorf("to the %s, who is not there: %v\n%s", to, err, out)
		}
	}
}

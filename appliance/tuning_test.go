package appliance

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/voice/wake"
)

func TestTuningOfWakeWords(t *testing.T) {
	words := []wake.Word{{Name: "hey cricket", Sensitivity: 0.5}, {Name: "Computer", Sensitivity: 0.7}}
	high := 0.9
	for _, tt := range []struct {
		name   string
		tuning tuning
		want   string
	}{
		{"not at all", tuning{}, "hey cricket 0.5, Computer 0.7"},
		{"one word", tuning{Word: "computer"}, "Computer 0.7"},
		{"a word that is gone", tuning{Word: "jarvis"}, "hey cricket 0.5, Computer 0.7"},
		{"sensitivity", tuning{Sensitivity: &high}, "hey cricket 0.9, Computer 0.9"},
		{"both", tuning{Word: "hey cricket", Sensitivity: &high}, "hey cricket 0.9"},
	} {
		var got []string
		for _, w := range tt.tuning.of(words) {
			got = append(got, w.Name+" "+strconv.FormatFloat(w.Sensitivity, 'g', -1, 64))
		}
		if s := strings.Join(got, ", "); s != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, s, tt.want)
		}
	}
}

// What was set holds through a restart, and a damaged file only sets nothing.
func TestTuningIsKept(t *testing.T) {
	b, _, _ := stillBox(t, free())
	t.Cleanup(func() { b.control.Close(); b.closeBook() })
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nobody listens to the box's microphone
	if err := b.retune(ctx, func(t *tuning) { s := 0.25; t.Word, t.Sensitivity = "hey cricket", &s }); err != nil {
		t.Fatal(err)
	}
	b.tuned.Store(&tuning{})
	if b.openTuning(); b.sensitivity() != 0.25 || b.tuned.Load().Word != "hey cricket" {
		t.Errorf("it is %+v", b.tuned.Load())
	}
	for _, text := range []string{"{", `{"sensitivity":7}`, "\x00"} {
		if err := os.WriteFile(b.tuningFile(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if b.openTuning(); b.sensitivity() != 0.5 {
			t.Errorf("%q: it is %+v", text, b.tuned.Load())
		}
	}
}

// Secrets come from the files that the configuration names, else from systemd.
func TestSecretsFromSystemd(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"mqtt-password": "from systemd\n", "own": "from the owner\n", "mqtt-key": "k"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check := func(when string, m MQTT, password, key string) {
		t.Helper()
		got, err := m.password()
		if err != nil || got != password || m.key() != key {
			t.Errorf("%s: password %q, key %q, %v", when, got, m.key(), err)
		}
	}
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	check("no systemd", MQTT{}, "", "")
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	check("a credential", MQTT{CertFile: "c"}, "from systemd", filepath.Join(dir, "mqtt-key"))
	check("no certificate", MQTT{}, "from systemd", "")
	check("the owner's", MQTT{PasswordFile: filepath.Join(dir, "own"), CertFile: "c", KeyFile: "k"}, "from the owner", "k")
	t.Setenv("CREDENTIALS_DIRECTORY", t.TempDir())
	check("no such credential", MQTT{}, "", "")
}

package systemd

import (
	"bufio"
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What somebody said is in no journal and in no file: a sentence is heard and
// another is asked, and then everything is searched that the daemon wrote.
func TestWhatWasSaidIsWrittenNowhere(t *testing.T) {
	bin := os.Getenv("CRICKET_BIN")
	if bin == "" {
		if os.Getenv("CRICKET_NO_SKIP") == "1" {
			t.Fatal("CRICKET_BIN is not set: make test")
		}
		t.Skip("SKIPPED: CRICKET_BIN is not set: make test")
	}
	dir, err := os.MkdirTemp("", "canary") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	config := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(config, []byte("[mqtt]\nlisten = \"127.0.0.1:0\"\n[audio]\nmicrophone = \"none\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	environment := append(os.Environ(), "RUNTIME_DIRECTORY="+filepath.Join(dir, "run"), "STATE_DIRECTORY="+filepath.Join(dir, "state"))

	daemon := exec.Command(filepath.Join(bin, "cricket"), "run", "--demo", "--config", config)
	var journal bytes.Buffer
	daemon.Env, daemon.Stderr = environment, &journal
	out, err := daemon.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	defer daemon.Process.Kill()
	said := bufio.NewScanner(out)
	for said.Scan() && !strings.HasPrefix(said.Text(), "Wake words:") { // the last line when it is ready
	}
	rest := make(chan string, 1)
	go func() {
		all := ""
		for said.Scan() {
			all += said.Text() + "\n"
		}
		rest <- all
	}()

	hear := exec.Command(filepath.Join(bin, "cricket"), "hear", "--no-wake", "../e2e/speech/front_door.wav")
	hear.Env = environment
	answer, err := hear.CombinedOutput()
	if err != nil || !strings.Contains(string(answer), "is the front door locked") {
		t.Fatalf("it was not heard: %v\n%s", err, answer)
	}
	ask := exec.Command(filepath.Join(bin, "cricket"), "ask", "the canary sings of purple mountains")
	ask.Env = environment
	ask.Run() // it is not understood

	if err := daemon.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	stdout := <-rest
	if err := daemon.Wait(); err != nil {
		t.Errorf("the daemon ended with %v", err)
	}
	written := map[string]string{"journal": journal.String(), "standard output": stdout}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		written[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for place, text := range written {
		for _, canary := range []string{"front door locked", "purple mountains"} {
			if strings.Contains(strings.ToLower(text), canary) {
				t.Errorf("%s has %q", place, canary)
			}
		}
	}
}

package main

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cricket-home/cricket/models/random"
	"github.com/cricket-home/cricket/voice/voicetest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"cricket": main})
}

// TestScripts runs the scripts of testdata against the command line. `exits N
// COMMAND…` runs a command that must end with exit code N.
func TestScripts(t *testing.T) {
	demo, err := filepath.Abs("../../home/demo/home.toml")
	if err != nil {
		t.Fatal(err)
	}
	speech, err := filepath.Abs("../../e2e/speech")
	if err != nil {
		t.Fatal(err)
	}
	espeak, err := filepath.EvalSymlinks(voicetest.Program(t, "espeak-ng"))
	if err != nil {
		t.Fatal(err)
	}
	mouth := filepath.Dir(espeak)
	// A language model that says anything its grammar lets it say.
	gguf := filepath.Join(t.TempDir(), "random.gguf")
	file, err := os.Create(gguf)
	if err != nil {
		t.Fatal(err)
	}
	shape := random.SmallLlama()
	shape.Ctx = 4096
	if err := errors.Join(random.Llama(file, shape, 1), file.Close()); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("DEMO", demo)
			e.Setenv("SPEECH", speech)
			// No daemon of this machine may answer; a socket's path must be short.
			run, err := os.MkdirTemp("", "cricket-")
			if err != nil {
				return err
			}
			e.Defer(func() { os.RemoveAll(run) })
			e.Setenv("RUNTIME_DIRECTORY", run)
			e.Setenv("PATH", e.Getenv("PATH")+":"+mouth) // after the folder that has no cricket-native
			e.Setenv("STATE_DIRECTORY", filepath.Join(run, "state"))
			e.Setenv("GGUF", gguf)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": func(ts *testscript.TestScript, _ bool, args []string) {
				if len(args) < 2 {
					ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
				}
				want, err := strconv.Atoi(args[0])
				ts.Check(err)
				got := 0
				if err := ts.Exec(args[1], args[2:]...); err != nil {
					exit, ok := err.(interface{ ExitCode() int })
					if !ok {
						ts.Fatalf("%v", err)
					}
					got = exit.ExitCode()
				}
				if got != want {
					ts.Fatalf("exit code %d, want %d", got, want)
				}
			},
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

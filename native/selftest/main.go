// Selftest proves that the native libraries and programs work on this machine.
//
// In: the folder that native/setup.sh made (.native/<arch>), and its env in the environment. Out: one line on stdout
// per proof; the first proof that fails ends it with its cause and the next command on stderr, and exit status 1.
// The proofs run one after the other, each with its own time limit, and leave nothing behind.
//
// It uses nothing but what it generates: random models of a few megabytes and sentences spoken by espeak-ng.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// proof is one thing that must work. It returns what it saw, in a few words.
type proof struct {
	name string
	run  func(ctx context.Context, at place) (string, error)
	hint string // the command to type when it fails
}

// place says where things are.
type place struct {
	bin  string // folder of the programs
	root string // root of the packages: "/", or the private one
	tmp  string // folder for generated files, removed at the end
}

func proofs() []proof {
	const again = "make distclean setup"
	return []proof{
		{"espeak-ng speaks", speak, again},
		{"pocketsphinx tells two phrases apart", recognise, again},
		{"llama-server loads a model and keeps to a grammar", complete, again},
		{"mosquitto and its clients start", broker, again},
		{"cricket-native builds, and whisper.cpp loads and runs a model", transcribe,
			". .native/*/env && go build ./cmd/cricket-native"},
	}
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "selftest: error: want one argument, the folder that setup made")
		fmt.Fprintln(os.Stderr, "selftest: hint: make setup")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "selftest: error:", err)
		if f := (*failed)(nil); errors.As(err, &f) {
			fmt.Fprintln(os.Stderr, "selftest: hint:", f.hint)
		}
		os.Exit(1)
	}
}

// failed is a proof that did not hold.
type failed struct {
	proof
	cause error
}

func (f *failed) Error() string { return f.name + ": no: " + f.cause.Error() }

func (f *failed) Unwrap() error { return f.cause }

func run(prefix string) error {
	tmp, err := os.MkdirTemp("", "cricket-selftest-")
	if err != nil {
		return fmt.Errorf("make a folder for generated files: %w", err)
	}
	defer os.RemoveAll(tmp)
	root := os.Getenv("CRICKET_NATIVE_ROOT")
	if root == "" {
		return fmt.Errorf("the environment has no CRICKET_NATIVE_ROOT: read %s/env first, as make setup does", prefix)
	}
	at := place{bin: filepath.Join(prefix, "bin"), root: root, tmp: tmp}
	for _, p := range proofs() {
		begin := time.Now()
		// Generous: the last proof compiles, and CI machines are slow.
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		saw, err := p.run(ctx, at)
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = fmt.Errorf("no answer in 5 minutes: %w", err)
		}
		cancel()
		if err != nil {
			return &failed{p, err}
		}
		fmt.Printf("  ok  %s: %s (%.1f s)\n", p.name, saw, time.Since(begin).Seconds())
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/intent/llm"
)

// startModel starts a language model of this process's own, for the names of a
// home: file, or where that is "" the one that was chosen. end ends it.
func startModel(ctx context.Context, t *terminal, file string, names intent.Names) (e *llm.Engine, end func(), err error) {
	if file == "" {
		config, err := appliance.OwnConfig("", appliance.StateDir())
		if err != nil {
			return nil, nil, &fault{err, "cricket doctor", exitUsage}
		}
		var note string
		if file, note, err = appliance.ChooseLanguageModel(config, appliance.StateDir()); err != nil {
			return nil, nil, storeFault(err)
		}
		if file == "" {
			err = errors.New("no language model is chosen")
			if note != "" {
				err = errors.New("no language model can be used: " + note)
			}
			return nil, nil, &fault{err, "cricket models list llm   (or --model FILE.gguf)", exitMissing}
		}
	}
	bin, err := appliance.Bin()
	if err != nil {
		return nil, nil, err
	}
	program, err := appliance.Program(bin, "llama-server")
	if err != nil {
		return nil, nil, &fault{err, "make build", exitMissing}
	}
	dir, err := os.MkdirTemp("", "cricket-")
	if err != nil {
		return nil, nil, fmt.Errorf("make runtime directory: %w", err)
	}
	e = llm.NewEngine(llm.Options{Program: program, Model: file, Dir: dir,
		Log: slog.New(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: slog.LevelError}))})
	e.SetHome(names)
	running, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- e.Run(running) }()
	end = func() {
		cancel()
		<-ended
		os.RemoveAll(dir)
	}
	if err := e.Serving(ctx); err != nil {
		end()
		return nil, nil, &fault{fmt.Errorf("start %s: %w", filepath.Base(file), err), "cricket models verify", exitMissing}
	}
	return e, end, nil
}

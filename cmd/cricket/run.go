package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/demo"
)

type run struct {
	Config string `help:"Configuration file (${default_config} if that exists)." type:"path" placeholder:"F"`
	Demo   bool   `help:"Serve the demo home and its devices."`
	Debug  bool   `help:"Log what was said, and every request."`
}

func (c *run) Run(ctx context.Context, t *terminal) error {
	if os.Getenv("GOMEMLIMIT") == "" {
		sparingly()
	}
	level := slog.LevelInfo
	if c.Debug {
		level = slog.LevelDebug
	}
	book := appliance.NewLogbook()
	log := slog.New(slog.NewMultiHandler(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: level}), slog.NewTextHandler(book, nil)))
	if err := appliance.TakeRestored(c.Config, appliance.StateDir()); err != nil {
		log.Error("a backup is not wholly restored", "err", err)
	}
	config, err := appliance.OwnConfig(c.Config, appliance.StateDir())
	if err != nil {
		return &fault{err, "cricket run --help", exitUsage}
	}
	if config.Unsettled != "" {
		log.Error("the settings of the house page do not hold", "err", config.Unsettled)
	}
	o := appliance.Options{Config: config, Devices: c.Demo, Ears: true, Keep: true, Log: log, Logbook: book,
		StateDir: appliance.StateDir(), RuntimeDir: appliance.RuntimeDir(), Sys: os.DirFS("/sys"), System: appliance.ThisSystem()}
	if o.Bin, err = appliance.Bin(); err != nil {
		return err
	}
	if c.Demo {
		if o.Home, err = demo.Home(); err != nil {
			return err
		}
		o.HomeDir = filepath.Join(o.StateDir, "demo") // the alarms of a demonstration wake nobody at home
	}
	if sound, err := appliance.OpenSound(config.Audio, o.Bin, log); err != nil { // text and MQTT need none
		log.Warn("the box is silent and hears nobody", "err", err)
	} else {
		o.Sound = sound
	}
	if face, err := appliance.OpenFace(config.Board, log); err != nil {
		log.Error("the box has no lights and no buttons", "err", err)
		o.BoardFault = err
	} else if face != nil {
		o.Board = face
	}
	box, err := appliance.New(o)
	if err != nil {
		return startFault(err, config)
	}
	go func() {
		if box.Ready(ctx) == nil {
			fmt.Fprintln(t.out, box.Summary())
		}
	}()
	go func() {
		if err := box.Tell(ctx); err != nil {
			log.Error("systemd does not know how the box is", "err", err)
		}
	}()
	err = box.Run(ctx)
	if errors.Is(err, appliance.ErrRestart) {
		return restart()
	}
	if err != nil {
		return startFault(err, config)
	}
	return nil
}

// restart puts a new cricket in the place of this one, with the same arguments.
func restart() error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	return fmt.Errorf("restart: %w", syscall.Exec(program, os.Args, os.Environ())) // it comes back only with an error
}

// startFault adds what to do about the faults that people meet first.
func startFault(err error, c appliance.Config) error {
	f := &fault{err, "cricket doctor", exitMissing}
	_, badHome := errors.AsType[home.Faults](err)
	switch {
	case badHome || errors.Is(err, appliance.ErrSentences):
		f.code = exitUsage
	case errors.Is(err, syscall.EADDRINUSE):
		f.hint = fmt.Sprintf("a broker runs here already; to use it, put  broker = \"tcp://%s\"  under [mqtt] in config.toml", c.MQTT.Listen)
	case errors.Is(err, os.ErrPermission):
		f.hint = "run as root, or set XDG_RUNTIME_DIR to a folder of yours"
	}
	return f
}

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"

	"github.com/cricket-home/cricket/appliance"
)

func main() {
	bin := flag.String("bin", "bin", "where cricket-native and espeak-ng are")
	requests := flag.Int("requests", 200, "how many times somebody asks for something")
	seed := flag.Uint64("seed", 1, "of all that is drawn by lot")
	asJSON := flag.Bool("json", false, "JSON instead of words")
	verbose := flag.Bool("v", false, "a line for each request that was not answered as meant")
	keep := flag.String("keep", "", "with -v, a folder for what the microphone heard before each such line")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	level := slog.LevelError
	if *verbose {
		level = slog.LevelWarn
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	report, err := run(ctx, *bin, *requests, *seed, *verbose, *keep, log)
	if err != nil {
		fmt.Fprintln(os.Stderr, "live: error:", err)
		os.Exit(1)
	}
	if *asJSON {
		if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
			fmt.Fprintln(os.Stderr, "live: error:", err)
			os.Exit(1)
		}
	} else {
		fmt.Print(report)
	}
	if faults := report.faults(); len(faults) > 0 {
		for _, f := range faults {
			fmt.Fprintln(os.Stderr, "live: FAULT:", f)
		}
		os.Exit(1)
	}
}

// run makes the evening, with a box of its own.
func run(ctx context.Context, bin string, requests int, seed uint64, verbose bool, keep string, log *slog.Logger) (*report, error) {
	e, err := newEvening(ctx, bin, seed, verbose, keep, log)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- e.box.Run(ctx) }()
	defer func() {
		cancel()
		<-ended
		os.RemoveAll(e.dir)
	}()
	ready := make(chan error, 1)
	go func() { ready <- e.box.Ready(ctx) }()
	for waiting := true; waiting; { // it may hear what is there, meanwhile
		select {
		case err := <-ready:
			if err != nil {
				return nil, err
			}
			waiting = false
		case err := <-ended:
			return nil, fmt.Errorf("the box ended: %w", err)
		default:
			e.wait(frameTime, true)
		}
	}
	return e.run(ctx, requests)
}

var _ appliance.Microphone = (*air)(nil)
var _ appliance.Loudspeaker = (*air)(nil)
var _ appliance.Board = (*air)(nil)

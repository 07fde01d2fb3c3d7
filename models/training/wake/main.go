// Command wake makes the speech, mixes the training data and measures the models
// of Cricket's wake words; train.py trains between them. See README.md.
package main

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cricket-home/cricket/voice/wake/net"
)

func main() {
	log.SetFlags(log.Ltime)
	log.SetPrefix("wake: ")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		log.Print("error: ", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("wake", flag.ContinueOnError)
	phrase := flags.String("phrase", "", "the wake word; none: Cricket's own, \"hey cricket\" and \"stop\"")
	language := flags.String("language", "en", "language of espeak-ng")
	dir := flags.String("dir", "", "work folder; each model has a folder of its own in it")
	seed := flags.Uint64("seed", 1, "of all that is drawn")
	size := flags.Float64("size", 1, "share of the usual amount of speech")
	shards := flags.Int("shards", 100, "number of shards, each 500 scenes of 6 s")
	model := flags.String("model", "", "model file to measure")
	hours := flags.Int("hours", 60, "hours of sound without the word")
	part := flags.String("part", "test", "clips to measure with: test, or valid, to choose thresholds by")
	command := flags.String("command", "", "command line for the card")
	out := flags.String("card", "", "where the card goes; none: standard output")
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: wake [flags] folder | judge | speak | mix | evaluate")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *dir == "" {
		return errors.New("-dir is missing")
	}
	p := plan{name: "hey-cricket", words: []string{"hey cricket", "stop"}, language: *language, seed: *seed, size: *size}
	if word := strings.Join(strings.Fields(strings.ToLower(*phrase)), " "); word != "" {
		p.words = []string{word}
		p.name = strings.NewReplacer(" ", "-", "/", "-", ".", "-").Replace(word) + "." + p.language
	}
	folder := filepath.Join(*dir, p.name)
	clips := shelf{filepath.Join(folder, "clips")}
	switch verb := flags.Arg(0); verb {
	case "folder":
		fmt.Println(folder)
		return nil
	case "judge":
		warnings, err := judge(p)
		for _, w := range warnings {
			log.Print("warning: ", w)
		}
		return err
	case "speak":
		return speak(ctx, p, clips)
	case "mix":
		return mix(p, clips, filepath.Join(folder, "shards"), *shards)
	case "evaluate":
		data, err := os.ReadFile(*model)
		if err != nil {
			return err
		}
		m, err := net.Parse(data)
		if err != nil {
			return fmt.Errorf("%s: %w", *model, err)
		}
		if len(m.Words()) != len(p.words) || m.Words()[0].Name != p.words[0] {
			return fmt.Errorf("%s knows %v, not %q", *model, m.Words(), p.words)
		}
		for _, w := range m.Words() {
			if !slices.Contains(thresholds, w.Threshold) {
				return fmt.Errorf("%s: the threshold of %q is %v, not one of %v", *model, w.Name, w.Threshold, thresholds)
			}
		}
		warnings, err := judge(p)
		if err != nil {
			return err
		}
		weights := data[12+binary.LittleEndian.Uint32(data[8:]) : len(data)-4] // what is counted serves every threshold
		bank, err := testBank(p, clips, *part)
		if err != nil {
			return err
		}
		found, err := evaluate(p, m, fmt.Sprintf("%08x", crc32.ChecksumIEEE(weights)), bank, filepath.Join(folder, "evaluation-"+*part+".json"), *hours)
		if err != nil {
			return err
		}
		text := card(p, m, len(data), *part, *command, bank.sentences, found, warnings)
		if *out == "" {
			_, err = fmt.Print(text)
			return err
		}
		return os.WriteFile(*out, []byte(text), 0o644)
	default:
		return fmt.Errorf("no verb is called %q", verb)
	}
}

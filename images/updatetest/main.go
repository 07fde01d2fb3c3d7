package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	dir := flag.String("dir", "", "a folder for the run, with bundles of owner and stranger")
	repo := flag.String("repo", "", "the repository")
	flag.Parse()
	ctx, stop := context.WithTimeout(context.Background(), 40*time.Minute)
	defer stop()
	began := time.Now()
	n, err := bundles(*dir, *repo)
	if err == nil {
		var m *machine
		if m, err = newMachine(*dir, *repo); err == nil {
			var cuts int
			cuts, err = m.updates(ctx)
			n += cuts
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "update-test: error:", err)
		os.Exit(1)
	}
	fmt.Printf("update-test: %d states passed, 0 failed, in %.0f s\n", n, time.Since(began).Seconds())
}

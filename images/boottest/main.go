package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	var t test
	flag.StringVar(&t.image, "image", "", "the image for BOARD=virt")
	flag.StringVar(&t.kernel, "kernel", "", "the folder with vmlinuz and initrd")
	flag.StringVar(&t.speech, "speech", "", "the WAV file that is spoken to the guest")
	flag.StringVar(&t.tools, "tools", "", "the folder with what the guest's disk for the test gets: aplay, probe")
	flag.StringVar(&t.dir, "dir", "", "a folder for the run")
	flag.StringVar(&t.without, "without", "", "a file that is taken out of the root file system first, after which the test must fail")
	flag.IntVar(&t.cuts, "cuts", 0, "instead of speaking: cut the power this many times")
	flag.DurationVar(&t.limit, "limit", 25*time.Minute, "after which it is given up")
	flag.Parse()
	ctx, stop := context.WithTimeout(context.Background(), t.limit)
	defer stop()
	run := t.speak
	if t.cuts > 0 {
		run = t.cutPower
	}
	t.began = time.Now()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "boot-test: error:", err)
		os.Exit(1)
	}
	fmt.Println("1 passed, 0 failed")
}

// test is one run.
type test struct {
	image, kernel, speech, tools, dir string
	without                           string
	cuts                              int
	limit                             time.Duration
	began                             time.Time
}

func (t *test) say(format string, a ...any) {
	fmt.Printf("boot-test: %6.1f s: %s\n", time.Since(t.began).Seconds(), fmt.Sprintf(format, a...))
}

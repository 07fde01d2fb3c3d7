// Command demo runs Cricket's main job from end to end, as a household would
// see it: a daemon on embedded defaults with the demo home, spoken requests in,
// MQTT messages and device states out.
//
// It exits with 1 when any transcript, intent, message, state or reply is not
// what requests.toml says, and names the part that failed.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	d := demo{out: os.Stdout, before: func(int) {}}
	flag.StringVar(&d.bin, "bin", "bin", "folder of the programs")
	flag.StringVar(&d.speech, "speech", "e2e/speech", "folder of the WAV files and of requests.toml")
	flag.StringVar(&d.config, "config", "", "config.toml of the daemon (its defaults)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := d.run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "demo: error: %v\n", err)
		stop()
		os.Exit(1)
	}
}

package e2e

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/demo"
)

// readyTime is far longer than a box needs to start.
const readyTime = time.Minute

// conversation is what a script has said so far to a running box.
type conversation struct {
	box      *appliance.Box
	last     appliance.Result
	messages []appliance.Action // of the last request, not yet named by the script
}

// TestConversations runs the scripts of testdata. Each has a home of its own
// with real devices on a real broker:
//
//	home [FILE]          start a box on the home of FILE, or the demo home
//	heard ROOM TEXT      somebody says TEXT in ROOM ('' for no room)
//	publish TOPIC JSON   the next message of the request, which its device confirmed
//	nothing              the request published nothing (more)
//	reply TEXT           the box answered this
//	refusal WORD         the request was refused for this reason
func TestConversations(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Values["conversation"] = &conversation{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"home":    startHome,
			"heard":   heard,
			"publish": publish,
			"nothing": nothing,
			"reply":   reply,
			"refusal": refusal,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

func talk(ts *testscript.TestScript) *conversation {
	return ts.Value("conversation").(*conversation)
}

func startHome(ts *testscript.TestScript, neg bool, args []string) {
	var h *home.Home
	var err error
	if len(args) == 0 {
		h, err = demo.Home()
	} else {
		h, err = home.Parse(args[0], []byte(ts.ReadFile(args[0])))
	}
	ts.Check(err)
	config := appliance.DefaultConfig()
	config.MQTT.Listen = "127.0.0.1:0"
	// A socket's path may be 107 bytes long; the script's own folder is too deep.
	runtime, err := os.MkdirTemp("", "cricket-")
	ts.Check(err)
	box, err := appliance.New(appliance.Options{Config: config, Home: h, Devices: true,
		StateDir: filepath.Join(runtime, "state"), RuntimeDir: runtime, Log: slog.New(slog.DiscardHandler)})
	ts.Check(err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- box.Run(ctx) }()
	ts.Defer(func() {
		cancel()
		if err := <-ended; err != nil {
			ts.Logf("box: %v", err)
		}
		os.RemoveAll(runtime)
	})
	ready, stop := context.WithTimeout(ctx, readyTime)
	defer stop()
	ts.Check(box.Ready(ready))
	talk(ts).box = box
}

func heard(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: heard ROOM TEXT")
	}
	c := talk(ts)
	if len(c.messages) > 0 {
		ts.Fatalf("the last request also published %s %s", c.messages[0].Topic, c.messages[0].Payload)
	}
	c.last = c.box.Ask(context.Background(), args[1], appliance.Request{Room: args[0]})
	c.messages = c.last.Actions
	ts.Logf("%s", c.last)
}

func publish(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: publish TOPIC PAYLOAD")
	}
	c := talk(ts)
	if len(c.messages) == 0 {
		ts.Fatalf("no more messages; the reply was %q", c.last.Reply)
	}
	m := c.messages[0]
	c.messages = c.messages[1:]
	if m.Topic != args[0] || m.Payload != args[1] {
		ts.Fatalf("published %s %s", m.Topic, m.Payload)
	}
	if m.Confirmed != nil && !*m.Confirmed {
		ts.Fatalf("%s did not confirm", m.Device)
	}
}

func nothing(ts *testscript.TestScript, neg bool, args []string) {
	if c := talk(ts); len(c.messages) > 0 {
		ts.Fatalf("published %s %s", c.messages[0].Topic, c.messages[0].Payload)
	}
}

func reply(ts *testscript.TestScript, neg bool, args []string) {
	if got, want := talk(ts).last.Reply, strings.Join(args, " "); got != want {
		ts.Fatalf("replied %q, want %q", got, want)
	}
}

func refusal(ts *testscript.TestScript, neg bool, args []string) {
	r := talk(ts).last
	if got := string(r.Refusal) + string(r.Plan); len(args) != 1 || got != args[0] {
		ts.Fatalf("refusal is %q, want %q", got, args)
	}
	nothing(ts, false, nil)
}

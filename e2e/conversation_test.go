package e2e

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
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
	config   appliance.Config
	moment   atomic.Int64 // nanoseconds that the script has let pass
}

// TestConversations runs the scripts of testdata. Each has a home of its own
// with real devices on a real broker:
//
//	home [FILE]          start a box on the home of FILE, or the demo home
//	config FILE          the box that home starts has the configuration of FILE
//	heard ROOM TEXT      somebody says TEXT in ROOM ('' for no room)
//	came SOURCE ROOM TEXT  TEXT comes otherwise than by voice: cli, mqtt, wyoming, hermes, sibling
//	pass TIME            so much time passes
//	settle               the box has taken in the names that it was taught
//	traces WORD          WORD is in what the box remembers of its requests; ! that it is not
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
			"config":  readConfig,
			"came":    came,
			"pass":    pass,
			"traces":  traces,
			"settle":  settle,
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
	c := talk(ts)
	config := c.config
	if config.MQTT.DiscoveryPrefix == "" {
		config = appliance.DefaultConfig()
	}
	config.Language = h.Language
	config.MQTT.Listen = "127.0.0.1:0"
	// A socket's path may be 107 bytes long; the script's own folder is too deep.
	runtime, err := os.MkdirTemp("", "cricket-")
	ts.Check(err)
	box, err := appliance.New(appliance.Options{Config: config, Home: h, Devices: true,
		Moment:   func() time.Time { return time.Now().Add(time.Duration(c.moment.Load())) },
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
	c.box = box
}

func readConfig(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: config FILE")
	}
	c, err := appliance.LoadConfig(ts.MkAbs(args[0]))
	ts.Check(err)
	talk(ts).config = c
}

func pass(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: pass TIME")
	}
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	talk(ts).moment.Add(int64(d))
}

func settle(ts *testscript.TestScript, neg bool, args []string) {
	ready, stop := context.WithTimeout(context.Background(), readyTime)
	defer stop()
	ts.Check(talk(ts).box.Ready(ready))
}

func traces(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: traces WORD")
	}
	text, err := json.Marshal(talk(ts).box.Last(100))
	ts.Check(err)
	if strings.Contains(string(text), args[0]) == neg {
		ts.Fatalf("what the box remembers: %s", text)
	}
}

func heard(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: heard ROOM TEXT")
	}
	request(ts, home.InTheRoom, args)
}

func came(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: came SOURCE ROOM TEXT")
	}
	request(ts, home.Source(args[0]), args[1:])
}

func request(ts *testscript.TestScript, source home.Source, args []string) {
	c := talk(ts)
	if len(c.messages) > 0 {
		ts.Fatalf("the last request also published %s %s", c.messages[0].Topic, c.messages[0].Payload)
	}
	c.last = c.box.Ask(context.Background(), args[1], appliance.Request{Room: args[0], Source: source})
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

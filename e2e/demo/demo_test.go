package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// programs is the folder of the built programs, or the reason for skipping.
func programs(t *testing.T) string {
	t.Helper()
	bin := os.Getenv("CRICKET_BIN")
	if _, err := os.Stat(filepath.Join(bin, "cricket-native")); bin == "" || err != nil {
		if os.Getenv("CRICKET_NO_SKIP") != "" {
			t.Fatal("the programs are not built: run make build, and make test, which sets CRICKET_BIN")
		}
		t.Skip("the programs are not built: run make build, and make test, which sets CRICKET_BIN")
	}
	return bin
}

// Everything that make demo shows is right.
func TestDemo(t *testing.T) {
	var out bytes.Buffer
	d := demo{bin: programs(t), speech: "../speech", out: &out, before: func(int) {}}
	if err := d.run(context.Background()); err != nil {
		t.Errorf("the demo failed: %v\n%s", err, out.String())
	}
}

// A part that dies during the demo makes it fail, and is named.
func TestDemoNamesThePartThatDied(t *testing.T) {
	bin := programs(t)
	const at = 1 // the request before which the part dies
	for _, tt := range []struct {
		name, named string
		kill        func(t *testing.T, d *demo, b *breakable)
	}{
		{"broker", "broker: ", func(_ *testing.T, _ *demo, b *breakable) { b.close() }},
		{"recogniser", "recogniser: ", func(t *testing.T, d *demo, _ *breakable) { keepKilling(t, d.pid) }},
		{"device", "device light.", func(_ *testing.T, _ *demo, b *breakable) { b.deafen("cricket/demo/light/") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := startBreakable(t)
			config := filepath.Join(t.TempDir(), "config.toml")
			if err := os.WriteFile(config, fmt.Appendf(nil, "[mqtt]\nbroker = \"tcp://%s\"\n", b.addr), 0o600); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			d := demo{bin: bin, speech: "../speech", config: config, out: &out}
			d.before = func(n int) {
				if n == at {
					tt.kill(t, &d, b)
				}
			}
			err := d.run(context.Background())
			if err == nil {
				t.Fatalf("the demo succeeded without its %s:\n%s", tt.name, out.String())
			}
			if !strings.Contains(out.String(), "WRONG  "+tt.named) {
				t.Errorf("the %s is not named:\n%s\n%v", tt.name, out.String(), err)
			}
		})
	}
}

// breakable is the home's broker for a test: it can be closed, and can lose
// the clients of some devices.
type breakable struct {
	mochi.HookBase
	server *mochi.Server
	close  func()
	addr   string
	wills  sync.Map               // client id -> topic of its last will
	dead   atomic.Pointer[string] // the clients whose last will is under this topic are lost
}

func startBreakable(t *testing.T) *breakable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	wire := &wire{Listener: l}
	b := &breakable{addr: l.Addr().String(), server: mochi.New(&mochi.Options{Logger: slog.New(slog.DiscardHandler)})}
	err = errors.Join(b.server.AddHook(b, nil), b.server.AddListener(listeners.NewNet("tcp", wire)), b.server.Serve())
	if err != nil {
		t.Fatal(err)
	}
	b.close = wire.cut
	t.Cleanup(b.close)
	return b
}

// wire is a listener that can be cut, with all its connections. mochi's own
// Close can stand still for ever (mqtt/listener.go says why).
type wire struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func (w *wire) Accept() (net.Conn, error) {
	c, err := w.Listener.Accept()
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		w.conns = append(w.conns, c)
	}
	return c, err
}

func (w *wire) cut() {
	w.Listener.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		c.Close()
	}
}

func (b *breakable) ID() string { return "breakable" }
func (b *breakable) Provides(hook byte) bool {
	return hook == mochi.OnConnectAuthenticate || hook == mochi.OnACLCheck
}
func (b *breakable) OnConnectAuthenticate(cl *mochi.Client, pk packets.Packet) bool {
	b.wills.Store(cl.ID, pk.Connect.WillTopic)
	return !b.lost(cl)
}
func (b *breakable) OnACLCheck(cl *mochi.Client, _ string, _ bool) bool { return !b.lost(cl) }

func (b *breakable) will(id string) string {
	topic, _ := b.wills.Load(id)
	s, _ := topic.(string)
	return s
}

func (b *breakable) lost(cl *mochi.Client) bool {
	dead := b.dead.Load()
	return dead != nil && strings.HasPrefix(b.will(cl.ID), *dead)
}

// deafen cuts the connections of the clients whose last will is under a topic, for good.
func (b *breakable) deafen(topic string) {
	b.dead.Store(&topic)
	for _, cl := range b.server.Clients.GetAll() {
		if b.lost(cl) {
			cl.Stop(errors.New("pulled from the wall"))
		}
	}
}

// keepKilling kills every recogniser of the daemon until the test ends.
func keepKilling(t *testing.T, daemon int) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			for _, pid := range children(daemon) {
				if name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); strings.HasPrefix(string(name), "cricket-native") {
					syscall.Kill(pid, syscall.SIGKILL)
				}
			}
		}
	}()
	t.Cleanup(func() { stop(); <-done })
}

// children lists the child processes of a process.
func children(pid int) (pids []int) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range tasks {
		text, _ := os.ReadFile(file)
		for _, field := range strings.Fields(string(text)) {
			if n, err := strconv.Atoi(field); err == nil {
				pids = append(pids, n)
			}
		}
	}
	return pids
}

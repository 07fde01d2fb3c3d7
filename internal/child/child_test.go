package child

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestMain makes the test binary a child when a test starts it as one.
func TestMain(m *testing.M) {
	if mode := os.Getenv("CRICKET_TEST_CHILD"); mode != "" {
		os.Exit(beChild(mode))
	}
	os.Exit(m.Run())
}

// beChild behaves, or misbehaves, as mode says.
func beChild(mode string) int {
	if mode == "daemon" {
		return beDaemon()
	}
	r, w, err := Pipes()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	load := func() (Handlers, any, error) { return verbs(), map[string]string{"mode": mode}, nil }
	greet := func() { w.Write(AppendFrame(nil, hello("test"))) }
	switch mode {
	case "good":
	case "flood":
		go func() {
			line := strings.Repeat("all work and no play ", 1000)
			for {
				fmt.Fprint(os.Stderr, line, "\n", line, line)
			}
		}()
	case "exit":
		return 7
	case "refuse":
		load = func() (Handlers, any, error) { return nil, nil, errors.New("load model \"x\": it is a picture") }
	case "garbage":
		greet()
		w.Write([]byte("INFO: loaded 3 backends\nINFO: all is well\n"))
		time.Sleep(time.Hour)
	case "half":
		greet()
		b := AppendFrame(nil, Frame{Type: Ready, Payload: []byte(`{"loaded":true}`)})
		w.Write(b[:len(b)-4])
		return 0
	case "future":
		w.Write(AppendFrame(nil, Frame{Type: Hello, Payload: []byte("cricket 99 test")}))
		time.Sleep(time.Hour)
	case "deaf": // does not even notice that the daemon is gone
		greet()
		w.Write(AppendFrame(nil, Frame{Type: Ready, Payload: []byte(`{}`)}))
		time.Sleep(time.Hour)
	}
	if err := Serve(r, w, "test", load); err != nil {
		fmt.Fprintln(os.Stderr, "child ends:", err)
		return 1
	}
	return 0
}

func verbs() Handlers {
	return Handlers{
		"echo": func(ctx context.Context, head json.RawMessage, data []byte) (any, error) {
			return map[string]any{"head": head, "data": string(data), "pid": os.Getpid()}, nil
		},
		"count": func(ctx context.Context, _ json.RawMessage, data []byte) (any, error) {
			sum := 0
			for _, b := range data {
				sum += int(b)
			}
			return []int{len(data), sum}, nil
		},
		"refuse": func(context.Context, json.RawMessage, []byte) (any, error) {
			return nil, errors.New("hear the utterance: it has no sound")
		},
		"wedge": func(context.Context, json.RawMessage, []byte) (any, error) { time.Sleep(time.Minute); return nil, nil },
		"die":   func(context.Context, json.RawMessage, []byte) (any, error) { os.Exit(3); return nil, nil },
		"stuck": func(context.Context, json.RawMessage, []byte) (any, error) { select {} },
		"patient": func(ctx context.Context, _ json.RawMessage, _ []byte) (any, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
		"die once": func(_ context.Context, head json.RawMessage, _ []byte) (any, error) {
			var marker string
			if err := json.Unmarshal(head, &marker); err != nil {
				return nil, err
			}
			if f, err := os.OpenFile(marker, os.O_CREATE|os.O_EXCL, 0o600); err == nil {
				f.Close()
				os.Exit(3)
			}
			return "second time lucky", nil
		},
		"die noting it": func(_ context.Context, head json.RawMessage, _ []byte) (any, error) {
			var file string
			if err := json.Unmarshal(head, &file); err != nil {
				return nil, err
			}
			f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
			if err != nil {
				return nil, err
			}
			f.WriteString("x")
			os.Exit(3)
			return nil, nil
		},
		"huge": func(context.Context, json.RawMessage, []byte) (any, error) {
			return strings.Repeat("x", MaxPayload+1), nil
		},
	}
}

// runChild keeps this test's own child running until the test ends.
func runChild(t *testing.T, mode string, change ...func(*Options)) *Child {
	t.Helper()
	o := Options{Part: "test child", Program: os.Args[0],
		Env: []string{"CRICKET_TEST_CHILD=" + mode}, Log: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&o)
	}
	c := New(o)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		select {
		case err := <-ended:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("Run returned %v, want the context's error", err)
			}
		case <-time.After(20 * time.Second):
			t.Error("Run does not end with its context")
		}
		if pid := c.State().PID; pid != 0 {
			t.Errorf("Run ended and left process %d", pid)
		}
	})
	return c
}

// soon is a generous end for what takes milliseconds.
func soon(t *testing.T) context.Context {
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(stop)
	return ctx
}

func TestRequestAndReply(t *testing.T) {
	c := runChild(t, "good")
	var got struct {
		Head json.RawMessage
		Data string
		PID  int
	}
	reply, err := c.Call(soon(t), Request{Verb: "echo", Head: json.RawMessage(`{"a":1}`), Data: []byte("hello")})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(reply, &got); err != nil {
		t.Fatal(err)
	}
	s := c.State()
	if string(got.Head) != `{"a":1}` || got.Data != "hello" || got.PID != s.PID || got.PID == os.Getpid() {
		t.Errorf("echo gave %s, state %+v", reply, s)
	}
	if !s.Running || s.Restarts != 0 || s.Err != nil || string(s.Loaded) != `{"mode":"good"}` {
		t.Errorf("state %+v", s)
	}
}

func TestManyFramesOfDataArriveWhole(t *testing.T) {
	c := runChild(t, "good")
	data := make([]byte, 3*MaxPayload+5)
	sum := 0
	for i := range data {
		data[i] = byte(i * 7)
		sum += int(data[i])
	}
	reply, err := c.Call(soon(t), Request{Verb: "count", Data: data})
	if want := fmt.Sprintf("[%d,%d]", len(data), sum); err != nil || string(reply) != want {
		t.Errorf("got %s, %v; want %s", reply, err, want)
	}
}

func TestConcurrentCallsAreNotMixed(t *testing.T) {
	c := runChild(t, "good")
	var wait sync.WaitGroup
	for i := range 20 {
		wait.Go(func() {
			want := strings.Repeat(strconv.Itoa(i)+" ", 10000*(i%3))
			reply, err := c.Call(soon(t), Request{Verb: "echo", Data: []byte(want)})
			var got struct{ Data string }
			if err == nil {
				err = json.Unmarshal(reply, &got)
			}
			if err != nil || got.Data != want {
				t.Errorf("call %d: %v, %d bytes, want %d", i, err, len(got.Data), len(want))
			}
		})
	}
	wait.Wait()
}

func TestCallsThatFail(t *testing.T) {
	c := runChild(t, "good")
	for _, test := range []struct{ name, verb, want string }{
		{"the child refuses", "refuse", "test child: hear the utterance: it has no sound"},
		{"no such verb", "dance", `test child: answer "dance": no such verb`},
		{"too long a reply", "huge", `test child: answer "huge": the reply has 1048579 bytes, more than 1048576`},
		{"it dies each time", "die", "test child died twice during one request: the child is gone: exit status 3"},
	} {
		_, err := c.Call(soon(t), Request{Verb: test.verb})
		if err == nil || err.Error() != test.want {
			t.Errorf("%s: got error %v, want %s", test.name, err, test.want)
		}
		if died := errors.Is(err, ErrDied); died != (test.verb == "die") {
			t.Errorf("%s: ErrDied is %v", test.name, died)
		}
	}
	if _, err := c.Call(soon(t), Request{Verb: "count", Data: make([]byte, MaxData+1)}); err == nil {
		t.Error("more than MaxData was taken")
	}
	if n := c.State().Restarts; n < 1 {
		t.Errorf("%d restarts after two deaths", n)
	}
}

func TestRequestIsTriedOnceMore(t *testing.T) {
	c := runChild(t, "good")
	marker, _ := json.Marshal(t.TempDir() + "/died")
	reply, err := c.Call(soon(t), Request{Verb: "die once", Head: marker})
	if err != nil || string(reply) != `"second time lucky"` {
		t.Errorf("got %s, %v", reply, err)
	}
	if n := c.State().Restarts; n != 1 {
		t.Errorf("%d restarts, want 1", n)
	}
}

// A request that kills whoever takes it is not tried a third time.
func TestRequestIsTriedTwiceAtMost(t *testing.T) {
	c := runChild(t, "good")
	file := t.TempDir() + "/deaths"
	head, _ := json.Marshal(file)
	if _, err := c.Call(soon(t), Request{Verb: "die noting it", Head: head}); !errors.Is(err, ErrDied) {
		t.Errorf("got %v", err)
	}
	if noted, err := os.ReadFile(file); err != nil || string(noted) != "xx" {
		t.Errorf("%d children took it, want 2, %v", len(noted), err)
	}
	if _, err := c.Call(soon(t), Request{Verb: "echo"}); err != nil {
		t.Errorf("the next request: %v", err)
	}
}

func TestKilledFromOutsideIsRetried(t *testing.T) {
	c := runChild(t, "good")
	if _, err := c.Call(soon(t), Request{Verb: "echo"}); err != nil {
		t.Fatal(err)
	}
	first := c.State().PID
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	reply, err := c.Call(soon(t), Request{Verb: "count"})
	if s := c.State(); err != nil || s.PID == first || s.Restarts != 1 {
		t.Errorf("got %s, %v; state %+v", reply, err, s)
	}
}

func TestCancelledCall(t *testing.T) {
	for _, test := range []struct {
		verb     string
		restarts int
	}{
		{"patient", 0}, // gives up when told
		{"stuck", 1},   // has to be killed
	} {
		c := runChild(t, "good")
		if _, err := c.Call(soon(t), Request{Verb: "echo"}); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(soon(t))
		time.AfterFunc(20*time.Millisecond, stop)
		if _, err := c.Call(ctx, Request{Verb: test.verb}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want the context's error", test.verb, err)
		}
		if _, err := c.Call(soon(t), Request{Verb: "echo"}); err != nil {
			t.Errorf("%s: afterwards: %v", test.verb, err)
		}
		if n := c.State().Restarts; n != test.restarts {
			t.Errorf("%s: %d restarts, want %d", test.verb, n, test.restarts)
		}
	}
}

func TestChildrenThatCannotStart(t *testing.T) {
	for _, test := range []struct{ mode, want string }{
		{"exit", "exit status 7"},
		{"refuse", `load model "x": it is a picture`},
		{"garbage", ErrWire.Error()},
		{"half", "it ended by itself"},
		{"future", "build cricket and cricket-native together"},
	} {
		c := runChild(t, test.mode)
		_, err := c.Call(soon(t), Request{Verb: "echo"})
		if !errors.Is(err, ErrDown) || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "test child ") {
			t.Errorf("%s: got %v, want the part, ErrDown and %q", test.mode, err, test.want)
		}
		if s := c.State(); s.Running || s.Err == nil {
			t.Errorf("%s: state %+v", test.mode, s)
		}
	}
	c := runChild(t, "good", func(o *Options) { o.Program = "/nonexistent/cricket-native" })
	if _, err := c.Call(soon(t), Request{Verb: "echo"}); !errors.Is(err, ErrDown) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no program: got %v", err)
	}
}

func TestFloodOfStderrHarmsNothing(t *testing.T) {
	var logged atomic.Int64
	c := runChild(t, "flood", func(o *Options) { o.Log = slog.New(countBytes{&logged}) })
	for range 100 {
		if _, err := c.Call(soon(t), Request{Verb: "count", Data: make([]byte, 100000)}); err != nil {
			t.Fatal(err)
		}
	}
	if n := logged.Load(); n == 0 || n > 1<<20 {
		t.Errorf("%d bytes reached the log", n)
	}
}

type countBytes struct{ n *atomic.Int64 }

func (c countBytes) Enabled(context.Context, slog.Level) bool { return true }
func (c countBytes) WithAttrs([]slog.Attr) slog.Handler       { return c }
func (c countBytes) WithGroup(string) slog.Handler            { return c }
func (c countBytes) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool { c.n.Add(int64(len(a.Value.String()))); return true })
	return nil
}

func TestPrepareRunsOnEveryNewChild(t *testing.T) {
	prepared := make(chan string, 10)
	c := runChild(t, "good", func(o *Options) {
		o.Prepare = func(ctx context.Context, do Do) error {
			reply, err := do(ctx, Request{Verb: "echo", Data: []byte("ready?")})
			prepared <- string(reply)
			return err
		}
	})
	if _, err := c.Call(soon(t), Request{Verb: "echo"}); err != nil {
		t.Fatal(err)
	}
	syscall.Kill(c.State().PID, syscall.SIGKILL)
	if _, err := c.Call(soon(t), Request{Verb: "echo"}); err != nil {
		t.Fatal(err)
	}
	if len(prepared) != 2 || !strings.Contains(<-prepared, "ready?") {
		t.Errorf("prepared %d more times, want twice", len(prepared))
	}
	c = runChild(t, "good", func(o *Options) {
		o.Prepare = func(ctx context.Context, do Do) error { _, err := do(ctx, Request{Verb: "refuse"}); return err }
	})
	if _, err := c.Call(soon(t), Request{Verb: "echo"}); !errors.Is(err, ErrDown) || !strings.Contains(err.Error(), "it has no sound") {
		t.Errorf("a child that cannot be prepared serves: %v", err)
	}
}

func TestCallAfterRunHasEnded(t *testing.T) {
	c := New(Options{Part: "test child", Program: os.Args[0], Env: []string{"CRICKET_TEST_CHILD=good"}, Log: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := c.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Run: %v", err)
	}
	if _, err := c.Call(soon(t), Request{Verb: "echo"}); !errors.Is(err, ErrDown) {
		t.Errorf("Call: %v", err)
	}
}

// beDaemon runs a deaf child and prints its process id.
func beDaemon() int {
	c := New(Options{Part: "deaf child", Program: os.Args[0], Env: []string{"CRICKET_TEST_CHILD=deaf"}, Log: slog.New(slog.DiscardHandler)})
	go c.Run(context.Background())
	for !c.State().Running {
		time.Sleep(time.Millisecond)
	}
	fmt.Println(c.State().PID)
	select {}
}

func TestChildDiesWithTheDaemon(t *testing.T) {
	daemon := exec.Command(os.Args[0])
	daemon.Env = append(os.Environ(), "CRICKET_TEST_CHILD=daemon")
	out, err := daemon.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	daemon.Process.Kill()
	io.Copy(io.Discard, out)
	daemon.Wait()
	pid, err2 := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || err2 != nil {
		t.Fatalf("daemon said %q: %v, %v", line, err, err2)
	}
	for end := time.Now().Add(20 * time.Second); ; {
		if !alive(pid) {
			return
		}
		if time.Now().After(end) {
			syscall.Kill(pid, syscall.SIGKILL)
			t.Fatalf("child %d outlives the daemon", pid)
		}
	}
}

// alive is false for a process that is gone or waits to be reaped.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(after, "Z") && !strings.HasPrefix(after, "X")
}

package child

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// helpers has a unit's socket for a verb, whose helper serve is. It returns the options
// of a daemon that is to use it.
func helpers(t *testing.T, serve func(a *Adopted)) Options {
	dir, err := os.MkdirTemp("", "helpers") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "echo.sock"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(HelpersVariable, dir)
	t.Cleanup(func() { l.Close(); os.RemoveAll(dir) })
	go func() {
		for {
			c, err := l.AcceptUnix()
			if err != nil {
				return
			}
			a, err := Adopt(c, "echo")
			if err != nil {
				t.Error(err)
				c.Close()
				continue
			}
			go func() { // the process of the helper
				serve(a)
				for _, f := range a.Files {
					f.Close()
				}
				c.Close()
			}()
		}
	}()
	return Options{Part: "echo", Program: "/not/there", Args: []string{"echo", "--loud"}, Log: slog.New(slog.DiscardHandler)}
}

func (a *Adopted) serveEcho() {
	done := make(chan struct{}, 2)
	go func() { a.Ended(); done <- struct{}{} }()
	go func() {
		Serve(a.Files[0], a.Files[1], "echo", func() (Handlers, any, error) {
			a.Files[2].WriteString("it runs\n")
			return Handlers{"echo": func(_ context.Context, head json.RawMessage, _ []byte) (any, error) { return head, nil }}, a.Args, nil
		})
		done <- struct{}{}
	}()
	<-done
}

func TestHelperIsLikeAChild(t *testing.T) {
	c := New(helpers(t, (*Adopted).serveEcho))
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- c.Run(ctx) }()
	reply, err := c.Call(t.Context(), Request{Verb: "echo", Head: json.RawMessage(`"hello"`)})
	if err != nil || string(reply) != `"hello"` {
		t.Fatalf("%s, %v", reply, err)
	}
	s := c.State()
	var args []string
	if err := json.Unmarshal(s.Loaded, &args); err != nil || !slices.Equal(args, []string{"echo", "--loud"}) || s.PID != os.Getpid() {
		t.Errorf("it is %+v with arguments %q, %v", s, args, err)
	}
	stop() // it ends with the daemon
	if err := <-over; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A helper that dies is connected to again, and the request is sent once more.
func TestHelperThatDies(t *testing.T) {
	lives := make(chan int, 3)
	lives <- 1
	c := New(helpers(t, func(a *Adopted) {
		life := <-lives
		lives <- life + 1
		if life > 1 {
			a.serveEcho()
			return
		}
		Serve(a.Files[0], a.Files[1], "echo", func() (Handlers, any, error) {
			return Handlers{"echo": func(context.Context, json.RawMessage, []byte) (any, error) {
				a.Files[0].Close() // Serve ends, and so does the helper
				select {}
			}}, nil, nil
		})
	}))
	go c.Run(t.Context())
	if reply, err := c.Call(t.Context(), Request{Verb: "echo", Head: json.RawMessage(`1`)}); err != nil || string(reply) != "1" {
		t.Errorf("%s, %v", reply, err)
	}
	if s := c.State(); s.Restarts != 1 {
		t.Errorf("%d restarts", s.Restarts)
	}
}

func TestWhichProgramsAreHelpers(t *testing.T) {
	helpers(t, (*Adopted).serveEcho)
	for args, want := range map[string]bool{"echo": true, "stt": false, "../echo": false, "--model": false} {
		if got := helperSocket([]string{args}) != ""; got != want {
			t.Errorf("%s: %v", args, got)
		}
	}
	if helperSocket(nil) != "" {
		t.Error("a program without arguments is one")
	}
}

// A helper is for one verb, and takes nothing else for a daemon.
func TestAdoptRefuses(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for _, test := range []struct {
		name, says string
		files      []*os.File
	}{
		{"another verb", `["sphinx"]`, []*os.File{r, w, w}},
		{"no verb", `[]`, []*os.File{r, w, w}},
		{"no JSON", `stt`, []*os.File{r, w, w}},
		{"a descriptor too few", `["stt"]`, []*os.File{r, w}},
	} {
		t.Run(test.name, func(t *testing.T) {
			socket := filepath.Join(t.TempDir(), "s")
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			refused := make(chan error, 1)
			go func() {
				c, err := l.AcceptUnix()
				if err == nil {
					_, err = Adopt(c, "stt")
					c.Close()
				}
				refused <- err
			}()
			if _, _, err := handOver(socket, []byte(test.says), test.files...); err == nil {
				t.Error("the daemon was told that it is taken over")
			}
			if err := <-refused; err == nil {
				t.Error("it was taken over")
			}
		})
	}
}

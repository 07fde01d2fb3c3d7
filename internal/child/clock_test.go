package child

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fake is a child inside the test, so that the test's clock rules it.
type fake struct {
	starts   []time.Duration // when each was started, since the test began
	behave   func(start int, r io.Reader, w io.Writer) error
	resident func() (int64, error)
}

func (f *fake) launch(began time.Time) func(Options) (*process, error) {
	return func(o Options) (*process, error) {
		start := len(f.starts)
		f.starts = append(f.starts, time.Since(began))
		r, in := io.Pipe()
		out, w := io.Pipe()
		killed := make(chan struct{})
		exited := make(chan error, 1)
		kill := sync.OnceFunc(func() { close(killed); r.Close(); w.Close() })
		go func() {
			err := f.behave(start, r, w)
			kill()
			exited <- err
		}()
		return &process{pid: 1, in: in, out: out, kill: kill, wait: func() error { return <-exited },
			resident: f.resident, stderr: &lines{log: o.Log}}, nil
	}
}

// withFake runs story in a bubble with a child that behaves so.
func withFake(t *testing.T, o Options, f *fake, story func(t *testing.T, c *Child)) {
	synctest.Test(t, func(t *testing.T) {
		o.Part, o.Log = "fake", slog.New(slog.DiscardHandler)
		c := New(o)
		c.launch = f.launch(time.Now())
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- c.Run(ctx) }()
		story(t, c)
		stop()
		<-ended
		time.Sleep(time.Hour) // handlers that sleep wake up and end
	})
}

func good(_ int, r io.Reader, w io.Writer) error {
	return Serve(r, w, "fake", func() (Handlers, any, error) { return verbs(), nil, nil })
}

func TestBackoffGrowsAndIsForgotten(t *testing.T) {
	f := &fake{behave: func(start int, r io.Reader, w io.Writer) error {
		if start == 10 { // serves for a while, then dies
			go func() { time.Sleep(31 * time.Second); w.(*io.PipeWriter).Close() }()
			good(start, r, w)
		}
		return errors.New("crash")
	}}
	withFake(t, Options{}, f, func(t *testing.T, c *Child) {
		time.Sleep(time.Minute + 31*time.Second)
		synctest.Wait()
		var waits []time.Duration
		for i := 1; i < min(len(f.starts), 13); i++ {
			waits = append(waits, (f.starts[i] - f.starts[i-1]).Round(time.Millisecond))
		}
		ms := time.Millisecond
		want := []time.Duration{100 * ms, 200 * ms, 400 * ms, 800 * ms, 1600 * ms, 3200 * ms, 6400 * ms,
			10 * time.Second, 10 * time.Second, 10 * time.Second, 31*time.Second + 100*ms, 200 * ms}
		if !slices.Equal(waits, want) {
			t.Errorf("waited\n%v between starts, want\n%v", waits, want)
		}
	})
}

func TestSilentChildIsKilled(t *testing.T) {
	silent := func(start int, r io.Reader, w io.Writer) error {
		if start > 0 {
			return good(start, r, w)
		}
		w.Write(AppendFrame(nil, hello("fake")))
		w.Write(AppendFrame(nil, Frame{Type: Ready, Payload: []byte("{}")}))
		_, err := io.Copy(io.Discard, r) // reads pings, answers none
		return err
	}
	f := &fake{behave: silent}
	withFake(t, Options{}, f, func(t *testing.T, c *Child) {
		ctx, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		reply, err := c.Call(ctx, Request{Verb: "echo"})
		if err != nil || len(reply) == 0 {
			t.Errorf("the request was not tried on the next child: %v", err)
		}
		if n := len(f.starts); n != 2 || f.starts[1] < pingWait || f.starts[1] > pingWait+3*pingEvery {
			t.Errorf("starts at %v", f.starts)
		}
	})
}

func TestChildThatAnswersPingsIsLeftAlone(t *testing.T) {
	f := &fake{behave: good}
	withFake(t, Options{}, f, func(t *testing.T, c *Child) {
		time.Sleep(time.Hour)
		synctest.Wait()
		if s := c.State(); !s.Running || len(f.starts) != 1 {
			t.Errorf("after an hour: %+v, %d starts", s, len(f.starts))
		}
	})
}

func TestChildThatNeverFinishesLoadingIsKilled(t *testing.T) {
	f := &fake{}
	f.behave = func(start int, r io.Reader, w io.Writer) error {
		return Serve(r, w, "fake", func() (Handlers, any, error) {
			time.Sleep(loadWait + time.Minute)
			return nil, nil, errors.New("too late")
		})
	}
	withFake(t, Options{}, f, func(t *testing.T, c *Child) {
		ctx, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		_, err := c.Call(ctx, Request{Verb: "echo"})
		if !errors.Is(err, ErrDown) || !errors.Is(err, ErrHung) {
			t.Errorf("got %v", err)
		}
	})
}

func TestFatChildIsKilled(t *testing.T) {
	var mu sync.Mutex
	used := int64(100 << 20)
	f := &fake{behave: good, resident: func() (int64, error) { mu.Lock(); defer mu.Unlock(); return used, nil }}
	withFake(t, Options{MemoryLimit: 512 << 20}, f, func(t *testing.T, c *Child) {
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(f.starts) != 1 {
			t.Errorf("%d starts below the limit", len(f.starts))
		}
		mu.Lock()
		used = 513 << 20
		mu.Unlock()
		time.Sleep(pingEvery + time.Millisecond)
		synctest.Wait()
		if s := c.State(); s.Running || !errors.Is(s.Err, ErrMemory) || !strings.Contains(s.Err.Error(), "513 MiB in use, 512 MiB allowed") {
			t.Errorf("over the limit: %+v", s)
		}
	})
}

func TestCancelKillsWithoutBackoff(t *testing.T) {
	f := &fake{behave: good}
	withFake(t, Options{}, f, func(t *testing.T, c *Child) {
		for range 5 {
			ctx, stop := context.WithTimeout(t.Context(), time.Second)
			began := time.Now()
			_, err := c.Call(ctx, Request{Verb: "wedge"})
			stop()
			if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took > time.Second+cancelGrace {
				t.Errorf("cancelled call took %v: %v", took, err)
			}
		}
		if _, err := c.Call(t.Context(), Request{Verb: "echo"}); err != nil {
			t.Error(err)
		}
		if last := f.starts[len(f.starts)-1]; len(f.starts) != 6 || last > 5*(time.Second+cancelGrace) {
			t.Errorf("starts at %v", f.starts)
		}
	})
}

func TestLateReplyIsDropped(t *testing.T) {
	f := &fake{behave: func(_ int, r io.Reader, w io.Writer) error {
		w.Write(AppendFrame(nil, hello("fake")))
		w.Write(AppendFrame(nil, Frame{Type: Ready, Payload: []byte("{}")}))
		for {
			f, err := ReadFrame(r)
			if err != nil {
				return err
			}
			if f.Type == End { // the answer, and one to the request before
				w.Write(AppendFrame(nil, Frame{Type: Reply, ID: f.ID - 1, Payload: []byte(`"late"`)}))
				w.Write(AppendFrame(nil, Frame{Type: Reply, ID: f.ID, Payload: []byte(`"right"`)}))
				w.Write(AppendFrame(nil, Frame{Type: Reply, ID: f.ID, Payload: []byte(`"again"`)}))
			}
		}
	}}
	withFake(t, Options{}, f, func(t *testing.T, c *Child) {
		for range 10 {
			if reply, err := c.Call(t.Context(), Request{Verb: "x"}); err != nil || string(reply) != `"right"` {
				t.Fatalf("got %s, %v", reply, err)
			}
		}
	})
}

// gate lets a writer pass one write at a time.
type gate struct{ open chan []byte }

func (g gate) Write(p []byte) (int, error) { g.open <- slices.Clone(p); return len(p), nil }

func TestControlOvertakesAudio(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, g := newLink(), gate{make(chan []byte)}
		go l.write(g)
		go func() {
			for i := range 100 {
				if l.send(nil, Frame{Type: Data, ID: 1, Seq: uint32(i)}) != nil {
					return
				}
			}
		}()
		synctest.Wait() // the writer holds one frame, the next waits
		l.send(nil, Frame{Type: Ping})
		synctest.Wait()
		var order []Type
		for range 3 {
			f, _ := ReadFrame(strings.NewReader(string(<-g.open)))
			order = append(order, f.Type)
			synctest.Wait()
		}
		if want := []Type{Data, Ping, Data}; !slices.Equal(order, want) {
			t.Errorf("written %v, want %v", order, want)
		}
		l.close()
		go func() {
			for range g.open {
			}
		}()
		synctest.Wait()
		close(g.open)
	})
}

func TestReplyMustBeJSON(t *testing.T) {
	f := &fake{behave: func(_ int, r io.Reader, w io.Writer) error {
		w.Write(AppendFrame(nil, hello("fake")))
		w.Write(AppendFrame(nil, Frame{Type: Ready, Payload: []byte("{}")}))
		for {
			f, err := ReadFrame(r)
			if err != nil {
				return err
			}
			if f.Type == End {
				w.Write(AppendFrame(nil, Frame{Type: Reply, ID: f.ID, Payload: []byte(`{"text":`)}))
			}
		}
	}}
	withFake(t, Options{}, f, func(t *testing.T, c *Child) {
		_, err := c.Call(t.Context(), Request{Verb: "x", Head: json.RawMessage("1")})
		if !errors.Is(err, ErrDied) || !errors.Is(err, ErrWire) {
			t.Errorf("got %v", err)
		}
	})
}

// A child that hears tells of it unasked, in order, beside its replies.
func TestSoundComesUnasked(t *testing.T) {
	var got []string
	f := &fake{resident: func() (int64, error) { return 0, nil }, behave: func(_ int, r io.Reader, w io.Writer) error {
		return ServeLive(r, w, "fake", func(emit Emit) (Handlers, any, error) {
			return Handlers{"listen": func(context.Context, json.RawMessage, []byte) (any, error) {
				for _, pcm := range []string{"ab", "cd"} {
					if err := emit(Sound, []byte(pcm)); err != nil {
						return nil, err
					}
				}
				return "heard", emit(Notice, []byte(`{"microphone":"it"}`))
			}}, nil, nil
		})
	}}
	heard := func(of Type, payload []byte) { got = append(got, of.String()+" "+string(payload)) }
	withFake(t, Options{Heard: heard}, f, func(t *testing.T, c *Child) {
		if reply, err := c.Call(t.Context(), Request{Verb: "listen"}); err != nil || string(reply) != `"heard"` {
			t.Errorf("%s, %v", reply, err)
		}
	})
	if want := []string{"sound ab", "sound cd", `notice {"microphone":"it"}`}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

package child

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func ready() error { return nil }

// serverStory runs a server whose processes live in the test, with the test's clock.
func serverStory(t *testing.T, o Options, healthy func(context.Context, int) error, resident int64, story func(t *testing.T, s *Server, starts *atomic.Int32, die func(error))) {
	synctest.Test(t, func(t *testing.T) {
		var starts atomic.Int32
		var mu sync.Mutex
		var die func(error)
		o.Part, o.Log = "fake", slog.New(slog.DiscardHandler)
		s := NewServer(o, ready, func(ctx context.Context) error { return healthy(ctx, int(starts.Load())) })
		s.launch = func(o Options) (*process, error) {
			starts.Add(1)
			exited := make(chan error, 1)
			end := sync.OnceFunc(func() { exited <- errors.New("killed") })
			mu.Lock()
			die = func(err error) { exited <- err }
			mu.Unlock()
			_, in := io.Pipe()
			out, _ := io.Pipe()
			return &process{pid: 1, in: in, out: out, kill: end, wait: func() error { return <-exited },
				resident: func() (int64, error) { return resident, nil }, stderr: &lines{log: o.Log}}, nil
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.Run(ctx) }()
		synctest.Wait()
		story(t, s, &starts, func(err error) { mu.Lock(); defer mu.Unlock(); die(err) })
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
	})
}

func TestServerServesWhenItIsHealthy(t *testing.T) {
	began := time.Time{}
	serverStory(t, Options{}, func(context.Context, int) error {
		if began.IsZero() {
			began = time.Now()
		}
		if time.Since(began) < time.Second {
			return errors.New("it loads")
		}
		return nil
	}, 0, func(t *testing.T, s *Server, starts *atomic.Int32, die func(error)) {
		if s.State().Running {
			t.Error("it serves before it is healthy")
		}
		if err := s.Serving(t.Context()); err != nil || !s.State().Running {
			t.Errorf("%v, %+v", err, s.State())
		}
	})
}

func TestServerIsStartedAgain(t *testing.T) {
	healthy := func(context.Context, int) error { return nil }
	serverStory(t, Options{}, healthy, 0, func(t *testing.T, s *Server, starts *atomic.Int32, die func(error)) {
		for want := int32(2); want < 5; want++ {
			if err := s.Serving(t.Context()); err != nil {
				t.Fatal(err)
			}
			die(errors.New("it crashed"))
			time.Sleep(backoffMax)
			if got := starts.Load(); got != want {
				t.Fatalf("%d starts, want %d", got, want)
			}
		}
	})
}

func TestServerThatHangsOrGrowsIsKilled(t *testing.T) {
	for _, tt := range []struct {
		name     string
		resident int64
		sick     func(context.Context) error
		want     error
	}{
		{"no answer", 0, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, ErrHung},
		{"an error", 0, func(context.Context) error { return errors.New("503") }, ErrHung},
		{"too much memory", 2 << 20, func(context.Context) error { return nil }, ErrMemory},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			serverStory(t, Options{MemoryLimit: 1 << 20}, func(ctx context.Context, start int) error {
				if asked++; asked == 1 || start > 1 {
					return nil
				}
				return tt.sick(ctx)
			}, tt.resident, func(t *testing.T, s *Server, starts *atomic.Int32, die func(error)) {
				for range 1200 {
					if err := s.State().Err; err != nil {
						if !errors.Is(err, tt.want) {
							t.Errorf("it ended with %v, want %v", err, tt.want)
						}
						return
					}
					time.Sleep(time.Second / 60)
				}
				t.Error("it was not killed")
			})
		})
	}
}

func TestServerThatCannotStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(Options{Part: "language model", Program: "/does/not/exist", Log: slog.New(slog.DiscardHandler)}, ready, func(context.Context) error { return nil })
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.Run(ctx) }()
		err := s.Serving(t.Context())
		if !errors.Is(err, ErrDown) || !strings.Contains(err.Error(), "language model is not running: start /does/not/exist") {
			t.Errorf("%v", err)
		}
		stop()
		<-ended
	})
}

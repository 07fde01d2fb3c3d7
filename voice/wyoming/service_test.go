package wyoming

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/voicetest"
)

// elsewhere is a real service that is not ours, and that somebody restarts when it ends or hangs.
type elsewhere struct {
	t       *testing.T
	address string
	args    []string
	env     []string

	mu    sync.Mutex
	state child.State
}

// newElsewhere is a service of Debian's python3-wyoming with a fault, or "".
func newElsewhere(t *testing.T, fault string) *elsewhere {
	t.Helper()
	python, err := exec.LookPath("python3")
	espeak := voicetest.Program(t, "espeak-ng")
	link, linkErr := filepath.EvalSymlinks(espeak)
	packages := ""
	for _, dir := range []string{filepath.Join(filepath.Dir(link), "../root/usr/lib/python3/dist-packages"), "/usr/lib/python3/dist-packages"} {
		if _, err := os.Stat(filepath.Join(dir, "wyoming")); err == nil && packages == "" {
			packages = dir
		}
	}
	if err := errors.Join(err, linkErr); err != nil || packages == "" {
		if os.Getenv("CRICKET_NO_SKIP") == "1" {
			t.Fatalf("python3 or python3-wyoming is not there (make setup): %v", err)
		}
		t.Skipf("python3 or python3-wyoming is not there (make setup): %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(address)
	return &elsewhere{t: t, address: address, args: []string{python, "testdata/service.py", port, espeak, fault}, env: append(os.Environ(), "PYTHONPATH="+packages)}
}

// Run keeps the service running, and kills one that was stopped.
func (s *elsewhere) Run(ctx context.Context) error {
	for restarts := 0; ctx.Err() == nil; restarts++ {
		cmd := exec.CommandContext(ctx, s.args[0], s.args[1:]...)
		cmd.Env = s.env
		if err := cmd.Start(); err != nil {
			return err
		}
		s.mu.Lock()
		s.state = child.State{PID: cmd.Process.Pid, Restarts: restarts}
		s.mu.Unlock()
		over := make(chan struct{})
		go func() {
			defer close(over)
			cmd.Wait()
		}()
		for alive := true; alive; {
			select {
			case <-over:
				alive = false
			case <-time.After(200 * time.Millisecond):
				// Not by a ping: on a busy machine one that is well does not answer for seconds.
				stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
				if _, state, _ := strings.Cut(string(stat), ") "); err == nil && strings.HasPrefix(state, "T") {
					cmd.Process.Kill()
				}
			}
		}
		s.mu.Lock()
		s.state.PID = 0
		s.mu.Unlock()
	}
	return ctx.Err()
}

// there waits until the service answers.
func (s *elsewhere) there() {
	s.t.Helper()
	end := time.Now().Add(time.Minute)
	for time.Now().Before(end) {
		if talkTo(s.t.Context(), s.address, time.Minute, func(c *client) error { return c.send("ping", nil, nil) }, func(Event) (bool, error) { return true, nil }) == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.t.Fatal("the service does not start")
}

func (s *elsewhere) start() {
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { s.Run(ctx); close(over) }()
	s.t.Cleanup(func() { stop(); <-over })
	s.there()
}

// watched is a recogniser and its service, as the suite kills them.
type watched struct {
	*Recogniser
	service *elsewhere
}

func (w watched) Run(ctx context.Context) error {
	over := make(chan error, 1)
	go func() { over <- w.service.Run(ctx) }()
	err := w.Recogniser.Run(ctx)
	<-over
	return err
}

func (w watched) State() child.State {
	w.service.mu.Lock()
	defer w.service.mu.Unlock()
	s := w.service.state
	seen := w.Recogniser.State() // this life of the service, and not the one before
	s.Running = s.PID != 0 && seen.Running && seen.Restarts == s.Restarts
	return s
}

// The contract suite of recognisers, with a service that is not ours at the other end.
func TestRecogniserElsewhere(t *testing.T) {
	voicetest.Run(t, voicetest.Options{
		New: func(t *testing.T) voicetest.Recogniser {
			service := newElsewhere(t, "")
			r := NewRecogniser(service.address, "en", slog.New(slog.DiscardHandler))
			r.returns = time.Minute // Python starts slowly where everything else does, too
			return watched{r, service}
		},
		Prepare: func(ctx context.Context, r voicetest.Recogniser) error {
			r.(watched).service.there()
			return r.(watched).back(ctx)
		},
		Part: "Wyoming", Wordless: true,
	})
}

// The contract suite of voices, the same way.
func TestSpeakerElsewhere(t *testing.T) {
	service := newElsewhere(t, "")
	service.start()
	voicetest.Speak(t, NewSpeaker(service.address, "en", slog.New(slog.DiscardHandler)).Say)
}

// What a service does wrong is a clear error, soon.
func TestFaultsElsewhere(t *testing.T) {
	for _, tt := range []struct{ fault, hear, say string }{
		{"error", "it says: the model is broken", "it says: the model is broken"},
		{"nonsense", "not a Wyoming event", "not a Wyoming event"},
		{"huge", "not a Wyoming event", "not a Wyoming event"},
		{"die", "died twice", "it went away"},
		{"empty", "", "it made no sound"},
	} {
		t.Run(tt.fault, func(t *testing.T) {
			service := newElsewhere(t, tt.fault)
			service.start()
			r := NewRecogniser(service.address, "en", slog.New(slog.DiscardHandler))
			ctx, stop := context.WithCancel(t.Context())
			over := make(chan error, 1)
			go func() { over <- r.Run(ctx) }()
			defer func() { stop(); <-over }()
			heard, err := r.Transcribe(t.Context(), voice.Utterance{PCM: make([]int16, 16000)})
			if tt.hear == "" && (err != nil || heard.Text != "") || tt.hear != "" && (err == nil || !strings.Contains(err.Error(), tt.hear) || !strings.Contains(err.Error(), service.address)) {
				t.Errorf("hearing: %q, %v; want %q", heard.Text, err, tt.hear)
			}
			service.there()
			s := NewSpeaker(service.address, "en", slog.New(slog.DiscardHandler))
			if _, err := s.Say(t.Context(), "hello"); err == nil || !strings.Contains(err.Error(), tt.say) {
				t.Errorf("speaking: %v; want %q", err, tt.say)
			}
			if _, err := s.Say(t.Context(), "hello"); err == nil || !strings.Contains(err.Error(), "failed just now") {
				t.Errorf("speaking at once again: %v", err)
			}
		})
	}
}

// A service that hangs is given up when its time is over: here when the caller's is.
func TestServiceThatHangs(t *testing.T) {
	service := newElsewhere(t, "hang")
	service.start()
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	r := NewRecogniser(service.address, "en", slog.New(slog.DiscardHandler))
	if _, err := r.Transcribe(ctx, voice.Utterance{PCM: make([]int16, 16000)}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	err := talkTo(t.Context(), service.address, 200*time.Millisecond, func(c *client) error {
		return c.send("synthesize", map[string]string{"text": "hello"}, nil)
	}, func(Event) (bool, error) { return false, nil })
	if err == nil || !strings.Contains(err.Error(), "it said nothing for 200ms") {
		t.Errorf("%v", err)
	}
}

// A word is heard elsewhere, again after that, and again when the service has been away.
func TestWakerElsewhere(t *testing.T) {
	service := newElsewhere(t, "")
	service.start()
	w := NewWaker(service.address, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- w.Run(ctx) }()
	defer func() { stop(); <-over }()
	quiet, loud := make([]int16, voice.FrameSamples), make([]int16, voice.FrameSamples)
	for i := range loud {
		loud[i] = 25000
	}
	at := time.Duration(0)
	hears := func(when string) {
		t.Helper()
		for end := time.Now().Add(time.Minute); time.Now().Before(end); {
			pcm := quiet
			if at%(25*20*time.Millisecond) == 0 {
				pcm = loud
			}
			got := w.Push(voice.Frame{PCM: pcm, Time: at})
			if at += 20 * time.Millisecond; len(got) > 0 {
				if got[0].Word != "loud" || got[0].End > at || got[0].End < at-wakeBelieved {
					t.Errorf("%s: %+v at %v", when, got[0], at)
				}
				return
			}
			time.Sleep(2 * time.Millisecond)
		}
		t.Fatalf("%s: nothing was heard; fault %q", when, w.Fault())
	}
	hears("first")
	hears("again")
	if w.Fault() != "" {
		t.Errorf("fault %q", w.Fault())
	}
	service.mu.Lock()
	pid := service.state.PID
	service.mu.Unlock()
	p, _ := os.FindProcess(pid)
	p.Kill()
	for w.Fault() == "" {
		w.Push(voice.Frame{PCM: quiet, Time: at})
		time.Sleep(time.Millisecond)
	}
	for len(w.Push(voice.Frame{PCM: quiet, Time: at})) > 0 {
	}
	hears("after it was away")
}

func TestAddress(t *testing.T) {
	for _, tt := range []struct{ uri, want string }{
		{"tcp://homeassistant.local:10300", "homeassistant.local:10300"}, {"tcp://[::1]:10300", "[::1]:10300"},
		{"homeassistant.local:10300", ""}, {"tcp://homeassistant.local", ""}, {"http://a:1", ""}, {"tcp://a:1/x", ""}, {"tcp://u@a:1", ""}, {"", ""},
	} {
		if got, err := Address(tt.uri); got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%q: %q, %v", tt.uri, got, err)
		}
	}
}

// Whatever a service answers, hearing and speaking end with something or an error.
func FuzzService(f *testing.F) {
	f.Add([]byte(`{"type":"transcript","data":{"text":"turn on the lamp"}}` + "\n"))
	f.Add([]byte(`{"type":"audio-start","data":{"rate":22050,"width":2,"channels":1}}` + "\n" + `{"type":"audio-chunk","data":{"rate":22050,"width":2,"channels":1},"payload_length":4}` + "\nabcd" + `{"type":"audio-stop"}` + "\n"))
	f.Add([]byte(`{"type":"error","data":{"text":"no"}}` + "\n"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Skip(err)
		}
		defer l.Close()
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				conn.Write(answer)
				conn.Close()
			}
		}()
		r := NewRecogniser(l.Addr().String(), "en", slog.New(slog.DiscardHandler))
		heard, err := r.once(t.Context(), voice.Utterance{PCM: make([]int16, 160)})
		if err == nil && (len(heard.Text) > maxText || heard.Text != "" && heard.Confidence == 0) {
			t.Errorf("heard %+v", heard)
		}
		speech, err := NewSpeaker(l.Addr().String(), "en", slog.New(slog.DiscardHandler)).once(t.Context(), "hello")
		if err == nil && (len(speech.PCM) == 0 || speech.Rate < 4000) {
			t.Errorf("spoke %d samples at %d", len(speech.PCM), speech.Rate)
		}
	})
}

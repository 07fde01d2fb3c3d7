package voicetest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/voice"
)

// Recogniser is an engine as the suite sees it.
type Recogniser interface {
	Run(ctx context.Context) error
	Transcribe(ctx context.Context, u voice.Utterance) (voice.Transcript, error)
	State() child.State
}

// Options says what is tested.
type Options struct {
	// New returns an engine that does not run yet.
	New func(t *testing.T) Recogniser
	// Prepare, where set, is called when the engine runs. It makes a closed-phrase
	// recogniser load Grammar.
	Prepare func(ctx context.Context, r Recogniser) error
	// Part is what errors must name.
	Part string
	// Closed: the engine hears the phrases of Grammar and nothing else.
	Closed bool
	// Wordless: the model has random weights and knows no words. What it says only
	// has to be the same each time.
	Wordless bool
}

// Grammar is what a closed-phrase recogniser is to know.
const Grammar = `#JSGF V1.0;
grammar contract;
public <command> = (turn | switch) (on | off) the <place> (light | lights)
                 | (open | close) the <place> (blinds | window) | lock the (front | back) door
                 | set the <place> lights to (twenty | fifty | eighty) percent | what time is it | never mind;
<place> = kitchen | bedroom | living room | office;
`

// Words are the words of Grammar.
var Words = strings.Fields(`turn switch on off the kitchen bedroom living room office light lights open close
	blinds window lock front back door set to twenty fifty eighty percent what time is it never mind`)

var commands = []string{
	"turn on the kitchen lights", "switch off the office light", "open the bedroom blinds", "close the living room window",
	"lock the front door", "set the bedroom lights to fifty percent", "what time is it", "never mind",
}

var others = []string{
	"what a lovely day it is", "the train to the coast was twenty minutes late again",
	"she said that the doctor would call her back tomorrow", "have you seen my blue jacket anywhere",
}

// patience is the deadline of what takes a second at most.
const patience = time.Minute

// running starts an engine that ends with the test.
func running(t *testing.T, o Options) Recogniser {
	t.Helper()
	r := o.New(t)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		select {
		case err := <-ended:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("Run returned %v, want the context's error", err)
			}
		case <-time.After(patience):
			t.Error("Run does not end with its context")
		}
	})
	if o.Prepare != nil {
		if err := o.Prepare(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// hear transcribes u and checks what holds for every transcript.
func hear(t *testing.T, r Recogniser, u voice.Utterance) (voice.Transcript, error) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	got, err := r.Transcribe(ctx, u)
	if err != nil {
		return got, err
	}
	if got.Confidence < 0 || got.Confidence > 1 {
		t.Errorf("confidence %v is not within 0..1", got.Confidence)
	}
	if got.Language == "" || !utf8.ValidString(got.Text) || got.Text != strings.TrimSpace(got.Text) {
		t.Errorf("language %q, text %q", got.Language, got.Text)
	}
	if got.Text == "" && (got.Confidence != 0 || len(got.Tokens) != 0) {
		t.Errorf("nothing was heard, with confidence %v and %d tokens", got.Confidence, len(got.Tokens))
	}
	if got.NotCommand && got.Text != "" {
		t.Errorf("%q is none of the phrases", got.Text)
	}
	var last time.Duration
	for _, token := range got.Tokens {
		if token.Start < last || token.End < token.Start || token.End > u.Duration()+time.Second {
			t.Errorf("token %q is from %v to %v, after %v in %v of sound", token.Text, token.Start, token.End, last, u.Duration())
		}
		if token.Probability < 0 || token.Probability > 1 {
			t.Errorf("token %q has probability %v", token.Text, token.Probability)
		}
		last = token.Start
	}
	for _, a := range got.Alternatives {
		if a.Text == got.Text || a.Confidence < 0 || a.Confidence > got.Confidence {
			t.Errorf("alternative %q has confidence %v, %q has %v", a.Text, a.Confidence, got.Text, got.Confidence)
		}
	}
	return got, nil
}

// Run holds an engine to the contract.
func Run(t *testing.T, o Options) {
	t.Run("commands", func(t *testing.T) { testCommands(t, o) })
	t.Run("no words", func(t *testing.T) { testNoWords(t, o) })
	t.Run("cancel", func(t *testing.T) { testCancel(t, o) })
	t.Run("killed", func(t *testing.T) { testKilled(t, o) })
	t.Run("concurrent", func(t *testing.T) { testConcurrent(t, o) })
}

func testCommands(t *testing.T, o Options) {
	r := running(t, o)
	for _, v := range []string{"en-us", "en-gb", "en-us+m7"} {
		for _, text := range commands {
			u := Spoken(t, v, text, 0)
			got, err := hear(t, r, u)
			switch {
			case err != nil:
				t.Errorf("%s: %q: %v", v, text, err)
			case o.Wordless:
				if again, err := hear(t, r, u); err != nil || again.Text != got.Text {
					t.Errorf("%s: %q is heard as %q and as %q, %v", v, text, got.Text, again.Text, err)
				}
			case plain(got.Text) != text:
				t.Errorf("%s: %q is heard as %q (not a command: %v)", v, text, got.Text, got.NotCommand)
			case len(got.Tokens) == 0 || got.Confidence < 0.5:
				t.Errorf("%s: %q has %d tokens and confidence %.2f", v, text, len(got.Tokens), got.Confidence)
			}
		}
	}
	if !o.Closed {
		return
	}
	for _, text := range others {
		if got, err := hear(t, r, Spoken(t, "en-us", text, 0)); err != nil || got.Text != "" {
			t.Errorf("%q is taken for the command %q with confidence %.2f, %v", text, got.Text, got.Confidence, err)
		}
	}
}

// plain is text without punctuation, lower case.
func plain(text string) string {
	text = strings.Map(func(c rune) rune {
		if strings.ContainsRune(".,!?", c) {
			return -1
		}
		return c
	}, text)
	return strings.ToLower(strings.TrimSpace(text))
}

func testNoWords(t *testing.T, o Options) {
	r := running(t, o)
	for _, test := range []struct {
		name   string
		u      voice.Utterance
		silent bool
	}{
		{"no samples", voice.Utterance{}, true},
		{"one sample", voice.Utterance{PCM: []int16{1000}}, false},
		{"five milliseconds", noise(80, 20), false},
		{"silence", silence(2 * voice.SampleRate), true},
		{"ten minutes of silence", silence(600 * voice.SampleRate), true},
		{"faint noise", noise(2*voice.SampleRate, 60), false},
		{"loud noise", noise(3*voice.SampleRate, 12), false},
		{"clipped noise", noise(3*voice.SampleRate, -20), false},
		{"a minute of noise", noise(60*voice.SampleRate, 30), false},
	} {
		got, err := hear(t, r, test.u)
		switch {
		case err != nil:
			t.Errorf("%s: %v", test.name, err)
		case test.silent && (got.Text != "" || got.NotCommand):
			t.Errorf("%s: heard %q, not a command: %v", test.name, got.Text, got.NotCommand)
		case got.Text != "" && got.Confidence >= 0.5 && !o.Wordless:
			t.Errorf("%s: heard %q with confidence %.2f", test.name, got.Text, got.Confidence)
		}
	}
	if n := r.State().Restarts; n != 0 {
		t.Errorf("the child died %d times", n)
	}
}

// long is a command with so much of something else that an engine is busy for
// a while.
func long(t *testing.T) voice.Utterance {
	u := Spoken(t, "en-us", strings.Repeat("turn on the kitchen lights. what time is it. ", 4), 0)
	if n := 14 * voice.SampleRate; len(u.PCM) > n {
		u.PCM = u.PCM[:n]
	}
	return u
}

func testCancel(t *testing.T, o Options) {
	r := running(t, o)
	u, short := long(t), Spoken(t, "en-us", commands[0], 0)
	want, err := hear(t, r, short)
	if err != nil {
		t.Fatal(err)
	}
	pid := r.State().PID
	for i := range 4 {
		// A stopped child answers nothing: the call ends by its context or not at all.
		if i%2 == 1 {
			syscall.Kill(r.State().PID, syscall.SIGSTOP)
		}
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Duration(i)*5*time.Millisecond, stop)
		began := time.Now()
		_, err := r.Transcribe(ctx, u)
		if took := time.Since(began); err != nil && !errors.Is(err, context.Canceled) || i%2 == 1 && err == nil || took > patience/2 {
			t.Errorf("cancelled call ended after %v with %v", took, err)
		}
		stop()
		if got, err := hear(t, r, short); err != nil || got.Text != want.Text {
			t.Errorf("after a cancelled call: heard %q, want %q, %v", got.Text, want.Text, err)
		}
	}
	if r.State().PID == pid {
		t.Error("a stopped child still runs")
	}
}

func testKilled(t *testing.T, o Options) {
	r := running(t, o)
	u := Spoken(t, "en-us", commands[0], 0)
	want, err := hear(t, r, u)
	if err != nil {
		t.Fatal(err)
	}
	type result struct {
		got voice.Transcript
		err error
	}
	begin := func(u voice.Utterance) <-chan result {
		pid := r.State().PID
		syscall.Kill(pid, syscall.SIGSTOP) // so that it cannot answer before it dies
		done := make(chan result, 1)
		go func() {
			got, err := hear(t, r, u)
			done <- result{got, err}
		}()
		time.AfterFunc(20*time.Millisecond, func() { syscall.Kill(pid, syscall.SIGKILL) })
		return done
	}

	if res := <-begin(u); res.err != nil || res.got.Text != want.Text {
		t.Errorf("killed once: heard %q, want %q, %v", res.got.Text, want.Text, res.err)
	}
	if n := r.State().Restarts; n != 1 {
		t.Errorf("killed once: %d restarts", n)
	}

	first := r.State().PID
	done := begin(long(t))
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Microsecond) {
		if s := r.State(); s.Running && s.PID != first {
			syscall.Kill(s.PID, syscall.SIGKILL)
			break
		}
		if time.Now().After(end) {
			t.Fatal("no child came after the first")
		}
	}
	if res := <-done; !errors.Is(res.err, child.ErrDied) || !strings.Contains(res.err.Error(), o.Part) {
		t.Errorf("killed twice: heard %q, error %v; want child.ErrDied and %q", res.got.Text, res.err, o.Part)
	}
	if got, err := hear(t, r, u); err != nil || got.Text != want.Text {
		t.Errorf("afterwards: heard %q, want %q, %v", got.Text, want.Text, err)
	}
}

func testConcurrent(t *testing.T, o Options) {
	r := running(t, o)
	var alone []string
	var utterances []voice.Utterance
	for _, text := range commands[:4] {
		u := Spoken(t, "en-us", text, 0)
		got, err := hear(t, r, u)
		if err != nil {
			t.Fatal(err)
		}
		utterances, alone = append(utterances, u), append(alone, got.Text)
	}
	var wait sync.WaitGroup
	for i := range 12 {
		wait.Go(func() {
			n := i % len(alone)
			if got, err := hear(t, r, utterances[n]); err != nil || got.Text != alone[n] {
				t.Errorf("at once with others: heard %q, alone %q, %v", got.Text, alone[n], err)
			}
		})
	}
	wait.Wait()
}

package appliance

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cricket-home/cricket/voice"
)

// hall is a room with a loudspeaker that takes as long as the sound, and a voice
// that says a letter in 100 ms and needs as long to think of it.
type hall struct {
	*Mouth
	mu    sync.Mutex
	heard []string // the text of what was played to its end; "cut TEXT" of what was not
	made  int      // sentences
	fails error    // of the voice
	mute  error    // of the loudspeaker
	loud  []int
}

const letter = 100 * time.Millisecond

func (h *hall) speak(ctx context.Context, text string) (voice.Speech, error) {
	length := time.Duration(len(text)) * letter
	select {
	case <-time.After(length):
	case <-ctx.Done():
		return voice.Speech{}, ctx.Err()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.made++
	return voice.Speech{Text: text, Rate: 1000, PCM: slices.Repeat([]int16{1000}, int(length.Milliseconds()))}, h.fails
}

func (h *hall) Play(ctx context.Context, s voice.Speech) (time.Duration, error) {
	began := time.Now()
	text, length := s.Text, time.Duration(len(s.PCM))*time.Second/time.Duration(s.Rate)
	for name, sound := range map[string][]int16{"(chime)": chime(), "(gong)": gong(), "(beep)": beep(), "(listens)": listens()} {
		if text == "" && len(sound) == len(s.PCM) {
			text = name
		}
	}
	if h.mute == nil {
		select {
		case <-time.After(length):
		case <-ctx.Done():
			text = "cut " + text
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.heard = append(h.heard, text)
	h.loud = append(h.loud, int(s.PCM[len(s.PCM)-1]))
	return time.Since(began), errors.Join(h.mute, ctx.Err())
}

// all is what was heard so far, and forgets it.
func (h *hall) all() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	text := strings.Join(h.heard, " ")
	h.heard = nil
	return text
}

func (h *hall) want(t *testing.T, when, want string) {
	t.Helper()
	if got := h.all(); got != want {
		t.Errorf("%s: heard %q, want %q", when, got, want)
	}
}

// inHall runs a story in a bubble of time.
func inHall(t *testing.T, story func(t *testing.T, h *hall)) {
	synctest.Test(t, func(t *testing.T) {
		h := &hall{}
		h.Mouth = newMouth("en", h.speak, h, func(ring bool) int { return 100 }, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- h.Run(ctx) }()
		synctest.Wait()
		story(t, h)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// after lets time pass until everything has come of it.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// The first sentence sounds while the others are made, and none waits for another
// that could have been made meanwhile.
var errNoSpeaker = errors.New("there is no loudspeaker")

func TestFirstSentenceSoundsWhileTheRestIsMade(t *testing.T) {
	inHall(t, func(t *testing.T, h *hall) {
		over := false
		h.Say("One two. Three four. Five six.", func() { over = true })
		after(8*letter + 1) // the first is made
		h.mu.Lock()
		if h.made != 1 || over {
			t.Errorf("%d sentences are made when the first sounds", h.made)
		}
		h.mu.Unlock()
		after(8*letter + 1)
		h.want(t, "after the first", "One two.")
		after((11 + 3) * letter) // it is longer than the first, so that it was made three letters late
		h.want(t, "after the second", "Three four.")
		after(9*letter + 1) // the third was made in time
		h.want(t, "after the third", "Five six.")
		if !over {
			t.Error("nobody was told of the end")
		}
	})
}

// "Stop" stops at once: in a sentence, in the making of one, and what waits.
func TestHush(t *testing.T) {
	inHall(t, func(t *testing.T, h *hall) {
		var ends atomic.Int32
		done := func() { ends.Add(1) }
		h.Say("One two. Three four.", done)
		h.Say("Five.", done)
		after(8*letter + 300*time.Millisecond)
		h.Hush()
		synctest.Wait()
		h.want(t, "in a sentence", "cut One two.")
		if n := ends.Load(); n != 2 {
			t.Errorf("%d of 2 were told", n)
		}
		h.Say("Six.", done)
		after(letter)
		h.Hush()
		after(time.Hour)
		h.want(t, "while it was made", "")
		h.Hush() // nothing to hush
		h.Say("Seven.", done)
		after(time.Minute)
		h.want(t, "afterwards", "Seven.")
		if n := ends.Load(); n != 4 || h.Fault() != "" {
			t.Errorf("%d of 4 were told, fault %q", n, h.Fault())
		}
	})
}

// Who waits for what it said is told when it was over, or why it was not heard; who
// waits no more has it silent at once.
func TestSpeakAndWait(t *testing.T) {
	inHall(t, func(t *testing.T, h *hall) {
		began := time.Now()
		if err := h.Speak(t.Context(), "One two.", 50); err != nil || time.Since(began) != 16*letter || h.loud[0] != 125 {
			t.Errorf("%v after %v, as loud as %v", err, time.Since(began), h.loud)
		}
		h.want(t, "at the end", "One two.")
		h.Say("Five.", nil)
		ctx, cancel := context.WithTimeout(t.Context(), letter)
		if err := h.Speak(ctx, "Six.", ownVolume); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("given up while it waits: %v", err)
		}
		cancel()
		after(time.Minute)
		h.want(t, "only the other", "Five.")
		ctx, cancel = context.WithTimeout(t.Context(), 5*letter)
		if err := h.Speak(ctx, "Six.", ownVolume); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("given up while it sounds: %v", err)
		}
		cancel()
		h.want(t, "given up", "cut Six.")
		time.AfterFunc(5*letter, h.Hush)
		if err := h.Speak(t.Context(), "Seven.", ownVolume); !errors.Is(err, errHushed) || h.Fault() != "" {
			t.Errorf("hushed: %v, fault %q", err, h.Fault())
		}
		h.mute = errNoSpeaker
		if err := h.Speak(t.Context(), "Eight.", ownVolume); !errors.Is(err, errNoSpeaker) {
			t.Errorf("without a loudspeaker: %v", err)
		}
	})
}

// What rings rings over and over; a reply breaks in, and it goes on.
func TestRing(t *testing.T) {
	inHall(t, func(t *testing.T, h *hall) {
		h.Ring("Egg.")
		after(10 * time.Second)
		got := h.all()
		if n := strings.Count(got, "(chime) Egg."); n != 3 {
			t.Errorf("%d rounds in ten seconds: %q", n, got)
		}
		h.Say("Lamp on.", nil)
		after(2 * time.Second)
		if got := h.all(); !strings.HasSuffix(got, "Lamp on.") {
			t.Errorf("a reply while it rings: %q", got)
		}
		after(5 * time.Second)
		if got := h.all(); !strings.Contains(got, "(chime) Egg.") {
			t.Errorf("after the reply: %q", got)
		}
		h.Ring("Egg. Tea.")
		after(4 * time.Second)
		if got := h.all(); !strings.Contains(got, "Egg. Tea.") && !strings.Contains(got, "Tea.") {
			t.Errorf("with another: %q", got)
		}
		h.Duck(true)
		after(time.Second)
		h.all()
		after(time.Minute)
		h.want(t, "while somebody speaks", "")
		h.Say("Yes?", nil)
		after(time.Minute)
		h.want(t, "a reply meanwhile", "Yes?")
		h.Tell("Dinner.", true)
		after(time.Minute)
		h.want(t, "what nobody asked for waits", "")
		h.Duck(false)
		after(2 * time.Second)
		if got := h.all(); !strings.HasPrefix(got, "(gong) Dinner.") {
			t.Errorf("when nobody speaks any more: %q", got)
		}
		h.Hush()
		synctest.Wait()
		h.all()
		after(ringPause - time.Millisecond)
		h.want(t, "hushed, until it is stopped or the pause is over", "")
		h.Ring("")
		after(time.Minute)
		h.want(t, "stopped", "")
	})
}

// Sounds stand for words; a gong goes before an announcement.
func TestSounds(t *testing.T) {
	inHall(t, func(t *testing.T, h *hall) {
		h.Beep(nil)
		h.Chime(nil)
		h.Tell("Dinner is ready.", true)
		h.Tell("I was off.", false)
		after(time.Minute)
		h.want(t, "one after another", "(beep) (listens) (gong) Dinner is ready. I was off.")
		h.Say(" ... ", nil)
		h.Say("", nil)
		after(time.Minute)
		h.want(t, "nothing to say", "")
	})
}

// Without a voice there is a chime, and why; it speaks again when it can.
func TestMouthFaults(t *testing.T) {
	inHall(t, func(t *testing.T, h *hall) {
		h.fails = errors.New("no voice")
		ended := false
		h.Say("One. Two.", func() { ended = true })
		after(time.Minute)
		h.want(t, "without a voice", "(chime)")
		if h.Fault() != "no voice" || !ended {
			t.Errorf("the fault is %q, ended %v", h.Fault(), ended)
		}
		h.Tell("Dinner.", true)
		after(time.Minute)
		h.want(t, "an announcement without a voice", "(gong)")
		h.fails = nil
		h.Say("One.", nil)
		after(time.Minute)
		h.want(t, "with a voice", "One.")
		if h.Fault() != "" {
			t.Errorf("the fault is still %q", h.Fault())
		}
		h.mute = errNoSpeaker
		h.Say("One. Two.", nil)
		after(time.Minute)
		h.want(t, "without a loudspeaker", "One.")
		if !strings.Contains(h.Fault(), "no loudspeaker") {
			t.Errorf("the fault is %q", h.Fault())
		}
	})
}

// More than anybody would listen to is dropped, and who waits is told.
func TestTooMuchToSay(t *testing.T) {
	inHall(t, func(t *testing.T, h *hall) {
		var ends atomic.Int32
		for range mostSayings + 5 {
			h.Say("No.", func() { ends.Add(1) })
		}
		if n := ends.Load(); n < 4 {
			t.Errorf("%d were dropped", n)
		}
		after(time.Hour)
		if n := ends.Load(); n != mostSayings+5 {
			t.Errorf("%d of %d ended", n, mostSayings+5)
		}
	})
}

// Fifty announcements at once: as many as anybody would listen to are spoken, one after
// another, and "stop" ends that.
func TestFiftyAnnouncementsAtOnce(t *testing.T) {
	inHall(t, func(t *testing.T, h *hall) {
		for range 50 {
			h.Tell("Dinner.", true)
		}
		after(time.Hour)
		if n := strings.Count(h.all(), "(gong) Dinner."); n != 16 && n != 17 { // one may be being said already
			t.Errorf("%d were spoken, want 16 that wait, and perhaps one more", n)
		}
		for range 50 {
			h.Tell("Dinner.", true)
		}
		after(10 * letter)
		h.Hush()
		synctest.Wait()
		h.all()
		after(time.Hour)
		h.want(t, "hushed", "")
		h.Say("Lamp on.", nil)
		after(time.Minute)
		h.want(t, "afterwards", "Lamp on.")
	})
}

// At volume 0 nothing sounds, and all else is as it is otherwise.
func TestVolumeOfNothing(t *testing.T) {
	inHall(t, func(t *testing.T, h *hall) {
		began := time.Now()
		if err := h.Speak(t.Context(), "One two.", 0); err != nil || time.Since(began) != 16*letter || !slices.Equal(h.loud, []int{0}) {
			t.Errorf("%v after %v, as loud as %v", err, time.Since(began), h.loud)
		}
	})
}

// A louder box is louder by the cube.
func TestLouder(t *testing.T) {
	for percent, want := range map[int]int16{0: 0, 50: 1000, 100: 8000} {
		if got := louder([]int16{8000}, percent)[0]; got != want {
			t.Errorf("at %d percent: %d, want %d", percent, got, want)
		}
	}
}

package appliance

import (
	"slices"
	"testing"
	"time"
)

// An evening, event by event: what people see, and what is done.
func TestAttention(t *testing.T) {
	type step struct {
		at   float64 // seconds
		what Happening
		mode Mode
		do   []Effect
	}
	for _, story := range []struct {
		name  string
		steps []step
	}{
		{"a request", []step{
			{0, Passed, Idle, nil},
			{1, Called, Woken, []Effect{Duck}},
			{1.2, Passed, Woken, nil},
			{1.4, Passed, Woken, []Effect{Chime}},
			{1.5, Passed, Woken, nil},
			{2, Began, Listening, nil},
			{9, Passed, Listening, nil},
			{9.1, Ended, Thinking, []Effect{Close}},
			{9.5, Answered, Speaking, []Effect{Reply}},
			{9.6, Sounds, Speaking, nil},
			{11, Silent, Idle, []Effect{Unduck}},
		}},
		{"in one breath there is no chime", []step{
			{1, Called, Woken, []Effect{Duck}},
			{1.3, Began, Listening, nil},
			{1.4, Passed, Listening, nil},
			{3, Ended, Thinking, []Effect{Close}},
			{3.1, Settled, Idle, []Effect{Unduck}},
		}},
		{"the chime waits for whoever breathes between the words", []step{
			{1, Called, Woken, []Effect{Duck}},
			{1.3, Voice, Woken, nil},
			{1.4, Passed, Woken, nil},
			{1.6, Voice, Woken, nil},
			{1.99, Passed, Woken, nil},
			{2, Passed, Woken, []Effect{Chime}},
			{2.1, Voice, Woken, nil},
			{2.6, Passed, Woken, nil},
		}},
		{"the button's chime does not wait for the television", []step{
			{1, Pressed, Woken, []Effect{Duck, Open}},
			{1, Voice, Woken, nil},
			{1, Passed, Woken, []Effect{Chime}},
		}},
		{"called by mistake", []step{
			{1, Called, Woken, []Effect{Duck}},
			{1.5, Passed, Woken, []Effect{Chime}},
			{6.9, Passed, Woken, nil},
			{7, Passed, Idle, []Effect{Close, Unduck}},
		}},
		{"somebody else talks on and on", []step{
			{1, Called, Woken, []Effect{Duck}},
			{1.3, Began, Listening, nil},
			{15.2, Passed, Listening, nil},
			{15.3, Passed, Idle, []Effect{Close, Unduck}},
		}},
		{"what was said came too late", []step{
			{1, Called, Woken, []Effect{Duck}},
			{8, Unmeant, Idle, []Effect{Close, Unduck}},
		}},
		{"a question is answered without the wake word", []step{
			{1, Called, Woken, []Effect{Duck}},
			{1.3, Began, Listening, nil},
			{3, Ended, Thinking, []Effect{Close}},
			{3.5, Asked, Speaking, []Effect{Reply}},
			{5, Silent, Listening, []Effect{Open}},
			{6, Began, Listening, nil},
			{7, Ended, Thinking, []Effect{Close}},
			{7.5, Answered, Speaking, []Effect{Reply}},
			{9, Silent, Idle, []Effect{Unduck}},
		}},
		{"nobody answers", []step{
			{1, Called, Woken, []Effect{Duck}},
			{3, Ended, Thinking, []Effect{Close}},
			{3.5, Asked, Speaking, []Effect{Reply}},
			{5, Silent, Listening, []Effect{Open}},
			{12.9, Passed, Listening, nil},
			{13, Passed, Idle, []Effect{Close, Unduck}},
		}},
		{"called while it speaks: barge-in", []step{
			{0, Sounds, Speaking, nil},
			{1, Called, Woken, []Effect{Hush, Duck}},
			{1, Silent, Woken, nil},
			{1.3, Began, Listening, nil},
			{3, Ended, Thinking, []Effect{Close}},
			{3.5, Settled, Idle, []Effect{Unduck}},
		}},
		{"barge-in on a question ends it", []step{
			{1, Called, Woken, []Effect{Duck}},
			{3, Ended, Thinking, []Effect{Close}},
			{3.5, Asked, Speaking, []Effect{Reply}},
			{4, Called, Woken, []Effect{Hush}},
			{4, Silent, Woken, nil},
		}},
		{"stop, while it speaks", []step{
			{0, SaidStop, Idle, nil},
			{0, Sounds, Speaking, nil},
			{1, SaidStop, Idle, []Effect{Hush}},
			{1, Silent, Idle, nil},
		}},
		{"stop, while it asks", []step{
			{1, Called, Woken, []Effect{Duck}},
			{3, Ended, Thinking, []Effect{Close}},
			{3.5, Asked, Speaking, []Effect{Reply}},
			{4, SaidStop, Idle, []Effect{Hush, Unduck}},
			{4, Silent, Idle, nil},
		}},
		{"stop, while a timer sounds", []step{
			{0, Rings, Speaking, nil},
			{1, SaidStop, Idle, []Effect{Hush, StopRinging}},
			{1, Rang, Idle, nil},
		}},
		{"a timer sounds while somebody speaks to it", []step{
			{1, Called, Woken, []Effect{Duck}},
			{2, Rings, Woken, nil},
			{3, Ended, Thinking, []Effect{Close}},
			{4, Settled, Speaking, []Effect{Unduck}},
			{5, Rang, Idle, nil},
		}},
		{"called again before the answer: the first is given up", []step{
			{1, Called, Woken, []Effect{Duck}},
			{3, Ended, Thinking, []Effect{Close}},
			{4, Called, Woken, []Effect{Abandon}},
			{4.5, Answered, Woken, nil},
			{5, Ended, Thinking, []Effect{Close}},
			{5.5, Answered, Speaking, []Effect{Reply}},
			{7, Silent, Idle, []Effect{Unduck}},
		}},
		{"another voice came before the request", []step{
			{1, Called, Woken, []Effect{Duck}},
			{1.3, Began, Listening, nil},
			{3, Ended, Thinking, []Effect{Close}},
			{3.5, Unheard, Woken, []Effect{Reopen}},
			{3.6, Passed, Woken, nil},
			{5.4, Began, Listening, nil},
			{7, Passed, Listening, nil},
			{7.1, Ended, Thinking, []Effect{Close}},
			{7.5, Answered, Speaking, []Effect{Reply}},
			{9, Silent, Idle, []Effect{Unduck}},
		}},
		{"no words were heard, and nothing follows: it says so", []step{
			{1, Called, Woken, []Effect{Duck}},
			{3, Ended, Thinking, []Effect{Close}},
			{3.5, Unheard, Woken, []Effect{Reopen}},
			{5.4, Passed, Woken, nil},
			{5.5, Passed, Speaking, []Effect{Close, Reply}},
			{7, Silent, Idle, []Effect{Unduck}},
		}},
		{"no longer than patience lasts", []step{
			{1, Called, Woken, []Effect{Duck}},
			{5, Ended, Thinking, []Effect{Close}},
			{6, Unheard, Woken, []Effect{Reopen}},
			{7, Passed, Speaking, []Effect{Close, Reply}},
		}},
		{"no words were heard when patience was over", []step{
			{1, Called, Woken, []Effect{Duck}},
			{6, Began, Listening, nil},
			{8, Ended, Thinking, []Effect{Close}},
			{8.5, Unheard, Speaking, []Effect{Reply}},
			{10, Silent, Idle, []Effect{Unduck}},
		}},
		{"no words were heard after the button", []step{
			{1, Pressed, Woken, []Effect{Duck, Open}},
			{3, Ended, Thinking, []Effect{Close}},
			{3.5, Unheard, Speaking, []Effect{Reply}},
		}},
		{"no words were heard, and called again: it is forgiven", []step{
			{1, Called, Woken, []Effect{Duck}},
			{3, Ended, Thinking, []Effect{Close}},
			{3.5, Unheard, Woken, []Effect{Reopen}},
			{4, Called, Woken, nil},
			{10, Passed, Idle, []Effect{Close, Unduck}},
		}},
		{"the button listens, and takes it back", []step{
			{1, Pressed, Woken, []Effect{Duck, Open}},
			{1, Passed, Woken, []Effect{Chime}},
			{2, Pressed, Idle, []Effect{Close, Unduck}},
		}},
		{"the button stops what sounds", []step{
			{0, Sounds, Speaking, nil},
			{1, Pressed, Idle, []Effect{Hush}},
			{2, Rings, Speaking, nil},
			{3, Pressed, Idle, []Effect{Hush, StopRinging}},
		}},
		{"the button gives up what is being recognised", []step{
			{1, Called, Woken, []Effect{Duck}},
			{3, Ended, Thinking, []Effect{Close}},
			{4, Pressed, Idle, []Effect{Abandon, Unduck}},
			{5, Answered, Idle, nil},
		}},
		{"muted it hears nothing, and still speaks", []step{
			{0, Mute, Muted, nil},
			{1, Called, Muted, nil},
			{2, Pressed, Muted, nil},
			{3, Sounds, Muted, nil},
			{4, SaidStop, Muted, nil},
			{5, Silent, Muted, nil},
			{6, Unmute, Idle, nil},
		}},
		{"muted in the middle of a request", []step{
			{1, Called, Woken, []Effect{Duck}},
			{1.3, Began, Listening, nil},
			{2, Mute, Muted, []Effect{Close, Unduck}},
			{3, Unmute, Idle, nil},
		}},
		{"muted while it asks: nobody can answer", []step{
			{1, Called, Woken, []Effect{Duck}},
			{3, Ended, Thinking, []Effect{Close}},
			{3.5, Asked, Speaking, []Effect{Reply}},
			{4, Mute, Muted, nil},
			{5, Silent, Muted, []Effect{Unduck}},
		}},
		{"the microphone is unplugged in a request, and comes back", []step{
			{1, Called, Woken, []Effect{Duck}},
			{2, Deaf, Broken, []Effect{Close, Unduck}},
			{3, Called, Broken, nil},
			{3, Sounds, Speaking, nil},
			{4, Silent, Broken, nil},
			{5, Hears, Idle, nil},
		}},
	} {
		t.Run(story.name, func(t *testing.T) {
			var a Attention
			for i, s := range story.steps {
				var do []Effect
				a, do = a.Step(s.what, time.Duration(s.at*float64(time.Second)))
				if a.Mode() != s.mode || !slices.Equal(do, s.do) {
					t.Fatalf("step %d, %v s: %q and %v, want %q and %v", i, s.at, a.Mode(), do, s.mode, s.do)
				}
			}
		})
	}
}

// Whatever happens in whatever order, a box that is left alone comes to rest, with
// nothing ducked, and nobody listened to.
func FuzzAttention(f *testing.F) {
	f.Fuzz(func(t *testing.T, story []byte) {
		var a Attention
		now, ducked, thinking := time.Duration(0), false, false
		step := func(h Happening) {
			var do []Effect
			a, do = a.Step(h, now)
			for _, e := range do {
				switch e {
				case Duck, Unduck:
					if ducked == (e == Duck) {
						t.Fatalf("ducked twice, or not at all, at %v", now)
					}
					ducked = e == Duck
				case Abandon:
					if !thinking {
						t.Fatalf("nothing to abandon at %v", now)
					}
				}
			}
			thinking = a.talk == Thinking
			if a.Mode() == Muted && (a.Expects() || a.StopLive()) {
				t.Fatalf("muted, and listening, at %v", now)
			}
		}
		for _, b := range story {
			now += time.Duration(b>>4) * 100 * time.Millisecond
			step(Happening(int(b&15+b>>4) % int(Hears+1)))
		}
		for _, h := range []Happening{Unmute, Hears, Rang, Settled, Silent} {
			step(h)
		}
		now += time.Minute
		step(Passed)
		step(Silent) // of what it says then
		if a.Mode() != Idle || ducked {
			t.Fatalf("left alone it is %q, ducked %v", a.Mode(), ducked)
		}
	})
}

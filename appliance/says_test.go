package appliance

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/voice"
)

// choosing is a recogniser that asks, as the bundled one does, what is a sentence here.
type choosing struct {
	listening
	says  func(ctx context.Context, text string) (begins, whole bool)
	whole []bool // whether "five minutes" was one, for each utterance
}

func (c *choosing) Transcribe(ctx context.Context, u voice.Utterance) (voice.Transcript, error) {
	if c.says != nil {
		_, whole := c.says(ctx, "five minutes")
		c.whole = append(c.whole, whole)
	}
	return c.listening.Transcribe(ctx, u)
}

// A short answer is a sentence for the recogniser while the question is open, in the room
// where it was asked.
func TestAnOpenQuestionIsKnownToTheRecogniser(t *testing.T) {
	ears := &choosing{listening: listening{text: "nonsense"}}
	b := startListening(t, free(), ears)
	ears.says = b.says
	timer := b.house.Now().Resolver.Resolve(intent.Query{Text: "set a timer"})
	asked := func(age time.Duration) talk {
		return talk{context: intent.Context{Open: &timer, Asks: intent.AsksLength}, time: time.Now().Add(-age)}
	}
	for _, c := range []struct {
		room string // in which it is answered
		age  time.Duration
	}{{"hall", time.Second}, {"elsewhere", time.Second}, {"hall", 2 * contextTime}} {
		b.rooms.put(b.dialogue(Request{Room: "hall"}), "", asked(c.age))
		b.hearOne(t.Context(), t.Context(), heardRequest{Utterance: voice.Utterance{PCM: make([]int16, 2*voice.SampleRate)}}, 0, Request{Room: c.room, DryRun: true})
	}
	if want := []bool{true, false, false}; !slices.Equal(ears.whole, want) {
		t.Errorf("it was a sentence: %v, want %v", ears.whole, want)
	}
}

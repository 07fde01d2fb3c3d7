package appliance

import (
	"context"
	"time"

	"github.com/cricket-home/cricket/intent"
)

// dialogueKey is what the dialogue of a request is kept under in its context.
type dialogueKey struct{}

// inDialogue tells says which dialogue an utterance belongs to.
func inDialogue(ctx context.Context, dialogue string) context.Context {
	return context.WithValue(ctx, dialogueKey{}, dialogue)
}

// says tells the bundled recogniser whether a sentence for this home, after what was said
// in that dialogue, begins like text, and whether it is a whole one.
func (b *Box) says(ctx context.Context, text string) (begins, whole bool) {
	var said intent.Context
	room, ok := ctx.Value(dialogueKey{}).(string)
	if ok {
		said = b.conversation(room)
	}
	now := b.house.Now()
	s := now.Resolver.CheckAfter(said, text)
	begins, whole = s != intent.Dead, s.Complete()
	if ok && b.questions.waiting(room, b.moment()) {
		prefix, answer := now.Home.Answers(text)
		begins, whole = begins || prefix, whole || answer
	}
	return begins, whole
}

// conversation is what was said in a dialogue and can be gone on from.
func (b *Box) conversation(dialogue string) intent.Context {
	return b.rooms.of(dialogue, "", time.Now()).context
}

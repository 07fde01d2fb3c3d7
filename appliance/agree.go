package appliance

import (
	"context"
	"time"

	"github.com/cricket-home/cricket/internal/trace"
)

// agree takes a press of the button as the yes that the box waits for. It is false where it
// waits for none: while the question is still being spoken a press stops that, as ever, and
// a code must be said.
func (l *live) agree(ctx context.Context) bool {
	if l.asks == nil || !l.attention.Expects() {
		return false
	}
	q := *l.asks
	p, ok := l.box.questions.press(l.box.dialogue(q), q.Source, l.box.moment())
	if !ok {
		return false
	}
	l.asks = nil
	l.happen(ctx, Ended)
	l.request++
	l.calling = nil
	id := l.request
	doing, giveUp := context.WithCancel(ctx)
	l.giveUp = giveUp
	go func() {
		r := l.box.agreed(doing, p, q)
		giveUp()
		l.post(ctx, func() { l.answered(ctx, id, r, nil) })
	}()
	return true
}

// agreed carries out what somebody agreed to by the button.
func (b *Box) agreed(ctx context.Context, p pending, q Request) Result {
	t := &trace.Trace{Time: time.Now()}
	end := t.Begin("consent")
	end("yes, by the button")
	return b.keep(b.carry(ctx, Result{Person: p.person}, p.question.Intent(), q, t, &p.question), t)
}

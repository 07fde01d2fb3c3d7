package appliance

import "context"

// call makes the box listen, as its button does, whatever it was saying.
func (l *live) call(ctx context.Context) error {
	called := make(chan error, 1)
	l.post(ctx, func() {
		switch {
		case l.attention.muted:
			called <- errMuted
			return
		case l.listener == nil:
			called <- errDeaf
			return
		}
		if l.attention.Mode() == Speaking { // the first press silences
			l.happen(ctx, Pressed)
		}
		if !l.attention.Expects() {
			l.happen(ctx, Pressed)
		}
		called <- nil
	})
	select {
	case err := <-called:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Stop ends all that the box is saying, ringing, listening to or thinking about.
func (b *Box) Stop(ctx context.Context) error {
	b.speech.Hush()
	if b.live != nil {
		b.live.post(ctx, func() {
			switch b.live.attention.Mode() {
			case Idle, Muted, Broken:
			default:
				b.live.happen(ctx, Pressed)
			}
		})
	}
	return b.StopRinging(ctx)
}

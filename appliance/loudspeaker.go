package appliance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/audio"
)

// errNoLoudspeaker says why a box that has none is not heard.
var errNoLoudspeaker = errors.New("this box has no loudspeaker")

const (
	// probeTime is how long a loudspeaker may take to play nothing.
	probeTime = 2 * time.Second

	// loudspeakerAgain is how often one that is missing is looked for.
	loudspeakerAgain = 30 * time.Second
)

// hasLoudspeaker says whether the box is to have one at all.
func (b *Box) hasLoudspeaker() bool {
	return b.options.Sound != nil && b.config.Audio.Loudspeaker != audio.None
}

// silent says why nobody can hear the box now; nil where somebody can, or nothing was tried.
func (b *Box) silent() error {
	if _, none := b.speech.out.(silence); none {
		return errNoLoudspeaker
	}
	if fault := b.dumb.Load(); fault != nil {
		return errors.New(*fault)
	}
	return nil
}

// tryLoudspeaker plays 20 ms of silence, and keeps whether that was possible. Where
// something longer is being said just then nothing is known, and it is as it was.
func (b *Box) tryLoudspeaker(ctx context.Context) (heard bool) {
	if !b.hasLoudspeaker() {
		return false
	}
	soon, stop := context.WithTimeout(ctx, probeTime)
	defer stop()
	_, err := b.options.Sound.Play(soon, voice.Speech{Rate: voice.SampleRate, PCM: make([]int16, voice.FrameSamples)})
	switch before := b.dumb.Load(); {
	case err == nil:
		b.dumb.Store(nil)
		if before != nil {
			b.log.Info("the loudspeaker is there again")
		}
	case soon.Err() == nil:
		fault := err.Error()
		b.dumb.Store(&fault)
		if before == nil || *before != fault {
			b.log.Warn("nobody can hear this box", "err", err)
		}
	}
	return err == nil
}

// watchLoudspeaker tries the loudspeaker when something could not be heard, and while it
// is missing, over and over: what needs one is offered to the home only where it is.
func (b *Box) watchLoudspeaker(ctx context.Context) error {
	for {
		before := b.dumb.Load() == nil
		var again <-chan time.Time
		if !before {
			again = time.After(loudspeakerAgain)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-b.speech.unheard:
		case <-again:
		}
		b.tryLoudspeaker(ctx)
		if b.self != nil && (b.dumb.Load() == nil) != before {
			signal(b.self.changed)
		}
	}
}

// checkLoudspeaker says whether the box can be heard.
func (b *Box) checkLoudspeaker(ctx context.Context) Finding {
	f := Finding{Part: "loudspeaker", Text: "this box is silent"}
	if b.options.Sound == nil {
		return f
	}
	if !b.hasLoudspeaker() {
		f.OK, f.Text = true, "none is wanted; it answers text and MQTT"
		return f
	}
	fault := b.speech.Fault()
	if b.tryLoudspeaker(ctx) {
		fault = ""
	} else if err := b.silent(); err != nil {
		fault = err.Error()
	}
	if fault != "" {
		f.Text, f.Hint = fault, "plug one in, or name another one in 'audio.loudspeaker' in config.toml; then: cricket say hello"
		return f
	}
	f.OK, f.Text = true, fmt.Sprintf("it speaks at %d percent", b.loud.Now())
	return f
}

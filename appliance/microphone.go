package appliance

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cricket-home/cricket/voice/audio"
)

// checkMicrophone says whether the box can listen.
func (b *Box) checkMicrophone() Finding {
	f := Finding{Part: "microphone"}
	switch {
	case b.config.Audio.Microphone == audio.None:
		f.OK, f.Text = true, "none is wanted; it answers text and MQTT"
	case b.live == nil:
		f.Text, f.Hint = b.deafness(), "cricket ask, or name one in 'audio.microphone' in config.toml"
	case b.Mode() == Muted:
		f.OK, f.Text = true, "switched off"
	case b.live.away.Load() != nil:
		f.Text, f.Hint = *b.live.away.Load(), "plug it in, or name another one in 'audio.microphone' in config.toml"
	default:
		f.OK, f.Text = true, "it listens"
		if s := b.options.Sound; s != nil && s.Overruns() > 0 {
			f.Text += fmt.Sprintf("; sound was lost %d times, because this machine was too busy", s.Overruns())
		}
	}
	return f
}

// checkSound is checkMicrophone with the devices that a microphone may be named by.
func (b *Box) checkSound(ctx context.Context) Finding {
	f := b.checkMicrophone()
	if s := b.options.Sound; s != nil && b.live != nil {
		if text, some := inputs(ctx, s); some || !f.OK { // PipeWire's are none of ALSA's
			f.Text += "; " + text
		}
	}
	return f
}

// inputs names the devices that hear, or says why there are none to name.
func inputs(ctx context.Context, s Sound) (text string, some bool) {
	ctx, stop := context.WithTimeout(ctx, time.Second)
	defer stop()
	all, err := s.Devices(ctx)
	if err != nil {
		return err.Error(), false
	}
	var names []string
	for _, d := range all {
		if d.Inputs > 0 {
			names = append(names, fmt.Sprintf("%q", d.Name))
		}
	}
	if names == nil {
		return "this machine has no device that hears", false
	}
	return "devices that hear: " + strings.Join(names, ", "), true
}

// deafness says why the box does not listen at all.
func (b *Box) deafness() string {
	return "there is no microphone, so it hears nobody; it answers text and MQTT"
}

package appliance

import (
	"context"
	"log/slog"
	"time"

	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/audio"
)

// Audio says what hears and what speaks.
type Audio struct {
	Microphone  string `toml:"microphone"`
	Loudspeaker string `toml:"loudspeaker"`
	Beamforming bool   `toml:"beamforming"` // the microphone is two
}

// Sound is the microphone and the loudspeaker of a machine; voice/audio has it.
type Sound interface {
	Microphone
	player
	Run(ctx context.Context) error
	Overruns() int // times that sound was lost
	Devices(ctx context.Context) ([]audio.Device, error)
}

// OpenSound is the sound of this machine, or what the configuration names in its
// place. Its Run must be called.
func OpenSound(c Audio, bin string, log *slog.Logger) (*audio.Engine, error) {
	native, err := Program(bin, "cricket-native")
	if err != nil {
		return nil, err
	}
	return audio.New(audio.Options{Native: native, Microphone: c.Microphone, Loudspeaker: c.Loudspeaker, Beamforming: c.Beamforming, Log: log}), nil
}

// silence is the loudspeaker of a box that has none: a command's own, or a test's.
type silence struct{}

func (silence) Play(context.Context, voice.Speech) (time.Duration, error) { return 0, nil }

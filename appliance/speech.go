package appliance

import (
	"context"
	"errors"
	"iter"
	"path/filepath"
	"strings"

	"github.com/cricket-home/cricket/voice"
)

// openMouth puts the box's voice together. A volume that cannot be read is the first one.
func (b *Box) openMouth() error {
	var err error
	if b.clock, err = newClock(b.config.Place); err != nil {
		return err
	}
	file := ""
	if b.options.Keep {
		file = filepath.Join(b.options.StateDir, "volume.json")
	}
	if b.loud, err = openVolume(file, b.config.Quiet, b.clock.now); err != nil {
		b.log.Error("the volume is the first one", "err", err)
	}
	b.voices = openVoices(b.config, b.options.Bin, b.options.StateDir, b.mouth, b.log)
	var out player = silence{}
	if b.hasLoudspeaker() {
		out = b.options.Sound
		if f := b.face(); f != nil && f.board.Amplifier != nil {
			out = &amplified{player: out, line: f.board.Amplifier}
		}
	}
	b.speech = newMouth(b.config.Language, b.voices.speak, out, b.loud.of, b.log)
	return nil
}

// sentences are those of a text that have something in them to say.
func sentences(text, language string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for rest := strings.TrimSpace(text); rest != ""; {
			var sentence string
			if sentence, rest = voice.FirstSentence(rest, language); voice.Plain(sentence) != "" && !yield(sentence) {
				return
			}
		}
	}
}

// Say turns text into speech, as loud as it was made.
func (b *Box) Say(ctx context.Context, text string) (voice.Speech, error) {
	return b.sayWith(ctx, text, b.voices.speak)
}

func (b *Box) sayWith(ctx context.Context, text string, speak speak) (voice.Speech, error) {
	whole := voice.Speech{Text: text}
	for sentence := range sentences(text, b.config.Language) {
		s, err := speak(ctx, sentence)
		if err != nil {
			return voice.Speech{}, err
		}
		if whole.Rate != 0 && whole.Rate != s.Rate {
			return voice.Speech{}, errors.New("speak: another voice had to go on in the middle; try again")
		}
		whole.Rate, whole.PCM = s.Rate, append(whole.PCM, s.PCM...)
	}
	if whole.Rate == 0 {
		return whole, errors.New("speak: there are no words in the text")
	}
	return whole, nil
}

package appliance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/cricket-home/cricket/models"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/espeak"
	"github.com/cricket-home/cricket/voice/piper"
	"github.com/cricket-home/cricket/voice/wyoming"
)

// voices are what a box can speak with, the best first.
type voices struct {
	all   []oneVoice
	piper *piper.Engine // nil: none of them is one

	elsewhere bool // the first is a Wyoming service

	mu    sync.Mutex
	fault string // why the best that this machine has is not what speaks; "" where it is
	away  string // why the voice elsewhere does not; "" where it does, or there is none
}

type oneVoice struct {
	name string
	speak
}

var errNoVoice = errors.New("speak: the program espeak-ng is missing; cricket doctor says where it was looked for")

// openVoices finds what can speak: the owner's voice, or the best one in Piper's
// format that is installed, and espeak-ng, which speaks where the other cannot.
func openVoices(c Config, bin, stateDir string, mouth *espeak.Engine, log *slog.Logger) *voices {
	v := &voices{}
	if address, err := wyoming.Address(c.Wyoming.TTS); err == nil {
		s := wyoming.NewSpeaker(address, c.Language, log)
		v.elsewhere = true
		v.all = append(v.all, oneVoice{s.Name(), s.Say})
	}
	model, why, err := chooseVoice(c, stateDir)
	if err == nil && model != "" {
		err = v.openPiper(c, bin, model, why)
	}
	if err != nil {
		v.fault = err.Error()
	}
	if mouth != nil {
		name := c.TTS.Voice
		if name == "" || isPiper(name) {
			name = c.Language
		}
		v.all = append(v.all, oneVoice{"espeak-ng with the voice " + name, func(ctx context.Context, text string) (voice.Speech, error) {
			return mouth.Say(ctx, text, name)
		}})
	}
	return v
}

func isPiper(voice string) bool { return strings.HasSuffix(voice, ".onnx") }

// chooseVoice is the voice file in Piper's format that is to speak; "" where there
// is none, or the owner wants one of espeak-ng's.
func chooseVoice(c Config, stateDir string) (model, why string, err error) {
	if isPiper(c.TTS.Voice) {
		return c.TTS.Voice, "as tts.voice in the configuration says", nil
	}
	if c.TTS.Voice != "" {
		return "", "", nil
	}
	catalogue, err := models.Builtin()
	if err != nil {
		return "", "", err
	}
	store := Models(stateDir)
	entries, err := store.Entries(catalogue)
	if err != nil {
		return "", "", err
	}
	used, err := store.Used()
	if err != nil {
		return "", "", err
	}
	d := models.Choose(catalogue, entries, models.Wish{Purpose: models.Voice, Language: c.Language, Machine: models.ThisMachine(), Use: used[models.Voice]})
	if len(d.Choices) == 0 {
		return "", "", nil
	}
	return d.Choices[0].Path, d.Choices[0].Why, nil
}

func (v *voices) openPiper(c Config, bin, model, why string) error {
	name := strings.TrimSuffix(filepath.Base(model), ".onnx")
	program, err := c.TTS.Piper, error(nil)
	if program == "" {
		program, err = Program(bin, "piper")
	}
	if err != nil {
		return fmt.Errorf("the voice %s cannot speak: %w; %w", name, err, piper.ErrMissing)
	}
	engine, err := piper.New(program, model)
	if err != nil {
		return fmt.Errorf("the voice %s cannot speak: %w", name, err)
	}
	if own, _, _ := strings.Cut(engine.Language(), "-"); own != "" && own != base(c.Language) {
		return fmt.Errorf("the voice %s speaks %s, and the box %s", name, own, c.Language)
	}
	v.piper = engine
	v.all = append(v.all, oneVoice{fmt.Sprintf("piper with the voice %s, %s", name, why), engine.Say})
	return nil
}

// base is a language without its variety: "de" of "de-AT".
func base(language string) string {
	b, _, _ := strings.Cut(language, "-")
	return b
}

// Run keeps the best voice loaded until ctx ends. Where that fails, each sentence
// loads it, and says why if it cannot.
func (v *voices) Run(ctx context.Context) error {
	for v.piper != nil && ctx.Err() == nil {
		if err := v.piper.Run(ctx); err != nil {
			select {
			case <-ctx.Done():
			case <-time.After(time.Minute):
			}
		}
	}
	<-ctx.Done()
	return nil
}

// speak says one sentence with the best voice that can.
func (v *voices) speak(ctx context.Context, text string) (voice.Speech, error) {
	err := errNoVoice
	for i, one := range v.all {
		var s voice.Speech
		s, err = one.speak(ctx, text)
		if i == 0 && v.elsewhere && ctx.Err() == nil {
			v.mu.Lock()
			v.away = ""
			if err != nil {
				v.away = err.Error()
			}
			v.mu.Unlock()
		}
		if err == nil {
			return s, nil
		}
		if ctx.Err() != nil {
			return s, err
		}
		if i+1 < len(v.all) && (i > 0 || !v.elsewhere) {
			v.mu.Lock()
			v.fault = err.Error()
			v.mu.Unlock()
		}
	}
	return voice.Speech{}, err
}

// check is what the doctor says of the voices.
func (v *voices) check() Finding {
	v.mu.Lock()
	defer v.mu.Unlock()
	f := Finding{Part: "voice", OK: v.fault == ""}
	if len(v.all) == 0 {
		return Finding{Part: "voice", Text: errNoVoice.Error(), Hint: "make setup build"}
	}
	f.Text = v.all[0].name
	if v.away != "" {
		own := errNoVoice.Error()
		if len(v.all) > 1 {
			own = v.all[1].name + " speaks"
		}
		return Finding{Part: "voice", Text: v.away + "; " + own, Hint: "check that the service runs, and wyoming.tts in config.toml"}
	}
	if v.fault == "" {
		return f
	}
	f.Text, f.Hint = v.fault+"; "+v.all[len(v.all)-1].name+" speaks", "cricket models verify; and see docs/speech.md"
	if strings.Contains(v.fault, piper.ErrMissing.Error()) {
		f.Hint = "install piper (docs/speech.md says how), or write its path into tts.piper of config.toml"
	}
	return f
}

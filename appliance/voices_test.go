package appliance

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/models"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/espeak"
	"github.com/cricket-home/cricket/voice/voicetest"
)

// fakePiper is a program that takes piper's options and says a second of sound,
// or with "broken" in the voice's name nothing at all.
const fakePiper = `#!/bin/sh
case "$2" in *broken*) echo "no such operator" >&2; exit 1;; esac
[ "$1 $3 $4 $5" = "--model --config $2.json --output-raw" ] || exit 2
/bin/cat >/dev/null
/usr/bin/head -c 32000 /dev/zero
`

func voiceIn(t *testing.T, dir, name, language string) string {
	t.Helper()
	model := filepath.Join(dir, name+".onnx")
	json := `{"audio": {"sample_rate": 16000}, "language": {"code": "` + language + `"}}`
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(model, []byte("onnx"), 0o600), os.WriteFile(model+".json", []byte(json), 0o600)); err != nil {
		t.Fatal(err)
	}
	return model
}

// Who speaks: the owner's voice, else the best that is installed, else espeak-ng;
// and what the doctor says of it.
func TestWhoSpeaks(t *testing.T) {
	mouth := espeak.New(voicetest.Program(t, "espeak-ng"))
	dir := t.TempDir()
	piperProgram := filepath.Join(dir, "piper")
	if err := os.WriteFile(piperProgram, []byte(fakePiper), 0o700); err != nil {
		t.Fatal(err)
	}
	alba, german, broken := voiceIn(t, dir, "alba", "en_GB"), voiceIn(t, dir, "thorsten", "de_DE"), voiceIn(t, dir, "broken", "en_US")
	installed, empty := t.TempDir(), t.TempDir()
	catalogue, err := models.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	ljspeech := ""
	for _, m := range catalogue.Models {
		if m.Purpose == models.Voice && m.LicenceID == "LJ-Speech" {
			ljspeech = strings.TrimSuffix(m.Files[0].Name, ".onnx")
		}
	}
	voiceIn(t, Models(installed).Dir(), ljspeech, "en_US")
	tools := t.TempDir()                                        // a PATH that certainly has no piper
	if readlink, err := exec.LookPath("readlink"); err != nil { // which espeak-ng's wrapper needs
		t.Fatal(err)
	} else if err := os.Symlink(readlink, filepath.Join(tools, "readlink")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", tools)

	for _, tt := range []struct {
		name, voice, piper, state string
		rate                      int
		ok                        bool
		doctor                    string
	}{
		{"nothing is installed", "", piperProgram, empty, 22050, true, "espeak-ng with the voice en"},
		{"a voice of espeak-ng's", "en-gb+f3", piperProgram, installed, 22050, true, "espeak-ng with the voice en-gb+f3"},
		{"the best that is installed", "", piperProgram, installed, 16000, true, "piper with the voice " + ljspeech + ", the best installed model"},
		{"the owner's file", alba, piperProgram, empty, 16000, true, "piper with the voice alba, as tts.voice in the configuration says"},
		{"no piper", alba, "", empty, 22050, false, "the voice alba cannot speak: find program \"piper\""},
		{"no piper for what is installed", "", "", installed, 22050, false, "piper is not installed"},
		{"another language", german, piperProgram, empty, 22050, false, "the voice thorsten speaks de, and the box en; espeak-ng with the voice en speaks"},
		{"a voice that piper cannot load", broken, piperProgram, empty, 22050, false, "no such operator; espeak-ng with the voice en speaks"},
	} {
		c := DefaultConfig()
		c.TTS.Voice, c.TTS.Piper = tt.voice, tt.piper
		v := openVoices(c, empty, tt.state, mouth, slog.New(slog.DiscardHandler))
		s, err := v.speak(t.Context(), "Lamp on.")
		if err != nil || s.Rate != tt.rate || len(s.PCM) == 0 {
			t.Errorf("%s: %d samples at %d Hz, %v", tt.name, len(s.PCM), s.Rate, err)
		}
		if f := v.check(); f.OK != tt.ok || !strings.Contains(f.Text, tt.doctor) || f.OK == (f.Hint != "") {
			t.Errorf("%s: the doctor says %+v", tt.name, f)
		}
	}
	none := openVoices(DefaultConfig(), empty, empty, nil, slog.New(slog.DiscardHandler))
	if _, err := none.speak(t.Context(), "Lamp on."); !errors.Is(err, errNoVoice) || none.check().OK {
		t.Errorf("without any voice: %v, the doctor says %+v", err, none.check())
	}
	c := DefaultConfig()
	c.TTS.Voice = filepath.Join(dir, "gone.onnx")
	if v := openVoices(c, empty, empty, mouth, slog.New(slog.DiscardHandler)); v.check().OK || !strings.Contains(v.fault, "cannot speak") {
		t.Errorf("a voice that is gone: %+v", v.check())
	}
}

// firstSound is a loudspeaker that is told of the first sound, and wants no more.
type firstSound struct{ cancel func() }

func (f firstSound) Play(ctx context.Context, _ voice.Speech) (time.Duration, error) {
	f.cancel()
	return 0, ctx.Err()
}

// BenchmarkFirstSentence is how long it takes until the first PCM of a reply can be
// played, of one sentence and of five, and what it would take where the whole of five
// is made first.
func BenchmarkFirstSentence(b *testing.B) {
	v := openVoices(DefaultConfig(), b.TempDir(), b.TempDir(), espeak.New(voicetest.Program(b, "espeak-ng")), slog.New(slog.DiscardHandler))
	const one = "The temperature in the living room is twenty-one degrees. "
	five := strings.Repeat(one, 5)
	b.Run("whole", func(b *testing.B) {
		for b.Loop() {
			if _, err := v.speak(b.Context(), five); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, text := range map[string]string{"1": one, "5": five} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				ctx, cancel := context.WithCancel(b.Context())
				m := newMouth("en", v.speak, firstSound{cancel}, func(bool) int { return 100 }, slog.New(slog.DiscardHandler))
				if err := m.say(ctx, &saying{text: text}); !errors.Is(err, context.Canceled) {
					b.Fatal(err)
				}
			}
		})
	}
}

package piper

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/voice/voicetest"
)

// fakePiper makes the test's own program behave as piper does, since piper is in
// no Debian: how is in the variable.
const fakePiper = "CRICKET_TEST_PIPER"

func TestMain(m *testing.M) {
	if how := os.Getenv(fakePiper); how != "" {
		if err := fake(how, os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// fake takes piper's options, and says a line as a tone of 60 ms for each sign.
func fake(how string, args []string) error {
	options := flag.NewFlagSet("piper", flag.ContinueOnError)
	model, config, raw := options.String("model", "", ""), options.String("config", "", ""), options.Bool("output-raw", false, "")
	if err := options.Parse(args); err != nil {
		return err
	}
	if options.NArg() > 0 || !*raw {
		return errors.New("this piper writes no files")
	}
	if how == "crashes" {
		return errors.New("loading\nterminate called after throwing an instance of 'Ort::Exception'")
	}
	if how == "crashes first" { // only the first that is started
		if os.Remove(*model+".fresh") == nil {
			return errors.New("killed by a test")
		}
	}
	data, err := os.ReadFile(*config)
	if err != nil {
		return err
	}
	var voice struct {
		Audio struct {
			Rate float64 `json:"sample_rate"`
		}
	}
	if err := json.Unmarshal(data, &voice); err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		switch how {
		case "hangs":
			time.Sleep(time.Hour)
		case "is dumb":
			return nil
		}
		for i := range int(0.06 * voice.Audio.Rate * float64(len(lines.Text()))) {
			binary.Write(out, binary.LittleEndian, int16(8000*math.Sin(2*math.Pi*220*float64(i)/voice.Audio.Rate)))
			if how == "goes on" {
				for {
					if _, err := out.Write(make([]byte, 4096)); err != nil {
						return err
					}
				}
			}
		}
	}
	return out.Flush()
}

// voiceFile writes a voice in Piper's format, as far as Cricket reads it.
func voiceFile(t *testing.T, config string) string {
	t.Helper()
	model := filepath.Join(t.TempDir(), "en_US-test-medium.onnx")
	if err := errors.Join(os.WriteFile(model, []byte("onnx"), 0o600), os.WriteFile(model+".json", []byte(config), 0o600)); err != nil {
		t.Fatal(err)
	}
	return model
}

const someVoice = `{"audio": {"sample_rate": 16000, "quality": "medium"}, "language": {"code": "en_US"}, "num_speakers": 1}`

func engine(t *testing.T, how string) *Engine {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(fakePiper, how)
	e, err := New(program, voiceFile(t, someVoice))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestSpeak(t *testing.T) { voicetest.Speak(t, engine(t, "speaks").Say) }

// The same with a program that waits with its voice loaded.
func TestSpeakWithASpare(t *testing.T) {
	e := engine(t, "speaks")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- e.Run(ctx) }()
	voicetest.Speak(t, e.Say)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A program that died while it waited is replaced, and nobody hears of it.
func TestSpareThatDied(t *testing.T) {
	e := engine(t, "crashes first")
	if err := os.WriteFile(e.model+".fresh", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dead, err := e.start()
	if err != nil {
		t.Fatal(err)
	}
	dead.cmd.Process.Wait()
	e.spares = make(chan *process, 1)
	e.spares <- dead
	if s, err := e.Say(t.Context(), "Lamp on."); err != nil || len(s.PCM) != 16000*8*6/100 || s.Rate != 16000 {
		t.Errorf("%d samples, %v", len(s.PCM), err)
	}
}

func TestFaults(t *testing.T) {
	for _, tt := range []struct{ how, want string }{
		{"crashes", "exit status 1: terminate called after throwing an instance of 'Ort::Exception'"},
		{"is dumb", "gave no sound"},
		{"goes on", "went on for more than 5m0s"},
	} {
		t.Run(tt.how, func(t *testing.T) {
			if _, err := engine(t, tt.how).Say(t.Context(), "Lamp on."); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
		})
	}
	t.Run("hangs", func(t *testing.T) {
		e := engine(t, "hangs")
		ctx, cancel := context.WithCancel(t.Context())
		said := make(chan error)
		go func() {
			_, err := e.Say(ctx, "Lamp on.")
			said <- err
		}()
		cancel()
		if err := <-said; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("is not there", func(t *testing.T) {
		e, err := New("no-such-program-piper", voiceFile(t, someVoice))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Say(t.Context(), "Lamp on."); !errors.Is(err, ErrMissing) {
			t.Errorf("error %v", err)
		}
	})
}

func TestVoiceFiles(t *testing.T) {
	for _, tt := range []struct{ name, config, want string }{
		{"no rate", `{}`, "its audio.sample_rate is 0"},
		{"a rate out of this world", `{"audio": {"sample_rate": 1000000}}`, "is 1000000, not 8000 to 48000"},
		{"no JSON", `onnx`, "invalid character"},
	} {
		if _, err := New("piper", voiceFile(t, tt.config)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q in it", tt.name, err, tt.want)
		}
	}
	model := voiceFile(t, someVoice)
	if e, err := New("piper", model); err != nil || e.Language() != "en-US" {
		t.Errorf("%+v, %v", e, err)
	}
	for _, file := range []string{model + ".json", model} {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if _, err := New("piper", model); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("without %s: %v", filepath.Base(file), err)
		}
	}
}

package espeak

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/cricket-home/cricket/voice"
)

// ErrMissing is the error when the program cannot be started because it is not there.
var ErrMissing = errors.New("espeak-ng is not installed: run `make setup`, or install the package espeak-ng")

const (
	longestText   = 2000 // bytes
	longestSpeech = 5 * time.Minute
)

// Engine runs espeak-ng.
type Engine struct {
	program string
}

// New returns an Engine that runs program, a path or a name that is looked up in PATH.
func New(program string) *Engine { return &Engine{program} }

// Say speaks text, at most 2000 bytes. The language is a BCP 47 tag ("en", "de",
// "pt-BR"), or the name of an espeak-ng voice, which may end in a variant
// ("en-gb+f3"). It ends at once when the context does.
func (e *Engine) Say(ctx context.Context, text, language string) (voice.Speech, error) {
	said := voice.Plain(text)
	if said == "" {
		return voice.Speech{}, errors.New("speak: there are no words in the text")
	}
	if len(text) > longestText {
		return voice.Speech{}, fmt.Errorf("speak: the text has %d bytes, %d are the most", len(text), longestText)
	}
	wav, err := e.run(ctx, said, language, "--stdin", "--stdout")
	if err != nil {
		return voice.Speech{}, fmt.Errorf("speak: %w", err)
	}
	s, err := voice.ReadSpeech(bytes.NewReader(wav), longestSpeech)
	if err != nil {
		return voice.Speech{}, fmt.Errorf("speak: read what espeak-ng said: %w", err)
	}
	s.Text = text
	return s, nil
}

// run gives text to the program's standard input and returns its standard output.
func (e *Engine) run(ctx context.Context, text, language string, arguments ...string) ([]byte, error) {
	name, err := voiceName(language)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, e.program, append([]string{"-b", "1", "-v", name}, arguments...)...)
	cmd.Stdin = strings.NewReader(text)
	cmd.WaitDelay = time.Second // if a child of a killed wrapper holds the pipe
	out, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return out, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("start %q: %w", e.program, ErrMissing)
	case errors.As(err, &exit):
		return nil, fmt.Errorf("run %s with voice %q: %w: %s", e.program, name, err, firstLine(exit.Stderr))
	}
	return nil, fmt.Errorf("run %s: %w", e.program, err)
}

// voiceName is the espeak-ng voice of a language. Plain English is American, as
// the recogniser's dictionary is.
func voiceName(language string) (string, error) {
	name := strings.ToLower(language)
	switch name {
	case "en":
		name = "en-us"
	case "zh":
		name = "cmn"
	}
	if !regexp.MustCompile(`^[a-z]{2,3}(-[a-z0-9]+)*(\+[a-z0-9_-]+)?$`).MatchString(name) {
		return "", fmt.Errorf("no language %q: write it as \"en\" or \"pt-BR\"", language)
	}
	return name, nil
}

func firstLine(b []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
	return line
}

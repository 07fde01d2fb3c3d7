package piper

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/cricket-home/cricket/voice"
)

const (
	longestText   = 2000 // bytes
	longestSpeech = 5 * time.Minute
)

// Engine speaks with one voice.
type Engine struct {
	program  string
	model    string
	rate     int
	language string
	spares   chan *process
}

// New reads what a voice is; model is the path of its .onnx.
func New(program, model string) (*Engine, error) {
	data, err := os.ReadFile(model + ".json")
	if err != nil {
		return nil, fmt.Errorf("read voice: %w", err)
	}
	var config struct {
		Audio struct {
			SampleRate int `json:"sample_rate"`
		} `json:"audio"`
		Language struct {
			Code string `json:"code"` // "en_GB"
		} `json:"language"`
	}
	if err := json.Unmarshal(data, &config); err != nil {
		return nil, fmt.Errorf("read voice %s.json: %w", model, err)
	}
	if rate := config.Audio.SampleRate; rate < 8000 || rate > 48000 {
		return nil, fmt.Errorf("read voice %s.json: its audio.sample_rate is %d, not 8000 to 48000", model, rate)
	}
	if _, err := os.Stat(model); err != nil {
		return nil, fmt.Errorf("read voice: %w", err)
	}
	return &Engine{program: program, model: model, rate: config.Audio.SampleRate,
		language: strings.ReplaceAll(config.Language.Code, "_", "-"), spares: make(chan *process)}, nil
}

// Language is that of the voice, as BCP 47; "" where the voice does not say.
func (e *Engine) Language() string { return e.language }

// Run keeps a program waiting that has loaded the voice, until ctx ends.
func (e *Engine) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		p, err := e.start()
		if err != nil {
			return err
		}
		select {
		case e.spares <- p:
		case <-ctx.Done():
			p.kill()
		}
	}
	return nil
}

// Say speaks text, at most 2000 bytes. It ends at once when the context does.
func (e *Engine) Say(ctx context.Context, text string) (voice.Speech, error) {
	said := voice.Plain(text)
	if said == "" {
		return voice.Speech{}, errors.New("speak: there are no words in the text")
	}
	if len(text) > longestText {
		return voice.Speech{}, fmt.Errorf("speak: the text has %d bytes, %d are the most", len(text), longestText)
	}
	var raw []byte
	var err error
	select {
	case p := <-e.spares:
		// It may have died while it waited: then nothing was spoken yet, and another is started.
		if raw, err = p.speak(ctx, said); err == nil || ctx.Err() != nil {
			break
		}
		raw, err = e.once(ctx, said)
	default:
		raw, err = e.once(ctx, said)
	}
	if err != nil {
		return voice.Speech{}, fmt.Errorf("speak with %s: %w", e.model, err)
	}
	s := voice.Speech{Text: text, Rate: e.rate, PCM: make([]int16, len(raw)/2)}
	if _, err := binary.Decode(raw[:len(s.PCM)*2], binary.LittleEndian, s.PCM); err != nil {
		panic(err) // the lengths are the same
	}
	if len(s.PCM) == 0 {
		return voice.Speech{}, fmt.Errorf("speak with %s: the program gave no sound", e.model)
	}
	return s, nil
}

// once starts a program and has it speak.
func (e *Engine) once(ctx context.Context, text string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p, err := e.start()
	if err != nil {
		return nil, err
	}
	return p.speak(ctx, text)
}

// limited is a buffer that takes no more than its limit. It must not have the
// ReadFrom of bytes.Buffer, which would go round that.
type limited struct {
	buffer bytes.Buffer
	most   int
	full   bool
}

var errTooLong = fmt.Errorf("the program went on for more than %v", longestSpeech)

func (l *limited) Write(b []byte) (int, error) {
	if l.buffer.Len()+len(b) > l.most {
		l.full = true
		return 0, errTooLong
	}
	return l.buffer.Write(b)
}

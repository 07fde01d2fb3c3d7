package main

/*
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
	"unsafe"

	binding "github.com/ggerganov/whisper.cpp/bindings/go"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/whisper"
)

type sttCommand struct {
	Model    string `required:"" help:"Model file in whisper.cpp's ggml format."`
	Language string `default:"en" help:"Language that is spoken."`
}

// Run serves requests until the daemon goes.
func (c sttCommand) Run() error {
	r, w, err := child.Pipes()
	if err != nil {
		return err
	}
	return child.Serve(r, w, "stt", func() (child.Handlers, any, error) {
		e, err := loadWhisper(c.Model, c.Language)
		if err != nil {
			return nil, nil, err
		}
		return child.Handlers{"transcribe": e.transcribe, "next": e.next}, e.header, nil
	})
}

// engine is a loaded whisper model.
type engine struct {
	model    *binding.Context
	header   whisper.Header
	language int // whisper.cpp's number
	eot      binding.Token
	prompt   []C.int32_t // what the decoder begins with
	whole    bool        // the last utterance was heard in one window, which is still encoded
	decoded  []C.int32_t // of it: what the decoder's memory holds
}

// loadBackends returns the names of the devices that ggml can compute on.
func loadBackends() ([]string, error) {
	dir, err := inRoot("usr/lib/*/ggml/backends*")
	if err != nil {
		return nil, fmt.Errorf("load the backends of ggml: %w", err)
	}
	C.cricket_quiet()
	name := C.CString(dir)
	defer C.free(unsafe.Pointer(name))
	n := C.cricket_load_backends(name)
	if n == 0 {
		return nil, fmt.Errorf("load the backends of ggml from %s: none fits this processor", dir)
	}
	var names []string
	for i := range n {
		names = append(names, C.GoString(C.cricket_backend_name(i)))
	}
	return names, nil
}

func loadWhisper(name, language string) (*engine, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	header, err := whisper.ReadHeader(f)
	f.Close()
	if err != nil {
		return nil, fmt.Errorf("load model %q: %w", name, err)
	}
	if c, b := uintptr(C.cricket_params_size()), unsafe.Sizeof(binding.Params{}); c != b {
		return nil, fmt.Errorf("load whisper.cpp: its parameters have %d bytes, its binding's %d: build both with the same headers", c, b)
	}
	if _, err := loadBackends(); err != nil {
		return nil, err
	}
	e := &engine{header: header}
	path := C.CString(name)
	defer C.free(unsafe.Pointer(path))
	if e.model = (*binding.Context)(C.cricket_open(path, C.bool(header.Short()))); e.model == nil {
		return nil, fmt.Errorf("load model %q: whisper.cpp refuses it", name)
	}
	if e.language = e.model.Whisper_lang_id(language); e.language < 0 {
		return nil, fmt.Errorf("load model %q: whisper knows no language %q", name, language)
	}
	if language != "en" && e.model.Whisper_is_multilingual() == 0 {
		return nil, fmt.Errorf("load model %q: it knows English only, not %q", name, language)
	}
	e.eot = e.model.Whisper_token_eot()
	e.prompt = []C.int32_t{C.int32_t(e.model.Whisper_token_sot())}
	if e.model.Whisper_is_multilingual() != 0 {
		e.prompt = append(e.prompt, C.int32_t(e.model.Whisper_token_lang(e.language)), C.int32_t(e.model.Whisper_token_transcribe()))
	}
	e.prompt = append(e.prompt, C.int32_t(e.model.Whisper_token_not()))
	return e, nil
}

// transcribe hears the whole of data, however long: what does not fit in the
// model's window is heard window by window.
func (e *engine) transcribe(ctx context.Context, head json.RawMessage, data []byte) (any, error) {
	var ask whisper.Ask
	if head != nil {
		if err := json.Unmarshal(head, &ask); err != nil {
			return nil, fmt.Errorf("read the request: %w", err)
		}
	}
	pcm, err := child.Samples(data)
	if err != nil {
		return nil, err
	}
	heard := whisper.Heard{Tokens: []whisper.HeardToken{}}
	if silent(pcm) {
		heard.NoSpeech = 1
		return heard, nil
	}
	e.whole, e.decoded = false, nil
	start := 0
	for _, part := range whisper.Windows(pcm, e.header.Window()) {
		if err := e.window(ctx, &heard, ask, part, start); err != nil {
			return nil, err
		}
		start += len(part)
		heard.Windows++
	}
	e.whole = heard.Windows == 1
	return heard, nil
}

// window adds to heard what is in pcm, which begins at sample start.
func (e *engine) window(ctx context.Context, heard *whisper.Heard, ask whisper.Ask, pcm []int16, start int) error {
	p := e.model.Whisper_full_default_params(binding.SAMPLING_GREEDY)
	C.cricket_params(unsafe.Pointer(&p), C.bool(e.header.Short()))
	stop := context.AfterFunc(ctx, func() { C.cricket_abort() })
	defer stop()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := p.SetLanguage(e.language); err != nil {
		return err
	}
	p.SetThreads(min(4, runtime.NumCPU()))
	p.SetNoContext(true)
	p.SetSingleSegment(true)
	p.SetPrintProgress(false)
	p.SetPrintTimestamps(false)
	p.SetPrintRealtime(false)
	p.SetPrintSpecial(false)
	p.SetAudioCtx(e.header.AudioContext(len(pcm)))
	if ask.Prompt != "" && !e.header.Short() { // a short model was trained without
		prompt := C.CString(ask.Prompt)
		defer C.free(unsafe.Pointer(prompt))
		C.cricket_prompt(unsafe.Pointer(&p), prompt)
	}
	if ask.Steps > 0 {
		p.SetAudioCtx(0)
		p.SetMaxTokensPerSegment(ask.Steps)
	}

	// whisper.cpp takes less than 100 ms for nothing at all, and a little more
	// than a second is the least that models are trained on.
	sound := make([]float32, max(len(pcm), voice.SampleRate*11/10))
	for i, s := range pcm {
		sound[i] = float32(s) / 32768
	}
	err := e.model.Whisper_full(p, sound, nil, nil, nil)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("hear %d samples: %w", len(pcm), err)
	}
	ms := func(samples int) int { return samples * 1000 / voice.SampleRate }
	var text strings.Builder
	for segment := range e.model.Whisper_full_n_segments() {
		no := float64(C.cricket_no_speech(unsafe.Pointer(e.model), C.int(segment)))
		heard.NoSpeech = max(heard.NoSpeech, no)
		for i := range e.model.Whisper_full_n_tokens(segment) {
			if e.model.Whisper_full_get_token_id(segment, i) >= e.eot {
				continue
			}
			t := e.model.Whisper_full_get_token_text(segment, i)
			text.WriteString(t)
			heard.Tokens = append(heard.Tokens, whisper.HeardToken{Text: t,
				P:     float64(e.model.Whisper_full_get_token_p(segment, i)),
				Start: ms(start), End: ms(start + len(pcm))})
		}
	}
	// Sub-words can split a character: only the whole is sure to be UTF-8.
	heard.Text = strings.TrimSpace(heard.Text + strings.ToValidUTF8(text.String(), ""))
	return nil
}

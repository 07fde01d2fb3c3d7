package random

import (
	"fmt"
	"io"
	"math"
)

// The vocabulary of an English Whisper model has a fixed size: whisper.cpp gives its special tokens (end of text,
// start of transcript, ...) fixed numbers above the words, so no other size loads.
const (
	whisperVocabulary = 51864
	whisperWords      = 50257 // those with a spelling in the file; the rest are special tokens
)

// WhisperShape holds the dimensions of a Whisper model.
type WhisperShape struct {
	AudioCtx   int // encoder positions; one is 20 ms of sound
	AudioState int // width of the encoder
	AudioHead  int // attention heads of the encoder; divides AudioState
	AudioLayer int // blocks of the encoder
	TextCtx    int // decoder positions, in tokens
	TextState  int // width of the decoder; equals AudioState
	TextHead   int // attention heads of the decoder; divides TextState
	TextLayer  int // blocks of the decoder
	Mels       int // mel bands: 80 or 128
}

// TinyEn is the shape of OpenAI's tiny.en: a file of 78 MB and a window of 30 s.
func TinyEn() WhisperShape {
	return WhisperShape{1500, 384, 6, 4, 448, 384, 6, 4, 80}
}

// SmallWhisper is the smallest shape that is still worth running: one block on each side, a window of 6 s, 7.6 MB.
func SmallWhisper() WhisperShape {
	return WhisperShape{300, 64, 1, 1, 128, 64, 1, 1, 80}
}

func (s WhisperShape) check() error {
	for _, d := range []struct {
		name string
		n    int
	}{
		{"AudioCtx", s.AudioCtx}, {"AudioState", s.AudioState}, {"AudioHead", s.AudioHead}, {"AudioLayer", s.AudioLayer},
		{"TextCtx", s.TextCtx}, {"TextState", s.TextState}, {"TextHead", s.TextHead}, {"TextLayer", s.TextLayer},
	} {
		if d.n < 1 || d.n > 1<<16 {
			return fmt.Errorf("shape of whisper model: %s must be between 1 and 65536, not %d", d.name, d.n)
		}
	}
	switch {
	case s.Mels != 80 && s.Mels != 128:
		return fmt.Errorf("shape of whisper model: Mels must be 80 or 128, not %d", s.Mels)
	case s.AudioState != s.TextState:
		return fmt.Errorf("shape of whisper model: AudioState %d and TextState %d must be equal", s.AudioState, s.TextState)
	case s.AudioState%s.AudioHead != 0:
		return fmt.Errorf("shape of whisper model: AudioHead %d must divide AudioState %d", s.AudioHead, s.AudioState)
	case s.TextState%s.TextHead != 0:
		return fmt.Errorf("shape of whisper model: TextHead %d must divide TextState %d", s.TextHead, s.TextState)
	}
	return nil
}

// Whisper writes an English Whisper model of shape s with random weights to w.
func Whisper(w io.Writer, s WhisperShape, seed uint64) error {
	if err := s.check(); err != nil {
		return err
	}
	f := newFile(w, seed)
	f.u32(0x67676d6c) // "ggml"
	for _, n := range []int{
		whisperVocabulary, s.AudioCtx, s.AudioState, s.AudioHead, s.AudioLayer,
		s.TextCtx, s.TextState, s.TextHead, s.TextLayer, s.Mels, 1, // 1: matrices are 16-bit floats
	} {
		f.u32(uint32(n))
	}
	f.melFilters(s.Mels)
	f.vocabulary()
	for _, t := range s.tensors() {
		f.tensor(t)
	}
	if err := f.w.Flush(); err != nil {
		return fmt.Errorf("write whisper model: %w", err)
	}
	return nil
}

func (s WhisperShape) tensors() []tensor {
	a, d := s.AudioState, s.TextState
	ts := []tensor{
		{"encoder.positional_embedding", []int{a, s.AudioCtx}, position},
		{"encoder.conv1.weight", []int{3, s.Mels, a}, matrix},
		{"encoder.conv1.bias", []int{1, a}, zeros},
		{"encoder.conv2.weight", []int{3, a, a}, matrix},
		{"encoder.conv2.bias", []int{1, a}, zeros},
	}
	norm := func(name string, n int) {
		ts = append(ts, tensor{name + ".weight", []int{n}, ones}, tensor{name + ".bias", []int{n}, zeros})
	}
	linear := func(name string, in, out int) {
		ts = append(ts, tensor{name + ".weight", []int{in, out}, matrix}, tensor{name + ".bias", []int{out}, zeros})
	}
	attention := func(name string, n int) {
		norm(name+"_ln", n)
		linear(name+".query", n, n)
		ts = append(ts, tensor{name + ".key.weight", []int{n, n}, matrix}) // the key alone has no bias
		linear(name+".value", n, n)
		linear(name+".out", n, n)
	}
	feedForward := func(block string, n int) {
		norm(block+"mlp_ln", n)
		linear(block+"mlp.0", n, 4*n)
		linear(block+"mlp.2", 4*n, n)
	}
	for i := range s.AudioLayer {
		block := fmt.Sprintf("encoder.blocks.%d.", i)
		attention(block+"attn", a)
		feedForward(block, a)
	}
	norm("encoder.ln_post", a)
	ts = append(ts,
		tensor{"decoder.positional_embedding", []int{d, s.TextCtx}, position},
		tensor{"decoder.token_embedding.weight", []int{d, whisperVocabulary}, matrix})
	for i := range s.TextLayer {
		block := fmt.Sprintf("decoder.blocks.%d.", i)
		attention(block+"attn", d)
		attention(block+"cross_attn", d)
		feedForward(block, d)
	}
	norm("decoder.ln", d)
	return ts
}

// melFilters writes triangles over the 201 bins of a 400-sample spectrum, evenly spaced on the mel scale up to 8 kHz.
func (f *file) melFilters(mels int) {
	const bins, top = 201, 8000.0
	toMel := func(hz float64) float64 { return 2595 * math.Log10(1+hz/700) }
	step := toMel(top) / float64(mels+1)
	f.u32(uint32(mels))
	f.u32(bins)
	for m := range mels {
		for b := range bins {
			at := toMel(float64(b)*top/(bins-1)) / step // in units of bands
			f.f32(float32(max(0, 1-math.Abs(at-float64(m+1)))) / 50)
		}
	}
}

// vocabulary writes every single byte, so that any prompt can be split into tokens, then made-up words. whisper.cpp
// looks up the token " " when it suppresses blanks, so the bytes are not optional.
func (f *file) vocabulary() {
	f.u32(whisperWords)
	for b := range 256 {
		f.word([]byte{byte(b)})
	}
	for n := range whisperWords - 256 {
		word := []byte{' '}
		for range 4 {
			word = append(word, byte('a'+n%26))
			n /= 26
		}
		f.word(word)
	}
}

func (f *file) word(b []byte) {
	f.u32(uint32(len(b)))
	f.write(b)
}

func (f *file) tensor(t tensor) {
	f.u32(uint32(len(t.dims)))
	f.u32(uint32(len(t.name)))
	f.u32(t.kind())
	for _, d := range t.dims {
		f.u32(uint32(d))
	}
	f.write([]byte(t.name))
	f.data(t)
}

package random

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
)

// reader takes a little-endian file apart again; it knows nothing of the writer's code.
type reader struct {
	t   *testing.T
	buf *bytes.Reader
	len int
}

func newReader(t *testing.T, b []byte) *reader {
	return &reader{t: t, buf: bytes.NewReader(b), len: len(b)}
}

func (r *reader) bytes(n int) []byte {
	r.t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(r.buf, b); err != nil {
		r.t.Fatalf("read %d bytes at %d: %v", n, r.at(), err)
	}
	return b
}

func (r *reader) at() int { return r.len - r.buf.Len() }

func (r *reader) u32() int { r.t.Helper(); return int(binary.LittleEndian.Uint32(r.bytes(4))) }

func (r *reader) u64() int { r.t.Helper(); return int(binary.LittleEndian.Uint64(r.bytes(8))) }

func (r *reader) text() string { r.t.Helper(); return string(r.bytes(r.u64())) }

func TestWhisperFileReadsBack(t *testing.T) {
	shape := WhisperShape{AudioCtx: 300, AudioState: 32, AudioHead: 2, AudioLayer: 1,
		TextCtx: 64, TextState: 32, TextHead: 4, TextLayer: 2, Mels: 80}
	var file bytes.Buffer
	if err := Whisper(&file, shape, 1); err != nil {
		t.Fatal(err)
	}
	r := newReader(t, file.Bytes())
	if magic := string(r.bytes(4)); magic != "lmgg" {
		t.Errorf("magic %q, want %q", magic, "lmgg")
	}
	header := make([]int, 11)
	for i := range header {
		header[i] = r.u32()
	}
	if want := []int{51864, 300, 32, 2, 1, 64, 32, 4, 2, 80, 1}; !slices.Equal(header, want) {
		t.Errorf("header %v, want %v", header, want)
	}

	bands, bins := r.u32(), r.u32()
	if bands != 80 || bins != 201 {
		t.Fatalf("mel filters are %d x %d, want 80 x 201", bands, bins)
	}
	filters := make([]float32, bands*bins)
	if err := binary.Read(r.buf, binary.LittleEndian, filters); err != nil {
		t.Fatal(err)
	}
	var sum float32
	for i, x := range filters {
		if x < 0 {
			t.Fatalf("mel filter %d has a negative weight at bin %d", i/bins, i%bins)
		}
		sum += x
	}
	if sum == 0 {
		t.Error("all mel filters are empty")
	}

	words := map[string]bool{}
	count := r.u32()
	for range count {
		words[string(r.bytes(r.u32()))] = true
	}
	if count != 50257 || len(words) != count {
		t.Errorf("%d words, %d distinct; want 50257 of each", count, len(words))
	}
	if !words[" "] {
		t.Error(`no token " ": whisper.cpp aborts when it suppresses blanks`)
	}

	tensors := map[string]string{}
	for r.buf.Len() > 0 {
		dims, nameLen, kind := r.u32(), r.u32(), r.u32()
		elements := 1
		shape := []int{}
		for range dims {
			shape = append(shape, r.u32())
			elements *= shape[len(shape)-1]
		}
		name := string(r.bytes(nameLen))
		size := map[int]int{0: 4, 1: 2}[kind]
		r.bytes(size * elements)
		tensors[name] = fmt.Sprint(kind, shape)
	}
	for name, want := range map[string]string{
		"encoder.positional_embedding":           "0 [32 300]",
		"encoder.conv1.weight":                   "1 [3 80 32]",
		"encoder.conv2.bias":                     "0 [1 32]",
		"encoder.blocks.0.mlp.0.weight":          "1 [32 128]",
		"encoder.ln_post.bias":                   "0 [32]",
		"decoder.positional_embedding":           "0 [32 64]",
		"decoder.token_embedding.weight":         "1 [32 51864]",
		"decoder.blocks.1.cross_attn.key.weight": "1 [32 32]",
		"decoder.blocks.1.mlp.2.weight":          "1 [128 32]",
	} {
		if tensors[name] != want {
			t.Errorf("tensor %s is %q, want %q", name, tensors[name], want)
		}
	}
	// As many as whisper.cpp looks for: a missing one makes it refuse the file.
	if want := 7 + 15*1 + 4 + 24*2; len(tensors) != want {
		t.Errorf("%d tensors, want %d", len(tensors), want)
	}
	for _, key := range []string{"encoder.blocks.0.attn.key.bias", "decoder.blocks.0.cross_attn.key.bias"} {
		if _, found := tensors[key]; found {
			t.Errorf("tensor %s must not exist", key)
		}
	}
}

func TestLlamaFileReadsBack(t *testing.T) {
	shape := LlamaShape{Ctx: 128, State: 32, Head: 2, Layer: 2, Feed: 48}
	var file bytes.Buffer
	if err := Llama(&file, shape, 1); err != nil {
		t.Fatal(err)
	}
	r := newReader(t, file.Bytes())
	if magic, version := string(r.bytes(4)), r.u32(); magic != "GGUF" || version != 3 {
		t.Errorf("magic %q version %d, want GGUF version 3", magic, version)
	}
	tensors, keys := r.u64(), r.u64()
	if want := 3 + 9*2; tensors != want {
		t.Errorf("%d tensors, want %d", tensors, want)
	}

	values := map[string]any{}
	for range keys {
		name := r.text()
		values[name] = r.value(r.u32())
	}
	for name, want := range map[string]any{
		"general.architecture":            "llama",
		"llama.context_length":            128,
		"llama.embedding_length":          32,
		"llama.block_count":               2,
		"llama.feed_forward_length":       48,
		"llama.attention.head_count":      2,
		"llama.rope.dimension_count":      16,
		"tokenizer.ggml.model":            "llama",
		"tokenizer.ggml.bos_token_id":     1,
		"tokenizer.ggml.eos_token_id":     2,
		"tokenizer.ggml.unknown_token_id": 0,
	} {
		if values[name] != want {
			t.Errorf("%s is %v, want %v", name, values[name], want)
		}
	}
	tokens := values["tokenizer.ggml.tokens"].([]any)
	for _, list := range []string{"tokenizer.ggml.scores", "tokenizer.ggml.token_type"} {
		if n := len(values[list].([]any)); n != len(tokens) {
			t.Errorf("%s has %d entries for %d tokens", list, n, len(tokens))
		}
	}
	if values["llama.vocab_size"] != len(tokens) {
		t.Errorf("vocabulary size %v for %d tokens", values["llama.vocab_size"], len(tokens))
	}
	if tokens[1] != "<s>" || tokens[3+0x41] != "<0x41>" || !slices.Contains(tokens, any("A")) {
		t.Errorf("tokens 1 and 68 are %q and %q", tokens[1], tokens[3+0x41])
	}

	end := 0 // of the last tensor's data
	for range tensors {
		name, elements := r.text(), 1
		for range r.u32() {
			elements *= r.u64()
		}
		kind, offset := r.u32(), r.u64()
		if offset%32 != 0 || offset < end || offset >= end+32 {
			t.Errorf("tensor %s at %d: want the first multiple of 32 from %d on", name, offset, end)
		}
		end = offset + elements*map[int]int{0: 4, 1: 2}[kind]
	}
	start := (r.at() + 31) / 32 * 32
	if want := (start + end + 31) / 32 * 32; file.Len() != want {
		t.Errorf("file of %d bytes, want %d", file.Len(), want)
	}
}

// value reads one GGUF value of the kinds that Llama writes.
func (r *reader) value(kind int) any {
	r.t.Helper()
	switch kind {
	case 4, 5:
		return r.u32()
	case 6:
		return math.Float32frombits(uint32(r.u32()))
	case 7:
		return r.bytes(1)[0] != 0
	case 8:
		return r.text()
	case 9:
		element, n := r.u32(), r.u64()
		list := make([]any, n)
		for i := range list {
			list[i] = r.value(element)
		}
		return list
	}
	r.t.Fatalf("value of unknown kind %d at %d", kind, r.at())
	return nil
}

func TestSameSeedSameBytes(t *testing.T) {
	write := func(seed uint64) []byte {
		var b bytes.Buffer
		if err := Llama(&b, SmallLlama(), seed); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	if !bytes.Equal(write(7), write(7)) {
		t.Error("one seed gave two files")
	}
	if bytes.Equal(write(7), write(8)) {
		t.Error("two seeds gave one file")
	}
}

func TestShapesThatNoEngineLoads(t *testing.T) {
	for _, c := range []struct {
		name  string
		bend  func(*WhisperShape)
		fault string
	}{
		{"no layer", func(s *WhisperShape) { s.AudioLayer = 0 }, "AudioLayer must be between 1 and 65536, not 0"},
		{"negative context", func(s *WhisperShape) { s.TextCtx = -3 }, "TextCtx must be between"},
		{"absurd width", func(s *WhisperShape) { s.TextState = 1 << 30 }, "TextState must be between"},
		{"two widths", func(s *WhisperShape) { s.TextState = 128 }, "AudioState 64 and TextState 128 must be equal"},
		{"heads that do not divide", func(s *WhisperShape) { s.AudioHead = 3 }, "AudioHead 3 must divide AudioState 64"},
		{"text heads that do not divide", func(s *WhisperShape) { s.TextHead = 5 }, "TextHead 5 must divide TextState 64"},
		{"60 mel bands", func(s *WhisperShape) { s.Mels = 60 }, "Mels must be 80 or 128, not 60"},
	} {
		t.Run(c.name, func(t *testing.T) {
			shape := SmallWhisper()
			c.bend(&shape)
			var b bytes.Buffer
			checkRefused(t, Whisper(&b, shape, 1), c.fault, b.Len())
		})
	}
	for _, c := range []struct {
		name  string
		bend  func(*LlamaShape)
		fault string
	}{
		{"no context", func(s *LlamaShape) { s.Ctx = 0 }, "Ctx must be between"},
		{"heads of odd size", func(s *LlamaShape) { s.State = 62 }, "State 62 must be an even multiple of Head 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			shape := SmallLlama()
			c.bend(&shape)
			var b bytes.Buffer
			checkRefused(t, Llama(&b, shape, 1), c.fault, b.Len())
		})
	}
}

func checkRefused(t *testing.T, err error, fault string, written int) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), fault) {
		t.Errorf("error %v, want one that says %q", err, fault)
	}
	if written != 0 {
		t.Errorf("%d bytes were written before the refusal", written)
	}
}

// full accepts some bytes, then nothing.
type full struct{ room int }

var errFull = errors.New("disk full")

func (f *full) Write(b []byte) (int, error) {
	n := min(len(b), f.room)
	f.room -= n
	if n < len(b) {
		return n, errFull
	}
	return n, nil
}

func TestFullDiskIsReported(t *testing.T) {
	if err := Whisper(&full{room: 1 << 20}, SmallWhisper(), 1); !errors.Is(err, errFull) {
		t.Errorf("whisper: error %v, want %v", err, errFull)
	}
	if err := Llama(&full{room: 1 << 10}, SmallLlama(), 1); !errors.Is(err, errFull) {
		t.Errorf("llama: error %v, want %v", err, errFull)
	}
}

func TestTinyEnSize(t *testing.T) {
	var n counter
	if err := Whisper(&n, TinyEn(), 1); err != nil {
		t.Fatal(err)
	}
	if n < 75e6 || n > 80e6 {
		t.Errorf("tiny.en's shape is a file of %d bytes, want about 78 million", n)
	}
}

type counter int

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

func TestHalf(t *testing.T) {
	for _, c := range []struct {
		name string
		in   float32
		want uint16
	}{
		{"zero", 0, 0},
		{"one", 1, 0x3c00},
		{"minus two", -2, 0xc000},
		{"a third", 1. / 3, 0x3555},
		{"largest", 65504, 0x7bff},
		{"too large", 65520, 0x7c00},
		{"tie to even, down", 1 + 1./2048, 0x3c00},
		{"tie to even, up", 1 + 3./2048, 0x3c02},
		{"rounds up into the next exponent", 1.9999, 0x4000},
		{"smallest normal", 1. / (1 << 14), 0x0400},
		{"smallest of all", 1. / (1 << 24), 0x0001},
		{"half of the smallest, a tie", 1. / (1 << 25), 0x0000},
		{"a little over half of the smallest", 1.5 / (1 << 25), 0x0001},
		{"vanishes", -1. / (1 << 27), 0x8000},
		{"infinity", float32(math.Inf(-1)), 0xfc00},
		{"not a number", float32(math.NaN()), 0x7e00},
	} {
		if got := half(c.in); got != c.want {
			t.Errorf("%s: half(%v) = %#04x, want %#04x", c.name, c.in, got, c.want)
		}
	}
}

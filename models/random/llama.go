package random

import (
	"fmt"
	"io"
)

// LlamaShape holds the dimensions of a Llama model.
type LlamaShape struct {
	Ctx   int // positions, in tokens
	State int // width
	Head  int // attention heads; divides State into an even size
	Layer int // blocks
	Feed  int // width of the feed-forward part

	Window int // positions that five of six layers see: the model is a Gemma 3 then; 0: a Llama
}

// SmallLlama is a shape of a third of a megabyte, which llama.cpp loads in milliseconds.
func SmallLlama() LlamaShape {
	return LlamaShape{Ctx: 512, State: 64, Head: 2, Layer: 3, Feed: 128}
}

func (s LlamaShape) check() error {
	for _, d := range []struct {
		name string
		n    int
	}{{"Ctx", s.Ctx}, {"State", s.State}, {"Head", s.Head}, {"Layer", s.Layer}, {"Feed", s.Feed}} {
		if d.n < 1 || d.n > 1<<16 {
			return fmt.Errorf("shape of llama model: %s must be between 1 and 65536, not %d", d.name, d.n)
		}
	}
	if s.State%(2*s.Head) != 0 {
		return fmt.Errorf("shape of llama model: State %d must be an even multiple of Head %d", s.State, s.Head)
	}
	if s.Window < 0 {
		return fmt.Errorf("shape of llama model: Window must not be %d", s.Window)
	}
	return nil
}

// architecture is how llama.cpp calls it.
func (s LlamaShape) architecture() string {
	if s.Window > 0 {
		return "gemma3"
	}
	return "llama"
}

// Kinds of token in a GGUF vocabulary.
const (
	tokenNormal  = 1
	tokenUnknown = 2
	tokenControl = 3
	tokenByte    = 6
)

type token struct {
	text  string
	score float32
	kind  int32
}

// llamaTokens is a vocabulary of the SentencePiece kind: three control tokens, every byte, and the printable ASCII
// characters (the space is written as U+2581). Any text can be spelled with it.
func llamaTokens() []token {
	ts := []token{{"<unk>", 0, tokenUnknown}, {"<s>", 0, tokenControl}, {"</s>", 0, tokenControl}}
	for b := range 256 {
		ts = append(ts, token{fmt.Sprintf("<0x%02X>", b), 0, tokenByte})
	}
	ts = append(ts, token{"\u2581", -1, tokenNormal})
	for c := '!'; c <= '~'; c++ {
		ts = append(ts, token{string(c), -float32(c), tokenNormal})
	}
	return ts
}

// Llama writes a Llama model of shape s with random weights, and a tokenizer of its own, to w.
func Llama(w io.Writer, s LlamaShape, seed uint64) error {
	if err := s.check(); err != nil {
		return err
	}
	tokens := llamaTokens()
	g, arch := gguf{file: newFile(w, seed)}, s.architecture()
	g.text("general.architecture", arch)
	g.text("general.name", "cricket random "+arch)
	g.number("general.alignment", ggufAlignment)
	g.number(arch+".context_length", s.Ctx)
	g.number(arch+".embedding_length", s.State)
	g.number(arch+".block_count", s.Layer)
	g.number(arch+".feed_forward_length", s.Feed)
	g.number(arch+".attention.head_count", s.Head)
	g.number(arch+".attention.head_count_kv", s.Head)
	g.number(arch+".rope.dimension_count", s.State/s.Head)
	g.number(arch+".vocab_size", len(tokens))
	g.key(arch+".attention.layer_norm_rms_epsilon", ggufF32, func(f *file) { f.f32(1e-5) })
	if s.Window > 0 {
		g.number(arch+".attention.sliding_window", s.Window)
		g.number(arch+".attention.key_length", s.State/s.Head)
		g.number(arch+".attention.value_length", s.State/s.Head)
	}
	g.text("tokenizer.ggml.model", "llama")
	g.array("tokenizer.ggml.tokens", ggufString, len(tokens), func(f *file, i int) { f.text(tokens[i].text) })
	g.array("tokenizer.ggml.scores", ggufF32, len(tokens), func(f *file, i int) { f.f32(tokens[i].score) })
	g.array("tokenizer.ggml.token_type", ggufI32, len(tokens), func(f *file, i int) { f.u32(uint32(tokens[i].kind)) })
	g.number("tokenizer.ggml.unknown_token_id", 0)
	g.number("tokenizer.ggml.bos_token_id", 1)
	g.number("tokenizer.ggml.eos_token_id", 2)
	g.key("tokenizer.ggml.add_space_prefix", ggufBool, func(f *file) { f.write([]byte{0}) })
	if err := g.write(s.tensors(len(tokens))); err != nil {
		return fmt.Errorf("write llama model: %w", err)
	}
	return nil
}

func (s LlamaShape) tensors(vocabulary int) []tensor {
	ts := []tensor{{"token_embd.weight", []int{s.State, vocabulary}, matrix}}
	for i := range s.Layer {
		block := fmt.Sprintf("blk.%d.", i)
		ts = append(ts,
			tensor{block + "attn_norm.weight", []int{s.State}, ones},
			tensor{block + "attn_q.weight", []int{s.State, s.State}, matrix},
			tensor{block + "attn_k.weight", []int{s.State, s.State}, matrix},
			tensor{block + "attn_v.weight", []int{s.State, s.State}, matrix},
			tensor{block + "attn_output.weight", []int{s.State, s.State}, matrix},
			tensor{block + "ffn_norm.weight", []int{s.State}, ones},
			tensor{block + "ffn_gate.weight", []int{s.State, s.Feed}, matrix},
			tensor{block + "ffn_up.weight", []int{s.State, s.Feed}, matrix},
			tensor{block + "ffn_down.weight", []int{s.Feed, s.State}, matrix})
		if s.Window > 0 {
			ts = append(ts,
				tensor{block + "attn_q_norm.weight", []int{s.State / s.Head}, ones},
				tensor{block + "attn_k_norm.weight", []int{s.State / s.Head}, ones},
				tensor{block + "post_attention_norm.weight", []int{s.State}, ones},
				tensor{block + "post_ffw_norm.weight", []int{s.State}, ones})
		}
	}
	return append(ts,
		tensor{"output_norm.weight", []int{s.State}, ones},
		tensor{"output.weight", []int{s.State, vocabulary}, matrix})
}

"""Writes the checkpoint as GGUF, in Q8_0, or F16 for eval-llm -quantize: gguf.py RUN FILE [F16]. The layout is that of ggml's docs/gguf.md, version 3."""

import os
import struct
import sys

import numpy as np
import torch

from model import BASE, EPSILON
from tokens import BEGIN, BYTES, END, UNKNOWN

CONTEXT = 2048
# The training's text: the only message, a line end, the answer.
TEMPLATE = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"
F32, F16, Q8_0 = 0, 1, 8
NORMAL, UNKNOWN_KIND, CONTROL, BYTE = 1, 2, 3, 6  # kinds of tokens


def text(s):
    data = s.encode()
    return struct.pack("<Q", len(data)) + data


def value(v):
    """A value with its type."""
    if isinstance(v, bool):
        return struct.pack("<I?", 7, v)
    if isinstance(v, int):
        return struct.pack("<II", 4, v)
    if isinstance(v, float):
        return struct.pack("<If", 6, v)
    if isinstance(v, str):
        return struct.pack("<I", 8) + text(v)
    kind, one = {str: (8, text), float: (6, lambda x: struct.pack("<f", x)), int: (5, lambda x: struct.pack("<i", x))}[type(v[0])]
    return struct.pack("<IIQ", 9, kind, len(v)) + b"".join(map(one, v))


def packed(matrix):
    """Q8_0: blocks of 32 weights, a scale in half precision and 32 whole numbers each."""
    blocks = matrix.reshape(-1, 32)
    scale = np.abs(blocks).max(1, keepdims=True) / 127
    whole = np.round(blocks / np.where(scale == 0, 1, scale)).astype(np.int8)
    return np.concatenate([scale.astype(np.float16).view(np.uint8), whole.view(np.uint8)], 1).tobytes()


def tensors(state, layers):
    """Name and numbers of each, as the architecture calls them."""
    yield "token_embd.weight", state["embedding"]
    yield "output_norm.weight", state["norm"]
    for i in range(layers):
        def of(name):
            return state[f"blocks.{i}.{name}"]
        yield f"blk.{i}.attn_norm.weight", of("attn_norm")
        yield f"blk.{i}.ffn_norm.weight", of("ffn_norm")
        for name, part in zip("qkv", of("qkv.weight").chunk(3)):
            yield f"blk.{i}.attn_{name}.weight", part
        yield f"blk.{i}.attn_output.weight", of("output.weight")
        for name, part in zip(("gate", "up"), of("gate_up.weight").chunk(2)):
            yield f"blk.{i}.ffn_{name}.weight", part
        yield f"blk.{i}.ffn_down.weight", of("down.weight")


def main():
    run, file, *halves = sys.argv[1:]
    saved = torch.load(os.path.join(run, "checkpoint.pt"))
    shape, pieces = saved["shape"], saved["pieces"]
    words = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)] + [p.replace(" ", "▁") for p in pieces]
    fields = {
        "cricket.prompt": "brief",  # the first: package llm looks for it there
        "general.architecture": "llama", "general.name": "cricket intent", "general.file_type": 1 if halves else 7, "general.quantization_version": 2,
        "llama.context_length": CONTEXT, "llama.embedding_length": shape["width"], "llama.block_count": shape["layers"],
        "llama.feed_forward_length": shape["inner"], "llama.attention.head_count": shape["heads"], "llama.attention.head_count_kv": shape["heads"],
        "llama.attention.layer_norm_rms_epsilon": EPSILON, "llama.rope.dimension_count": shape["width"] // shape["heads"], "llama.rope.freq_base": BASE,
        "llama.vocab_size": len(words),
        "tokenizer.ggml.model": "llama", "tokenizer.ggml.pre": "default", "tokenizer.ggml.tokens": words,
        "tokenizer.ggml.scores": [0.0] * (BYTES + 256) + [-float(i) for i in range(len(pieces))],
        "tokenizer.ggml.token_type": [UNKNOWN_KIND, CONTROL, CONTROL] + [BYTE] * 256 + [NORMAL] * len(pieces),
        "tokenizer.ggml.bos_token_id": BEGIN, "tokenizer.ggml.eos_token_id": END, "tokenizer.ggml.unknown_token_id": UNKNOWN,
        "tokenizer.ggml.add_bos_token": True, "tokenizer.ggml.add_eos_token": False, "tokenizer.ggml.add_space_prefix": False,
        "tokenizer.chat_template": TEMPLATE,
    }
    heads, bodies, at = [], [], 0
    for name, t in tensors(saved["model"], shape["layers"]):
        numbers = t.float().numpy()
        kind, body = F32, numbers.tobytes()
        if numbers.ndim == 2:
            kind, body = (F16, numbers.astype(np.float16).tobytes()) if halves else (Q8_0, packed(numbers))
        heads.append(text(name) + struct.pack("<I", numbers.ndim) + b"".join(struct.pack("<Q", n) for n in numbers.shape[::-1]) + struct.pack("<IQ", kind, at))
        body += bytes(-len(body) % 32)
        bodies.append(body)
        at += len(body)
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(heads), len(fields)) + b"".join(text(k) + value(v) for k, v in fields.items()) + b"".join(heads)
    with open(file + ".new", "wb") as f:
        f.write(head + bytes(-len(head) % 32) + b"".join(bodies))
    os.replace(file + ".new", file)
    print(f"{file}: {os.path.getsize(file)} bytes, of step {saved['step']}")


main()

"""Writes a checkpoint as the file that whisper.cpp loads: export.py RUN FILE. Matrices are q8_0."""

import os
import struct
import sys

import numpy as np
import torch

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from model import END, NO_TIMESTAMPS, START, VOCABULARY, Whisper
from sound import mel_filters
from subwords import Subwords

F32, F16, Q8_0 = 0, 1, 8  # ggml's numbers of element types
FILE_Q8_0 = 7 + 2 * 1000  # ggml's number of the file's type, and of its version of the quantisation


def q8_0(x):
    """Blocks of 32 along the last dimension: a 16-bit scale, and 32 bytes."""
    blocks = x.reshape(-1, 32)
    scale = np.abs(blocks).max(1) / 127
    inverse = np.where(scale > 0, 1 / np.maximum(scale, 1e-30), 0)
    out = np.zeros(len(blocks), np.dtype([("d", "<f2"), ("q", "i1", 32)]))
    out["d"] = scale
    out["q"] = np.round(blocks * inverse[:, None])
    return out.tobytes()


def tensors(model):
    """Name and values of each tensor, as whisper.cpp names them."""
    w = {k: v.float().numpy() for k, v in model.state_dict().items()}
    yield "encoder.positional_embedding", model.audio_position.numpy()
    for name in ("conv1", "conv2"):
        yield f"encoder.{name}.weight", w[name + ".weight"]
        yield f"encoder.{name}.bias", w[name + ".bias"][:, None]
    yield "encoder.ln_post.weight", w["ln_post.weight"]
    yield "encoder.ln_post.bias", w["ln_post.bias"]
    rows = np.zeros((VOCABULARY, model.shape["width"]), np.float32)
    used = w["embedding"]
    rows[:model.words] = used[:model.words]
    rows[[END, START, NO_TIMESTAMPS]] = used[model.words:]
    yield "decoder.token_embedding.weight", rows
    yield "decoder.positional_embedding", w["text_position"]
    yield "decoder.ln.weight", w["ln.weight"]
    yield "decoder.ln.bias", w["ln.bias"]
    for name, x in w.items():
        for ours, theirs in (("audio_blocks.", "encoder.blocks."), ("text_blocks.", "decoder.blocks.")):
            if name.startswith(ours):
                yield theirs + name[len(ours):], x


def write(model, words, file):
    s = model.shape
    with open(file + ".new", "wb") as f:
        f.write(struct.pack("<12i", 0x67676D6C, VOCABULARY, s["audio_ctx"], s["width"], s["heads"], s["audio_layers"],
                            s["text_ctx"], s["width"], s["heads"], s["text_layers"], 80, FILE_Q8_0))
        filters = mel_filters()
        f.write(struct.pack("<2i", *filters.shape) + filters.astype("<f4").tobytes())
        # The words that are never chosen need spellings, and no two the same.
        spellings = [t.encode() for t in words.tokens]
        spellings += [b"<%d>" % i for i in range(len(spellings), END)]
        f.write(struct.pack("<i", len(spellings)))
        for t in spellings:
            f.write(struct.pack("<i", len(t)) + t)
        for name, x in tensors(model):
            kind, data = F32, None
            if x.ndim == 3:
                kind, data = F16, x.astype("<f2").tobytes()
            elif x.ndim == 2 and name.endswith(".weight"):
                kind, data = Q8_0, q8_0(x)
            else:
                data = x.astype("<f4").tobytes()
            f.write(struct.pack("<3i", x.ndim, len(name), kind) + struct.pack(f"<{x.ndim}i", *reversed(x.shape)) + name.encode() + data)
    os.rename(file + ".new", file)


def load(run):
    saved = torch.load(run + "/checkpoint.pt", map_location="cpu", weights_only=False)
    words = Subwords.read(run + "/subwords.json")
    model = Whisper(**saved["shape"])
    model.load_state_dict(saved["model"])
    return model.eval(), words, saved["step"]


if __name__ == "__main__":
    network, inventory, step = load(sys.argv[1])
    write(network, inventory, sys.argv[2])
    print(f"export: {sys.argv[2]}, {os.path.getsize(sys.argv[2]) / 1e6:.2f} MB, from step {step}")

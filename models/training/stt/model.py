"""Whisper's network, small, with a vocabulary of sub-words of its own, and a CTC head that only training uses."""

import math

import torch
import torch.nn.functional as F
from torch import nn

# whisper.cpp gives an English model's special tokens these numbers, whatever the words are.
VOCABULARY = 51864
END, START, NO_TIMESTAMPS = 50256, 50257, 50362


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def forward(self, x, source, mask=None):
        # Two products and a softmax: the backward pass of scaled_dot_product_attention is several times slower on a CPU.
        def split(t):
            return t.view(t.shape[0], t.shape[1], self.heads, -1).transpose(1, 2)

        q, k, v = split(self.query(x)), split(self.key(source)), split(self.value(source))
        score = (q / math.sqrt(q.shape[3])) @ k.transpose(2, 3)
        if mask is not None:
            score = score + mask
        y = score.softmax(-1).to(v.dtype) @ v
        return self.out(y.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, width, heads, cross):
        super().__init__()
        self.attn, self.attn_ln = Attention(width, heads), nn.LayerNorm(width)
        if cross:
            self.cross_attn, self.cross_attn_ln = Attention(width, heads), nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU("tanh"), nn.Linear(4 * width, width))
        self.mlp_ln = nn.LayerNorm(width)

    def forward(self, x, drop, source=None, mask=None):
        y = self.attn_ln(x)
        x = x + drop(self.attn(y, y, mask))
        if source is not None:
            x = x + drop(self.cross_attn(self.cross_attn_ln(x), source))
        return x + drop(self.mlp(self.mlp_ln(x)))


def sinusoids(length, width):
    """The encoder's positions, as in Whisper."""
    rate = torch.exp(-math.log(10000) / (width // 2 - 1) * torch.arange(width // 2))
    angle = torch.arange(length)[:, None] * rate
    return torch.cat([angle.sin(), angle.cos()], 1)


class Whisper(nn.Module):
    """words: how many of the vocabulary's first tokens are in use. Their rows come first in the embedding, then END,
    START and NO_TIMESTAMPS."""

    def __init__(self, words, letters, width=192, heads=6, audio_layers=4, text_layers=2, audio_ctx=600, text_ctx=160, dropout=0.0):
        super().__init__()
        self.shape = dict(words=words, letters=letters, width=width, heads=heads, audio_layers=audio_layers, text_layers=text_layers,
                          audio_ctx=audio_ctx, text_ctx=text_ctx, dropout=dropout)
        self.words = words
        self.conv1 = nn.Conv1d(80, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.register_buffer("audio_position", sinusoids(audio_ctx, width), persistent=False)
        self.audio_blocks = nn.ModuleList(Block(width, heads, False) for _ in range(audio_layers))
        self.ln_post = nn.LayerNorm(width)
        self.embedding = nn.Parameter(torch.randn(words + 3, width) * 0.05)
        self.text_position = nn.Parameter(torch.randn(text_ctx, width) * 0.01)
        self.text_blocks = nn.ModuleList(Block(width, heads, True) for _ in range(text_layers))
        self.ln = nn.LayerNorm(width)
        self.ctc = nn.Linear(width, letters)
        self.drop = nn.Dropout(dropout)
        # The rows not in use are zeros in the exported file: together they weigh in the softmax as this one logit.
        self.unused = math.log(VOCABULARY - words - 3)

    def encode(self, mel):
        """mel: (batch, frames, 80) as whisper.cpp has it; returns (batch, frames/2, width)."""
        x = F.gelu(self.conv1(mel.transpose(1, 2)), approximate="tanh")
        x = F.gelu(self.conv2(x), approximate="tanh").transpose(1, 2)
        x = self.drop(x + self.audio_position[:x.shape[1]])
        for b in self.audio_blocks:
            x = b(x, self.drop)
        return self.ln_post(x)

    def decode(self, tokens, audio):
        """Logits after each token: (batch, tokens, words + 3 + 1), the last one stands for all unused rows."""
        n = tokens.shape[1]
        mask = torch.full((n, n), -1e4, device=tokens.device).triu(1)
        x = self.drop(F.embedding(tokens, self.embedding) + self.text_position[:n])
        for b in self.text_blocks:
            x = b(x, self.drop, audio, mask)
        logits = F.linear(self.ln(x), self.embedding.to(x.dtype)).float()
        return torch.cat([logits, logits.new_full(logits.shape[:2] + (1,), self.unused)], 2)

    @torch.no_grad()
    def hear(self, mel, longest=74):
        """Greedy decoding as whisper.cpp does it: a list of tokens for each of the batch."""
        audio = self.encode(mel)
        end, start = self.words, self.words + 1
        tokens = torch.tensor([[start, start + 1]] * len(mel), device=mel.device)
        done = torch.zeros(len(mel), dtype=torch.bool, device=mel.device)
        for _ in range(longest):
            best = self.decode(tokens, audio)[:, -1, :end + 1].argmax(-1)
            best = torch.where(done, end, best)
            tokens = torch.cat([tokens, best[:, None]], 1)
            done |= best == end
            if done.all():
                break
        return [[t for t in row[2:] if t != end] for row in tokens.tolist()]

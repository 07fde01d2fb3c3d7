"""A small network of the Llama architecture, with its tokens' matrix used at both ends."""

import torch
import torch.nn as nn
import torch.nn.functional as F

EPSILON = 1e-5
BASE = 10000.0  # of the rotary positions


def norm(x, weight):
    return F.rms_norm(x, (x.shape[-1],), weight, EPSILON)


class Block(nn.Module):
    def __init__(self, width, heads, inner):
        super().__init__()
        self.heads = heads
        self.attn_norm = nn.Parameter(torch.ones(width))
        self.ffn_norm = nn.Parameter(torch.ones(width))
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width, bias=False)
        self.gate_up = nn.Linear(width, 2 * inner, bias=False)
        self.down = nn.Linear(inner, width, bias=False)

    def forward(self, x, cos, sin, mask):
        n, t, width = x.shape
        q, k, v = self.qkv(norm(x, self.attn_norm)).view(n, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        q, k = turned(q, cos, sin), turned(k, cos, sin)
        # Two products and a softmax: the fused attention's way back is five times slower on processors.
        scores = (q @ k.transpose(-1, -2)) * q.shape[-1] ** -0.5 + mask
        x = x + self.output((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, t, width))
        gate, up = self.gate_up(norm(x, self.ffn_norm)).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)


def turned(x, cos, sin):
    """Rotary positions on neighbouring pairs, as llama.cpp has them for this architecture."""
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)


class Llama(nn.Module):
    def __init__(self, tokens, width, heads, layers, inner):
        super().__init__()
        self.shape = dict(tokens=tokens, width=width, heads=heads, layers=layers, inner=inner)
        self.embedding = nn.Parameter(torch.randn(tokens, width) * 0.02)
        self.blocks = nn.ModuleList(Block(width, heads, inner) for _ in range(layers))
        self.norm = nn.Parameter(torch.ones(width))
        for name, p in self.named_parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=0.02 / (2 * layers) ** 0.5 if "output" in name or "down" in name else 0.02)

    def forward(self, ids):
        t = ids.shape[1]
        half = self.shape["width"] // self.shape["heads"] // 2
        angle = torch.arange(t, device=ids.device)[:, None] * BASE ** (-torch.arange(half, device=ids.device) / half)
        x = F.embedding(ids, self.embedding)
        kind = torch.get_autocast_dtype(ids.device.type) if torch.is_autocast_enabled(ids.device.type) else x.dtype
        cos, sin = angle.cos().to(kind), angle.sin().to(kind)
        mask = torch.full((t, t), float("-inf"), device=ids.device, dtype=kind).triu(1)
        for b in self.blocks:
            x = b(x, cos, sin, mask)
        return norm(x, self.norm) @ self.embedding.to(x.dtype).T

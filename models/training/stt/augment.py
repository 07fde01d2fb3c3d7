"""Rooms, microphones, noise and speakers, on mel power: a tenth of a millisecond for what takes ten on the sound itself."""

import numpy as np
import torch


def stretch(x, r):
    """Another speed and another length of the vocal tract: log power (frames, bands) read at other places."""
    speed, warp = r.uniform(0.87, 1.15), r.uniform(0.91, 1.1)
    at = np.arange(int(len(x) / speed)) * speed
    i = np.minimum(at.astype(int), len(x) - 2)
    f = np.minimum(at - i, 1)[:, None].astype(np.float32)
    x = x[i] * (1 - f) + x[i + 1] * f
    at = np.clip(np.arange(80) * warp, 0, 79)
    i = np.minimum(at.astype(int), 78)
    f = (at - i).astype(np.float32)
    return x[:, i] * (1 - f) + x[:, i + 1] * f


def curve(r, n, db, waves=3):
    """Smooth random gains over the bands, (n, 80) in decibel."""
    band = np.linspace(0, np.pi, 80)
    out = np.zeros((n, 80), np.float32)
    for k in range(1, waves + 1):
        out += r.normal(0, db / k**0.7, (n, 1)) * np.cos(k * band + r.uniform(0, 6.3, (n, 1)))
    out += r.normal(0, db * 0.7, (n, 1)) * np.linspace(-1, 1, 80)
    return out


def rooms(power, r):
    """Reverberation: in each band the energy dies away exponentially after the direct sound."""
    n = len(power)
    seconds = np.where(r.random((n, 1)) < 0.35, 0.01, r.uniform(0.15, 0.8, (n, 1)))
    t60 = np.maximum(0.01, seconds * np.linspace(1.2, 0.7, 80) ** 1.0)
    decay = torch.tensor(10 ** (-6 * 0.01 / t60), dtype=torch.float32)  # per frame of 10 ms
    late = torch.tensor(10 ** (r.uniform(-1.6, -0.3, (n, 1))), dtype=torch.float32) * (1 - decay) * 3
    tail = torch.zeros_like(power[:, 0])
    out = power.clone()
    for t in range(1, power.shape[1]):
        tail = decay * (tail + power[:, t - 1])
        out[:, t] += late * tail
    return out


def batch(clips, noise, r, empty=0.06, hard=1.0):
    """clips: log10 power (frames, 80), float32. Returns mel input as whisper.cpp makes it, (n, frames, 80), frames even,
    which clips were emptied (noise alone), and how many frames each has. hard: from 0, nearly clean, to 1."""
    n = len(clips)
    clips = [stretch(c, r) for c in clips]
    before, after = r.integers(2, 45, n), r.integers(5, 60, n)
    length = np.array([len(c) for c in clips]) + before + after
    frames = int(length.max()) + int(r.integers(4, 30))
    frames = max(110, frames + frames % 2)
    power = torch.full((n, frames, 80), 1e-10)
    for i, c in enumerate(clips):
        power[i, before[i]:before[i] + len(c)] = torch.from_numpy(np.power(10, c))
    inside = (torch.arange(frames) < torch.from_numpy(length)[:, None]).float()[:, :, None]
    if r.random() < 0.3 + hard:
        power = rooms(power, r)
    gain = hard * (curve(r, n, 2.5) + r.uniform(-32, 6, (n, 1)) * (r.random((n, 1)) < 0.9))
    power *= torch.tensor(10 ** (gain / 10), dtype=torch.float32)[:, None]
    loudness = torch.stack([power[i, before[i]:before[i] + len(c)].mean() for i, c in enumerate(clips)])

    # Noise over the whole clip, coloured by a curve of its own; after the clip comes digital silence.
    snr = np.where(r.random(n) < 0.12, r.uniform(30, 50, n), r.uniform(30 - 30 * hard, 30, n))
    bank = noise[r.integers(len(noise))] if isinstance(noise, list) else noise
    added = torch.zeros_like(power)
    for i in range(n):
        at = r.integers(len(bank) - frames)
        added[i] = torch.from_numpy(np.power(10, bank[at:at + frames].astype(np.float32)))
    added *= torch.tensor(10 ** (curve(r, n, 2) / 10), dtype=torch.float32)[:, None]
    added *= (loudness / added.mean((1, 2)) * torch.tensor(10 ** (-snr / 10), dtype=torch.float32))[:, None, None]
    emptied = r.random(n) < empty
    power[torch.from_numpy(emptied)] = 0
    own = torch.tensor(10 ** r.uniform(-9.5, -5.5, (n, 1, 1)), dtype=torch.float32) * (0.5 + torch.rand(n, frames, 80))
    power = (power + added + own) * inside

    x = power.clamp(min=1e-10).log10()
    x = torch.maximum(x, x.amax((1, 2), keepdim=True) - 8)
    x = (x + 4) / 4
    for i in range(n):
        if r.random() < 0.35 * hard:
            band, width = r.integers(0, 72), r.integers(2, 10)
            x[i, :, band:band + width] = x[i].mean()
        if r.random() < 0.35 * hard:
            at, width = r.integers(0, frames), r.integers(3, 14)
            x[i, at:at + width] = x[i].mean()
    return x, emptied, length

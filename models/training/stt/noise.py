"""Noise for training as log10 mel power: hiss, hum, machines, dishes, rain, music-like mixes and babble."""

import numpy as np

from sound import FLOOR, RATE, mel_power


def shaped(r, n, slope):
    """Noise whose power falls with frequency to the power of slope."""
    s = np.fft.rfft(r.normal(size=n))
    f = np.maximum(np.fft.rfftfreq(n, 1 / RATE), 20)
    return np.fft.irfft(s * f ** (-slope / 2), n)


def band(r, n):
    s = np.fft.rfft(r.normal(size=n))
    f = np.fft.rfftfreq(n, 1 / RATE)
    out = np.zeros_like(f)
    for _ in range(r.integers(1, 5)):
        middle = 10 ** r.uniform(2, 3.8)
        out += r.uniform(0.2, 1) * np.exp(-((np.log(f + 1) - np.log(middle)) / r.uniform(0.05, 0.8)) ** 2)
    slow = 1 + r.uniform(0, 0.8) * np.sin(2 * np.pi * r.uniform(0.1, 8) * np.arange(n) / RATE)
    return np.fft.irfft(s * out, n) * slow


def hum(r, n):
    t = np.arange(n) / RATE
    base = r.choice([50, 60, 100, 120]) * r.uniform(0.98, 1.02)
    out = sum(r.uniform(0, 1) / k * np.sin(2 * np.pi * base * k * t + r.uniform(0, 6)) for k in range(1, r.integers(3, 25)))
    return out / 3 + 0.1 * shaped(r, n, 1)


def knocks(r, n):
    out = np.zeros(n)
    for _ in range(int(n / RATE * r.uniform(1, 8))):
        m = int(RATE * r.uniform(0.01, 0.3))
        at = r.integers(0, n - m)
        t = np.arange(m) / RATE
        ring = sum(r.uniform(0, 1) * np.sin(2 * np.pi * r.uniform(200, 6000) * t) for _ in range(r.integers(1, 6)))
        out[at:at + m] += r.uniform(0.1, 1) * (ring + r.normal(size=m) * r.uniform(0, 1)) * np.exp(-t / (m / RATE) * 6)
    return out + 0.003 * shaped(r, n, 1)


def music(r, n):
    out = np.zeros(n)
    beat = int(RATE * r.uniform(0.25, 0.7))
    key = r.integers(36, 60)
    for start in range(0, n - beat, beat):
        if r.random() < 0.7:  # a chord
            m = min(n - start, int(beat * r.choice([1, 2, 4])))
            t = np.arange(m) / RATE
            envelope = np.exp(-t * r.uniform(0.5, 5)) * np.minimum(1, t * 50)
            for note in r.choice([0, 2, 4, 5, 7, 9, 11, 12, 16, 19], r.integers(1, 5)):
                f = 440 * 2 ** ((key + note - 69 + 12 * r.integers(0, 3)) / 12)
                for k in range(1, r.integers(2, 9)):
                    if f * k < 7500:
                        out[start:start + m] += envelope / k * np.sin(2 * np.pi * f * k * t + r.uniform(0, 6))
        if r.random() < 0.5:  # a drum
            m = min(n - start, int(RATE * 0.15))
            t = np.arange(m) / RATE
            out[start:start + m] += (r.normal(size=m) * r.uniform(0, 1.5) + 2 * np.sin(2 * np.pi * r.uniform(50, 200) * t)) * np.exp(-t * r.uniform(20, 60))
    return out


def babble(r, speech, frames):
    """Several people at once, and others far off: sums of the power of other utterances, end to end."""
    out = np.full((frames, 80), 1e-9, np.float32)
    for _ in range(r.integers(3, 9)):
        at = r.integers(len(speech) - frames)
        out += 10 ** r.uniform(-1, 0) * np.power(10, speech[at:at + frames].astype(np.float32))
    return out


def bank(seed, speech, minutes=30):
    """A list of log10 power arrays, (frames, 80) each of 30 s and level 1 on average."""
    out = []
    makers = [lambda r, n: shaped(r, n, r.uniform(0, 2)), band, band, hum, knocks, knocks, music, music, music, None, None, None]
    for i in range(minutes * 2):
        r = np.random.default_rng([seed, i])
        make = makers[i % len(makers)]
        power = babble(r, speech, 3000) if make is None else mel_power(make(r, 30 * RATE).astype(np.float32))[:3000]
        power = power / power.mean()
        out.append(np.log10(np.maximum(power, FLOOR)).astype(np.float16))
    return out

"""Features as whisper.cpp computes them, and sound at 16 kHz."""

import wave

import numpy as np

RATE = 16000
HOP = 160
WINDOW = 400
MELS = 80
FLOOR = 1e-10  # of power, before the logarithm


def mel_filters():
    """80 triangles over 201 bins up to 8 kHz on Slaney's mel scale, each of area one (Auditory Toolbox, 1998)."""
    def to_mel(hz):
        hz = np.asarray(hz, float)
        return np.where(hz < 1000, 3 * hz / 200, 15 + 27 * np.log(np.maximum(hz, 1e-3) / 1000) / np.log(6.4))

    def to_hz(mel):
        return np.where(mel < 15, 200 * mel / 3, 1000 * np.exp(np.log(6.4) * (mel - 15) / 27))

    edges = to_hz(np.linspace(0, to_mel(8000), MELS + 2))
    bins = np.linspace(0, 8000, WINDOW // 2 + 1)
    up = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    area = 2 / (edges[2:] - edges[:-2])
    return (np.maximum(0, np.minimum(up, down)) * area[:, None]).astype(np.float32)


_hann = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
_filters = mel_filters()


def mel_power(pcm):
    """Power in each band of frames of 10 ms; pcm is -1..1. Shape (frames, 80)."""
    pcm = np.concatenate([np.zeros(WINDOW // 2, np.float32), pcm.astype(np.float32), np.zeros(WINDOW, np.float32)])
    frames = np.lib.stride_tricks.sliding_window_view(pcm, WINDOW)[::HOP]
    spectrum = np.fft.rfft(frames * _hann, axis=1)
    return (spectrum.real**2 + spectrum.imag**2).astype(np.float32) @ _filters.T


def resample(pcm, rate):
    """Sound of any rate at 16 kHz, band limited."""
    if rate == RATE:
        return pcm
    n = int(round(len(pcm) * RATE / rate))
    spectrum = np.fft.rfft(pcm)
    out = np.zeros(n // 2 + 1, complex)
    k = min(len(out), len(spectrum))
    out[:k] = spectrum[:k]
    return (np.fft.irfft(out, n) * n / len(pcm)).astype(np.float32)


def trim(pcm, margin=0.03):
    """Without the silence before and after, but for a margin in seconds."""
    loud = np.flatnonzero(np.abs(pcm) > 0.01 * max(1e-6, np.abs(pcm).max()))
    if len(loud) == 0:
        return pcm
    m = int(margin * RATE)
    return pcm[max(0, loud[0] - m):loud[-1] + m]


def write_wav(name, pcm):
    with wave.open(name, "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(RATE)
        f.writeframes((np.clip(pcm, -1, 1) * 32767).astype("<i2").tobytes())


def read_wav(name):
    with wave.open(name, "rb") as f:
        pcm = np.frombuffer(f.readframes(f.getnframes()), "<i2").astype(np.float32) / 32768
        return resample(pcm, f.getframerate())

"""Fits the confidence of sentences: confidence.py EVIDENCE ...

EVIDENCE is what `evaluate -evidence FILE` wrote: JSON lines. Prints the weights that are in voice/whisper/confidence.go, and what
would be done right and wrong among the sentences found, by the least confidence that is asked for. Where there are two files or
more, each is judged by the weights of the others, too.
"""

import json
import sys

import numpy as np

NAMES = ["log", "token", "share"]


def read(name):
    rows = [json.loads(line) for line in open(name)]
    x = np.array([[1] + [r[n] for n in NAMES] for r in rows])
    return x, np.array([r["right"] for r in rows], float), np.array([r["wrong"] for r in rows], float)


def fit(x, right, decay=0.01):
    """Logistic regression by Newton's method, on normalised evidence."""
    middle, spread = x.mean(0), x.std(0)
    middle[0], spread[0] = 0, 1
    z, w = (x - middle) / spread, np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-z @ w))
        w -= np.linalg.solve((z.T * (p * (1 - p))) @ z / len(z) + decay * np.eye(len(w)), z.T @ (p - right) / len(z) + decay * w)
    w /= spread
    w[0] -= w[1:] @ middle[1:]
    return w


def judge(w, data):
    x, right, wrong = data
    p = 1 / (1 + np.exp(-x @ w))
    for least in np.arange(0.4, 0.95, 0.05):
        kept = p >= least
        print(f"  {least:.2f}: {kept.sum()} kept, {right[kept].sum():.0f} right, {wrong[kept].sum():.0f} wrong; of {len(x)}, with {right.sum():.0f} right, {wrong.sum():.0f} wrong")


if __name__ == "__main__":
    files = [read(name) for name in sys.argv[1:]]
    join = lambda some: [np.concatenate(parts) for parts in zip(*some)]
    weights = fit(*join(files)[:2])
    print("weights: 1, " + ", ".join(NAMES) + ": " + ", ".join(f"{w:.2f}" for w in weights))
    judge(weights, join(files))
    for i, name in enumerate(sys.argv[1:]):
        if len(files) > 1:
            print(f"{name} by the others' weights")
            judge(fit(*join(files[:i] + files[i + 1:])[:2]), files[i])

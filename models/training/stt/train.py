"""Trains the recogniser: train.py RUN [option=value ...]. It goes on from RUN's checkpoint, however it was stopped.

RUN is a folder outside the repository. Options: speech (folder of shards), sentences, steps, rate, width, heads,
audio_layers, text_layers, joins, frames (in a batch), every (steps between checkpoints).
"""

import glob
import os
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import augment
import noise
from model import Whisper
from subwords import LETTERS, Subwords

CTC = 0.4  # the weight of the letters' loss: with it the attention finds its place far sooner
DROPOUT = 0.05  # of joins


def hardness(share):
    """How hard the sound is, 0.1 to 0.7, when so much of the training is done: words are found first, then again in noise."""
    return float(np.interp(share, [0, 0.15, 0.6, 0.85], [0.1, 0.4, 0.4, 0.7]))


# An utterance of more frames of 10 ms does not fit into the window once it is slowed down and has silence around it.
LONGEST = 920


class Speech:
    """The shards that are there, each sorted by length; new ones are noticed as they come."""

    def __init__(self, folder, most=48):
        self.folder, self.most, self.shards, self.names = folder, most, [], set()
        self.look()

    def look(self):
        for name in sorted(glob.glob(self.folder + "/*.npz")):
            if name in self.names or len(self.shards) >= self.most:
                continue
            with np.load(name) as f:
                mel, frames, text = f["mel"], f["frames"], f["text"]
            at = np.concatenate([[0], np.cumsum(frames)])
            order = np.argsort(frames, kind="stable")
            self.shards.append((mel, at, [str(t) for t in text], order[frames[order] <= LONGEST]))
            self.names.add(name)

    def hours(self):
        return sum(len(s[0]) for s in self.shards) / 360000

    def draw(self, r, budget):
        """Utterances of similar length, about budget frames together."""
        mel, at, text, order = self.shards[r.integers(len(self.shards))]
        first = int(r.integers(len(order)))
        middle = order[first]
        n = int(np.clip(budget // (at[middle + 1] - at[middle] + 90), 4, 160))
        first = min(first, max(0, len(order) - n))
        clips, texts = [], []
        for i in order[first:first + n]:
            clips.append(mel[at[i]:at[i + 1]].astype(np.float32))
            texts.append(text[i])
        if r.random() < 0.08:  # two in a row, so that long ones are not strange
            half = len(clips) // 2
            gap = np.full((int(r.integers(5, 40)), 80), -10, np.float32)
            pairs = [(np.concatenate([clips[i], gap, clips[i + half]]), texts[i] + " " + texts[i + half])
                     for i in range(half) if len(clips[i]) + len(gap) + len(clips[i + half]) <= LONGEST]
            if pairs:
                clips, texts = [p[0] for p in pairs], [p[1] for p in pairs]
        return clips, texts


def targets(texts, words, r, most):
    """Tokens in and out, padded; -1 where nothing is to be learned."""
    import random
    choose = random.Random(int(r.integers(1 << 40)))
    end, start = words.count, words.count + 1
    rows = [words.text(t, choose, DROPOUT)[:most] for t in texts]
    longest = max(map(len, rows)) + 2
    inputs = torch.full((len(rows), longest), end)
    wanted = torch.full((len(rows), longest), -1)
    for i, row in enumerate(rows):
        inputs[i, :len(row) + 2] = torch.tensor([start, start + 1] + row)
        wanted[i, 1:len(row) + 2] = torch.tensor(row + [end])
    return inputs, wanted


def letters(texts):
    alphabet = {c: i + 1 for i, c in enumerate(LETTERS + " ")}
    rows = [[alphabet[c] for c in t] for t in texts]
    return torch.tensor([x for r in rows for x in r]), torch.tensor([len(r) for r in rows])


def losses(model, mel, texts, length, words, r):
    inputs, wanted = targets(texts, words, r, model.shape["text_ctx"] // 2 - 6)
    device = next(model.parameters()).device
    audio = model.encode(mel.to(device))
    logits = model.decode(inputs.to(device), audio)
    loss = F.cross_entropy(logits.flatten(0, 1), wanted.to(device).flatten(), ignore_index=-1, label_smoothing=0)
    spelled, lengths = letters(texts)
    places = torch.from_numpy((length + 1) // 2).clamp(max=audio.shape[1])
    ctc = F.ctc_loss(model.ctc(audio).float().log_softmax(-1).transpose(0, 1), spelled.to(device), places, lengths, zero_infinity=True, reduction="sum")
    return loss, ctc / max(1, int(lengths.sum()))


def distance(a, b):
    """Edits between two lists."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        last, row[0] = row[0], i + 1
        for j, y in enumerate(b):
            last, row[j + 1] = row[j + 1], min(row[j + 1] + 1, row[j] + 1, last + (x != y))
    return row[-1]


@torch.no_grad()
def examine(model, speech, hiss, words, budget):
    """Exact sentences and word error rate on utterances that are not trained on, with training's kind of noise."""
    model.eval()
    device = next(model.parameters()).device
    right = said = edits = total = 0
    shown = []
    for k in range(4):
        r = np.random.default_rng([77, k])
        torch.manual_seed(k)
        clips, texts = speech.draw(r, budget)
        mel, _, _ = augment.batch(clips, hiss, r, empty=0, hard=0.4)
        for text, heard in zip(texts, model.hear(mel.to(device))):
            heard = words.spell(heard)
            right += heard == text
            said += 1
            edits += distance(text.split(), heard.split())
            total += len(text.split())
        shown.append(f"    {text!r} -> {heard!r}")
    model.train()
    return f"exact {100 * right / said:.1f} % of {said}, wer {100 * edits / total:.1f} %\n" + "\n".join(shown)


def main():
    run = sys.argv[1]
    options = dict(speech="", kept="", sentences="", steps=6000, rate=2.5e-3, width=128, heads=2, audio_layers=4, text_layers=2, joins=1100, frames=8000,
                   every=200, seed=1, noise_minutes=15)
    for a in sys.argv[2:]:
        name, value = a.split("=", 1)
        options[name] = type(options[name])(value)
    o = type("Options", (), options)
    os.makedirs(run, exist_ok=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"

    speech = Speech(o.speech)
    kept = Speech(o.kept) if o.kept else None
    if not speech.shards:
        sys.exit(f"train: error: no speech in {o.speech}\ntrain: hint: speak.py shards")
    if not os.path.exists(run + "/subwords.json"):
        Subwords.learn(open(o.sentences).read().splitlines()[:60000], o.joins).write(run + "/subwords.json")
    words = Subwords.read(run + "/subwords.json")
    words.count = len(words.tokens)
    hiss = noise.bank(o.seed, np.concatenate([s[0] for s in speech.shards[:2]]), o.noise_minutes)

    torch.manual_seed(o.seed)
    model = Whisper(words.count, len(LETTERS) + 2, o.width, o.heads, o.audio_layers, o.text_layers).to(device)
    flat = [p for p in model.parameters() if p.dim() < 2]
    deep = [p for p in model.parameters() if p.dim() >= 2]
    optimizer = torch.optim.AdamW([dict(params=deep, weight_decay=0.01), dict(params=flat, weight_decay=0)], lr=o.rate, betas=(0.9, 0.98))
    step = 0
    if os.path.exists(run + "/checkpoint.pt"):
        saved = torch.load(run + "/checkpoint.pt", map_location=device, weights_only=False)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        step = saved["step"]
    print(f"train: {sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters, {words.count} sub-words, {speech.hours():.1f} h of speech, "
          f"{device}, from step {step} of {o.steps}", flush=True)

    def save():
        torch.save(dict(model=model.state_dict(), optimizer=optimizer.state_dict(), step=step, shape=model.shape), run + "/checkpoint.new")
        os.rename(run + "/checkpoint.new", run + "/checkpoint.pt")

    began, sums, n = time.time(), np.zeros(2), 0
    while step < o.steps:
        r = np.random.default_rng([o.seed, step])
        torch.manual_seed(step)
        clips, texts = speech.draw(r, o.frames)
        hard = hardness(step / o.steps)
        mel, emptied, length = augment.batch(clips, hiss, r, hard=hard)
        texts = ["" if e else t for e, t in zip(emptied, texts)]
        with torch.autocast(device, torch.bfloat16):
            loss, ctc = losses(model, mel, texts, length, words, r)
        optimizer.zero_grad(set_to_none=True)
        (loss + (CTC + 1 - hard) * ctc).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        rate = o.rate * min(1, (step + 1) / 400) * min(1, max(0.02, (o.steps - step) / (0.55 * o.steps)))
        for g in optimizer.param_groups:
            g["lr"] = rate
        optimizer.step()
        step += 1
        sums += (float(loss.detach()), float(ctc.detach()))
        n += 1
        if step % 50 == 0:
            print(f"step {step}: loss {sums[0] / n:.3f}, ctc {sums[1] / n:.3f}, {(time.time() - began) / n:.2f} s a step, rate {rate:.5f}", flush=True)
            sums, n, began = np.zeros(2), 0, time.time()
        if step % o.every == 0 or step == o.steps:
            save()
            speech.look()
            if kept is not None:
                with torch.autocast(device, torch.bfloat16):
                    print(f"kept voices at step {step} ({speech.hours():.1f} h): " + examine(model, kept, hiss, words, o.frames), flush=True)


if __name__ == "__main__":
    main()

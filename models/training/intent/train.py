"""Trains the intent model: train.py RUN [option=value ...]. It goes on from RUN's checkpoint, however it was stopped.

RUN is a folder outside the repository. Options: data (lines of JSON), steps, rate, width, heads, layers, inner, tokens,
batch (tokens in one), every (steps between checkpoints), threads, seed.
"""

import json
import os
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

from model import Llama
from tokens import BEGIN, END, Tokens

PROMPT = 0.1  # the weight of a prompt's tokens: what is repeated in it teaches to copy names
SHOWN = 400  # examples at the end of the data that are not learned from, but looked at


def load(folder, data, count):
    """The tokenizer and all examples as tokens, from the folder where they were made before."""
    file = os.path.join(folder, "data.npz")
    if not os.path.exists(file):
        lines = [json.loads(line) for line in open(data, encoding="utf-8")]
        tokens = Tokens.learn([l["prompt"] + "\n" + l["answer"] for l in lines[:20000]], count)
        ids, ends, starts = [], [], []
        for l in lines:
            ids += [BEGIN] + tokens.text(l["prompt"] + "\n")
            starts.append(len(ids))
            ids += tokens.text(l["answer"]) + [END]
            ends.append(len(ids))
        with open(file + ".new", "wb") as f:
            np.savez(f, ids=np.array(ids, np.uint16), starts=np.array(starts), ends=np.array(ends), pieces=np.array(json.dumps(tokens.pieces)))
        os.replace(file + ".new", file)
    with np.load(file) as f:
        return Tokens(json.loads(str(f["pieces"]))), f["ids"], f["starts"], f["ends"]


def batch(rows, ids, starts, ends):
    first = np.concatenate([[0], ends[:-1]])
    longest = max(ends[i] - first[i] for i in rows)
    x = torch.full((len(rows), longest), END)
    weight = torch.zeros(len(rows), longest)
    for k, i in enumerate(rows):
        x[k, :ends[i] - first[i]] = torch.from_numpy(ids[first[i]:ends[i]].astype(np.int64))
        weight[k, :starts[i] - first[i]] = PROMPT
        weight[k, starts[i] - first[i]:ends[i] - first[i]] = 1
    return x[:, :-1], x[:, 1:], weight[:, 1:]


@torch.no_grad()
def examine(model, data):
    """The share of the answers all of whose tokens are the most probable ones."""
    ids, starts, ends = data
    right = 0
    rows = range(len(ends) - SHOWN, len(ends))
    for k in range(0, SHOWN, 50):
        x, y, w = batch(rows[k:k + 50], ids, starts, ends)
        right += int(((model(x).argmax(-1) == y) | (w < 1)).all(1).sum())
    return 100 * right / SHOWN


def main():
    run = sys.argv[1]
    options = dict(data="", steps=3400, rate=2.5e-3, width=192, heads=3, layers=5, inner=512, tokens=1536, batch=5000, every=200, threads=1, seed=1)
    for a in sys.argv[2:]:
        name, value = a.split("=", 1)
        options[name] = type(options[name])(value)
    o = type("Options", (), options)
    os.makedirs(run, exist_ok=True)
    torch.set_num_threads(o.threads)
    torch.manual_seed(o.seed)
    tokens, *data = load(run, o.data, o.tokens)
    ids, starts, ends = data
    lengths = np.diff(ends, prepend=0)
    model = Llama(len(tokens), o.width, o.heads, o.layers, o.inner)
    matrices = [p for p in model.parameters() if p.dim() == 2]
    optimizer = torch.optim.AdamW([dict(params=matrices, weight_decay=0.05), dict(params=[p for p in model.parameters() if p.dim() < 2], weight_decay=0)],
                                  lr=o.rate, betas=(0.9, 0.98))
    step, file = 0, os.path.join(run, "checkpoint.pt")
    if os.path.exists(file):
        saved = torch.load(file)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        step = saved["step"]
    print(f"{len(ends)} examples, {len(tokens)} tokens, {lengths.mean():.0f} in one, {sum(p.numel() for p in model.parameters())} weights; from step {step} of {o.steps}", flush=True)

    def save():
        torch.save(dict(model=model.state_dict(), optimizer=optimizer.state_dict(), step=step, shape=model.shape, pieces=tokens.pieces), file + ".new")
        os.replace(file + ".new", file)

    began, done, losses = time.time(), 0, []
    while step < o.steps:
        r = np.random.default_rng([o.seed, step])
        # A few batches' worth, sorted by length, and one of them: rows of a batch are of similar length.
        pool = r.integers(len(ends) - SHOWN, size=400)
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        n = max(1, o.batch // int(lengths.mean()))
        at = int(r.integers(max(1, len(pool) - n)))
        x, y, w = batch(pool[at:at + n], ids, starts, ends)
        rate = o.rate * min(1, (step + 1) / 100) * (0.02 + 0.98 * max(0, min(1, (o.steps - step) / (0.4 * o.steps))))
        for group in optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(x)
        loss = F.cross_entropy(logits.float().flatten(0, 1), y.flatten(), reduction="none") * w.flatten()
        answer = float(loss[w.flatten() == 1].mean().detach())
        (loss.sum() / w.sum()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        optimizer.zero_grad()
        step += 1
        done += 1
        losses.append(answer)
        if step % 25 == 0 or step == o.steps:
            print(f"step {step}: loss {np.mean(losses):.3f} of the answers' tokens, {(time.time() - began) / done:.2f} s a step", flush=True)
            losses = []
        if step % o.every == 0 or step == o.steps:
            save()
            with torch.autocast("cpu", torch.bfloat16):
                print(f"step {step}: {examine(model, data):.1f} % of {SHOWN} answers exact", flush=True)


main()

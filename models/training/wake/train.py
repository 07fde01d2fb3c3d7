"""Trains the network of voice/wake/net on the shards that the Go program in this folder mixes.

    train.py train DIR --steps 12000 [--from FILE.net] [--threads 1]    DIR holds shards/; writes DIR/state.pt and DIR/NAME.net
    train.py threshold FILE T...                                        sets the words' thresholds
    train.py join FILE A.net B.net...                                   networks of the same words side by side: their mean
    train.py reference DIR                                              writes what the Go tests compare with

It goes on from DIR/state.pt where there is one. CUDA is used where there is one; the CPU does as well.
"""

import argparse
import binascii
import json
import math
import os
import struct
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

MAGIC = b"crkwake1"
SHAPE = {"stack": 3, "width": 96, "embedding": 64, "smoothing": 2,
         "blocks": [{"kernel": 5, "dilation": d} for d in (1, 1, 2, 2, 4, 4)]}


class Block(nn.Module):
    def __init__(self, width, kernel, dilation, norm):
        super().__init__()
        self.kernel, self.dilation = kernel, dilation
        self.taps = nn.Parameter(torch.randn(kernel, width) * (1 / kernel) ** 0.5)  # oldest first
        self.shift = nn.Parameter(torch.zeros(width))
        self.norm1 = norm(width)
        self.mix = nn.Linear(width, width)
        self.norm2 = norm(width)

    def forward(self, x):  # [batch, time, width]
        past = F.pad(x, (0, 0, (self.kernel - 1) * self.dilation, 0))
        y = sum(past[:, k * self.dilation:k * self.dilation + x.shape[1]] * self.taps[k] for k in range(self.kernel)) + self.shift
        y = F.relu(over_time(self.norm1, y))
        return F.relu(x + over_time(self.norm2, self.mix(y)))


def over_time(norm, x):
    return norm(x.flatten(0, 1)).view_as(x)


class Net(nn.Module):
    """The network of voice/wake/net. Batch normalisation helps to train and is folded into the weights of the file;
    normal=False goes without, for weights that come from a file."""

    def __init__(self, words, sounds, shape, inputs, normal=True):
        super().__init__()
        self.shape = shape
        norm = nn.BatchNorm1d if normal else (lambda width: nn.Identity())
        width = shape["width"]
        self.stem = nn.Linear(inputs, width)
        self.norm = norm(width)
        self.blocks = nn.ModuleList(Block(width, b["kernel"], b["dilation"], norm) for b in shape["blocks"])
        self.embedding = nn.Linear(width, shape["embedding"])
        self.outputs = nn.Linear(width, words + 1)  # the last one is speech
        self.sounds = nn.Linear(shape["embedding"], sounds + 1)  # of no use later: it teaches the embedding what sounds are
        nn.init.constant_(self.outputs.bias, -3)

    def forward(self, x):
        x = F.relu(over_time(self.norm, self.stem(x)))
        for block in self.blocks:
            x = block(x)
        embedding = self.embedding(x)
        return self.outputs(x), embedding, self.sounds(embedding)

    def tensors(self):
        """All weights in the order of the file, batch normalisation folded in."""
        def scale(norm):
            if isinstance(norm, nn.Identity):
                return 1.0, 0.0
            s = norm.weight / (norm.running_var + norm.eps) ** 0.5
            return s, norm.bias - norm.running_mean * s
        def folded(linear, norm):
            s, shift = scale(norm)
            weight = linear.weight if isinstance(s, float) else linear.weight * s[:, None]
            return [weight, linear.bias * s + shift]
        with torch.no_grad():
            all = folded(self.stem, self.norm)
            for b in self.blocks:
                s, shift = scale(b.norm1)
                all += [b.taps * s, b.shift * s + shift] + folded(b.mix, b.norm2)
            all += [self.embedding.weight, self.embedding.bias, self.outputs.weight, self.outputs.bias]
            return [t.detach().cpu().numpy() for t in all]

    def load(self, tensors, words):
        """Takes weights of a file for other words: all but the words' outputs."""
        targets = [self.stem.weight, self.stem.bias]
        for b in self.blocks:
            targets += [b.taps, b.shift, b.mix.weight, b.mix.bias]
        targets += [self.embedding.weight, self.embedding.bias]
        with torch.no_grad():
            for to, t in zip(targets, tensors):
                to.copy_(torch.from_numpy(t).view_as(to))
            self.outputs.weight[words] = torch.from_numpy(tensors[-2].ravel()[-self.shape["width"]:])
            self.outputs.bias[words] = float(tensors[-1][-1])


def write(path, shape, words, thresholds, language, tensors):
    head = json.dumps({"words": [{"name": w, "threshold": t} for w, t in zip(words, thresholds)],
                       "language": language, **shape}, separators=(",", ":")).encode()
    body = MAGIC + struct.pack("<I", len(head)) + head + b"".join(t.astype("<f2").tobytes() for t in tensors)
    new = Path(str(path) + ".new")
    new.write_bytes(body + struct.pack("<I", binascii.crc32(body)))
    new.rename(path)


def read(path):
    """The shape and the weights of a file, each tensor flat."""
    body = Path(path).read_bytes()
    size, = struct.unpack_from("<I", body, len(MAGIC))
    head = json.loads(body[12:12 + size])
    weights = np.frombuffer(body[12 + size:-4], "<f2").astype(np.float32)
    width, words = head["width"], len(head["words"])
    mixed = sum(p * p for p in head.get("parts", [width]))
    sizes = [width * head["stack"] * 40, width]
    for b in head["blocks"]:
        sizes += [b["kernel"] * width, width, mixed, width]
    sizes += [head["embedding"] * width, head["embedding"], (words + 1) * width, words + 1]
    return head, np.split(weights, np.cumsum(sizes)[:-1])


def first(head, tensors):
    """The first of the networks that join put side by side, as a file has it alone."""
    if "parts" not in head:
        return head, tensors
    width, part, weight = head["width"], head["parts"][0], len(head["parts"])
    left = lambda t: t.reshape(-1, width)[:, :part].ravel()
    top = lambda t, row: t[:part * row]
    out = [top(tensors[0], head["stack"] * 40), top(tensors[1], 1)]
    for i in range(len(head["blocks"])):
        taps, shift, mix, bias = tensors[2 + 4 * i:6 + 4 * i]
        out += [left(taps), top(shift, 1), mix[:part * part], top(bias, 1)]
    embedding, embedded, outputs, bias = tensors[-4:]
    out += [left(embedding), embedded, left(outputs) * weight, bias]
    return {k: v for k, v in head.items() if k != "parts"} | {"width": part}, out


class Shards:
    """The records of all shards of a part, see shards.go."""

    def __init__(self, dir, part):
        self.meta = m = json.loads((dir / "meta.json").read_text())
        self.words = len(m["words"])
        size = m["steps"] * (m["inputs"] + self.words + 1) + 1 + m["longest"]
        files = sorted(dir.glob(part + "-*.bin"))
        if not files:
            raise SystemExit(f"train: error: no shard {part}-*.bin in {dir}")
        self.records = [np.memmap(f, np.uint8, "r").reshape(-1, size) for f in files]
        self.ends = np.cumsum([len(r) for r in self.records])

    def __len__(self):
        return int(self.ends[-1])

    def batch(self, indices, device):
        rows = []
        for i in indices:
            shard = int(np.searchsorted(self.ends, i, "right"))
            rows.append(self.records[shard][i - self.ends[shard]])
        rows = torch.from_numpy(np.stack(rows)).to(device)
        m, n = self.meta, len(rows)
        x, rest = rows[:, :m["steps"] * m["inputs"]], rows[:, m["steps"] * m["inputs"]:]
        x = x.view(n, m["steps"], m["inputs"]).float() / 20
        marks = rest[:, :(self.words + 1) * m["steps"]].view(n, self.words + 1, m["steps"]).transpose(1, 2)
        tail = rest[:, (self.words + 1) * m["steps"]:]
        return x, marks, tail[:, 0].long(), tail[:, 1:].long()


def runs(marks):
    """Scene, word, first step and step after the last of each run of true steps; marks is [scene, step, word]."""
    flat = F.pad(marks.transpose(1, 2), (1, 1)).int()
    change = flat[..., 1:] - flat[..., :-1]
    starts, ends = (change == 1).nonzero().tolist(), (change == -1).nonzero().tolist()
    return [(scene, word, first, last) for (scene, word, first), (_, _, last) in zip(starts, ends)]


def losses(net, batch):
    x, marks, count, sounds = batch
    out, _, spoken = net(x)
    told = marks[..., -1] != 2
    speech = F.binary_cross_entropy_with_logits(out[..., -1][told], (marks[..., -1] == 1).float()[told])
    # Where a word is not, each step counts; where one is, the three best steps of its marks do, as much as six steps.
    absent = F.softplus(out[..., :-1])[marks[..., :-1] == 0].sum()
    present = 0
    for scene, word, first, last in runs(marks[..., :-1] == 1):
        present = present + 2 * F.softplus(-out[scene, first:last, word].topk(min(3, last - first)).values).sum()
    words = (absent + present) / len(x) / 6
    chances = F.log_softmax(spoken, -1).transpose(0, 1)
    steps = torch.full((len(x),), x.shape[1], dtype=torch.long)
    ctc = F.ctc_loss(chances, sounds.cpu() if not x.is_cuda else sounds, steps, count.cpu(), reduction="sum", zero_infinity=True) / len(x) / x.shape[1]
    return words, speech, ctc


def mask(x):
    """Takes a few bands away from a third of the scenes."""
    keep = torch.ones(len(x), 1, 40, device=x.device)
    for i in range(len(x)):
        if torch.rand(()) < 0.33:
            width = int(torch.randint(1, 8, ()))
            at = int(torch.randint(0, 40 - width, ()))
            keep[i, :, at:at + width] = 0
    return x * keep.repeat(1, 1, x.shape[2] // 40)


def validate(net, shards, device, shape, most=10**9):
    """For each word the scores of the words said, and the peaks where it was not said, with the hours of it."""
    net.eval()
    hits, peaks = [[] for _ in range(shards.words)], [[] for _ in range(shards.words)]
    n = min(most, len(shards))
    right = asked = 0
    for at in range(0, n, 100):
        x, marks, _, _ = shards.batch(range(at, min(at + 100, n)), device)
        with torch.no_grad():
            out = torch.sigmoid(net(x)[0]).cpu().numpy()
        marks = marks.cpu().numpy()
        told = marks[..., -1] < 2
        right += ((out[..., -1] > 0.5) == (marks[..., -1] == 1))[told].sum()
        asked += told.sum()
        smooth = out.copy()
        for k in range(1, shape["smoothing"]):
            smooth[:, k:] += out[:, :-k]
        smooth /= shape["smoothing"]
        for w in range(shards.words):
            for s in range(len(x)):
                y, m = smooth[s, :, w], marks[s, :, w]
                inside = np.flatnonzero(m == 1)
                for run in np.split(inside, np.flatnonzero(np.diff(inside) > 1) + 1):
                    if len(run):
                        hits[w].append(y[run[0]:run[-1] + 3].max())
                quiet = np.where(m == 0, y, 0)
                while (peak := int(quiet.argmax())) >= 0 and quiet[peak] > 0.05:
                    peaks[w].append(quiet[peak])
                    quiet[max(0, peak - 30):peak + 30] = 0
    hours = n * shards.meta["steps"] * 0.03 / 3600
    return [np.array(h) for h in hits], [np.array(p) for p in peaks], hours, right / max(1, asked)


def choose(hits, peaks, hours, per_hour):
    """The least threshold of evaluate.go's with at most so many false accepts per hour of scenes, of which half are near-misses."""
    for threshold in np.arange(0.3, 0.96, 0.05):
        if (peaks >= threshold).sum() <= per_hour * hours:
            break
    return round(float(threshold), 2)


def train(args):
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dir = Path(args.dir)
    shards, valid = Shards(dir / "shards", "train"), Shards(dir / "shards", "valid")
    meta, shape = shards.meta, SHAPE
    start = None
    if getattr(args, "from"):
        head, start = first(*read(getattr(args, "from")))
        shape = {k: head[k] for k in SHAPE}
    net = Net(len(meta["words"]), len(meta["sounds"]), shape, meta["inputs"], normal=start is None).to(device)
    if start is not None:
        net.load(start, len(meta["words"]))
    mean = Net(len(meta["words"]), len(meta["sounds"]), shape, meta["inputs"], normal=start is None).to(device)
    mean.load_state_dict(net.state_dict())
    optimiser = torch.optim.AdamW(net.parameters(), lr=args.rate, weight_decay=0.01)
    state, step, spent = dir / "state.pt", 0, 0.0
    if state.exists():
        saved = torch.load(state, map_location=device, weights_only=True)
        if saved["shape"] != json.dumps(shape) or saved["steps"] != args.steps:
            raise SystemExit(f"train: error: {state} is of another network or number of steps; remove it to start anew")
        net.load_state_dict(saved["net"]); mean.load_state_dict(saved["mean"]); optimiser.load_state_dict(saved["optimiser"])
        step, spent = saved["step"], saved["spent"]
        print(f"train: going on from step {step}", flush=True)

    def save():
        torch.save({"net": net.state_dict(), "mean": mean.state_dict(), "optimiser": optimiser.state_dict(), "step": step,
                    "steps": args.steps, "spent": spent + time.time() - began, "shape": json.dumps(shape)}, str(state) + ".new")
        os.rename(str(state) + ".new", state)

    def report(most):
        hits, peaks, hours, speech = validate(mean, valid, device, shape, most)
        thresholds = []
        for w, word in enumerate(meta["words"]):
            thresholds.append(choose(hits[w], peaks[w], hours, args.per_hour))
            table = ", ".join(f"{t}: {100 * (hits[w] < t).mean():.1f} % {(peaks[w] >= t).sum() / hours:.1f}/h" for t in (0.3, 0.5, 0.7, 0.8, 0.9, thresholds[-1]))
            print(f"train: step {step}, {word!r}: misses and false accepts of {len(hits[w])} and {hours:.1f} h at {table}", flush=True)
        print(f"train: speech or not is right in {100 * speech:.1f} %", flush=True)
        write(dir / (meta["name"] + ".net"), shape, meta["words"], thresholds, meta["language"], mean.tensors())

    began, total = time.time(), np.zeros(3)
    while step < args.steps:
        # What a step draws depends on the step only, so that a training gone on with is the same.
        draw = np.random.default_rng((args.seed, step))
        torch.manual_seed(args.seed * 1000003 + step)
        share = step / args.steps
        for group in optimiser.param_groups:
            group["lr"] = args.rate * min(1, (step + 1) / 200) * (0.5 + 0.5 * math.cos(math.pi * share)) + 1e-6
        net.train()
        x, *rest = shards.batch(draw.integers(0, len(shards), args.batch), device)
        words, speech, ctc = losses(net, (mask(x), *rest))
        optimiser.zero_grad()
        (words + speech + args.sounds * ctc).backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        with torch.no_grad():
            keep = min(0.998, (step + 1) / (step + 10))
            for a, b in zip(mean.state_dict().values(), net.state_dict().values()):
                a.lerp_(b, 1 - keep) if a.is_floating_point() else a.copy_(b)
        total += [words.item(), speech.item(), ctc.item()]
        step += 1
        if step % 100 == 0:
            print(f"train: step {step} of {args.steps}, {spent + time.time() - began:.0f} s, words {total[0] / 100:.3f} speech {total[1] / 100:.3f} sounds {total[2] / 100:.3f}", flush=True)
            total[:] = 0
        if step % 500 == 0:
            save()
        if step % 1000 == 0 and step < args.steps:
            report(500)
    save()
    report(10**9)


def reference(args):
    torch.manual_seed(1)
    shape = {"stack": 3, "width": 8, "embedding": 4, "smoothing": 2, "blocks": [{"kernel": 3, "dilation": 1}, {"kernel": 2, "dilation": 3}]}
    net = Net(2, 3, shape, 120)
    x = (torch.rand(4, 60, 120) * 4000).round() / 1000
    net.train()
    for _ in range(20):  # so that the normalisation has something to fold
        net(x)
    net.eval()
    dir = Path(args.dir)
    dir.mkdir(parents=True, exist_ok=True)
    tensors = [t.astype("<f2").astype(np.float32) for t in net.tensors()]
    write(dir / "reference.net", shape, ["one", "two"], [0.5, 0.5], "en", tensors)
    plain = Net(2, 3, shape, 120, normal=False)  # what the file says, after rounding to 16 bits
    plain.load(tensors, 2)
    with torch.no_grad():
        plain.outputs.weight.copy_(torch.from_numpy(tensors[-2]))
        plain.outputs.bias.copy_(torch.from_numpy(tensors[-1]))
        out, embedding, _ = plain(x[:1])
        folded, _, _ = net(x[:1])
    assert (out - folded).abs().max() < 0.01, "the folded network is another one"
    outputs = torch.cat([torch.sigmoid(out), embedding], -1)[0]
    (dir / "reference.json").write_text(json.dumps({"Inputs": [[round(v, 4) for v in row] for row in x[0].tolist()], "Outputs": [[round(v, 6) for v in row] for row in outputs.tolist()]}))


def threshold(args):
    head, tensors = read(args.file)
    words = [w["name"] for w in head["words"]]
    if len(words) != len(args.thresholds):
        raise SystemExit(f"train: error: {len(args.thresholds)} thresholds for {words}")
    write(args.file, {k: head[k] for k in [*SHAPE, "parts"] if k in head}, words, args.thresholds, head["language"], tensors)


def join(args):
    heads, files = zip(*[read(f) for f in args.networks])
    head, widths = heads[0], [h["width"] for h in heads]
    def alike(h):
        return [h[k] for k in SHAPE if k != "width"] + [h["language"], [w["name"] for w in h["words"]]]
    if any(alike(h) != alike(head) or "parts" in h for h in heads):
        raise SystemExit("train: error: the networks differ in more than their width, or are joint already")
    rows = [0] * len(files[0])  # how many rows of its own width a tensor has; 0: the tensors stand below one another
    for i, block in enumerate(head["blocks"]):
        rows[2 + 4 * i] = block["kernel"]
    rows[-2] = len(head["words"]) + 1
    out = [np.concatenate([t.reshape(n, -1) for t in same], 1) if n else np.concatenate(same) for n, same in zip(rows, zip(*files))]
    none = np.zeros((head["embedding"], sum(widths[1:])), np.float32)  # the embedding is the first one's
    out[-4] = np.concatenate([files[0][-4].reshape(head["embedding"], -1), none], 1)
    out[-3] = files[0][-3]
    out[-2] = out[-2] / len(files)
    out[-1] = sum(f[-1] for f in files) / len(files)
    shape = {k: head[k] for k in SHAPE} | {"width": sum(widths), "parts": widths}
    write(args.file, shape, [w["name"] for w in head["words"]], [w["threshold"] for w in head["words"]], head["language"], out)


def main():
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(required=True)
    t = verbs.add_parser("train")
    t.add_argument("dir")
    t.add_argument("--steps", type=int, default=12000)
    t.add_argument("--batch", type=int, default=32, help="scenes")
    t.add_argument("--rate", type=float, default=3e-3)
    t.add_argument("--sounds", type=float, default=1.0, help="weight of the sounds' loss")
    t.add_argument("--per-hour", type=float, default=2.0, help="false accepts in an hour of the validation's scenes, half of them near-misses, that set the threshold")
    t.add_argument("--from", help="a model file whose weights it starts from")
    t.add_argument("--threads", type=int, default=1)
    t.add_argument("--seed", type=int, default=1)
    t.set_defaults(run=train)
    r = verbs.add_parser("reference")
    r.add_argument("dir")
    r.set_defaults(run=reference)
    j = verbs.add_parser("join")
    j.add_argument("file")
    j.add_argument("networks", nargs="+")
    j.set_defaults(run=join)
    c = verbs.add_parser("threshold")
    c.add_argument("file")
    c.add_argument("thresholds", type=float, nargs="+")
    c.set_defaults(run=threshold)
    args = parser.parse_args()
    args.run(args)


main()

"""The tokenizer: byte pairs merged within words, as llama.cpp's "llama" tokenizer merges them.

llama.cpp joins the neighbours whose joint token has the highest score until none has one. Ours have as score minus their
rank, and none reaches over the border of a word, so words can be taken one by one.
"""

import collections
import re

WORD = re.compile(r" ?[^\W\d_]+(?:['_][^\W\d_]+)*|\d| ?[^\w\s]+|\s|.", re.S)
UNKNOWN, BEGIN, END, BYTES = 0, 1, 2, 3


class Tokens:
    def __init__(self, pieces):
        """pieces: those after the bytes, the first joined first."""
        self.pieces = pieces
        self.ids = {p: BYTES + 256 + i for i, p in enumerate(pieces)}
        self.known = {}

    def __len__(self):
        return BYTES + 256 + len(self.pieces)

    @classmethod
    def learn(cls, texts, count):
        words = collections.Counter(w for t in texts for w in WORD.findall(t))
        letters = sorted({c for w in words for c in w})
        pieces = list(letters)
        split = [list(w) for w in words]
        often = list(words.values())
        pairs, where = collections.Counter(), collections.defaultdict(set)
        for i, parts in enumerate(split):
            for pair in zip(parts, parts[1:]):
                pairs[pair] += often[i]
                where[pair].add(i)
        have = set(pieces)
        while len(pieces) < count - BYTES - 256 and pairs:
            best = max(pairs, key=lambda p: (pairs[p], p))
            if pairs[best] < 20:
                break
            joint = best[0] + best[1]
            for i in where.pop(best):
                parts, n = split[i], often[i]
                for pair in zip(parts, parts[1:]):
                    pairs[pair] -= n
                k = 0
                while k < len(parts) - 1:
                    if (parts[k], parts[k + 1]) == best:
                        parts[k:k + 2] = [joint]
                    k += 1
                for pair in zip(parts, parts[1:]):
                    pairs[pair] += n
                    where[pair].add(i)
            del pairs[best]
            if joint not in have:
                have.add(joint)
                pieces.append(joint)
        return cls(pieces)

    def word(self, word):
        parts = list(word)
        while len(parts) > 1:
            ranks = [self.ids.get(a + b, 1 << 30) for a, b in zip(parts, parts[1:])]
            k = min(range(len(ranks)), key=ranks.__getitem__)
            if ranks[k] == 1 << 30:
                break
            parts[k:k + 2] = [parts[k] + parts[k + 1]]
        out = []
        for p in parts:
            out += [self.ids[p]] if p in self.ids else [BYTES + b for b in p.encode()]
        return out

    def text(self, text):
        out = []
        for w in WORD.findall(text):
            if w not in self.known:
                self.known[w] = self.word(w)
            out += self.known[w]
        return out

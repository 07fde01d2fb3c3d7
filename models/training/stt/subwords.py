"""A closed inventory of sub-words: every letter, alone and at the start of a word, and their most useful joins."""

import collections
import json

LETTERS = "abcdefghijklmnopqrstuvwxyz'"


class Subwords:
    def __init__(self, joins):
        self.joins = [tuple(j) for j in joins]
        self.rank = {j: i for i, j in enumerate(self.joins)}
        # whisper.cpp looks up " " itself.
        self.tokens = [" "] + list(LETTERS) + [" " + c for c in LETTERS] + [a + b for a, b in self.joins]
        self.number = {t: i for i, t in enumerate(self.tokens)}
        self.known = {}

    @staticmethod
    def learn(lines, joins=1100):
        """Byte pair encoding (Sennrich et al. 2016) over words that begin with their space."""
        count = collections.Counter(w for line in lines for w in line.split())
        words = [([" " + w[0]] + list(w[1:]), n) for w, n in count.items()]
        pairs, where = collections.Counter(), collections.defaultdict(set)
        for i, (parts, n) in enumerate(words):
            for p in zip(parts, parts[1:]):
                pairs[p] += n
                where[p].add(i)
        out, tokens = [], set()
        while len(out) < joins:
            best = max(pairs.items(), key=lambda x: (x[1], x[0]))[0]
            if best[0] + best[1] not in tokens:
                tokens.add(best[0] + best[1])
                out.append(best)
            for i in list(where[best]):
                parts, n = words[i]
                for p in zip(parts, parts[1:]):
                    pairs[p] -= n
                    where[p].discard(i)
                parts = join(parts, best)
                words[i] = (parts, n)
                for p in zip(parts, parts[1:]):
                    pairs[p] += n
                    where[p].add(i)
            del pairs[best]
        return Subwords(out)

    def write(self, name):
        with open(name, "w") as f:
            json.dump(self.joins, f)

    @staticmethod
    def read(name):
        with open(name) as f:
            return Subwords(json.load(f))

    def word(self, word, random=None, dropout=0.0):
        """Token numbers of a word. With dropout some joins are left out (Provilkov et al. 2020), so that any spelling is heard."""
        if dropout == 0 and word in self.known:
            return self.known[word]
        parts = [" " + word[0]] + list(word[1:])
        while len(parts) > 1:
            ranks = [(self.rank[p], p) for p in zip(parts, parts[1:])
                     if p in self.rank and not (dropout and random.random() < dropout)]
            if not ranks:
                break
            parts = join(parts, min(ranks)[1])
        numbers = [self.number[p] for p in parts]
        if dropout == 0:
            self.known[word] = numbers
        return numbers

    def text(self, line, random=None, dropout=0.0):
        return [n for w in line.split() for n in self.word(w, random, dropout)]

    def spell(self, numbers):
        return "".join(self.tokens[n] for n in numbers).strip()


def join(parts, pair):
    out, i = [], 0
    while i < len(parts):
        if i + 1 < len(parts) and (parts[i], parts[i + 1]) == pair:
            out.append(parts[i] + parts[i + 1])
            i += 2
        else:
            out.append(parts[i])
            i += 1
    return out

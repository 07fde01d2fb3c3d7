"""Speaks sentences.

  speak.py shards SENTENCES FOLDER FROM TO    training data: shard k holds lines k*2000.. of SENTENCES as log10 mel power
  speak.py kept SENTENCES FOLDER FROM TO      the same by the voices that are kept for evaluation
  speak.py clips SENTENCES FOLDER SEED        evaluation: one wav file per line by a kept-out voice, and voices.tsv

Either goes on where it was stopped.
"""

import os
import sys

import numpy as np

from sound import FLOOR, mel_power, write_wav
from voices import Speakers

SHARD = 2000


def shards(sentences, folder, first, last, evaluation=False):
    lines = open(sentences).read().splitlines()
    os.makedirs(folder, exist_ok=True)
    speakers = Speakers()
    for k in range(first, last):
        name = f"{folder}/{k:05d}.npz"
        texts = lines[k * SHARD:(k + 1) * SHARD]
        if os.path.exists(name) or not texts:
            continue
        mels, voices = [], []
        for i, text in enumerate(texts):
            pcm, voice = speakers.say(text, np.random.default_rng([k, i]), evaluation)
            mels.append(np.log10(np.maximum(mel_power(pcm), FLOOR)).astype(np.float16))
            voices.append(voice)
        with open(name + ".new", "wb") as f:
            np.savez(f, mel=np.concatenate(mels), frames=np.array([len(m) for m in mels], np.int32), text=np.array(texts), voice=np.array(voices))
        os.rename(name + ".new", name)
        print(f"shard {k}: {sum(map(len, mels)) / 360000:.2f} h", flush=True)


def clips(sentences, folder, seed):
    os.makedirs(folder, exist_ok=True)
    speakers = Speakers()
    voices = []
    for i, text in enumerate(open(sentences).read().splitlines()):
        pcm, voice = speakers.say(text, np.random.default_rng([seed, i]), evaluation=True)
        write_wav(f"{folder}/{i:05d}.wav", pcm)
        voices.append(voice)
    with open(f"{folder}/voices.tsv", "w") as f:
        f.write("".join(v + "\n" for v in voices))


if __name__ == "__main__":
    verb, sentences, folder = sys.argv[1:4]
    if verb in ("shards", "kept"):
        shards(sentences, folder, int(sys.argv[4]), int(sys.argv[5]), verb == "kept")
    else:
        clips(sentences, folder, int(sys.argv[4]))

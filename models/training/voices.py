"""Speech from Debian's synthesisers: one function per engine, and the choice of a voice for training or for evaluation.

Evaluation has voices of its own: flite's rms, festival's ked, and one in ten of espeak-ng's variants, which training
never hears.
"""

import ctypes as c
import os
import subprocess
import tempfile
import zlib

import numpy as np

from sound import read_wav, resample, trim

ACCENTS = ["en-us", "en-us", "en-us", "en", "en", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-gb-x-rp", "en-029", "en-us-nyc"]
VARIANTS = "/usr/lib/x86_64-linux-gnu/espeak-ng-data/voices/!v"
# Whispers, effects and voices that people do not understand either.
UNUSABLE = {"whisper", "whisperf", "croak", "klatt6", "Demonic", "aunty", "robosoft", "robosoft2", "robosoft3", "robosoft4", "robosoft5",
            "robosoft6", "robosoft7", "robosoft8", "UniRobot", "anikaRobot", "sandro", "victor", "shelby", "zac"}


def kept(name):
    """Whether a variant is kept for evaluation."""
    return zlib.crc32(name.encode()) % 10 == 0


def variants(evaluation):
    names = sorted(n for n in os.listdir(VARIANTS) if n not in UNUSABLE)
    return [n for n in names if kept(n) == evaluation]


class Espeak:
    def __init__(self):
        self.lib = c.CDLL("libespeak-ng.so.1")
        self.rate = self.lib.espeak_Initialize(2, 0, None, 0)  # synchronous: the callback gets everything before Synth returns
        if self.rate <= 0:
            raise RuntimeError("espeak-ng does not start")
        self.parts = []
        kind = c.CFUNCTYPE(c.c_int, c.POINTER(c.c_short), c.c_int, c.c_void_p)

        def take(pcm, n, events):
            if pcm and n > 0:
                self.parts.append(np.ctypeslib.as_array(pcm, (n,)).copy())
            return 0

        self.callback = kind(take)
        self.lib.espeak_SetSynthCallback(self.callback)

    def say(self, text, voice, pitch=50, speed=165, inflection=50):
        """voice: "en-us+f2"."""
        if self.lib.espeak_SetVoiceByName(voice.encode()) != 0:
            raise RuntimeError(f"espeak-ng has no voice {voice}")
        for parameter, value in ((1, speed), (3, pitch), (4, inflection)):
            self.lib.espeak_SetParameter(parameter, int(value), 0)
        self.parts = []
        data = text.encode()
        self.lib.espeak_Synth(data, c.c_size_t(len(data) + 1), 0, 1, 0, 1, None, None)
        self.lib.espeak_Synchronize()
        if not self.parts:
            return np.zeros(0, np.float32)
        return resample(np.concatenate(self.parts).astype(np.float32) / 32768, self.rate)


class _Wave(c.Structure):
    _fields_ = [("type", c.c_char_p), ("rate", c.c_int), ("n", c.c_int), ("channels", c.c_int), ("pcm", c.POINTER(c.c_short))]


class _Voice(c.Structure):
    _fields_ = [("name", c.c_char_p), ("features", c.c_void_p)]


class Flite:
    def __init__(self):
        self.lib = c.CDLL("libflite.so.1", mode=c.RTLD_GLOBAL)
        self.lib.flite_init()
        self.lib.flite_text_to_wave.restype = c.POINTER(_Wave)
        for part in ("cmulex", "usenglish"):
            c.CDLL(f"libflite_{part}.so.1", mode=c.RTLD_GLOBAL)
        self.voices = {}

    def say(self, text, voice, stretch=1.0, shift=1.0):
        """voice: slt, awb, kal, kal16, rms. shift scales the pitch."""
        if voice not in self.voices:
            lib = c.CDLL(f"libflite_cmu_us_{voice}.so.1", mode=c.RTLD_GLOBAL)
            register = getattr(lib, f"register_cmu_us_{voice}")
            register.restype = c.POINTER(_Voice)
            self.voices[voice] = register(None)
        v = self.voices[voice]
        self.lib.feat_set_float(c.c_void_p(v.contents.features), b"duration_stretch", c.c_float(stretch))
        self.lib.feat_set_float(c.c_void_p(v.contents.features), b"f0_shift", c.c_float(shift))
        w = self.lib.flite_text_to_wave(text.encode(), v)
        pcm = np.ctypeslib.as_array(w.contents.pcm, (w.contents.n,)).astype(np.float32) / 32768
        rate = w.contents.rate
        pcm = pcm.copy()
        self.lib.delete_wave(w)
        return resample(pcm, rate)


class Festival:
    def say(self, text, voice, stretch=1.0):
        """voice: kal_diphone, ked_diphone, cmu_us_slt_arctic_hts. A process for each text: its pipe mode keeps its replies back."""
        plain = text.replace('"', "").replace("\\", "")
        with tempfile.TemporaryDirectory() as folder:
            file = folder + "/said.wav"
            subprocess.run(["festival", "-b", f"(begin (voice_{voice}) (Parameter.set 'Duration_Stretch {stretch}) "
                            f'(utt.save.wave (utt.synth (Utterance Text "{plain}")) "{file}" \'riff))'],
                           stdin=subprocess.DEVNULL, check=True, timeout=60, capture_output=True)
            return read_wav(file)


class Speakers:
    """All engines, each started when it is first needed."""

    def __init__(self):
        self.engines = {}

    def engine(self, kind):
        if kind not in self.engines:
            self.engines[kind] = kind()
        return self.engines[kind]

    def draw(self, r, evaluation):
        """A voice: its name, and what says a text with it. r is a numpy Generator."""
        k = r.random()
        if evaluation:
            if k < 0.4:
                return "flite rms", lambda text: self.engine(Flite).say(text, "rms", r.uniform(0.9, 1.15), 1.0)
            if k < 0.6:
                return "festival ked", lambda text: self.engine(Festival).say(text, "ked_diphone", round(r.uniform(0.9, 1.15), 2))
        elif k < 0.42:
            voice = ("slt", "awb", "kal16", "awb", "slt")[r.integers(5)]
            return "flite " + voice, lambda text: self.engine(Flite).say(text, voice, r.uniform(0.8, 1.25), r.uniform(0.75, 1.35))
        elif k < 0.45:
            voice = ("cmu_us_slt_arctic_hts", "kal_diphone")[r.integers(2)]
            return "festival " + voice, lambda text: self.engine(Festival).say(text, voice, round(r.uniform(0.8, 1.25), 2))
        names = variants(evaluation)
        voice = ACCENTS[r.integers(len(ACCENTS))] + "+" + names[r.integers(len(names))]
        return "espeak-ng " + voice, lambda text: self.engine(Espeak).say(text, voice, r.uniform(20, 80), r.uniform(130, 200), r.uniform(30, 70))

    def say(self, text, r, evaluation=False):
        """Sound at 16 kHz of peak 0.5 without silence round it, and the voice's name."""
        for _ in range(5):
            name, speak = self.draw(r, evaluation)
            pcm = trim(speak(text))
            peak = np.abs(pcm).max() if len(pcm) else 0
            if len(pcm) > 1600 and peak > 0.01:
                return pcm * (0.5 / peak), name
        raise RuntimeError(f"no voice can say {text!r}")

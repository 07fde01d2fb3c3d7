"""A Wyoming service made with Debian's python3-wyoming: it hears, speaks with espeak-ng, and wakes for a loud sound.

service.py PORT ESPEAK [FAULT]    FAULT: error, hang, die, nonsense, huge, empty

What it hears are words that stand for how loud each half second was: the same sound is always the same words.
"""

import array
import asyncio
import io
import os
import signal
import sys
import wave

from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.info import AsrModel, AsrProgram, Attribution, Describe, Info, TtsProgram, TtsVoice, WakeModel, WakeProgram
from wyoming.ping import Ping, Pong
from wyoming.server import AsyncEventHandler, AsyncServer
from wyoming.tts import Synthesize
from wyoming.wake import Detect, Detection, NotDetected

OURS = dict(attribution=Attribution(name="test", url=""), installed=True, description="test", version="1")
INFO = Info(
    asr=[AsrProgram(name="loudness", models=[AsrModel(name="loudness", languages=["en"], **OURS)], **OURS)],
    tts=[TtsProgram(name="espeak-ng", voices=[TtsVoice(name="en", languages=["en"], **OURS)], **OURS)],
    wake=[WakeProgram(name="loud", models=[WakeModel(name="loud", languages=["en"], phrase="loud", **OURS)], **OURS)],
)


class Service(AsyncEventHandler):
    def __init__(self, reader, writer):
        super().__init__(reader, writer)
        self.writer_ = writer
        self.pcm = bytearray()
        self.detects = False
        self.woke = False

    async def fails(self):
        """Does what is wrong with this service, if anything; True where it has done so."""
        if FAULT == "error":
            await self.write_event(Error(text="the model is broken", code="model").event())
        elif FAULT == "hang":
            await asyncio.sleep(3600)
        elif FAULT == "nonsense":
            self.writer_.write(b"<html><body>502 Bad Gateway</body></html>\n")
            await self.writer_.drain()
        elif FAULT == "huge":
            self.writer_.write(b'{"type": "audio-chunk", "data_length": 1, "payload_length": 99999999999}\n')
            await self.writer_.drain()
        elif FAULT == "die":
            await self.write_event(AudioStart(16000, 2, 1).event())
            os._exit(1)
        elif FAULT == "empty":
            await self.write_event(Transcript(text="").event())
            await self.write_event(AudioStart(16000, 2, 1).event())
            await self.write_event(AudioStop().event())
        return FAULT != ""

    async def handle_event(self, event):
        if Describe.is_type(event.type):
            await self.write_event(INFO.event())
        elif Ping.is_type(event.type):
            await self.write_event(Pong().event())
        elif Transcribe.is_type(event.type):
            self.detects = False
        elif Detect.is_type(event.type):
            self.detects = True
        elif AudioStart.is_type(event.type):
            self.pcm, self.woke = bytearray(), False
        elif AudioChunk.is_type(event.type):
            chunk = AudioChunk.from_event(event)
            if not self.detects:
                self.pcm += chunk.audio
            elif not self.woke and max(array.array("h", chunk.audio), default=0) > 20000:
                self.woke = True
                await self.write_event(Detection(name="loud", timestamp=chunk.timestamp).event())
        elif AudioStop.is_type(event.type):
            if self.detects:
                if not self.woke:
                    await self.write_event(NotDetected().event())
            elif not await self.fails():
                # Who kills it in the middle of a long sound must have the time for that.
                await asyncio.sleep(min(len(self.pcm) / 32000 / 10, 3))
                await self.write_event(Transcript(text=words(self.pcm), language="en").event())
        elif Synthesize.is_type(event.type):
            if not await self.fails():
                await self.say(Synthesize.from_event(event).text)
        return True

    async def say(self, text):
        program = await asyncio.create_subprocess_exec(ESPEAK, "-b", "1", "-v", "en-us", "--stdin", "--stdout", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        out, _ = await program.communicate(text.encode())
        with wave.open(io.BytesIO(out)) as wav:
            rate, pcm = wav.getframerate(), wav.readframes(0x7FFFFFFF)
        await self.write_event(AudioStart(rate, 2, 1).event())
        for at in range(0, len(pcm), 2048):
            await self.write_event(AudioChunk(rate, 2, 1, pcm[at:at + 2048]).event())
        await self.write_event(AudioStop().event())


def words(pcm):
    """What is heard: a word for each half second that is not silent."""
    samples = array.array("h", bytes(pcm))
    heard = []
    for at in range(0, min(len(samples), 16000 * 20), 8000):
        level = max(samples[at:at + 8000]) // 1000
        if level > 0:
            heard.append(f"word{level}")
    return " ".join(heard)


async def main():
    server = AsyncServer.from_uri(f"tcp://127.0.0.1:{PORT}")
    print("ready", flush=True)
    await server.run(Service)


PORT, ESPEAK, FAULT = sys.argv[1], sys.argv[2], "".join(sys.argv[3:])
signal.signal(signal.SIGINT, signal.SIG_DFL)
asyncio.run(main())

"""A client made with Debian's python3-wyoming. It prints a line for each thing that it asked of the server.

wyoming_client.py PORT FILE.raw    FILE: "hey cricket", 16 kHz, 16 bits, mono
"""

import asyncio
import sys

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.asr import Transcribe, Transcript
from wyoming.client import AsyncTcpClient
from wyoming.handle import Handled, NotHandled
from wyoming.info import Describe, Info
from wyoming.intent import Intent, NotRecognized, Recognize
from wyoming.ping import Ping, Pong
from wyoming.tts import Synthesize, SynthesizeVoice
from wyoming.wake import Detect, Detection, NotDetected


async def ask(port, events, *wanted):
    """Sends events and returns what is sent back, up to the first of the wanted types."""
    async with AsyncTcpClient("127.0.0.1", port) as client:
        for event in events:
            await client.write_event(event.event())
        got = []
        while True:
            event = await asyncio.wait_for(client.read_event(), 30)
            if event is None:
                raise SystemExit(f"closed after {got}")
            got.append(event)
            for kind in wanted:
                if kind.is_type(event.type):
                    return got, kind.from_event(event)


def sound(pcm):
    yield AudioStart(16000, 2, 1)
    for at in range(0, len(pcm), 2048):
        yield AudioChunk(16000, 2, 1, pcm[at:at + 2048])
    yield AudioStop()


async def main(port, file):
    with open(file, "rb") as f:
        pcm = f.read()
    _, info = await ask(port, [Describe()], Info)
    print("info:", ", ".join(m.phrase for m in info.wake[0].models), "|", len(info.asr), "asr", len(info.tts[0].voices), "voice", info.handle[0].name, info.intent[0].name)
    _, pong = await ask(port, [Ping(text="x")], Pong)
    print("pong:", pong.text)
    _, detection = await ask(port, [Detect(names=["hey cricket"]), *sound(pcm)], Detection, NotDetected)
    print("detection:", detection.name)
    _, nothing = await ask(port, [Detect(), *sound(bytes(len(pcm)))], Detection, NotDetected)
    print("silence:", type(nothing).__name__)
    _, transcript = await ask(port, [Transcribe(language="en"), *sound(pcm)], Transcript)
    print("transcript:", transcript.text, transcript.language)
    _, intent = await ask(port, [Recognize(text="turn on the lamp")], Intent, NotRecognized)
    print("intent:", intent.name, {e.name: e.value for e in intent.entities})
    _, handled = await ask(port, [Transcript(text="turn on the lamp")], Handled, NotHandled)
    print("handled:", handled.text)
    _, refused = await ask(port, [Transcript(text="purple monkey dishwasher")], Handled, NotHandled)
    print("refused:", type(refused).__name__)
    events, _ = await ask(port, [Synthesize(text="The lamp is on.", voice=SynthesizeVoice(language="en"))], AudioStop)
    start = AudioStart.from_event(events[0])
    seconds = sum(len(AudioChunk.from_event(e).audio) for e in events[1:-1]) / 2 / start.rate
    print("speech:", "a second or two" if 0.5 < seconds < 3 else f"{seconds} s")


asyncio.run(main(int(sys.argv[1]), sys.argv[2]))

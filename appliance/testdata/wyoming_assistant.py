"""Home Assistant's end of a satellite, made with Debian's python3-wyoming: it runs the satellite, answers one
request, announces something, and prints a line for each thing that came.

wyoming_assistant.py PORT
"""

import asyncio
import sys

from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.pipeline import RunPipeline
from wyoming.satellite import PauseSatellite, RunSatellite
from wyoming.snd import Played
from wyoming.tts import Synthesize
from wyoming.wake import Detection


async def until(client, kind):
    """Reads events up to one of a kind, and returns them."""
    got = []
    while not got or not kind.is_type(got[-1].type):
        event = await asyncio.wait_for(client.read_event(), 60)
        if event is None:
            raise SystemExit(f"closed after {got}")
        got.append(event)
    return got


async def say(client, seconds):
    await client.write_event(AudioStart(22050, 2, 1).event())
    for _ in range(int(seconds * 22050 / 1024)):
        await client.write_event(AudioChunk(22050, 2, 1, bytes(2048)).event())
        await client.write_event(Ping().event())
    await client.write_event(AudioStop().event())


async def main(port):
    async with AsyncTcpClient("127.0.0.1", port) as client:
        await client.write_event(RunSatellite().event())
        await client.write_event(Describe().event())
        info = Info.from_event((await until(client, Info))[-1])
        print("satellite:", info.satellite.name, info.satellite.area, info.satellite.active_wake_words, info.mic[0].mic_format.rate, info.snd[0].snd_format.rate, flush=True)
        print("detection:", Detection.from_event((await until(client, Detection))[-1]).name)
        run = RunPipeline.from_event((await until(client, RunPipeline))[-1])
        print("pipeline:", run.start_stage.value, run.end_stage.value, run.wake_word_name)
        events = await until(client, AudioStop)
        seconds = sum(len(AudioChunk.from_event(e).audio) for e in events if AudioChunk.is_type(e.type)) / 32000
        print("sound:", "a few seconds" if 1 < seconds < 6 else seconds)
        await client.write_event(Transcribe(language="en").event())
        await client.write_event(Transcript(text="is the coffee machine on").event())
        await client.write_event(Synthesize(text="Yes, it is.").event())
        await say(client, 0.5)
        await until(client, Played)
        print("answer played")
        await say(client, 0.3)
        await until(client, Played)
        print("announcement played")
        await client.write_event(PauseSatellite().event())
        await client.write_event(Ping().event())
        await until(client, Pong)
        print("paused", flush=True)


asyncio.run(main(int(sys.argv[1])))

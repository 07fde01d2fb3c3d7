"""A client made with Debian's python3-wyoming. It prints a line for each thing that it asked of the server.

wyoming_client.py PORT FILE.raw    FILE: "hey cricket", 16 kHz, 16 bits, mono
"""

import asyncio
import socket
import sys

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.asr import Transcribe, Transcript, TranscriptChunk, TranscriptStart, TranscriptStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.event import async_read_event, async_write_event
from wyoming.handle import Handled, HandledChunk, HandledStart, HandledStop, NotHandled
from wyoming.info import Describe, Info, SelectProgram
from wyoming.intent import Intent, NotRecognized, Recognize
from wyoming.ping import Ping, Pong
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeStopped, SynthesizeVoice
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
    events, _ = await ask(port, [Transcribe(language="en"), *sound(pcm)], TranscriptStop)
    assert [e.type for e in events] == ["transcript-start", "transcript-chunk", "transcript", "transcript-stop"], events
    assert TranscriptStart.from_event(events[0]).language == "en"
    transcript = Transcript.from_event(events[2])
    print("transcript:", TranscriptChunk.from_event(events[1]).text, "|", transcript.text, transcript.language)
    _, intent = await ask(port, [Recognize(text="turn on the lamp")], Intent, NotRecognized)
    print("intent:", intent.name, {e.name: e.value for e in intent.entities})
    context = {"conversation_id": "c", "device_id": "nobody's"}
    events, handled = await ask(port, [SelectProgram(name="cricket"), Transcript(text="turn on the lamp", language="en", context=context)], Handled, NotHandled)
    print("handled:", handled.text)
    assert handled.context == context and HandledStart.from_event(events[0]).context == context
    events, _ = await ask(port, [Transcript(text="turn on the lamp")], HandledStop)
    print("handled as it comes:", [e.type for e in events], "".join(HandledChunk.from_event(e).text for e in events if HandledChunk.is_type(e.type)))
    _, refused = await ask(port, [Transcript(text="purple monkey dishwasher")], Handled, NotHandled)
    print("refused:", type(refused).__name__)
    events, _ = await ask(port, [Synthesize(text="The lamp is on.", voice=SynthesizeVoice(language="en"))], AudioStop)
    start = AudioStart.from_event(events[0])
    seconds = sum(len(AudioChunk.from_event(e).audio) for e in events[1:-1]) / 2 / start.rate
    print("speech:", "a second or two" if 0.5 < seconds < 3 else f"{seconds} s")
    text = "The lamp is on. The fan is off. Good night."
    pieces = [SynthesizeChunk(text[at:at + 5]) for at in range(0, len(text), 5)]
    events, _ = await ask(port, [SynthesizeStart(), *pieces, Synthesize(text=text), SynthesizeStop()], SynthesizeStopped)
    kinds = [e.type for e in events if not AudioChunk.is_type(e.type)]
    seconds = sum(len(AudioChunk.from_event(e).audio) for e in events if AudioChunk.is_type(e.type)) / 2 / start.rate
    print("as it comes:", kinds, f"{seconds:.0f} s")


    print("another language:", await told(port, Transcript(text="licht an", language="de")))
    print("no such voice:", await told(port, Synthesize(text="hello", voice=SynthesizeVoice(name="nobody"))))
    await adversary(port)
    _, pong = await ask(port, [Ping(text="still there")], Pong)
    print("pong:", pong.text)


async def told(port, request):
    """What a request that fails is answered with: an error, and then the end of the connection."""
    async with AsyncTcpClient("127.0.0.1", port) as client:
        await client.write_event(request.event())
        error = Error.from_event(await asyncio.wait_for(client.read_event(), 30))
        assert await asyncio.wait_for(client.read_event(), 30) is None
        return error.code


async def adversary(port):
    """What no client should send, and one that does not read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b'{"type": "descr')
    await writer.drain()
    writer.close()  # in the middle of a header
    for name, line in (
        ("a huge payload", b'{"type": "audio-chunk", "payload_length": 99999999999999}\n'),
        ("huge data", b'{"type": "describe", "data_length": 4294967296}\n'),
        ("a huge line", b'{"type": "' + bytes(1 << 20) + b'"}\n'),
        ("less than nothing", b'{"type": "describe", "data_length": -1}\n'),
        ("another protocol", b"GET / HTTP/1.1\r\n\r\n"),
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(line)
        event = await asyncio.wait_for(async_read_event(reader), 30)
        print(f"{name}:", Error.from_event(event).code)
        writer.close()
    # Somebody who asks for more than the kernel holds for them and reads it by the spoonful gets all of it; meanwhile
    # others are served.
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=4096)
    for _ in range(20):
        await async_write_event(Synthesize(text="The lamp is on.").event(), writer)
    _, pong = await ask(port, [Ping(text="meanwhile")], Pong)
    print("pong:", pong.text)
    whole, stops = 0, 0
    while stops < 20:
        event = await asyncio.wait_for(async_read_event(reader), 30)
        stops += AudioStop.is_type(event.type)
        if AudioChunk.is_type(event.type):
            whole += len(AudioChunk.from_event(event).audio)
            await asyncio.sleep(0)
    print("by the spoonful:", whole // 44100, "s")
    writer.close()


asyncio.run(main(int(sys.argv[1]), sys.argv[2]))

"""Many streams through a gateway, with callers that leave and targets that fail.

``nox -s load`` runs 200 streams at once for a minute, and says what is left of them: tasks, sockets
and memory of the gateway's process, and any error that has not the form of OpenAI's.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp

FATES = {"good": 70, "cut": 8, "error": 6, "silent": 4, "429": 6, "500": 6}
"""How often a target answers, and fails in each way."""
FORM = ["message", "type", "param", "code"]
FIELDS = Path("/proc/self/fd"), Path("/proc/self/statm")  # Linux tells both without a package
PATIENCE = 60.0


@dataclass(frozen=True)
class Load:
    """How much is asked, for how long, and how the targets answer."""

    streams: int = 200
    seconds: float | None = 60.0
    calls: int | None = None
    """Calls of each stream's worker, in place of ``seconds``."""
    chunks: int = 20
    gap: float = 0.1
    """Seconds between two chunks of a target."""
    seed: int = 1
    fates: Mapping[str, int] = field(default_factory=lambda: FATES)


@dataclass
class Report:
    """What came of it."""

    outcomes: Counter[str] = field(default_factory=Counter)
    unshaped: list[str] = field(default_factory=list)
    samples: list[dict[str, int]] = field(default_factory=list)
    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)

    @property
    def leaks(self) -> list[str]:
        """What is more afterwards than it was before."""
        names = ("tasks", "sockets")
        return [name for name in names if self.after[name] > self.before[name]]

    @property
    def growth(self) -> float:
        """Memory at the end beside memory at half time, when all has been used once."""
        middle = self.samples[len(self.samples) // 2]["kilobytes"]
        return self.samples[-1]["kilobytes"] / middle


# The targets

MESSAGE = {"role": "assistant", "content": "Paris is the capital of France."}
ANSWER = {
    "id": "1",
    "object": "chat.completion",
    "created": 1,
    "model": "a",
    "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 7, "total_tokens": 16},
}


def _event(**members: Any) -> bytes:
    return b"data: " + json.dumps(members).encode() + b"\n\n"


def _chunk(text: str | None = None, finish: str | None = None) -> bytes:
    delta = {} if text is None else {"content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _event(id="1", object="chat.completion.chunk", created=1, model="m", choices=[choice])


def _whole(status: str, value: object) -> bytes:
    body = json.dumps(value).encode()
    told = f"HTTP/1.1 {status} -\r\ncontent-type: application/json\r\nretry-after: 1\r\n"
    return f"{told}content-length: {len(body)}\r\n\r\n".encode() + body


class _Targets:
    """A server whose answers fail in every way: refused, cut, broken off, silent."""

    def __init__(self, load: Load) -> None:
        self._load, self._chance = load, random.Random(load.seed)
        self.writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.FramedReader, writer: asyncio.StreamWriter) -> None:
        self.writers.add(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while await self._serve_one(reader, writer):
                pass
        self.writers.discard(writer)
        writer.close()

    async def _serve_one(self, reader: asyncio.FramedReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
        length = next(line for line in head if line.startswith(b"content-length:"))
        asked = json.loads(await reader.readexactly(int(length.partition(b":")[2])))
        (fate,) = self._chance.choices([*self._load.fates], [*self._load.fates.values()])
        streams = asked.get("stream") is True and not fate.isdigit()
        if streams:
            await self._stream(writer, fate)
        elif fate.isdigit():
            writer.write(_whole(fate, {"error": {"code": fate, "message": "no"}}))
        else:
            writer.write(_whole("200", ANSWER))
        await writer.drain()
        return not streams

    async def _stream(self, writer: asyncio.StreamWriter, fate: str) -> None:
        told = b"content-type: text/event-stream\r\nconnection: close\r\n\r\n"
        writer.write(b"HTTP/1.1 200 OK\r\n" + told)
        whole = self._load.chunks
        for number in range(whole if fate == "good" else whole // 2):
            writer.write(_chunk(f"word {number} "))
            await writer.drain()
            await asyncio.sleep(self._load.gap)
        if fate == "good":
            writer.write(_chunk(finish="stop") + b"data: [DONE]\n\n")
        elif fate == "error":
            writer.write(_event(error={"code": "500", "message": "no"}))
        elif fate == "silent":
            await asyncio.sleep(5 * self._load.gap)


@asynccontextmanager
async def serving(load: Load) -> AsyncIterator[str]:
    """Serve such targets on a free port."""
    targets = _Targets(load)
    server = await asyncio.start_server(targets.serve, "127.0.0.1", 0, backlog=1024)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()
        for writer in [*targets.writers]:
            writer.transport.abort()


# The gateway, in a process of its own


class Measured:
    """A gateway in another process, which tells what it holds."""

    def __init__(self, target: str) -> None:
        self._command = [sys.executable, "-m", "tests.benchmarks.gateway_load", "--gateway", target]
        self.url = ""

    async def __aenter__(self) -> Measured:
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=pipe, stdout=pipe
        )
        self.url = json.loads(await self._line())["url"]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()

    async def holds(self) -> dict[str, int]:
        """Count tasks, sockets and kilobytes."""
        return await self._ask(b"\n")

    async def cpu_us(self) -> int:
        """Tell the microseconds that all its threads have computed."""
        return (await self._ask(b"cpu\n"))["cpu_us"]

    async def _ask(self, what: bytes) -> dict[str, int]:
        assert self._process.stdin is not None
        self._process.stdin.write(what)
        found: dict[str, int] = json.loads(await self._line())
        return found

    async def _line(self) -> bytes:
        assert self._process.stdout is not None
        return await asyncio.wait_for(self._process.stdout.readline(), PATIENCE)


def be_gateway(target: str) -> None:
    """Serve until the input ends; each line of it asks for what the process holds."""
    from github_models_azure.server.gateway import Gateway

    with Gateway(target, "key", model="a", fallback=["b", "c"], retry_total=0) as gateway:
        print(json.dumps({"url": gateway.v1_url}), flush=True)
        for line in sys.stdin:
            told = {"cpu_us": round(time.process_time() * 1e6)} if line == "cpu\n" else _holdings()
            print(json.dumps(told), flush=True)


def _holdings() -> dict[str, int]:
    gc.collect()
    tasks = [one for one in gc.get_objects() if isinstance(one, asyncio.Task) and not one.done()]
    descriptors, memory = FIELDS
    links = []
    for entry in descriptors.iterdir():
        with suppress(OSError):  # the one of this very listing
            links.append(os.readlink(entry))
    pages = int(memory.read_text().split()[1])
    return {
        "tasks": len(tasks),
        "sockets": sum(link.startswith("socket:") for link in links),
        "kilobytes": pages * os.sysconf("SC_PAGE_SIZE") // 1024,
    }


# The callers


async def call(http: aiohttp.ClientSession, url: str, chance: random.Random) -> tuple[str, str]:
    """Make one call; return what came of it, and the error's text where its form is wrong."""
    if chance.random() < 0.03:
        async with http.post(url, data=b"{broken") as answer:
            return "refused", _wrong(await answer.text())
    leaves_after = chance.randrange(12) if chance.random() < 0.25 else None
    body = {"model": "a", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    async with http.post(url, json=body) as answer:
        if answer.status != 200:
            return str(answer.status), _wrong(await answer.text())
        number, last = 0, b""
        async for line in answer.content:
            if not line.startswith(b"data: "):
                continue
            number, last = number + 1, line[6:].strip()
            if leaves_after is not None and number > leaves_after:
                answer.close()
                return "left", ""
    if last == b"[DONE]":
        return "done", ""
    return "broken off", _wrong(last.decode())


def _wrong(text: str) -> str:
    try:
        return "" if list(json.loads(text)["error"]) == FORM else text
    except (ValueError, KeyError, TypeError):
        return text or "nothing"


async def run(load: Load, say: Callable[[str], None] = lambda _: None) -> Report:
    """Put a load on a gateway, and return what came of it."""
    report = Report()
    async with serving(load) as target, Measured(target) as gateway:
        url = f"{gateway.url}/chat/completions"
        await _work(replace(load, seconds=None, calls=2), url, Report())
        report.before = await _settled(gateway, None)
        working = asyncio.create_task(_work(load, url, report))
        began, step = time.monotonic(), (load.seconds or 1.0) / 12
        while not working.done():
            await asyncio.wait([working], timeout=step)
            report.samples.append(await gateway.holds())
            say(f"{time.monotonic() - began:5.0f} s  {report.samples[-1]}")
        await working
        report.after = await _settled(gateway, report.before)
    return report


async def _work(load: Load, url: str, report: Report) -> None:
    end = None if load.seconds is None else time.monotonic() + load.seconds

    async def worker(number: int) -> None:
        chance = random.Random(load.seed * 1000 + number)
        made = 0
        while (end is None or time.monotonic() < end) and made != load.calls:
            made += 1
            outcome, wrong = await call(http, url, chance)
            report.outcomes[outcome] += 1
            if wrong:
                report.unshaped.append(wrong)

    limits = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None, sock_read=PATIENCE)
    async with aiohttp.ClientSession(connector=limits, timeout=timeout) as http:
        await asyncio.gather(*map(worker, range(load.streams)))


async def _settled(gateway: Measured, wanted: dict[str, int] | None) -> dict[str, int]:
    """Wait until idle connections have ended: until nothing is more than wanted, or changes."""
    quiet, last, end = 0, await gateway.holds(), time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if wanted and all(last[name] <= wanted[name] for name in ("tasks", "sockets")):
            break
        if wanted is None and quiet == 3:
            break
        await asyncio.sleep(0.2)
        now = await gateway.holds()
        same = (now["tasks"], now["sockets"]) == (last["tasks"], last["sockets"])
        quiet, last = quiet + 1 if same else 0, now
    return last


def main() -> int:
    """Run, print, and tell by the exit code whether anything was left."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--streams", type=int, default=200, help="at once (200)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (60)")
    parser.add_argument("--seed", type=int, default=1, help="of what fails and who leaves (1)")
    parser.add_argument("--gateway", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.gateway:
        be_gateway(given.gateway)
        return 0
    load = Load(given.streams, given.seconds, seed=given.seed)
    report = asyncio.run(run(load, print))
    print("outcomes", dict(report.outcomes.most_common()))
    print("before  ", report.before)
    print("after   ", report.after)
    print(f"memory   {report.growth:.2f} times that of half time")
    print(f"errors without OpenAI's form: {len(report.unshaped)}", *report.unshaped[:3])
    return 1 if report.leaks or report.unshaped or report.growth > 1.1 else 0


if __name__ == "__main__":
    sys.exit(main())

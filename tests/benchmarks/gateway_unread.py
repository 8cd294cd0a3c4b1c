"""Callers who never read, on a gateway of its own process, and one who is in a hurry.

``nox -s load`` runs it: 200 streams that pour and are never read leave a new caller answered within
a second; with ``--max-concurrent 100`` the hundred-and-first gets its 503 within a second, and once
the unread are cut off there is room again. The gateway is the command, as users start it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import aiohttp

from tests.benchmarks.gateway_load import ANSWER, PATIENCE, _chunk, _whole

SECOND = 1.0
_EVENTS = _chunk("word ") * 20  # as small as those of a model
_BODY = {"model": "a", "messages": [{"role": "user", "content": "Hi"}]}


async def be_target() -> None:
    """Serve streams that have no end, in a process of its own; tell how many there are."""
    streams = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
            length = next(line for line in head if line.startswith(b"content-length:"))
            asked = json.loads(await reader.readexactly(int(length.partition(b":")[2])))
            if asked.get("stream"):
                await pour(writer)
            else:
                writer.write(_whole("200", ANSWER))
                await writer.drain()
        writer.close()

    async def pour(writer: asyncio.StreamWriter) -> None:
        nonlocal streams
        streams += 1
        try:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
            while True:
                writer.write(_EVENTS)
                await writer.drain()
                await asyncio.sleep(0)
        finally:
            streams -= 1

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(streams, flush=True)


@asynccontextmanager
async def target() -> AsyncIterator[tuple[str, Callable[[], Awaitable[int]]]]:
    """Start the target; yield its base URL, and what tells how many streams it has."""
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, "-m", "tests.benchmarks.gateway_unread", "--target"]
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    asked, told = process.stdin, process.stdout

    async def streams() -> int:
        asked.write(b"\n")
        return int(await told.readline())

    try:
        yield (await told.readline()).decode().strip(), streams
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def gateway(url: str, *options: str) -> AsyncIterator[str]:
    """Start the command; yield its base URL."""
    command = [sys.executable, "-m", "github_models_azure", "serve", "--json", "--port", "0"]
    where = ["--endpoint", url, "--token", "k", "--fallback", "none", "-m", "a"]
    pipe, silent = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *command, *where, "--grace", "0", *options, stdout=pipe, stderr=silent
    )
    try:
        assert process.stdout is not None
        yield json.loads(await asyncio.wait_for(process.stdout.readline(), PATIENCE))["v1_url"]
    finally:
        process.terminate()
        await process.wait()


async def ask(url: str) -> tuple[int, str, float]:
    """Make one call; return its status, its Retry-After, and how many seconds it took."""
    began = time.perf_counter()
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{url}/chat/completions", json=_BODY) as answer,
    ):
        await answer.read()
        told = answer.headers.get("retry-after", "")
        return answer.status, told, time.perf_counter() - began


async def _open(host: str, port: int, asked: bytes) -> asyncio.StreamWriter:
    """Ask, look at the head of the answer, and read no more."""
    reader, writer = await asyncio.open_connection(host, port, limit=2048)
    writer.write(asked)
    status = await asyncio.wait_for(reader.readline(), PATIENCE)
    assert status.startswith(b"HTTP/1.1 200"), status
    writer.transport.pause_reading()
    return writer


def _abort(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def run(count: int, *options: str, cut: bool = False) -> list[float]:
    """Open so many streams, then ask; print and return the seconds that callers waited.

    :param cut: wait until the streams are cut off.
    """
    waits = []
    async with (
        target() as (place, streams),
        gateway(place, *options) as url,
        AsyncExitStack() as stack,
    ):
        host, port = url.removeprefix("http://").removesuffix("/v1").split(":")
        body = json.dumps({**_BODY, "stream": True}).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: {host}\r\n"
        asked = f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
        began = time.perf_counter()
        opened = await asyncio.gather(*(_open(host, int(port), asked) for _ in range(count)))
        for writer in opened:
            stack.callback(_abort, writer)
        print(f"{time.perf_counter() - began:.1f} s until all had begun")
        began = time.perf_counter()
        print(f"{count} unread streams, {' '.join(options) or 'no options'}")
        for moment in ("at once", "a second later", "two seconds later"):
            status, told, seconds = await ask(url)
            waits.append(seconds)
            print(f"  {moment}: {status} in {seconds:.3f} s, retry-after {told or 'none'}")
            await asyncio.sleep(1)
        if cut:
            while await streams():
                await asyncio.sleep(0.05)
            print(f"  all cut off {time.perf_counter() - began:.1f} s after the last began")
            status, told, seconds = await ask(url)
            print(f"  then: {status} in {seconds:.3f} s")
    return waits


def main() -> int:
    """Run, print, and tell by the exit code whether somebody waited for more than a second."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--streams", type=int, default=200, help="that nobody reads (200)")
    parser.add_argument("--target", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.target:
        asyncio.run(be_target())
        return 0
    waits = asyncio.run(run(given.streams))
    half = given.streams // 2
    limit = ("--max-concurrent", str(half), "--unread-timeout", "5")
    waits += asyncio.run(run(half, *limit, cut=True))
    return 1 if max(waits) > SECOND else 0


if __name__ == "__main__":
    sys.exit(main())

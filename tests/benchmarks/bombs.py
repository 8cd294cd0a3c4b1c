"""Answers of 1.2 GB after decompression, by hand: who falls back, and what it costs in memory.

Each case runs in a process of its own, since a process does not give back all that it once held.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
import zlib
from typing import Any

from github_models_azure import Target, aio, trail_of
from github_models_azure.client.clients import ChatCompletionsClient
from github_models_azure.endpoints import Endpoint
from tests.client.raw_server_helpers import raw_server
from tests.harness import DONE, HELLO, chat, delta

SIZE = 1_200_000_000
MOST_MB = 200
_BLOCK = bytes(1_000_000)
CASES = [
    (status, form, way)
    for status in (200, 400)
    for form in ("sync", "async")
    for way in ("plain", "streamed")
]


def bomb() -> bytes:
    """Return 1.2 GB of zeros, packed."""
    packer = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    pieces = [packer.compress(_BLOCK) for _ in range(SIZE // len(_BLOCK))]
    return b"".join([*pieces, packer.flush()])


def head(status: int, kind: str, length: int, coding: str = "") -> bytes:
    """Return the head of an answer."""
    lines = [f"HTTP/1.1 {status} Said", f"content-type: {kind}", f"content-length: {length}"]
    return "\r\n".join([*lines, *([coding] if coding else []), "", ""]).encode()


def run(status: int, form: str, way: str) -> dict[str, Any]:
    """Play one case in this process; return what came of it."""
    stream = way == "streamed"
    kind = "text/event-stream" if stream and status == 200 else "application/json"
    packed = bomb()
    good = delta("Hello") + delta(finish="stop") + DONE if stream else chat("m", "Hello").content

    def bad(asked: bytes, send: Any, stop: Any) -> None:
        send(head(status, kind, len(packed), "content-encoding: gzip") + packed)

    def fine(asked: bytes, send: Any, stop: Any) -> None:
        send(head(200, "text/event-stream" if stream else kind, len(good)) + good)

    with raw_server(bad) as first, raw_server(fine) as second:
        spare = Target("m", Endpoint("second", second, "key"))
        options: dict[str, Any] = {"model": "m", "fallback": [spare], "retry_total": 0}
        before, begun = _peak(), time.monotonic()
        if form == "sync":
            with ChatCompletionsClient(first, "key", **options) as client:
                found: Any = client.complete(messages=HELLO, stream=stream)
                list(found if stream else ())
        else:
            found = asyncio.run(_ask(first, options, stream))
        trail = trail_of(found)
    served = trail.served_by if trail is not None else None
    return {"served_by": served, "mb": _peak() - before, "seconds": time.monotonic() - begun}


async def _ask(url: str, options: dict[str, Any], stream: bool) -> Any:
    async with aio.ChatCompletionsClient(url, "key", **options) as client:
        found: Any = await client.complete(messages=HELLO, stream=stream)
        if stream:
            _ = [one async for one in found]
        return found


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Play all cases and print them; return 1 if one did not fall back, or took too much."""
    failed = 0
    for status, form, way in CASES:
        command = [sys.executable, "-m", __spec__.name, str(status), form, way]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        found = json.loads(said.stdout) if said.returncode == 0 else {"error": said.stderr[-500:]}
        good = found.get("served_by") == "second/m" and found["mb"] < MOST_MB
        failed += not good
        print(status, form, way, "ok" if good else "FAILED", found, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) == 4:
        print(json.dumps(run(int(sys.argv[1]), *sys.argv[2:])))
    else:
        sys.exit(main())

"""CPU time of the gateway beside that of the client call it makes: ``nox -s load``.

Both ask the same server, each from a process of its own, and their own processor time counts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from typing import Any

import aiohttp

from tests.benchmarks.gateway_load import Load, Measured, serving

LOAD = Load(streams=1, chunks=200, gap=0.0, fates={"good": 1})
CALLS = {"call": 400, "stream of 200 chunks": 40}
MESSAGES = [{"role": "user", "content": "What is the capital of France?"}]


async def be_client(url: str, streamed: bool, calls: int) -> None:
    """Print the microseconds that one call of a client computes."""
    from github_models_azure.aio import ChatCompletionsClient

    async with ChatCompletionsClient(url, "key", model="a", fallback=["b", "c"]) as client:

        async def ask() -> None:
            result: Any = await client.complete(messages=MESSAGES, stream=streamed)
            if streamed:
                async for _ in result:
                    pass

        await ask()
        began = time.process_time()
        for _ in range(calls):
            await ask()
    print(json.dumps((time.process_time() - began) * 1e6 / calls))


async def of_client(url: str, streamed: bool, calls: int) -> float:
    """Return what one call of a client costs."""
    command = [sys.executable, "-m", __spec__.name, "--client", url, str(calls)]
    process = await asyncio.create_subprocess_exec(
        *command, *(["--streamed"] if streamed else []), stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    return float(told)


async def of_gateway(url: str, streamed: bool, calls: int) -> float:
    """Return what the same call costs a gateway's process, its client included."""
    async with Measured(url) as gateway, aiohttp.ClientSession() as http:

        async def ask() -> None:
            body = {"model": "a", "stream": streamed, "messages": MESSAGES}
            async with http.post(f"{gateway.url}/chat/completions", json=body) as answer:
                await answer.read()

        await ask()
        began = await gateway.cpu_us()
        for _ in range(calls):
            await ask()
        return (await gateway.cpu_us() - began) / calls


async def measure() -> None:
    """Measure in turn, and print the best round of each."""
    async with serving(LOAD) as url:
        for name, calls in CALLS.items():
            streamed = name.startswith("stream")
            rounds = [
                (await of_client(url, streamed, calls), await of_gateway(url, streamed, calls))
                for _ in range(3)
            ]
            client, gateway = (min(one) for one in zip(*rounds, strict=True))
            print(
                f"{name:22} client {client:9,.0f} us   gateway {gateway:9,.0f} us   "
                f"adds {(gateway - client) / client:5.2f} times the client's"
            )


def main() -> None:
    """Measure, or be one of the two that are measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--client", nargs=2, metavar=("URL", "CALLS"), help=argparse.SUPPRESS)
    parser.add_argument("--streamed", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.client:
        url, calls = given.client
        asyncio.run(be_client(url, given.streamed, int(calls)))
    else:
        asyncio.run(measure())


if __name__ == "__main__":
    main()

"""Plays a cassette to the clients of this package, or records one from a service on this machine.

The clients always talk to the address of the real service. Where a cassette is recorded, a
transport takes their requests to the emulator instead, and the cassette keeps the real address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import vcr
from vcr.cassette import Cassette

from github_models_azure.client.transport import async_transport, sync_transport
from tests.cassettes.contents import ReadableYaml, request_for_cassette, response_for_cassette
from tests.harness import Clock, Twin, timed

GITHUB = "https://models.github.ai/inference"
GITHUB_AZURE = "https://models.inference.ai.azure.com"
IN_SERVICE = 1_772_323_200.0
"""2026-03-01, when the service was alive: the moment of every recording from the emulator."""

CAPITAL = "What is the capital of France?"
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
"""A tool that a test may offer."""

MATCH_ON = ("method", "scheme", "host", "port", "path", "query", "body")


@dataclass(frozen=True)
class Origin:
    """Where recordings come from: the real addresses, and what stands in for each.

    ``emulator`` is ``None`` where a live endpoint is recorded.
    """

    stands_in: dict[str, str]
    key: str
    emulator: Any = None

    def actual(self, url: str) -> str:
        """Return the address that a request to the real service is taken to."""
        return _rebased(url, self.stands_in)

    def public(self, url: str) -> str:
        """Return the address of the real service that a request was meant for."""
        return _rebased(url, {actual: public for public, actual in self.stands_in.items()})


def _rebased(url: str, bases: dict[str, str]) -> str:
    # The longest first: the emulator's new paths lie below its old ones.
    for base in sorted(bases, key=len, reverse=True):
        if url.startswith(base):
            return bases[base] + url.removeprefix(base)
    return url


class Deck:
    """The clients of one test, driven in the same words for both twins."""

    def __init__(self, twin: Twin, origin: Origin | None) -> None:
        self._twin, self._origin = twin, origin
        self._loop = asyncio.new_event_loop() if twin.is_async else None
        self._clients: list[Any] = []

    def client(
        self,
        endpoint: str = GITHUB,
        *,
        kind: str = "ChatCompletions",
        now: float = IN_SERVICE,
        **options: Any,
    ) -> Any:
        """Return a client that never waits, and whose clock stands still."""
        options = {"fallback": None, "fallback_max_wait": 0, "allow_retired": True, **options}
        options.setdefault("credential", self._origin.key if self._origin else "token")
        if self._origin is not None:
            options["transport"] = self._transport(self._origin)
        options = {**timed(Clock(now)), **options}
        client = getattr(self._twin.package, f"{kind}Client")(endpoint, **options)
        self._clients.append(client)
        return client

    def run(self, value: Any) -> Any:
        """Finish a call: await it where it is async, all of a test in one loop."""
        return value if self._loop is None else self._loop.run_until_complete(value)

    def ask(self, client: Any, prompt: str = CAPITAL, **options: Any) -> Any:
        """Ask one question, or go on with the ``messages`` given."""
        options.setdefault("messages", [{"role": "user", "content": prompt}])
        return self.run(client.complete(**options))

    def read(self, client: Any, **options: Any) -> list[Any]:
        """Ask one question and read the whole stream of the answer."""
        stream = self.ask(client, stream=True, **options)
        if self._loop is None:
            return list(stream)

        async def read() -> list[Any]:
            return [update async for update in stream]

        return self.run(read())

    def needs_the_emulator(self) -> Any:
        """Return the emulator being recorded, ``None`` where a cassette is played.

        A live endpoint ends the test here: it need not know the emulator's tokens and limits.
        """
        if self._origin is not None and self._origin.emulator is None:
            pytest.skip("recorded from the emulator only; its cassette stays as it is")
        return self._origin.emulator if self._origin is not None else None

    def meets(self, fault: str, **members: Any) -> None:
        """Make the emulator do this to the next request; a cassette played already holds it."""
        emulator = self.needs_the_emulator()
        if emulator is not None:
            emulator.fault(fault, **members)

    def refuses(self, refusal: str, *told: Any) -> None:
        """Make the emulator answer the next request with one of its refusals, such as a 413."""
        emulator = self.needs_the_emulator()
        if emulator is not None:
            from github_models_azure.server.emulator import errors

            answer = getattr(errors, refusal)(*told)
            emulator.fault("status", status=answer.status, body=answer.body.decode())

    def retire(self, mode: str) -> None:
        """Bring the emulator to the end of the service's life."""
        emulator = self.needs_the_emulator()
        if emulator is not None:
            emulator.retire(mode)

    def close(self) -> None:
        """Close the clients that the test made, and the loop they ran in."""
        for client in self._clients:
            self.run(client.close())
        if self._loop is not None:
            self._loop.close()

    def _transport(self, origin: Origin) -> Any:
        transport = async_transport() if self._twin.is_async else sync_transport()
        send = transport.send

        def redirected(request: Any, **options: Any) -> Any:
            request.url = origin.actual(request.url)
            return send(request, **options)

        transport.send = redirected
        return transport


@contextmanager
def cassette_at(path: Path, origin: Origin | None) -> Iterator[Cassette]:
    """Play the cassette at ``path`` and nothing else, or record it anew from ``origin``."""

    def before_record_request(request: Any) -> Any:
        if origin is not None:
            request.uri = origin.public(request.uri)
        return request_for_cassette(request)

    recorder = vcr.VCR(
        record_mode="none" if origin is None else "all",
        match_on=MATCH_ON,
        before_record_request=before_record_request,
        before_record_response=response_for_cassette,
        decode_compressed_response=True,
        # Played, a cassette would lose what nobody asks for, and the check its object.
        drop_unused_requests=origin is not None,
        serializer="readable",
    )
    recorder.register_serializer("readable", ReadableYaml)
    with recorder.use_cassette(path) as cassette:
        yield cassette


def unplayed(cassette: Cassette) -> list[str]:
    """Return the recorded requests that nobody made."""
    return [
        f"{request.method} {request.uri} {request.body.decode()}"
        for index, request in enumerate(cassette.requests)
        if not cassette.play_counts[index]
    ]

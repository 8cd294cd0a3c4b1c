"""Streams over real connections: what stalls is cut, what ends gives its connection back."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import AzureError, ServiceResponseTimeoutError
from azure.core.rest import HttpRequest

from github_models_azure import trail_of
from github_models_azure.aio import ChatCompletionsClient as AsyncClient
from github_models_azure.client import transport as _transport
from github_models_azure.client.reading import STREAM_BYTES
from github_models_azure.exceptions import StreamInterruptedError
from tests.harness import DONE, HELLO, Twin, delta, text_of
from tests.traps.wire_helpers import Act, Asked, Reply, Wire, serve, sse

PATIENCE = 30.0  # seconds that no test takes, however slow the machine
HI = (delta("Hi"), delta(finish="stop"))


@contextmanager
def client_of(twin: Twin, reply: Reply, **options: Any) -> Iterator[tuple[Any, Wire]]:
    """A client of a server that gives one answer, except to the model "good"."""

    def script(asked: Asked) -> Reply:
        return sse(*HI, DONE) if asked.model == "good" else reply

    with serve(script) as wire:
        options = {"model": "m", "fallback": None, **options}
        yield twin.package.ChatCompletionsClient(wire.url, "key", **options), wire


def read(twin: Twin, client: Any, times: int = 1, **options: Any) -> tuple[str, Any]:
    """Read as many streams in a row with one client; give the last one's text and stream."""
    keywords = {"messages": HELLO, "stream": True, **options}

    def plain() -> tuple[str, Any]:
        with client:
            for _ in range(times):
                updates = client.complete(**keywords)
                text = "".join(map(text_of, updates))
        return text, updates

    async def later() -> tuple[str, Any]:
        async with client:
            for _ in range(times):
                updates = await client.complete(**keywords)
                text = "".join([text_of(update) async for update in updates])
        return text, updates

    return asyncio.run(later()) if twin.is_async else plain()


def gzipped(*pieces: bytes) -> Reply:
    packer = zlib.compressobj(wbits=31)
    packed = [packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH) for piece in pieces]
    headers = {"content-type": "text/event-stream", "content-encoding": "gzip"}
    return Reply((*packed, packer.flush()), headers=headers)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(sse(*HI, DONE), id="chunks"),
        pytest.param(sse(*HI, DONE, framing="length"), id="a length"),
        pytest.param(sse(*HI, DONE, Act.PAUSE), id="the last chunk comes late"),
        pytest.param(sse(*HI, DONE, b": bye\n\n", Act.PAUSE, b"\n"), id="comments after DONE"),
        pytest.param(sse(b"".join(HI) + DONE), id="all in one"),
        pytest.param(sse(*HI), id="no DONE"),
        pytest.param(gzipped(*HI, DONE), id="compressed"),
    ],
)
def test_streams_in_a_row_share_a_connection(
    twin: Twin, reply: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream that was read to its end gives its connection back for the next one."""
    monkeypatch.setattr(_transport, "DRAIN_SECONDS", PATIENCE)
    with client_of(twin, reply) as (client, wire):
        assert read(twin, client, times=3)[0] == "Hi"
    assert (len(wire.asked), wire.connections) == (3, 1)


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param([Act.STALL], id="silence"),
        pytest.param([Act.POUR], id="comments without end"),
        pytest.param([Act.CUT], id="a cut"),
    ],
)
@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_what_a_server_does_after_done_holds_nobody(
    twin: Twin, rest: list[Any], framing: str
) -> None:
    """The answer is complete at [DONE]; a body without an end costs its connection, no more."""
    began = time.monotonic()
    with client_of(twin, sse(*HI, DONE, *rest, framing=framing)) as (client, wire):
        text, updates = read(twin, client, times=2, read_timeout=PATIENCE)
        assert text == "Hi"
        assert trail_of(updates).attempts[-1].failure is None
        assert rest != [Act.STALL] or wire.hung_up.wait(PATIENCE)
    assert wire.connections == 2
    assert time.monotonic() - began < PATIENCE


class Mishap(Exception):
    """What the caller's own code raises."""


async def leave_async(client: Any, how: str) -> None:
    updates = await client.complete(messages=HELLO, stream=True)
    if how == "close":
        await anext(updates)
        await updates.aclose()
    elif how == "break":
        async for _ in updates:
            break
    else:
        async with updates:
            async for _ in updates:
                if how == "exception":
                    raise Mishap
                break


def leave(client: Any, how: str) -> None:
    updates = client.complete(messages=HELLO, stream=True)
    if how == "close":
        next(updates)
        updates.close()
    elif how == "break":
        for _ in updates:
            break
    else:
        with updates:
            for _ in updates:
                if how == "exception":
                    raise Mishap
                break


@pytest.mark.parametrize("how", ["with", "break", "close", "exception"])
def test_leaving_early_frees_the_connection_at_once(twin: Twin, how: str) -> None:
    """However a stream is left, the server sees the client go while the client lives on."""
    with client_of(twin, sse(delta("Hi"), Act.STALL)) as (client, wire):
        if not twin.is_async:
            with client:
                try:
                    leave(client, how)
                except Mishap:
                    assert how == "exception"
                assert wire.hung_up.wait(PATIENCE)
            return

        async def later() -> bool:
            async with client:
                try:
                    await leave_async(client, how)
                except Mishap:
                    assert how == "exception"
                return await asyncio.to_thread(wire.hung_up.wait, PATIENCE)

        assert asyncio.run(later())


@pytest.mark.extras
def test_cancelling_the_last_wait_frees_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that is cancelled while the end of the body is awaited leaves nothing open."""
    pytest.importorskip("aiohttp", reason="the async clients need the extra aio")
    monkeypatch.setattr(_transport, "DRAIN_SECONDS", PATIENCE)
    with client_of(Twin("aio"), sse(*HI, DONE, Act.STALL)) as (client, wire):

        async def last_of(updates: Any) -> None:
            async for _ in updates:
                pass

        async def cancel() -> bool:
            async with client:
                updates = await client.complete(messages=HELLO, stream=True)
                reading = asyncio.create_task(last_of(updates))
                await asyncio.wait([reading], timeout=0.05)
                reading.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await reading
                return await asyncio.to_thread(wire.hung_up.wait, PATIENCE)

        assert asyncio.run(cancel())


@pytest.mark.parametrize("head", [(), (delta("", role="assistant"),)], ids=["silence", "a role"])
def test_a_stall_before_the_first_content_moves_on(twin: Twin, head: tuple[bytes, ...]) -> None:
    """``attempt_timeout`` ends the attempt, and the next target answers."""
    with client_of(twin, sse(*head, Act.STALL), fallback=["good"]) as (client, wire):
        text, updates = read(twin, client, attempt_timeout=1)
        assert wire.hung_up.wait(PATIENCE)
    assert text == "Hi"
    assert wire.models == ["m", "good"]
    assert "no answer in time" in trail_of(updates).attempts[0].failure.message


def test_a_stall_before_the_first_content_is_a_timeout(twin: Twin) -> None:
    """Of one class in both twins, where nobody else is there to ask."""
    reply = sse(delta("", role="assistant"), Act.STALL)
    with client_of(twin, reply, fallback=None, fallback_max_wait=0) as (client, wire):
        with pytest.raises(ServiceResponseTimeoutError):
            read(twin, client, read_timeout=1)
        assert wire.hung_up.wait(PATIENCE)


def test_a_stall_after_content_is_an_error_with_the_text(twin: Twin) -> None:
    """``read_timeout`` ends the wait, and what arrived comes with the error."""
    reply = sse(delta("Hel"), delta("lo"), Act.STALL)
    with client_of(twin, reply, fallback=["good"]) as (client, wire):
        with pytest.raises(StreamInterruptedError) as caught:
            read(twin, client, read_timeout=1)
        assert wire.hung_up.wait(PATIENCE)
    assert caught.value.partial_text == "Hello"
    assert wire.models == ["m"]


def wait_of(twin: Twin, updates: Any) -> Any:
    """How long the stream's connection may now be silent."""
    response = updates._response
    if twin.is_async:  # aiohttp's own timer would go on while the caller is busy
        assert response.internal_response.connection.protocol._read_timeout_handle is None
        return response.wait_longer.keywords["deadline"].gap
    gap = response.wait_longer.keywords["deadline"].gap
    assert response.internal_response.raw.connection.sock.gettimeout() == pytest.approx(gap)
    return gap


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"attempt_timeout": 60}, 60),
        ({"attempt_timeout": 60, "read_timeout": 90}, 60),
        ({"attempt_timeout": 60, "read_timeout": 20}, 20),
        ({"timeout": 60}, 60),
        ({"timeout": 600, "read_timeout": 400}, 400),
        ({}, 300),
    ],
)
def test_once_content_flows_a_pause_may_take_what_the_caller_allows(
    twin: Twin, options: dict[str, float], expected: float
) -> None:
    """The shortest of ``attempt_timeout``, ``read_timeout`` and what is left of ``timeout``."""
    keywords = {"messages": HELLO, "stream": True, **options}
    with client_of(twin, sse(delta("Hi"), Act.STALL)) as (client, _):
        if not twin.is_async:
            with client, client.complete(**keywords) as updates:
                assert wait_of(twin, updates) == pytest.approx(expected, abs=9)
            return

        async def later() -> None:
            async with client, await client.complete(**keywords) as updates:
                assert wait_of(twin, updates) == pytest.approx(expected, abs=9)

        asyncio.run(later())


def test_a_stand_in_for_a_connection_is_left_alone() -> None:
    """Where there is no socket, nothing is read on and no limit is set."""
    pieces = iter([b"never read"])
    inner = SimpleNamespace(raw=SimpleNamespace(connection=None, read1=None))
    _transport._drain(inner, pieces)
    _transport._wait_longer(inner, 300, None)
    assert list(pieces) == [b"never read"]


def test_an_older_urllib3_reads_nothing_on() -> None:
    """It would keep the short limit for sending the next request."""
    pieces = iter([b"never read"])
    connection = SimpleNamespace(sock=SimpleNamespace())
    _transport._drain(SimpleNamespace(raw=SimpleNamespace(connection=connection)), pieces)
    assert list(pieces) == [b"never read"]


def test_a_connection_that_is_gone_is_left_alone() -> None:
    """aiohttp lets a connection go as soon as an answer is whole."""
    _transport._wait_longer_async(SimpleNamespace(connection=None), 300, None)


@pytest.mark.extras
@pytest.mark.parametrize("head", [(), (delta("Hi"),)])
def test_closing_the_client_ends_the_wait_for_a_stream(head: tuple[bytes, ...]) -> None:
    """aiohttp forgets who waits there, for ever; before the first content and after it."""

    async def main(wire: Wire) -> None:
        client = AsyncClient(wire.url, "key", model="m", fallback=None, retry_total=0)
        arrived = asyncio.Event()

        async def consume() -> None:
            async for _ in await client.complete(messages=HELLO, stream=True):
                arrived.set()

        reading = asyncio.ensure_future(consume())
        if head:
            await arrived.wait()
        else:
            while not client_streams(client):
                await asyncio.sleep(0)  # noqa: TID251 - a round of the loop, no wait
        await client.close()
        with pytest.raises(AzureError, match="closed"):
            await asyncio.wait_for(reading, PATIENCE)

    with serve(lambda asked: sse(*head, Act.STALL)) as wire:
        asyncio.run(main(wire))


def client_streams(client: Any) -> list[Any]:
    """The streams that the transport of a client has open."""
    return list(client._client._pipeline._transport.streams)


def test_a_burst_of_a_stream_is_taken_in_small_pieces() -> None:
    """On an event loop each is worked on without a break, and others wait for that long."""
    pytest.importorskip("aiohttp", reason="the async clients need the extra aio")
    burst = [delta("x" * 100) for _ in range(2000)]

    async def sizes(url: str) -> list[int]:
        transport = _transport.async_transport()
        async with transport:
            request = HttpRequest("POST", url, json={"model": "m"})
            response = await transport.send(request, stream=True)
            return [len(piece) async for piece in response.iter_bytes()]

    with serve(lambda asked: sse(*burst, DONE)) as wire:
        found = asyncio.run(sizes(f"{wire.url}/chat/completions"))
    assert sum(found) > 200_000
    assert max(found) <= STREAM_BYTES

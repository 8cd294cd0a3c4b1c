"""Callers who do not read, and many of them: others are answered meanwhile.

About `server/gateway/front.py`.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any

import anyio
import pytest

from github_models_azure.server.gateway import Gateway, serve
from github_models_azure.server.gateway.front import Patience, protocol
from github_models_azure.testing import ManualClock
from tests.harness import delta
from tests.server.gateway.gateway_helpers import (
    BODY,
    PATIENCE,
    ask,
    behind,
    connect,
    request_bytes,
    settle,
    shaped,
)
from tests.server.gateway.test_gateway_streams import spring
from tests.traps.wire_helpers import GOOD, Act, Asked, Reply, answer, sse

MANY = 105
"""More than aiohttp's own connector lets through."""


def held(asked: Asked) -> Reply:
    """A stream that does not end; everything else is answered."""
    return sse(delta("Hi"), Act.STALL) if asked.body.get("stream") else answer(GOOD)


@contextmanager
def streams(gateway: Gateway, wire: Any, count: int) -> Iterator[list[socket.socket]]:
    """Streams that nobody reads, all of them under way."""
    with ExitStack() as stack:
        callers = [stack.enter_context(connect(gateway)) for _ in range(count)]
        for caller in callers:
            caller.sendall(request_bytes({**BODY, "stream": True}))
        with wire.arrival:
            assert wire.arrival.wait_for(lambda: len(wire.asked) == count, PATIENCE)
        yield callers


def test_many_streams_leave_a_new_caller_answered() -> None:
    """No connection upstream is waited for."""
    with behind(held) as (gateway, wire), streams(gateway, wire, MANY):
        assert ask(gateway).status_code == 200


def test_one_call_more_than_allowed_is_told_so_at_once() -> None:
    """Before its body is read, and with the time to come back; the next one is answered."""
    with behind(held, max_concurrent=MANY) as (gateway, wire):
        with streams(gateway, wire, MANY):
            response = ask(gateway)
            assert (response.status_code, shaped(response)["code"]) == (503, "overloaded")
            assert response.headers["retry-after"] == "1"
        settle(gateway)
        assert ask(gateway).status_code == 200


class _Cut(logging.Handler):
    """Notes that somebody was cut off."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = threading.Event()
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text = record.getMessage()
        self.seen.set()


@pytest.fixture
def cut() -> Iterator[_Cut]:
    handler = _Cut()
    logger = logging.getLogger("github_models_azure.server.gateway.front")
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)


def test_a_caller_who_does_not_read_a_stream_is_cut_off(cut: _Cut) -> None:
    """After the limit by the clock, not before; the target is left, and the place is free."""
    clock = ManualClock()
    options: Any = {"fallback": None, "clock": clock, "unread_timeout": 45, "max_concurrent": 1}
    began = clock()
    with (
        spring() as source,
        Gateway(source.url, "k", **options) as gateway,
        connect(gateway) as client,
    ):
        client.sendall(request_bytes({**BODY, "stream": True}))
        clock.until_waiting()
        clock.advance(3.7)
        assert ask(gateway).status_code == 503
        assert not cut.seen.is_set()
        let_pass(clock, cut)
        assert source.ended.wait(PATIENCE)
        settle(gateway)
    assert clock() - began >= 45
    assert cut.text == "A caller read nothing for 45 s, and is cut off."


def test_a_caller_who_does_not_read_a_whole_answer_is_cut_off(cut: _Cut) -> None:
    """Also when the call itself is long over: what is left would stay in memory for ever."""
    clock = ManualClock()
    size = 40_000_000
    large = {"choices": [{"index": 0, "message": {"content": "x" * size}, "finish_reason": "stop"}]}
    with (
        behind(lambda asked: answer(large), clock=clock) as (gateway, _),
        connect(gateway) as client,
    ):
        client.sendall(request_bytes(BODY, "connection: close"))
        clock.until_waiting()
        settle(gateway)
        let_pass(clock, cut)
        assert read_all(client) < size


def let_pass(clock: ManualClock, cut: _Cut) -> None:
    """Move the clock from look to look: the system may still be taking what it has room for."""
    looks = 0
    while not cut.seen.is_set():
        looks += 1
        assert looks < 1000
        clock.advance(max(clock.waits, default=0))
        cut.seen.wait(0.01)  # no longer than the look takes


def read_all(client: socket.socket) -> int:
    size = 0
    try:
        while piece := client.recv(1_000_000):
            size += len(piece)
    except ConnectionError:
        pass
    return size


class _Transport:
    """A transport whose buffer holds what the test says."""

    def __init__(self) -> None:
        self.holds, self.aborted, self.high = 0, False, -1

    def get_write_buffer_size(self) -> int:
        return self.holds

    def set_write_buffer_limits(self, high: int) -> None:
        self.high = high

    def get_extra_info(self, name: str) -> None:
        return None

    def abort(self) -> None:
        self.aborted = True

    def close(self) -> None: ...


@contextmanager
def connection(clock: ManualClock) -> Iterator[tuple[Any, _Transport]]:
    """One connection of the protocol, inside a running loop."""
    config: Any = SimpleNamespace(
        loaded=True, loaded_app=None, h11_max_incomplete_event_size=None, ws_protocol_class=None,
        root_path="", asgi_version="3.0", limit_concurrency=None, timeout_keep_alive=75,
    )  # fmt: skip
    state: Any = SimpleNamespace(connections=set(), tasks=set())
    transport = _Transport()
    made = protocol(Patience(60, clock))(config, state, {}, asyncio.get_running_loop())
    made.connection_made(transport)  # type: ignore[arg-type]
    yield made, transport
    made.connection_lost(ConnectionResetError())
    assert transport.high == 0


async def until(holds: Callable[[], bool]) -> None:
    """Let the other tasks run until something holds."""
    with anyio.fail_after(PATIENCE):
        while not holds():
            await anyio.sleep(0)


async def look(clock: ManualClock) -> None:
    """Let the next look at the connection be waited for."""
    await until(lambda: clock.waits == (5,))


async def test_a_caller_who_reads_slowly_stays() -> None:
    """Whatever he takes within the limit counts, and begins it anew."""
    clock = ManualClock()
    with connection(clock) as (made, transport):
        transport.holds = 1000
        made.pause_writing()
        for left in (*[1000] * 11, 999, *[999] * 11, 1, *[1] * 11):
            await look(clock)
            transport.holds = left
            clock.advance(5)
        await look(clock)
        assert not transport.aborted
        clock.advance(5)
        await until(lambda: transport.aborted)


async def test_who_reads_all_is_not_watched_any_more() -> None:
    """Nor is a connection that is gone."""
    clock = ManualClock()
    with connection(clock) as (made, transport):
        for end in (made.resume_writing, lambda: made.connection_lost(ConnectionResetError())):
            transport.holds = 1000
            made.pause_writing()
            made.pause_writing()
            await look(clock)
            end()
            await until(lambda: not clock.waits)
    assert not transport.aborted


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_the_limit_is_more_than_nothing(seconds: float) -> None:
    """It is checked when the gateway is made."""
    with pytest.raises(ValueError, match="unread_timeout is more than 0 seconds, not"):
        Gateway("http://127.0.0.1:1/v1", "k", unread_timeout=seconds)
    with pytest.raises(ValueError, match="unread_timeout"):
        serve("http://127.0.0.1:1/v1", "k", port=0, unread_timeout=seconds)

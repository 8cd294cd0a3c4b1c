"""Streams pass piece by piece, and whoever goes away takes his request along.

About `server/gateway/exchange.py`, `server/gateway/relay.py`, `server/running.py`.
"""

from __future__ import annotations

import asyncio
import json
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import openai
import pytest
import requests

from github_models_azure.server.gateway import Gateway, runner
from tests.harness import DONE, delta
from tests.server.gateway.gateway_helpers import (
    BODY,
    PATIENCE,
    ask,
    behind,
    connect,
    request_bytes,
    settle,
)
from tests.traps.wire_helpers import Act, Asked, Reply, sse

EVENT = delta("x" * 100_000)
HEAD = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"


def metrics_of(gateway: Gateway) -> str:
    return requests.get(f"{gateway.url}/metrics", timeout=PATIENCE).text


def test_each_piece_passes_as_it_comes() -> None:
    """The second is sent once the first was seen."""
    pieces = (delta("one"), Act.SEEN, delta("two", finish="stop"), DONE)
    with (
        behind(lambda asked: sse(*pieces)) as (gateway, wire),
        ask(gateway, stream=True, piecewise=True) as response,
    ):
        assert response.headers["cache-control"] == "no-cache"
        lines = response.iter_lines(chunk_size=1)
        assert "one" in next(lines).decode()
        wire.seen.set()
        rest = b"".join(lines)
    assert b"two" in rest
    assert rest.endswith(b"data: [DONE]")


def test_who_leaves_a_stream_ends_it_upstream() -> None:
    """The target's server sees its client hang up; the metrics count it."""
    with behind(lambda asked: sse(delta("Hi"), Act.STALL)) as (gateway, wire):
        with ask(gateway, stream=True, piecewise=True) as response:
            next(response.iter_lines(chunk_size=1))
        assert wire.hung_up.wait(PATIENCE)
        settle(gateway)
        assert "streams_cut_by_client_total 1.0" in metrics_of(gateway)


def test_who_leaves_a_stream_before_its_content_ends_it_upstream() -> None:
    """Also while the policy still reads ahead; that was no stream yet."""
    with behind(lambda asked: sse(Act.STALL)) as (gateway, wire):
        leave(gateway, wire, stream=True)
        assert wire.hung_up.wait(PATIENCE)
        settle(gateway)
        assert "streams_cut_by_client_total 0.0" in metrics_of(gateway)
        assert 'requests_total{path="/chat/completions",status="499"} 1.0' in metrics_of(gateway)


def test_who_leaves_a_plain_call_ends_it_upstream() -> None:
    """No answer is waited for that nobody reads."""
    with behind(lambda asked: Reply((b"{", Act.STALL))) as (gateway, wire):
        leave(gateway, wire)
        assert wire.hung_up.wait(PATIENCE)
        settle(gateway)


def test_who_closes_his_half_is_gone() -> None:
    """A half-closed connection counts as left."""
    with behind(lambda asked: sse(Act.STALL)) as (gateway, wire), connect(gateway) as client:
        client.sendall(request_bytes({**BODY, "stream": True}))
        arrived(wire)
        client.shutdown(socket.SHUT_WR)
        assert wire.hung_up.wait(PATIENCE)
        assert client.recv(100) == b""


def test_a_cancelled_task_of_the_openai_package_ends_its_call() -> None:
    """`asyncio` programs cancel; that reaches the target."""
    with behind(lambda asked: sse(delta("Hi"), Act.STALL)) as (gateway, wire):

        async def ask_and_cancel() -> None:
            async with openai.AsyncOpenAI(base_url=gateway.v1_url, api_key="x") as client:
                chunks = await client.chat.completions.create(**BODY, stream=True)
                await anext(aiter(chunks))
                reading = asyncio.ensure_future(anext(aiter(chunks)))
                await asyncio.wait([reading], timeout=0.01)
                reading.cancel()
                with suppress(asyncio.CancelledError):
                    await reading

        asyncio.run(ask_and_cancel())
        assert wire.hung_up.wait(PATIENCE)


def leave(gateway: Gateway, wire: object, **members: object) -> None:
    """Ask, and hang up once the request has reached the target."""
    with connect(gateway) as client:
        client.sendall(request_bytes({**BODY, **members}))
        arrived(wire)


def arrived(wire: object) -> None:
    arrival = wire.arrival  # type: ignore[attr-defined]
    with arrival:
        assert arrival.wait_for(lambda: wire.asked, PATIENCE)  # type: ignore[attr-defined]


@dataclass
class Spring:
    """A target that streams without end, and notes when nobody takes more."""

    url: str = ""
    sent: int = 0
    stuck: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    most: int = 200_000_000


@contextmanager
def spring() -> Iterator[Spring]:
    made = Spring()
    listener = socket.create_server(("127.0.0.1", 0))
    made.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"

    def pour() -> None:
        client, _ = listener.accept()
        with client, suppress(OSError):
            client.recv(65536)
            client.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
            client.setblocking(False)
            place = 0
            while made.sent < made.most:
                if not select.select([], [client], [], 0.5)[1]:
                    made.stuck.set()
                    client.settimeout(PATIENCE)
                sent = client.send(EVENT[place:])
                made.sent, place = made.sent + sent, (place + sent) % len(EVENT)
        made.ended.set()
        made.stuck.set()

    thread = threading.Thread(target=pour)
    thread.start()
    try:
        yield made
    finally:
        thread.join()
        listener.close()


def test_a_slow_reader_slows_the_target_down() -> None:
    """What nobody reads is not fetched: buffers are small, and there is no queue."""
    with spring() as source, Gateway(source.url, "k", fallback=None) as gateway:
        with ask(gateway, stream=True, piecewise=True) as response:
            pieces = response.iter_content(10)  # kept, for its end is the connection's
            next(pieces)
            assert source.stuck.wait(PATIENCE)
            assert not source.ended.is_set()
            assert source.sent < 50_000_000
        assert source.ended.wait(PATIENCE)
        settle(gateway)


def test_a_reader_who_never_reads_does_not_stay_for_ever() -> None:
    """The limit of a call holds for the writing, too."""
    options = {"fallback": None, "timeout": 0.2}
    with (
        spring() as source,
        Gateway(source.url, "k", **options) as gateway,
        connect(gateway) as client,
    ):
        client.sendall(request_bytes({**BODY, "stream": True}))
        assert source.ended.wait(PATIENCE)
        settle(gateway)


def test_the_answer_of_a_dialect_is_brought_into_form() -> None:
    """What the SDK's models could not read is mended for every caller."""
    from tests.traps.wire_helpers import answer

    choice = {"message": {"content": "Hi"}, "finish_reason": "STOP"}
    with behind(lambda asked: answer({"choices": [choice]})) as (gateway, _):
        body = ask(gateway).json()
    assert body["choices"][0]["finish_reason"] == "stop"
    assert json.dumps(body)


@pytest.mark.parametrize("sent", [b"", HEAD[:-4], HEAD + HEAD[:-4]], ids=["none", "half", "second"])
def test_who_does_not_finish_his_headers_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    """Whoever waits for an answer meanwhile is not."""
    monkeypatch.setattr(runner, "_KEEP_ALIVE", 0.1)
    good = Reply((b'{"choices": [{"message": {"content": "Hi"}}', Act.SEEN, b"]}"))
    with behind(lambda asked: good) as (gateway, wire), connect(gateway) as waiting:
        waiting.sendall(request_bytes(BODY, "connection: close"))
        arrived(wire)
        with connect(gateway) as client:
            client.sendall(sent)
            while client.recv(1000):
                pass
        wire.seen.set()
        assert b"HTTP/1.1 200" in waiting.recv(1000)


def test_keep_alives_of_a_target_hold_no_caller() -> None:
    """Before the first content the next target is asked; after it the caller is told."""

    def served(asked: Asked) -> Reply:
        begun = [delta("half")] if asked.model == "stuck" else []
        good = sse(delta("Hi", finish="stop"), DONE)
        return good if asked.model == "good" else sse(*begun, Act.POUR)

    options = {"fallback": ["good"], "attempt_timeout": 0.3}
    with behind(served, **options) as (gateway, wire):
        response = ask(gateway, stream=True)
        assert '"content": "Hi"' in response.text
        assert response.text.endswith("data: [DONE]\n\n")
        assert wire.models == [BODY["model"], "good"]
        response = ask(gateway, model="stuck", stream=True)
        assert wire.models[2:] == ["stuck"]
    assert '"content": "half"' in response.text
    assert '"code": "timeout"' in response.text
    assert "[DONE]" not in response.text

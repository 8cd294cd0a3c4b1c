"""Requests that the plain SDK spoils, or cannot make at all."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from azure.core.pipeline.policies import AsyncHTTPPolicy, HTTPPolicy

from tests.harness import HELLO, Twin
from tests.traps.side_helpers import Side, speaking, trap
from tests.traps.wire_helpers import Act, Asked, Reply, down, good, serve

DEFAULT_VERSION = "api-version=2024-05-01-preview"


@trap(1)
def test_the_version_can_be_left_out(plain: Side, ours: Side) -> None:
    """Trap 1: the SDK always sends one, even an empty one, and /openai/v1 refuses any."""
    assert plain.ask(good).wire.asked[0].path.endswith(DEFAULT_VERSION)
    assert isinstance(plain.ask(good, made={"api_version": None}).error, ValueError)
    empty = plain.ask(good, made={"api_version": ""})
    assert empty.wire.asked[0].path.endswith("?api-version=")
    sent = ours.ask(good, endpoint=speaking("openai-v1", "/openai/v1")).wire.asked[0]
    assert sent.path == "/openai/v1/chat/completions"


@trap(2)
def test_the_version_is_one_that_the_server_can_use(plain: Side, ours: Side) -> None:
    """Trap 2: the SDK's default knows neither JSON schemas nor the o-series on Azure OpenAI."""
    path = "/openai/deployments/d"
    old = plain.ask(good, endpoint=lambda url: url + path).wire.asked[0]
    assert old.path.endswith(DEFAULT_VERSION)
    sent = ours.ask(good, endpoint=speaking("azure-openai", path)).wire.asked[0]
    assert sent.path.endswith("api-version=2024-12-01-preview")


@trap(9)
@pytest.mark.parametrize("keyword", ["max_completion_tokens", "parallel_tool_calls", "no_such"])
def test_an_unknown_keyword_is_explained(plain: Side, ours: Side, keyword: str) -> None:
    """Trap 9: the SDK hands it to the socket layer, whose error names another method."""
    raw = plain.ask(good, **{keyword: 5})
    assert isinstance(raw.error, TypeError)
    assert "model_extras" not in str(raw.error)
    told = ours.ask(good, **{keyword: 5})
    assert isinstance(told.error, TypeError)
    assert keyword in str(told.error)
    assert "model_extras" in str(told.error)
    assert told.wire.asked == []


@trap(10)
def test_what_a_server_does_not_know_is_fitted(plain: Side, ours: Side) -> None:
    """Trap 10: newer members go as extras, with a header that strict servers do not know."""
    extras = {"max_completion_tokens": 5}
    strange = plain.ask(good, model_extras=extras).wire.asked[0]
    assert strange.headers["extra-parameters"] == "pass-through"
    assert strange.body["max_completion_tokens"] == 5
    sent = ours.ask(good, endpoint=speaking("mistral"), model_extras=extras).wire.asked[0]
    assert "extra-parameters" not in sent.headers
    assert sent.body["max_tokens"] == 5
    assert "max_completion_tokens" not in sent.body


class Twice(HTTPPolicy[Any, Any]):
    """The naive way to try again."""

    def send(self, request: Any) -> Any:
        self.next.send(request)
        return self.next.send(request)


class AsyncTwice(AsyncHTTPPolicy[Any, Any]):
    """The naive way to try again."""

    async def send(self, request: Any) -> Any:
        await self.next.send(request)
        return await self.next.send(request)


@trap(13)
def test_every_attempt_has_the_callers_options(plain: Side, ours: Side) -> None:
    """Trap 13: policies further in take options away, so that a second send lacks them.

    Here the naive policy's second send retries, although the caller has forbidden it.
    """
    twice = AsyncTwice() if plain.twin.is_async else Twice()
    naive = plain.ask(down, made={"per_call_policies": [twice]}, retry_total=0)
    assert (len(naive.wire.asked), naive.slept) == (1 + 4, [1.6, 3.2])
    tried = ours.ask(down, made={"fallback": ["other"]}, retry_total=0, fallback_max_wait=0)
    assert (tried.wire.models, tried.slept) == (["m", "other"], [])


@trap(15)
def test_a_refused_stream_frees_its_connection(plain: Side, ours: Side) -> None:
    """Trap 15: azure-core asks again while the connection of its last answer is still taken.

    (aiohttp takes a small answer in at once, and has its connection back by luck.)
    """
    taken = plain.ask(down, stream=True).wire
    assert len(taken.asked) == 4
    assert plain.twin.is_async or taken.connections == 4
    reused = ours.ask(down, made={"fallback": ["other"]}, stream=True, fallback_max_wait=0).wire
    assert (reused.models, reused.connections) == (["m", "other"], 1)


@trap(37)
def test_many_threads_keep_their_connections() -> None:
    """Trap 37: beyond ten at a time, the SDK's pool opens a connection for every call anew.

    (Without a twin: aiohttp has room for a hundred on both sides.)
    """
    sides = [Side(Twin("sync"), is_ours=is_ours) for is_ours in (False, True)]
    assert [connections_of(side, threads=14) for side in sides] == [18, 14]


def connections_of(side: Side, threads: int) -> int:
    """Make as many calls at once, twice; count the connections."""
    together = threading.Barrier(threads)

    def script(asked: Asked) -> Reply:
        together.wait(30)
        return good(asked)

    with serve(script) as wire, side.client(wire.url, []) as client:
        for _ in range(2):
            calls = [
                threading.Thread(target=client.complete, kwargs={"messages": HELLO})
                for _ in range(threads)
            ]
            for call in calls:
                call.start()
            for call in calls:
                call.join()
    return wire.connections


@trap(39)
def test_a_dead_server_holds_nobody(plain: Side, ours: Side) -> None:
    """Trap 39: the SDK waits for 300 s, whatever ``timeout`` says.

    Its call is still waiting when ours has long given up.
    """
    with serve(lambda asked: Reply((Act.STALL,))) as silent:
        waiting = threading.Thread(target=plain.ask_at, args=(silent,), kwargs={"timeout": 0.3})
        waiting.start()
        told = ours.ask_at(silent, attempt_timeout=0.3, fallback_max_wait=0)
        assert "in time" in str(told.trail.attempts[0].failure)
        assert waiting.is_alive()
    waiting.join()

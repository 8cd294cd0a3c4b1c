"""One async client in several event loops. About `client/loops.py`, `aio/_credentials.py`."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from azure.core.exceptions import ClientAuthenticationError

from tests.harness import HELLO
from tests.loopback import Journal, completion, serve

pytest.importorskip("aiohttp", reason="the async clients need the extra aio")
pytestmark = [
    pytest.mark.extras,
    # Whoever ends a loop under a client leaves its connections to the collector.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def server() -> Iterator[Journal]:
    with serve(lambda body: completion(body["model"])) as journal:
        yield journal
    gc.collect()


def client_at(url: str, **keywords: Any) -> Any:
    from github_models_azure.aio import ChatCompletionsClient

    return ChatCompletionsClient(url, "k", model="m", fallback=None, **keywords)


async def text(client: Any) -> str:
    answer = await client.complete(messages=HELLO)
    content: str = answer.choices[0].message.content
    return content


async def nothing() -> None:
    """Gives a loop one turn."""


def transport_of(client: Any) -> Any:
    return client._client._pipeline._transport


def test_loops_one_after_the_other(server: Journal) -> None:
    """As in a program that calls ``asyncio.run`` for each question."""
    client = client_at(server.url)
    assert [asyncio.run(text(client)) for _ in range(3)] == ["Hello from m"] * 3
    assert len(server.requests) == 3
    assert len(transport_of(client)._sessions) == 1  # those of loops that are over are let go
    asyncio.run(client.close())
    assert transport_of(client)._sessions == {}


def test_streams_in_loops_one_after_the_other() -> None:
    """The same for what is read piece by piece."""
    from tests.harness import hello_stream

    body = b"".join(hello_stream().chunks)

    async def read() -> str:
        updates = await client.complete(messages=HELLO, stream=True)
        return "".join([u.choices[0].delta.content or "" async for u in updates if u.choices])

    with serve(lambda sent: (200, {"content-type": "text/event-stream"}, body)) as server:
        client = client_at(server.url)
        assert [asyncio.run(read()) for _ in range(2)] == ["Hello", "Hello"]
        asyncio.run(client.close())


def test_loops_side_by_side(server: Journal) -> None:
    """In two threads, each with connections of its own, while both loops run."""
    client, texts = client_at(server.url), list[str]()
    both = threading.Barrier(2)

    async def ask() -> None:
        texts.append(await text(client))
        await asyncio.to_thread(both.wait, 30)
        texts.append(await text(client))
        await asyncio.to_thread(both.wait, 30)

    threads = [threading.Thread(target=lambda: asyncio.run(ask())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert texts == ["Hello from m"] * 4
    asyncio.run(client.close())


def test_closing_it_ends_the_connections_of_every_loop(server: Journal) -> None:
    """Of those that run elsewhere in their own loop; afterwards it is closed for all."""
    client = client_at(server.url)
    other = asyncio.new_event_loop()
    thread = threading.Thread(target=other.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(text(client), other).result(30)
    session = transport_of(client)._sessions[other]

    async def here() -> None:
        await text(client)
        await client.close()
        with pytest.raises(ValueError, match="already been closed"):
            await text(client)

    asyncio.run(here())
    closing = asyncio.run_coroutine_threadsafe(nothing(), other)
    closing.result(30)
    assert session.closed
    with pytest.raises(ValueError, match="already been closed"):
        asyncio.run_coroutine_threadsafe(text(client), other).result(30)
    other.call_soon_threadsafe(other.stop)
    thread.join(30)
    other.close()


def test_a_loop_that_rests_is_closed_too(server: Journal) -> None:
    """One that neither runs nor is over, as between two calls of ``run_until_complete``."""
    client, resting = client_at(server.url), asyncio.new_event_loop()
    resting.run_until_complete(text(client))
    session = transport_of(client)._sessions[resting]
    asyncio.run(client.close())
    assert session.closed
    resting.run_until_complete(nothing())
    resting.close()


async def test_a_session_of_the_callers_own_is_used_as_it_is(server: Journal) -> None:
    """As azure-core does it."""
    import aiohttp

    async with aiohttp.ClientSession() as given:
        client = client_at(server.url, session=given, session_owner=False)
        assert await text(client) == "Hello from m"
        assert transport_of(client).session is given
        await client.close()
        assert not given.closed


class Bound:
    """A credential whose connections work in one loop only, as azure-identity's."""

    made: ClassVar[list[Bound]] = []

    def __init__(self) -> None:
        self.loop, self.closed = asyncio.get_running_loop(), 0
        self.made.append(self)

    async def get_token(self, *scopes: str, **_: Any) -> str:
        if self.loop is not asyncio.get_running_loop():
            raise ClientAuthenticationError("Event loop is closed")
        return "token"

    async def close(self) -> None:
        self.closed += 1
        if self.loop is not asyncio.get_running_loop():
            raise RuntimeError("Event loop is closed")


@pytest.fixture
def credential(monkeypatch: pytest.MonkeyPatch) -> Any:
    from github_models_azure.aio import _credentials

    monkeypatch.setattr(Bound, "made", [])
    monkeypatch.setattr(_credentials, "default_credential", lambda package: Bound)
    return _credentials.EntraCredential()


def test_a_token_is_found_in_each_loop(credential: Any) -> None:
    """By a credential made for that loop, if the first one's connections are over."""
    assert [asyncio.run(credential.get_token("scope")) for _ in range(2)] == ["token", "token"]
    asyncio.run(credential.close())
    assert [one.closed for one in Bound.made] == [1, 1]


def test_a_token_of_a_loop_that_runs_elsewhere(credential: Any) -> None:
    """Its connections are closed there."""
    other = asyncio.new_event_loop()
    thread = threading.Thread(target=other.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(credential.get_token("scope"), other).result(30)
    assert asyncio.run(credential.get_token("scope")) == "token"
    asyncio.run(credential.close())
    asyncio.run_coroutine_threadsafe(nothing(), other).result(30)
    assert [one.closed for one in Bound.made] == [1, 1]
    other.call_soon_threadsafe(other.stop)
    thread.join(30)
    other.close()


def test_what_fails_in_its_own_loop_is_raised(
    credential: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And asked for once."""

    async def refuse(self: Bound, *scopes: str, **_: Any) -> str:
        raise ClientAuthenticationError("no")

    monkeypatch.setattr(Bound, "get_token", refuse)
    with pytest.raises(ClientAuthenticationError, match="no"):
        asyncio.run(credential.get_token("scope"))
    assert len(Bound.made) == 1

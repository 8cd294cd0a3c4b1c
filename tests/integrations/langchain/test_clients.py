"""The connections behind a model: opened on use, kept, closed."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import threading
from typing import Any

import pytest

from github_models_azure.aio import ChatCompletionsClient as AsyncChatCompletionsClient
from github_models_azure.integrations.langchain import ChatGitHubModels
from tests.harness import DONE, Service, chat, delta, stream
from tests.loopback import Journal, serve

from . import emulator_helpers as emulated
from .side_helpers import Side


def answer(body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    return 200, {}, chat("m").content


def model_on(journal: Journal, **fields: Any) -> ChatGitHubModels:
    return ChatGitHubModels(model="m", base_url=journal.url, api_key="k", fallback=None, **fields)


def test_making_a_model_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clients are made by the first call."""

    def refuse() -> Any:
        raise AssertionError("a client was made")

    monkeypatch.setattr(ChatGitHubModels, "_client_classes", staticmethod(refuse))
    model = emulated.chat()
    model.bind_tools([]).with_config(tags=["x"])
    with pytest.raises(AssertionError):
        model.invoke("Hello")


def test_calls_share_connections() -> None:
    """Sync calls one after the other use one; so do the async ones of an event loop."""
    with serve(answer) as journal, model_on(journal) as model:
        for _ in range(3):
            model.invoke("Hello")
        assert (len(journal.requests), journal.connections) == (3, 1)

        async def ask() -> None:
            for _ in range(3):
                await model.ainvoke("Hello")

        asyncio.run(ask())
        assert (len(journal.requests), journal.connections) == (6, 2)


def test_each_event_loop_has_a_client_which_it_closes() -> None:
    """A model that outlives its loops leaves nothing open: no warning, no socket."""
    made: list[Any] = []

    async def ask() -> None:
        await model.ainvoke("Hello")
        made.append(await model._get_async_client())
        assert await model._get_async_client() is made[-1]

    model = emulated.chat()
    for _ in range(2):
        asyncio.run(ask())
        gc.collect()
    assert made[0] is not made[1]
    assert all(client._client._pipeline._transport.session is None for client in made)
    assert len(model._clients._async) == 1  # the older one is forgotten


async def test_a_model_that_is_dropped_closes_its_connections() -> None:
    """Also while the event loop goes on."""
    model = emulated.chat()
    await model.ainvoke("Hello")
    transport = (await model._get_async_client())._client._pipeline._transport
    assert transport.session is not None
    del model
    gc.collect()
    loop = asyncio.get_running_loop()
    for _ in range(100):
        turn = loop.create_future()
        loop.call_soon(turn.set_result, None)
        await turn
    assert transport.session is None


async def test_closing_is_no_end() -> None:
    """The next call opens connections anew."""
    async with emulated.chat() as model:
        await model.ainvoke("Hello")
        model.invoke("Hello")
        await model.aclose()
        await model.aclose()
        model.close()
        assert (await model.ainvoke("Hello")).content
        assert model.invoke("Hello").content
    assert model._clients._sync is None


def test_threads_share_one_client() -> None:
    """Also those that come first at the same time."""
    model = emulated.chat()
    start = threading.Barrier(4)
    clients: list[Any] = []

    def ask() -> None:
        start.wait()
        clients.append(model._sync_client())

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(clients) == 4
    assert len({id(client) for client in clients}) == 1
    model.close()


def test_event_loops_side_by_side() -> None:
    """One model serves the loops of several threads at once, each with a client of its own."""
    model = emulated.chat()
    both = threading.Barrier(2)
    answers: list[str] = []
    clients: list[Any] = []

    async def ask() -> None:
        await model.ainvoke("Hello")
        both.wait()  # each loop is open while the other one asks
        answers.append((await model.ainvoke("Hello")).text)
        clients.append(await model._get_async_client())
        both.wait()

    threads = [threading.Thread(target=lambda: asyncio.run(ask())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 2
    assert clients[0] is not clients[1]


async def test_a_cancelled_stream_gives_its_connection_up() -> None:
    """And the model goes on answering."""
    words = [delta("word ") for _ in range(9)]
    service = Service(lambda sent: stream(*words, delta(finish="stop"), DONE))
    model = Side("aio").chat(service)
    came = asyncio.Event()

    async def read() -> None:
        async for _ in model.astream("Hello"):
            came.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(read())
    await came.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    loop = asyncio.get_running_loop()
    for _ in range(100):  # the loop finishes what was left half-way
        turn = loop.create_future()
        loop.call_soon(turn.set_result, None)
        await turn
    assert service.responses[-1].closed
    assert [chunk async for chunk in model.astream("Hello")]


def test_async_calls_run_without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The async client serves them, not the sync one in a thread."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("the sync client was used")

    monkeypatch.setattr(ChatGitHubModels, "_sync_client", refuse)
    model = emulated.chat()

    async def ask() -> None:
        assert (await model.ainvoke("Hello")).content
        assert len(await model.abatch(["Hello", "Hi"])) == 2
        assert [chunk async for chunk in model.astream("Hello")]
        assert isinstance(await model._get_async_client(), AsyncChatCompletionsClient)

    asyncio.run(ask())


def test_a_stream_that_is_left_gives_its_connection_up(side: Side) -> None:
    """Whoever stops reading need not close anything."""
    closed: list[bool] = []
    service = Service(lambda sent: _slow())
    model = side.chat(service)

    def look() -> None:
        closed.append(service.responses[-1].closed)

    if side.is_async:

        async def leave() -> None:
            updates = model.astream("Hello")
            await anext(updates)
            await updates.aclose()
            look()

        asyncio.run(leave())
    else:
        updates = model.stream("Hello")
        next(updates)
        updates.close()
        look()
    assert closed == [True]


def _slow() -> Any:
    return stream(*[delta("word ") for _ in range(9)])


def test_copies_and_pickles_have_connections_of_their_own(side: Side) -> None:
    """Each answers, also where it speaks to another endpoint than the one it was copied from."""
    model = emulated.chat()
    side.invoke(model)
    for other in (
        model.model_copy(),
        model.model_copy(deep=True),
        copy.copy(model),
        copy.deepcopy(model),
        pickle.loads(pickle.dumps(model)),
    ):
        assert other == model
        assert other._clients is not model._clients
        assert side.invoke(other).content
        other.close()
    with serve(answer) as journal:
        with model.model_copy(update={"base_url": journal.url, "fallback": "none"}) as moved:
            assert side.invoke(moved).content == "Hi there"
        assert len(journal.requests) == 1
    model.close()


def test_a_changed_field_is_heeded() -> None:
    """A model whose endpoint is set anew asks there."""
    with serve(answer) as journal, emulated.chat() as model:
        model.invoke("Hello")
        model.base_url, model.fallback = journal.url, "none"
        assert model.invoke("Hello").content == "Hi there"


def test_cooldowns_are_shared_by_both_halves() -> None:
    """What a sync call learnt, an async one knows."""
    emulated.limit()
    with emulated.chat(fallback=[emulated.SECOND]) as model:
        assert model.invoke("Hello").response_metadata["attempts"] == 2
        assert asyncio.run(model.ainvoke("Hello")).response_metadata["attempts"] == 1


def test_a_ready_client_is_left_open(side: Side) -> None:
    """It is its owner's, who may share it."""
    service = Service(lambda sent: chat(sent.model))
    model = side.chat(service)
    side.invoke(model)
    model.close()
    asyncio.run(model.aclose())
    side.invoke(model)
    assert len(service.sent) == 2


def test_the_other_half_of_a_ready_client_is_not_made_up(side: Side) -> None:
    """Nobody knows what it would have to be like."""
    model = side.chat(Service(lambda sent: chat(sent.model)))
    missing = "client" if side.is_async else "async_client"
    with pytest.raises(ValueError, match=rf"pass {missing}= too"):
        model.invoke("Hello") if side.is_async else asyncio.run(model.ainvoke("Hello"))
    with pytest.raises(TypeError, match="ready client cannot be pickled"):
        pickle.dumps(model)

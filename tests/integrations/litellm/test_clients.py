"""Clients are made once, lent, and closed; in threads and event loops alike."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import litellm
import pytest

from github_models_azure import MemoryLedger
from github_models_azure.integrations.litellm import GitHubModelsLLM, register
from github_models_azure.integrations.litellm._clients import Shelf
from github_models_azure.server.emulator import Emulator
from tests.integrations.litellm.caller_helpers import (
    ANSWER,
    MODEL,
    OTHER,
    QUESTION,
    Caller,
    served_by,
)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The clients that are made, sync and async; each notes when it is closed."""
    import github_models_azure
    from github_models_azure import aio

    seen: list[Any] = []

    def spied(module: Any, name: str) -> None:
        kind = getattr(module, name)

        class Spied(kind):  # type: ignore[misc]
            closed = 0

            def __init__(self, *args: Any, **options: Any) -> None:
                super().__init__(*args, **options)
                seen.append(self)

            def close(self) -> Any:
                self.closed += 1
                return super().close()

        monkeypatch.setattr(module, name, Spied)

    for module in (github_models_azure, aio):
        for name in ("ChatCompletionsClient", "EmbeddingsClient"):
            spied(module, name)
    return seen


def test_a_shelf_closes_what_nobody_uses() -> None:
    """The longest unused first, and none that is lent."""
    shelf = Shelf(kept=2)
    first = shelf.take("a", lambda: "A")
    second = shelf.take("b", lambda: "B")
    third = shelf.take("c", lambda: "C")
    assert shelf.give_back(second) == ["B"]
    assert shelf.give_back(first) == []
    assert shelf.take("a", lambda: "other") is first
    assert shelf.give_back(first) == []
    fourth = shelf.take("d", lambda: "D")
    assert shelf.give_back(fourth) == ["A"]
    assert shelf.give_back(third) == []
    assert sorted(shelf.clear()) == ["C", "D"]
    assert shelf.clear() == []


def test_calls_share_a_client(caller: Caller, llm: GitHubModelsLLM, made: list[Any]) -> None:
    """One for chats, one for embeddings, and another for another key."""
    for _ in range(3):
        caller.completion()
        caller.stream()
        caller.embedding(input=["a"])
    assert len(made) == 2
    caller.completion(api_key="another-key")
    assert len(made) == 3


def test_threads_share_a_client(llm: GitHubModelsLLM, made: list[Any]) -> None:
    """It is made once, however many ask at the same moment."""
    gate = threading.Barrier(8)

    def call(_: int) -> str:
        gate.wait(10)
        response: Any = litellm.completion(MODEL, QUESTION)
        return str(response.choices[0].message.content)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(call, range(8))) == {ANSWER}
    assert len(made) == 1


def test_a_closed_provider_serves_again(
    caller: Caller, llm: GitHubModelsLLM, made: list[Any]
) -> None:
    """With new clients; the old ones were closed once."""
    caller.completion()
    caller.run(llm.aclose()) if caller.name == "aio" else llm.close()
    assert [client.closed for client in made] == [1]
    caller.completion()
    assert [client.closed for client in made] == [1, 0]


def test_each_loop_has_clients_that_end_with_it(llm: GitHubModelsLLM, made: list[Any]) -> None:
    """``asyncio.run`` after ``asyncio.run``, as notebooks and scripts do; nothing is left open."""

    async def ask() -> list[Any]:
        calls = [litellm.acompletion(MODEL, QUESTION) for _ in range(3)]
        stream: Any = await litellm.acompletion(MODEL, QUESTION, stream=True)
        text = [chunk.choices[0].delta.content or "" async for chunk in stream]
        answers: list[Any] = await asyncio.gather(*calls)
        return ["".join(text), *(answer.choices[0].message.content for answer in answers)]

    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        for number in (1, 2):
            assert asyncio.run(ask()) == [ANSWER] * 4
            assert [client.closed for client in made] == [1] * number
        gc.collect()


def test_a_loop_that_litellm_makes_leaves_nothing_open(
    llm: GitHubModelsLLM, emulator: Emulator, made: list[Any]
) -> None:
    """Its sync ``fallbacks`` run in one that it closes without finishing what lives in it."""
    emulator.fault("rate_limit", model="openai/gpt-4.1", seconds=30)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        response: Any = litellm.completion(MODEL, QUESTION, fallbacks=[f"github_models/{OTHER}"])
        gc.collect()
    assert served_by(response) == OTHER
    assert [client.closed for client in made] == [1, 1]


def test_two_loops_at_once_do_not_share(llm: GitHubModelsLLM, made: list[Any]) -> None:
    """A client belongs to the loop that made it."""
    gate = threading.Barrier(2)

    async def ask() -> Any:
        first: Any = await litellm.acompletion(MODEL, QUESTION)
        await asyncio.to_thread(gate.wait, 10)
        second: Any = await litellm.acompletion(MODEL, QUESTION)
        return first.choices[0].message.content, second.choices[0].message.content

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: asyncio.run(ask()), range(2)))
    assert answers == [(ANSWER, ANSWER)] * 2
    assert [client.closed for client in made] == [1, 1]


def test_a_stream_that_is_left_gives_its_client_back(caller: Caller, llm: GitHubModelsLLM) -> None:
    """``close`` of LiteLLM's own wrapper is enough."""
    stream = caller.completion(stream=True)
    if caller.name == "aio":
        caller.run(anext(stream))
        (shelf, _) = next(iter(llm._loops._keepers.values()))
        (lent,) = shelf._lent.values()
        assert lent.users == 1
        caller.run(stream.aclose())
    else:
        next(stream)
        (lent,) = llm._shelf._lent.values()
        assert lent.users == 1
        stream.close()
    assert lent.users == 0
    assert caller.completion().choices[0].message.content == ANSWER


def test_a_stream_that_broke_gives_its_client_back(
    caller: Caller, llm: GitHubModelsLLM, emulator: Emulator
) -> None:
    """So do calls that failed."""
    emulator.fault("malformed_chunk", after=3)
    with pytest.raises(Exception, match="is not JSON"):
        caller.stream()
    emulator.fault("status", status=400)
    with pytest.raises(litellm.BadRequestError):
        caller.completion()
    emulator.fault("status", status=400)
    with pytest.raises(litellm.BadRequestError):
        caller.stream()
    shelves = [llm._shelf, *(shelf for shelf, _ in llm._loops._keepers.values())]
    lent = [one for shelf in shelves for one in shelf._lent.values()]
    assert [one.users for one in lent] == [0]


def test_a_cancelled_call_gives_its_client_back(llm: GitHubModelsLLM) -> None:
    """A task that is cancelled while it waits for the first byte leaves nothing behind."""

    async def ask() -> list[int]:
        arrived, left = asyncio.Event(), asyncio.Event()

        async def never(reader: asyncio.FramedReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            arrived.set()
            await reader.read()
            writer.close()
            left.set()

        server = await asyncio.start_server(never, "127.0.0.1", 0)
        base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        call = litellm.acompletion(MODEL, QUESTION, api_base=base, api_key="a-key")
        task = asyncio.create_task(call)
        await asyncio.wait_for(arrived.wait(), 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(left.wait(), 10)  # the connection was closed
        server.close()
        ((shelf, _),) = llm._loops._keepers.values()
        return [lent.users for lent in shelf._lent.values()]

    assert asyncio.run(ask()) == [0]


def test_cooldowns_are_shared_by_all_calls_of_a_key(
    llm: GitHubModelsLLM, emulator: Emulator
) -> None:
    """Sync and async calls know of each other's limits; another key has limits of its own."""
    emulator.fault("rate_limit", model="openai/gpt-4.1", seconds=30)
    litellm.completion(MODEL, QUESTION, fallback=[OTHER])
    response: Any = asyncio.run(litellm.acompletion(MODEL, QUESTION, fallback=[OTHER]))
    events = response._hidden_params["github_models_trail"]["events"]
    assert [event["event"] for event in events] == ["skipped", "attempt"]
    other: Any = litellm.completion(MODEL, QUESTION, api_key="another-key", fallback=[OTHER])
    assert other._hidden_params["github_models_trail"]["fell_back"] is False


def test_a_ledger_that_is_given_is_used(emulator: Emulator) -> None:
    """For all keys, as it was given."""
    options: dict[str, Any] = {"fallback": [OTHER], "ledger": MemoryLedger()}
    emulator.fault("rate_limit", model="openai/gpt-4.1", seconds=30)
    steps = []
    for _ in range(2):
        with GitHubModelsLLM(emulator.inference_url, "a-key", **options) as made:
            register(made)
            response: Any = litellm.completion(MODEL, QUESTION)
            events = response._hidden_params["github_models_trail"]["events"]
            steps.append([event["event"] for event in events])
    assert steps == [["attempt", "attempt"], ["skipped", "attempt"]]


def test_the_credential_goes_to_its_endpoint_only(
    caller: Caller, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another api_base without a key uses the settings, never the constructor's credential."""
    monkeypatch.setenv("GITHUB_MODELS_API_KEY", "")
    with Emulator() as other, GitHubModelsLLM(emulator.inference_url, "its-key") as made:
        register(made)
        caller.completion()
        own = emulator.journal[-1].credential
        caller.completion(api_base=emulator.inference_url)
        assert emulator.journal[-1].credential == own
        caller.completion(api_base=other.inference_url, api_key="another-key")
        assert other.journal[-1].credential not in (None, own)
        before = len(other.journal)
        with pytest.raises(litellm.AuthenticationError, match="No GitHub token was found"):
            caller.completion(api_base=other.inference_url)
        assert len(other.journal) == before

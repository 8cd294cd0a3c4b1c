"""Many callers of one client: a limited model is met once each at most, over real connections."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from github_models_azure import ChatCompletionsClient, MemoryLedger, trail_of
from tests.harness import HELLO
from tests.loopback import Raw, completion, limited, serve

LIMITED, HEALTHY = "openai/gpt-4.1", "openai/gpt-4o"


class Gate:
    """Holds the first answers of the limited model back until ``size`` callers have arrived."""

    def __init__(self, size: int) -> None:
        self.barrier = threading.Barrier(size)
        self.answered = threading.Event()
        self.late = 0

    def __call__(self, body: dict[str, Any]) -> Raw:
        if body["model"] != LIMITED:
            return completion(body["model"])
        if self.answered.is_set():
            self.late += 1
            return limited()
        self.barrier.wait(30)
        self.answered.set()
        return limited()


def test_32_threads_meet_a_limit_once_each_and_never_again() -> None:
    """All 32 ask at once and are told; whoever calls after that asks the other model only."""
    gate = Gate(32)
    with (
        serve(gate) as journal,
        ChatCompletionsClient(journal.url, "key", model=LIMITED, fallback=[HEALTHY]) as client,
    ):

        def call(caller: int) -> str:
            answer = client.complete(messages=HELLO, headers={"x-caller": str(caller)})
            return str(trail_of(answer).served_by)

        with ThreadPoolExecutor(32) as pool:
            served = list(pool.map(call, range(32)))
            served += list(pool.map(call, range(32, 200)))
    assert all(name.endswith(HEALTHY) for name in served)
    assert max(journal.count(LIMITED).values()) == 1
    assert sum(journal.count(LIMITED).values()) == 32
    assert gate.late == 0
    assert sum(journal.count(HEALTHY).values()) == 200


def test_32_threads_share_the_connections_of_32() -> None:
    """The client's own transport keeps a connection per thread, not ten for all."""
    with serve(lambda body: completion("m")) as journal:
        client = ChatCompletionsClient(journal.url, "key", model="m")
        with client, ThreadPoolExecutor(32) as pool:
            list(pool.map(lambda _: client.complete(messages=HELLO), range(400)))
    assert journal.connections <= 32


@pytest.mark.extras
def test_200_tasks_meet_a_limit_once_each_and_never_again() -> None:
    """200 tasks of one async client: one request each at most to the limited model."""
    from github_models_azure.aio import ChatCompletionsClient as AsyncClient

    gate = Gate(100)  # aiohttp keeps a hundred connections to a host

    async def main(url: str) -> list[str]:
        async with AsyncClient(url, "key", model=LIMITED, fallback=[HEALTHY]) as client:

            async def call(caller: int) -> str:
                answer = await client.complete(messages=HELLO, headers={"x-caller": str(caller)})
                return str(trail_of(answer).served_by)

            first = await asyncio.gather(*map(call, range(200)))
            return first + await asyncio.gather(*map(call, range(200, 300)))

    with serve(gate) as journal:
        served = asyncio.run(main(journal.url))
    assert len(served) == 300
    assert all(name.endswith(HEALTHY) for name in served)
    assert max(journal.count(LIMITED).values()) == 1
    assert all(int(caller) < 200 for caller in journal.count(LIMITED))


@pytest.mark.extras
def test_a_sync_and_an_async_client_share_a_ledger() -> None:
    """What one learns of a limit, the other knows."""
    from github_models_azure.aio import ChatCompletionsClient as AsyncClient

    ledger = MemoryLedger()

    def answer(body: dict[str, Any]) -> Raw:
        return limited() if body["model"] == LIMITED else completion(body["model"])

    async def ask(url: str) -> Any:
        async with AsyncClient(url, "key", model=LIMITED, fallback=[HEALTHY], ledger=ledger) as one:
            return await one.complete(messages=HELLO)

    with serve(answer) as journal:
        options: Any = {"model": LIMITED, "fallback": [HEALTHY], "ledger": ledger}
        with ChatCompletionsClient(journal.url, "key", **options) as client:
            client.complete(messages=HELLO)
        trail = trail_of(asyncio.run(ask(journal.url)))
    assert sum(journal.count(LIMITED).values()) == 1
    assert trail.skipped[0].target.endswith(LIMITED)


def test_another_credential_has_limits_of_its_own() -> None:
    """A ledger shared by two keys does not mix their limits up."""
    ledger = MemoryLedger()
    with serve(lambda body: limited() if body["model"] == LIMITED else completion("m")) as journal:
        for key in ("one", "two", "one"):
            with ChatCompletionsClient(
                journal.url, key, model=LIMITED, fallback=[HEALTHY], ledger=ledger
            ) as client:
                client.complete(messages=HELLO)
    assert sum(journal.count(LIMITED).values()) == 2

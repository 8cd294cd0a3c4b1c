"""Histories that a server refuses, from the client to the wire: learnt, fitted, answered."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from github_models_azure import ChatCompletionsClient, MemoryLedger, aio, trail_of
from tests.core.failure.history_rows import ROWS
from tests.loopback import Raw, completion, serve

OPTIONS: dict[str, Any] = {"model": "m", "fallback": None, "fallback_max_wait": 0}


def strict_server(row: str) -> Any:
    """Answer only the fitted request, and any other with the refusal."""
    status, refusal, _, mended = ROWS[row]

    def answer(body: dict[str, Any]) -> Raw:
        fits = all(body.get(name) == value for name, value in mended.items())
        return completion("m") if fits else (status, {}, json.dumps(refusal).encode())

    return answer


@pytest.mark.parametrize("row", ROWS)
def test_a_refused_history_is_fitted_and_remembered(row: str) -> None:
    """Two requests the first time, one the next; the trail says what was changed."""
    payload = ROWS[row][2]
    with (
        serve(strict_server(row)) as server,
        ChatCompletionsClient(server.url, "k", ledger=MemoryLedger(), **OPTIONS) as client,
    ):
        for asked in (2, 3):
            answer = client.complete(payload)
            assert answer.choices[0].message.content == "Hello from m"
            assert trail_of(answer).adaptations
            assert len(server.requests) == asked


@pytest.mark.parametrize("row", ROWS)
def test_a_refused_history_is_fitted_in_async_too(row: str) -> None:
    """The twin takes the same path."""

    async def ask(url: str) -> Any:
        async with aio.ChatCompletionsClient(url, "k", ledger=MemoryLedger(), **OPTIONS) as client:
            return await client.complete(ROWS[row][2])

    with serve(strict_server(row)) as server:
        answer = asyncio.run(ask(server.url))
        assert answer.choices[0].message.content == "Hello from m"
        assert len(server.requests) == 2

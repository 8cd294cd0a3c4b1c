"""LiteLLM's sync and async functions, called in the same words."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Coroutine
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # its prices come with the package: no network

import litellm

MODEL = "github_models/openai/gpt-4.1"
OTHER = "openai/gpt-4o"
SMALL = "github_models/openai/text-embedding-3-small"
QUESTION = [{"role": "user", "content": "What is the capital of France?"}]
ANSWER = "[emulated openai/gpt-4.1] The capital of France is Paris."
TOOL = {
    "type": "function",
    "function": {
        "name": "find_stock",
        "description": "Find how many of a fruit are in stock.",
        "parameters": {
            "type": "object",
            "properties": {"fruit": {"type": "string"}},
            "required": ["fruit"],
        },
    },
}


class Caller:
    """Calls ``completion`` or ``acompletion`` and so on; both in the same event loop, if any."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._loop = asyncio.new_event_loop() if name == "aio" else None

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        assert self._loop is not None
        return self._loop.run_until_complete(coroutine)

    def completion(self, model: str = MODEL, router: Any = None, **given: Any) -> Any:
        given.setdefault("messages", QUESTION)
        source = router or litellm
        if self._loop is None:
            return source.completion(model=model, **given)
        return self.run(source.acompletion(model=model, **given))

    def stream(self, model: str = MODEL, router: Any = None, **given: Any) -> list[Any]:
        return list(self.streaming([], model, router, **given))

    def streaming(
        self, seen: list[Any], model: str = MODEL, router: Any = None, **given: Any
    ) -> list[Any]:
        """Put the chunks into ``seen`` as they come, for streams that break."""
        stream = self.completion(model, router, stream=True, **given)
        if self._loop is None:
            for chunk in stream:
                seen.append(chunk)  # noqa: PERF402 - as below
            return seen

        async def read() -> None:
            async for chunk in stream:
                seen.append(chunk)  # noqa: PERF401 - kept one by one, for the stream may break

        self.run(read())
        return seen

    def embedding(self, model: str = SMALL, router: Any = None, **given: Any) -> Any:
        source = router or litellm
        if self._loop is None:
            return source.embedding(model=model, **given)
        return self.run(source.aembedding(model=model, **given))

    def settle(self, seconds: float = 5.0, until: Any = lambda: True) -> None:
        """Let LiteLLM's callbacks run, which it leaves to threads and tasks."""
        end = time.monotonic() + seconds
        while not until() and time.monotonic() < end:
            if self._loop is None:
                time.sleep(0.01)
            else:
                self.run(asyncio.sleep(0.01))  # noqa: TID251 - the tests' own waiting

    def close(self) -> None:
        """End the loop as ``asyncio.run`` does."""
        if self._loop is None:
            return
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self.run(_gathered(tasks))
        self.run(self._loop.shutdown_asyncgens())
        self.run(self._loop.shutdown_default_executor())
        self._loop.close()


async def _gathered(tasks: Any) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)


def text_of(chunks: list[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def served_by(response: Any) -> str:
    """The model that served, without the name of the endpoint, which has a port in it."""
    return str(response._hidden_params["github_models_trail"]["served_by"]).partition("/")[2]

"""Driving both runners in the same words, against a model that says what a script tells it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any

from github_models_azure.tools import AsyncToolRunner, RunEvent, RunFinished, ToolRun, ToolRunner
from tests.harness import DONE, Answer, Sent, Service, Twin, chat, delta, stream

ASKED = [{"role": "user", "content": "What is the weather?"}]
CLOSING_OPTIONS = ("limits", "on_event", "approve", "clock")


def call(name: str, /, call_id: str = "", **arguments: Any) -> dict[str, Any]:
    """A call as servers write it."""
    return raw_call(name, json.dumps(arguments), call_id)


def raw_call(name: str, arguments: str, call_id: str = "") -> dict[str, Any]:
    """A call with arguments that may be anything."""
    identity = call_id or f"call_{name}_{len(arguments)}"
    return {
        "id": identity, "type": "function", "function": {"name": name, "arguments": arguments},
    }  # fmt: skip


def calls(*made: dict[str, Any], finish: str = "tool_calls", **members: Any) -> dict[str, Any]:
    """An answer that calls tools, for :func:`script`."""
    return {"calls": list(made), "finish": finish, "members": members}


def script(*said: str | dict[str, Any]) -> Service:
    """A service whose model says these things, one an answer, and the last one for ever."""
    places = iter(range(1 << 20))
    lock = threading.Lock()

    def answer(sent: Sent) -> Answer:
        with lock:
            place = min(next(places), len(said) - 1)
        return spoken(said[place], streamed=sent.body.get("stream") is True)

    return Service(answer)


def spoken(said: str | dict[str, Any], *, streamed: bool) -> Answer:
    """One answer, whole or as a stream."""
    if isinstance(said, str):
        if not streamed:
            return chat("m", said)
        half = len(said) // 2
        parts = (delta(said[:half], role="assistant"), delta(said[half:]))
        return stream(*parts, delta(finish="stop"), DONE)
    if not streamed:
        answer = chat("m", None, tool_calls=said["calls"], **said["members"])  # type: ignore[arg-type]
        answer.body["choices"][0]["finish_reason"] = said["finish"]
        return answer
    return stream(*pieces(said), delta(finish=said["finish"]), DONE)


def pieces(said: Mapping[str, Any]) -> list[bytes]:
    """The calls in the pieces that OpenAI sends: the name first, then the arguments bit by bit."""
    made = [delta(**{"role": "assistant", **said["members"]})]
    for index, one in enumerate(said["calls"]):
        if "function" not in one:
            made.append(delta(tool_calls=[{**one, "index": index}]))
            continue
        text = one["function"]["arguments"]
        opening = {**one, "index": index, "function": {**one["function"], "arguments": ""}}
        made.append(delta(tool_calls=[opening]))
        parts = ({"arguments": text[: len(text) // 2]}, {"arguments": text[len(text) // 2 :]})
        made += [delta(tool_calls=[{"index": index, "function": part}]) for part in parts]
    return made


class Driver:
    """Runs tools with the sync or the async runner, whole or streamed."""

    def __init__(self, twin: Twin, *, streamed: bool = False) -> None:
        self.twin, self.streamed = twin, streamed
        self.events: list[RunEvent] = []

    def runner(self, client: Any, tools: Any, **options: Any) -> Any:
        kind: Callable[..., Any] = AsyncToolRunner if self.twin.is_async else ToolRunner
        return kind(client, tools, **options)

    def run(
        self,
        service: Any,
        tools: Any,
        messages: Any = ASKED,
        /,
        *,
        client: Any = None,
        **given: Any,
    ) -> ToolRun:
        """Run to the end, and return the run; events are kept."""
        options = {name: given.pop(name) for name in CLOSING_OPTIONS if name in given}
        client = client or self.twin.client(service, model="m", fallback=None)
        runner = self.runner(client, tools, **options)
        start = runner.stream if self.streamed else runner.run
        return self.finish(client, lambda: start(messages, **given))

    def finish(self, client: Any, start: Callable[[], Any]) -> ToolRun:
        """Go through what `start` begins, and close the client."""
        if self.twin.is_async:
            return asyncio.run(self._afinish(client, start))
        with client:
            if not self.streamed:
                return start()  # type: ignore[no-any-return]
            for event in start():
                self.events.append(event)
            return self._finished()

    async def _afinish(self, client: Any, start: Callable[[], Any]) -> ToolRun:
        async with client:
            if not self.streamed:
                return await start()  # type: ignore[no-any-return]
            async with aclosing(start()) as events:
                async for event in events:
                    self.events.append(event)
            return self._finished()

    def _finished(self) -> ToolRun:
        last = self.events[-1]
        assert isinstance(last, RunFinished)
        return last.run


def told(sent: Sent) -> list[tuple[str, str]]:
    """The results at the end of a request: (id of the call, text)."""
    found: list[tuple[str, str]] = []
    for message in reversed(sent.body["messages"]):
        if message["role"] != "tool":
            break
        found.insert(0, (message["tool_call_id"], message["content"]))
    return found

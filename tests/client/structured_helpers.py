"""A model of an answer, and servers that take some ways of asking for one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from github_models_azure import trail_of
from tests.harness import DONE, HELLO, Answer, Sent, Service, Twin, chat, delta, error, stream

GOOD = '{"name": "Ada", "age": 36}'
BAD = '{"name": "Ada"}'


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int


ADA = Person(name="Ada", age=36)
REFUSAL = "This response_format type is unavailable now"
TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}


def says(*texts: str) -> Callable[[Sent], Answer]:
    """A model that says one text after the other, the last one for ever."""
    left = list(texts)
    return lambda sent: chat(sent.model, left.pop(0) if len(left) > 1 else left[0])


def form_of(sent: Sent) -> str | None:
    """In which form an answer was asked for."""
    if "tool_choice" in sent.body:
        return "tool"
    return (sent.body.get("response_format") or {}).get("type")


def takes(*forms: str | None, text: str = GOOD) -> Callable[[Sent], Answer]:
    """A server that takes some forms only, and calls the tool that it must call."""

    def answer(sent: Sent) -> Answer:
        form = form_of(sent)
        if form not in forms:
            said = "tool_choice is not supported" if form == "tool" else REFUSAL
            return error(400, "invalid_request_error", said)
        return called(sent, text) if form == "tool" else chat(sent.model, text)

    return answer


def called(sent: Sent, arguments: str) -> Answer:
    name = sent.body["tool_choice"]["function"]["name"]
    function = {"name": name, "arguments": arguments}
    answer = chat(sent.model, tool_calls=[{"id": "1", "type": "function", "function": function}])
    answer.body["choices"][0]["message"]["content"] = None
    answer.body["choices"][0]["finish_reason"] = "tool_calls"
    return answer


def ask(twin: Twin, service: Service, **call: Any) -> Any:
    client = twin.client(service, model="m", **call.pop("client", {}))
    return twin.complete(client, **{"response_model": Person, **call})


def adaptations(value: Any) -> list[str]:
    return [one.change for one in trail_of(value).adaptations]


def pieces(text: str, finish: str = "stop", **last: Any) -> Answer:
    """A stream that says a text in pieces of five characters."""
    parts = [text[start : start + 5] for start in range(0, len(text), 5)]
    return stream(
        delta("", role="assistant"), *map(delta, parts), delta(finish=finish, **last), DONE
    )


def read(twin: Twin, service: Service, **call: Any) -> tuple[list[Any], list[Any], Any]:
    """Read a stream; return the updates, what was partial at each, and the stream."""
    client = twin.client(service, model="m", **call.pop("client", {}))
    call = {"messages": HELLO, "response_model": Person, "stream": True, **call}
    updates, partial = [], []
    if not twin.is_async:
        result = client.complete(**call)
        assert result.parsed is None
        for update in result:
            updates.append(update)
            partial.append(result.partial)
        return updates, partial, result

    async def run() -> Any:
        result = await client.complete(**call)
        assert result.parsed is None
        async for update in result:
            updates.append(update)
            partial.append(result.partial)
        return result

    return updates, partial, asyncio.run(run())


def text_of(updates: list[Any]) -> str:
    return "".join(u.choices[0].delta.content or "" for u in updates if u.choices)

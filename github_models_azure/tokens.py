"""Counting the tokens of a prompt before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sized
from typing import Any, SupportsIndex

from ._core.route.needs import derive_needs
from ._core.route.tokens import Encoder, counter_of

__all__ = ["Encoder", "count_tokens"]


def count_tokens(
    messages: Iterable[Any] = (),
    *,
    tools: Iterable[Any] | None = None,
    tokenizer: Callable[[str], SupportsIndex | Sized] | Encoder | None = None,
) -> int:
    """Return how many tokens a prompt has, as the fallback counts them to choose a route.

    Without a tokenizer it is an estimate from the characters, rather too many than too few. Each
    message counts four tokens for its role, each image 765 (the rule that OpenAI publishes for one
    of 1024 x 1024 in high detail), sound none. Nothing is sent.

    :param messages: dicts, or message objects of azure-ai-inference or another SDK; their content
        is a text or a list of parts.
    :param tools: tool definitions, as dicts or objects, or what
        :class:`.Tool` and ``@tool`` make of functions.
    :param tokenizer: a function from a text to the number of its tokens or to the tokens, or an
        object whose ``encode`` is one, such as an encoding of tiktoken.
    :raises TypeError: for what is no message, no tool definition or no tokenizer.
    """
    counter = counter_of(tokenizer)
    payload = {"messages": _members(messages, "message"), "tools": _members(tools, "tool")}
    return derive_needs(payload, count=counter).input_tokens


def _members(values: Iterable[Any] | None, kind: str) -> list[Mapping[str, Any]]:
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable | None):
        raise TypeError(f"{kind}s is a list of {kind}s, not {values!r:.80}; put it into a list.")
    found = []
    for value in values or ():
        member = plain(value)
        if not isinstance(member, Mapping):
            raise TypeError(f"A {kind} is a dict or an object of an SDK, not {value!r:.80}.")
        found.append(member)
    return found


def plain(value: Any) -> Any:
    """Return a message or a tool as JSON has it: dicts, lists and plain values."""
    if isinstance(value, Mapping):  # the SDK's models are mappings too
        return {key: plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [plain(member) for member in value]
    for name, options in _WAYS:
        way = getattr(value, name, None)
        if callable(way) and not isinstance(value, type):
            return plain(way(**options))
    return value


_WAYS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("definition", {}),  # a Tool of ours
    ("model_dump", {"mode": "json", "exclude_none": True}),  # pydantic, and so OpenAI's SDK
    ("as_dict", {}),
)

"""Tool calls of a whole answer in the form that the SDK's models expect."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Mapping
from functools import partial
from hashlib import sha256
from operator import is_

from .arguments import whole_arguments

LISTED = "function_execution"
"""Lists names and arguments in place of ``tool_calls`` (OpenHands, Adding New Model Providers)."""

_ID_DIGITS = 24
_NO_IDS = frozenset({"", "null", "none", "undefined"})  # zed#53605, mistralai/client-js#69


def same_or(fitted: list[object], given: list[object]) -> list[object]:
    """Return ``given`` itself where ``fitted`` holds the very same objects."""
    if len(fitted) != len(given):
        return fitted
    return given if all(map(is_, fitted, given)) else fitted


def text_in(value: object) -> str:
    """Return a text; empty for anything else."""
    return value if isinstance(value, str) else ""


def id_in(value: object) -> str:
    """Return an id as text; empty for what stands for none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:x}" if abs(value) > 1 << 64 else str(value)
    text = text_in(value)
    return "" if text.strip().lower() in _NO_IDS else text


def name_in(value: object) -> object:
    """Return a tool's name as text where it is a number or an object; as given otherwise."""
    if value is None or isinstance(value, str):
        return value
    try:
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return ""


def fit_calls(
    message: Mapping[str, object], seed: str, *, empty: str = "{}", cut: bool = False
) -> object:
    """Return the tool calls of a whole message, in whichever member they came.

    :param seed: what tells this answer from others; ids that the server left out are made
        of it.
    :param empty: stands for no arguments; nothing does in an answer that may have been cut.
    :param cut: whether it was cut for sure, so that a placeholder says nothing.
    """
    calls = calls_of(message)
    if not isinstance(calls, list):
        return calls
    ids: set[str] = set()
    text_of = partial(whole_arguments, empty=empty, cut=cut)
    fitted = [_fit_call(call, place, seed, text_of, ids) for place, call in enumerate(calls)]
    return same_or(fitted, calls)


def calls_of(message: Mapping[str, object]) -> object:
    """Give the calls of a message or a piece of one; llama-cpp-python sends both forms at once."""
    calls, legacy = message.get("tool_calls"), message.get("function_call")
    if calls:
        lone = isinstance(calls, dict) and isinstance(calls.get("function"), dict)
        return [calls] if lone else calls
    if isinstance(legacy, dict) and legacy:
        return [{"function": legacy}]
    listed = message.get(LISTED)
    if isinstance(listed, list) and listed and all(isinstance(one, dict) for one in listed):
        return [{"function": one} for one in listed]
    return calls


def _fit_call(
    call: object, place: int, seed: str, text_of: Callable[[object], object], ids: set[str]
) -> object:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(call, dict) or not isinstance(function, dict):
        return call
    changes: dict[str, object] = {}
    arguments = text_of(function.get("arguments"))
    name = name_in(function.get("name"))
    if arguments is not function.get("arguments") or name is not function.get("name"):
        named = {"name": name} if "name" in function else {}
        changes["function"] = {**function, **named, "arguments": arguments}
    if not call.get("type"):
        changes["type"] = "function"
    identity = id_in(call.get("id"))
    if not identity:  # Gemini sends "" (autogen#4878)
        identity = made_id(seed, place, name, arguments)
    identity = unlike(identity, ids)
    if identity != call.get("id"):
        changes["id"] = identity
    ids.add(identity)
    return {**call, **changes} if changes else call


def unlike(identity: str, taken: Container[str]) -> str:
    """Return an id that is not taken, with a number behind it if it has to change."""
    own, number = identity, 1
    while own in taken:
        number += 1
        own = f"{identity}_{number}"
    return own


def made_id(seed: str, place: int, name: object, arguments: object) -> str:
    """Make the id that a server left out: the same for the same answer, another for each call."""
    marks = ascii((seed, place, text_in(name), text_in(arguments)))
    return f"call_{sha256(marks.encode()).hexdigest()[:_ID_DIGITS]}"

"""Tool calls in the form that the SDK's models expect, whole and in the pieces of a stream."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from operator import is_

LISTED = "function_execution"
"""Lists names and arguments in place of ``tool_calls`` (OpenHands, Adding New Model Providers)."""

_ID_DIGITS = 24


def same_or(fitted: list[object], given: list[object]) -> list[object]:
    """Return ``given`` itself where ``fitted`` holds the very same objects."""
    return given if all(map(is_, fitted, given)) else fitted


def text_in(value: object) -> str:
    """Return a text; empty for anything else."""
    return value if isinstance(value, str) else ""


def fit_calls(message: Mapping[str, object], seed: str, *, empty: str = "{}") -> object:
    """Return the tool calls of a whole message, in whichever member they came.

    :param seed: what tells this answer from others; ids that the server left out are made of it.
    :param empty: stands for no arguments; nothing does in an answer that was cut.
    """
    calls = _calls_of(message)
    if not isinstance(calls, list):
        return calls
    return same_or([_fit_call(call, place, seed, empty) for place, call in enumerate(calls)], calls)


def _calls_of(message: Mapping[str, object]) -> object:
    """Give the calls of a message or a piece of one; llama-cpp-python sends both forms at once."""
    calls, legacy = message.get("tool_calls"), message.get("function_call")
    if calls:
        return calls
    if isinstance(legacy, dict) and legacy:
        return [{"function": legacy}]
    listed = message.get(LISTED)
    if isinstance(listed, list) and listed and all(isinstance(one, dict) for one in listed):
        return [{"function": one} for one in listed]
    return calls


def _fit_call(call: object, place: int, seed: str, empty: str) -> object:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(call, dict) or not isinstance(function, dict):
        return call
    changes: dict[str, object] = {}
    arguments = _fit_arguments(function.get("arguments"), empty)
    if arguments is not function.get("arguments"):
        changes["function"] = {**function, "arguments": arguments}
    if not call.get("type"):
        changes["type"] = "function"
    if call.get("id") in (None, ""):  # Gemini sends "" (autogen#4878)
        changes["id"] = _made_id(seed, place, function.get("name"), arguments)
    return {**call, **changes} if changes else call


def _fit_arguments(arguments: object, empty: str) -> object:
    """Make one text of arguments; ``empty`` stands for none.

    Servers send "" for a tool without parameters (aichat#1217), and objects where text belongs
    (text-generation-inference#2461, llama.cpp#20198), of which the SDK makes text that is no JSON.
    """
    if arguments is None or (arguments == "" and empty):
        return empty
    if not isinstance(arguments, (dict, list)):
        return arguments
    try:
        return json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))
    except (RecursionError, ValueError):
        return arguments


def _made_id(seed: str, place: int, name: object, arguments: object) -> str:
    """Make the id that a server left out: the same for the same answer, another for each call."""
    marks = ascii((seed, place, text_in(name), text_in(arguments)))
    return f"call_{sha256(marks.encode()).hexdigest()[:_ID_DIGITS]}"


@dataclass(slots=True)
class CallPieces:
    """The tool calls of one streamed choice: which piece belongs to which call.

    A piece belongs to the call that its ``index`` names. Gemini leaves the index out
    (OpenMAIC#1556); there a new id or a new name begins a call, and all else goes on with the last
    one. A new id with a name begins a call under a used index too: several servers count all of
    them 0 (lmdeploy#3412, new-api#2701).
    """

    seed: str
    began: bool = False
    _ids: dict[int, str] = field(default_factory=dict)
    _made: set[int] = field(default_factory=set)
    _named: set[int] = field(default_factory=set)
    _moved: dict[int, int] = field(default_factory=dict)
    _places: dict[str, int] = field(default_factory=dict)
    _last: int | None = None
    _next: int = 0

    def fit(self, delta: Mapping[str, object]) -> object:
        """Return the pieces in a delta, each with the index of its call."""
        pieces = _calls_of(delta)
        if not isinstance(pieces, list):
            return pieces
        return same_or([self._fit_piece(piece) for piece in pieces], pieces)

    def _fit_piece(self, piece: object) -> object:
        if not isinstance(piece, dict):
            return piece
        function = piece.get("function")
        if function is not None and not isinstance(function, dict):
            return piece
        given, identity = piece.get("index"), text_in(piece.get("id"))
        name = text_in(function.get("name")) if function is not None else ""
        index = self._index(given, identity, name)
        changes: dict[str, object] = {}
        if type(given) is not int or given != index:
            changes["index"] = index
        # What user code adds up must be text in every piece.
        arguments = _fit_arguments(None if function is None else function.get("arguments"), "")
        if function is None or arguments is not function.get("arguments"):
            changes["function"] = {**(function or {}), "arguments": arguments}
        changes |= self._note(index, identity, name, arguments)
        if name and index not in self._named:
            self._named.add(index)
            if not piece.get("type"):
                changes["type"] = "function"
        return {**piece, **changes} if changes else piece

    def _index(self, given: object, identity: str, name: str) -> int:
        if type(given) is int:
            index = self._moved.get(given, given)
            held = self._ids.get(index)
            other = held and identity and identity != held and index not in self._made
            if other and name and index in self._named:
                index = self._moved[given] = self._next
            return index
        if identity:
            return self._places.get(identity, self._next)
        if self._last is None or (name and self._last in self._named):
            return self._next
        return self._last

    def _note(self, index: int, identity: str, name: str, arguments: object) -> dict[str, object]:
        """Remember a piece; give the id that it has to have, where it is not the one it has."""
        self.began, self._last = True, index
        self._next = max(self._next, index + 1)
        held = self._ids.get(index, "")
        if index in self._made and identity not in ("", held):  # one call, one id
            return {"id": held}
        if identity:
            self._ids[index] = held or identity
            self._places.setdefault(identity, index)
        elif name and not held:
            self._made.add(index)
            self._ids[index] = _made_id(self.seed, index, name, arguments)
            return {"id": self._ids[index]}
        return {}

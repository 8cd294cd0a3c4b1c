"""Compose the answer to a chat request, before any wire format: choices, usage, identity."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Literal

from .answers import json_answer, text_answer
from .chat_request import ChatRequest, Tool, audio_tokens, count_pieces, split_pieces
from .hints import find_hints
from .json_value import JsonObject, compact
from .names import ServedModel
from .schema_values import arguments_for
from .tool_choice import Call, choose_calls

Finish = Literal["stop", "length", "tool_calls", "content_filter"]

_REASONING_TOKENS = {"minimal": 0, "none": 0, "low": 64, "medium": 128, "high": 256}


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """A tool call as it goes out: ``arguments`` is JSON text, cut off if the tokens ran out."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the ``n`` answers; ``pieces`` are the deltas a stream sends it in."""

    index: int
    finish: Finish
    text: str | None
    calls: tuple[WrittenCall, ...] = ()
    pieces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer; the same request has the same ``id``."""

    id: str
    choices: tuple[Choice, ...]
    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    audio_tokens: int = 0


def compose(
    request: ChatRequest,
    body: JsonObject,
    model: ServedModel,
    *,
    prompt_tokens: int,
    output_limit: int | None,
    filtered_word: str = "",
    silent_tools: bool = False,
    tools_forever: bool = False,
) -> Completion:
    """Return the answer of ``model``, derived from the request alone.

    :param output_limit: the most tokens that the plan lets the model write.
    :param filtered_word: a prompt that holds it gets an answer cut by the content filter.
    :param silent_tools: answer tools with empty text and no call, as Llama-4-Scout did.
    :param tools_forever: call the first tool whatever was said, for ever.
    """
    seed = hashlib.sha256(compact(body).encode()).hexdigest()
    limits = [one for one in (request.max_tokens, output_limit) if one is not None]
    budget = min(limits, default=None)
    reasoning = _reasoning_tokens(request, model, budget)
    left = None if budget is None else budget - reasoning
    calls: tuple[Call, ...] = ()
    if tools_forever and request.tools:
        calls = (_again(request.tools[0]),)
    if not calls and not (silent_tools and request.tools):
        calls = choose_calls(request)
    if calls:
        choices = tuple(_calling(calls, index, seed, left) for index in range(request.choices))
    elif silent_tools and request.tools:
        choices = tuple(Choice(index, "stop", "") for index in range(request.choices))
    else:
        choices = tuple(_speaking(request, model, i, left) for i in range(request.choices))
        if filtered_word and filtered_word in request.prompt_text:
            choices = tuple(_cut_by_filter(choice) for choice in choices)
    written = sum(_tokens_of(choice) for choice in choices)
    heard = audio_tokens(body)
    return Completion(seed, choices, prompt_tokens, written + reasoning, reasoning, heard)


def _speaking(request: ChatRequest, model: ServedModel, index: int, limit: int | None) -> Choice:
    if request.format == "text":
        text = text_answer(request, model.info.id, index)
    else:
        text = json_answer(request, model.info.id)
    finish: Finish = "stop"
    ends = [place for word in request.stop if (place := text.find(word)) >= 0]
    if ends:
        text = text[: min(ends)]
    pieces = split_pieces(text)
    if limit is not None and len(pieces) > limit:
        pieces, finish = pieces[:limit], "length"
    return Choice(index, finish, "".join(pieces), pieces=pieces)


def _calling(calls: tuple[Call, ...], index: int, seed: str, limit: int | None) -> Choice:
    written: list[WrittenCall] = []
    left = limit
    for number, call in enumerate(calls):
        name = hashlib.sha256(f"{seed}{index}.{number}".encode()).hexdigest()[:24]
        pieces = split_pieces(compact(call.arguments))
        if left is not None:
            cut = len(pieces) > left
            pieces = pieces[:left]
            left -= len(pieces)
            if cut:
                written.append(WrittenCall(f"call_{name}", call.name, "".join(pieces)))
                return Choice(index, "length", None, tuple(written))
        written.append(WrittenCall(f"call_{name}", call.name, "".join(pieces)))
    return Choice(index, "tool_calls", None, tuple(written))


def _cut_by_filter(choice: Choice) -> Choice:
    pieces = choice.pieces[: len(choice.pieces) // 2]
    return replace(choice, finish="content_filter", text="".join(pieces), pieces=pieces)


def _again(tool: Tool) -> Call:
    return Call(tool.name, arguments_for(tool.parameters, find_hints("")))


def _tokens_of(choice: Choice) -> int:
    spoken = len(choice.pieces)
    return spoken + sum(count_pieces(c.arguments) + count_pieces(c.name) for c in choice.calls)


def _reasoning_tokens(request: ChatRequest, model: ServedModel, budget: int | None) -> int:
    if not model.info.reasoning or model.info.id.partition("/")[0] != "openai":
        return 0
    wanted = _REASONING_TOKENS.get(request.reasoning_effort or "medium", 128)
    # A real model may spend the whole budget on thinking; this one leaves half of it for words.
    return wanted if budget is None else min(wanted, budget // 2)

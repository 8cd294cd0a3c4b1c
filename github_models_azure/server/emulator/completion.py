"""Compose the answer to a chat request, before any wire format: choices, usage, identity.

What is said is short, the same for the same request, and marked as emulated.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Literal

from .chat_request import ChatRequest, Tool, audio_tokens, count_pieces, split_pieces
from .hints import asked_shape, find_hints, without_shape
from .json_value import Json, JsonObject, compact
from .names import Family, ServedModel
from .schema_values import arguments_for, value_for
from .tool_choice import Call, choose_calls

Finish = Literal["stop", "length", "tool_calls", "content_filter"]

_REASONING_TOKENS = {"minimal": 0, "none": 0, "low": 64, "medium": 128, "high": 256}
_SHOWN = 400
_READ = 2000
_CAPITALS = {
    "france": "Paris", "germany": "Berlin", "italy": "Rome", "spain": "Madrid",
    "portugal": "Lisbon", "norway": "Oslo", "sweden": "Stockholm", "denmark": "Copenhagen",
    "finland": "Helsinki", "austria": "Vienna", "switzerland": "Bern", "poland": "Warsaw",
    "greece": "Athens", "ireland": "Dublin", "netherlands": "Amsterdam", "belgium": "Brussels",
    "japan": "Tokyo", "china": "Beijing", "india": "New Delhi", "canada": "Ottawa",
    "australia": "Canberra", "brazil": "Bras\u00edlia", "mexico": "Mexico City", "egypt": "Cairo",
    "kenya": "Nairobi", "united states": "Washington, D.C.", "united kingdom": "London",
}  # fmt: skip
_CAPITAL = re.compile(r"\bcapital\s+(?:city\s+)?of\s+(?:the\s+)?([A-Za-z ]+)", re.IGNORECASE)
_SUM = re.compile(r"(-?\d+(?:\.\d+)?)\s*([+*x\u00d7/-]|plus|minus|times)\s*(-?\d+(?:\.\d+)?)")
_GREETING = re.compile(
    r"^\s*(?:(?:please\s+)?say\s+)?(?:hello|hi|hey|good morning)\b", re.IGNORECASE
)
_FEET = re.compile(r"feet.*\bmile\b", re.IGNORECASE | re.DOTALL)


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
        # OpenAI's models end so where the caller names the function, streamed or not (vllm#25054).
        is_named = request.tool_choice.name is not None and model.family is Family.OPENAI
        end: Finish = "stop" if is_named else "tool_calls"
        choices = tuple(_calling(calls, i, seed, left, end) for i in range(request.choices))
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


def _calling(
    calls: tuple[Call, ...], index: int, seed: str, limit: int | None, end: Finish
) -> Choice:
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
    return Choice(index, end, None, tuple(written))


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


# What is said


def text_answer(request: ChatRequest, model: str, choice: int = 0) -> str:
    """Return the text of one choice, which names the emulated model first.

    :param choice: 0 for the first choice; further ones differ by their number.
    """
    mark = f"[emulated {model}]" if not choice else f"[emulated {model}, choice {choice + 1}]"
    return f"{mark} {_substance(request)}"


def json_answer(request: ChatRequest, model: str) -> str:
    """Return a JSON answer: one that fits the schema of the request, or a small object.

    Without a schema in the request, one in the prompt is followed, and so are keys named there.
    """
    if request.format == "json_schema":
        hints = find_hints(request.last_user_text)
        return compact(value_for(request.schema, hints))
    shape = asked_shape(request.prompt_text)
    if shape is not None:
        return compact(value_for(shape, find_hints(without_shape(request.last_user_text))))
    plain: Json = {"answer": _substance(request), "emulated": True, "model": model}
    return compact(plain)


def _substance(request: ChatRequest) -> str:
    results = _tool_results(request)
    if results:
        return " ".join(f"{name} says: {_shorten(result)}" for name, result in results)
    prompt = request.last_user_text
    known = _known(prompt)
    if known is not None:
        return known
    if not prompt:
        return "There is no text to answer."
    return f"You said: {_shorten(prompt)}"


def _tool_results(request: ChatRequest) -> list[tuple[str, str]]:
    """Return (tool, result) for the results that came after the last user message."""
    names: dict[str, str] = {}
    results: list[tuple[str, str]] = []
    for message in request.messages:
        names.update(dict(message.calls))
        if message.role == "user":
            results.clear()
        elif message.role == "tool":
            results.append((names.get(message.tool_call_id, "The tool"), message.text))
    return results


def _known(prompt: str) -> str | None:
    prompt = prompt[:_READ]
    asked = _CAPITAL.search(prompt)
    if asked:
        country = asked.group(1).strip().lower()
        for name, capital in _CAPITALS.items():
            if country.startswith(name):
                return f"The capital of {name.title()} is {capital}."
    if _FEET.search(prompt):
        return "There are 5,280 feet in a mile."
    sum_ = _SUM.search(prompt)
    if sum_:
        return _arithmetic(float(sum_.group(1)), sum_.group(2), float(sum_.group(3)))
    return "Hello! How can I help you today?" if _GREETING.search(prompt) else None


def _arithmetic(left: float, sign: str, right: float) -> str | None:
    if sign in ("+", "plus"):
        result = left + right
    elif sign in ("-", "minus"):
        result = left - right
    elif sign == "/":
        if not right:
            return None
        result = left / right
    else:
        result = left * right
    return f"{left:g} {sign} {right:g} = {result:.10g}"


def _shorten(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}\u2026"
